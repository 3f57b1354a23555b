"""Checks of arguments: what fails names the argument, its value and what it should have been."""

import math
import reprlib

import numpy as np

__all__ = [
    "finite_numbers",
    "fraction",
    "instance",
    "is_missing",
    "not_negative",
    "numbers_with_gaps",
    "positive",
    "shown",
    "whole_number",
    "yes_or_no",
]


# Whole numbers of 64 bits end before it.
LARGEST = 2**63


def whole_number(argument: str, value, *, at_least: int = 1) -> int:
    """Returns `value` as an int. Raises ValueError for anything but a whole number from `at_least` on, and
    for one that an array cannot hold."""
    # True is an int to Python, and 2.5 would only fail, or be cut to 2, deep in the loop.
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < at_least:
        raise ValueError(f"{argument} must be a whole number, {at_least} or more; got {shown(value)}.")
    if value >= LARGEST:
        raise ValueError(f"{argument} must be below 2**63, where 64 bits end; got {shown(value)}.")
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
    """Returns `values` as an array of float64. Raises ValueError for text, dates and complex numbers, for
    masked values, and for NaN and infinity, with the first one's index."""
    if isinstance(values, np.ma.MaskedArray):
        _refuse(argument, values.data, np.ma.getmaskarray(values), "that are masked")
        values = values.data
    numbers = _numbers(argument, values)
    _refuse(argument, numbers, ~np.isfinite(numbers), "that are not finite")
    return numbers


def numbers_with_gaps(argument: str, values) -> np.ndarray:
    """Returns `values` as an array of float64, NaN where they are masked or missing. Raises ValueError for
    what `finite_numbers` refuses, but for these."""
    masked = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else None
    numbers = _numbers(argument, values if masked is None else values.data)
    numbers = numbers if masked is None else np.where(masked, np.nan, numbers)
    _refuse(argument, numbers, np.isinf(numbers), "that are not finite")
    return numbers


def is_missing(value) -> bool:
    """Whether a value stands for none: None, NaN, a missing date, or the mark of a library of tables."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, np.datetime64 | np.timedelta64):
        return bool(np.isnat(value))
    return isinstance(value, float | np.floating) and bool(np.isnan(value))


def _numbers(argument, values):
    try:
        found = np.asarray(values)
    except ValueError as error:
        raise ValueError(f"{argument} must be an array of numbers: {error}") from None
    kind = _kind_of(found)
    if kind is not None:
        raise ValueError(f"{argument} must be an array of numbers; got {kind}.")
    if found.dtype.kind == "O" and found.ndim:
        gaps = np.reshape([is_missing(value) for value in found.flat], found.shape)
        found = np.where(gaps, np.nan, found)
    try:
        return found.astype(np.float64, copy=False)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{argument} must be an array of numbers: {error}") from None


# What NumPy would turn into numbers in silence: a missing date into -9e18, a word of digits into its value.
_NO_NUMBERS = {
    "M": "dates. Leave out the missing ones, and give days, as in (x - x.min()) / np.timedelta64(1, 'D')",
    "m": "times between dates. Divide by a unit, as in x / np.timedelta64(1, 'D')",
    "c": "complex numbers. Give real and imaginary part a column each",
    "U": "text. If it holds numbers, and no identifiers, convert it with astype(float)",
    "S": "text. If it holds numbers, and no identifiers, convert it with astype(float)",
}


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


def _kind_of(values):
    """Returns what an array, or any member of an array of objects, is instead of numbers; None if it is."""
    if values.dtype.kind in "UO":
        words = (value for value in values.flat if isinstance(value, str) and not _is_number(value))
        if (word := next(words, None)) is not None:
            return f"the text {shown(word)}"
    if values.dtype.kind != "O":
        return _NO_NUMBERS.get(values.dtype.kind)
    kinds = {np.asarray(value).dtype.kind for value in values.flat}
    return next((_NO_NUMBERS[kind] for kind in sorted(kinds) if kind in _NO_NUMBERS), None)


def _refuse(argument, values, wrong, what):
    if wrong.any():
        where = tuple(np.argwhere(wrong)[0].tolist())
        raise ValueError(
            f"{argument} has {np.count_nonzero(wrong)} values {what}, the first at index {where}: "
            f"{values[where]}. Remove or fill these first."
        )


def shown(value) -> str:
    """Returns `value` as text for a message, shortened if it is long."""
    text = _SHORT.repr(value.item() if isinstance(value, np.generic) else value)
    # An array's has line breaks.
    return " ".join(text.split())


def _number(argument, value, required, holds):
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    try:
        # An int beyond the largest float is no finite number either.
        found = float(value) if number else math.nan
    except OverflowError:
        found = math.inf
    if not (math.isfinite(found) and holds(found)):
        raise ValueError(f"{argument} must be {required}; got {shown(value)}.")
    return found


_SHORT = reprlib.Repr()
_SHORT.maxother = 80
