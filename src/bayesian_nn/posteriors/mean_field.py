"""Posterior families: what stands in for the exact posterior, as a function of a flat parameter vector."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bayesian_nn.model.initial_weights import random_networks
from bayesian_nn.model.model import Model
from bayesian_nn.runtime.checks import positive
from bayesian_nn.runtime.tensorflow import tf, tfp

__all__ = ["MeanField", "gaussian_entropy"]

tfd = tfp.distributions


@dataclass(frozen=True)
class MeanField:
    """Independent Gaussians, one per latent, each with its mean and sd.

    The parameter vector `[n_parameters]` is the means, then rho with sd = softplus(rho) (Blundell et al.
    2015, section 3.2).

    initial_std: every latent's starting sd. Start it small: from about 0.8, as in the 2016 post, the noise
    of the weights drowns the data, and the fit ends as a flat line.
    """

    initial_std: float = 0.02
    is_independent: ClassVar[bool] = True

    def __post_init__(self):
        object.__setattr__(self, "initial_std", positive("initial_std", self.initial_std))

    def noise_shape(self, model: Model) -> tuple[int, ...]:
        """Returns the shape of the standard normal noise that makes one draw."""
        return (model.n_latents,)

    def initial(self, model: Model, *, seed: int, n_restarts: int = 1) -> np.ndarray:
        """Returns starting parameters `[n_restarts, n_parameters]`: means N(0, 1 / fan-in) (the usual start
        of a deterministic network), every sd `initial_std`."""
        means = random_networks(model, seed=seed, n_networks=n_restarts)
        return self.parameters(means, np.full_like(means, self.initial_std))

    def parameters(self, mean, std) -> np.ndarray:
        """Returns the parameter vectors `[..., n_parameters]` with these means and sds `[..., n_latents]`."""
        # log(exp(std) - 1), without the overflow of exp.
        return np.concatenate([mean, std + np.log(-np.expm1(-std))], axis=-1).astype(np.float32)

    def distribution(self, parameters) -> tfd.Distribution:
        """Returns the distribution over `[n_latents]`, for parameters `[..., n_parameters]`."""
        loc, rho = tf.split(parameters, 2, axis=-1)
        return tfd.Independent(tfd.Normal(loc, tf.math.softplus(rho)), 1)

    def draw(self, parameters, noise):
        """Returns latents `[..., n_draws, n_latents]`: parameters `[..., n_parameters]` applied to standard
        normal noise `[..., n_draws, n_latents]`."""
        loc, rho = tf.split(tf.convert_to_tensor(parameters), 2, axis=-1)
        return loc[..., None, :] + tf.math.softplus(rho)[..., None, :] * noise

    def marginals(self, parameters):
        """Returns the latents' means and variances, each `[..., n_latents]`."""
        loc, rho = tf.split(tf.convert_to_tensor(parameters), 2, axis=-1)
        return loc, tf.math.softplus(rho) ** 2

    def entropy(self, parameters):
        """Returns -E[log q(w)] `[...]` in nats."""
        _, rho = tf.split(tf.convert_to_tensor(parameters), 2, axis=-1)
        return gaussian_entropy(tf.reduce_sum(tf.math.log(tf.math.softplus(rho)), axis=-1), rho.shape[-1])


def gaussian_entropy(half_log_determinant, n_latents: int):
    """Returns the entropy `[...]` in nats of Gaussians over `n_latents` latents, from half the logarithm of
    their covariances' determinants."""
    return half_log_determinant + 0.5 * n_latents * math.log(2 * math.pi * math.e)
