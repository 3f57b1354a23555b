"""Objectives whose noise differs from observation to observation: local reparameterisation and Flipout."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from bayesian_nn.arguments import instance, positive, whole_number
from bayesian_nn.backend import tf, tfp
from bayesian_nn.elbo import ElboParts, analytic_kl, batch_weight, tempered
from bayesian_nn.model import ACTIVATIONS, LearnedNoise, Model, observation_std
from bayesian_nn.posterior import MeanField

__all__ = ["Flipout", "LocalReparameterisation", "flipout_outputs", "locally_reparameterised_outputs"]


@dataclass(frozen=True)
class LocalReparameterisation:
    """An ELBO that draws what enters each unit, not the weights: for every observation on its own, from the
    Gaussian that independent Gaussian weights make of it (Kingma, Salimans and Welling 2015, eq. 6).

    Expected value and gradient are those of `Elbo`. The noise is lower, for that of different observations
    averages out; all the more so the larger the batch. For `MeanField` only. n_draws: draws for every
    observation. kl_weight: as in `Elbo`; the KL is analytic.
    """

    n_draws: int = 1
    kl_weight: float = 1.0

    def __post_init__(self):
        _check(self)

    @property
    def analytic_kl(self) -> bool:
        """Yes: no weights are drawn by which to estimate it."""
        return True

    def noise_shape(self, model: Model, posterior: MeanField, n_batch: int) -> tuple[int, ...]:
        """Returns the shape of the standard normal noise of one evaluation on `n_batch` observations."""
        units = n_batch * sum(model.layer_sizes[1:])
        return (self.n_draws, units + isinstance(model.noise_std, LearnedNoise))

    def __call__(
        self, model: Model, posterior: MeanField, parameters, noise, inputs, targets, *, n_points=None
    ) -> ElboParts:
        """Returns the `ElboParts` `[...]` for parameters `[..., n_parameters]` and noise `[..., n_draws,
        n_noise]` of `noise_shape`; `n_points` as in `Elbo`."""
        arguments = (model, posterior, parameters, noise, inputs, targets, n_points)
        return _parts(self, locally_reparameterised_outputs, *arguments)


@dataclass(frozen=True)
class Flipout:
    """An ELBO that draws the weights once for all observations, and turns the signs of their deviations at
    random for each: by a sign for every input of a layer, and one for every output (Wen et al. 2018, eq. 4).

    Expected value and gradient are those of `Elbo`. Of two observations the noise is uncorrelated in any one
    layer, though not independent. For `MeanField` only, whose Gaussians the signs leave as they are; it costs
    two matrix products a layer, and noise for all weights besides. n_draws and kl_weight: as in
    `LocalReparameterisation`.
    """

    n_draws: int = 1
    kl_weight: float = 1.0

    def __post_init__(self):
        _check(self)

    @property
    def analytic_kl(self) -> bool:
        """Yes: every observation has weights of its own, and none are the posterior's draw for all."""
        return True

    def noise_shape(self, model: Model, posterior: MeanField, n_batch: int) -> tuple[int, ...]:
        """Returns the shape of the standard normal noise of one evaluation on `n_batch` observations."""
        return (self.n_draws, n_batch * sum(map(sum, model.layers)) + model.n_latents)

    def __call__(
        self, model: Model, posterior: MeanField, parameters, noise, inputs, targets, *, n_points=None
    ) -> ElboParts:
        """Returns the `ElboParts` `[...]` for parameters `[..., n_parameters]` and noise `[..., n_draws,
        n_noise]` of `noise_shape`; `n_points` as in `Elbo`."""
        return _parts(self, flipout_outputs, model, posterior, parameters, noise, inputs, targets, n_points)


def locally_reparameterised_outputs(model: Model, mean, std, noise, inputs):
    """Returns the network's output `[..., n_draws, n_points]` in its own units, with noise of its own at
    every point, for means and sds `[..., n_latents]` and noise `[..., n_draws, n_noise]`: the layers' units,
    point by point, first layer to last."""
    n_points = inputs.shape[0]
    mean, std, noise = (tf.convert_to_tensor(part) for part in (mean, std, noise))
    noises = iter(_blocks(noise, [(n_out, n_points) for _, n_out in model.layers]))

    def layer(weights, weight_stds, hidden):
        # The biases are the weights of an input that is 1.
        variance = _product(weight_stds[0] ** 2, hidden**2) + weight_stds[1] ** 2
        return _product(weights[0], hidden) + weights[1] + tf.sqrt(variance) * next(noises)

    return _through_layers(model, mean, std, inputs, layer)


def flipout_outputs(model: Model, mean, std, noise, inputs):
    """Returns the network's output `[..., n_draws, n_points]` in its own units, with signs of its own at
    every point, for means and sds `[..., n_latents]` and noise `[..., n_draws, n_noise]`: layer by layer what
    gives the signs of its inputs, then of its outputs, point by point; last, that of the latents."""
    n_points = inputs.shape[0]
    mean, std, noise = (tf.convert_to_tensor(part) for part in (mean, std, noise))
    signs = tf.where(noise < 0, -tf.ones_like(noise), tf.ones_like(noise))
    signs = iter(_blocks(signs, [(n_units, n_points) for layer in model.layers for n_units in layer]))
    deviations = iter(_layers(model, noise[..., -model.n_latents :]))

    def layer(weights, weight_stds, hidden):
        of_inputs, of_outputs = next(signs), next(signs)
        turned, biases = (
            std * deviation for std, deviation in zip(weight_stds, next(deviations), strict=True)
        )
        deviation = _product(turned, of_inputs * hidden) + biases
        return _product(weights[0], hidden) + weights[1] + of_outputs * deviation

    return _through_layers(model, mean, std, inputs, layer)


def _through_layers(model, mean, std, inputs, layer: Callable):
    # As in `model.network`, units by points; an axis of draws stands before them.
    hidden = tf.transpose(tf.cast(inputs, mean.dtype))
    layers = zip(*(_layers(model, part[..., None, :]) for part in (mean, std)), strict=True)
    for index, (weights, weight_stds) in enumerate(layers):
        hidden = layer(weights, weight_stds, hidden)
        if index < len(model.layers) - 1:
            hidden = ACTIVATIONS[model.activation](hidden)
    return hidden[..., 0, :]


def _parts(objective, outputs_of, model, posterior, parameters, noise, inputs, targets, n_points):
    mean, std = _moments(objective, posterior, parameters)
    outputs = outputs_of(model, mean, std, noise, inputs)
    # The log of a learned noise is the last latent, and the last number is its noise.
    last = mean[..., None, -1:] + std[..., None, -1:] * noise[..., -1:]
    scale = model.scaling.y_scale
    likelihood = tfp.distributions.Normal(outputs, observation_std(model, last) / scale)
    log_densities = likelihood.log_prob(tf.cast(targets, outputs.dtype)) - math.log(scale)
    expected = tf.reduce_mean(tf.reduce_sum(log_densities, axis=-1), axis=-1)
    kl = analytic_kl(model, posterior, parameters)
    return tempered(batch_weight(targets, n_points) * expected, kl, objective.kl_weight)


def _moments(objective, posterior, parameters):
    """Returns the means and the sds of the latents, each `[..., n_latents]`."""
    name = type(objective).__name__
    remedy = f"{name} needs independent Gaussians; for other families climb an Elbo."
    instance("posterior", posterior, MeanField, remedy)
    gaussian = posterior.distribution(tf.convert_to_tensor(parameters))
    return gaussian.mean(), gaussian.stddev()


def _layers(model, vectors):
    """Returns for each layer the parts of vectors `[..., n_latents]`: that of its weights `[..., n_in,
    n_out]`, that of its biases `[..., n_out, 1]`."""
    shapes = [shape for n_in, n_out in model.layers for shape in ((n_in, n_out), (n_out, 1))]
    blocks = _blocks(vectors, shapes)
    return list(zip(blocks[::2], blocks[1::2], strict=True))


def _blocks(vectors, shapes):
    """Returns the leading numbers of vectors `[..., n]` as one block `[..., *shape]` for each shape."""
    blocks, start = [], 0
    for shape in shapes:
        size = math.prod(shape)
        part = vectors[..., start : start + size]
        blocks.append(tf.reshape(part, [*vectors.shape[:-1], *shape]))
        start += size
    return blocks


def _product(weights, hidden):
    """Returns `[..., n_out, n_points]`, of weights `[..., n_in, n_out]` and units `[..., n_in, n_points]`."""
    if weights.shape[-2] == 1:
        # As in `model.network`: XLA is slow at a matrix product with an inner size of one.
        return tf.linalg.matrix_transpose(weights) * hidden
    return tf.matmul(weights, hidden, transpose_a=True)


def _check(objective):
    object.__setattr__(objective, "n_draws", whole_number("n_draws", objective.n_draws))
    object.__setattr__(objective, "kl_weight", positive("kl_weight", objective.kl_weight))
