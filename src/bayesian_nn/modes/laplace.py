"""Laplace's approximation: a Gaussian at the posterior's mode, as curved as the posterior is there."""

from dataclasses import dataclass

import numpy as np

from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.model import LearnedNoise, Model, log_joint, network, observation_std, prior_stds
from bayesian_nn.model.observations import in_network_units
from bayesian_nn.modes.map_estimate import MapEstimate
from bayesian_nn.runtime.checks import finite_numbers, whole_number, yes_or_no
from bayesian_nn.runtime.random_streams import LAPLACE, generator
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["Laplace", "fit_laplace", "jacobian", "precision"]

# Points whose derivatives are taken at once: as many copies of the network see all of them.
PART = 64
# Half of Newton's decrement, in nats: what climbing on would still gain. More than this is no mode.
MOST_TO_GAIN = 0.01


@dataclass(frozen=True, eq=False)
class Laplace:
    """The Gaussian N(mode, covariance) over the latents.

    mode: `[n_latents]`; scale: the upper triangular root of the covariance, scale scaleᵀ, `[n_latents,
    n_latents]`, or of a diagonal one the sds `[n_latents]`; log_evidence: Laplace's estimate of log p(y | x)
    in nats. It counts one mode: the same network with its hidden units swapped, or their signs, is another
    mode as good, and counting those too would add the same to all models of the same layers.
    """

    model: Model
    mode: np.ndarray
    scale: np.ndarray
    log_evidence: float

    @property
    def std(self) -> np.ndarray:
        """The sd of every latent `[n_latents]`."""
        return self.scale if self.scale.ndim == 1 else np.linalg.norm(self.scale, axis=1)

    @property
    def covariance(self) -> np.ndarray:
        """The covariance `[n_latents, n_latents]`."""
        return np.diag(self.scale**2) if self.scale.ndim == 1 else self.scale @ self.scale.T

    def draw(self, n_draws: int, *, seed: int) -> np.ndarray:
        """Returns draws of the latents `[n_draws, n_latents]`. What the network makes of them is often far
        worse than `predict_linearised`, for the Gaussian reaches to where the network is no longer linear."""
        shape = whole_number("n_draws", n_draws), self.model.n_latents
        noise = generator(seed, LAPLACE, 0).standard_normal(shape)
        return self.mode + (noise * self.scale if self.scale.ndim == 1 else noise @ self.scale.T)


def fit_laplace(model: Model, data: Dataset, estimate, *, diagonal: bool = False) -> Laplace:
    """Returns the `Laplace` at a mode: a `MapEstimate`'s best, or latents `[n_latents]`.

    Its precision is `precision`, or that matrix's diagonal alone: the Gaussian is then exact in no direction,
    and too narrow where latents are correlated. MacKay 1992, "A practical Bayesian framework for
    backpropagation networks", section 2; Immer et al. 2021, "Improving predictions of Bayesian neural nets
    via local linearization", section 2. Raises ValueError for latents that are not at a mode.
    """
    inputs, targets = in_network_units(model, data)
    mode = finite_numbers("estimate", estimate.mode if isinstance(estimate, MapEstimate) else estimate)
    if mode.shape != (model.n_latents,):
        raise ValueError(
            f"estimate must be a MapEstimate of this model, or latents [{model.n_latents}]; "
            f"got shape {list(mode.shape)}."
        )
    matrix = precision(model, mode, inputs)
    if yes_or_no("diagonal", diagonal):
        scale = 1 / np.sqrt(np.diag(matrix))
        log_volume = np.sum(np.log(scale))
    else:
        scale = np.linalg.inv(np.linalg.cholesky(matrix)).T
        log_volume = np.sum(np.log(np.diag(scale)))
    height, gradient = _height(model, mode, inputs, targets)
    to_gain = 0.5 * np.sum((scale.T * gradient if diagonal else scale.T @ gradient) ** 2)
    if to_gain > MOST_TO_GAIN:
        raise ValueError(
            f"estimate is not at a mode: a step up would gain {to_gain:.2g} nats. Climb to one with "
            "find_map(model, data, seed=..., n_restarts=1, start=estimate[None])."
        )
    return Laplace(model, mode, scale, height + 0.5 * len(mode) * np.log(2 * np.pi) + log_volume)


def precision(model: Model, latents, inputs) -> np.ndarray:
    """Returns the generalised Gauss-Newton matrix of -log p(y, latents | x) `[n_latents, n_latents]`, for
    latents `[n_latents]` and `inputs = model.inputs(x)`: JᵀJ / noise_std², plus the prior's precision.

    Where the noise is learned, log noise_std has the Fisher information of n_points observations, 2 n_points,
    and none in common with the weights (Kunstner et al. 2019, "Limitations of the empirical Fisher
    approximation", section 3: for other likelihoods' outputs, Gauss-Newton and Fisher are one).
    """
    derivatives = jacobian(model, latents, inputs)
    noise_std = float(observation_std(model, latents)[0]) / model.scaling.y_scale
    matrix = derivatives.T @ derivatives / noise_std**2
    if isinstance(model.noise_std, LearnedNoise):
        matrix[-1, -1] = 2 * len(inputs)
    return matrix + np.diag(prior_stds(model) ** -2.0)


def jacobian(model: Model, latents, inputs) -> np.ndarray:
    """Returns the derivatives `[n_points, n_latents]` of the network's output, in its own units, by the
    latents `[n_latents]`, in float64, at `inputs = model.inputs(x)` `[n_points, n_inputs]`."""
    latents = np.asarray(latents, np.float64)
    parts = []
    for begin in range(0, len(inputs), PART):
        part = inputs[begin : begin + PART]
        # A copy of the latents for each point: the gradient by a copy is the row of its point.
        copies = tf.constant(np.repeat(latents[None], len(part), axis=0))
        with tf.GradientTape() as tape:
            tape.watch(copies)
            own = tf.linalg.trace(network(model, copies, part))
        parts.append(tape.gradient(own, copies).numpy())
    return np.concatenate(parts)


def _height(model, mode, inputs, targets):
    """Returns log p(y, mode) in nats and its gradient `[n_latents]`, in float64."""
    position = tf.constant(mode)
    with tf.GradientTape() as tape:
        tape.watch(position)
        value = log_joint(model, position, inputs, targets)
    return float(value), tape.gradient(value, position).numpy()
