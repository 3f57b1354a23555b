"""Stochastic-gradient MCMC: Langevin dynamics with and without momentum, for many chains at once."""

import functools
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.chains_last import log_joint_and_gradient
from bayesian_nn.model.initial_weights import first_latents
from bayesian_nn.model.model import Model
from bayesian_nn.runtime.checks import fraction, whole_number
from bayesian_nn.runtime.random_streams import LANGEVIN, POSTERIOR, generator
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.block_inputs import BlockInputs
from bayesian_nn.training.optimizer import block_of, schedule_of

__all__ = ["DivergedChainsError", "LangevinChains", "sample_sghmc", "sample_sgld"]


class DivergedChainsError(ArithmeticError):
    """A chain left the finite numbers: its step size is too large."""


@dataclass(frozen=True, eq=False)
class LangevinChains:
    """What stochastic-gradient MCMC kept after its burn-in.

    latents: `[n_chains, n_kept, n_latents]`; step_sizes: the step size with which each was reached
    `[n_kept]`.
    """

    model: Model
    latents: np.ndarray
    step_sizes: np.ndarray

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
    data: Dataset,
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
    Raises DivergedChainsError if a chain leaves the finite numbers.

    Not `tfp.optimizer.StochasticGradientLangevinDynamics`: it refuses to run eagerly, updates one variable
    per chain where here all of them are one tensor in a compiled loop, and always has a preconditioner
    (Li et al. 2016), with which no stationary distribution is known to test against.
    """
    # Without memory of its velocity, a step of SGHMC moves by e² g + e √2 η: this one with e = √(h / 2).
    steps = schedule_of("step_size", step_size).rates(whole_number("n_steps", n_steps))
    dynamics = _Dynamics(steps, np.sqrt(steps / 2), 1.0, smaller=4.0)
    inputs = BlockInputs(model, data, seed=seed, stream=LANGEVIN, batch_size=batch_size)
    start = first_latents(model, start, seed=seed, counted="n_chains", n_starts=n_chains)
    return _sample(model, inputs, dynamics, start, n_burn_in, thin)


def sample_sghmc(
    model: Model,
    data: Dataset,
    *,
    seed: int,
    step_size,
    friction: float = 0.01,
    n_steps: int = 10_000,
    n_burn_in: int | None = None,
    thin: int = 10,
    n_chains: int = 64,
    batch_size: int | None = None,
    start=None,
) -> LangevinChains:
    """Returns draws by stochastic gradient Hamiltonian Monte Carlo (Chen, Fox and Guestrin 2014, eq. 15),

        v ← (1 - c) v + e g(w) + √(2c) η,  w ← w + e v,  η ~ N(0, 1),

    with unit mass: their learning rate is e², their v is e times this one, and their estimate of the
    gradient's noise is zero. g(w) is the gradient of the log joint density, its log-likelihood from a
    minibatch counted N/M times.

    No step is ever refused, so the draws are those of the posterior only as e → 0. With all data and a
    Gaussian posterior, the variance along a direction of precision λ is 1/λ · 1 / (1 - e²λ / (4 - 2c)), and
    the chains diverge from e² = (4 - 2c)/λ on, λ of the narrowest direction. The friction also takes away
    what the steps' errors and the minibatches' noise put in, and too little of it leaves the draws too wide:
    on the post's network with all data and e = 0.003, c = 0.01 agrees with exact MCMC within the latter's own
    error, and c = 0.002 is a third too wide away from the data. Minibatches of half the data are a fifth too
    wide at the data even with e = 0.001 and c = 0.02.

    step_size: e, a number or a schedule. friction: c, the part of the velocity lost in each step, above 0;
    with 1 nothing is left, and this is `sample_sgld` with h = 2e². The other arguments, and what raises,
    are those of `sample_sgld`.
    """
    steps = schedule_of("step_size", step_size).rates(whole_number("n_steps", n_steps))
    dynamics = _Dynamics(steps, steps, fraction("friction", friction, but=0), smaller=2.0)
    inputs = BlockInputs(model, data, seed=seed, stream=LANGEVIN, batch_size=batch_size)
    start = first_latents(model, start, seed=seed, counted="n_chains", n_starts=n_chains)
    return _sample(model, inputs, dynamics, start, n_burn_in, thin)


@dataclass(frozen=True)
class _Dynamics:
    """step_sizes `[n_steps]` as the caller gave them; times `[n_steps]`: what a step multiplies the velocity
    by; friction: the part of the velocity lost in a step; smaller: the divisor of a step size that failed."""

    step_sizes: np.ndarray
    times: np.ndarray
    friction: float
    smaller: float


def _sample(model, inputs, dynamics, start, n_burn_in, thin):
    start, n_steps = start.T, len(dynamics.times)
    n_burn_in = n_steps // 2 if n_burn_in is None else whole_number("n_burn_in", n_burn_in, at_least=0)
    thin = whole_number("thin", thin)
    if n_burn_in + thin > n_steps:
        raise ValueError(
            f"n_steps={n_steps} leaves nothing after n_burn_in={n_burn_in} with every {thin}th step kept: "
            f"at least {n_burn_in + thin} steps are needed."
        )
    since = np.arange(n_steps) + 1 - n_burn_in
    keep = (since > 0) & (since % thin == 0)
    # At most 8 MB of noise at a time, and at most 250 steps between two looks at the chains.
    length = int(np.clip(2**21 // start.size, 1, 250))
    prepare = functools.partial(_block_arguments, inputs, dynamics.times, keep, length, start.shape)
    block = _compiled_block(model.program, dynamics.friction, inputs.n_points)
    state = (tf.constant(start, tf.float32), inputs.noise(0, start.shape))
    kept = []
    with ThreadPoolExecutor(1) as beside, tqdm(total=n_steps, unit="step", disable=None) as bar:
        prepared = beside.submit(prepare, 0)
        for done in range(0, n_steps, length):
            now = slice(done, min(done + length, n_steps))
            arguments = prepared.result()
            # Drawn while this block runs: noise is nearly as much work as the gradients.
            prepared = beside.submit(prepare, done + length)
            *state, path = block(state, *arguments, inputs.observations, tf.constant(now.stop - done))
            _check_finite(state[0].numpy(), dynamics, now)
            kept.append(path[: np.count_nonzero(keep[now])].numpy())
            bar.update(now.stop - done)
    return LangevinChains(model, np.concatenate(kept).transpose(2, 0, 1), dynamics.step_sizes[keep])


def _block_arguments(inputs, times, keep, length, shape, begin):
    """Returns the noise `[length, n_latents, n_chains]`, the times `[length]`, the slots `[length]` of what
    is kept and the minibatches of the block of steps from `begin` on."""
    index = begin // length
    kept = block_of(keep, index, length)
    slots = np.where(kept > 0, np.cumsum(kept) - 1, length)
    return (
        # The start's velocities are block 0 of the noise.
        inputs.noise(index + 1, [length, *shape]),
        tf.constant(block_of(times, index, length)),
        tf.constant(slots, tf.int32),
        inputs.batches(index, length),
    )


def _check_finite(latents, dynamics, steps):
    finite = np.isfinite(latents).all(axis=0)
    if not finite.all():
        step_size = dynamics.step_sizes[steps].max()
        raise DivergedChainsError(
            f"{np.count_nonzero(~finite)} of {len(finite)} chains left the finite numbers by step "
            f"{steps.stop}: step_size {step_size:.3g} is too large for the narrowest direction of the "
            f"posterior. Try {step_size / dynamics.smaller:.3g}, or a start nearer to the data (start=...)."
        )


@functools.lru_cache(maxsize=16)
def _compiled_block(model, friction, n_points):
    """Returns the compiled loop over the first `end` steps of a block. Everything random or scheduled is an
    argument, so that all blocks share one program."""

    @tf.function(jit_compile=True, autograph=False)
    def block(state, noise, times, slots, batches, observations, end):
        def step(index, latents, velocities, path):
            batch = observations if batches is None else observations.rows(batches[index])
            _, gradient = log_joint_and_gradient(model, latents, batch, n_points=n_points)
            velocities = (
                (1 - friction) * velocities + times[index] * gradient + math.sqrt(2 * friction) * noise[index]
            )
            latents += times[index] * velocities
            return index + 1, latents, velocities, path.write(slots[index], latents)

        # What is not kept goes to the last slot.
        path = tf.TensorArray(tf.float32, noise.shape[0] + 1, element_shape=noise.shape[1:])
        _, latents, velocities, path = tf.while_loop(lambda index, *_: index < end, step, (0, *state, path))
        return latents, velocities, path.stack()

    return block
