"""Objectives whose noise differs from observation to observation: local reparameterisation and Flipout."""

from collections.abc import Callable
from dataclasses import dataclass

from bayesian_nn.model.log_joint import log_densities
from bayesian_nn.model.model import Model
from bayesian_nn.model.network import activation_of, layer_views, product
from bayesian_nn.model.observations import Observations
from bayesian_nn.objectives.elbo import ElboParts, analytic_kl, batch_weight, tempered
from bayesian_nn.posteriors.family import Family
from bayesian_nn.posteriors.mean_field import MeanField
from bayesian_nn.runtime.checks import instance, positive, whole_number
from bayesian_nn.runtime.tensorflow import tf

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

    def noise_sizes(self, model: Model) -> tuple[int, int]:
        """Returns how many standard normal numbers one draw needs for each observation, and for all of them
        together: one for every unit, and one for every latent that is no weight."""
        return sum(model.layer_sizes[1:]), model.n_latents - model.n_weights

    def noise_shape(self, model: Model, posterior: Family, n_batch: int) -> tuple[int, ...]:
        """Returns the shape of the standard normal noise of one evaluation on `n_batch` observations: theirs,
        one after the other, then what they share."""
        return _noise_shape(self, model, n_batch)

    def __call__(
        self, model: Model, posterior: Family, parameters, noise, observations: Observations, *, n_points=None
    ) -> ElboParts:
        """Returns the `ElboParts` `[...]` for parameters `[..., n_parameters]` and noise `[..., n_draws,
        n_noise]` of `noise_shape`; `n_points` as in `Elbo`."""
        arguments = (model, posterior, parameters, noise, observations, n_points)
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

    def noise_sizes(self, model: Model) -> tuple[int, int]:
        """Returns how many standard normal numbers one draw needs for each observation, and for all of them
        together: one for the sign of every input and output of a layer, and one for every latent."""
        return sum(map(sum, model.layers)), model.n_latents

    def noise_shape(self, model: Model, posterior: Family, n_batch: int) -> tuple[int, ...]:
        """Returns the shape of the standard normal noise of one evaluation on `n_batch` observations: theirs,
        one after the other, then what they share."""
        return _noise_shape(self, model, n_batch)

    def __call__(
        self, model: Model, posterior: Family, parameters, noise, observations: Observations, *, n_points=None
    ) -> ElboParts:
        """Returns the `ElboParts` `[...]` for parameters `[..., n_parameters]` and noise `[..., n_draws,
        n_noise]` of `noise_shape`; `n_points` as in `Elbo`."""
        return _parts(self, flipout_outputs, model, posterior, parameters, noise, observations, n_points)


def locally_reparameterised_outputs(model: Model, mean, std, noise, inputs):
    """Returns the network's outputs `[..., n_draws, n_outputs, n_points]` in its own units, with noise of its
    own at every point, for means and sds `[..., n_latents]` and noise `[..., n_draws, n_noise]`: point by
    point the layers' units, first layer to last; then what no weight needs."""
    mean, std, noise = (tf.convert_to_tensor(part) for part in (mean, std, noise))
    noises = iter(_of_points(noise, [n_out for _, n_out in model.layers], inputs.shape[0]))

    def layer(weights, weight_stds, hidden):
        # The biases are the weights of an input that is 1.
        variance = product(weight_stds[0] ** 2, hidden**2) + weight_stds[1] ** 2
        return product(weights[0], hidden) + weights[1] + tf.sqrt(variance) * next(noises)

    return _through_layers(model, mean, std, inputs, layer)


def flipout_outputs(model: Model, mean, std, noise, inputs):
    """Returns the network's outputs `[..., n_draws, n_outputs, n_points]` in its own units, with signs of its
    own at every point, for means and sds `[..., n_latents]` and noise `[..., n_draws, n_noise]`: point by
    point, layer by layer, what gives the signs of its inputs, then of its outputs; last, that of the
    latents."""
    mean, std, noise = (tf.convert_to_tensor(part) for part in (mean, std, noise))
    signs = tf.where(noise < 0, -tf.ones_like(noise), tf.ones_like(noise))
    signs = iter(_of_points(signs, [n_units for layer in model.layers for n_units in layer], inputs.shape[0]))
    deviations = iter(layer_views(model, noise[..., -model.n_latents :]))

    def layer(weights, weight_stds, hidden):
        of_inputs, of_outputs = next(signs), next(signs)
        turned, biases = (
            std * deviation for std, deviation in zip(weight_stds, next(deviations), strict=True)
        )
        deviation = product(turned, of_inputs * hidden) + biases
        return product(weights[0], hidden) + weights[1] + of_outputs * deviation

    return _through_layers(model, mean, std, inputs, layer)


def _noise_shape(objective, model, n_batch):
    of_each, shared = objective.noise_sizes(model)
    return (objective.n_draws, n_batch * of_each + shared)


def _of_points(noise, sizes, n_points):
    """Returns the points' own part of noise `[..., n_noise]`, as one block `[..., n_units, n_points]` for
    each of the `sizes` n_units."""
    n_own = n_points * sum(sizes)
    rows = tf.reshape(noise[..., :n_own], [*noise.shape[:-1], n_points, sum(sizes)])
    return [tf.linalg.matrix_transpose(part) for part in tf.split(rows, sizes, axis=-1)]


def _through_layers(model, mean, std, inputs, layer: Callable):
    # As in `network.outputs`, units by points; an axis of draws stands before them.
    hidden = tf.transpose(tf.cast(inputs, mean.dtype))
    layers = zip(*(layer_views(model, part[..., None, :]) for part in (mean, std)), strict=True)
    for index, (weights, weight_stds) in enumerate(layers):
        hidden = layer(weights, weight_stds, hidden)
        if index < len(model.layers) - 1:
            hidden = activation_of(model)(hidden)
    return hidden


def _parts(objective, outputs_of, model, posterior, parameters, noise, observations, n_points):
    mean, std = _moments(objective, posterior, parameters)
    outputs = outputs_of(model, mean, std, noise, observations.inputs)
    # A latent that is no weight is drawn as ever; its noise is the last.
    first = noise.shape[-1] - (model.n_latents - model.n_weights)
    others = mean[..., None, model.n_weights :] + std[..., None, model.n_weights :] * noise[..., first:]
    values = log_densities(model, outputs, others, observations)
    expected = tf.reduce_mean(observations.total(values, axis=-1), axis=-1)
    kl = analytic_kl(model, posterior, parameters)
    return tempered(batch_weight(observations, n_points) * expected, kl, objective.kl_weight)


def _moments(objective, posterior, parameters):
    """Returns the means and the sds of the latents, each `[..., n_latents]`."""
    name = type(objective).__name__
    remedy = f"{name} needs independent Gaussians; for other families climb an Elbo."
    instance("posterior", posterior, MeanField, remedy)
    gaussian = posterior.distribution(tf.convert_to_tensor(parameters))
    return gaussian.mean(), gaussian.stddev()


def _check(objective):
    object.__setattr__(objective, "n_draws", whole_number("n_draws", objective.n_draws))
    object.__setattr__(objective, "kl_weight", positive("kl_weight", objective.kl_weight))
