"""What the records of draws have in common: checks of their arrays, blocks of points, means over draws."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bayesian_nn.runtime.checks import finite_numbers

__all__ = ["checked_levels", "find_quantiles", "in_blocks", "keep_as_floats", "log_mean_exp", "observed"]

# Numbers in a block of draws whose quantiles or scores are sought together: 256 KiB.
BLOCK = 1 << 15
# Bisection alone would need about fifty.
MAX_ITERATIONS = 100
# Halley's steps triple the digits: after one of this many standard deviations twelve are right.
LAST_STEP = 1e-5


def keep_as_floats(record, shapes: dict[str, str]) -> None:
    """Replaces the fields of a frozen record by arrays of float64, for shapes as in `{"x": "n_points,
    n_inputs"}`. Raises ValueError for NaN, no numbers at all, and sizes that disagree."""
    sizes: dict[str, tuple[int, str]] = {}
    for name, shape in shapes.items():
        array = finite_numbers(name, getattr(record, name))
        axes = shape.split(", ")
        if array.ndim != len(axes):
            raise ValueError(f"{name} must have shape [{shape}]; got {list(array.shape)}.")
        for axis, size in zip(axes, array.shape, strict=True):
            known, owner = sizes.setdefault(axis, (size, name))
            if size != known:
                raise ValueError(f"{name} must have {axis} = {known}, as {owner} has; got {size}.")
            if size == 0:
                raise ValueError(f"{name} must not be empty; got {axis} = 0.")
        object.__setattr__(record, name, array)


def observed(y, n_points: int) -> np.ndarray:
    """Returns y `[n_points]` as float64. Raises ValueError for NaN and for another shape."""
    y = finite_numbers("y", y)
    if y.shape != (n_points,):
        raise ValueError(f"y must have shape [n_points] = [{n_points}]; got {list(y.shape)}.")
    return y


def checked_levels(levels) -> np.ndarray:
    """Returns the levels of quantiles `[n_levels]`. Raises ValueError unless they lie between 0 and 1."""
    levels = np.atleast_1d(np.asarray(levels, dtype=float))
    if levels.ndim != 1 or not np.all((levels > 0) & (levels < 1)):
        raise ValueError(f"levels must lie strictly between 0 and 1; got {levels.tolist()}.")
    return levels


def in_blocks(of_points: Callable, n_points: int, per_point: int) -> np.ndarray:
    """Returns the arrays `[..., n_block]` of `of_points(slice)`, joined along the points, of which each takes
    `per_point` numbers: a block's arrays stay in the processor's cache, several times as fast."""
    size = max(1, BLOCK // per_point)
    parts = [of_points(slice(begin, begin + size)) for begin in range(0, n_points, size)]
    return np.concatenate(parts, axis=-1)


def log_mean_exp(values: np.ndarray) -> np.ndarray:
    """Returns the logarithm of the mean over draws of exp(values), `[n_points]`, for values `[n_draws,
    n_points]`, some or all of which may be -inf."""
    largest = values.max(axis=0)
    shift = np.where(np.isfinite(largest), largest, 0.0)
    with np.errstate(divide="ignore"):
        return shift + np.log(np.mean(np.exp(values - shift), axis=0))


def find_quantiles(excess_and_step: Callable, start, low, high, smallest_std) -> np.ndarray:
    """Returns the roots `[n_levels, n_points]` between low and high, by Halley's steps and, where one would
    leave the bracket, bisection.

    excess_and_step: to quantiles `[n_levels, n_points]` the cdf less the levels, and the step to subtract.
    smallest_std: the narrowest component's scale `[n_points]` or one for all, by which the end is told.
    """
    quantiles = np.clip(start, low, high)
    rounding = 1e-12 * smallest_std + 4 * np.spacing(np.maximum(np.abs(low), np.abs(high)))
    for _ in range(MAX_ITERATIONS):
        excess, step = excess_and_step(quantiles)
        low, high = np.where(excess < 0, quantiles, low), np.where(excess < 0, high, quantiles)
        stepped = quantiles - step
        inside = (low <= stepped) & (stepped <= high)
        following = np.where(inside, stepped, (low + high) / 2)
        change, quantiles = np.abs(following - quantiles), following
        if np.all(change <= np.where(inside, np.maximum(rounding, LAST_STEP * smallest_std), rounding)):
            break
    return quantiles
