"""The random streams of a seed, one for each purpose: nothing is judged by the noise it was made with."""

import functools

import numpy as np

from bayesian_nn.arguments import whole_number
from bayesian_nn.backend import tf

__all__ = [
    "CALIBRATION",
    "DROPOUT",
    "ENSEMBLE",
    "EVALUATION",
    "EXPLAINED",
    "GRADIENTS",
    "IVON",
    "LANGEVIN",
    "LAPLACE",
    "MCMC",
    "MINIBATCHES",
    "MIXTURE",
    "POSTERIOR",
    "PRIOR",
    "checked_seed",
    "generator",
    "key",
    "minibatch",
]

# The blocks of a fit's noise have the streams 0, 1, 2, ...; all others are below zero.
EVALUATION, EXPLAINED, POSTERIOR, PRIOR, MINIBATCHES = -1, -2, -3, -4, -5
MCMC, LAPLACE, DROPOUT, LANGEVIN, IVON, ENSEMBLE, MIXTURE, CALIBRATION, GRADIENTS = range(-6, -15, -1)


def checked_seed(seed) -> int:
    """Returns `seed` as an int. Raises ValueError for anything but a whole number that TensorFlow takes."""
    seed = whole_number("seed", seed, at_least=0)
    if seed >= 2**63:
        raise ValueError(f"seed must be below 2**63, where TensorFlow's seeds end; got {seed}.")
    return seed


def key(seed: int, stream: int) -> tf.Tensor:
    """Returns the key `[2]` of a stream, for TensorFlow's stateless generators."""
    return tf.constant([checked_seed(seed), stream], tf.int64)


def generator(seed: int, stream: int, index: int) -> np.random.Generator:
    """Returns NumPy's generator of part `index` of a stream."""
    # A plain [seed, index] with index 0 would be the generator of the seed alone, a fit's start.
    return np.random.default_rng(np.random.SeedSequence(checked_seed(seed), spawn_key=(-stream, index)))


def minibatch(seed: int, step: int, n_points: int, batch_size: int) -> np.ndarray:
    """Returns the rows `[batch_size]` of a step's minibatch: consecutive parts of a random order of all
    points, a new one every epoch. What is left of an order, less than a batch, sits its epoch out."""
    epoch, place = divmod(step, n_points // batch_size)
    return _epoch_order(seed, epoch, n_points)[place * batch_size : (place + 1) * batch_size]


@functools.lru_cache(maxsize=2)
def _epoch_order(seed, epoch, n_points):
    return generator(seed, MINIBATCHES, epoch).permutation(n_points).astype(np.int32)
