"""Is the noise of the right size?"""

from collections.abc import Iterator

import numpy as np

from bayesian_nn.verdict.evidence import Evidence
from bayesian_nn.verdict.finding import Finding, number

__all__ = ["noise_has_its_size"]

# How many times too large or too small is a fault.
FACTOR = 3.0
# The median of |z| of a standard normal.
MEDIAN = 0.6745


def noise_has_its_size(evidence: Evidence) -> Iterator[Finding]:
    """Yields for each real target how many predictive sds the residuals have as sd, judged by their medians,
    which outliers do not move; and of a noise that is known, how many times as large it is."""
    for target in evidence.targets:
        if not target.is_real:
            continue
        residual = float(np.median(np.abs(target.y - target.record.mean))) / MEDIAN
        factor = float(np.median(np.abs(target.standardised(target.y)))) / MEDIAN
        predicted = float(np.median(target.spread))
        known = _known_noise(target.likelihood)
        # What the weights leave open may add to the noise, and nothing takes from it.
        too_large = factor < 1 / FACTOR or (known is not None and residual < known / FACTOR)
        holds = factor <= FACTOR and not too_large
        remedy = "" if holds else _remedy(known, residual)
        sentence = (
            f"residuals have an sd of {number(residual)}, where the prediction says "
            f"{number(predicted)}{_times(factor)}."
        )
        yield Finding("noise", target.says(sentence), remedy, factor, FACTOR)


def _known_noise(likelihood):
    """Returns the noise that a likelihood was told; None where it is learned."""
    if hasattr(likelihood, "log_std"):
        return None
    noise = getattr(likelihood, "noise_std", getattr(likelihood, "scale", None))
    return noise if isinstance(noise, float) else None


def _times(factor):
    if 1 / FACTOR <= factor <= FACTOR:
        return ""
    return f", {number(1 / factor)} times too much" if factor < 1 else f", {number(factor)} times too little"


def _remedy(known, residual):
    if known is not None:
        return (
            f"noise_std={number(known)} was given: let it be learned, from LearnedNoise({number(residual)})."
        )
    return (
        "The learned noise has collapsed onto the rows of the fit, or has not come down yet: infer it with "
        "fit or sample_hmc rather than at a mode, train for longer, or give a noise near "
        f"{number(residual)}."
    )
