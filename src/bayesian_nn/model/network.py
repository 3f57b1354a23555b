"""The network: fully connected layers, each a view of one vector of weights and biases."""

import itertools
import math
from collections.abc import Callable, Iterable

from bayesian_nn.runtime.checks import shown, whole_number
from bayesian_nn.runtime.tensorflow import tf

__all__ = [
    "ACTIVATIONS",
    "activation_of",
    "checked_activation",
    "checked_sizes",
    "hidden_units",
    "layer_views",
    "layers_of",
    "n_weights_of",
    "outputs",
    "product",
]

ACTIVATIONS = {
    "tanh": tf.math.tanh,
    "relu": tf.nn.relu,
    "sigmoid": tf.math.sigmoid,
    "softplus": tf.math.softplus,
    "elu": tf.nn.elu,
    "gelu": tf.nn.gelu,
    "silu": tf.nn.silu,
    "sin": tf.math.sin,
}


def layers_of(layer_sizes: tuple[int, ...]) -> list[tuple[int, int]]:
    """Returns the layers' `(n_in, n_out)`, first to last."""
    return list(itertools.pairwise(layer_sizes))


def n_weights_of(layer_sizes: tuple[int, ...]) -> int:
    """Returns the number of weights and biases."""
    return sum((n_in + 1) * n_out for n_in, n_out in layers_of(layer_sizes))


def outputs(model, latents, inputs):
    """Returns all the outputs of the network `[..., n_outputs, n_points]` in its own units, for latents
    `[..., n_latents]` and `inputs` `[n_points, n_inputs]` in those units too."""
    latents = tf.convert_to_tensor(latents)
    *_, (weights, biases) = layer_views(model, latents)
    return product(weights, hidden_units(model, latents, inputs)) + biases


def hidden_units(model, latents, inputs):
    """Returns the units that the last layer reads `[..., n_units, n_points]`; arguments as those of
    `outputs`."""
    latents = tf.convert_to_tensor(latents)
    # Units by points, [..., n_units, n_points]: XLA's loop is a third faster than with points by units.
    hidden = tf.transpose(tf.cast(inputs, latents.dtype))
    for weights, biases in layer_views(model, latents)[:-1]:
        hidden = activation_of(model)(product(weights, hidden) + biases)
    return hidden


def layer_views(model, vectors) -> list[tuple]:
    """Returns for each layer the parts of vectors `[..., n_latents]`: that of its weights `[..., n_in,
    n_out]`, that of its biases `[..., n_out, 1]`."""
    shapes = [shape for n_in, n_out in model.layers for shape in ((n_in, n_out), (n_out, 1))]
    sizes = [math.prod(shape) for shape in shapes]
    leading = [tf.shape(vectors)[i] if n is None else n for i, n in enumerate(vectors.shape[:-1])]
    # Split at once: the gradient of so many slices would be as many vectors of full length, added up. What
    # is no weight comes last.
    *parts, _ = tf.split(vectors, [*sizes, vectors.shape[-1] - sum(sizes)], axis=-1)
    views = [tf.reshape(part, [*leading, *shape]) for part, shape in zip(parts, shapes, strict=True)]
    return list(zip(views[::2], views[1::2], strict=True))


def product(weights, hidden):
    """Returns `[..., n_out, n_points]`, of weights `[..., n_in, n_out]` and units `[..., n_in, n_points]`."""
    if weights.shape[-2] == 1:
        # An outer product: XLA turns a matrix product with an inner size of one into a slow call.
        return tf.linalg.matrix_transpose(weights) * hidden
    return tf.matmul(weights, hidden, transpose_a=True)


def checked_sizes(layer_sizes, example: str) -> tuple[int, ...]:
    """Returns the layers' sizes as ints. Raises ValueError for anything but two or more whole numbers."""
    sizes = tuple(layer_sizes) if isinstance(layer_sizes, Iterable) else ()
    if len(sizes) < 2:
        raise ValueError(
            f"layer_sizes must name at least the inputs and the output, as in {example}; "
            f"got {shown(layer_sizes)}."
        )
    return tuple(whole_number(f"layer_sizes[{i}]", size) for i, size in enumerate(sizes))


def checked_activation(activation: str | Callable) -> str | Callable:
    """Returns an activation as it was given. Raises ValueError for a name that is not one of `ACTIVATIONS`,
    for anything else that is not a function, and for a function that does not make of a tensor another of its
    shape and type, such as NumPy's."""
    known = isinstance(activation, str) and activation in ACTIVATIONS
    if not known and (isinstance(activation, str | type) or not callable(activation)):
        raise ValueError(
            f"activation must be one of {', '.join(ACTIVATIONS)}, or a function of a tensor; "
            f"got {shown(activation)}."
        )
    if not known:
        _check_function(activation)
    return activation


def _check_function(activation):
    # A tensor without numbers, as in a compiled program.
    with tf.Graph().as_default():
        units = tf.zeros([2, 3], tf.float64)
        try:
            made = activation(units)
        except (TypeError, ValueError, AttributeError, NotImplementedError) as error:
            raise ValueError(
                f"activation must take a tensor, and {_name_of(activation)} does not ({error}). {_MADE_OF}"
            ) from error
    if not tf.is_tensor(made) or made.shape != units.shape or made.dtype != units.dtype:
        raise ValueError(
            f"activation must return a tensor of the shape and type of its argument, {units.dtype.name} "
            f"{units.shape}; {_name_of(activation)} returned {shown(made)}. {_MADE_OF}"
        )


def _name_of(function):
    return getattr(function, "__name__", shown(function))


_MADE_OF = "Make it of TensorFlow's functions, as in lambda units: tf.math.tanh(units) ** 3."


def activation_of(model) -> Callable:
    """Returns the model's activation as a function of a tensor."""
    return ACTIVATIONS[model.activation] if isinstance(model.activation, str) else model.activation
