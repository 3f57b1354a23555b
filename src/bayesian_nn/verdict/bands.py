"""Does the 90 % band hold 90 % of the rows, everywhere?"""

from collections.abc import Iterator

import numpy as np

from bayesian_nn.verdict.evidence import MIN_ROWS, Evidence
from bayesian_nn.verdict.finding import Finding, number, percent
from bayesian_nn.verdict.surprise import surprise

__all__ = ["bands_hold", "thirds"]

# A share that is nearer than this to what it should be is as good as right.
MATTERS = 0.03


def bands_hold(evidence: Evidence) -> Iterator[Finding]:
    """Yields for each target that is no class the share of rows in the band, over all and in the region of
    some input where it is furthest from what it should be."""
    regions = thirds(evidence.inputs)
    masks = np.array([np.ones(evidence.n_rows, bool), *regions.values()])
    sizes = masks.sum(axis=1)
    for target in evidence.targets:
        if target.is_class:
            continue
        low, high = target.band
        inside, of_replicates = (
            ((low <= y) & (y <= high)) @ masks.T.astype(float) / sizes for y in (target.y, target.replicates)
        )
        z, limit = surprise(inside, of_replicates)
        due, spread = of_replicates.mean(axis=0), of_replicates.std(axis=0)
        wrong = (np.abs(z) > limit) & (np.abs(inside - due) > MATTERS)
        whole = f"the 90 % band holds {percent(inside[0])} of the rows."
        if wrong[0]:
            whole = f"{whole[:-1]}, where chance explains {_range(due[0], limit * spread[0])}."
        remedy = _remedy(target, inside[0] < due[0]) if wrong[0] else ""
        yield _finding("bands", target.says(whole), remedy, inside[0], due[0], limit * spread[0])
        if not regions:
            continue
        worst = 1 + int(np.argmax(np.abs(z[1:]) * np.where(wrong[1:], 1e3, 1)))
        far = limit * spread[worst]
        if wrong[worst]:
            sentence = (
                f"with {list(regions)[worst - 1]} the 90 % band holds {percent(inside[worst])} of the "
                f"{sizes[worst]} rows, where chance explains {_range(due[worst], far)}."
            )
        else:
            ends = percent(inside[1:].min()), percent(inside[1:].max())
            sentence = f"in each part of each input it holds {ends[0]} to {ends[1]}, as chance has it."
        remedy = _remedy_there(target) if wrong[worst] else ""
        yield _finding("bands by region", target.says(sentence), remedy, inside[worst], due[worst], far)


def thirds(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Returns the rows `[n_points]` bool of the thirds of each input, or of its values where it has but two
    or three, by what a sentence calls them. Regions of too few rows are left out."""
    regions = {}
    for name, column in inputs.items():
        values = np.unique(column)
        if len(values) <= 3:
            regions |= {f"{name} = {number(value)}": column == value for value in values}
            continue
        low, high = np.quantile(column, [1 / 3, 2 / 3])
        ends = number(low), number(high)
        regions[f"{name} up to {ends[0]}"] = column <= low
        regions[f"{name} from {ends[0]} to {ends[1]}"] = (low < column) & (column <= high)
        regions[f"{name} above {ends[1]}"] = column > high
    return {name: rows for name, rows in regions.items() if rows.sum() >= MIN_ROWS}


def _finding(topic, sentence, remedy, share, due, far):
    limit = due - far if share < due else due + far
    return Finding(topic, sentence, remedy, float(share), float(limit))


def _range(due, far):
    return f"{percent(due - far)} to {percent(min(1, due + far))}"


def _remedy(target, overconfident):
    if not overconfident:
        return "It is underconfident: train for longer, and let noise and prior scale be learned."
    noise = "let the noise be learned" if target.is_real else "use NegativeBinomial(LearnedDispersion())"
    return f"It is overconfident: {noise}, and average over more modes (sample_hmc, fit_ensemble)."


def _remedy_there(target):
    if target.is_count:
        return "The prediction misses something there: a wider network, or an input that is missing."
    return "Let the noise depend on x (HeteroscedasticGaussian), or the mean follow y more closely there."
