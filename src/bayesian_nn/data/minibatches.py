"""Minibatches: which rows each step sees."""

import functools

import numpy as np

from bayesian_nn.runtime.random_streams import MINIBATCHES, generator

__all__ = ["minibatch"]


def minibatch(seed: int, step: int, n_points: int, batch_size: int) -> np.ndarray:
    """Returns the rows `[batch_size]` of a step's minibatch: consecutive parts of a random order of all
    points, a new one every epoch. What is left of an order, less than a batch, sits its epoch out."""
    epoch, place = divmod(step, n_points // batch_size)
    return _epoch_order(seed, epoch, n_points)[place * batch_size : (place + 1) * batch_size]


@functools.lru_cache(maxsize=2)
def _epoch_order(seed, epoch, n_points):
    return generator(seed, MINIBATCHES, epoch).permutation(n_points).astype(np.int32)
