"""Tables in text files: their separators and decimal marks recognised, or named in one error."""

import csv
import re
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bayesian_nn.data.cells import GAPS, numbers_in
from bayesian_nn.data.columns import column_names, no_such_column
from bayesian_nn.data.frames import TableWarning
from bayesian_nn.data.tables import Dataset, Made, made
from bayesian_nn.runtime.checks import shown

if TYPE_CHECKING:
    import pandas

__all__ = ["made_of_file", "read_csv", "read_frame"]

SEPARATORS = (",", ";", "\t", "|")
# A look at these rows decides what the others are separated by.
SAMPLE = 200
WITH_COMMA = re.compile(r"[+-]?[\d.]*,\d+([eE][+-]?\d+)?\s*%?")
GROUPS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")


def read_csv(
    path,
    *,
    y: str | Sequence[str],
    x: Sequence[str] | None = None,
    missing: str = "refuse",
    categories: Sequence[str] = (),
    separator: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    comment: str | None = "#",
) -> Dataset:
    """Returns the data set in a text file with a header row: column `y` (or several) to be predicted from the
    columns `x` (all the others, if none are named).

    The table is what `read_frame` returns, which explains the settings of the file's form; what its columns
    may hold, `missing` and `categories` are as for `dataset`. Raises ValueError with the file's name, and the
    columns and rows at fault.
    """
    path = Path(path)
    if isinstance(x, str):
        raise ValueError(f"x must be a list of column names; for the one column {x!r} write x=[{x!r}].")
    frame, notes = _frame(path, separator, decimal, thousands, comment)
    found = made_of_file(path, frame, y=y, x=x, missing=missing, categories=categories)
    for note in (*notes, *found.notes):
        warnings.warn(f"{path.name}: {note}", TableWarning, stacklevel=2)
    return found.data


def made_of_file(
    path: Path,
    frame: "pandas.DataFrame",
    *,
    y: str | Sequence[str],
    x: Sequence[str] | None = None,
    missing: str = "refuse",
    categories: Sequence[str] = (),
) -> Made:
    """Returns what `read_csv` makes of the frame that was read from a file, with its notes and which rows it
    kept; errors begin with the file's name."""
    targets = [y] if isinstance(y, str) else list(y)
    try:
        if x is not None:
            frame = frame[_chosen(frame, list(x), targets)]
        return made(frame, y, name=path.stem, missing=missing, categories=categories, selected=x is not None)
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None


def read_frame(
    path,
    *,
    separator: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    comment: str | None = "#",
) -> "pandas.DataFrame":
    """Returns the table in a text file as a pandas data frame, labelled by the line of each row.

    Columns of numbers become numbers, the rest stays text; empty cells, NA, NaN, "?" and the like are
    missing. separator: between cells; None recognises comma, semicolon, tab, bar and blanks. decimal and
    thousands: the marks within numbers; None recognises them where they leave no doubt. comment: lines that
    begin with it are left out, and the last before the numbers may hold the names; None for no such lines. A
    row of units under the header is left out with a TableWarning.

    Raises ValueError, with the file's name, the line and the remedy, for anything that is no such table.
    """
    path = Path(path)
    frame, notes = _frame(path, separator, decimal, thousands, comment)
    for note in notes:
        warnings.warn(f"{path.name}: {note}", TableWarning, stacklevel=2)
    return frame


def _frame(path, separator, decimal, thousands, comment):
    # Imported here, as it takes a while, and most runs do without.
    import pandas

    _check_marks(separator=separator, decimal=decimal, thousands=thousands)
    try:
        lines = _lines(path)
        is_comment = [bool(comment) and line.lstrip().startswith(comment) for _, line in lines]
        body = [each for each, left_out in zip(lines, is_comment, strict=True) if not left_out]
        comments = [each for each, left_out in zip(lines, is_comment, strict=True) if left_out]
        separator = _separator_of(body) if separator is None else separator
        rows = _rows(body, separator)
        header, rows = _header(rows, comments, separator, comment)
        rows = _equally_long(header, rows)
        units = _units(rows)
        rows = rows[1:] if units else rows
        cells = [list(column) for column in zip(*(row for _, row in rows), strict=True)]
        values = dict(zip(header, _values(header, cells, separator, decimal, thousands), strict=True))
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from None
    numbers = pandas.Index([number for number, _ in rows], name="line")
    return pandas.DataFrame(values, index=numbers), units


def _check_marks(**marks):
    for name, mark in marks.items():
        if mark is not None and not (isinstance(mark, str) and len(mark) == 1):
            raise ValueError(f"{name} must be one character, or None to recognise it; got {shown(mark)}.")


def _lines(path):
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return list(enumerate(file, start=1))
    except UnicodeDecodeError as error:
        raise ValueError(f"this is no CSV file in UTF-8 ({error}); save it as one.") from None


def _separator_of(body):
    """Returns what separates the cells: what gives most rows as many cells as the header."""
    sample = [line for _, line in body if line.strip()][:SAMPLE]
    best, chosen = (0.0, 1), ","
    for separator in SEPARATORS:
        n_cells = [len(row) for row in csv.reader(sample, delimiter=separator) if row]
        if n_cells and n_cells[0] > 1:
            found = (np.mean(np.array(n_cells) == n_cells[0]), n_cells[0])
            best, chosen = (found, separator) if found > best else (best, chosen)
    if best[0] == 0:
        by_blanks = [line.split() for line in sample]
        if len(by_blanks) > 1 and len(by_blanks[0]) > 1 and len({len(row) for row in by_blanks}) == 1:
            return " "
    return chosen


def _rows(body, separator):
    """Returns the rows that are not empty, each with the number of its line."""
    reader = csv.reader(
        (line.strip() if separator == " " else line for _, line in body),
        delimiter=separator,
        skipinitialspace=True,
        strict=True,
    )
    try:
        rows = [(body[reader.line_num - 1][0], [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        line = body[reader.line_num - 1][0]
        raise ValueError(f"this is no CSV file ({error}, line {line}); are its quotes closed?") from None
    return [(line, row) for line, row in rows if any(row)]


def _header(rows, comments, separator, comment):
    """Returns the names of the columns, and the rows below them."""
    if not rows:
        raise ValueError("a header row and at least one row of data are needed.")
    (line, names), below = rows[0], rows[1:]
    if all(_is_number(name) for name in names):
        last = [text.lstrip()[len(comment) :] for number, text in comments if number < line][-1:]
        found = next(csv.reader(last, delimiter=separator, skipinitialspace=True), [])
        if len(found) != len(names) or all(_is_number(name) for name in found):
            raise ValueError(
                f"line {line} holds numbers ({separator.join(names)}) where the columns' names should be: "
                "add a header row."
            )
        names, below = [name.strip() for name in found], rows
    if not below:
        raise ValueError("a header row and at least one row of data are needed.")
    twice = [name for name, n in Counter(name for name in names if name).items() if n > 1]
    if twice:
        raise ValueError(f"there is more than one column {column_names(twice)}; rename all but one.")
    return [name or f"Unnamed: {number}" for number, name in enumerate(names)], below


def _equally_long(header, rows):
    n = len(header)
    if all(len(row) == n + 1 and not row[-1] for _, row in rows):
        return [(line, row[:-1]) for line, row in rows]
    wrong = [(line, len(row)) for line, row in rows if len(row) != n]
    if not wrong:
        return rows
    lengths = {length for _, length in wrong}
    remedy = "Quote cells that hold the separator, or give another one with separator=."
    if len(wrong) == len(rows) and lengths == {n + 1}:
        remedy = "Does the first column have no name? Begin the header with a separator, or a name."
    elif len(wrong) == len(rows) and lengths == {2 * n}:
        remedy = "Are these decimal commas? Then separate the cells by semicolons, or quote them."
    raise ValueError(
        f"{len(wrong):,} of {len(rows):,} rows have not as many cells as the header, the first in line "
        f"{wrong[0][0]}: {wrong[0][1]} cells, but the header has {n}. {remedy}"
    )


def _units(rows):
    """Returns what to say of a row of units under the header; an empty tuple if there is none."""
    (line, first), others = rows[0], [row for _, row in rows[1:SAMPLE]]
    numeric = [
        place
        for place in range(len(first))
        if any(row[place] not in GAPS for row in others)
        and all(_is_number(row[place]) for row in others if row[place] not in GAPS)
    ]
    units = [first[place] for place in numeric]
    bracketed = any(re.fullmatch(r"[(\[].*[)\]]", unit) for unit in units)
    # A gap is no unit.
    if all(unit in GAPS for unit in units) or any(_is_number(unit) for unit in units):
        return ()
    # One word alone may as well be a wrong cell.
    if len(numeric) < 2 and not bracketed:
        return ()
    return (f"line {line} is left out: it holds units ({', '.join(unit for unit in units if unit)}).",)


def _values(header, cells, separator, decimal, thousands):
    """Returns the columns' values: numbers where all cells are, else words, and None in gaps."""
    gaps = [np.array([cell in GAPS for cell in column]) for column in cells]
    if decimal is None:
        decimal = _decimal(header, cells, gaps, separator, thousands)
    if thousands is None:
        # Quoted in a file of commas, and beside decimal commas, it can be nothing else.
        thousands = {",": "."}.get(decimal, "," if separator == "," else None)
    for column, missing in zip(cells, gaps, strict=True):
        numbers = numbers_in(column, missing, decimal=decimal, thousands=thousands)
        if numbers is None or missing.all():
            yield [None if gap else cell for cell, gap in zip(column, missing, strict=True)]
        elif not missing.any() and np.all(np.abs(numbers) < 2**53) and np.all(numbers == np.floor(numbers)):
            yield numbers.astype(np.int64)
        else:
            yield numbers


def _decimal(header, cells, gaps, separator, thousands):
    """Returns the decimal mark: a comma where a column's cells can be read in no other way."""
    doubtful = []
    for name, column, missing in zip(header, cells, gaps, strict=True):
        words = {cell for cell, gap in zip(column, missing, strict=True) if not gap}
        commas = {word for word in words if "," in word}
        if commas and all(_is_number(word) or WITH_COMMA.fullmatch(word) for word in words):
            if not all(GROUPS.fullmatch(word) for word in commas):
                return ","
            doubtful.append((name, min(commas)))
    if doubtful and separator != "," and thousands is None and not _several_groups(doubtful):
        name, word = doubtful[0]
        raise ValueError(
            f"column {name!r} holds numbers such as {shown(word)}, which can be read in two ways: give "
            "decimal=',' if the comma is the decimal mark, thousands=',' if it parts thousands."
        )
    return "."


def _several_groups(doubtful):
    return all(word.count(",") > 1 for _, word in doubtful)


def _is_number(word):
    return numbers_in([word], [False]) is not None


def _chosen(frame, columns, targets):
    """Returns the columns to be kept of a frame."""
    lacking = [name for name in (*targets, *columns) if name not in frame.columns]
    if lacking:
        raise ValueError(no_such_column(lacking[0], frame.columns))
    both = [name for name in targets if name in columns]
    if both:
        raise ValueError(f"column {both[0]!r} cannot be both the target y and an input in x.")
    if not columns:
        raise ValueError("there are no input columns; name at least one in x.")
    return [*columns, *targets]
