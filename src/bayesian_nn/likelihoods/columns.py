"""Checks of targets: real numbers, counts and classes."""

import numpy as np

from bayesian_nn.runtime.checks import finite_numbers, shown

__all__ = ["class_column", "classes_of", "column", "count_column"]


def column(y) -> np.ndarray:
    """Returns one target, `[n_points]` or `[n_points, 1]`, as float64 `[n_points]`. Raises ValueError for
    another shape, for no points, and for NaN and infinity."""
    y = finite_numbers("y", y)
    if y.ndim == 2 and y.shape[1] == 1:
        y = y[:, 0]
    if y.ndim != 1 or not y.size:
        raise ValueError(
            f"y must be [n_points] or [n_points, 1], with one point or more; got {list(y.shape)}. For "
            "several targets use Several, with a likelihood for each."
        )
    return y


def count_column(y) -> np.ndarray:
    """Returns y as `column` does. Raises ValueError for anything but whole numbers from 0 on."""
    y = column(y)
    _require(
        (y >= 0) & (y == np.floor(y)),
        y,
        "counts, whole numbers from 0 on",
        "Correct it, or use Gaussian or StudentT for real numbers.",
    )
    return y


def class_column(y, n_classes: int, *, remedy: str) -> np.ndarray:
    """Returns y as `column` does. Raises ValueError, with the remedy, for anything but whole numbers from 0
    to n_classes - 1, and for the names of classes, which need numbers."""
    named = np.asarray(y)
    if named.dtype.kind in "USO" and any(isinstance(value, str | bytes) for value in named.flat):
        raise ValueError(
            f"y must be classes numbered from 0 to {n_classes - 1}; got {shown(named.flat[0])} at index 0. "
            "Number the classes, as in numpy.unique(y, return_inverse=True)[1], or make the data set with "
            "dataset(x, y), which does."
        )
    if named.ndim == 2 and named.shape[1] > 1 and named.dtype.kind in "biuf" and _is_one_hot(named):
        raise ValueError(
            f"y must be classes numbered from 0 to {n_classes - 1}; got one-hot rows {list(named.shape)}. "
            "Number the classes, as in y.argmax(axis=1)."
        )
    y = column(y)
    if y.min() == 1 and y.max() == n_classes:
        remedy = f"Number the classes from 0, as in y - 1: these go from 1 to {n_classes}."
    whole = (y >= 0) & (y < n_classes) & (y == np.floor(y))
    _require(whole, y, f"classes, whole numbers from 0 to {n_classes - 1}", remedy)
    return y


def classes_of(scaling) -> tuple[str, ...] | None:
    """Returns the names of the classes, where the data had some."""
    return None if scaling.columns is None else scaling.columns.classes


def _is_one_hot(y):
    return bool(np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all())


def _require(right, y, required, remedy):
    if not right.all():
        first = int(np.argmin(right))
        raise ValueError(f"y must be {required}; got {y[first]:g} at index {first}. {remedy}")
