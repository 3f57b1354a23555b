"""Laplace's approximation: a Gaussian at the posterior's mode, as curved as the posterior is there."""

from dataclasses import dataclass

import numpy as np

from bayesian_nn.data.images import LabelledImages
from bayesian_nn.data.tables import Dataset
from bayesian_nn.likelihoods.noises import learned_noises
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import check_data, observe
from bayesian_nn.model.prior_terms import gaussian_prior, require_mode
from bayesian_nn.modes.curvature import MOST_TO_GAIN, free_latents, inverse_root, newton_gain, precision
from bayesian_nn.modes.height import height_of
from bayesian_nn.modes.map_estimate import MapEstimate
from bayesian_nn.runtime.checks import finite_numbers, whole_number, yes_or_no
from bayesian_nn.runtime.random_streams import LAPLACE, generator
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["Laplace", "fit_laplace"]


@dataclass(frozen=True, eq=False)
class Laplace:
    """The Gaussian N(mode, covariance) over the latents.

    mode: `[n_latents]`; free: which latents vary `[n_free]`, the others staying at the mode; scale: the upper
    triangular root of their covariance, scale scaleᵀ, `[n_free, n_free]`, or of a diagonal one the sds
    `[n_free]`; log_evidence: Laplace's estimate of log p(y | x) in nats. It counts one mode: the same network
    with its hidden units swapped, or their signs, is another mode as good, and counting those too would add
    the same to all models of the same layers.
    """

    model: Model
    mode: np.ndarray
    free: np.ndarray
    scale: np.ndarray
    log_evidence: float

    @property
    def std(self) -> np.ndarray:
        """The sd of every latent `[n_latents]`, zero for those that do not vary."""
        stds = np.zeros(len(self.mode))
        stds[self.free] = self.scale if self.scale.ndim == 1 else np.linalg.norm(self.scale, axis=1)
        return stds

    @property
    def covariance(self) -> np.ndarray:
        """The covariance of the latents that vary `[n_free, n_free]`."""
        return np.diag(self.scale**2) if self.scale.ndim == 1 else self.scale @ self.scale.T

    def deviations(self, n_draws: int, *, seed: int) -> np.ndarray:
        """Returns how far draws of the latents that vary lie from the mode `[n_draws, n_free]`."""
        shape = whole_number("n_draws", n_draws), len(self.free)
        noise = generator(seed, LAPLACE, 0).standard_normal(shape)
        return noise * self.scale if self.scale.ndim == 1 else noise @ self.scale.T

    def draw(self, n_draws: int, *, seed: int) -> np.ndarray:
        """Returns draws of the latents `[n_draws, n_latents]`. What the network makes of them is often far
        worse than `predict_linearised`, for the Gaussian reaches to where the network is no longer linear."""
        deviations = self.deviations(n_draws, seed=seed)
        draws = np.repeat(self.mode[None], len(deviations), axis=0)
        draws[:, self.free] += deviations
        return draws


def fit_laplace(
    model: Model,
    data: Dataset | LabelledImages,
    estimate,
    *,
    diagonal: bool = False,
    last_layer: bool = False,
) -> Laplace:
    """Returns the `Laplace` at a mode: a `MapEstimate`'s best, or latents `[n_latents]`.

    Its precision is `precision`, or that matrix's diagonal alone, in the memory of a diagonal: the Gaussian
    is then exact in no direction, and too narrow where latents are correlated. last_layer: only the weights
    of the last layer vary, and what the likelihood does not know; all others stay at the mode (Kristiadi et
    al. 2020, "Being Bayesian, even just a bit, fixes overconfidence in ReLU networks"). MacKay 1992, "A
    practical Bayesian framework for backpropagation networks", section 2; Immer et al. 2021, "Improving
    predictions of Bayesian neural nets via local linearization", section 2. Raises ValueError for latents
    that are not at a mode, and for a prior that is not Gaussian.
    """
    check_data(model, data)
    require_mode(model, "fit_laplace")
    gaussian_prior(model, "fit_laplace")
    mode = finite_numbers("estimate", estimate.mode if isinstance(estimate, MapEstimate) else estimate)
    if mode.shape != (model.n_latents,):
        raise ValueError(
            f"estimate must be a MapEstimate of this model, or latents [{model.n_latents}]; "
            f"got shape {list(mode.shape)}."
        )
    diagonal, last_layer = yes_or_no("diagonal", diagonal), yes_or_no("last_layer", last_layer)
    free = free_latents(model, last_layer)
    observations = observe(model, data, tf.float64)
    matrix = precision(
        model,
        mode,
        observations.inputs,
        weights=observations.weights,
        diagonal=diagonal,
        last_layer=last_layer,
    )
    scale = inverse_root(matrix)
    log_volume = np.sum(np.log(scale if diagonal else np.diag(scale)))
    height, gradient = height_of(model, observations)(mode)
    to_gain = newton_gain(scale, gradient[free])
    if to_gain > MOST_TO_GAIN:
        raise ValueError(_no_mode(model, estimate, to_gain))
    return Laplace(model, mode, free, scale, height + 0.5 * len(free) * np.log(2 * np.pi) + log_volume)


def _no_mode(model, estimate, to_gain):
    start = "estimate.mode[None]" if isinstance(estimate, MapEstimate) else "estimate[None]"
    noise = (
        " With a noise that is learned the joint mode has too small a noise, or there is none: fit the noise "
        "first, with bnn.modes.fit_noise(model, data, seed=...)."
    )
    return (
        f"estimate is not at a mode: a step up would gain {to_gain:.2g} nats. Climb to one with "
        f"find_map(model, data, seed=..., n_restarts=1, start={start}, n_steps=0)."
        f"{noise if learned_noises(model.likelihood) else ''}"
    )
