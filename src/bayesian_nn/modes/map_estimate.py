"""The posterior's mode: maximum a posteriori (MAP) estimates, many restarts at once, the best one exact."""

import sys
import warnings
from dataclasses import dataclass

import numpy as np

from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.initial_weights import first_latents
from bayesian_nn.model.log_joint import log_joint
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import check_data, observe, warn_if_unscaled
from bayesian_nn.model.prior_terms import prior_stds, require_mode
from bayesian_nn.modes.lbfgs import Bottom, minimise
from bayesian_nn.runtime.checks import whole_number
from bayesian_nn.runtime.interrupts import interrupts_held_back
from bayesian_nn.runtime.progress import progress
from bayesian_nn.runtime.random_streams import checked_seed
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.ascent import climb
from bayesian_nn.training.optimizer import Adam

__all__ = ["MapEstimate", "ModeNotReachedWarning", "find_map"]

# L-BFGS's steps, and the multiplications of a weight by a unit that they may take: about a minute.
MOST_STEPS, LEAST_STEPS, WORK = 10_000, 10, 2**35
# Nats per sd of the prior: the slope of a mode, and one that rounding does not explain.
TOLERANCE, STEEP = 1e-4, 1.0


class ModeNotReachedWarning(UserWarning):
    """The steps ended below the top of the posterior."""


@dataclass(frozen=True, eq=False)
class MapEstimate:
    """Modes of the posterior. latents: where every restart ended `[n_restarts, n_latents]`; log_joints:
    log p(y, w) there `[n_restarts]`, in nats; slope: the largest absolute derivative of log p(y, w) at the
    best one, in nats per sd of the prior, zero at a mode; outcome: "finished", or "interrupted" by Ctrl-C.
    The best is climbed to the top all the same; pressed once more, Ctrl-C ends that too."""

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

    n_steps: 0 leaves it all to L-BFGS, which from near a mode goes to no other. It takes 10,000 steps at
    most, and of large data those of about a minute; with a warning, `ModeNotReachedWarning`, if these do not
    suffice. batch_size: observations per step; None is all of them, as L-BFGS has in any case. start: latents
    `[n_restarts, n_latents]` to begin from, by default the means that `MeanField` begins from.
    Of a network with hidden layers it is a mode: others, as good or better, there may be. Raises
    DivergedError if no restart ends finite, or all end far below their starts.
    """
    check_data(model, data)
    require_mode(model, "find_map")
    warn_if_unscaled(model, data)
    latents = first_latents(model, start, seed=seed, counted="n_restarts", n_starts=n_restarts)
    outcome = "finished"
    if whole_number("n_steps", n_steps, at_least=0):
        ascent = climb(
            model,
            latents,
            observe(model, data),
            n_steps=n_steps,
            optimizer=Adam() if optimizer is None else optimizer,
            batch_size=batch_size,
            seed=seed,
        )
        latents, outcome = ascent.latents, ascent.outcome
    latents = latents.astype(np.float64)
    exact = observe(model, data, tf.float64)
    log_joints = log_joint(model, latents, exact).numpy()
    log_joints = np.where(np.isfinite(log_joints), log_joints, -np.inf)
    best = int(np.argmax(log_joints))
    top, interrupted = _top(model, latents[best], exact)
    latents[best], log_joints[best] = top.position * prior_stds(model), -top.value
    slope = float(np.abs(top.gradient).max())
    outcome = "interrupted" if interrupted else outcome
    return MapEstimate(model, latents, log_joints, slope, outcome)


def reached(n_evaluations: int) -> None:
    """Called after every evaluation of L-BFGS: where tests press Ctrl-C."""


def _top(model, latents, observations):
    """Returns the `Bottom` of -log p(y, w) that is reached from `latents`, in units of the prior's sds: where
    these differ, it takes a third of the steps that it takes without; and whether Ctrl-C ended it."""
    scale = prior_stds(model)
    n_steps = int(np.clip(WORK // (observations.n_points * model.n_weights), LEAST_STEPS, MOST_STEPS))
    best, n_evaluations = None, 0

    @tf.function(autograph=False)
    def _compiled_depth(position):
        with tf.GradientTape() as tape:
            tape.watch(position)
            value = -log_joint(model, position * scale, observations)
        return value, tape.gradient(value, position)

    def function(position):
        nonlocal best, n_evaluations
        value, gradient = (part.numpy() for part in _compiled_depth(tf.constant(position)))
        n_evaluations += 1
        if best is None or value < best.value:
            best = Bottom(position, float(value), gradient, n_evaluations)
        bar.update()
        reached(n_evaluations)
        let_through()
        return float(value), gradient

    try:
        with (
            progress(total=n_steps, unit="step", desc="L-BFGS") as bar,
            interrupts_held_back() as let_through,
        ):
            bottom = minimise(function, latents / scale, tolerance=TOLERANCE, n_steps=n_steps)
    except KeyboardInterrupt:
        if best is None:
            raise
        print(
            f"Interrupted after {n_evaluations} steps of L-BFGS; what was reached is kept.",
            file=sys.stderr,
        )
        return best, True
    _warn_below_top(float(np.abs(bottom.gradient).max()), n_evaluations, n_steps)
    return bottom, False


def _warn_below_top(slope, n_evaluations, n_steps):
    if n_evaluations > n_steps and slope > TOLERANCE:
        remedy = (
            "Go on with find_map(model, data, seed=..., n_restarts=1, start=estimate.mode[None], n_steps=0)."
        )
    elif slope > STEEP:
        remedy = (
            "Rounding lets no step go up. Where y hardly varies around the fit, a noise sd that is learned "
            "shrinks without end: give a known one, or use sample_hmc."
        )
    else:
        return
    message = (
        f"L-BFGS did not reach a mode in {n_evaluations - 1} steps: the slope is {slope:.2g} nats per sd of "
        f"the prior. {remedy}"
    )
    warnings.warn(message, ModeNotReachedWarning, stacklevel=4)
