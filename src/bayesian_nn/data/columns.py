"""How the columns of a data frame become the network's inputs, in numbers and words that a file can hold."""

import difflib
from dataclasses import dataclass, replace
from typing import NamedTuple

import narwhals.stable.v2 as nw
import numpy as np

from bayesian_nn.data.cells import Cells, as_days, as_numbers, as_truth, as_words, cells_of, frame_of
from bayesian_nn.runtime.checks import shown

__all__ = [
    "BooleanColumn",
    "CategoryColumn",
    "Columns",
    "DateColumn",
    "NumberColumn",
    "column_names",
    "no_such_column",
]


@dataclass(frozen=True)
class NumberColumn:
    """A column of numbers, one input. fill: what stands in a gap, with a second input that is 1 there and
    else 0; None for a column without gaps, which then has none to be filled."""

    name: str
    fill: float | None = None

    # What its cells should be.
    required = "a number"

    @property
    def input_names(self) -> tuple[str, ...]:
        return (self.name,) if self.fill is None else (self.name, f"{self.name} missing")

    @property
    def indicators(self) -> tuple[bool, ...]:
        """Whether each input is 0 or 1 by making, and so stays in these units."""
        return (False,) if self.fill is None else (False, True)

    @property
    def takes_gaps(self) -> bool:
        return self.fill is not None

    def read(self, cells: Cells) -> np.ndarray | None:
        """Returns the cells as float64 `[n]`, NaN in gaps; None if they are of another kind."""
        return as_numbers(cells)

    def inputs(self, values: np.ndarray) -> np.ndarray:
        """Returns what `read` returned as inputs `[n, n_inputs]`."""
        if self.fill is None:
            return values[:, None]
        gaps = np.isnan(values)
        return np.column_stack([np.where(gaps, self.fill, values), gaps])


@dataclass(frozen=True)
class BooleanColumn(NumberColumn):
    """A column of truth values, 0 and 1."""

    required = "True or False"

    @property
    def indicators(self) -> tuple[bool, ...]:
        return (True,) * len(self.input_names)

    def read(self, cells: Cells) -> np.ndarray | None:
        return as_truth(cells)


@dataclass(frozen=True)
class DateColumn(NumberColumn):
    """A column of dates or times: days since 1970 began (UTC), in double precision."""

    required = "a date such as 2024-12-31"

    def read(self, cells: Cells) -> np.ndarray | None:
        return as_days(cells)


@dataclass(frozen=True)
class CategoryColumn:
    """A column of categories: an input for each level, 1 where the cell is that level; one for gaps, if
    training had any; and a last one for levels that training had not. No training row has that last input, so
    its weights stay at their prior."""

    name: str
    levels: tuple[str, ...]
    takes_gaps: bool = False

    required = "a word"

    @property
    def input_names(self) -> tuple[str, ...]:
        levels = (*self.levels, *(["missing"] if self.takes_gaps else []), "unseen")
        return tuple(f"{self.name}={level}" for level in levels)

    @property
    def indicators(self) -> tuple[bool, ...]:
        return (True,) * len(self.input_names)

    def read(self, cells: Cells) -> np.ndarray:
        """Returns the cells as words `[n]`, "" in gaps."""
        return as_words(cells)

    def inputs(self, values: np.ndarray) -> np.ndarray:
        """Returns what `read` returned as inputs `[n, n_inputs]`."""
        places = {level: place for place, level in enumerate(self.levels)}
        n_inputs = len(self.input_names)
        # No level is the empty word.
        places |= {"": len(self.levels)} if self.takes_gaps else {}
        found = [places.get(word, n_inputs - 1) for word in values]
        return np.eye(n_inputs)[found]


class Columns(NamedTuple):
    """How a data frame becomes the network's inputs, and what its target was called.

    inputs: the frame's columns that are used, in the order of the inputs; y_name: the target's name, or
    names; classes: the names of the classes, in the order of their numbers, where y was words, truth values
    or categories; class_type: what a class was before it was a name: "str", "bool", "int" or "float".
    """

    inputs: tuple[NumberColumn | BooleanColumn | DateColumn | CategoryColumn, ...]
    y_name: str | tuple[str, ...] = "y"
    classes: tuple[str, ...] | None = None
    class_type: str = "str"

    @property
    def class_values(self) -> np.ndarray:
        """The classes as they were before they were names `[n_classes]`."""
        made = {"str": str, "bool": "True".__eq__, "int": int, "float": float}[self.class_type]
        return np.array([made(name) for name in self.classes])

    @property
    def names(self) -> tuple[str, ...]:
        """The frame's columns that are used."""
        return tuple(column.name for column in self.inputs)

    @property
    def input_names(self) -> tuple[str, ...]:
        """A name for each input: of a number its column's, of a category `column=level`."""
        return tuple(name for column in self.inputs for name in column.input_names)

    @property
    def indicators(self) -> tuple[bool, ...]:
        """Whether each input is 0 or 1 by making."""
        return tuple(each for column in self.inputs for each in column.indicators)

    def refilled(self, x: np.ndarray, rows: np.ndarray) -> tuple["Columns", np.ndarray]:
        """Returns the columns whose gaps are filled with what a part of the rows of `x [n_points, n_inputs]`
        says, and x filled so."""
        x, inputs, start = x.copy(), [], 0
        for column in self.inputs:
            if isinstance(column, NumberColumn) and column.takes_gaps:
                gaps = x[:, start + 1] == 1
                present = x[rows][~gaps[rows], start]
                column = replace(column, fill=float(np.median(present)) if len(present) else column.fill)
                x[gaps, start] = column.fill
            inputs.append(column)
            start += len(column.input_names)
        return self._replace(inputs=tuple(inputs)), x

    def encode(self, frame) -> np.ndarray:
        """Returns the inputs `[n_points, n_inputs]`, float64, of a data frame of any library, its columns in
        any order; others are ignored. Raises ValueError, with all columns at fault, if some are lacking, hold
        something else than in training, or have gaps that training did not have."""
        found = frame_of(frame)
        if isinstance(found, nw.Series) and len(self.inputs) == 1:
            found = found.alias(self.inputs[0].name).to_frame()
        if found is None or not hasattr(found, "columns"):
            raise ValueError(f"frame must be a data frame with the columns {column_names(self.names)}.")
        held = {str(column.name): column for column in found.iter_columns()}
        lacking = [name for name in self.names if name not in held]
        if lacking:
            raise ValueError(
                f"The frame lacks {column_names(lacking)}, which the model was trained on; it has "
                f"{column_names(held)}."
            )
        parts, faults = [], []
        for column in self.inputs:
            try:
                cells = cells_of(held[column.name])
            except ValueError as error:
                faults.append(f"column {column.name!r} {error}, where training had {column.required}")
                continue
            fault = _fault(column, cells)
            if fault:
                faults.append(fault)
            else:
                parts.append(column.inputs(column.read(cells)))
        if faults:
            raise ValueError(f"The frame cannot be predicted from: {'; '.join(faults)}.")
        return np.concatenate(parts, axis=1)


def column_names(names, *, n_shown: int = 20) -> str:
    """Returns names of columns as a text for a message, the first `n_shown` of them."""
    names = list(names)
    more = f" and {len(names) - n_shown} more" if len(names) > n_shown else ""
    return ", ".join(repr(str(name)) for name in names[:n_shown]) + more


def no_such_column(name: str, names) -> str:
    """Returns what to say of a column that is not among those with these names."""
    close = difflib.get_close_matches(name, [str(each) for each in names], n=3, cutoff=0.5)
    meant = f" Is {' or '.join(map(repr, close))} meant?" if close else ""
    return f"There is no column {name!r}; the columns are {column_names(names)}.{meant}"


def _fault(column, cells):
    """Returns what is wrong with the cells for a column; None if nothing is."""
    values, n_gaps = column.read(cells), int(cells.missing.sum())
    if values is None:
        present = cells.values[~cells.missing]
        wrong = [value for value in present if column.read(_one(value, cells)) is None] or present
        return (
            f"column {column.name!r} holds {shown(wrong[0])} or the like in {len(wrong):,} rows, where "
            f"training had {column.required}"
        )
    if n_gaps and not column.takes_gaps:
        return (
            f"column {column.name!r} is missing in {n_gaps:,} of {len(cells.missing):,} rows, and was in "
            "none of training: leave these rows out or fill them"
        )
    if values.dtype == np.float64 and np.isinf(values).any():
        return f"column {column.name!r} has {np.isinf(values).sum():,} infinite cells"
    return None


def _one(value, cells):
    return Cells(cells.kind, np.array([value], cells.values.dtype), np.array([False]))
