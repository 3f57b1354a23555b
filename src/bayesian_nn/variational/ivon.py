"""IVON: mean-field variational inference by natural gradients, the curvature learned from gradients alone."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bayesian_nn.data.images import LabelledImages
from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.chains_last import log_likelihood_and_gradient
from bayesian_nn.model.initial_weights import first_latents
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import warn_if_unscaled
from bayesian_nn.model.prior_terms import gaussian_prior, log_prior
from bayesian_nn.objectives.elbo import estimate_elbo
from bayesian_nn.posteriors.mean_field import MeanField, gaussian_entropy
from bayesian_nn.runtime.checks import fraction, positive, whole_number
from bayesian_nn.runtime.random_streams import IVON, POSTERIOR, key
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.batches import Batches
from bayesian_nn.training.driver import DivergedError, Progress, drive, say_interrupted
from bayesian_nn.training.method import Job, block_length, normal_noise
from bayesian_nn.training.optimizer import StepDecay, WarmupCosine, schedule_of
from bayesian_nn.training.record import steps_to_record

__all__ = ["IvonFit", "fit_ivon"]

DEFAULT_RATE = WarmupCosine(0.3)


@dataclass(frozen=True, eq=False)
class IvonFit:
    """What IVON found: independent Gaussians, one per latent.

    means, stds: of every restart `[n_restarts, n_latents]`; elbos: before each step's update
    `[n_steps_done, n_restarts]`, in nats, noisy estimates from few draws; final_elbos: at the end
    `[n_restarts]`, from 1,000 draws. `best` is the restart with the highest, and `parameters`, `path` and
    `draw` are that one's. outcome: "finished", "interrupted" or "diverged"; recorded_steps `[n_recorded]` and
    recorded_parameters `[n_recorded, n_restarts, n_parameters]`: after so many steps, as `MeanField` takes
    them.
    """

    model: Model
    means: np.ndarray
    stds: np.ndarray
    elbos: np.ndarray
    final_elbos: np.ndarray
    outcome: str
    recorded_steps: np.ndarray
    recorded_parameters: np.ndarray

    @property
    def best(self) -> int:
        return int(np.argmax(self.final_elbos))

    @property
    def posterior(self) -> MeanField:
        """The family that `parameters` are of."""
        return MeanField()

    @property
    def parameters(self) -> np.ndarray:
        """The best restart's means and rho `[n_parameters]`, as `MeanField` takes them."""
        return MeanField().parameters(self.means[self.best], self.stds[self.best])

    @property
    def path(self) -> np.ndarray:
        """The best restart's recorded parameters `[n_recorded, n_parameters]`."""
        return self.recorded_parameters[:, self.best]

    def draw(self, n_draws: int, *, seed: int) -> np.ndarray:
        """Returns draws of the latents `[n_draws, n_latents]` from the best restart's posterior."""
        shape = [whole_number("n_draws", n_draws), self.model.n_latents]
        noise = tf.random.stateless_normal(shape, key(seed, POSTERIOR))
        return MeanField().draw(self.parameters, noise).numpy()


def fit_ivon(
    model: Model,
    data: Dataset | LabelledImages,
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
    record_at=None,
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
    them. start: means `[n_restarts, n_latents]`, by default those of `MeanField.initial`. record_at: steps at
    which to keep the parameters, by default at most 100, log-spaced. Ctrl-C ends the fit and keeps what it
    has. Raises DivergedError, with the fit until then, if every restart becomes NaN or infinite.
    """
    batches = Batches.independent(model, data, seed=seed, stream=IVON, batch_size=batch_size)
    warn_if_unscaled(model, data)
    n_steps = whole_number("n_steps", n_steps)
    rates = schedule_of("learning_rate", learning_rate).rates(n_steps)
    n_draws, beta1, beta2 = (
        whole_number("n_draws", n_draws),
        fraction("beta1", beta1, but=1),
        fraction("beta2", beta2, but=1),
    )
    method = _IvonStep(model.program, n_draws, beta1, beta2)
    means = first_latents(model, start, seed=seed, counted="n_restarts", n_starts=n_restarts).T
    state = _State.begin(model, means, _checked_std(model, initial_std))
    noise_shape = (*means.shape, n_draws)
    job = Job(
        schedules=rates[:, None].astype(np.float32),
        batches=batches,
        noise=normal_noise(seed, noise_shape, IVON),
        length=block_length(noise_shape),
        record_at=steps_to_record(record_at, n_steps, 2 * means.size),
        n_networks=n_restarts * n_draws,
    )
    done = drive(
        method,
        job,
        Progress(state, np.zeros((0, 1, n_restarts), np.float32)),
        shown=lambda parts: f"elbo={np.nanmax(parts[-1]):.1f}",
    )
    found = _fit_of(model, data, seed, done, method)
    if done.outcome == "diverged":
        raise DivergedError(
            f"Every restart diverged: no ELBO was finite at step {done.diverged_at}. Use a smaller "
            f"learning_rate (at most {rates.max():.3g} here), a smaller initial_std, or a start nearer to "
            "the data (start=...).",
            found,
        )
    if done.outcome == "interrupted":
        say_interrupted(done.n_steps, n_steps)
    return found


def _fit_of(model, data, seed, done, method):
    """Returns the `IvonFit` of what the driver has done."""
    last = method.recorded(done.state).numpy()
    recorded = {step: kept for step, kept in done.recorded.items() if step < done.n_steps}
    recorded |= {done.n_steps: last} if done.outcome != "diverged" else {}
    steps = sorted(recorded)
    moments = np.stack([recorded[step] for step in steps]) if steps else last[None]
    # [n_recorded, n_restarts, n_latents] each.
    means, curvatures = np.split(np.swapaxes(moments, 1, 2), 2, axis=-1)
    # Of a restart that diverged there are none.
    with np.errstate(all="ignore"):
        stds = 1 / np.sqrt(curvatures + _prior_precision(model)[:, 0])
        parameters = MeanField().parameters(means, stds)
    final = estimate_elbo(model, MeanField(), parameters[-1], data, seed=seed).elbo
    return IvonFit(
        model,
        means=means[-1],
        stds=stds[-1],
        elbos=done.parts[:, 0],
        final_elbos=np.where(np.isfinite(final), final, -np.inf),
        outcome=done.outcome,
        recorded_steps=np.array(steps, int),
        recorded_parameters=parameters,
    )


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
        return cls(*(np.asarray(part, np.float32) for part in parts))


@dataclass(frozen=True)
class _IvonStep:
    """A step of the method; see `Method`. The schedule is the learning rate."""

    model: Model
    n_draws: int
    beta1: float
    beta2: float

    vector_axis = -1
    lost_allowed = True
    fused = True

    def gradient(self, state, schedule, noise, batch, n_points):
        """Returns g and ĥ `[n_latents, n_restarts]`, and the ELBO, for standard normal noise `[n_latents,
        n_restarts, n_draws]`."""
        stds = self._stds(state)
        latents = state.means[..., None] + stds[..., None] * noise
        flat = tf.reshape(latents, [noise.shape[0], -1])
        values, slopes = log_likelihood_and_gradient(self.model, flat, batch, n_points=n_points)
        log_joints = values + log_prior(self.model, flat, axis=0)
        log_joint = tf.reduce_mean(tf.reshape(log_joints, noise.shape[1:]), axis=-1)
        entropy = gaussian_entropy(tf.reduce_sum(tf.math.log(stds), axis=0), stds.shape[0])
        # Of minus the log-likelihood alone: the prior's share is known without noise.
        gradients = -tf.reshape(slopes, noise.shape)
        curvature = tf.reduce_mean(gradients * noise, axis=-1) / stds
        return (tf.reduce_mean(gradients, axis=-1), curvature), (log_joint + entropy)[None]

    def update(self, state, gradient, schedule):
        """Returns the state after the step."""
        (gradient, curvature), precision = gradient, _prior_precision(self.model)
        prior_mean = tf.constant(gaussian_prior(self.model, "fit_ivon")[0][:, None], tf.float32)
        momenta = self.beta1 * state.momenta + (1 - self.beta1) * gradient
        unseen = self.beta1 * state.unseen
        variances = self._stds(state) ** 2
        correction = 0.5 * (1 - self.beta2) ** 2 * (state.curvatures - curvature) ** 2 * variances
        curvatures = self.beta2 * state.curvatures + (1 - self.beta2) * curvature + correction
        downhill = momenta / (1 - unseen) + precision * (state.means - prior_mean)
        means = state.means - schedule[0] * downhill / (curvatures + precision)
        return _State(means, curvatures, momenta, unseen)

    def recorded(self, state):
        """Returns means, then curvatures `[2 · n_latents, n_restarts]`."""
        return tf.concat([state.means, state.curvatures], axis=0)

    def parts_shape(self, state):
        return 1, state.means.shape[1]

    def noise_of_share(self, noise, share, n_batch):
        return noise

    def _stds(self, state):
        return 1 / tf.sqrt(state.curvatures + _prior_precision(self.model))


def _prior_precision(model):
    return (1 / gaussian_prior(model, "fit_ivon")[1][:, None] ** 2).astype(np.float32)


def _checked_std(model, initial_std):
    smallest = gaussian_prior(model, "fit_ivon")[1].min()
    if positive("initial_std", initial_std) >= smallest:
        raise ValueError(
            f"initial_std must be below {smallest:.3g}, the smallest sd of the prior, for a posterior is "
            f"narrower than its prior; got {initial_std}."
        )
    return initial_std
