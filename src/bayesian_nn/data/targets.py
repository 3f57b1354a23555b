"""What is to be predicted, in any shape that has one meaning: numbers, or the numbers of named classes."""

from collections.abc import Callable
from typing import NamedTuple

import narwhals.stable.v2 as nw
import numpy as np

from bayesian_nn.data.cells import Cells, as_numbers, as_words, cells_of, fault_of_words, frame_of
from bayesian_nn.runtime.checks import numbers_with_gaps, shown

__all__ = ["Target", "class_numbers", "kind_of_target", "target_of"]

# Whole numbers that take no more values than these are read as classes.
FEW = 5
# Counts begin near zero, and vary at least about as much as a Poisson distribution's.
SMALL, POISSON = 10, 0.7


class Target(NamedTuple):
    """values: `[n_points]` or `[n_points, n_targets]`, float64, NaN in gaps; missing `[n_points]`: the rows
    with one; name: the column's, or the columns'; classes: the names of the numbers, where these are of
    classes; fault: why its reader should decide first what it is, if so."""

    values: np.ndarray
    missing: np.ndarray
    name: str | tuple[str, ...]
    classes: tuple[str, ...] | None
    fault: str | None = None


def target_of(
    y,
    name: str | tuple[str, ...] | None = None,
    *,
    categories=(),
    classes: tuple[str, ...] | None = None,
    place: Callable[[int], str] = lambda row: f"row {row}",
) -> Target:
    """Returns the target in an array or a list `[n_points]`, `[n_points, 1]` or `[n_points, n_targets]`, or
    in a series or a frame of any library.

    Words, truth values and columns named in `categories` become class numbers from 0 on, in the order of the
    names; so do one-hot rows, in the order of their columns. classes: those of a training set, whose numbers
    are kept. place: says where a row is. Raises ValueError for dates and anything else.
    """
    columns = _columns_of(y)
    names = _names_of(columns, name)
    if len(columns) == 1:
        cells = columns[0][1]
        if classes is not None:
            return Target(_numbered(cells, names, classes), cells.missing, names, classes)
        return _single(cells, names, categories, place)
    numbers = [as_numbers(cells) for _, cells in columns]
    if None in [None if each is None else True for each in numbers]:
        wrong = next(own for (own, _), each in zip(columns, numbers, strict=True) if each is None)
        raise ValueError(
            f"Of several targets each must be numbers; column {wrong!r} is not. Number its classes first, as "
            "in numpy.unique(y, return_inverse=True)[1]."
        )
    values = np.column_stack(numbers)
    missing = np.isnan(values).any(axis=1)
    if _is_one_hot(values[~missing]):
        own = tuple(own for own, _ in columns)
        classes = own if None not in own else None
        numbered = np.where(missing, np.nan, values.argmax(axis=1))
        return Target(numbered, missing, name or "y", classes)
    return Target(values, missing, names, None)


def kind_of_target(y) -> str:
    """Returns what a single target y is, and so which likelihood suits it: "binary", two classes; "classes",
    several; "count"; or "real".

    Words and truth values are classes. So are whole numbers of at most five different values, two of them
    "binary". Whole numbers from 0 on are counts if the smallest is at most 10 and their variance not far
    below their mean, as it is for ratings. Labels numbered 0 to 9 look like counts, and classes of more than
    five numbers like real numbers: only the reader knows.
    """
    columns = _columns_of(y)
    if len(columns) != 1:
        if target_of(y).values.ndim == 1:
            return "binary" if len(columns) == 2 else "classes"
        raise ValueError(f"y must be a single target; got {len(columns)} columns. Ask for each of them.")
    cells = columns[0][1]
    numbers = None if cells.kind == "boolean" or cells.chosen else as_numbers(cells)
    if numbers is None:
        if cells.kind == "date":
            raise ValueError(
                "y must be numbers or classes; got dates. Give days, or another unit, since one."
            )
        return "binary" if len(set(as_words(cells)[~cells.missing])) <= 2 else "classes"
    present = numbers[~cells.missing]
    n_values = len(np.unique(present))
    if not n_values or np.any(present != np.floor(present)):
        return "real"
    if n_values <= FEW:
        return "binary" if n_values == 2 else "classes" if n_values > 2 else "real"
    begins_small = 0 <= present.min() <= SMALL
    return "count" if begins_small and present.var() >= POISSON * present.mean() else "real"


def class_numbers(y, classes: tuple[str, ...]) -> np.ndarray:
    """Returns y `[n_points]`, names of classes or their numbers, as numbers."""
    cells = _columns_of(y)[0][1]
    return _numbered(cells, "y", classes) if cells.kind == "word" else y


def _columns_of(y) -> list[tuple[str | None, Cells]]:
    found = frame_of(y)
    if isinstance(found, nw.DataFrame):
        named = [(str(column.name), column) for column in found.iter_columns()]
    elif found is not None:
        named = [(None if found.name in (None, "") else str(found.name), found)]
    else:
        named = [(None, column) for column in _columns_of_array(y)]
    try:
        return [(own, cells_of(column)) for own, column in named]
    except ValueError as error:
        raise ValueError(f"y {error}: numbers, or the names of classes, are needed.") from None


def _columns_of_array(y):
    try:
        array = y if isinstance(y, np.ndarray) else np.asarray(y, _dtype_of(y))
    except ValueError as error:
        raise ValueError(f"y must be [n_points] or [n_points, n_targets]: {error}") from None
    if array.ndim not in (1, 2) or not array.size:
        raise ValueError(f"y must be [n_points] or [n_points, n_targets]; got {list(array.shape)}.")
    if array.dtype.kind in "MmcSV":
        # Its message says which, and what to do.
        numbers_with_gaps("y", array)
    return [array] if array.ndim == 1 else list(array.T)


def _dtype_of(y):
    # NumPy would turn a missing value between words into the word "nan".
    return object if isinstance(y, list | tuple) and any(isinstance(value, str) for value in y) else None


def _names_of(columns, name):
    own = tuple(each for each, _ in columns if each is not None)
    if name is not None:
        return name
    if len(own) != len(columns):
        return "y"
    return own[0] if len(own) == 1 else own


def _single(cells, name, categories, place):
    numbers = None
    if not (cells.kind == "boolean" or cells.chosen or name in categories):
        numbers = as_numbers(cells)
    if numbers is not None:
        return Target(numbers, cells.missing, name, None)
    if cells.kind == "date":
        raise ValueError(f"y must be numbers or classes; {name!r} holds dates. Give days since a first one.")
    words = as_words(cells)
    classes = _sorted(set(words[~cells.missing]))
    if len(classes) < 2:
        only = shown(next(iter(classes), None))
        raise ValueError(f"y must take two values or more; {name!r} is {only} throughout.")
    asked = cells.kind == "boolean" or cells.chosen or name in categories
    fault = None if asked else fault_of_words(name, cells, place)
    return Target(_numbered(cells, name, classes), cells.missing, name, classes, fault)


def _numbered(cells, name, classes):
    places = {word: place for place, word in enumerate(classes)}
    words = as_words(cells)
    unknown = sorted(set(words[~cells.missing]) - set(classes))
    if unknown:
        raise ValueError(f"{name!r} is {shown(unknown[0])}, which is none of the classes {shown(classes)}.")
    pairs = zip(words, cells.missing, strict=True)
    return np.array([np.nan if gap else places[word] for word, gap in pairs], np.float64)


def _sorted(words):
    """Returns words in the order of their numbers, if they are numbers, and else of the alphabet."""
    try:
        return tuple(sorted(words, key=float))
    except ValueError:
        return tuple(sorted(words))


def _is_one_hot(values):
    return bool(len(values) and np.isin(values, (0, 1)).all() and (values.sum(axis=1) == 1).all())
