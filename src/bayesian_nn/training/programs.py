"""The two compiled programs that run a block of steps: as one loop, or step by step."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from bayesian_nn.model.observations import Observations, in_units
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.method import Job, Method
from bayesian_nn.training.optimizer import block_of

__all__ = ["Stretch", "program_for"]

# Multiplications of a weight by a unit in one step, forwards. Steps one by one take some 1.4 times the loop's
# processor time, whether of 20,000 points and ten units a layer or of 800 points and 200 units; two cores or
# more make up for that from about here on, where the cost of starting a step no longer counts.
LARGE_STEP = 2**25
# Numbers that may be recorded in one call of a block: 8 MB.
SLOT_NUMBERS = 2**21
# Bytes of all inputs that may be copied to the device as a whole.
LARGE_DATA = 2**25


class Stretch(NamedTuple):
    """What some steps of a block leave: the state after them; of every step its parts `[n_done, n_parts,
    n_vectors]`; what was recorded, by step; whether Ctrl-C cut it short."""

    state: tuple
    parts: np.ndarray
    recorded: dict[int, np.ndarray]
    interrupted: bool = False


def program_for(method: Method, job: Job, state, strategy=None):
    """Returns the program that is quicker for the job: `Blocks`, in which a block of small steps is one call,
    or `Steps`, whose matrix products are shared among all cores, and whose batches are looked up one by one.
    With a strategy, `Steps`, whose batches are shared among the strategy's replicas."""
    current = tf.distribute.get_strategy() if strategy is None else strategy
    work = job.batches.n_batch * method.model.n_weights * job.n_networks
    n_bytes = 4 * job.batches.n_points * method.model.layer_sizes[0]
    large = (work >= LARGE_STEP and not method.fused) or (
        job.batches.rule is not None and n_bytes >= LARGE_DATA
    )
    if strategy is not None or current.num_replicas_in_sync > 1 or large:
        return Steps(method, job, current)
    return Blocks(method, job, state)


class Blocks:
    """Runs a block as one XLA loop."""

    def __init__(self, method: Method, job: Job, state):
        self.method, self.job = method, job
        size = int(np.prod(np.shape(method.recorded(state))))
        # What is recorded leaves the loop in these slots, and in no more.
        self.n_slots = int(np.clip(SLOT_NUMBERS // size, 1, job.length))
        self._block = _compiled_block(method, self.n_slots)

    def place(self, state):
        """Returns the state as tensors."""
        return tf.nest.map_structure(tf.constant, state)

    def fetch(self, state):
        """Returns the state as arrays."""
        return tf.nest.map_structure(np.asarray, state)

    def vectors(self, state) -> np.ndarray:
        """Returns what is recorded of a state."""
        return np.array(self.method.recorded(state))

    def prepare(self, index: int) -> tuple:
        """Returns the noise, the schedules and the rows of a block."""
        job, length = self.job, self.job.length
        rows = job.batches.rows(range(index * length, (index + 1) * length))
        return (
            job.noise(index, length),
            tf.constant(_schedules_of(job, index)),
            None if rows is None else tf.constant(rows),
        )

    def run(self, state, prepared, interval: range, pause: Callable[[int], None]) -> Stretch:
        """Returns the `Stretch` of the steps `interval`, all in one block, with at most `n_slots` records."""
        begin, length = interval.start % self.job.length, self.job.length
        wanted = [step for step in interval if step in self.job.record_at]
        slots = np.full(length, self.n_slots, np.int32)
        slots[[step % length for step in wanted]] = np.arange(len(wanted))
        bounds = tf.constant(begin), tf.constant(begin + len(interval))
        state, parts, kept = self._block(
            state, *prepared, tf.constant(slots), self.job.batches.observations, bounds
        )
        # A copy, so that no slot that is not used stays in memory.
        kept = kept[: len(wanted)].numpy()
        parts = parts.numpy()[begin : begin + len(interval)]
        return Stretch(state, parts, dict(zip(wanted, kept, strict=True)), _is_stopped(pause, interval.stop))


class Steps:
    """Runs a block step by step, each batch shared among a strategy's replicas.

    Noise belongs to a point's place in the batch, and so the result is that of one device but for rounding.
    Raises ValueError for a batch that cannot be shared equally.
    """

    def __init__(self, method: Method, job: Job, strategy):
        self.method, self.job, self.strategy = method, job, strategy
        self.n_slots = job.length
        n_replicas, n_batch = strategy.num_replicas_in_sync, job.batches.n_batch
        if n_batch % n_replicas:
            raise ValueError(
                f"batch_size={n_batch} cannot be shared equally by the strategy's {n_replicas} replicas: "
                f"use a multiple of {n_replicas}."
            )
        self.n_share = n_batch // n_replicas
        self._step = _compiled_step(method, job.batches.n_points, strategy)
        if job.batches.rule is None:
            self._all = job.batches.observations
        else:
            self._y_scale = in_units(job.batches.model, [], []).y_scale

    def place(self, state):
        """Returns a copy of the state for every replica."""
        return self._distributed(lambda _: tf.nest.map_structure(tf.constant, state))

    def fetch(self, state):
        """Returns the state as arrays."""
        return tf.nest.map_structure(np.asarray, self._local(state))

    def vectors(self, state) -> np.ndarray:
        """Returns what is recorded of a state."""
        return np.array(self.method.recorded(self._local(state)))

    def prepare(self, index: int) -> tuple:
        """Returns the noise, the schedules, and the inputs and targets of every step of a block."""
        job, length = self.job, self.job.length
        steps = range(index * length, min((index + 1) * length, job.n_steps))
        batches = [job.batches.looked_up(step) for step in steps]
        return job.noise(index, length), _schedules_of(job, index), batches

    def run(self, state, prepared, interval: range, pause: Callable[[int], None]) -> Stretch:
        """Returns the `Stretch` of the steps `interval`, all in one block; Ctrl-C cuts it short."""
        noise, schedules, batches = prepared
        parts, recorded, stopped = [], {}, False
        for step in interval:
            place = step % self.job.length
            if step in self.job.record_at:
                recorded[step] = self.vectors(state)
            share = self._distributed(
                functools.partial(self._share, noise[place], schedules[place], batches[place])
            )
            state, of_step = self._step(state, share)
            parts.append(self._local(of_step))
            if stopped := _is_stopped(pause, step + 1):
                break
        # Read at the end: reading waits for the device.
        return Stretch(state, np.stack([part.numpy() for part in parts]), recorded, stopped)

    def _share(self, noise, schedule, batch, context):
        begin = self.n_share * context.replica_id_in_sync_group
        share, n_batch = slice(begin, begin + self.n_share), self.job.batches.n_batch
        if batch is None:
            observations = self._all if self.n_share == n_batch else self._all.part(share)
        else:
            inputs, targets, *weights = (tf.constant(part[share]) for part in batch)
            observations = Observations(inputs, targets, self._y_scale, *weights)
        if self.n_share != n_batch:
            noise = self.method.noise_of_share(noise, share, n_batch)
        return tf.constant(schedule), noise, observations

    def _distributed(self, value_of):
        return self.strategy.experimental_distribute_values_from_function(value_of)

    def _local(self, value):
        return self.strategy.experimental_local_results(value)[0]


def _is_stopped(pause, step):
    """Whether Ctrl-C comes in the pause after so many steps."""
    try:
        pause(step)
    except KeyboardInterrupt:
        return True
    return False


def _schedules_of(job, index):
    return np.stack([block_of(each, index, job.length) for each in job.schedules.T], axis=1)


@functools.lru_cache(maxsize=32)
def _compiled_block(method, n_slots):
    """Returns the compiled loop over the steps of an interval in one block. Everything random, scheduled or
    observed is an argument, so that all blocks of all runs share one program."""

    @tf.function(jit_compile=True, autograph=False)
    def block(state, noise, schedules, rows, slots, observations, bounds):
        begin, end = bounds
        n_points, length = observations.n_points, schedules.shape[0]

        def step(index, state, parts, kept):
            batch = observations if rows is None else observations.rows(rows[index])
            kept = kept.write(slots[index], method.recorded(state))
            gradient, of_step = method.gradient(state, schedules[index], noise[index], batch, n_points)
            state = method.update(state, gradient, schedules[index])
            return index + 1, state, parts.write(index, of_step), kept

        parts = tf.TensorArray(tf.float32, length, element_shape=method.parts_shape(state))
        # What is not kept goes to the last slot.
        kept = tf.TensorArray(tf.float32, n_slots + 1, element_shape=method.recorded(state).shape)
        _, state, parts, kept = tf.while_loop(
            lambda index, *_: index < end, step, (begin, state, parts, kept)
        )
        return state, parts.stack(), kept.stack()

    return block


@functools.lru_cache(maxsize=32)
def _compiled_step(method, n_points, strategy):
    """Returns the compiled step of all replicas."""
    # XLA fuses the update's passes over all parameters. The gradient's matrix products it would leave to one
    # core: on two, the graph takes a seventh less time for 256 images, a quarter less for 512.
    update = tf.function(method.update, jit_compile=True, autograph=False)
    gradient_of = functools.partial(method.gradient, n_points=n_points)
    if method.fused:
        gradient_of = tf.function(gradient_of, jit_compile=True, autograph=False)

    def of_replica(state, share):
        schedule, noise, observations = share
        # A replica's points stand for all: the mean over the replicas is the objective of the batch.
        result = gradient_of(state, schedule, noise, observations)
        if strategy.num_replicas_in_sync > 1:
            flat = tf.nest.flatten(result)
            context = tf.distribute.get_replica_context()
            flat = context.all_reduce(tf.distribute.ReduceOp.MEAN, flat)
            result = tf.nest.pack_sequence_as(result, flat)
        gradient, of_step = result
        return update(state, gradient, schedule), of_step

    return tf.function(lambda state, share: strategy.run(of_replica, (state, share)), autograph=False)
