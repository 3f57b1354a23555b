"""The full-covariance Gaussian family: every latent may vary together with every other."""

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from bayesian_nn.model.model import Model
from bayesian_nn.posteriors.mean_field import MeanField, gaussian_entropy
from bayesian_nn.runtime.checks import finite_numbers, positive
from bayesian_nn.runtime.tensorflow import tf, tfp

__all__ = ["FullCovariance"]

tfd = tfp.distributions


@dataclass(frozen=True)
class FullCovariance:
    """One Gaussian over all latents, with any covariance.

    The covariance is S T Tᵀ S: S are sds, as in `MeanField`; T is lower triangular with ones on its diagonal.
    Below it T holds optimised entries divided by √n_latents, so that one optimizer step of a whole row moves
    its norm no further than one entry's. Without that the sds double before anything is learned, and the
    post's network ends some 80 nats lower after 1,000 steps.

    The parameter vector `[n_parameters]` is the means, then the triangle (`tfp.math.fill_triangular`) with
    rho on its diagonal, S = softplus(rho). It has n_latents · (n_latents + 3) / 2 numbers, for the post's 141
    latents 36 times as many as a mean-field one. Of a run with many restarts keep the end only
    (`record_at=[]`). A Monte Carlo KL, or sticking the landing, solves a triangular system in every step,
    and XLA takes some three times as long.

    initial_std: every latent's starting sd, without correlations; see `MeanField`.
    """

    initial_std: float = 0.02
    is_independent: ClassVar[bool] = False

    def __post_init__(self):
        object.__setattr__(self, "initial_std", positive("initial_std", self.initial_std))

    def noise_shape(self, model: Model) -> tuple[int, ...]:
        """Returns the shape of the standard normal noise that makes one draw."""
        return (model.n_latents,)

    def initial(self, model: Model, *, seed: int, n_restarts: int = 1) -> np.ndarray:
        """Returns starting parameters `[n_restarts, n_parameters]`: the distributions that `MeanField` starts
        from."""
        start = MeanField(self.initial_std).initial(model, seed=seed, n_restarts=n_restarts)
        covariance = self.initial_std**2 * np.eye(model.n_latents)
        return self.parameters(start[:, : model.n_latents], covariance)

    def parameters(self, mean, covariance) -> np.ndarray:
        """Returns the parameter vectors `[..., n_parameters]` with these means `[..., n_latents]` and
        covariances `[..., n_latents, n_latents]`. Raises ValueError for one that is not symmetric and
        positive definite."""
        mean, covariance = np.asarray(mean), finite_numbers("covariance", covariance)
        n_latents = mean.shape[-1]
        # Cholesky's decomposition would read the lower half alone.
        if not np.allclose(covariance, np.swapaxes(covariance, -1, -2), rtol=1e-6):
            raise ValueError("covariance must be symmetric, and this one is not; symmetrise it first.")
        try:
            triangle = np.linalg.cholesky(covariance)
        except np.linalg.LinAlgError:
            raise ValueError(
                "covariance must be positive definite, and this one is not; add a little to its diagonal."
            ) from None
        stds = np.diagonal(triangle, axis1=-2, axis2=-1)
        relative = triangle / stds[..., None] * math.sqrt(n_latents)
        # log(exp(std) - 1), without the overflow of exp.
        rho = stds + np.log(-np.expm1(-stds))
        relative = np.where(np.eye(n_latents, dtype=bool), rho[..., None], relative)
        entries = tfp.math.fill_triangular_inverse(relative).numpy()
        entries = np.broadcast_to(entries, (*mean.shape[:-1], entries.shape[-1]))
        return np.concatenate([mean, entries], axis=-1).astype(np.float32)

    def distribution(self, parameters) -> tfd.Distribution:
        """Returns the distribution over `[n_latents]`, for parameters `[..., n_parameters]`."""
        mean, stds, below = _parts(parameters)
        factor = stds[..., None] * tf.linalg.set_diag(below, tf.ones_like(stds))
        return tfd.MultivariateNormalTriL(mean, factor)

    def draw(self, parameters, noise):
        """Returns latents `[..., n_draws, n_latents]`: parameters `[..., n_parameters]` applied to standard
        normal noise `[..., n_draws, n_latents]`."""
        mean, stds, below = _parts(parameters)
        standard = noise + tf.matmul(noise, below, transpose_b=True)
        return mean[..., None, :] + stds[..., None, :] * standard

    def marginals(self, parameters):
        """Returns the latents' means and variances, each `[..., n_latents]`."""
        mean, stds, below = _parts(parameters)
        return mean, stds**2 * (1 + tf.reduce_sum(below**2, axis=-1))

    def entropy(self, parameters):
        """Returns -E[log q(w)] `[...]` in nats. T's determinant is one."""
        _, stds, _ = _parts(parameters)
        return gaussian_entropy(tf.reduce_sum(tf.math.log(stds), axis=-1), stds.shape[-1])


def _parts(parameters):
    """Returns the means and S `[..., n_latents]`, and T's entries below the diagonal `[..., n_latents,
    n_latents]`, elsewhere zero."""
    parameters = tf.convert_to_tensor(parameters)
    # k = n (n + 3) / 2, solved for n.
    n_latents = (math.isqrt(9 + 8 * parameters.shape[-1]) - 3) // 2
    triangle = tfp.math.fill_triangular(parameters[..., n_latents:])
    rho = tf.linalg.diag_part(triangle)
    below = tf.linalg.set_diag(triangle, tf.zeros_like(rho)) / math.sqrt(n_latents)
    return parameters[..., :n_latents], tf.math.softplus(rho), below
