"""What a reader looks along in a report: the prediction as one input runs over its range."""

from typing import NamedTuple

import numpy as np

from bayesian_nn.data.tables import Dataset
from bayesian_nn.prediction.partial_dependence import PartialDependence, partial_dependence
from bayesian_nn.prediction.parts import draws_of
from bayesian_nn.prediction.predict import predict_draws
from bayesian_nn.runtime.progress import progress

__all__ = ["Curve", "View", "columns_of", "is_one_line", "views_of"]

BAND = (0.05, 0.95)
# A table of more inputs, or of more classes, is looked at along the first.
MAX_INPUTS, MAX_CLASSES = 30, 6
# Of the fit and of the rows that are held against it, of each at most.
MAX_POINTS = 300
# Beyond the rows' range, on each side, of that range.
MARGIN = 0.15
N_VALUES, N_DRAWS = 81, 400
# For partial dependence, which needs a prediction of many rows for every value.
FEWER_VALUES, FEWER_DRAWS, N_ROWS = 25, 150, 100


class Curve(NamedTuple):
    """of: the class whose probability it is, empty for numbers; mean, and the ends of the central 90 % of the
    draws, noise excluded: low, high; and with noise: outer_low, outer_high, None where it has no place. All
    are `[n_values]`."""

    of: str
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    outer_low: np.ndarray | None = None
    outer_high: np.ndarray | None = None


class View(NamedTuple):
    """input: its name; values: `[n_values]`, of categories their levels; curves: one, or one for each class;
    seen, unseen: x and y of rows of the fit and of others `[n_rows, 2]`, none for classes and where it is an
    average; rows: the input's values in the rows `[n_rows]`; dependences: for an average, where it comes
    from."""

    input: str
    values: np.ndarray
    curves: tuple[Curve, ...]
    seen: np.ndarray
    unseen: np.ndarray
    rows: np.ndarray
    dependences: tuple[PartialDependence, ...] = ()

    @property
    def span(self) -> float:
        """How far the mean goes."""
        return max(float(np.ptp(curve.mean)) for curve in self.curves)


def columns_of(data: Dataset) -> dict[str, slice]:
    """Returns the inputs that vary, by name, with their places: a column of categories has several."""
    columns, found, begin = data.scaling.columns, {}, 0
    if columns is None:
        found = {name: slice(place, place + 1) for place, name in enumerate(data.x_names)}
    else:
        for column in columns.inputs:
            found[column.name] = slice(begin, begin + len(column.input_names))
            begin = found[column.name].stop
    return {name: place for name, place in found.items() if np.ptp(data.x[:, place], axis=0).any()}


def is_one_line(data: Dataset) -> bool:
    """Whether there is one input, a number, so that everything can be seen in one picture."""
    return data.x.shape[1] == 1 and len(np.unique(data.x)) > 2


def views_of(result, data: Dataset, training: Dataset | None, *, seed: int) -> list[View]:
    """Returns the views of a result of one target: for one input the prediction along it; for several the
    partial dependence on each, those first along which most changes."""
    if is_one_line(data):
        return [_along_the_line(result, data, training, seed)]
    whole = data if training is None else training
    names = list(columns_of(whole))[:MAX_INPUTS]
    classes = _classes_of(result.model, data)
    views = [
        _average(
            [
                partial_dependence(
                    result,
                    whole,
                    name,
                    seed=seed,
                    n_draws=FEWER_DRAWS,
                    n_values=FEWER_VALUES,
                    n_rows=N_ROWS,
                    of_class=place,
                )
                for place in classes or {1: ""}
            ],
            list(classes.values()) or [""],
        )
        for name in progress(names, unit="input")
    ]
    return sorted(views, key=lambda view: -view.span)


def _classes_of(model, data):
    """Returns the classes to be looked at, their names by their numbers: of two the second; none if y is a
    number."""
    n_classes = getattr(model.likelihood, "n_classes", 0)
    if not n_classes:
        return {}
    names = data.classes or tuple(map(str, range(n_classes)))
    return {1: names[1]} if n_classes == 2 else dict(list(enumerate(names))[:MAX_CLASSES])


def _average(dependences, names):
    first = dependences[0]
    curves = tuple(
        Curve(name, each.mean, *each.quantiles(BAND)) for name, each in zip(names, dependences, strict=True)
    )
    none = np.empty((0, 2))
    return View(first.input, first.values, curves, none, none, _some(first.rows), tuple(dependences))


def _along_the_line(result, data, training, seed):
    both = [data] if training is None else [training, data]
    column = np.concatenate([each.x[:, 0] for each in both])
    margin = MARGIN * np.ptp(column)
    values = np.linspace(column.min() - margin, column.max() + margin, N_VALUES)
    record = predict_draws(*draws_of(result, N_DRAWS, seed), values[:, None])
    classes = _classes_of(result.model, data)
    none = np.empty((0, 2))
    if classes:
        curves = tuple(
            Curve(name, record.mean[:, place], *np.quantile(record.probabilities[:, :, place], BAND, axis=0))
            for place, name in classes.items()
        )
        return View(data.x_names[0], values, curves, none, none, _some(column))
    inner, outer = (record.quantiles(BAND, with_noise=with_noise) for with_noise in (False, True))
    points = [_some(np.column_stack([each.x[:, 0], each.y])) for each in both]
    seen, unseen = points if training is not None else (none, points[0])
    return View(data.x_names[0], values, (Curve("", record.mean, *inner, *outer),), seen, unseen, column[:0])


def _some(rows):
    chosen = np.linspace(0, len(rows) - 1, min(len(rows), MAX_POINTS)).astype(int)
    return rows[chosen]
