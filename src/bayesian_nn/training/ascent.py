"""The compiled loop that climbs the log joint density, for many vectors of latents at once."""

import functools

import numpy as np
from tqdm import tqdm

from bayesian_nn.model.log_joint import log_likelihood
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import Observations
from bayesian_nn.model.prior_terms import log_prior
from bayesian_nn.runtime.checks import instance
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.optimizer import Adam, block_of

__all__ = ["ascend"]

# Steps between two looks at the progress bar.
BLOCK = 250


def ascend(
    model: Model,
    start,
    observations: Observations,
    *,
    n_steps: int,
    optimizer: Adam,
    shifts=None,
    factors=None,
) -> np.ndarray:
    """Returns the latents `[n_vectors, n_latents]` after `n_steps` steps up log p(y | x, w) + log p(w), all
    vectors in one compiled loop, in single precision and with all the data in every step.

    start: `[n_vectors, n_latents]`; observations: the same for all vectors, or targets of each one's own.
    shifts: what each vector's prior is moved by `[n_vectors, n_latents]`. factors: a function of a block's
    number that returns what to multiply the latents by at each of its steps `[BLOCK, n_factors, n_latents]`,
    one for each vector, or several for a single vector: the steps then climb the sum of the products'
    densities. Raises ArithmeticError if no vector is finite at the end.
    """
    instance("optimizer", optimizer, Adam, "A schedule goes into one: Adam(learning_rate=...).")
    block = _compiled_block(model.program, optimizer)
    shifts = None if shifts is None else tf.constant(shifts, tf.float32)
    state = optimizer.start(np.asarray(start, np.float32))
    state = state._replace(**{name: tf.constant(part) for name, part in state._asdict().items()})
    rates = optimizer.learning_rate.rates(n_steps)
    with tqdm(total=n_steps, unit="step", disable=None) as bar:
        for begin in range(0, n_steps, BLOCK):
            multiplied = None if factors is None else tf.constant(factors(begin // BLOCK), tf.float32)
            end = min(BLOCK, n_steps - begin)
            block_rates = tf.constant(block_of(rates, begin // BLOCK, BLOCK))
            state = block(state, block_rates, multiplied, shifts, observations, tf.constant(end))
            bar.update(end)
    latents = state.parameters.numpy()
    if not np.isfinite(latents).all(axis=1).any():
        raise ArithmeticError(
            f"After {n_steps} steps no latents were finite. Use a smaller learning rate (now "
            f"{optimizer.learning_rate}), or give the model the data's units (scaling=data.scaling)."
        )
    return latents


@functools.lru_cache(maxsize=16)
def _compiled_block(model, optimizer):
    """Returns the compiled loop over the first `end` steps of a block. Everything scheduled or random is an
    argument, so that all blocks share one program."""

    @tf.function(jit_compile=True, autograph=False)
    def block(state, rates, factors, shifts, observations, end):
        def step(index, state):
            with tf.GradientTape() as tape:
                tape.watch(state.parameters)
                latents = state.parameters if factors is None else state.parameters * factors[index]
                centred = latents if shifts is None else latents - shifts
                value = log_likelihood(model, latents, observations) + log_prior(model, centred)
                # Vectors share nothing: the sum's gradient is each one's own.
                loss = -tf.reduce_sum(value)
            gradient = tape.gradient(loss, state.parameters)
            return index + 1, optimizer.step(state, gradient, rates[index])

        _, state = tf.while_loop(lambda index, _: index < end, step, (tf.constant(0), state))
        return state

    return block
