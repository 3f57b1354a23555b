"""Whether chains have converged, judged by the functions they draw: weights are not identified."""

from contextlib import contextmanager
from typing import NamedTuple

import numpy as np

from bayesian_nn.model.model import curves
from bayesian_nn.model.observations import as_points
from bayesian_nn.runtime.tensorflow import tf, tfp
from bayesian_nn.sampling.hmc import Chains

__all__ = ["Convergence", "effective_sample_size", "function_space_convergence"]


class Convergence(NamedTuple):
    """r_hat: split R-hat of f(x) `[n_points]`, near 1 where chains agree; ess: how many independent draws
    of f(x) they are worth `[n_points]`."""

    r_hat: np.ndarray
    ess: np.ndarray


def function_space_convergence(chains: Chains, x) -> Convergence:
    """Returns the `Convergence` of the chains at x `[n_points, n_inputs]` or `[n_points]`, in original units.

    A network's units can be exchanged and their signs flipped without a change of f, so chains may never
    agree on a weight and yet agree on everything that can be seen. R-hat: Gelman and Rubin 1992, on half
    chains.
    """
    n_chains, n_draws, n_latents = chains.latents.shape
    if n_draws < 4:
        raise ValueError(f"At least 4 draws of every chain are needed; got {n_draws}. Raise n_draws.")
    flat = chains.latents.reshape(-1, n_latents)
    functions = curves(chains.model, flat, as_points(chains.model, x)).reshape(n_chains, n_draws, -1)
    r_hat = tfp.mcmc.potential_scale_reduction(
        functions.swapaxes(0, 1), independent_chain_ndims=1, split_chains=True
    )
    return Convergence(r_hat.numpy(), effective_sample_size(functions))


def effective_sample_size(values) -> np.ndarray:
    """Returns the number of independent draws `[...]` that values `[n_chains, n_draws, ...]` are worth (Geyer
    1992), over all chains."""
    values = np.asarray(values)
    if values.ndim < 2 or values.shape[1] < 4:
        raise ValueError(
            f"values must be [n_chains, n_draws, ...] with 4 draws or more; got {list(values.shape)}."
        )
    # TFP wants the draws first, and of one chain no axis.
    several = len(values) > 1
    draws_first = np.swapaxes(values, 0, 1) if several else values[0]
    with _without_casting_warnings():
        return tfp.mcmc.effective_sample_size(
            draws_first, filter_beyond_positive_pairs=True, cross_chain_dims=1 if several else None
        ).numpy()


@contextmanager
def _without_casting_warnings():
    # TFP takes the real part of a Fourier transform by a cast, of which TensorFlow warns each time.
    def is_news(record):
        return "You are casting an input of type complex" not in record.getMessage()

    logger = tf.get_logger()
    logger.addFilter(is_news)
    try:
        yield
    finally:
        logger.removeFilter(is_news)
