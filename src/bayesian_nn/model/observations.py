"""What inference starts with: data that fit the model, in its units."""

import numpy as np

from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.model import Model
from bayesian_nn.runtime.checks import finite_numbers, instance, whole_number

__all__ = ["as_points", "check_data", "checked_batch_size", "in_network_units"]


def check_data(model: Model, data: Dataset) -> None:
    """Raises ValueError for anything that is not a model and data for it."""
    remedy = "Make one as in Model((1, 10, 10, 1), noise_std=0.1); for a Classifier there is fit_classifier."
    instance("model", model, Model, remedy)
    instance("data", data, Dataset, "Make one of arrays with dataset(x, y).")
    n_inputs = data.x.shape[1]
    if n_inputs != model.layer_sizes[0]:
        raise ValueError(
            f"The data have {n_inputs} inputs and the model {model.layer_sizes[0]}: "
            f"layer_sizes must begin with {n_inputs}."
        )


def checked_batch_size(batch_size, data: Dataset) -> int | None:
    """Returns the observations per step, None for all. Raises ValueError for more than there are."""
    if batch_size is not None and whole_number("batch_size", batch_size) > data.n_points:
        raise ValueError(f"batch_size must be at most {data.n_points}, the observations; got {batch_size}.")
    return batch_size


def in_network_units(model: Model, data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Returns the data's inputs `[n_points, n_inputs]` and targets `[n_points]` in the model's units. Raises
    ValueError for anything that is not a model and data for it."""
    check_data(model, data)
    return model.inputs(data.x), model.targets(data.y)


def as_points(model: Model, x, *, argument: str = "x") -> np.ndarray:
    """Returns x `[n_points]` or `[n_points, n_inputs]` as `[n_points, n_inputs]`. Raises ValueError for
    anything else, under the name that the caller has for it."""
    x = finite_numbers(argument, x)
    x = x[:, None] if x.ndim == 1 else x
    n_inputs = model.layer_sizes[0]
    if x.ndim != 2 or x.shape[1] != n_inputs or not len(x):
        raise ValueError(f"{argument} must be [n_points, {n_inputs}] for this model; got {list(x.shape)}.")
    return x
