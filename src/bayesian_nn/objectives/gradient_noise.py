"""How noisy an objective's gradient is, at parameters held fixed."""

import functools
import math
from typing import NamedTuple

import numpy as np

from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import checked_batch_size, observe
from bayesian_nn.objectives.elbo import Elbo, objective_noise_shape
from bayesian_nn.posteriors.family import Family
from bayesian_nn.runtime.checks import whole_number
from bayesian_nn.runtime.progress import progress
from bayesian_nn.runtime.random_streams import GRADIENTS, generator
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["GradientNoise", "estimate_gradient_noise"]

# Numbers of noise in a block of repeats: 8 MB in single precision.
BLOCK = 2**21


class GradientNoise(NamedTuple):
    """What independent estimates of an objective and its gradient are on average, and how they spread.

    mean, variance: of the gradient, uphill, `[..., n_parameters]`, per estimate; value, value_variance: of
    the objective, `[...]`, in nats and nats².
    """

    mean: np.ndarray
    variance: np.ndarray
    value: np.ndarray
    value_variance: np.ndarray
    n_repeats: int

    @property
    def standard_error(self) -> np.ndarray:
        """The standard error of `mean` `[..., n_parameters]`."""
        return np.sqrt(self.variance / self.n_repeats)

    @property
    def total_variance(self) -> np.ndarray:
        """The variances summed over the parameters `[...]`: the mean squared distance of an estimate from
        the true gradient."""
        return self.variance.sum(axis=-1)


def estimate_gradient_noise(
    model: Model,
    posterior: Family,
    objective: Elbo,
    parameters,
    data: Dataset,
    *,
    seed: int,
    n_repeats: int,
    batch_size: int | None = None,
) -> GradientNoise:
    """Returns the mean and the variance of `n_repeats` gradients of the objective at parameters
    `[..., n_parameters]`, each with noise of its own and, with a `batch_size`, a random minibatch of its own.
    All parameter vectors share the noise. In the parameters' precision: single for those of a run."""
    n_repeats = whole_number("n_repeats", n_repeats, at_least=2)
    parameters = np.asarray(parameters)
    observations = observe(model, data, parameters.dtype)
    n_batch = checked_batch_size(batch_size, data) or observations.n_points
    vectors = tf.constant(parameters.reshape(-1, parameters.shape[-1]))
    shape = objective_noise_shape(objective, model, posterior, n_batch)
    length = min(n_repeats, max(1, BLOCK // math.prod(shape)))
    block = _compiled_block(model.program, posterior, objective)
    # The value goes along as one more component.
    zeros = tf.zeros([vectors.shape[0], vectors.shape[1] + 1], vectors.dtype)
    moments = (tf.constant(0), zeros, zeros)
    for begin in progress(range(0, n_repeats, length), unit="block", leave=False):
        n_done = min(length, n_repeats - begin)
        noise, rows = _block_arguments(
            seed, range(begin, begin + length), shape, observations.n_points, n_batch
        )
        noise = tf.constant(noise, vectors.dtype)
        moments = block(moments, vectors, noise, tf.constant(rows), observations, tf.constant(n_done))
    mean = moments[1].numpy().reshape(*parameters.shape[:-1], -1)
    variance = moments[2].numpy().reshape(mean.shape) / (n_repeats - 1)
    return GradientNoise(
        mean=mean[..., :-1],
        variance=variance[..., :-1],
        value=mean[..., -1],
        value_variance=variance[..., -1],
        n_repeats=n_repeats,
    )


@functools.lru_cache(maxsize=32)
def _compiled_block(model, posterior, objective):
    """Returns the compiled loop over the first `n_done` estimates of a block: Welford's running moments."""

    @tf.function(jit_compile=True, autograph=False)
    def block(moments, vectors, noise, rows, observations, n_done):
        n_points = observations.n_points
        shared = [vectors.shape[0], *noise.shape[1:]]

        def step(index, count, mean, squares):
            batch = observations.rows(rows[index])
            with tf.GradientTape() as tape:
                tape.watch(vectors)
                each = tf.broadcast_to(noise[index], shared)
                value = objective(model, posterior, vectors, each, batch, n_points=n_points).objective
            # Vectors do not share parameters: the sum's gradient is each one's own.
            estimate = tf.concat([tape.gradient(value, vectors), value[:, None]], axis=-1)
            deviation = estimate - mean
            mean += deviation / tf.cast(count + 1, mean.dtype)
            return index + 1, count + 1, mean, squares + deviation * (estimate - mean)

        loop = tf.while_loop(lambda index, *_: index < n_done, step, (tf.constant(0), *moments))
        return tuple(loop[1:])

    return block


def _block_arguments(seed, repeats, shape, n_points, n_batch):
    """Returns the noise `[length, *shape]` and the rows `[length, n_batch]` of some repeats, each from a
    generator of its own, so that it does not matter how they are grouped."""
    noise, rows = [], []
    for repeat in repeats:
        random = generator(seed, GRADIENTS, repeat)
        whole = n_batch == n_points
        rows.append(np.arange(n_points) if whole else random.choice(n_points, n_batch, replace=False))
        noise.append(random.standard_normal(shape))
    return np.stack(noise), np.stack(rows).astype(np.int32)
