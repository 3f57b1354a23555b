"""Weights removed in the order of their signal-to-noise ratio."""

from __future__ import annotations

import numpy as np

from bayesian_nn.runtime.checks import finite_numbers, not_negative

__all__ = ["decibels", "pruned", "signal_to_noise"]


def signal_to_noise(mean, std) -> np.ndarray:
    """Returns |mean| / std of every weight, in the shape that `mean` and `std` share (Blundell et al. 2015,
    section 5.1): infinite for a weight that is known exactly, and 0 for one that is known to be 0."""
    mean, std = _checked(mean, std)
    ratio = np.zeros_like(mean)
    with np.errstate(divide="ignore", over="ignore"):
        return np.divide(np.abs(mean), std, out=ratio, where=(mean != 0) | (std != 0))


def decibels(ratio) -> np.ndarray:
    """Returns 20 log10 of each ratio of amplitudes: 0 dB where signal and noise are equal, and 20 more for
    ten times the signal; -inf for a ratio of 0."""
    with np.errstate(divide="ignore"):
        return 20 * np.log10(ratio)


def pruned(mean, std, fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns copies of `mean` and `std`, in the shape that they share, in which the weights of the lowest
    signal-to-noise ratio have mean 0 and std 0: the given fraction, from 0 to 1, of them all (Blundell et
    al. 2015, section 5.1 and Table 2). Of equal ratios the first are removed first."""
    mean, std = _checked(mean, std)
    if not_negative("fraction", fraction) > 1:
        raise ValueError(f"fraction must be a number from 0 to 1; got {fraction:g}.")
    order = np.argsort(signal_to_noise(mean, std), axis=None, kind="stable")
    removed = order[: round(fraction * mean.size)]
    mean, std = mean.copy(), std.copy()
    mean.flat[removed] = std.flat[removed] = 0
    return mean, std


def _checked(mean, std):
    mean, std = finite_numbers("mean", mean), finite_numbers("std", std)
    if mean.shape != std.shape:
        raise ValueError(f"mean {list(mean.shape)} and std {list(std.shape)} must have one shape.")
    if np.any(std < 0):
        raise ValueError(
            f"std must be zero or more; got {std.min():g}. Are these the parameters before softplus?"
        )
    return mean, std
