"""The posterior's mode: maximum a posteriori (MAP) estimates, many restarts at once, the best one exact."""

import sys
import warnings
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.initial_weights import first_latents
from bayesian_nn.model.log_joint import log_joint
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import check_data, observe, warn_if_unscaled
from bayesian_nn.model.prior_terms import prior_stds, require_mode
from bayesian_nn.modes.curvature import (
    MOST_TO_GAIN,
    curvature_root,
    effective_parameters,
    newton_gain,
    times,
)
from bayesian_nn.modes.height import height_of
from bayesian_nn.modes.lbfgs import minimise
from bayesian_nn.runtime.checks import whole_number
from bayesian_nn.runtime.interrupts import interrupts_held_back
from bayesian_nn.runtime.progress import progress
from bayesian_nn.runtime.random_streams import checked_seed
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.ascent import climb
from bayesian_nn.training.optimizer import Adam

__all__ = ["MapEstimate", "ModeNotReachedWarning", "SmallNoiseWarning", "find_map"]

# L-BFGS's steps, and the multiplications of a weight by a unit that they may take: about a minute.
MOST_STEPS, LEAST_STEPS, WORK = 20_000, 10, 2**35
# Steps in the same units.
ROUND = 200
# Nats per such unit: the slope of a mode.
TOLERANCE = 1e-6
# The factor by which a noise may lie below that of the evidence.
MOST_TOO_SMALL = 1.4


class ModeNotReachedWarning(UserWarning):
    """The steps ended below the top of the posterior."""


class SmallNoiseWarning(UserWarning):
    """The noise at the joint mode of weights and noise is too small, for the weights have fitted it."""


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

    n_steps: 0 leaves it all to L-BFGS, which from near a mode goes to no other. It takes 20,000 steps at
    most, and of large data those of about a minute; with a warning, `ModeNotReachedWarning`, where a Newton
    step would still gain more than `fit_laplace` lets pass. A noise that is learned along with the weights
    can be far too small at their joint mode: `SmallNoiseWarning` says so, and `fit_noise` has a better one.
    batch_size: observations per step; None is all of them, as L-BFGS has in any case. start: latents
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
    latents[best], log_joints[best] = top.latents, top.value
    slope = float(np.abs(top.gradient * prior_stds(model)).max())
    outcome = "interrupted" if interrupted else outcome
    if not interrupted and not _warn_of_small_noise(model, top, exact):
        _warn_below_top(newton_gain(curvature_root(model, top.latents, exact), top.gradient), top)
    return MapEstimate(model, latents, log_joints, slope, outcome)


def reached(n_evaluations: int) -> None:
    """Called after every evaluation of L-BFGS: where tests press Ctrl-C."""


class _Top(NamedTuple):
    """Latents `[n_latents]`, log p(y, w) there in nats and its gradient `[n_latents]`; how many evaluations
    led there, and whether no more are allowed."""

    latents: np.ndarray
    value: float
    gradient: np.ndarray
    n_evaluations: int
    cut: bool = False


def _top(model, latents, observations):
    """Returns the `_Top` that is reached from `latents`, and whether Ctrl-C ended it."""
    n_steps = int(np.clip(WORK // (observations.n_points * model.n_weights), LEAST_STEPS, MOST_STEPS))
    height = height_of(model, observations)
    best = None

    def depth(latents):
        nonlocal best
        value, gradient = height(latents)
        n_evaluations = best.n_evaluations + 1 if best else 1
        if best is None or value > best.value:
            best = _Top(latents, value, gradient, n_evaluations)
        best = best._replace(n_evaluations=n_evaluations)
        bar.update()
        reached(n_evaluations)
        let_through()
        return -value, -gradient

    try:
        with (
            progress(total=n_steps, unit="step", desc="L-BFGS") as bar,
            interrupts_held_back() as let_through,
        ):
            cut = _climb_in_rounds(model, latents, observations, depth, n_steps)
    except KeyboardInterrupt:
        if best is None:
            raise
        print(
            f"Interrupted after {best.n_evaluations} steps of L-BFGS; what was reached is kept.",
            file=sys.stderr,
        )
        return best, True
    return best._replace(cut=cut), False


def _climb_in_rounds(model, latents, observations, depth, n_steps):
    """Returns whether the steps ran out before L-BFGS came to an end. Each round has units of its own, in
    which the density is equally curved in all directions where the round begins: in those of the prior's sds
    a network's narrow ridges take ten times as many steps."""
    while n_steps > 0:
        root = curvature_root(model, latents, observations)

        def scaled_depth(position, root=root, begin=latents):
            value, gradient = depth(begin + times(root, position))
            # Of a step too far L-BFGS tries less.
            with np.errstate(invalid="ignore", over="ignore"):
                return value, times(root.T, gradient)

        n_round = min(ROUND, n_steps)
        bottom = minimise(scaled_depth, np.zeros(len(latents)), tolerance=TOLERANCE, n_steps=n_round)
        latents = latents + times(root, bottom.position)
        n_steps -= bottom.n_evaluations
        if bottom.n_evaluations <= n_round:
            return False
    return True


def _warn_below_top(to_gain, top):
    if to_gain <= MOST_TO_GAIN:
        return
    if top.cut:
        remedy = (
            "Go on with find_map(model, data, seed=..., n_restarts=1, start=estimate.mode[None], n_steps=0)."
        )
    else:
        remedy = (
            "Rounding lets no step go up. Where y hardly varies around the fit, a noise sd that is learned "
            "shrinks without end: give a known one, or use sample_hmc."
        )
    message = (
        f"L-BFGS did not reach a mode in {top.n_evaluations - 1} steps: a step up would gain {to_gain:.2g} "
        f"nats. {remedy}"
    )
    warnings.warn(message, ModeNotReachedWarning, stacklevel=3)


def _warn_of_small_noise(model, top, observations):
    """Returns whether it warned of a noise far below that which the evidence would have."""
    n_points = observations.n_points if observations.weights is None else float(sum(observations.weights))
    for place, n_parameters in effective_parameters(model, top.latents, observations).items():
        if 1 - n_parameters / n_points < MOST_TOO_SMALL**-2:
            name = model.unknowns[place - model.n_weights].name.removeprefix("log ")
            message = (
                f"The joint mode of weights and noise has {name} = {np.exp(top.latents[place]):.3g}, which "
                f"is too small: the weights fit {n_parameters:,.0f} of {n_points:,.0f} observations, "
                "and bands will be too narrow. Fit the noise first: "
                "model = bnn.modes.fit_noise(model, data, seed=...)."
            )
            warnings.warn(message, SmallNoiseWarning, stacklevel=3)
            return True
    return False
