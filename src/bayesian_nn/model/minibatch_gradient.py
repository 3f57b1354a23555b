"""What every method with minibatches needs: the rows of each step, and the log joint density's gradient."""

import numpy as np

from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.chains_last import log_joint_and_gradient
from bayesian_nn.model.model import Model, prior
from bayesian_nn.model.observations import checked_batch_size, in_network_units
from bayesian_nn.runtime.random_streams import checked_seed, generator, key
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["BlockInputs", "minibatch_gradient"]


def minibatch_gradient(model: Model, latents, inputs, targets, *, n_points: int):
    """Returns unbiased estimates of log p(y, w) `[n_chains]` and of its gradient `[n_latents, n_chains]`, for
    latents `[n_latents, n_chains]` and a minibatch of `n_points` observations: the batch's log-likelihood
    counts n_points / n_batch times, and the prior once."""
    values, gradient = log_joint_and_gradient(model, latents, inputs, targets)
    n_batch = targets.shape[0]
    if n_batch == n_points:
        return values, gradient
    weight = n_points / n_batch
    normal = prior(model, latents.dtype).distribution
    # weight · (log p(y_batch | w) + log p(w)) has counted the prior weight - 1 times too often.
    log_prior = tf.reduce_sum(normal.log_prob(tf.transpose(latents)), axis=1)
    of_prior = (normal.loc[:, None] - latents) / normal.scale[:, None] ** 2
    return weight * values - (weight - 1) * log_prior, weight * gradient - (weight - 1) * of_prior


class BlockInputs:
    """The data as tensors, and all that is random in a block of steps, drawn outside the compiled loop.

    Every minibatch is a new draw of rows without replacement, independent of the others: of a sampler with
    independent batches the stationary distribution is known.
    """

    def __init__(self, model: Model, data: Dataset, *, seed: int, stream: int, batch_size: int | None):
        self.tensors = tuple(tf.constant(part, tf.float32) for part in in_network_units(model, data))
        self.n_points = data.n_points
        self.batch_size = checked_batch_size(batch_size, data)
        self._seed, self._stream = checked_seed(seed), stream

    def noise(self, index: int, shape) -> tf.Tensor:
        """Returns the standard normal noise `shape` of block `index`."""
        block_key = tf.random.experimental.stateless_fold_in(key(self._seed, self._stream), index)
        return tf.random.stateless_normal(shape, block_key)

    def batches(self, index: int, length: int) -> tf.Tensor | None:
        """Returns the rows `[length, batch_size]` of the minibatches of block `index`; None is all rows."""
        if self.batch_size is None:
            return None
        random = generator(self._seed, self._stream, index)
        rows = [
            random.choice(self.n_points, self.batch_size, replace=False, shuffle=False) for _ in range(length)
        ]
        return tf.constant(np.stack(rows).astype(np.int32))
