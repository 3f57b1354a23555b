"""Residuals in units of what was predicted of them."""

import numpy as np

__all__ = ["predictive_spread", "standardised_residuals"]


def predictive_spread(prediction) -> np.ndarray:
    """Returns the predictive sd at every point `[n_points]`, noise included; where the noise has none, half
    of the width of the band that a normal distribution has within one sd of its mean."""
    std = prediction.std
    if np.all(np.isfinite(std)):
        return std
    # The probabilities below one sd under and over the mean.
    low, high = prediction.quantiles((0.15866, 0.84134), with_noise=True)
    return (high - low) / 2


def standardised_residuals(prediction, y) -> np.ndarray:
    """Returns how many predictive sds values `[..., n_points]` of a real number or a count lie above their
    predictive mean."""
    return (np.asarray(y) - prediction.mean) / predictive_spread(prediction)
