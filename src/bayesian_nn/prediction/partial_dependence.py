"""How the average prediction goes with one of many inputs."""

from dataclasses import dataclass

import numpy as np

from bayesian_nn.data.tables import Dataset
from bayesian_nn.prediction.predict import checked_draws, predict_draws
from bayesian_nn.runtime.checks import instance, shown, whole_number

__all__ = ["PartialDependence", "partial_dependence"]


@dataclass(frozen=True)
class PartialDependence:
    """The prediction, averaged over rows, as one input runs over its range and all others stay as they are.

    input: its name; values: `[n_values]`, in original units; draws: what every draw of the weights predicts,
    in y's units, without noise `[n_draws, n_values]`; quantity: the name of what is predicted; rows: the
    input's values in the data `[n_points]`.
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
    inference method returned on one input, a name or a number from 0.

    The input takes `n_values` values from its lowest in the data to its highest, or those it has, if they are
    fewer; the others take those of `n_rows` rows, evenly spread over the data. Where inputs go together, some
    of these rows are far from any in the data: the band says so only as far as the result does. target: of
    several, a number from 0; of_class: of classes, the one whose probability it is.
    """
    instance("data", data, Dataset, "Partial dependence is on an input of a table.")
    index = _index_of(input, data)
    model, latents = checked_draws(result, n_draws, seed)
    column = data.x[:, index]
    values = np.unique(column)
    if len(values) > whole_number("n_values", n_values, at_least=2):
        values = np.linspace(values[0], values[-1], n_values)
    chosen = np.linspace(0, data.n_points - 1, min(whole_number("n_rows", n_rows), data.n_points)).astype(int)
    x = data.x[chosen].copy()
    averages = []
    for value in values:
        x[:, index] = value
        of_draws, quantity = _of_draws(predict_draws(model, latents, x), data.y_name, target, of_class)
        averages.append(of_draws.mean(axis=1))
    return PartialDependence(
        data.x_names[index], values, np.stack(averages, axis=1), quantity, rows=column.copy()
    )


def _index_of(input, data):
    if isinstance(input, str):
        if input not in data.x_names:
            raise ValueError(f"input must be one of {', '.join(data.x_names)}; got {input!r}.")
        return data.x_names.index(input)
    if input not in range(data.x.shape[1]):
        raise ValueError(f"input must be a name, or from 0 to {data.x.shape[1] - 1}; got {shown(input)}.")
    return int(input)


def _of_draws(record, name, target, of_class):
    """Returns the mean of y under each draw `[n_draws, n_points]`, and its name."""
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
        return record.probabilities[:, :, of_class], f"probability of {name} = {of_class}"
    return record.rates if hasattr(record, "rates") else record.draws, str(name)
