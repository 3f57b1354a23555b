"""Do bands stay where y can be?"""

from collections.abc import Iterator

import numpy as np

from bayesian_nn.model.observations import parts_of
from bayesian_nn.verdict.evidence import Evidence
from bayesian_nn.verdict.finding import Finding, number, percent
from bayesian_nn.verdict.surprise import CHANCE

__all__ = ["bands_stay_in_range"]

# The ratio of the 99 % quantile to that of 1 % beyond which one sd of noise cannot fit both ends.
DECADES = 3.0
# Rows with a band below zero that matter.
MATTERS = 0.02


def bands_stay_in_range(evidence: Evidence) -> Iterator[Finding]:
    """Yields for each real target that is never negative what share of bands reaches below zero, and over
    how many orders of magnitude it goes."""
    for index, target in enumerate(evidence.targets):
        y = _all_values(evidence, index, target)
        if not target.is_real or y.min() < 0:
            continue
        below = float(np.mean(target.band[0] < 0))
        # A few bands may reach below zero, if few draws of y would.
        never = np.mean(np.all(target.replicates >= 0, axis=1))
        wrong = below > MATTERS and never < CHANCE
        sentence = f"no value of y is negative, and {percent(below)} of the bands reach below zero."
        yield Finding("range", target.says(sentence), _remedy(y) if wrong else "", below, MATTERS)
        positive = y[y > 0]
        decades = float(np.log10(np.divide(*np.quantile(positive, [0.99, 0.01])))) if len(positive) else 0.0
        if decades > DECADES:
            sentence = (
                f"values of y go over {number(decades)} orders of magnitude, to "
                f"{number(y.max())}: a fit of y itself sees only the largest."
            )
            remedy = "Model log(y), and take exp."
            yield Finding("magnitudes", target.says(sentence), remedy, decades, DECADES)


def _remedy(y):
    if np.all(y == np.floor(y)):
        return "y is whole numbers: use Poisson or NegativeBinomial."
    return f"Model {'log(y)' if y.min() > 0 else 'log(y + c) for a small c'}, and take exp of the quantiles."


def _all_values(evidence, index, target):
    """Returns the target's values in these rows and in those of the fit."""
    if evidence.training is None:
        return target.y
    y = parts_of(evidence.training)[1]
    return np.concatenate([target.y, y if y.ndim == 1 else y[:, index]])
