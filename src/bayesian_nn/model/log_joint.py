"""The log joint density of the data and the latents, for latents in the last axis."""

import functools

import numpy as np

from bayesian_nn.model.model import Model
from bayesian_nn.model.network import outputs
from bayesian_nn.model.observations import Observations
from bayesian_nn.model.prior_terms import log_prior
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["draws_in_parts", "log_densities", "log_joint", "log_likelihood", "network_outputs", "unknowns_of"]


def log_densities(model: Model, network_outputs, latents, observations: Observations):
    """Returns the log-likelihood of every point `[..., n_points]` in nats, with all its constants: the
    density of y in its original units, for the network's outputs `[..., n_outputs, n_points]` and latents
    `[..., n_latents]`, or what ends as they do."""
    targets = tf.cast(observations.targets, network_outputs.dtype)
    # Each vector's own targets come after the points.
    targets = tf.transpose(targets, [1, 2, 0] if targets.shape.rank == 3 else [1, 0])
    return model.likelihood.log_density(
        tf.unstack(network_outputs, axis=-2),
        unknowns_of(model, latents),
        tf.unstack(targets, num=model.likelihood.n_targets),
        tf.unstack(tf.cast(observations.y_scale, network_outputs.dtype), num=model.likelihood.n_targets),
    )


def unknowns_of(model: Model, latents) -> list:
    """Returns the likelihood's unknowns, each `[..., 1]`, for latents `[..., n_latents]`, or what ends as
    they do."""
    first = len(model.unknowns)
    return [latents[..., i - first : (i - first + 1) or None] for i in range(len(model.likelihood.unknowns))]


def log_likelihood(model: Model, latents, observations: Observations):
    """Returns log p(y | x, latents) `[...]` in nats, summed over the points, with all its constants: the
    density of y in its original units, for latents `[..., n_latents]`."""
    latents = tf.convert_to_tensor(latents)
    values = log_densities(model, outputs(model, latents, observations.inputs), latents, observations)
    return observations.total(values, axis=-1)


def log_joint(model: Model, latents, observations: Observations):
    """Returns log p(y, latents | x) `[...]` in nats, the unnormalised log posterior, for latents `[...,
    n_latents]`."""
    latents = tf.convert_to_tensor(latents)
    return log_likelihood(model, latents, observations) + log_prior(model, latents)


def draws_in_parts(model: Model, n_draws: int, n_points: int, n_vectors: int = 1) -> list[slice]:
    """Returns the slices of `n_draws` draws that go through the network together, for each of `n_vectors`
    parameter vectors."""
    # At most 8 MB a layer, for the cache's sake; 20,000 observations, 50 units and 1,000 draws at once
    # would take 13 GB.
    per_draw = n_vectors * max(n_points * max(model.layer_sizes), model.n_latents)
    length = max(1, 2**21 // per_draw)
    # No draws are one empty part.
    return [slice(begin, begin + length) for begin in range(0, max(1, n_draws), length)]


def network_outputs(model: Model, latents, x) -> np.ndarray:
    """Returns the network's outputs `[n_draws, n_outputs, n_points]` in its own units, for latents `[n_draws,
    n_latents]` and x `[n_points, n_inputs]` in original units."""
    latents = np.asarray(latents)
    # Beyond single precision an input is infinite; who asks for it hears of it by the outputs.
    with np.errstate(over="ignore"):
        inputs = tf.constant(model.inputs(x).astype(latents.dtype, copy=False))
    parts = draws_in_parts(model, len(latents), len(inputs))
    if len(parts) < max(2, len(latents)):
        return np.concatenate([outputs(model, latents[part], inputs).numpy() for part in parts])
    # So much work for each draw that it is worth a program.
    of_draw = _compiled_outputs(model.program)
    return np.stack([of_draw(tf.constant(draw), inputs).numpy() for draw in latents])


@functools.lru_cache(maxsize=16)
def _compiled_outputs(model):
    @tf.function(autograph=False, reduce_retracing=True)
    def of_draw(latents, inputs):
        return outputs(model, latents, inputs)

    return of_draw
