"""The posterior's mode: maximum a posteriori (MAP) estimates, many restarts at once, the best one exact."""

from dataclasses import dataclass

import numpy as np

from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.initial_weights import first_latents
from bayesian_nn.model.log_joint import log_joint
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import check_data, observe, warn_if_unscaled
from bayesian_nn.model.prior_terms import prior_stds, require_mode
from bayesian_nn.modes.lbfgs import minimise
from bayesian_nn.runtime.checks import whole_number
from bayesian_nn.runtime.random_streams import checked_seed
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.ascent import climb
from bayesian_nn.training.optimizer import Adam

__all__ = ["MapEstimate", "find_map"]


@dataclass(frozen=True, eq=False)
class MapEstimate:
    """Modes of the posterior. latents: where every restart ended `[n_restarts, n_latents]`; log_joints:
    log p(y, w) there `[n_restarts]`, in nats; slope: the largest absolute derivative of log p(y, w) at the
    best one, in nats per sd of the prior, zero at a mode; outcome: "finished", or "interrupted" by Ctrl-C,
    after which the best was still climbed to the top."""

    model: Model
    latents: np.ndarray
    log_joints: np.ndarray
    slope: float
    outcome: str = "finished"

    @property
    def best(self) -> int:
        """The restart with the highest density."""
        return int(np.argmax(self.log_joints))

    @property
    def mode(self) -> np.ndarray:
        """The best restart's latents `[n_latents]`."""
        return self.latents[self.best]

    def draw(self, n_draws: int, *, seed: int) -> np.ndarray:
        """Returns the best mode `n_draws` times `[n_draws, n_latents]`: a point has no spread, and the seed
        changes nothing."""
        checked_seed(seed)
        return np.repeat(self.mode[None], whole_number("n_draws", n_draws), axis=0)


def find_map(
    model: Model,
    data: Dataset,
    *,
    seed: int,
    n_steps: int = 3000,
    n_restarts: int = 8,
    optimizer: Adam | None = None,
    batch_size: int | None = None,
    start=None,
) -> MapEstimate:
    """Returns the `MapEstimate` that `n_steps` steps reach from every restart, the best of them then climbed
    to the top in double precision, with L-BFGS.

    batch_size: observations per step; None is all of them, as L-BFGS has in any case. start: latents
    `[n_restarts, n_latents]` to begin from, by default the means that `MeanField` begins from.
    Of a network with hidden layers it is a mode: others, as good or better, there may be. Raises
    DivergedError if no restart ends finite.
    """
    check_data(model, data)
    require_mode(model, "find_map")
    warn_if_unscaled(model, data)
    observations = observe(model, data)
    ascent = climb(
        model,
        first_latents(model, start, seed=seed, counted="n_restarts", n_starts=n_restarts),
        observations,
        n_steps=whole_number("n_steps", n_steps),
        optimizer=Adam() if optimizer is None else optimizer,
        batch_size=batch_size,
        seed=seed,
    )
    latents = ascent.latents.astype(np.float64)
    exact = observe(model, data, tf.float64)
    log_joints = log_joint(model, latents, exact).numpy()
    log_joints = np.where(np.isfinite(log_joints), log_joints, -np.inf)
    best = int(np.argmax(log_joints))
    top = _top(model, latents[best], exact)
    latents[best], log_joints[best] = top.position * prior_stds(model), -top.value
    return MapEstimate(model, latents, log_joints, float(np.abs(top.gradient).max()), ascent.outcome)


def _top(model, latents, observations):
    """Returns the `Bottom` of -log p(y, w) that is reached from `latents`, in units of the prior's sds: where
    these differ, it takes a third of the steps that it takes without."""
    scale = prior_stds(model)

    @tf.function(autograph=False)
    def _compiled_depth(position):
        with tf.GradientTape() as tape:
            tape.watch(position)
            value = -log_joint(model, position * scale, observations)
        return value, tape.gradient(value, position)

    def function(position):
        value, gradient = _compiled_depth(tf.constant(position))
        return float(value), gradient.numpy()

    return minimise(function, latents / scale)
