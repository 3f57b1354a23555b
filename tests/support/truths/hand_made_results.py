"""Results that no method found: draws made by hand, right or wrong on purpose, and data to judge them by."""

from dataclasses import dataclass

import numpy as np

import bayesian_nn as bnn


@dataclass(frozen=True)
class Result:
    """A model, and draws of its latents `[n_draws, n_latents]`, given out in their order."""

    model: bnn.Model
    latents: np.ndarray

    def draw(self, n_draws, *, seed):
        return np.resize(self.latents, (n_draws, self.latents.shape[1]))


def table(x, y):
    """A data set whose inputs are called a, b, c, …"""
    return bnn.dataset(x, y, x_names=list("abcdefghijkl"[: x.shape[1]]))


def regression(seed, *, n_training=100, n_rows=200, n_inputs=4, noise_std=0.5):
    """A Bayesian linear regression's exact posterior, its training rows, and rows that it has not seen: all
    from the prior that it has."""
    random = np.random.default_rng(seed)
    truth = random.normal(size=n_inputs + 1)
    x = random.normal(size=(n_training + n_rows, n_inputs))
    design = np.column_stack([x, np.ones(len(x))])
    y = design @ truth + random.normal(0, noise_std, len(x))
    seen = design[:n_training]
    covariance = np.linalg.inv(seen.T @ seen / noise_std**2 + np.eye(n_inputs + 1))
    mean = covariance @ seen.T @ y[:n_training] / noise_std**2
    latents = random.multivariate_normal(mean, covariance, 400)
    result = Result(bnn.Model((n_inputs, 1), bnn.Gaussian(noise_std)), latents)
    return result, table(x[:n_training], y[:n_training]), table(x[n_training:], y[n_training:])


def drawn(seed, likelihood, *, spread, n_rows=200, n_inputs=4, centre=0.5):
    """Draws of a straight line's latents with any likelihood, and rows that one more such draw made."""
    random = np.random.default_rng(seed)
    model = bnn.Model((n_inputs, likelihood.n_outputs), likelihood)
    centres = random.normal(0, centre, model.n_latents)
    latents = centres + random.normal(0, spread, (401, model.n_latents))
    x = random.normal(size=(n_rows, n_inputs))
    weights = latents[-1, : n_inputs * likelihood.n_outputs].reshape(n_inputs, -1)
    outputs = x @ weights + latents[-1, weights.size : model.n_weights]
    unknowns = [latents[-1, model.n_weights + index] for index in range(len(likelihood.unknowns))]
    y = likelihood.sample(list(outputs.T), unknowns, model.scaling, random)
    return Result(model, latents[:-1]), table(x, y)
