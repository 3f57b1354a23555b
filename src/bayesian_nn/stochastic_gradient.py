"""What every method with minibatches needs: the rows of each step, and the log joint density's gradient."""

import numpy as np

from bayesian_nn.arguments import finite_numbers, instance, positive, shown, whole_number
from bayesian_nn.backend import tf
from bayesian_nn.chains_last import log_joint_and_gradient
from bayesian_nn.data import Dataset
from bayesian_nn.model import Model, prior
from bayesian_nn.posterior import MeanField
from bayesian_nn.streams import checked_seed, generator, key

__all__ = ["BlockInputs", "checked_start", "minibatch_gradient", "rates_of"]


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


def rates_of(argument: str, rate, n_steps: int) -> np.ndarray:
    """Returns the rates `[n_steps]` of a schedule, or of a number for a constant one."""
    if isinstance(rate, type) or not hasattr(rate, "rates"):
        if isinstance(rate, int | float | np.number):
            return np.full(n_steps, positive(argument, rate), np.float32)
        raise ValueError(
            f"{argument} must be a number, or a schedule such as StepDecay(0.01); got {shown(rate)}."
        )
    return np.asarray(rate.rates(n_steps), np.float32)


def checked_start(model: Model, start, *, seed: int, counted: str, n_starts: int) -> np.ndarray:
    """Returns the latents `[n_latents, n_starts]` to begin with: `start` `[n_starts, n_latents]`, or if that
    is None the means of `MeanField.initial`. counted: what the caller names their number."""
    n_starts = whole_number(counted, n_starts)
    if start is None:
        start = MeanField().initial(model, seed=seed, n_restarts=n_starts)[:, : model.n_latents]
    start = finite_numbers("start", start).astype(np.float32)
    if start.shape != (n_starts, model.n_latents):
        raise ValueError(
            f"start must be [{counted}, n_latents] = [{n_starts}, {model.n_latents}]; "
            f"got {list(start.shape)}."
        )
    return np.ascontiguousarray(start.T)


class BlockInputs:
    """The data as tensors, and all that is random in a block of steps, drawn outside the compiled loop.

    Every minibatch is a new draw of rows without replacement, independent of the others: of a sampler with
    independent batches the stationary distribution is known.
    """

    def __init__(self, model: Model, data: Dataset, *, seed: int, stream: int, batch_size: int | None):
        instance("model", model, Model, "Make one as in Model((1, 10, 10, 1), noise_std=0.1).")
        instance("data", data, Dataset, "Make one of arrays with dataset(x, y).")
        n_inputs = model.layer_sizes[0]
        if data.x.shape[1] != n_inputs:
            raise ValueError(
                f"The data have {data.x.shape[1]} inputs and the model {n_inputs}: "
                f"layer_sizes must begin with {data.x.shape[1]}."
            )
        if batch_size is not None and whole_number("batch_size", batch_size) > data.n_points:
            raise ValueError(
                f"batch_size must be at most {data.n_points}, the observations; got {batch_size}."
            )
        self.tensors = tuple(
            tf.constant(part, tf.float32) for part in (model.inputs(data.x), model.targets(data.y))
        )
        self.n_points = data.n_points
        self.batch_size = batch_size
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
