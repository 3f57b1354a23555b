"""The compiled loop that climbs the ELBO, in blocks of steps."""

import functools
import math
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from bayesian_nn.data.minibatches import minibatch
from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.observations import observe
from bayesian_nn.objectives.elbo import objective_noise_shape
from bayesian_nn.runtime.checks import not_negative, whole_number
from bayesian_nn.runtime.random_streams import key
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.optimizer import block_of
from bayesian_nn.training.recorder import Recorder
from bayesian_nn.training.run import Settings

__all__ = ["Plateau", "climb"]


@dataclass(frozen=True)
class Plateau:
    """Stop early when the ELBO's mean over the last `window` steps is less than `tolerance` nats above its
    mean over the `window` before. For a constant learning rate: a decaying one looks like a plateau."""

    window: int = 1000
    tolerance: float = 0.5

    def __post_init__(self):
        object.__setattr__(self, "window", whole_number("window", self.window))
        object.__setattr__(self, "tolerance", not_negative("tolerance", self.tolerance))

    def reached(self, elbos: np.ndarray) -> bool:
        """Whether the best restart's ELBO `[n_steps, n_restarts]` has stopped rising."""
        if len(elbos) < 2 * self.window:
            return False
        last, before = elbos[-self.window :], elbos[-2 * self.window : -self.window]
        return float(np.nanmax(last.mean(axis=0)) - np.nanmax(before.mean(axis=0))) < self.tolerance


def climb(settings: Settings, data: Dataset, recorder: Recorder, plateau: Plateau | None) -> str:
    """Returns the outcome of the fit, whose steps go block by block into the recorder."""
    program = settings.model.program
    block = _compiled_block(program, settings.posterior, settings.objective, settings.optimizer)
    observations = observe(settings.model, data)
    rates = settings.optimizer.learning_rate.rates(settings.n_steps).astype(np.float32)
    length = _block_length(settings, data)
    prepare = functools.partial(_block_arguments, settings, data, rates, length)
    try:
        with (
            ThreadPoolExecutor(1) as beside,
            tqdm(total=settings.n_steps, initial=recorder.step, unit="step", disable=None) as bar,
        ):
            prepared = beside.submit(prepare, recorder.step // length)
            while recorder.step < settings.n_steps:
                index, offset = divmod(recorder.step, length)
                end = min(length, settings.n_steps - index * length)
                noise, block_rates, batches = prepared.result()
                if end == length:
                    # Drawn while this block runs: with many restarts noise is a third of all the work.
                    prepared = beside.submit(prepare, index + 1)
                interval = (tf.constant(offset), tf.constant(end))
                result = block(recorder.state, noise, block_rates, batches, observations, interval)
                recorder.add(result, offset, end)
                bar.update(recorder.step - bar.n)
                if recorder.diverged:
                    return "diverged"
                bar.set_postfix(elbo=f"{recorder.latest_elbo:.1f}", refresh=False)
                if plateau is not None and plateau.reached(recorder.elbos()):
                    return "plateau"
    except KeyboardInterrupt:
        if recorder.step == 0:
            # Nothing to keep, and a script should end.
            raise
        print(
            f"Interrupted after step {recorder.step} of {settings.n_steps}; what was recorded is kept, "
            "and fit(..., resume=run) goes on from there.",
            file=sys.stderr,
        )
        return "interrupted"
    return "finished"


@functools.lru_cache(maxsize=16)
def _compiled_block(model, posterior, objective, optimizer):
    """Returns the compiled loop over the steps [begin, end) of one block. Everything random or scheduled is
    an argument, so that all blocks of all runs share one program."""

    @tf.function(jit_compile=True, autograph=False)
    def block(state, noise, rates, batches, observations, interval):
        begin, end = interval
        n_steps, n_restarts = noise.shape[:2]
        n_points = observations.n_points

        def step(index, state, parts, parameters):
            batch = observations if batches is None else observations.rows(batches[index])
            with tf.GradientTape() as tape:
                tape.watch(state.parameters)
                value = objective(model, posterior, state.parameters, noise[index], batch, n_points=n_points)
                # Restarts do not share parameters: the sum's gradient is each one's own.
                loss = -tf.reduce_sum(value.objective)
            # The ELBO's own parts, whatever is climbed.
            parts = parts.write(index, tf.stack([value.log_likelihood, value.kl]))
            parameters = parameters.write(index, state.parameters)
            gradient = tape.gradient(loss, state.parameters)
            return index + 1, optimizer.step(state, gradient, rates[index]), parts, parameters

        parts = tf.TensorArray(tf.float32, n_steps, element_shape=[2, n_restarts])
        parameters = tf.TensorArray(tf.float32, n_steps, element_shape=state.parameters.shape)
        _, state, parts, parameters = tf.while_loop(
            lambda index, *_: index < end, step, (begin, state, parts, parameters)
        )
        return state, parts.stack(), parameters.stack()

    return block


def _block_length(settings, data):
    # At most 8 MB of noise at a time, and at most 250 steps between two looks at the progress bar.
    return int(np.clip(2**21 // math.prod(_noise_shape(settings, data)), 1, 250))


def _noise_shape(settings, data):
    """Returns the shape of one step's noise."""
    n_batch = data.n_points if settings.batch_size is None else settings.batch_size
    shape = objective_noise_shape(settings.objective, settings.model, settings.posterior, n_batch)
    return (settings.n_restarts, *shape)


def _block_arguments(settings, data, rates, length, index):
    """Returns the noise, the rates `[length]` and the minibatches of one block."""
    return (
        _block_noise(settings, data, index, length),
        tf.constant(block_of(rates, index, length)),
        _block_batches(settings, data, index, length),
    )


def _block_noise(settings, data, index, length):
    # Drawn outside XLA, whose generator gives other numbers for the same seed.
    return tf.random.stateless_normal([length, *_noise_shape(settings, data)], key(settings.seed, index))


def _block_batches(settings, data, index, length):
    """Returns the rows `[length, batch_size]` of each step's minibatch."""
    if settings.batch_size is None:
        return None
    steps = range(index * length, (index + 1) * length)
    return tf.constant(
        np.stack([minibatch(settings.seed, step, data.n_points, settings.batch_size) for step in steps])
    )
