"""What is random in a block of steps whose minibatches are independent draws."""

import numpy as np

from bayesian_nn.data.images import LabelledImages
from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import checked_batch_size, observe
from bayesian_nn.runtime.random_streams import checked_seed, generator, key
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["BlockInputs"]


class BlockInputs:
    """The data as tensors, and all that is random in a block of steps, drawn outside the compiled loop.

    Every minibatch is a new draw of rows without replacement, independent of the others: of a sampler with
    independent batches the stationary distribution is known.
    """

    def __init__(
        self, model: Model, data: Dataset | LabelledImages, *, seed: int, stream: int, batch_size: int | None
    ):
        self.observations = observe(model, data)
        self.batch_size = checked_batch_size(batch_size, data)
        self._seed, self._stream = checked_seed(seed), stream

    @property
    def n_points(self) -> int:
        return self.observations.n_points

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
