"""Climbing the log joint density, for many vectors of latents at once."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from bayesian_nn.data.images import LabelledImages
from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.log_joint import log_likelihood
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import Observations
from bayesian_nn.model.prior_terms import log_prior
from bayesian_nn.objectives.elbo import batch_weight
from bayesian_nn.runtime.checks import instance
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.batches import Batches
from bayesian_nn.training.driver import DivergedError, Progress, drive, say_interrupted
from bayesian_nn.training.method import BLOCK_STEPS, Job
from bayesian_nn.training.optimizer import Adam, AdamState, StepDecay
from bayesian_nn.training.record import steps_to_record

__all__ = ["BLOCK", "Ascent", "climb"]

# The steps for which `factors` is asked at a time.
BLOCK = BLOCK_STEPS
# Nats that a density near zero may fall without a word.
FAR = 10.0


class Ascent(NamedTuple):
    """Where vectors ended. latents: `[n_vectors, n_latents]`, NaN where a vector was lost; log_joints:
    log p(y, w) before each step's update `[n_steps_done, n_vectors]`, in nats, estimates from the step's
    batch; outcome: "finished" or "interrupted"; recorded_steps `[n_recorded]` and recorded_latents
    `[n_recorded, n_vectors, n_latents]`: the latents after so many steps."""

    latents: np.ndarray
    log_joints: np.ndarray
    outcome: str
    recorded_steps: np.ndarray
    recorded_latents: np.ndarray


def climb(
    model: Model,
    start,
    data: Observations | Dataset | LabelledImages,
    *,
    n_steps: int,
    optimizer: Adam,
    shifts=None,
    factors: Callable[[int], np.ndarray] | None = None,
    batch_size: int | None = None,
    seed: int = 0,
    record_at=(),
) -> Ascent:
    """Returns the `Ascent` of `n_steps` steps up log p(y | x, w) + log p(w), all vectors at once, in single
    precision.

    start: `[n_vectors, n_latents]`; data: the same for all vectors, or observations with targets of each
    one's own. shifts: what each vector's prior is moved by `[n_vectors, n_latents]`. factors: a function of a
    block's number that returns what to multiply the latents by at each of its steps `[BLOCK, n_factors,
    n_latents]`, one for each vector, or several for a single vector: the steps then climb the sum of the
    products' densities. batch_size: observations per step, drawn by the seed without replacement within an
    epoch; None is all of them. Ctrl-C ends it and keeps what was reached. A vector is lost that is no longer
    finite, or whose density in the last tenth of the steps is far below the first step's: steps too large
    lead nowhere, and be they finite. Raises DivergedError if all vectors are lost, with the `Ascent`.
    """
    instance("optimizer", optimizer, Adam, "A schedule goes into one: Adam(learning_rate=...).")
    start = np.asarray(start, np.float32)
    shifts = np.zeros((0, 0)) if shifts is None else shifts
    method = _AscentStep(model.program, replace(optimizer, learning_rate=StepDecay(1.0)), factors is not None)
    multiplied = (
        (lambda index, length: tf.zeros([length, 0]))
        if factors is None
        else (lambda index, length: tf.constant(factors(index), tf.float32))
    )
    job = Job(
        schedules=optimizer.learning_rate.rates(n_steps)[:, None].astype(np.float32),
        batches=Batches.in_epochs(model, data, seed=seed, batch_size=batch_size),
        noise=multiplied,
        length=BLOCK,
        record_at=steps_to_record(record_at, n_steps, start.size),
        n_networks=len(start),
    )
    state = _State(optimizer.start(start), np.asarray(shifts, np.float32))
    done = drive(method, job, Progress(state, np.zeros((0, 1, len(start)), np.float32)))
    ascent = _ascent_of(done)
    remedy = (
        f"Use a smaller learning rate (now {optimizer.learning_rate}), or give the model the data's units "
        "(scaling=data.scaling)."
    )
    if done.outcome == "diverged":
        raise DivergedError(
            f"After {done.n_steps} of {n_steps} steps no vector of latents was finite. {remedy}", ascent
        )
    lost = _lost(ascent.log_joints)
    if lost.all():
        raise DivergedError(
            f"After {done.n_steps} steps the log density is {ascent.log_joints[-1].max():.3g} nats, far "
            f"below the {ascent.log_joints[0].max():.3g} that it began with. {remedy}",
            ascent,
        )
    ascent.latents[lost] = np.nan
    if done.outcome == "interrupted":
        say_interrupted(done.n_steps, n_steps)
    return ascent


def _lost(log_joints):
    """Returns which vectors `[n_vectors]` have climbed down, by far more than a minibatch's noise."""
    first, last = log_joints[0], log_joints[-max(1, len(log_joints) // 10) :].max(axis=0)
    return last < first - np.abs(first) - FAR


def _ascent_of(done):
    latents, recorded = done.state.adam.parameters, done.recorded
    steps = sorted(recorded)
    kept = (
        np.stack([recorded[step] for step in steps]) if steps else np.zeros((0, *latents.shape), np.float32)
    )
    return Ascent(np.array(latents), done.parts[:, 0], done.outcome, np.array(steps, int), kept)


class _State(NamedTuple):
    """What the next step needs, and what each vector's prior is moved by; without, no numbers."""

    adam: AdamState
    shifts: np.ndarray | tf.Tensor


@dataclass(frozen=True)
class _AscentStep:
    """A step up the log joint density; see `Method`. The schedule is the learning rate; multiplied: whether
    the noise is what the latents are multiplied by."""

    model: Model
    optimizer: Adam
    multiplied: bool

    vector_axis = 0
    lost_allowed = True
    fused = False

    def gradient(self, state, schedule, noise, batch, n_points):
        parameters = state.adam.parameters
        with tf.GradientTape() as tape:
            tape.watch(parameters)
            latents = parameters * noise if self.multiplied else parameters
            centred = latents - state.shifts if state.shifts.shape[0] else latents
            weight = batch_weight(batch, n_points)
            values = weight * log_likelihood(self.model, latents, batch) + log_prior(self.model, centred)
            # Vectors share nothing: the sum's gradient is each one's own.
            loss = -tf.reduce_sum(values)
        if parameters.shape[0] == 1:
            values = tf.reduce_mean(values)[None]
        return tape.gradient(loss, parameters), values[None]

    def update(self, state, gradient, schedule):
        return _State(self.optimizer.step(state.adam, gradient, schedule[0]), state.shifts)

    def recorded(self, state):
        return state.adam.parameters

    def parts_shape(self, state):
        return 1, state.adam.parameters.shape[0]

    def noise_of_share(self, noise, share, n_batch):
        return noise
