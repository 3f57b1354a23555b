"""Hamiltonian Monte Carlo: draws from the exact posterior, the truth that approximations are held to."""

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from bayesian_nn.data.images import LabelledImages
from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.chains_last import log_joint_and_gradient
from bayesian_nn.model.initial_weights import first_latents
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import Observations, observe, warn_if_unscaled
from bayesian_nn.model.prior_terms import prior_stds
from bayesian_nn.runtime.checks import fraction, positive, whole_number
from bayesian_nn.runtime.interrupts import interrupts_held_back
from bayesian_nn.runtime.progress import progress
from bayesian_nn.runtime.random_streams import MCMC, generator
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.sampling.hmc_block import Block, compiled_block

__all__ = ["Chains", "sample_chains", "sample_hmc"]

# Chains in one program. More make it no quicker by the chain, but programs run side by side, each on a core.
GROUP = 64
# The most iterations in one call of the compiled program.
BLOCK = 5
# Without it, chains in narrow places stay there: half of the effective draws, on the post's network.
JITTER = (0.6, 1.0)
# A longer trajectory is cut: with a step this small the chain is still far from where it will be.
MAX_LEAPFROG = 1000
# An energy lost beyond this many nats is a divergence, as in Stan.
DIVERGENCE = 1000.0


@dataclass(frozen=True, eq=False)
class Chains:
    """Draws from the posterior by Markov chains.

    latents: `[n_chains, n_draws, n_latents]`; log_joints: log p(y, w) of each `[n_chains, n_draws]`, in nats;
    acceptance: the mean probability of accepting a proposal `[n_chains]`; n_divergences: trajectories that
    lost more than 1,000 nats; step_size and trajectory_length: in units of `scales` `[n_latents]`, the
    posterior sds that the warm-up estimated; outcome: "finished", or "interrupted" with the draws so far.
    """

    model: Model
    latents: np.ndarray
    log_joints: np.ndarray
    acceptance: np.ndarray
    n_divergences: int
    step_size: float
    trajectory_length: float
    scales: np.ndarray
    outcome: str = "finished"

    def draw(self, n_draws: int, *, seed: int) -> np.ndarray:
        """Returns draws of the latents `[n_draws, n_latents]`, chosen without replacement from all chains."""
        latents = self.latents.reshape(-1, self.latents.shape[-1])
        if whole_number("n_draws", n_draws) > len(latents):
            raise ValueError(f"n_draws must be at most {len(latents)}, all that was drawn; got {n_draws}.")
        return latents[generator(seed, MCMC, 1).choice(len(latents), n_draws, replace=False)]


def sample_hmc(
    model: Model,
    data: Dataset | LabelledImages,
    *,
    seed: int,
    n_chains: int = 128,
    n_draws: int = 200,
    n_warmup: int = 60,
    trajectory_length: float = 1.0,
    target_acceptance: float = 0.93,
    start=None,
) -> Chains:
    """Returns `n_draws` draws of each of `n_chains` chains of Hamiltonian Monte Carlo (Neal 2011), after a
    warm-up of `n_warmup` iterations.

    All chains move at once, sixty-four to a compiled program, and adapt together: the step size to the
    acceptance probability `target_acceptance` by dual averaging (Hoffman and Gelman 2014, section 3.2), the
    masses to the spread of the latents over all chains. Every iteration has a step between 0.6 and 1 times
    the `step_size`, the same for all chains, so that no trajectory is periodic and narrow places are passed.

    trajectory_length: the mean length of a trajectory, in posterior sds: longer ones cost more and forget
    more. start: latents `[n_chains, n_latents]`; by default a small random network for each chain.
    Ctrl-C ends it, after the warm-up with the draws so far. Raises ValueError where the density of a start is
    not finite.
    """
    observations = observe(model, data)
    warn_if_unscaled(model, data)
    return sample_chains(
        model,
        observations,
        seed=seed,
        start=first_latents(model, start, seed=seed, counted="n_chains", n_starts=n_chains),
        lengths=(n_warmup, n_draws),
        trajectory_length=trajectory_length,
        target_acceptance=target_acceptance,
    )


def sample_chains(
    model: Model,
    observations: Observations,
    *,
    seed: int,
    start,
    lengths: tuple[int, int],
    trajectory_length: float = 1.0,
    target_acceptance: float = 0.93,
) -> Chains:
    """Returns chains from the starts `[n_chains, n_latents]`, as `sample_hmc` does, for observations in the
    network's units. Targets `[n_points, n_targets, n_chains]` give every chain data of its own.

    lengths: the iterations of the warm-up, and those whose draws are kept.
    """
    n_warmup, n_draws = (whole_number(*pair) for pair in zip(("n_warmup", "n_draws"), lengths, strict=True))
    start = first_latents(model, start, seed=seed, counted="n_chains", n_starts=len(start))
    sampler = _Sampler(model, observations, seed, start)
    length = positive("trajectory_length", trajectory_length)
    target = fraction("target_acceptance", target_acceptance, but=1)
    with progress(total=n_warmup + n_draws, unit="iteration") as bar:
        step_size = _warm_up(sampler, n_warmup, length, target, bar)
        blocks = _sampled(sampler, step_size, length, n_draws, bar)
    n_done = sum(len(block.latents) for block in blocks)
    if n_done < n_draws:
        print(f"Interrupted after {n_done} of {n_draws} draws of each chain; they are kept.", file=sys.stderr)
    latents, log_joints, gains = (
        np.concatenate([getattr(block, name) for block in blocks])
        for name in ("latents", "log_joints", "energy_gains")
    )
    return Chains(
        model=model,
        # A transpose of the whole would be a view with the chains last, slow for all that reads it by chain.
        latents=np.ascontiguousarray(latents.transpose(2, 0, 1)),
        log_joints=log_joints.T,
        acceptance=np.exp(np.minimum(gains, 0)).mean(axis=0),
        n_divergences=int(np.sum(gains < -DIVERGENCE)),
        step_size=step_size,
        trajectory_length=length,
        scales=sampler.scales,
        outcome="finished" if n_done == n_draws else "interrupted",
    )


def reached(n_draws: int) -> None:
    """Called whenever so many draws of each chain are done: where tests press Ctrl-C."""


def _sampled(sampler, step_size, length, n_draws, bar):
    """Returns the blocks of draws; those so far, at least one, if Ctrl-C comes."""
    blocks = []
    try:
        with interrupts_held_back() as let_through:
            for done in range(0, n_draws, BLOCK):
                blocks.append(sampler.advance(step_size, length, min(BLOCK, n_draws - done)))
                bar.update(len(blocks[-1].latents))
                reached(done + len(blocks[-1].latents))
                let_through()
    except KeyboardInterrupt:
        if not blocks:
            raise
    return blocks


class _Sampler:
    """Chains on their way: where they are, and the noise that moves them on."""

    def __init__(self, model, observations, seed, start):
        self.model, self.scales = model, prior_stds(model)
        self._block, self._random = compiled_block(model.program), generator(seed, MCMC, 0)
        latents = tf.constant(start.T, tf.float32)
        log_joints, _ = log_joint_and_gradient(model, latents, observations)
        if not (finite := np.isfinite(log_joints)).all():
            raise ValueError(
                f"start: the log density of chain {int(np.argmin(finite))} is not finite. Give the model the "
                "data's units (scaling=data.scaling), or smaller starts."
            )

        self._groups = np.array_split(np.arange(len(start)), -(-len(start) // GROUP))
        self._latents = [tf.gather(latents, group, axis=1) for group in self._groups]
        own = observations.targets.shape.rank == 3
        self._data = [
            observations._replace(targets=tf.gather(observations.targets, group, axis=2))
            if own
            else observations
            for group in self._groups
        ]

    def advance(self, step_size, length, n_iterations=1):
        """Returns the `Block` of these iterations, as arrays, and leaves the chains at its end."""
        random, shape = self._random, (self.model.n_latents, sum(map(len, self._groups)))
        jitter = _padded(random.uniform(*JITTER, n_iterations))
        steps = tf.constant((step_size * jitter[:, None] * self.scales)[:, :, None], tf.float32)
        n_leapfrog = int(np.clip(np.ceil(length / (np.mean(JITTER) * step_size)), 1, MAX_LEAPFROG))
        counts = tf.constant(n_iterations), tf.constant(n_leapfrog)
        momenta = _padded(random.standard_normal((n_iterations, *shape), dtype=np.float32))
        log_uniforms = _padded(-random.standard_exponential((n_iterations, shape[1]), dtype=np.float32))

        def block_of(group, latents, observations):
            noise = tf.constant(momenta[:, :, group]), tf.constant(log_uniforms[:, group])
            return self._block(latents, steps, counts, noise, observations)

        with ThreadPoolExecutor(len(self._groups)) as beside:
            blocks = list(beside.map(block_of, self._groups, self._latents, self._data))
        self._latents = [block.last for block in blocks]
        last, *kept = (np.concatenate(parts, axis=-1) for parts in zip(*blocks, strict=True))
        return Block(last, *(part[:n_iterations] for part in kept))


def _warm_up(sampler, n_iterations, length, target, bar):
    """Returns the step size to go on with, and leaves the sampler with the posterior's scales: a third of the
    iterations falls into the posterior, one measures its scales, and one tunes the step to them."""
    tuner, seen = _Tuner(target, centre=1e-2), []
    for number in range(n_iterations):
        done = number / n_iterations
        # The first trajectories are short: they only fall.
        block = sampler.advance(tuner.step_size, length * min(1.0, 4 * done + 0.04))
        tuner.learn(_acceptance(block).mean())
        if 1 / 3 <= done <= 2 / 3:
            seen.append(block.latents)
        elif seen:
            sampler.scales = _scales(sampler.model, np.concatenate(seen))
            tuner, seen = _Tuner(target, centre=tuner.averaged), []
        bar.update(1)
        bar.set_postfix(acceptance=f"{_acceptance(block).mean():.2f}", refresh=False)
    return tuner.averaged


class _Tuner:
    """Dual averaging of the log step size (Hoffman and Gelman 2014, equation 6, with their constants)."""

    def __init__(self, target, centre):
        self.target, self._log_centre = target, np.log(centre)
        self.step_size = self.averaged = centre
        self._shortfall, self._count = 0.0, 0

    def learn(self, acceptance):
        self._count += 1
        self._shortfall += (self.target - acceptance - self._shortfall) / (self._count + 10)
        log_step = self._log_centre - np.sqrt(self._count) / 0.05 * self._shortfall
        self.step_size = float(np.exp(log_step))
        weight = self._count**-0.75
        self.averaged = float(np.exp((1 - weight) * np.log(self.averaged) + weight * log_step))


def _acceptance(block):
    """Returns the probability of accepting each proposal `[n_iterations, n_chains]`."""
    return np.exp(np.minimum(block.energy_gains, 0))


def _padded(values):
    """Returns values `[n_iterations, ...]` with zeros up to `BLOCK` iterations, the program's shape."""
    return np.concatenate([values, np.zeros((BLOCK - len(values), *values.shape[1:]), values.dtype)])


def _scales(model, latents):
    """Returns the latents' sds `[n_latents]` over draws `[n_iterations, n_latents, n_chains]`."""
    n_draws = latents.shape[0] * latents.shape[2]
    prior_variance = prior_stds(model) ** 2
    variance = latents.var(axis=(0, 2), dtype=np.float64)
    if not variance.all():
        # Too few iterations, or chains that have not moved, say nothing.
        return prior_stds(model)
    # Of few draws: towards what they say of all latents together.
    common = np.exp(np.mean(np.log(variance / prior_variance))) * prior_variance
    return np.sqrt((n_draws * variance + 20 * common) / (n_draws + 20))
