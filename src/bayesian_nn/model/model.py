"""The Bayesian neural network: its layers, the prior on its weights, the likelihood of the data."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bayesian_nn.data.tables import Scaling
from bayesian_nn.model.network import checked_activation, checked_sizes, layers_of, n_weights_of, outputs
from bayesian_nn.runtime.checks import finite_numbers, positive
from bayesian_nn.runtime.tensorflow import tf, tfp

__all__ = [
    "LearnedNoise",
    "Model",
    "curves",
    "draws_in_parts",
    "log_joint",
    "log_likelihood",
    "network",
    "observation_std",
    "prior",
    "prior_stds",
]

tfd = tfp.distributions


class LearnedNoise(NamedTuple):
    """A log-normal prior on the noise sd: log noise_std ~ N(log median, log_std²). median is in y's units."""

    median: float
    log_std: float = 1.0


@dataclass(frozen=True)
class Model:
    """A fully connected network with Gaussian priors of mean 0 on weights and biases, and Gaussian noise.

    layer_sizes: units from input to output, (1, 10, 10, 1) for the post's network; the last is linear.
    activation: of the hidden layers, a key of `ACTIVATIONS`.
    noise_std: sd of y around the network, in y's units; a `LearnedNoise` makes it one more unknown.
    prior_std: the priors' sd, one number for all; or for each layer a pair (of its weights, of its biases).
    scaling: the units the network works in; None leaves data as they are.

    Everything unknown is one vector, the latents `[n_latents]`: layer by layer the weights (input-major),
    then the biases; last, if the noise is learned, log noise_std.
    """

    layer_sizes: tuple[int, ...]
    noise_std: float | LearnedNoise
    activation: str = "tanh"
    prior_std: float | tuple[tuple[float, float], ...] = 1.0
    scaling: Scaling | None = None

    def __post_init__(self):
        sizes = _checked_sizes(self.layer_sizes)
        if isinstance(self.noise_std, LearnedNoise):
            named = self.noise_std._asdict().items()
            noise_std = LearnedNoise(*(positive(f"noise_std.{name}", value) for name, value in named))
        else:
            noise_std = positive("noise_std", self.noise_std)
        scaling = Scaling((0.0,) * sizes[0], (1.0,) * sizes[0]) if self.scaling is None else self.scaling
        # Plain numbers and tuples, so that a model can be a key of the compiled loops and be saved as JSON.
        object.__setattr__(self, "layer_sizes", sizes)
        object.__setattr__(self, "activation", checked_activation(self.activation))
        object.__setattr__(self, "noise_std", noise_std)
        object.__setattr__(self, "prior_std", _checked_prior(self.prior_std, len(sizes) - 1))
        object.__setattr__(self, "scaling", _checked_scaling(scaling, sizes[0]))

    @property
    def n_weights(self) -> int:
        """The number of weights and biases of the network."""
        return n_weights_of(self.layer_sizes)

    @property
    def n_latents(self) -> int:
        """The number of unknowns: `n_weights`, and one more if the noise is learned."""
        return self.n_weights + isinstance(self.noise_std, LearnedNoise)

    @property
    def layers(self) -> list[tuple[int, int]]:
        """The layers' `(n_in, n_out)`, first to last."""
        return layers_of(self.layer_sizes)

    # The change of units is done in double precision, before anything is rounded to the network's own: of a
    # time stamp in seconds, single precision keeps two minutes.

    def inputs(self, x) -> np.ndarray:
        """Returns what the network sees of x `[n_points, n_inputs]`. Raises ValueError for another shape."""
        x, n_inputs = np.asarray(x, np.float64), self.layer_sizes[0]
        # NumPy and the network would broadcast some of them.
        if x.ndim != 2 or x.shape[1] != n_inputs:
            raise ValueError(f"x must be [n_points, {n_inputs}] for this model; got {list(x.shape)}.")
        return (x - self.scaling.x_shift) / self.scaling.x_scale

    def targets(self, y) -> np.ndarray:
        """Returns y `[n_points]` in the network's units."""
        return (np.asarray(y, np.float64) - self.scaling.y_shift) / self.scaling.y_scale

    def in_y_units(self, outputs) -> np.ndarray:
        """Returns outputs of the network `[..., n_points]` in y's units."""
        return self.scaling.y_shift + self.scaling.y_scale * np.asarray(outputs, np.float64)

    def log_densities(self, outputs, latents, targets):
        """Returns the log-likelihood of every point `[..., n_points]` in nats, with all its constants: the
        density of y in its original units, for the network's outputs `[..., 1, n_points]`, latents `[...,
        n_latents]` or what ends as they do, and `targets = self.targets(y)`."""
        scale = self.scaling.y_scale
        likelihood = tfd.Normal(outputs[..., 0, :], observation_std(self, latents) / scale)
        return likelihood.log_prob(tf.cast(targets, outputs.dtype)) - math.log(scale)


def network(model: Model, latents, inputs):
    """Returns the network's output `[..., n_points]` in its own units (`model.in_y_units` converts), for
    latents `[..., n_latents]` and `inputs = model.inputs(x)` `[n_points, n_inputs]`."""
    return outputs(model, latents, inputs)[..., 0, :]


def draws_in_parts(model: Model, n_draws: int, n_points: int, n_vectors: int = 1) -> list[slice]:
    """Returns the slices of `n_draws` draws that go through the network together, for each of `n_vectors`
    parameter vectors."""
    # At most 8 MB a layer, for the cache's sake; 20,000 observations, 50 units and 1,000 draws at once
    # would take 13 GB.
    per_draw = n_vectors * max(n_points * max(model.layer_sizes), model.n_latents)
    length = max(1, 2**21 // per_draw)
    # No draws are one empty part.
    return [slice(begin, begin + length) for begin in range(0, max(1, n_draws), length)]


def curves(model: Model, latents, x) -> np.ndarray:
    """Returns the network's functions `[n_draws, n_points]` in y's units, for latents `[n_draws, n_latents]`
    and x `[n_points, n_inputs]` in original units."""
    inputs = model.inputs(x)
    parts = draws_in_parts(model, len(latents), len(x))
    outputs = np.concatenate([network(model, latents[part], inputs).numpy() for part in parts])
    return model.in_y_units(outputs)


def observation_std(model: Model, latents):
    """Returns the noise sd `[..., 1]` in y's units, for latents `[..., n_latents]`."""
    latents = tf.convert_to_tensor(latents)
    if isinstance(model.noise_std, LearnedNoise):
        return tf.exp(latents[..., -1:])
    return tf.fill([*_leading_shape(latents), 1], tf.constant(model.noise_std, latents.dtype))


def log_likelihood(model: Model, latents, inputs, targets):
    """Returns log p(y | x, latents) `[...]` in nats, summed over the points, with all its constants: the
    density of y in its original units, for `inputs = model.inputs(x)` and `targets = model.targets(y)`."""
    latents = tf.convert_to_tensor(latents)
    return tf.reduce_sum(model.log_densities(outputs(model, latents, inputs), latents, targets), axis=-1)


def prior(model: Model, dtype=tf.float32) -> tfd.Distribution:
    """Returns the prior of the latents, a distribution over `[n_latents]`."""
    loc = np.zeros(model.n_latents)
    scale = prior_stds(model)
    if isinstance(model.noise_std, LearnedNoise):
        loc[-1] = math.log(model.noise_std.median)
    return tfd.Independent(tfd.Normal(tf.constant(loc, dtype), tf.constant(scale, dtype)), 1)


def prior_stds(model: Model) -> np.ndarray:
    """Returns the prior's sd of every latent `[n_latents]`."""
    pairs = (
        model.prior_std
        if isinstance(model.prior_std, tuple)
        else [(model.prior_std,) * 2] * len(model.layers)
    )
    stds = [
        np.repeat(pair, (n_in * n_out, n_out))
        for pair, (n_in, n_out) in zip(pairs, model.layers, strict=True)
    ]
    if isinstance(model.noise_std, LearnedNoise):
        stds.append([model.noise_std.log_std])
    return np.concatenate(stds)


def log_joint(model: Model, latents, inputs, targets):
    """Returns log p(y, latents | x) `[...]` in nats, the unnormalised log posterior: arguments as those of
    `log_likelihood`."""
    latents = tf.convert_to_tensor(latents)
    return log_likelihood(model, latents, inputs, targets) + prior(model, latents.dtype).log_prob(latents)


def _leading_shape(latents):
    return [tf.shape(latents)[i] if n is None else n for i, n in enumerate(latents.shape[:-1])]


def _checked_sizes(sizes):
    sizes = checked_sizes(sizes, "(1, 10, 10, 1)")
    if sizes[-1] != 1:
        raise ValueError(f"layer_sizes must end in 1, the one target y; got {sizes}.")
    return sizes


def _checked_prior(prior_std, n_layers):
    if not isinstance(prior_std, Iterable) or isinstance(prior_std, str):
        return positive("prior_std", prior_std)
    pairs = [tuple(pair) if isinstance(pair, Iterable) else (pair,) for pair in prior_std]
    if len(pairs) != n_layers or any(len(pair) != 2 for pair in pairs):
        raise ValueError(
            f"prior_std must be one number, or {n_layers} pairs (sd of the weights, sd of the biases), one "
            f"for each layer; got {prior_std!r}."
        )
    names = ("weights", "biases")
    return tuple(
        tuple(positive(f"prior_std[{layer}] of {name}", std) for name, std in zip(names, pair, strict=True))
        for layer, pair in enumerate(pairs)
    )


def _checked_scaling(scaling, n_inputs):
    shifts = np.atleast_1d(finite_numbers("scaling.x_shift", scaling.x_shift)).tolist()
    scales = tuple(positive("scaling.x_scale", value) for value in np.atleast_1d(scaling.x_scale))
    if len(shifts) != n_inputs or len(scales) != n_inputs:
        raise ValueError(
            f"scaling has {len(shifts)} shifts and {len(scales)} scales for inputs, "
            f"but layer_sizes begins with {n_inputs}."
        )
    y_shift = float(finite_numbers("scaling.y_shift", scaling.y_shift))
    return Scaling(tuple(shifts), scales, y_shift, positive("scaling.y_scale", scaling.y_scale))
