"""What inference starts with: data that fit the model, in its units, and the first latents."""

import numpy as np

from bayesian_nn.arguments import finite_numbers, instance, whole_number
from bayesian_nn.data import Dataset
from bayesian_nn.model import Model
from bayesian_nn.posterior import MeanField
from bayesian_nn.streams import checked_seed

__all__ = ["check_data", "checked_batch_size", "first_latents", "in_network_units"]


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


def first_latents(model: Model, start, *, seed: int, counted: str, n_starts: int) -> np.ndarray:
    """Returns where to begin `[n_starts, n_latents]`: `start`, or if that is None the means with which
    `MeanField` begins. counted: what the caller names their number."""
    seed, n_starts = checked_seed(seed), whole_number(counted, n_starts)
    if start is None:
        return MeanField().initial(model, seed=seed, n_restarts=n_starts)[:, : model.n_latents]
    start = finite_numbers("start", start)
    if start.shape != (n_starts, model.n_latents):
        raise ValueError(
            f"start must be [{counted}, n_latents] = [{n_starts}, {model.n_latents}]; "
            f"got {list(start.shape)}."
        )
    return start
