"""Is the noise of the right size?"""

from collections.abc import Iterator

import numpy as np

from bayesian_nn.likelihoods.heteroscedastic import HeteroscedasticGaussian
from bayesian_nn.verdict.evidence import Evidence
from bayesian_nn.verdict.finding import Finding, number

__all__ = ["noise_has_its_size"]

# How many times too large or too small is a fault.
FACTOR = 3.0
# The median of |z| of a standard normal.
MEDIAN = 0.6745


def noise_has_its_size(evidence: Evidence) -> Iterator[Finding]:
    """Yields for each real target how many predictive sds the residuals have as sd, judged by their medians,
    which outliers do not move."""
    for target in evidence.targets:
        if not target.is_real:
            continue
        residual = float(np.median(np.abs(target.y - target.record.mean))) / MEDIAN
        factor = float(np.median(np.abs(target.standardised(target.y)))) / MEDIAN
        predicted = number(np.median(target.spread))
        sentence = f"residuals have an sd of {number(residual)}, where the prediction says {predicted}"
        remedy = ""
        if not 1 / FACTOR <= factor <= FACTOR:
            times = factor if factor > 1 else 1 / max(factor, 1e-12)
            sentence += f", {number(times)} times too {'little' if factor > 1 else 'much'}"
            remedy = _remedy(target.likelihood, residual, too_little=factor > 1)
        yield Finding("noise", target.says(f"{sentence}."), remedy, factor, FACTOR)


def _remedy(likelihood, residual, *, too_little):
    noise = getattr(likelihood, "noise_std", getattr(likelihood, "scale", None))
    if isinstance(noise, float) and not isinstance(likelihood, HeteroscedasticGaussian):
        return (
            f"A noise of {number(noise)} was given: unless the mean has not learned yet, let it be learned, "
            f"from LearnedNoise({number(residual)})."
        )
    if too_little:
        return (
            "The learned noise has collapsed onto the rows of the fit: infer it with fit or sample_hmc "
            f"rather than at a mode, or give the likelihood a noise near {number(residual)}."
        )
    return "The learned noise has not come down yet: train for longer."
