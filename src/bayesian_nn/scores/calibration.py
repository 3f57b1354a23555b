"""Whether probabilities are kept: how often what was predicted with a probability comes true."""

import numpy as np

from bayesian_nn.predictions.real import Prediction
from bayesian_nn.runtime.checks import finite_numbers

__all__ = [
    "calibration_error",
    "coverage",
    "reliability",
]

TWENTIETHS = tuple(np.arange(1, 20) / 20)


def coverage(prediction: Prediction, y, levels) -> np.ndarray:
    """Returns the share of y `[n_points]` inside the central predictive interval, noise included, of each of
    the levels `[n_levels]`: 0.95 is the interval between the quantiles 0.025 and 0.975."""
    from_the_middle = np.abs(2 * prediction.cdf(y) - 1)
    return np.mean(from_the_middle <= _levels(levels)[:, None], axis=1)


def reliability(prediction: Prediction, y, levels) -> np.ndarray:
    """Returns the share of y `[n_points]` below the predictive quantile of each of the levels `[n_levels]`,
    noise included: against the levels this is the reliability curve, on the diagonal if the prediction is
    calibrated (Kuleshov et al. 2018, section 3.5)."""
    return np.mean(prediction.cdf(y) <= _levels(levels)[:, None], axis=1)


def calibration_error(prediction: Prediction, y, levels=TWENTIETHS) -> float:
    """Returns the mean square distance of the reliability curve from the diagonal over `levels` (Kuleshov et
    al. 2018, eq. 9, with equal weights): 0 if calibrated, but for chance."""
    return float(np.mean((reliability(prediction, y, levels) - _levels(levels)) ** 2))


def _levels(levels):
    levels = np.atleast_1d(finite_numbers("levels", levels))
    if levels.ndim != 1 or not np.all((levels > 0) & (levels < 1)):
        raise ValueError(f"levels must lie strictly between 0 and 1; got {levels.tolist()}.")
    return levels
