"""IVON: mean-field variational inference by natural gradients, the curvature learned from gradients alone."""

import functools
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.chains_last import log_likelihood_and_gradient
from bayesian_nn.model.initial_weights import first_latents
from bayesian_nn.model.model import Model
from bayesian_nn.model.prior_terms import gaussian_prior, log_prior
from bayesian_nn.objectives.elbo import estimate_elbo
from bayesian_nn.posteriors.mean_field import MeanField
from bayesian_nn.runtime.checks import fraction, positive, whole_number
from bayesian_nn.runtime.random_streams import IVON, POSTERIOR, key
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.block_inputs import BlockInputs
from bayesian_nn.training.optimizer import StepDecay, WarmupCosine, block_of, schedule_of

__all__ = ["DivergedIvonError", "IvonFit", "fit_ivon"]


DEFAULT_RATE = WarmupCosine(0.3)


class DivergedIvonError(ArithmeticError):
    """Every restart left the finite numbers: the learning rate is too large, or the start too wide."""


@dataclass(frozen=True, eq=False)
class IvonFit:
    """What IVON found: independent Gaussians, one per latent.

    means, stds: of every restart `[n_restarts, n_latents]`; elbos: before each step's update
    `[n_steps, n_restarts]`, in nats, noisy estimates from few draws; final_elbos: at the end `[n_restarts]`,
    from 1,000 draws. `best` is the restart with the highest, and `parameters` and `draw` are that one's.
    """

    model: Model
    means: np.ndarray
    stds: np.ndarray
    elbos: np.ndarray
    final_elbos: np.ndarray

    @property
    def best(self) -> int:
        return int(np.nanargmax(self.final_elbos))

    @property
    def posterior(self) -> MeanField:
        """The family that `parameters` are of."""
        return MeanField()

    @property
    def parameters(self) -> np.ndarray:
        """The best restart's means and rho `[n_parameters]`, as `MeanField` takes them."""
        return MeanField().parameters(self.means[self.best], self.stds[self.best])

    def draw(self, n_draws: int, *, seed: int) -> np.ndarray:
        """Returns draws of the latents `[n_draws, n_latents]` from the best restart's posterior."""
        shape = [whole_number("n_draws", n_draws), self.model.n_latents]
        noise = tf.random.stateless_normal(shape, key(seed, POSTERIOR))
        return MeanField().draw(self.parameters, noise).numpy()


def fit_ivon(
    model: Model,
    data: Dataset,
    *,
    seed: int,
    n_steps: int = 3000,
    learning_rate: WarmupCosine | StepDecay | float = DEFAULT_RATE,
    beta1: float = 0.9,
    beta2: float = 0.99,
    n_draws: int = 5,
    initial_std: float = 0.02,
    n_restarts: int = 1,
    batch_size: int | None = None,
    start=None,
) -> IvonFit:
    """Returns the mean-field posterior that the improved variational online Newton method finds (Shen et al.
    2024, algorithm 1). With g(w) the gradient of minus the log-likelihood of all data in nats, h its
    curvature, N(m₀, s₀²) the prior and ε standard normal, a step is

        w = m + s ε,  ĥ = g(w) ε / s,
        u ← b₁ u + (1 - b₁) g(w),
        h ← b₂ h + (1 - b₂) ĥ + ½ (1 - b₂)² (h - ĥ)² s²,
        s² = 1 / (h + 1/s₀²),
        m ← m - rate · s² (u / (1 - b₁ᵗ) + (m - m₀) / s₀²),

    g and ĥ averaged over `n_draws` draws. (The paper divides g, h and 1/s₀² by the number of observations,
    its λ.) E[ĥ] is the expected curvature, by the reparameterisation trick, without a second derivative; the
    last term of h keeps h + 1/s₀² above zero, whatever ĥ, at the price of a curvature that is too large by
    about ½ (1 - b₂) Var[ĥ] s². The step is the natural gradient of the ELBO: a rate of 1 is Newton's.

    learning_rate: a schedule, or a number for a constant one. beta1, beta2: b₁ and b₂. initial_std: the sds
    to begin with; must be smaller than the prior's. n_restarts: independent fits in one compiled loop.
    batch_size: observations per step, the same for all restarts, their g counted N/M times; None is all of
    them. start: means `[n_restarts, n_latents]`, by default those of `MeanField.initial`. Raises
    DivergedIvonError if every restart leaves the finite numbers.
    """
    inputs = BlockInputs(model, data, seed=seed, stream=IVON, batch_size=batch_size)
    rates = schedule_of("learning_rate", learning_rate).rates(whole_number("n_steps", n_steps))
    rule = _Rule(
        model.program,
        inputs.observations.n_points,
        whole_number("n_draws", n_draws),
        fraction("beta1", beta1, but=1),
        fraction("beta2", beta2, but=1),
    )
    means = first_latents(model, start, seed=seed, counted="n_restarts", n_starts=n_restarts).T
    state = _State.begin(model, means, _checked_std(model, initial_std))
    state, elbos = _climb(rule, inputs, rates, state)
    means = state.means.numpy().T
    stds = (1 / np.sqrt(state.curvatures.numpy() + _prior_precision(model))).T
    _check_finite(means, stds, elbos, rates)
    final = estimate_elbo(model, MeanField(), MeanField().parameters(means, stds), data, seed=seed).elbo
    return IvonFit(model, means, stds, elbos, final)


class _Rule(NamedTuple):
    """What a compiled step is made for."""

    model: Model
    n_points: int
    n_draws: int
    beta1: float
    beta2: float


class _State(NamedTuple):
    """m, h, u `[n_latents, n_restarts]` and the part b₁ᵗ of u that is still its zero start."""

    means: tf.Tensor
    curvatures: tf.Tensor
    momenta: tf.Tensor
    unseen: tf.Tensor

    @classmethod
    def begin(cls, model, means, initial_std):
        curvatures = np.broadcast_to(1 / initial_std**2 - _prior_precision(model), means.shape)
        parts = (means, curvatures, np.zeros_like(means), 1.0)
        return cls(*(tf.constant(part, tf.float32) for part in parts))


def _climb(rule, inputs, rates, state):
    """Returns the last state, and the ELBOs `[n_steps, n_restarts]` on the way."""
    shape = [*state.means.shape, rule.n_draws]
    # At most 8 MB of noise at a time, and at most 250 steps between two looks at the progress bar.
    length = int(np.clip(2**21 // np.prod(shape), 1, 250))
    block = _compiled_block(rule)

    def prepare(index):
        block_rates = tf.constant(block_of(rates, index, length))
        return inputs.noise(index, [length, *shape]), block_rates, inputs.batches(index, length)

    elbos = []
    with ThreadPoolExecutor(1) as beside, tqdm(total=len(rates), unit="step", disable=None) as bar:
        prepared = beside.submit(prepare, 0)
        for begin in range(0, len(rates), length):
            n_now = min(length, len(rates) - begin)
            arguments = prepared.result()
            # Drawn while this block runs.
            prepared = beside.submit(prepare, begin // length + 1)
            state, values = block(state, *arguments, inputs.observations, tf.constant(n_now))
            elbos.append(values.numpy()[:n_now])
            bar.update(n_now)
            bar.set_postfix(elbo=f"{elbos[-1][-1].max():.1f}", refresh=False)
    return state, np.concatenate(elbos)


@functools.lru_cache(maxsize=16)
def _compiled_block(rule):
    """Returns the compiled loop over the first `end` steps of a block. Everything random or scheduled is an
    argument, so that all blocks share one program."""

    @tf.function(jit_compile=True, autograph=False)
    def block(state, noise, rates, batches, observations, end):
        def step(index, state, elbos):
            batch = observations if batches is None else observations.rows(batches[index])
            state, values = _step(rule, state, noise[index], rates[index], batch)
            return index + 1, state, elbos.write(index, values)

        elbos = tf.TensorArray(tf.float32, noise.shape[0], element_shape=noise.shape[2:3])
        _, state, elbos = tf.while_loop(lambda index, *_: index < end, step, (0, state, elbos))
        return state, elbos.stack()

    return block


def _step(rule, state, noise, rate, batch):
    """Returns the state after one step, and the ELBO `[n_restarts]` before it, for standard normal noise
    `[n_latents, n_restarts, n_draws]`."""
    prior_mean, prior_std = (
        tf.constant(part[:, None], tf.float32) for part in gaussian_prior(rule.model, "fit_ivon")
    )
    precision = 1 / prior_std**2
    variances = 1 / (state.curvatures + precision)
    stds = tf.sqrt(variances)
    latents = state.means[..., None] + stds[..., None] * noise
    flat = tf.reshape(latents, [noise.shape[0], -1])
    values, slopes = log_likelihood_and_gradient(rule.model, flat, batch, n_points=rule.n_points)
    log_joints = values + log_prior(rule.model, flat, axis=0)
    log_joint = tf.reduce_mean(tf.reshape(log_joints, noise.shape[1:]), axis=-1)
    entropy = tf.reduce_sum(tf.math.log(stds), axis=0) + 0.5 * stds.shape[0] * math.log(2 * math.pi * math.e)
    # Of minus the log-likelihood alone: the prior's share is known without noise.
    gradients = -tf.reshape(slopes, noise.shape)
    gradient = tf.reduce_mean(gradients, axis=-1)
    curvature = tf.reduce_mean(gradients * noise, axis=-1) / stds
    momenta = rule.beta1 * state.momenta + (1 - rule.beta1) * gradient
    unseen = rule.beta1 * state.unseen
    correction = 0.5 * (1 - rule.beta2) ** 2 * (state.curvatures - curvature) ** 2 * variances
    curvatures = rule.beta2 * state.curvatures + (1 - rule.beta2) * curvature + correction
    downhill = momenta / (1 - unseen) + precision * (state.means - prior_mean)
    means = state.means - rate * downhill / (curvatures + precision)
    return _State(means, curvatures, momenta, unseen), log_joint + entropy


def _prior_precision(model):
    return 1 / gaussian_prior(model, "fit_ivon")[1][:, None] ** 2


def _checked_std(model, initial_std):
    smallest = gaussian_prior(model, "fit_ivon")[1].min()
    if positive("initial_std", initial_std) >= smallest:
        raise ValueError(
            f"initial_std must be below {smallest:.3g}, the smallest sd of the prior, for a posterior is "
            f"narrower than its prior; got {initial_std}."
        )
    return initial_std


def _check_finite(means, stds, elbos, rates):
    finite = (np.isfinite(means) & np.isfinite(stds)).all(axis=1)
    if finite.any():
        return
    step = int(np.argmax(~np.isfinite(elbos).any(axis=1)))
    raise DivergedIvonError(
        f"The ELBO of every restart left the finite numbers by step {step}. Use a smaller learning_rate "
        f"(at most {rates.max():.3g} here), a smaller initial_std, or a start nearer to the data (start=...)."
    )
