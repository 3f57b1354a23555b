"""Stochastic-gradient MCMC: Langevin dynamics with and without momentum, for many chains at once."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bayesian_nn.data.images import LabelledImages
from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.chains_last import log_joint_and_gradient
from bayesian_nn.model.initial_weights import first_latents
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import warn_if_unscaled
from bayesian_nn.model.prior_terms import prior_stds
from bayesian_nn.runtime.checks import fraction, whole_number
from bayesian_nn.runtime.random_streams import LANGEVIN, POSTERIOR, generator
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.sampling.kept_draws import kept_latents, steps_to_keep
from bayesian_nn.training.batches import Batches
from bayesian_nn.training.driver import DivergedError, Progress, drive, say_interrupted
from bayesian_nn.training.method import Job, block_length, normal_noise
from bayesian_nn.training.optimizer import schedule_of

__all__ = ["LangevinChains", "sample_sghmc", "sample_sgld"]

# Of SGHMC, in prior sds: on the post's network it agrees with exact MCMC within the latter's own error.
DEFAULT_STEP = 0.003


@dataclass(frozen=True, eq=False)
class LangevinChains:
    """What stochastic-gradient MCMC kept after its burn-in.

    latents: `[n_chains, n_kept, n_latents]`; step_sizes: the step size with which each was reached
    `[n_kept]`; outcome: "finished", "interrupted", with what was kept until then, or "diverged".
    """

    model: Model
    latents: np.ndarray
    step_sizes: np.ndarray
    outcome: str = "finished"

    def draw(self, n_draws: int, *, seed: int) -> np.ndarray:
        """Returns `n_draws` of the kept latents `[n_draws, n_latents]` of all chains, each at most once while
        there are enough. Where the step size falls each is drawn, again and again, with a probability in
        proportion to it (Welling and Teh 2011, eq. 11): steps that are smaller say less."""
        n_chains, n_kept, n_latents = self.latents.shape
        n_all = n_chains * n_kept
        weighted = np.ptp(self.step_sizes) > 0
        weights = np.tile(self.step_sizes / self.step_sizes.sum(), n_chains) / n_chains
        # Without replacement all of them would come, whatever their weights.
        chosen = generator(seed, POSTERIOR, 0).choice(
            n_all,
            whole_number("n_draws", n_draws),
            replace=weighted or n_draws > n_all,
            p=weights if weighted else None,
        )
        return self.latents.reshape(-1, n_latents)[chosen]


def sample_sgld(
    model: Model,
    data: Dataset | LabelledImages,
    *,
    seed: int,
    step_size,
    n_steps: int = 10_000,
    n_burn_in: int | None = None,
    thin: int = 10,
    n_chains: int = 64,
    batch_size: int | None = None,
    start=None,
) -> LangevinChains:
    """Returns draws by stochastic gradient Langevin dynamics (Welling and Teh 2011, eq. 4),

        w ← w + ½ h g(w) + √h η,  η ~ N(0, 1),

    with g(w) the gradient of the log joint density, its log-likelihood from a minibatch counted N/M times.

    No step is ever refused, so the draws are those of the posterior only as h → 0. With all data and a
    Gaussian posterior, the variance along a direction of precision λ is 1/λ · 1 / (1 - hλ/4), and the chains
    diverge from h = 4/λ on, λ of the narrowest direction. The widest, of precision λ₀, takes 2/(h λ₀) steps
    to forget where it was. Minibatches add the variance of their gradient.

    step_size: h, a number or a schedule. n_burn_in: steps before any draw is kept, by default half of
    `n_steps`; from then on every `thin`-th is. batch_size: observations per step, the same for all chains;
    None is all of them. start: latents `[n_chains, n_latents]`, by default those of `MeanField.initial`.
    Ctrl-C ends it and keeps what was kept until then. Raises DivergedError, with that, if a chain becomes NaN
    or infinite.

    Not `tfp.optimizer.StochasticGradientLangevinDynamics`: it refuses to run eagerly, updates one variable
    per chain where here all of them are one tensor in a compiled loop, and always has a preconditioner
    (Li et al. 2016), with which no stationary distribution is known to test against.
    """
    # Without memory of its velocity, a step of SGHMC moves by e² g + e √2 η: this one with e = √(h / 2).
    steps = schedule_of("step_size", step_size).rates(whole_number("n_steps", n_steps))
    dynamics = _Dynamics(steps, np.sqrt(steps / 2), 1.0, np.ones(1), smaller=4.0)
    batches = Batches.independent(model, data, seed=seed, stream=LANGEVIN, batch_size=batch_size)
    warn_if_unscaled(model, data)
    start = first_latents(model, start, seed=seed, counted="n_chains", n_starts=n_chains)
    return _sample(model, batches, dynamics, start, seed, n_burn_in, thin)


def sample_sghmc(
    model: Model,
    data: Dataset | LabelledImages,
    *,
    seed: int,
    step_size=DEFAULT_STEP,
    friction: float = 0.01,
    n_steps: int = 10_000,
    n_burn_in: int | None = None,
    thin: int = 10,
    n_chains: int = 64,
    batch_size: int | None = None,
    start=None,
) -> LangevinChains:
    """Returns draws by stochastic gradient Hamiltonian Monte Carlo (Chen, Fox and Guestrin 2014, eq. 15),

        v ← (1 - c) v + e s g(w) + √(2c) η,  w ← w + e s v,  η ~ N(0, 1),

    with unit mass for latents in units of their prior sds s: their learning rate is e², their v is e times
    this one, and their estimate of the gradient's noise is zero. g(w) is the gradient of the log joint
    density, its log-likelihood from a minibatch counted N/M times.

    No step is ever refused, so the draws are those of the posterior only as e → 0. With all data and a
    Gaussian posterior, the variance along a direction of precision λ, per prior variance, is 1/λ · 1 / (1 -
    e²λ / (4 - 2c)), and the chains diverge from e² = (4 - 2c)/λ on, λ of the narrowest direction. The default
    of 0.003 is therefore less than a tenth too wide for posterior sds down to a hundredth of the prior's or
    less (λ up to 40,000), and takes some thousand steps, c/e², to forget where it was along a direction that
    the data leave as wide as the prior. The friction also takes away what the steps' errors and the
    minibatches' noise put in, and too little of it leaves the draws too wide: on the post's network with all
    data, c = 0.01 agrees with exact MCMC within the latter's own error, and c = 0.002 is a third too wide
    away from the data. Minibatches of half the data are a fifth too wide at the data even with e = 0.001 and
    c = 0.02.

    step_size: e, a number or a schedule. friction: c, the part of the velocity lost in each step, above 0;
    with 1 nothing is left, and this is, of prior sds of 1, `sample_sgld` with h = 2e². The other arguments,
    and what raises, are those of `sample_sgld`.
    """
    steps = schedule_of("step_size", step_size).rates(whole_number("n_steps", n_steps))
    friction = fraction("friction", friction, but=0)
    batches = Batches.independent(model, data, seed=seed, stream=LANGEVIN, batch_size=batch_size)
    warn_if_unscaled(model, data)
    dynamics = _Dynamics(steps, steps, friction, prior_stds(model), smaller=2.0)
    start = first_latents(model, start, seed=seed, counted="n_chains", n_starts=n_chains)
    return _sample(model, batches, dynamics, start, seed, n_burn_in, thin)


@dataclass(frozen=True)
class _Dynamics:
    """step_sizes `[n_steps]` as the caller gave them; times `[n_steps]`: what a step multiplies the velocity
    by; friction: the part of the velocity lost in a step; scales: of the latents, `[n_latents]` or `[1]`;
    smaller: the divisor of a step size that failed."""

    step_sizes: np.ndarray
    times: np.ndarray
    friction: float
    scales: np.ndarray
    smaller: float


class _State(NamedTuple):
    """Latents and velocities `[n_latents, n_chains]`, and the scales `[n_latents, 1]` or `[1, 1]`."""

    latents: tf.Tensor
    velocities: tf.Tensor
    scales: tf.Tensor


def _sample(model, batches, dynamics, start, seed, n_burn_in, thin):
    start, n_steps = start.T.astype(np.float32), len(dynamics.times)
    n_burn_in = n_steps // 2 if n_burn_in is None else whole_number("n_burn_in", n_burn_in, at_least=0)
    kept = steps_to_keep(n_steps, n_burn_in, thin)
    noise = normal_noise(seed, start.shape, LANGEVIN)
    job = Job(
        schedules=dynamics.times[:, None].astype(np.float32),
        batches=batches,
        # The start's velocities are block 0 of the noise.
        noise=lambda index, length: noise(index + 1, length),
        length=block_length(start.shape),
        record_at=frozenset(kept),
        n_networks=start.shape[1],
    )
    scales = dynamics.scales[:, None].astype(np.float32)
    state = _State(start, noise(0, 1)[0].numpy(), scales)
    method = _LangevinStep(model.program, dynamics.friction)
    done = drive(method, job, Progress(state, np.zeros((0, 1, start.shape[1]), np.float32)))
    latents = kept_latents(done, done.state.latents, kept)
    chains = None
    if latents is not None:
        step_sizes = dynamics.step_sizes[np.array(kept[: latents.shape[1]]) - 1]
        chains = LangevinChains(model, latents, step_sizes, done.outcome)
    if done.outcome == "diverged":
        raise DivergedError(_divergence_message(done, dynamics, start.shape[1]), chains)
    if done.outcome == "interrupted":
        if chains is None:
            # Still in the burn-in.
            raise KeyboardInterrupt
        say_interrupted(done.n_steps, n_steps)
    return chains


def _divergence_message(done, dynamics, n_chains):
    step_size = dynamics.step_sizes[: done.diverged_at + 1].max()
    return (
        f"Of {n_chains} chains not all stayed finite: the first diverged at step {done.diverged_at}. "
        f"step_size {step_size:.3g} is too large for the narrowest direction of the posterior. Try "
        f"{step_size / dynamics.smaller:.3g}, or a start nearer to the data (start=...)."
    )


@dataclass(frozen=True)
class _LangevinStep:
    """A step of the dynamics; see `Method`. The schedule is what multiplies the velocity."""

    model: Model
    friction: float

    vector_axis = -1
    lost_allowed = False
    fused = True

    def gradient(self, state, schedule, noise, batch, n_points):
        """Returns what is added to the velocities, and log p(y, w) `[1, n_chains]`."""
        values, gradient = log_joint_and_gradient(self.model, state.latents, batch, n_points=n_points)
        push = schedule[0] * state.scales * gradient + math.sqrt(2 * self.friction) * noise
        return push, values[None]

    def update(self, state, gradient, schedule):
        """Returns the state after the step."""
        velocities = (1 - self.friction) * state.velocities + gradient
        latents = state.latents + schedule[0] * state.scales * velocities
        return _State(latents, velocities, state.scales)

    def recorded(self, state):
        """Returns the latents `[n_latents, n_chains]`."""
        return state.latents

    def parts_shape(self, state):
        return 1, state.latents.shape[1]

    def noise_of_share(self, noise, share, n_batch):
        return noise
