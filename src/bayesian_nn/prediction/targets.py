"""Draws of y itself, noise included, from what a result predicts."""

import numpy as np

from bayesian_nn.model.log_joint import network_outputs, unknowns_of
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import as_points
from bayesian_nn.prediction.predict import checked_draws
from bayesian_nn.runtime.random_streams import TARGETS, generator

__all__ = ["draw_targets", "targets_of"]


def draw_targets(result, x, *, n_draws: int, seed: int) -> np.ndarray:
    """Returns `n_draws` draws of y at x, each with a draw of the weights of its own `[n_draws, n_points]`, or
    of several targets `[n_draws, n_points, n_targets]`, in original units: what the result says could be
    observed there. The weights are those of `predict` with the same seed."""
    model, latents = checked_draws(result, n_draws, seed)
    outputs = network_outputs(model, latents, as_points(model, x))
    return targets_of(model, outputs, latents, generator(seed, TARGETS, 0))


def targets_of(model: Model, outputs, latents, random: np.random.Generator) -> np.ndarray:
    """Returns a draw of y for each of the draws whose network's outputs are `[n_draws, n_outputs, n_points]`
    and whose latents `[n_draws, n_latents]`."""
    unknowns = [np.asarray(unknown, np.float64) for unknown in unknowns_of(model, np.asarray(latents))]
    return model.likelihood.sample(list(outputs.transpose(1, 0, 2)), unknowns, model.scaling, random)
