"""Simulation-based calibration: does an inference method find what the model itself has made up?"""

from collections.abc import Callable

import numpy as np

from bayesian_nn.model.log_joint import log_likelihood, network_outputs
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import as_points, in_units
from bayesian_nn.prediction.predict import draw_prior
from bayesian_nn.prediction.targets import targets_of
from bayesian_nn.runtime.checks import finite_numbers, whole_number
from bayesian_nn.runtime.random_streams import CALIBRATION, generator
from bayesian_nn.scores.rank_uniformity import Ranks

__all__ = ["rank_simulations", "simulate"]


def simulate(model: Model, x, *, seed: int, n_simulations: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns latents from the prior `[n_simulations, n_latents]`, and for each of them observations
    `[n_simulations, n_points]` (of several targets `[n_simulations, n_points, n_targets]`) at x `[n_points]`
    or `[n_points, n_inputs]`, noise included, in y's units."""
    latents = draw_prior(model, whole_number("n_simulations", n_simulations), seed=seed)
    outputs = network_outputs(model, latents, as_points(model, x))
    y = targets_of(model, outputs, latents, generator(seed, CALIBRATION, 0))
    return latents, y


def rank_simulations(
    model: Model,
    x,
    infer: Callable[[np.ndarray, int], np.ndarray],
    *,
    seed: int,
    n_simulations: int,
    at,
) -> Ranks:
    """Returns the ranks of what is true in simulated data among the draws of their posteriors: uniform for
    every quantity if `infer` draws from the posterior (Talts et al. 2018, theorem 1).

    x: where each data set is observed, `[n_points]` or `[n_points, n_inputs]`. infer: from observations
    `[n_simulations, n_points]` in y's units, and a seed, to draws of the latents `[n_simulations, n_draws,
    n_latents]`, all data sets at once; of a Markov chain keep every k-th draw only, for near draws are alike,
    which itself makes the ranks uneven. at: where f is ranked, as x.

    Weights are not ranked: a network is the same with its units in another order. Besides f it is the
    log-likelihood of the data, which notices a posterior that has forgotten them (Modrák et al. 2023).
    """
    x, at = as_points(model, x), as_points(model, at, argument="at")
    truth, y = simulate(model, x, seed=seed, n_simulations=n_simulations)
    draws = finite_numbers("the draws of infer", infer(y, seed))
    if draws.ndim != 3 or draws.shape[::2] != truth.shape:
        raise ValueError(
            f"infer must return draws [n_simulations, n_draws, n_latents] = [{len(truth)}, n_draws, "
            f"{model.n_latents}]; got {list(draws.shape)}."
        )
    latents = np.concatenate([truth[:, None], draws], axis=1).astype(np.float32)
    flat, shape = latents.reshape(-1, model.n_latents), latents.shape[:2]
    ranked = network_outputs(model, flat, at).reshape(*shape, -1)
    log_likelihoods = [
        _log_likelihoods(model, of_one, x, each) for of_one, each in zip(latents, y, strict=True)
    ]
    quantities = np.concatenate([ranked, np.stack(log_likelihoods)[..., None]], axis=-1)
    places = [", ".join(f"{value:g}" for value in place) for place in at]
    n_outputs = model.likelihood.n_outputs
    heads = ["f"] if n_outputs == 1 else [f"output {index + 1}" for index in range(n_outputs)]
    names = [f"{head} at {place}" for head in heads for place in places] + ["log-likelihood"]
    ranks = np.sum(quantities[:, 1:] < quantities[:, :1], axis=1)
    return Ranks(ranks, n_draws=draws.shape[1], names=names)


def _log_likelihoods(model, latents, x, y):
    """Returns log p(y | x, w) `[n_draws]` of one data set."""
    observations = in_units(model, model.inputs(x), model.targets(y))
    return log_likelihood(model, latents, observations).numpy()
