"""How the average prediction goes with one of many inputs."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bayesian_nn.data.columns import CategoryColumn
from bayesian_nn.data.tables import Dataset
from bayesian_nn.prediction.parts import draws_of
from bayesian_nn.prediction.predict import predict_draws
from bayesian_nn.runtime.checks import instance, shown, whole_number

__all__ = ["PartialDependence", "partial_dependence"]


@dataclass(frozen=True)
class PartialDependence:
    """The prediction, averaged over rows, as one input runs over its range and all others stay as they are.

    input: its name; values: `[n_values]`, in original units, of categories their levels; draws: what every
    draw of the weights predicts, in y's units, without noise `[n_draws, n_values]`; quantity: the name of
    what is predicted; rows: the input's values in the data `[n_points]`.
    """

    input: str
    values: np.ndarray
    draws: np.ndarray
    quantity: str
    rows: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """The draws' mean `[n_values]`."""
        return self.draws.mean(axis=0)

    def quantiles(self, levels) -> np.ndarray:
        """The draws' quantiles `[n_levels, n_values]`: what is not known of the average, noise excluded."""
        return np.quantile(self.draws, levels, axis=0)


def partial_dependence(
    result,
    data: Dataset,
    input: str | int,
    *,
    seed: int,
    n_draws: int = 200,
    n_values: int = 40,
    n_rows: int = 200,
    target: int = 0,
    of_class: int = 1,
) -> PartialDependence:
    """Returns the partial dependence (Friedman 2001, "Greedy function approximation", section 8.2) of what an
    inference method returned on one input, a name or a number from 0; of a column of categories its name.

    The input takes `n_values` values from its lowest in the data to its highest, or those it has, if they are
    fewer; the others take those of `n_rows` rows, evenly spread over the data. Where inputs go together, some
    of these rows are far from any in the data: the band says so only as far as the result does. target: of
    several, a number from 0; of_class: of classes, the one whose probability it is.
    """
    instance("data", data, Dataset, "Partial dependence is on an input of a table.")
    along = _levels_of(input, data) or _line_of(input, data, whole_number("n_values", n_values, at_least=2))
    model, latents = draws_of(result, n_draws, seed)
    chosen = np.linspace(0, data.n_points - 1, min(whole_number("n_rows", n_rows), data.n_points)).astype(int)
    x = data.x[chosen].copy()
    averages = []
    for setting in along.settings:
        x[:, along.places] = setting
        of_draws, quantity = _of_draws(predict_draws(model, latents, x), data, target, of_class)
        averages.append(of_draws.mean(axis=1))
    return PartialDependence(along.name, along.values, np.stack(averages, axis=1), quantity, along.rows)


class _Along(NamedTuple):
    """An input, its values `[n_values]`, what the model's inputs at some places are for each of them
    `[n_values, n_places]`, and its values in the data `[n_points]`."""

    name: str
    values: np.ndarray
    places: list[int]
    settings: np.ndarray
    rows: np.ndarray


def _levels_of(input, data):
    """Returns a column of categories with the levels that it has in the data; None for another input."""
    columns, begin = data.scaling.columns, 0
    for column in columns.inputs if columns else ():
        places = list(range(begin, begin + len(column.input_names)))
        if isinstance(column, CategoryColumn) and column.name == input:
            marks = data.x[:, places]
            known = np.flatnonzero(marks.any(axis=0))
            words = np.array([name.removeprefix(f"{input}=") for name in column.input_names])
            settings = np.eye(len(places))[known]
            return _Along(input, words[known], places, settings, words[marks.argmax(axis=1)])
        begin += len(places)
    return None


def _line_of(input, data, n_values):
    index = _index_of(input, data)
    column = data.x[:, index]
    values = np.unique(column)
    if len(values) > n_values:
        values = np.linspace(values[0], values[-1], n_values)
    name, places = data.x_names[index], [index]
    # A value is no gap.
    mark = f"{name} missing"
    places += [data.x_names.index(mark)] if mark in data.x_names else []
    settings = np.zeros((len(values), len(places)))
    settings[:, 0] = values
    return _Along(name, values, places, settings, column.copy())


def _index_of(input, data):
    if isinstance(input, str):
        if input not in data.x_names:
            raise ValueError(f"input must be one of {', '.join(data.x_names)}; got {input!r}.")
        return data.x_names.index(input)
    if input not in range(data.x.shape[1]):
        raise ValueError(f"input must be a name, or from 0 to {data.x.shape[1] - 1}; got {shown(input)}.")
    return int(input)


def _of_draws(record, data, target, of_class):
    """Returns the mean of y under each draw `[n_draws, n_points]`, and its name."""
    name = data.y_name
    if hasattr(record, "parts"):
        if target not in range(len(record.parts)):
            raise ValueError(f"target must be from 0 to {len(record.parts) - 1}; got {shown(target)}.")
        record, name = (
            record.parts[target],
            name[target] if isinstance(name, tuple) else f"{name}{target + 1}",
        )
    if hasattr(record, "probabilities"):
        n_classes = record.probabilities.shape[2]
        if of_class not in range(n_classes):
            raise ValueError(f"of_class must be from 0 to {n_classes - 1}; got {shown(of_class)}.")
        named = data.classes[of_class] if data.classes else of_class
        return record.probabilities[:, :, of_class], f"probability of {name} = {named}"
    return record.rates if hasattr(record, "rates") else record.draws, str(name)
