"""Is the noise the same everywhere?"""

from collections.abc import Iterator

import numpy as np
from scipy import stats

from bayesian_nn.likelihoods.heteroscedastic import HeteroscedasticGaussian
from bayesian_nn.verdict.evidence import Evidence
from bayesian_nn.verdict.finding import Finding, number
from bayesian_nn.verdict.surprise import surprise

__all__ = ["noise_is_even"]

# A rank correlation below this is of no consequence.
MATTERS = 0.1


def noise_is_even(evidence: Evidence) -> Iterator[Finding]:
    """Yields for each real target the rank correlation of the residuals' size, in predictive sds, with the
    input, or the prediction, with which it is strongest."""
    for target in evidence.targets:
        if not target.is_real:
            continue
        looks = dict(evidence.inputs)
        if np.ptp(target.record.mean) > 0:
            looks["the prediction"] = target.record.mean
        if not looks:
            continue
        columns = np.array([_ranks(column) for column in looks.values()])
        sizes = np.abs(target.standardised(target.y))
        observed = columns @ _ranks(sizes)
        replicated = _ranks(np.abs(target.standardised(target.replicates))) @ columns.T
        z, limit = surprise(observed, replicated)
        wrong = (np.abs(z) > limit) & (np.abs(observed) > MATTERS)
        worst = int(np.argmax(np.abs(z) * np.where(wrong, 1e3, 1)))
        name, found = list(looks)[worst], float(observed[worst])
        if wrong[worst]:
            sentence = (
                f"residuals {'grow' if found > 0 else 'shrink'} with {name}: in predictive sds "
                f"they have {_thirds(looks[name], sizes)} (rank correlation {number(found)})."
            )
        else:
            sentence = (
                f"the size of residuals goes with no input: the strongest rank correlation, "
                f"with {name}, is {number(found)}."
            )
        edge = float(np.std(replicated[:, worst]) * limit)
        remedy = _remedy(target) if wrong[worst] else ""
        yield Finding("even noise", target.says(sentence), remedy, found, edge)


def _remedy(target):
    if isinstance(target.likelihood, HeteroscedasticGaussian):
        return "The noise depends on x already, and has not been learned: train for longer, or more widely."
    positive = ", or, as y is above zero, model log(y)" if target.y.min() > 0 else ""
    noise = number(float(np.median(target.spread)))
    return f"Let the noise depend on x: HeteroscedasticGaussian({noise}), with two outputs{positive}."


def _ranks(values):
    """Returns ranks along the last axis, centred, with a sum of squares of 1: products are correlations."""
    ranks = stats.rankdata(values, axis=-1)
    ranks = ranks - ranks.mean(axis=-1, keepdims=True)
    size = np.linalg.norm(ranks, axis=-1, keepdims=True)
    return np.divide(ranks, size, out=np.zeros_like(ranks), where=size > 0)


def _thirds(column, sizes):
    low, high = np.quantile(column, [1 / 3, 2 / 3])
    ends = [number(np.sqrt(np.mean(sizes[rows] ** 2))) for rows in (column <= low, column >= high)]
    return f"an sd of {ends[0]} where it is low and {ends[1]} where it is high"
