"""Data sets: inputs, targets, their units and, where it is known, the truth behind them."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import narwhals.stable.v2 as nw
import numpy as np

from bayesian_nn.data.cells import Cells, cells_of, frame_of
from bayesian_nn.data.columns import Columns, column_names, no_such_column
from bayesian_nn.data.frames import TableWarning, encode
from bayesian_nn.data.targets import target_of
from bayesian_nn.runtime.checks import finite_numbers, numbers_with_gaps, shown, whole_number

__all__ = ["Dataset", "Made", "Scaling", "dataset", "made", "split_rows", "standardising", "train_test_split"]

MISSING = ("refuse", "drop", "impute")


class Scaling(NamedTuple):
    """The change of units between data and network: it sees `(x - x_shift) / x_scale`, and its output
    times `y_scale` plus `y_shift` is in y's units. `x_shift` and `x_scale` have one number per input; so have
    `y_shift` and `y_scale` for several targets, and are numbers for one.

    columns: how a data frame becomes the inputs, and the names of the classes; None for a scaling made by
    hand, whose models know no names.
    """

    x_shift: tuple[float, ...]
    x_scale: tuple[float, ...]
    y_shift: float | tuple[float, ...] = 0.0
    y_scale: float | tuple[float, ...] = 1.0
    columns: Columns | None = None

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
        if self.x_names == ("x",):
            object.__setattr__(self, "x_names", _usual_names(x.shape[1]))
        if len(self.x_names) != x.shape[1]:
            raise ValueError(f"x_names has {len(self.x_names)} names for {x.shape[1]} columns of x.")
        if self.weights is not None:
            object.__setattr__(self, "weights", _checked_weights(self.weights, len(y)))

    @property
    def n_points(self) -> int:
        return len(self.y)

    @property
    def classes(self) -> tuple[str, ...] | None:
        """The names of the classes that y's numbers stand for; None if y was numbers."""
        return self.scaling.columns.classes if self.scaling.columns else None

    def rows(self, chosen) -> "Dataset":
        """Returns the observations of these rows, indices or a mask, each with its weight."""
        weights = None if self.weights is None else self.weights[chosen]
        return replace(self, x=self.x[chosen], y=self.y[chosen], weights=weights)


def dataset(
    x,
    y,
    *,
    x_names: Sequence[str] | None = None,
    y_name: str | tuple[str, ...] | None = None,
    name: str = "data",
    missing: str = "refuse",
    categories: Sequence[str] = (),
    weights=None,
    like=None,
) -> Dataset:
    """Returns a data set with a scaling that standardises every column of numbers to mean 0 and sd 1, and
    leaves what is 0 or 1 by making (categories, truth values, marks of gaps) as it is.

    x: a data frame of any library, whose columns may hold numbers, truth values, words (an input for each
    level, and one for levels not seen in training) and dates (days since 1970); or an array `[n_points]` or
    `[n_points, n_inputs]`, with `x_names`. y: the name of one of the frame's columns, or a list of names for
    several targets; or an array, a series or a frame. Words and truth values become class numbers, whose
    names are `data.classes`.
    missing: what to do about cells without a value: "refuse" them; "drop" the rows; or "impute", which fills
    in the median, or a level of its own for words, with an input that is 1 there; rows without y are left
    out. categories: columns that are categories although they hold numbers. weights: how often each row
    counts `[n_points]`, zero or more, 2 as if it were there twice. like: the data set of training, or a model
    of it such as `result.model`, whose encoding, classes and scaling are taken over for a data frame of other
    rows.

    Warns with TableWarning of what is left out, row labels and constant columns among them, and of numbers
    such as -999 that seem to stand for missing ones. Raises ValueError with every column that needs a
    decision.
    """
    if like is not None:
        return _made_like(like, x, y, name, weights)
    found = made(
        x,
        y,
        x_names=x_names,
        y_name=y_name,
        name=name,
        missing=missing,
        categories=categories,
        weights=weights,
    )
    for note in found.notes:
        warnings.warn(note, TableWarning, stacklevel=2)
    return found.data


class Made(NamedTuple):
    """A data set; notes: what to warn of; kept: which rows of the table it has `[n_rows]`."""

    data: Dataset
    notes: tuple[str, ...]
    kept: np.ndarray


def made(
    x,
    y,
    *,
    x_names=None,
    y_name=None,
    name="data",
    missing="refuse",
    categories=(),
    weights=None,
    selected=False,
) -> Made:
    """Returns the data set that `dataset` returns, and what it does not say. selected: whether the columns
    were chosen one by one, so that none is taken for row labels."""
    if missing not in MISSING:
        raise ValueError(f"missing must be 'refuse', 'drop' or 'impute'; got {shown(missing)}.")
    if isinstance(categories, str):
        raise ValueError(f"categories must be a list of names; write categories=[{categories!r}].")
    frame = frame_of(x)
    if isinstance(frame, nw.Series):
        frame = frame.alias(str(frame.name or "x1")).to_frame()
    if frame is None:
        if isinstance(y, str):
            raise ValueError(f"y={y!r} names a column, but x is no data frame: give y's values.")
        inputs, place = _cells_of_array(x, x_names), _row
    else:
        if x_names is not None:
            raise ValueError("x_names is for arrays; a data frame brings its own names.")
        inputs, y = _split_off(frame, y)
        place = _place_in(frame)
    target = target_of(y, y_name, categories=categories, place=place)
    n_points = len(next(iter(inputs.values())).missing)
    if n_points != len(target.missing):
        raise ValueError(
            "x must be [n_points, n_inputs] and y [n_points], or [n_points, n_targets] for several targets, "
            f"with the same n_points; got x {[n_points, len(inputs)]} and y {list(target.values.shape)}."
        )
    if n_points < 2:
        raise ValueError(f"At least two observations are needed; got {n_points}.")
    unknown = [each for each in categories if each not in (*inputs, target.name)]
    if unknown:
        raise ValueError(f"categories names {column_names(unknown)}; the columns are {column_names(inputs)}.")
    encoded = encode(
        inputs,
        target,
        missing=missing,
        categories=categories,
        place=place,
        named=frame is not None,
        selected=selected,
    )
    data = Dataset(
        x=encoded.x,
        y=encoded.y,
        scaling=standardising(encoded.x, encoded.y, encoded.columns),
        name=name,
        x_names=encoded.columns.input_names,
        y_name=target.name,
        weights=None if weights is None else _checked_weights(weights, n_points)[encoded.kept],
    )
    return Made(data, encoded.notes, encoded.kept)


def _made_like(like, x, y, name, weights):
    columns, frame = like.scaling.columns, frame_of(x)
    if columns is None or not isinstance(frame, nw.DataFrame):
        raise ValueError("like is for a data frame x, and for a data set or a model that knows its columns.")
    target = target_of(_targets_of(frame, y)[1], columns.y_name, classes=columns.classes)
    if target.missing.any():
        raise ValueError(f"{columns.y_name!r} is missing in {target.missing.sum():,} rows: leave them out.")
    return Dataset(
        x=columns.encode(frame),
        y=target.values,
        scaling=like.scaling,
        name=name,
        x_names=columns.input_names,
        y_name=columns.y_name,
        weights=weights,
    )


def train_test_split(data: Dataset, *, test_fraction: float, seed: int) -> tuple[Dataset, Dataset]:
    """Returns `(train, test)`, a random split; both carry the scaling of the training part, so that nothing
    of the test part reaches the network."""
    train, test = split_rows(data.n_points, test_fraction=test_fraction, seed=seed)
    columns, x = data.scaling.columns, data.x
    if columns is not None:
        columns, x = columns.refilled(x, train)
    scaling = standardising(x[train], data.y[train], columns)
    whole = replace(data, x=x, scaling=scaling)
    return whole.rows(train), whole.rows(test)


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


def split_rows(n_points: int, *, test_fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns the rows that `train_test_split` trains on, and those that it tests with, both in order."""
    whole_number("seed", seed, at_least=0)
    if not 0 < test_fraction < 1:
        raise ValueError(f"test_fraction must lie between 0 and 1; got {test_fraction}.")
    n_test = round(n_points * test_fraction)
    if not 1 <= n_test <= n_points - 2:
        raise ValueError(
            f"test_fraction={test_fraction} of {n_points} points leaves {n_test} to test and "
            f"{n_points - n_test} to train on; at least 1 and 2 are needed."
        )
    order = np.random.default_rng(seed).permutation(n_points)
    return np.sort(order[n_test:]), np.sort(order[:n_test])


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


def standardising(x, y, columns: Columns | None = None) -> Scaling:
    """Returns the scaling that gives every column of x `[n_points, n_inputs]` and y mean 0 and sd 1, but
    leaves those inputs as they are that are 0 or 1 by making."""

    def spread(values):
        # A constant column carries no information: dividing by 1 leaves it at zero. Its sd need not be zero:
        # rounding gives ten times 0.1 an sd of 1e-17.
        return np.where(np.ptp(values, axis=0) > 0, values.std(axis=0), 1.0)

    # In units of its sd a rare level would be a very large number.
    as_it_is = np.array(columns.indicators if columns else [False] * x.shape[1])
    return Scaling(
        x_shift=tuple(np.where(as_it_is, 0.0, x.mean(axis=0)).tolist()),
        x_scale=tuple(np.where(as_it_is, 1.0, spread(x)).tolist()),
        y_shift=float(y.mean()) if y.ndim == 1 else tuple(y.mean(axis=0).tolist()),
        y_scale=float(spread(y)) if y.ndim == 1 else tuple(spread(y).tolist()),
        columns=columns,
    )


def _cells_of_array(x, x_names):
    x = numbers_with_gaps("x", x)
    x = x[:, None] if x.ndim == 1 else x
    if x.ndim != 2 or not x.shape[1]:
        raise ValueError(f"x must be [n_points, n_inputs], one input or more; got {list(x.shape)}.")
    names = [str(each) for each in x_names] if x_names else [f"x{i + 1}" for i in range(x.shape[1])]
    if len(names) != x.shape[1]:
        raise ValueError(f"x_names has {len(names)} names for {x.shape[1]} columns of x.")
    if len(set(names)) < len(names):
        raise ValueError(f"x_names must differ from one another; got {column_names(names)}.")
    pairs = zip(names, x.T, strict=True)
    return {each: Cells("number", column, np.isnan(column)) for each, column in pairs}


def _targets_of(frame, y):
    """Returns the names of the targets among a frame's columns, none if y is values, and y's values."""
    held = {str(column): column for column in frame.columns}
    listed = isinstance(y, list | tuple) and y and all(isinstance(each, str) for each in y)
    targets = [y] if isinstance(y, str) else list(y) if listed and set(y) <= set(held) else []
    lacking = [each for each in targets if each not in held]
    if lacking:
        raise ValueError(no_such_column(lacking[0], held))
    return targets, frame.select([held[each] for each in targets]) if targets else y


def _split_off(frame, y):
    """Returns the cells of the frame's columns that are no targets, and the targets' values."""
    targets, y = _targets_of(frame, y)
    held = {str(column.name): column for column in frame.iter_columns()}
    left = [name for name in held if name not in targets]
    if not left:
        raise ValueError("There are no input columns, only the target's.")
    faults, cells = [], {}
    for each in left:
        try:
            cells[each] = cells_of(held[each])
        except ValueError as error:
            faults.append(f"column {each!r} {error}")
    if faults:
        raise ValueError(
            f"Columns must hold numbers, truth values, words or dates: {'; '.join(faults)}. Give times "
            "between dates in a unit, as in column / pandas.Timedelta(days=1), and leave out or convert the "
            "rest."
        )
    return cells, y


def _row(row):
    return f"row {row}"


def _place_in(frame):
    """Returns what says where a row is: by the frame's own labels, if it has some."""
    labels = nw.maybe_get_index(frame)
    if labels is None:
        return _row
    word = labels.name if isinstance(labels.name, str) else "row"
    return lambda row: f"{word} {labels[row]}"


def _usual_names(n_inputs):
    return ("x",) if n_inputs == 1 else tuple(f"x{i + 1}" for i in range(n_inputs))
