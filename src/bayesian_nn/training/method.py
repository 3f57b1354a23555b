"""What an iterative method is, to the driver: a pure step, in two halves."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import Observations
from bayesian_nn.runtime.random_streams import key
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.batches import Batches

__all__ = ["BLOCK_STEPS", "Job", "Method", "block_length", "finite_vectors", "normal_noise"]

# At most 250 steps between two looks at the progress bar, and at most 8 MB of noise at a time.
BLOCK_STEPS, BLOCK_NUMBERS = 250, 2**21


class Method(Protocol):
    """One step of an iterative method for many vectors at once (restarts, members, chains), and what its
    compiled programs are made for: members are frozen dataclasses, so that equal ones share a program.

    A step is `update(state, gradient(state, ...), ...)`: a pure function of its arguments. What `gradient`
    returns is averaged over the replicas that share a batch; `update` must not see the data.

    model: in neutral units (`Model.program`). vector_axis: 0 or -1, that of the vectors in what is recorded.
    lost_allowed: whether some vectors may diverge while another is finite. fused: whether the gradient needs
    XLA, without which its sums would fill the memory.
    """

    model: Model
    vector_axis: int
    lost_allowed: bool
    fused: bool

    def gradient(self, state, schedule, noise, batch: Observations, n_points: int):
        """Returns what `update` needs, a structure of tensors, and of the state before the step what a run
        keeps of every one `[n_parts, n_vectors]`, not finite where it has diverged. schedule: this step's
        values `[n_schedules]`; noise: this step's; n_points: all the observations there are."""

    def update(self, state, gradient, schedule):
        """Returns the state after the step."""

    def recorded(self, state):
        """Returns what is recorded of a state: the vectors."""

    def parts_shape(self, state) -> tuple[int, int]:
        """Returns `(n_parts, n_vectors)`."""

    def noise_of_share(self, noise, share: slice, n_batch: int):
        """Returns the part of a step's noise that a replica needs for its share of the batch's points."""


@dataclass(frozen=True, eq=False)
class Job:
    """What there is to do: schedules `[n_steps, n_schedules]`, single precision; batches; noise: a function
    of a block's index and length that returns the noise `[length, ...]` of its steps; length: of a block, a
    function of the settings alone, so that a resumed run has the same; record_at: steps before whose update
    the vectors are recorded; n_networks: evaluations of the network in a step, for each observation."""

    schedules: np.ndarray
    batches: Batches
    noise: Callable[[int, int], tf.Tensor]
    length: int
    record_at: frozenset[int]
    n_networks: int

    @property
    def n_steps(self) -> int:
        return len(self.schedules)


def block_length(noise_shape) -> int:
    """Returns the number of steps in a block."""
    return int(np.clip(BLOCK_NUMBERS // max(1, int(np.prod(noise_shape, dtype=np.int64))), 1, BLOCK_STEPS))


def normal_noise(seed: int, noise_shape, stream: int | None = None) -> Callable[[int, int], tf.Tensor]:
    """Returns the function that draws the blocks' standard normal noise `[length, *noise_shape]`: of a
    method's own stream, or as a fit does, of the streams from 0 on."""

    def noise(index, length):
        # Drawn outside XLA, whose generator gives other numbers for the same seed.
        if stream is None:
            return tf.random.stateless_normal([length, *noise_shape], key(seed, index))
        block_key = tf.random.experimental.stateless_fold_in(key(seed, stream), index)
        return tf.random.stateless_normal([length, *noise_shape], block_key)

    return noise


def finite_vectors(method: Method, recorded) -> np.ndarray:
    """Returns which vectors are finite `[n_vectors]`, of what is recorded of a state."""
    finite = np.isfinite(recorded)
    return finite.all(axis=1) if method.vector_axis == 0 else finite.all(axis=0)
