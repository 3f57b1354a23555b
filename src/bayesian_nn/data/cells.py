"""The cells of one column, whatever library holds it: numbers, truth values, words or dates, and gaps."""

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import NamedTuple

import narwhals.stable.v2 as nw
import numpy as np

from bayesian_nn.runtime.checks import is_missing, numbers_with_gaps, shown

__all__ = [
    "GAPS",
    "Cells",
    "as_days",
    "as_numbers",
    "as_truth",
    "as_words",
    "cells_of",
    "frame_of",
    "numbers_in",
]

DAY_IN_MICROSECONDS = 86_400e6
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?")
LIKE_A_NUMBER = re.compile(r"[+-]?[\d.,' ]*\d[\d.,' ]*([eE][+-]?\d+)?\s*%?")
LIKE_A_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}([ T].*)?")
WITH_UNIT = re.compile(
    r"(?P<before>[$€£]?)\s*[+-]?\d[\d.,]*\s*(?P<after>[^\W\d]{0,4}[²³/]?[^\W\d]{0,2}|[$€£])"
)
# Fewer rows than these say nothing about what a column is.
ENOUGH_ROWS = 20
TRUTH = {"true": 1.0, "false": 0.0}
# Words that stand for none, as pandas and common statistics programs write them.
GAPS = {"", "?", ".", "#N/A", "#NA", "N/A", "n/a", "NA", "<NA>", "NULL", "null", "None", "NaN", "nan", "NaT"}


class Cells(NamedTuple):
    """What a column holds.

    kind: "number", "boolean", "date" or "word"; values `[n]`: float64, of truth values 0 and 1, of dates the
    days since 1970 began, NaN in gaps; or words, "" in gaps; missing: where the gaps are `[n]`; chosen:
    whether the column itself says that its words are categories.
    """

    kind: str
    values: np.ndarray
    missing: np.ndarray
    chosen: bool = False

    def rows(self, rows) -> "Cells":
        """Returns the cells of some rows."""
        return self._replace(values=self.values[rows], missing=self.missing[rows])


def frame_of(x) -> nw.DataFrame | nw.Series | None:
    """Returns a data frame or a series of any library, by one set of names; None for anything else. Raises
    ValueError for a frame that is not computed yet, and for names that occur twice."""
    try:
        found = nw.from_native(x, eager_only=True, allow_series=True, pass_through=False)
    except TypeError:
        if hasattr(x, "collect"):
            raise ValueError("This frame is not computed yet: call its collect() first.") from None
        return None
    except ValueError as error:
        raise ValueError(f"The frame has names that occur twice; rename all but one. {error}") from None
    return found


def cells_of(column) -> Cells:
    """Returns the cells of a series, or of an array or list `[n]`. Raises ValueError, with what it holds
    instead, for any but numbers, truth values, words and dates."""
    if not isinstance(column, nw.Series):
        return _of_values(column)
    dtype = column.dtype
    missing = column.is_null().to_numpy().astype(bool)
    if dtype.is_numeric():
        values = np.array(column.cast(nw.Float64).to_numpy(), np.float64)
        return Cells("number", values, missing | np.isnan(values))
    if dtype == nw.Boolean:
        pairs = zip(column.to_list(), missing, strict=True)
        return Cells("boolean", np.array([np.nan if gap else float(value) for value, gap in pairs]), missing)
    if dtype == nw.Date or dtype == nw.Datetime:
        if dtype == nw.Date:
            column = column.cast(nw.Datetime("us"))
        elif dtype.time_zone is not None:
            column = column.dt.convert_time_zone("UTC")
        pairs = zip(column.dt.timestamp("us").to_list(), missing, strict=True)
        stamps = np.array([np.nan if gap else value for value, gap in pairs], np.float64)
        return Cells("date", stamps / DAY_IN_MICROSECONDS, missing)
    cells = _of_values(column.to_list())
    if dtype == nw.Categorical or dtype == nw.Enum:
        return Cells("word", as_words(cells), cells.missing, chosen=True)
    return cells


def as_numbers(cells: Cells) -> np.ndarray | None:
    """Returns the cells as numbers `[n]`, NaN in gaps; None if one of them is none."""
    if cells.kind == "word":
        return numbers_in(cells.values, cells.missing)
    return cells.values if cells.kind in ("number", "boolean") else None


def as_truth(cells: Cells) -> np.ndarray | None:
    """Returns the cells as 0 and 1 `[n]`, NaN in gaps; None if one of them is neither, nor True or False."""
    if cells.kind == "word":
        return _each(cells, lambda word: TRUTH.get(word.lower()))
    right = cells.kind == "boolean" or np.isin(cells.values[~cells.missing], (0, 1)).all()
    return cells.values if cells.kind != "date" and right else None


def as_days(cells: Cells) -> np.ndarray | None:
    """Returns the cells as days since 1970 began `[n]`, NaN in gaps; None if one of them is no date, or is
    not written as 2024-12-31."""
    if cells.kind == "word":
        return _each(cells, _days_of_word)
    return cells.values if cells.kind == "date" else None


def as_words(cells: Cells) -> np.ndarray:
    """Returns the cells as words `[n]`, "" in gaps: whole numbers without a decimal point."""
    if cells.kind == "word":
        return cells.values
    spell = (lambda value: str(bool(value))) if cells.kind == "boolean" else (lambda value: f"{value:.15g}")
    pairs = zip(cells.values, cells.missing, strict=True)
    return np.array(["" if gap else spell(value) for value, gap in pairs], object)


def numbers_in(words: Iterable[str], missing, *, decimal: str = ".", thousands: str | None = None):
    """Returns the numbers that all words say `[n]`, NaN in gaps; None if one of them says none.

    All may be in per cent, and stay so: "5 %" is 5. thousands: the mark between thousands; None takes the
    mark that `decimal` leaves, and only where a word such as "1,234.5" or "1,234,567" leaves no doubt.
    """
    present = [word for word, gap in zip(words, missing, strict=True) if not gap]
    if present and all(word.endswith("%") for word in present):
        present = [word[:-1].rstrip() for word in present]
    mark = thousands or ("," if decimal == "." else ".")
    point, between = re.escape(decimal), re.escape(mark)
    plain = re.compile(rf"[+-]?(\d+({point}\d*)?|{point}\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE)
    grouped = re.compile(rf"[+-]?[1-9]\d{{0,2}}({between}\d{{3}})+({point}\d*)?")
    with_mark = {word for word in set(present) if not plain.fullmatch(word)}
    if not all(grouped.fullmatch(word) for word in with_mark):
        return None
    certain = thousands is not None or any(decimal in word or word.count(mark) > 1 for word in with_mark)
    if with_mark and not certain:
        return None
    spelt = [word.replace(mark, "") if word in with_mark else word for word in present]
    values = np.full(len(missing), np.nan)
    values[~np.asarray(missing, bool)] = [float(word.replace(decimal, ".")) for word in spelt]
    return values


def fault_of_words(name: str, cells: Cells, place: Callable[[int], str]) -> str | None:
    """Returns why words had better not be taken for categories, with the remedy; None if they may be.
    place: says where a row is."""
    rows = np.flatnonzero(~cells.missing)
    words = cells.values[rows]
    like_number = np.array([bool(LIKE_A_NUMBER.fullmatch(word)) for word in words])
    like_date = np.array([bool(LIKE_A_DATE.fullmatch(word)) for word in words])
    remedy = f"if the column holds categories, name it in categories=[{name!r}]."

    def first(which):
        found = np.flatnonzero(which)[0]
        return f"{shown(words[found])} in {place(int(rows[found]))}"

    if like_date.mean() >= 0.5:
        return f"{name!r} holds dates such as {first(like_date)}: write them as 2024-12-31; {remedy}"
    if like_number.all():
        return (
            f"{name!r} holds numbers in several forms, or in one that can be read in two ways, such as "
            f"{first(like_number)}: convert them; {remedy}"
        )
    if like_number.mean() >= 0.5:
        return (
            f"{name!r} holds no number in {np.sum(~like_number):,} of {len(cells.values):,} rows, such as "
            f"{first(~like_number)}: correct or empty these cells; {remedy}"
        )
    n_levels, units = len(set(words)), {_unit(word) for word in words}
    if len(units) == 1 and None not in units and n_levels > 2:
        return f"{name!r} holds numbers with a unit, such as {first(rows >= 0)}: leave it out; {remedy}"
    if len(words) >= ENOUGH_ROWS and n_levels > len(words) / 2:
        return (
            f"{name!r} holds {n_levels:,} different words in {len(words):,} rows, such as {shown(words[0])}: "
            f"an identifier, or free text. Leave the column out; {remedy}"
        )
    return None


def _unit(word):
    found = WITH_UNIT.fullmatch(word)
    return found and (found["before"], found["after"])


def _each(cells, number):
    known = {word: number(word) for word in set(cells.values[~cells.missing])}
    if None in known.values():
        return None
    pairs = zip(cells.values, cells.missing, strict=True)
    return np.array([np.nan if gap else known[word] for word, gap in pairs], np.float64)


def _days_of_word(word):
    if not ISO_DATE.fullmatch(word):
        return None
    try:
        return _days(datetime.fromisoformat(word))
    except ValueError:
        return None


def _days(value):
    if not isinstance(value, datetime):
        return float((value - EPOCH.date()).days)
    value = value.replace(tzinfo=UTC) if value.tzinfo is None else value
    return (value - EPOCH).total_seconds() / 86400


def _is_gap(value):
    return is_missing(value) or (isinstance(value, str) and value.strip() in GAPS)


def _of_values(values):
    if isinstance(values, np.ndarray) and values.dtype.kind in "biuf":
        numbers = numbers_with_gaps("y", values)
        kind = "boolean" if values.dtype.kind == "b" else "number"
        return Cells(kind, numbers, np.isnan(numbers))
    gaps = np.ma.getmaskarray(values) if isinstance(values, np.ma.MaskedArray) else [False] * len(values)
    values = list(np.ma.getdata(values)) if isinstance(values, np.ma.MaskedArray) else list(values)
    missing = np.array([gap or _is_gap(value) for value, gap in zip(values, gaps, strict=True)], bool)
    present = [value for value, gap in zip(values, missing, strict=True) if not gap]
    for kind, types, convert in (
        ("boolean", bool | np.bool_, float),
        ("number", int | float | np.integer | np.floating | Decimal, float),
        ("date", date, _days),
        ("word", str | np.str_, lambda word: str(word).strip()),
    ):
        if all(isinstance(value, types) for value in present):
            gap_value, dtype = ("", object) if kind == "word" else (np.nan, np.float64)
            found = np.full(len(values), gap_value, dtype)
            try:
                found[~missing] = [convert(value) for value in present]
            except OverflowError as error:
                raise ValueError(f"holds a number beyond a float's: {error}") from None
            return Cells(kind, found, missing)
    kinds = sorted({type(value).__name__ for value in present})
    first = next(value for value in present if type(value).__name__ == kinds[-1])
    raise ValueError(f"holds {' and '.join(kinds)}, such as {shown(first)}")
