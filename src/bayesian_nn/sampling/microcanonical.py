"""Microcanonical Langevin Monte Carlo: chains that move at one speed, each with a step of its own."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bayesian_nn.data.images import LabelledImages
from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.chains_last import log_joint_and_gradient
from bayesian_nn.model.initial_weights import first_latents
from bayesian_nn.model.log_joint import log_joint
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import observe, warn_if_unscaled
from bayesian_nn.model.prior_terms import prior_stds
from bayesian_nn.runtime.checks import positive, whole_number
from bayesian_nn.runtime.random_streams import MICROCANONICAL, generator
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.sampling.kept_draws import kept_latents, steps_to_keep
from bayesian_nn.training.batches import Batches
from bayesian_nn.training.driver import Progress, drive, say_interrupted
from bayesian_nn.training.method import Job, block_length, normal_noise

__all__ = ["MicrocanonicalChains", "sample_mclmc"]

# Before anything is known, in prior sds per root of a latent: the step, and the length in which a chain
# forgets its direction.
FIRST_STEP, FIRST_LENGTH = 0.001, 0.1
# A step that changes the energy by more nats than this is taken back.
LOST = 1000.0
# What single precision loses of a sum over n rows, of its size, per root of n: not an error of the step,
# which it would shrink to nothing where log p is large.
ROUNDING = 1.2e-7
# The average that finds the step forgets one step in this many, and the weight of a step falls with the
# logarithm of its error over this width (Robnik et al. 2023, appendix).
MEMORY, WIDTH = 150, 9.0


@dataclass(frozen=True, eq=False)
class MicrocanonicalChains:
    """What microcanonical Langevin Monte Carlo kept after its burn-in.

    latents: `[n_chains, n_kept, n_latents]`; step_sizes and lengths: of each chain, in prior sds, the step
    and the length of path in which the direction is forgotten `[n_chains]`; n_taken_back: the steps after
    the burn-in that lost more than 1,000 nats, and from which a chain turned back; outcome: "finished", or
    "interrupted", with what was kept until then.
    """

    model: Model
    latents: np.ndarray
    step_sizes: np.ndarray
    lengths: np.ndarray
    n_taken_back: int
    outcome: str = "finished"

    def draw(self, n_draws: int, *, seed: int) -> np.ndarray:
        """Returns `n_draws` of the kept latents `[n_draws, n_latents]` of all chains, each at most once while
        there are enough."""
        latents = self.latents.reshape(-1, self.latents.shape[-1])
        n_draws = whole_number("n_draws", n_draws)
        random = generator(seed, MICROCANONICAL, 1)
        return latents[random.choice(len(latents), n_draws, replace=n_draws > len(latents))]


def sample_mclmc(
    model: Model,
    data: Dataset | LabelledImages,
    *,
    seed: int,
    n_chains: int = 16,
    n_steps: int = 10_000,
    n_burn_in: int | None = None,
    thin: int = 20,
    energy_variance: float = 5e-4,
    start=None,
) -> MicrocanonicalChains:
    """Returns draws by microcanonical Langevin Monte Carlo (Robnik, De Luca, Silverstein and Seljak 2023,
    "Microcanonical Hamiltonian Monte Carlo", section 3; Robnik and Seljak 2024, "Fluctuation without
    dissipation: microcanonical Langevin Monte Carlo"): for d latents w in units of their prior sds,

        dw = u dt,  du = (1 - u uᵀ) ∇log p(y, w) / (d - 1) dt + η (1 - u uᵀ) dW,

    with a direction u of length 1. A chain moves at one speed, however steep the density: a step that is
    far too long for Hamiltonian dynamics is not for this one, and chains that begin at the members of an
    ensemble, each in its own narrow place, sample round it (Sommer et al. 2025, "Microcanonical Langevin
    ensembles").

    No step is ever refused, so the draws are those of the posterior only as the step goes to zero. Every
    chain finds its own step in the first half of the burn-in, so that the variance of the energy that a step
    loses is `energy_variance` nats² per latent, and in the second half the length in which it forgets its
    direction: the spread of its own latents. All data are needed in every step, for the energy of a minibatch
    says nothing of the step.

    n_steps: in all, of which the first `n_burn_in`, by default a third, keep nothing; then every `thin`-th
    is kept. start: latents `[n_chains, n_latents]`, by default small random networks; an ensemble's
    `members` are better. Ctrl-C ends it and keeps what was kept until then. Raises ValueError where the
    density of a start is not finite.
    """
    n_steps = whole_number("n_steps", n_steps)
    n_burn_in = n_steps // 3 if n_burn_in is None else whole_number("n_burn_in", n_burn_in, at_least=2)
    kept = steps_to_keep(n_steps, n_burn_in, thin)
    energy_variance = positive("energy_variance", energy_variance)
    batches = Batches.independent(model, data, seed=seed, stream=MICROCANONICAL, batch_size=None)
    warn_if_unscaled(model, data)
    start = first_latents(model, start, seed=seed, counted="n_chains", n_starts=n_chains)
    state = _first_state(model, data, start, seed)
    noise = normal_noise(seed, start.T.shape, MICROCANONICAL)
    job = Job(
        schedules=_phases(n_steps, n_burn_in),
        batches=batches,
        noise=noise,
        length=block_length(start.shape),
        record_at=frozenset(kept),
        n_networks=n_chains,
    )
    rounding = ROUNDING * max(batches.n_batch, 30) ** 0.5
    method = _MicrocanonicalStep(model.program, energy_variance, rounding)
    done = drive(method, job, Progress(state, np.zeros((0, 1, n_chains), np.float32)))
    latents = kept_latents(done, method.recorded(done.state), kept)
    if done.outcome == "interrupted":
        if latents is None:
            # Still in the burn-in.
            raise KeyboardInterrupt
        say_interrupted(done.n_steps, n_steps)
    return MicrocanonicalChains(
        model=model,
        latents=latents,
        step_sizes=np.asarray(done.state.step_sizes),
        lengths=np.asarray(done.state.lengths),
        n_taken_back=int(np.sum(done.state.n_taken_back)),
        outcome=done.outcome,
    )


class _State(NamedTuple):
    """Of every chain, in prior sds, the latents in the first axis and the chains in the last.

    positions and directions: the next step goes from the one along the other; scales: the prior sds;
    log_joints: at the positions; kinetic: the change of the kinetic energy since then; known: 0 where the
    energy before the next step is not known; averages `[2, n_chains]`: the sums that find the step; n_seen,
    means, squares: of the positions in the second half of the burn-in.
    """

    positions: tf.Tensor
    directions: tf.Tensor
    scales: tf.Tensor
    log_joints: tf.Tensor
    kinetic: tf.Tensor
    known: tf.Tensor
    step_sizes: tf.Tensor
    averages: tf.Tensor
    lengths: tf.Tensor
    n_seen: tf.Tensor
    means: tf.Tensor
    squares: tf.Tensor
    n_taken_back: tf.Tensor


def _first_state(model, data, start, seed):
    n_chains, n_latents = start.shape
    log_joints = log_joint(model, np.asarray(start, np.float32), observe(model, data)).numpy()
    if not np.isfinite(log_joints).all():
        raise ValueError(
            f"start: the log joint density of {np.count_nonzero(~np.isfinite(log_joints))} of {n_chains} "
            "chains is not finite. Begin with smaller latents, or give the model scaling=data.scaling."
        )
    scales = prior_stds(model)[:, None].astype(np.float32)
    directions = generator(seed, MICROCANONICAL, 0).standard_normal((n_latents, n_chains))
    zeros = np.zeros(n_chains, np.float32)
    root = np.sqrt(n_latents)
    return _State(
        positions=start.T.astype(np.float32) / scales,
        directions=(directions / np.linalg.norm(directions, axis=0)).astype(np.float32),
        scales=scales,
        log_joints=log_joints,
        kinetic=zeros,
        known=zeros,
        step_sizes=np.full(n_chains, FIRST_STEP * root, np.float32),
        averages=np.zeros((2, n_chains), np.float32),
        lengths=np.full(n_chains, FIRST_LENGTH * root, np.float32),
        n_seen=np.zeros((), np.float32),
        means=np.zeros((n_latents, n_chains), np.float32),
        squares=np.zeros((n_latents, n_chains), np.float32),
        n_taken_back=zeros,
    )


def _phases(n_steps, n_burn_in):
    """Returns the schedules `[n_steps, 4]`: whether a step adapts its size, watches the spread of the
    positions, sets the length from it, and is counted."""
    step, half = np.arange(n_steps), n_burn_in // 2
    phases = [
        step < n_burn_in,
        (step >= half) & (step < n_burn_in),
        step == n_burn_in - 1,
        step >= n_burn_in,
    ]
    return np.stack(phases, axis=1).astype(np.float32)


@dataclass(frozen=True)
class _MicrocanonicalStep:
    """A step of the dynamics, half a turn, a move, half a turn; see `Method`."""

    model: Model
    energy_variance: float
    rounding: float

    vector_axis = -1
    lost_allowed = False
    fused = True

    def gradient(self, state, schedule, noise, batch, n_points):
        """Returns what is found at the end of the move, and log p(y, w) at its beginning `[1, n_chains]`."""
        moved = state.positions + state.step_sizes * state.directions
        values, gradient = log_joint_and_gradient(self.model, moved * state.scales, batch, n_points=n_points)
        return (moved, values, gradient * state.scales, noise), state.log_joints[None]

    def update(self, state, gradient, schedule):
        """Returns the state after the step."""
        moved, values, gradient, noise = gradient
        adapts, watches, sets_length, counts = tf.unstack(schedule)
        half = state.step_sizes / 2
        directions, kinetic = _turned(state.directions, gradient, half)
        lost = state.kinetic + kinetic - (values - state.log_joints)
        finite = tf.math.is_finite(values) & tf.math.is_finite(tf.reduce_sum(directions, axis=0))
        known = state.known > 0
        kept = finite & (~known | (tf.abs(lost) < LOST))
        step_sizes, averages = self._adapted(state, lost, kept, known, adapts)
        n_latents = tf.cast(tf.shape(moved)[0], moved.dtype)
        # The direction is forgotten in part, then the next step's first half of a turn is made.
        wander = tf.sqrt((tf.exp(step_sizes / state.lengths) - 1) / n_latents)
        directions = _unit(directions + wander * noise)
        directions, kinetic = _turned(directions, gradient, step_sizes / 2)
        # From a step that is taken back a chain returns along the way it came.
        positions = tf.where(kept, moved, state.positions)
        n_seen = state.n_seen + watches
        deviations = positions - state.means
        means = state.means + watches * deviations / tf.maximum(n_seen, 1.0)
        squares = state.squares + watches * deviations * (positions - means)
        spread = tf.sqrt(tf.reduce_sum(squares, axis=0) / tf.maximum(n_seen, 1.0))
        return _State(
            positions=positions,
            directions=tf.where(kept, directions, -state.directions),
            scales=state.scales,
            log_joints=tf.where(kept, values, state.log_joints),
            kinetic=tf.where(kept, kinetic, 0.0),
            known=tf.cast(kept, moved.dtype),
            step_sizes=step_sizes,
            averages=averages,
            lengths=tf.where((sets_length > 0) & (spread > 0), spread, state.lengths),
            n_seen=n_seen,
            means=means,
            squares=squares,
            n_taken_back=state.n_taken_back + counts * tf.cast(~kept, moved.dtype),
        )

    def _adapted(self, state, lost, kept, known, adapts):
        """Returns the step sizes, and the sums whose ratio is the mean of error per step⁶: the error of the
        integrator is of third order, its variance of sixth."""
        n_latents = state.positions.shape[0]
        lost = tf.maximum(tf.abs(lost) - self.rounding * tf.abs(state.log_joints), 0.0)
        error = tf.where(kept, lost, 0.0) ** 2 / (n_latents * self.energy_variance) + 1e-8
        weight = tf.exp(-0.5 * (tf.math.log(error) / WIDTH) ** 2)
        told = tf.cast(kept & known, error.dtype) * adapts
        fading = tf.where(told > 0, (MEMORY - 1.0) / (MEMORY + 1.0), 1.0)
        # Of the step in units of the first one, for its sixth power is no number of single precision.
        first = FIRST_STEP * n_latents**0.5
        added = told * tf.stack([weight * error * (first / state.step_sizes) ** 6, weight])
        averages = fading * state.averages + added
        found = first * (averages[1] / tf.maximum(averages[0], 1e-30)) ** (1 / 6)
        smaller = tf.where(adapts > 0, 0.8 * state.step_sizes, state.step_sizes)
        return tf.where(kept, tf.where(told > 0, found, state.step_sizes), smaller), averages

    def recorded(self, state):
        """Returns the latents `[n_latents, n_chains]`."""
        return state.positions * state.scales

    def parts_shape(self, state):
        return 1, state.positions.shape[1]

    def noise_of_share(self, noise, share, n_batch):
        return noise


def _turned(directions, gradient, time):
    """Returns the directions after a turn towards the gradient for a time `[n_chains]`, and the kinetic
    energy that this adds, in nats (Robnik et al. 2023, eq. 16)."""
    steepness = tf.norm(gradient, axis=0)
    uphill = gradient / tf.maximum(steepness, 1e-30)
    along = tf.reduce_sum(directions * uphill, axis=0)
    n_free = gradient.shape[0] - 1
    angle = time * steepness / n_free
    # cosh and sinh, times exp(-angle): alone they overflow.
    less = tf.exp(-angle)
    cosh, sinh = (1 + less**2) / 2, (1 - less**2) / 2
    stretch = cosh + along * sinh
    turned = (directions * less + uphill * (sinh + along * (cosh - less))) / stretch
    return _unit(turned), n_free * (angle + tf.math.log(stretch))


def _unit(directions):
    return directions / tf.norm(directions, axis=0)
