"""Data sets: inputs, targets, their units and, where it is known, the truth behind them."""

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bayesian_nn.runtime.checks import finite_numbers, whole_number

__all__ = ["Dataset", "Scaling", "dataset", "read_csv", "train_test_split"]


class Scaling(NamedTuple):
    """The change of units between data and network: it sees `(x - x_shift) / x_scale`, and its output
    times `y_scale` plus `y_shift` is in y's units. `x_shift` and `x_scale` have one number per input; so have
    `y_shift` and `y_scale` for several targets, and are numbers for one."""

    x_shift: tuple[float, ...]
    x_scale: tuple[float, ...]
    y_shift: float | tuple[float, ...] = 0.0
    y_scale: float | tuple[float, ...] = 1.0

    def inputs(self, x: np.ndarray) -> np.ndarray:
        """Returns what the network sees of x `[n_points, n_inputs]`, in double precision."""
        return (np.asarray(x, np.float64) - self.x_shift) / self.x_scale


@dataclass(frozen=True, eq=False)
class Dataset:
    """Observations in their original units.

    x: inputs `[n_points, n_inputs]`; y: targets `[n_points]`, or several `[n_points, n_targets]`; scaling:
    the units a network should work in; truth: the noise-free function `x [n, n_inputs] -> [n]`, if known;
    noise_std: the sd of y around it, in y's units, if known; weights: how often each observation counts
    `[n_points]`, zero or more, or None for once each. Raises ValueError for NaN, and for shapes that
    disagree.
    """

    x: np.ndarray
    y: np.ndarray
    scaling: Scaling
    name: str = "data"
    x_names: tuple[str, ...] = ("x",)
    y_name: str | tuple[str, ...] = "y"
    truth: Callable[[np.ndarray], np.ndarray] | None = None
    noise_std: float | None = None
    weights: np.ndarray | None = None

    def __post_init__(self):
        x, y = _observations(self.x, self.y)
        object.__setattr__(self, "x", x)
        object.__setattr__(self, "y", y)
        if self.weights is not None:
            object.__setattr__(self, "weights", _checked_weights(self.weights, len(y)))

    @property
    def n_points(self) -> int:
        return len(self.y)


def dataset(
    x,
    y,
    *,
    x_names: Sequence[str] | None = None,
    y_name: str | tuple[str, ...] = "y",
    name: str = "data",
    weights=None,
) -> Dataset:
    """Returns a data set from arrays, x `[n_points]` or `[n_points, n_inputs]` and y `[n_points]`, or several
    targets `[n_points, n_targets]`, with a scaling that standardises every column to mean 0 and sd 1.
    weights: how often each observation counts `[n_points]`, zero or more, 2 as if it were there twice."""
    x = finite_numbers("x", x)
    x, y = _observations(x[:, None] if x.ndim == 1 else x, y)
    if len(y) < 2:
        raise ValueError(f"At least two observations are needed; got {len(y)}.")
    names = tuple(x_names) if x_names else tuple(f"x{i + 1}" for i in range(x.shape[1]))
    if len(names) != x.shape[1]:
        raise ValueError(f"x_names has {len(names)} names for {x.shape[1]} columns of x.")
    scaling = _standardising(x, y)
    return Dataset(x=x, y=y, scaling=scaling, name=name, x_names=names, y_name=y_name, weights=weights)


def read_csv(path, *, y: str, x: Sequence[str] | None = None) -> Dataset:
    """Returns the data set in a CSV file with a header row: column `y` to be predicted from the columns `x`
    (all the others, if none are named). Raises ValueError naming the line, the column and the value."""
    path = Path(path)
    if isinstance(x, str):
        raise ValueError(f"x must be a list of column names; for the one column {x!r} write x=[{x!r}].")
    rows = _rows(path)
    if len(rows) < 2:
        raise ValueError(f"{path.name}: a header row and at least one row of data are needed.")
    header = [cell.strip() for cell in rows[0][1]]
    columns = list(x) if x is not None else [name for name in header if name != y]
    for column in [y, *columns]:
        if column not in header:
            raise ValueError(f"{path.name} has no column {column!r}; its columns are {', '.join(header)}.")
        if header.count(column) > 1:
            raise ValueError(f"{path.name} has more than one column {column!r}; rename all but one.")
    if not columns:
        raise ValueError(f"{path.name}: no input columns; name at least one in x.")
    if y in columns:
        raise ValueError(f"{path.name}: column {y!r} cannot be both the target y and an input in x.")
    table = [_row(path.name, line, row, header, [*columns, y]) for line, row in rows[1:]]
    table = np.array(table)
    return dataset(table[:, :-1], table[:, -1], x_names=columns, y_name=y, name=path.stem)


def train_test_split(data: Dataset, *, test_fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """Returns `(train, test)`, a random split; both carry the scaling of the training part, so that nothing
    of the test part reaches the network."""
    whole_number("seed", seed, at_least=0)
    if not 0 < test_fraction < 1:
        raise ValueError(f"test_fraction must lie between 0 and 1; got {test_fraction}.")
    n_test = round(data.n_points * test_fraction)
    if not 1 <= n_test <= data.n_points - 2:
        raise ValueError(
            f"test_fraction={test_fraction} of {data.n_points} points leaves {n_test} to test and "
            f"{data.n_points - n_test} to train on; at least 1 and 2 are needed."
        )
    order = np.random.default_rng(seed).permutation(data.n_points)
    train, test = np.sort(order[n_test:]), np.sort(order[:n_test])
    scaling = _standardising(data.x[train], data.y[train])
    weights = [None if data.weights is None else data.weights[part] for part in (train, test)]
    return tuple(
        replace(data, x=data.x[part], y=data.y[part], scaling=scaling, weights=of_part)
        for part, of_part in zip((train, test), weights, strict=True)
    )


def _checked_weights(weights, n_points):
    weights = finite_numbers("weights", weights)
    if weights.shape != (n_points,):
        raise ValueError(
            f"weights must be [n_points] = [{n_points}], one for each observation; got {list(weights.shape)}."
        )
    if weights.min() < 0 or weights.max() == 0:
        first = int(np.argmin(weights))
        raise ValueError(
            "weights must be zero or more, and not all zero: they say how often an observation counts; got "
            f"{weights[first]:g} at index {first}."
        )
    return weights


def _observations(x, y):
    x, y = finite_numbers("x", x), finite_numbers("y", y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if x.ndim != 2 or x.shape[1] == 0 or y.ndim not in (1, 2) or len(x) != len(y):
        raise ValueError(
            "x must be [n_points, n_inputs] and y [n_points], or [n_points, n_targets] for several targets, "
            f"with the same n_points; got x {list(x.shape)} and y {list(y.shape)}."
        )
    return x, y


def _standardising(x, y):
    def spread(values):
        # A constant column carries no information: dividing by 1 leaves it at zero. Its sd need not be zero:
        # rounding gives ten times 0.1 an sd of 1e-17.
        return np.where(np.ptp(values, axis=0) > 0, values.std(axis=0), 1.0)

    return Scaling(
        x_shift=tuple(x.mean(axis=0).tolist()),
        x_scale=tuple(spread(x).tolist()),
        y_shift=float(y.mean()) if y.ndim == 1 else tuple(y.mean(axis=0).tolist()),
        y_scale=float(spread(y)) if y.ndim == 1 else tuple(spread(y).tolist()),
    )


def _rows(path):
    """Returns the file's rows that are not empty, each with the number of its line."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.reader(file, strict=True)
            return [(reader.line_num, row) for row in reader if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path.name} is not a CSV file in UTF-8 ({error}); save it as one.") from None


def _row(file_name, line, row, header, columns):
    if len(row) != len(header):
        raise ValueError(f"{file_name}, line {line}: {len(row)} cells, but the header has {len(header)}.")
    cells = dict(zip(header, row, strict=True))
    values = []
    for column in columns:
        try:
            value = float(cells[column])
        except ValueError:
            value = np.nan
        if not np.isfinite(value):
            raise ValueError(
                f"{file_name}, line {line}, column {column!r}: {cells[column]!r} is not a finite number. "
                "Correct the cell or remove the line."
            )
        values.append(value)
    return values
