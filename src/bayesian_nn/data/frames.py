"""The inputs in a table: which of its columns can be used and how, and what its reader should know first."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

from bayesian_nn.data.cells import ENOUGH_ROWS, Cells, as_days, as_numbers, as_truth, as_words, fault_of_words
from bayesian_nn.data.columns import BooleanColumn, CategoryColumn, Columns, DateColumn, NumberColumn
from bayesian_nn.data.targets import Target
from bayesian_nn.runtime.checks import shown

__all__ = ["Encoded", "TableWarning", "encode"]

# Numbers that many programs write where there is none.
STAND_INS = (-99.0, -999.0, -9999.0, -99999.0, 999.0, 9999.0, 99999.0)
WAYS = "missing='drop' leaves these rows out, missing='impute' fills those of inputs and marks where"


class TableWarning(UserWarning):
    """Something in a table that its reader should know: a column or rows that were left out, or numbers that
    seem to stand for something else."""


class Encoded(NamedTuple):
    """x `[n_points, n_inputs]` and y in the rows that were kept; columns: how they were made; notes: what the
    reader should be warned of; kept: which rows these are `[n_rows]`."""

    x: np.ndarray
    y: np.ndarray
    columns: Columns
    notes: tuple[str, ...]
    kept: np.ndarray


def encode(
    inputs: Mapping[str, Cells],
    target: Target,
    *,
    missing: str,
    categories=(),
    place: Callable[[int], str],
    named: bool = True,
    selected: bool = False,
) -> Encoded:
    """Returns what a data set can be made of.

    place: says where a row is; named: whether the columns have names of their own, so that these and an order
    mean something; selected: whether their reader chose them one by one. Raises ValueError, with all columns
    at fault, for a column of which it must be decided first what it is.
    """
    inputs, notes = _used(dict(inputs)) if named and not selected else (dict(inputs), [])
    columns, faults = {}, []
    for name, cells in inputs.items():
        if cells.missing.all():
            faults.append(f"{name!r} is empty: leave it out.")
            continue
        column, fault = _column_of(name, cells, name in categories, place)
        columns[name] = column
        faults += [fault] if fault else []
    numbers = {
        name: column.read(inputs[name])
        for name, column in columns.items()
        if isinstance(column, NumberColumn)
    }
    faults += [target.fault] if target.fault else []
    largest = np.abs(target.values).reshape(len(target.missing), -1).max(axis=1)
    checked = {**numbers, _one_name(target.name): largest}
    faults += [_infinite(name, values, place) for name, values in checked.items() if np.isinf(values).any()]
    kept, of_rows, fault = _kept_rows(inputs, target, missing)
    faults += [fault] if fault else []
    if faults:
        raise ValueError("This table needs a decision first.\n" + "\n".join(f"- {each}" for each in faults))
    notes += of_rows
    inputs = {name: cells.rows(kept) for name, cells in inputs.items()}
    if named:
        notes += _drop_constant(columns, inputs)
        notes += [] if selected else _running(columns, inputs)
    single = {target.name: target.values} if target.values.ndim == 1 and not target.classes else {}
    plain = {name: values for name, values in numbers.items() if type(columns.get(name)) is NumberColumn}
    notes += [note for name, values in (plain | single).items() for note in _stand_ins(name, values)]
    if not columns:
        raise ValueError("No column is left to predict from: name at least one, with more than one value.")
    made = tuple(_filled(column, inputs[name]) for name, column in columns.items())
    x = np.concatenate([column.inputs(column.read(inputs[column.name])) for column in made], axis=1)
    columns = Columns(made, target.name, target.classes)
    return Encoded(x, target.values[kept], columns, tuple(notes), kept)


def _used(inputs):
    """Leaves out a first column without a name, and columns without a cell."""
    notes = []
    for position, (name, cells) in enumerate(list(inputs.items())):
        unnamed = name == "" or name.startswith("Unnamed: ")
        if unnamed and cells.missing.all():
            del inputs[name]
        elif unnamed and position == 0:
            del inputs[name]
            notes.append(
                "The first column has no name and is left out: it looks like the row labels that data frames "
                "write to files. If it is an input, give it a name."
            )
        elif cells.missing.all():
            del inputs[name]
            notes.append(f"Column {name!r} is empty and is left out.")
    return inputs, notes


def _column_of(name, cells, is_category, place):
    """Returns the kind of a column, without its levels and fill, and what is wrong with it."""
    if is_category or cells.chosen:
        return CategoryColumn(name, ()), None
    if cells.kind != "boolean" and as_numbers(cells) is not None:
        return NumberColumn(name), None
    if as_days(cells) is not None:
        return DateColumn(name), None
    if as_truth(cells) is not None:
        return BooleanColumn(name), None
    return CategoryColumn(name, ()), fault_of_words(name, cells, place)


def _infinite(name, values, place):
    where = np.flatnonzero(np.isinf(values))
    return f"{name!r} is not finite in {len(where):,} rows, the first {place(int(where[0]))}."


def _kept_rows(inputs, target, missing):
    """Returns which rows are kept, notes, and what is wrong, if anything is."""
    everything, n = np.ones(len(target.missing), bool), len(target.missing)
    columns = {name: cells.missing for name, cells in inputs.items() if cells.missing.any()}
    if target.missing.any():
        columns[_one_name(target.name)] = target.missing
    if not columns:
        return everything, [], None
    if missing == "impute":
        columns = {name: gaps for name, gaps in columns.items() if name not in inputs}
    gone = np.logical_or.reduce([~everything, *columns.values()])
    counts = ", ".join(f"{name!r} {gaps.sum():,}" for name, gaps in columns.items())
    if missing == "refuse":
        return everything, [], f"{gone.sum():,} of {n:,} rows have missing cells ({counts}): {WAYS}."
    if np.sum(~gone) < 2:
        fault = f"missing={missing!r} leaves fewer than two rows: cells are missing in {counts}."
        return everything, [], fault
    note = f"{gone.sum():,} of {n:,} rows are left out, for cells that are missing ({counts})."
    return ~gone, [note] if gone.any() else [], None


def _one_name(name):
    return name if isinstance(name, str) else ", ".join(name)


def _drop_constant(columns, inputs):
    notes = []
    for name, cells in inputs.items():
        first = cells.values[0]
        if not cells.missing.any() and np.all(cells.values == first):
            del columns[name]
            said = shown(first) if cells.kind == "word" else f"{first:g}"
            notes.append(f"Column {name!r} is {said} in every row and is left out.")
    return notes


def _running(columns, inputs):
    """Notes columns that count the rows; the only input is a place in an order, not a label."""
    notes = []
    for name, column in columns.items():
        values = inputs[name].values
        if type(column) is not NumberColumn or len(columns) < 2 or len(values) < ENOUGH_ROWS:
            continue
        if inputs[name].kind == "number" and values[0] in (0, 1) and np.all(np.diff(values) == 1):
            notes.append(
                f"Column {name!r} counts the rows from {values[0]:g} to {values[-1]:g}. If it is a row "
                "number, leave it out: in a sorted file it would predict y, and mean nothing elsewhere."
            )
    return notes


def _stand_ins(name, values):
    """Notes a number that may stand for missing ones: an extreme one that is the most frequent, or lies
    farther from the others than these from one another."""
    present = values[np.isfinite(values)]
    found, counts = np.unique(present, return_counts=True)
    if len(found) < 3:
        return []
    notes = []
    for at, others in ((0, found[1:]), (-1, found[:-1])):
        frequent = counts[at] >= 2 and counts[at] == counts.max()
        distant = abs(found[at] - others[0 if at == 0 else -1]) > others[-1] - others[0]
        if found[at] in STAND_INS and (frequent or distant):
            notes.append(
                f"Column {_one_name(name)!r} is {found[at]:g} in {counts[at]:,} of {len(values):,} rows. "
                "If this stands for a missing value, empty these cells (in pandas: replace it by NaN) and "
                "choose with missing= what to do with them."
            )
    return notes


def _filled(column, cells):
    """Returns a column with its levels, and what stands in its gaps."""
    gaps = bool(cells.missing.any())
    if isinstance(column, CategoryColumn):
        levels = tuple(sorted(set(as_words(cells)[~cells.missing])))
        return CategoryColumn(column.name, levels, gaps)
    return type(column)(column.name, float(np.nanmedian(column.read(cells))) if gaps else None)
