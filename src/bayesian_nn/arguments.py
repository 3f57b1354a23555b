"""Checks of arguments: what fails names the argument, its value and what it should have been."""

import math

import numpy as np

__all__ = ["finite_numbers", "positive", "whole_number"]


def whole_number(argument: str, value, *, at_least: int = 1) -> int:
    """Returns `value` as an int. Raises ValueError for anything but a whole number from `at_least` on."""
    # True is an int to Python, and 2.5 would only fail, or be cut to 2, deep in the loop.
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < at_least:
        raise ValueError(f"{argument} must be a whole number, {at_least} or more; got {_shown(value)}.")
    return int(value)


def positive(argument: str, value) -> float:
    """Returns `value` as a float. Raises ValueError for anything but a finite number above zero."""
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not (number and math.isfinite(value) and value > 0):
        raise ValueError(f"{argument} must be a finite number above zero; got {_shown(value)}.")
    return float(value)


def finite_numbers(argument: str, values) -> np.ndarray:
    """Returns `values` as an array of float64. Raises ValueError for text, and for NaN and infinity, with the
    first one's index."""
    try:
        values = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{argument} must be an array of numbers: {error}") from None
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        where = tuple(bad[0].tolist())
        raise ValueError(
            f"{argument} has {len(bad)} values that are not finite, the first at index {where}: "
            f"{values[where]}. Remove or fill these first."
        )
    return values


def _shown(value):
    return repr(value.item() if isinstance(value, np.generic) else value)
