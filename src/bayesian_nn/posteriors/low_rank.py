"""The low-rank Gaussian family: independent latents, and a few directions in which they vary together."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bayesian_nn.model.model import Model
from bayesian_nn.posteriors.mean_field import MeanField, gaussian_entropy
from bayesian_nn.runtime.checks import positive, whole_number
from bayesian_nn.runtime.tensorflow import tf, tfp

__all__ = ["LowRank"]

tfd = tfp.distributions


@dataclass(frozen=True)
class LowRank:
    """One Gaussian over all latents, its covariance a diagonal plus a matrix of rank `rank` (Ong, Nott and
    Smith 2018).

    The covariance is S (I + V Vᵀ) S: S are sds, as in `MeanField`; V `[n_latents, rank]` holds optimised
    entries divided by √rank, so that one optimizer step moves a latent's sd no further than one entry would.
    The parameter vector `[n_parameters]` is the means, rho with S = softplus(rho), then V's entries row by
    row: (2 + rank) · n_latents numbers.

    rank: the number of directions; n_latents - 1 of them can make any covariance. initial_std: every latent's
    starting sd, without correlations; see `MeanField`.
    """

    rank: int = 10
    initial_std: float = 0.02
    is_independent: ClassVar[bool] = False

    def __post_init__(self):
        object.__setattr__(self, "rank", whole_number("rank", self.rank))
        object.__setattr__(self, "initial_std", positive("initial_std", self.initial_std))

    def noise_shape(self, model: Model) -> tuple[int, ...]:
        """Returns the shape of the standard normal noise that makes one draw: a number for each latent, then
        one for each direction."""
        return (model.n_latents + self.rank,)

    def initial(self, model: Model, *, seed: int, n_restarts: int = 1) -> np.ndarray:
        """Returns starting parameters `[n_restarts, n_parameters]`: the distributions that `MeanField` starts
        from. The noise of the first step tells the directions apart."""
        start = MeanField(self.initial_std).initial(model, seed=seed, n_restarts=n_restarts)
        mean = start[:, : model.n_latents]
        std = np.full_like(mean, self.initial_std)
        return self.parameters(mean, std, np.zeros((*mean.shape, self.rank)))

    def parameters(self, mean, std, factor) -> np.ndarray:
        """Returns the parameter vectors `[..., n_parameters]` with these means `[..., n_latents]` and the
        covariances diag(std²) + factor factorᵀ, for std `[..., n_latents]` and factor `[..., n_latents,
        rank]`. Raises ValueError for a factor of another shape."""
        std, factor = np.asarray(std), np.asarray(factor)
        if factor.shape != (*std.shape, self.rank):
            raise ValueError(
                f"factor must be {[*std.shape, self.rank]}, a row of rank {self.rank} for each of the sds; "
                f"got {list(factor.shape)}."
            )
        means_and_rhos = MeanField().parameters(mean, std)
        entries = math.sqrt(self.rank) * factor / std[..., None]
        entries = entries.reshape(*means_and_rhos.shape[:-1], -1).astype(np.float32)
        return np.concatenate([means_and_rhos, entries], axis=-1)

    def distribution(self, parameters) -> tfd.Distribution:
        """Returns the distribution over `[n_latents]`, for parameters `[..., n_parameters]`."""
        mean, stds, directions = self._parts(parameters)
        return tfd.MultivariateNormalDiagPlusLowRankCovariance(mean, stds**2, stds[..., None] * directions)

    def draw(self, parameters, noise):
        """Returns latents `[..., n_draws, n_latents]`: parameters `[..., n_parameters]` applied to standard
        normal noise `[..., n_draws, n_latents + rank]`."""
        mean, stds, directions = self._parts(parameters)
        own, shared = noise[..., : -self.rank], noise[..., -self.rank :]
        standard = own + tf.matmul(shared, directions, transpose_b=True)
        return mean[..., None, :] + stds[..., None, :] * standard

    def marginals(self, parameters):
        """Returns the latents' means and variances, each `[..., n_latents]`."""
        mean, stds, directions = self._parts(parameters)
        return mean, stds**2 * (1 + tf.reduce_sum(directions**2, axis=-1))

    def entropy(self, parameters):
        """Returns -E[log q(w)] `[...]` in nats."""
        _, stds, directions = self._parts(parameters)
        # |I + V Vᵀ| = |I + Vᵀ V|, a matrix of `rank` rows only.
        small = tf.matmul(directions, directions, transpose_a=True)
        small += tf.eye(self.rank, dtype=small.dtype)
        diagonal = tf.linalg.diag_part(tf.linalg.cholesky(small))
        half_log_determinant = sum(tf.reduce_sum(tf.math.log(values), axis=-1) for values in (stds, diagonal))
        return gaussian_entropy(half_log_determinant, stds.shape[-1])

    def _parts(self, parameters):
        """Returns the means and S `[..., n_latents]`, and V `[..., n_latents, rank]`."""
        parameters = tf.convert_to_tensor(parameters)
        n_latents = parameters.shape[-1] // (2 + self.rank)
        mean, rho, entries = tf.split(parameters, [n_latents, n_latents, -1], axis=-1)
        directions = tf.reshape(entries, [*parameters.shape[:-1], n_latents, self.rank])
        return mean, tf.math.softplus(rho), directions / math.sqrt(self.rank)
