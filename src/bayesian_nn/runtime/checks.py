"""Checks of arguments: what fails names the argument, its value and what it should have been."""

import math
import reprlib

import numpy as np

__all__ = [
    "finite_numbers",
    "fraction",
    "instance",
    "not_negative",
    "positive",
    "shown",
    "whole_number",
    "yes_or_no",
]


def whole_number(argument: str, value, *, at_least: int = 1) -> int:
    """Returns `value` as an int. Raises ValueError for anything but a whole number from `at_least` on."""
    # True is an int to Python, and 2.5 would only fail, or be cut to 2, deep in the loop.
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < at_least:
        raise ValueError(f"{argument} must be a whole number, {at_least} or more; got {shown(value)}.")
    return int(value)


def positive(argument: str, value) -> float:
    """Returns `value` as a float. Raises ValueError for anything but a finite number above zero."""
    return _number(argument, value, "a finite number above zero", lambda number: number > 0)


def not_negative(argument: str, value) -> float:
    """Returns `value` as a float. Raises ValueError for anything but a finite number from zero on."""
    return _number(argument, value, "a finite number, zero or more", lambda number: number >= 0)


def fraction(argument: str, value, *, but: int) -> float:
    """Returns `value` as a float. Raises ValueError for anything but a number from 0 to 1, and for the one
    end `but`."""
    required = f"a number from 0 to 1, and not {but}"
    return _number(argument, value, required, lambda number: 0 <= number <= 1 and number != but)


def yes_or_no(argument: str, value) -> bool:
    """Returns `value` as a bool. Raises ValueError for anything but True or False."""
    if not isinstance(value, bool | np.bool_):
        raise ValueError(f"{argument} must be True or False; got {shown(value)}.")
    return bool(value)


def instance(argument: str, value, kind: type, remedy: str):
    """Returns `value`. Raises ValueError with the remedy if it is not of this kind."""
    if not isinstance(value, kind):
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        raise ValueError(f"{argument} must be {article} {kind.__name__}; got {shown(value)}. {remedy}")
    return value


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


def shown(value) -> str:
    """Returns `value` as text for a message, shortened if it is long."""
    text = _SHORT.repr(value.item() if isinstance(value, np.generic) else value)
    # An array's has line breaks.
    return " ".join(text.split())


def _number(argument, value, required, holds):
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not (number and math.isfinite(value) and holds(value)):
        raise ValueError(f"{argument} must be {required}; got {shown(value)}.")
    return float(value)


_SHORT = reprlib.Repr()
_SHORT.maxother = 80
