"""What inference starts with: data that fit the model, in its units."""

import warnings
from typing import NamedTuple

import narwhals.stable.v2 as nw
import numpy as np

from bayesian_nn.data.cells import frame_of
from bayesian_nn.data.columns import column_names
from bayesian_nn.data.images import LabelledImages, PixelNorm
from bayesian_nn.data.tables import Dataset, Scaling
from bayesian_nn.likelihoods.one_target import OfRealNumbers
from bayesian_nn.model.model import Model
from bayesian_nn.runtime.checks import finite_numbers, instance, shown, whole_number
from bayesian_nn.runtime.tensorflow import refuse_after_fork, tf

__all__ = [
    "Observations",
    "UnscaledDataWarning",
    "as_points",
    "check_data",
    "checked_batch_size",
    "checked_size",
    "in_units",
    "observe",
    "parts_of",
    "scaling_was_forgotten",
    "warn_if_unscaled",
    "weights_of",
]


class UnscaledDataWarning(UserWarning):
    """The network sees data in units far from its own, in which it can hardly learn."""


class Observations(NamedTuple):
    """Data as the network sees them: all that a compiled program reads of a data set and of its units.

    inputs: `[n_points, n_inputs]`; targets: `[n_points, n_targets]`, or `[n_points, n_targets, n_vectors]`
    where every vector of latents has data of its own; y_scale: one unit of each target in y's units
    `[n_targets]`; weights: how often each point counts `[n_points]`, None for once each.
    """

    inputs: tf.Tensor
    targets: tf.Tensor
    y_scale: tf.Tensor
    weights: tf.Tensor | None = None

    @property
    def n_points(self) -> int:
        return self.inputs.shape[0]

    def rows(self, indices) -> "Observations":
        """Returns the observations of a minibatch."""
        weights = None if self.weights is None else tf.gather(self.weights, indices)
        return Observations(
            tf.gather(self.inputs, indices), tf.gather(self.targets, indices), self.y_scale, weights
        )

    def part(self, points: slice) -> "Observations":
        """Returns the observations of neighbouring rows."""
        weights = None if self.weights is None else self.weights[points]
        return Observations(self.inputs[points], self.targets[points], self.y_scale, weights)

    def total(self, values, *, axis: int):
        """Returns the sum of the points' values, such as log densities, along their axis, the first (0) or
        the last (-1): the one place where an observation counts as often as its weight says."""
        if self.weights is None:
            return tf.reduce_sum(values, axis=axis)
        weights = tf.cast(self.weights, values.dtype)
        weights = weights if axis == -1 else tf.reshape(weights, [-1] + [1] * (values.shape.rank - 1))
        # A point that counts for nothing does so at a density of zero, too.
        return tf.reduce_sum(tf.math.multiply_no_nan(values, weights), axis=axis)


def observe(model: Model, data: Dataset | LabelledImages, dtype=tf.float32) -> Observations:
    """Returns the data's `Observations` in the model's units. Raises ValueError for anything that is not a
    model and data for it."""
    check_data(model, data)
    x, y = parts_of(data)
    return in_units(model, model.inputs(x), model.targets(y), dtype, weights=weights_of(data))


def in_units(model: Model, inputs, targets, dtype=tf.float32, *, weights=None) -> Observations:
    """Returns the `Observations` of inputs and targets that are in the model's units already."""
    y_scale = np.atleast_1d(model.scaling.y_scale)
    y_scale = np.broadcast_to(y_scale, [model.likelihood.n_targets])
    parts = [inputs, targets, y_scale] if weights is None else [inputs, targets, y_scale, weights]
    return Observations(*(tf.constant(np.asarray(part), dtype) for part in parts))


def parts_of(data: Dataset | LabelledImages) -> tuple[np.ndarray, np.ndarray]:
    """Returns the data's inputs and targets, of a table x and y, of images their pixels and labels."""
    return (data.images, data.labels) if isinstance(data, LabelledImages) else (data.x, data.y)


def weights_of(data: Dataset | LabelledImages) -> np.ndarray | None:
    """Returns how often each observation counts `[n_points]`; None for once each."""
    return getattr(data, "weights", None)


def check_data(model: Model, data: Dataset | LabelledImages) -> None:
    """Raises ValueError for anything that is not a model and data for it, and RuntimeError in a process that
    was forked after something had been computed."""
    refuse_after_fork()
    instance("model", model, Model, "Make one as in Model((1, 10, 10, 1), Gaussian(0.1)).")
    if not isinstance(data, Dataset | LabelledImages):
        raise ValueError(
            f"data must be a Dataset or LabelledImages; got {shown(data)}. "
            "Make one of arrays with dataset(x, y)."
        )
    n_inputs = int(np.prod(parts_of(data)[0].shape[1:]))
    if n_inputs != model.layer_sizes[0]:
        raise ValueError(
            f"The data have {n_inputs} inputs and the model {model.layer_sizes[0]}: "
            f"layer_sizes must begin with {n_inputs}."
        )
    _check_names(model.scaling.columns, data)
    n_classes = getattr(model.likelihood, "n_classes", None)
    if isinstance(data, LabelledImages) and n_classes not in (None, data.n_classes):
        raise ValueError(
            f"{data.name} has {data.n_classes} classes and the model {n_classes}: the likelihood must be "
            f"Categorical({data.n_classes}), and layer_sizes end with {data.n_classes}."
        )


def _check_names(columns, data):
    """Raises ValueError for data that have the model's columns, in another order or encoding."""
    if columns is None or not isinstance(data, Dataset) or data.scaling.columns is None:
        return
    names, others = columns.input_names, data.scaling.columns.input_names
    if names != others and set(columns.names) & set(data.scaling.columns.names):
        raise ValueError(
            f"The data's inputs are {column_names(others)} and the model's {column_names(names)}: make data "
            "sets of other rows with dataset(frame, y, like=...), the data set of training."
        )


def warn_if_unscaled(model: Model, data: Dataset | LabelledImages) -> None:
    """Warns with UnscaledDataWarning, in the name of who called an inference method, of a model without a
    scaling for data that need one."""
    if scaling_was_forgotten(model, data):
        message = (
            "The network sees the data as they are, in units far from its own, and can hardly learn from "
            "them: give the model scaling=data.scaling."
        )
        warnings.warn(message, UnscaledDataWarning, stacklevel=3)


def scaling_was_forgotten(model: Model, data: Dataset | LabelledImages) -> bool:
    """Whether the model leaves data as they are that lie far from zero, or spread a factor of ten more or
    less than the network's inputs and outputs should."""
    if not (isinstance(model.scaling, Scaling) and isinstance(data, Dataset)):
        return False
    if np.size(data.scaling.y_shift) != model.likelihood.n_targets:
        # The check of the targets says so.
        return False
    (shifts, scales), usual = _units(model, model.scaling), _units(model, data.scaling)
    if np.any(shifts != 0) or np.any(scales != 1):
        return False
    shifts, scales = usual
    return bool(np.any(np.abs(shifts) > 10) or np.any(scales > 10) or np.any(scales < 0.1))


def _units(model, scaling):
    """Returns the shifts and the scales of the inputs, and of the targets that have units: real numbers,
    unlike classes and counts."""
    parts = getattr(model.likelihood, "parts", (model.likelihood,))
    real = [isinstance(part, OfRealNumbers) for part in parts]
    pairs = zip(scaling[:2], scaling[2:4], strict=True)
    return tuple(np.concatenate([of_x, np.atleast_1d(of_y)[real]]) for of_x, of_y in pairs)


def checked_batch_size(batch_size, data: Dataset | LabelledImages) -> int | None:
    """Returns the observations per step, None for all. Raises ValueError for more than there are."""
    return None if batch_size is None else checked_size(batch_size, len(parts_of(data)[1]))


def checked_size(batch_size, n_points: int) -> int:
    """Returns a minibatch's size. Raises ValueError for more than the `n_points` observations there are."""
    if whole_number("batch_size", batch_size) > n_points:
        raise ValueError(f"batch_size must be at most {n_points}, the observations; got {batch_size}.")
    return batch_size


def as_points(model: Model, x, *, argument: str = "x") -> np.ndarray:
    """Returns x `[n_points]` or `[n_points, ...]`, or a data frame with the columns that the model was
    trained on, as `[n_points, n_inputs]`. Raises ValueError for anything else, under the name that the caller
    has for it."""
    refuse_after_fork()
    x = _encoded(model, x, argument)
    # Pixels are checked where they are brought to one norm, without a copy in double precision.
    x = np.asarray(x) if isinstance(model.scaling, PixelNorm) else finite_numbers(argument, x)
    x = x[:, None] if x.ndim == 1 else x.reshape(len(x), -1) if x.ndim > 1 and len(x) else x
    n_inputs = model.layer_sizes[0]
    if x.ndim != 2 or x.shape[1] != n_inputs or not len(x):
        columns = model.scaling.columns
        remedy = (
            "" if columns is None or len(columns.names) == n_inputs else ", or a data frame with its columns"
        )
        raise ValueError(
            f"{argument} must be [n_points, {n_inputs}] for this model{remedy}; got {list(x.shape)}."
        )
    return x


def _encoded(model, x, argument):
    frame = frame_of(x)
    if frame is None:
        return x
    columns = model.scaling.columns
    if isinstance(frame, nw.Series) and (columns is None or len(columns.names) != 1):
        return frame.to_numpy()
    if columns is None:
        raise ValueError(
            f"{argument} is a data frame, and this model knows no names of columns: train it on a data set "
            "made by dataset(frame, y), with scaling=data.scaling, or give an array."
        )
    return columns.encode(frame)
