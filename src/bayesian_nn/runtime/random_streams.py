"""The random streams of a seed, one for each purpose: nothing is judged by the noise it was made with."""

import numpy as np

from bayesian_nn.runtime.checks import whole_number

__all__ = [
    "CALIBRATION",
    "DROPOUT",
    "ENSEMBLE",
    "EVALUATION",
    "EXPLAINED",
    "GRADIENTS",
    "HELD_OUT",
    "IVON",
    "LANGEVIN",
    "LAPLACE",
    "MCMC",
    "MICROCANONICAL",
    "MINIBATCHES",
    "MIXTURE",
    "POSTERIOR",
    "PRIOR",
    "TARGETS",
    "VERDICT",
    "checked_seed",
    "generator",
    "key",
]

# The blocks of a fit's noise have the streams 0, 1, 2, ...; all others are below zero.
EVALUATION, EXPLAINED, POSTERIOR, PRIOR, MINIBATCHES = -1, -2, -3, -4, -5
MCMC, LAPLACE, DROPOUT, LANGEVIN, IVON, ENSEMBLE, MIXTURE, CALIBRATION, GRADIENTS = range(-6, -15, -1)
HELD_OUT, MICROCANONICAL, TARGETS, VERDICT = -15, -16, -17, -18


def checked_seed(seed) -> int:
    """Returns `seed` as an int. Raises ValueError for anything but a whole number that TensorFlow takes."""
    seed = whole_number("seed", seed, at_least=0)
    if seed >= 2**63:
        raise ValueError(f"seed must be below 2**63, where TensorFlow's seeds end; got {seed}.")
    return seed


def key(seed: int, stream: int) -> np.ndarray:
    """Returns the key `[2]` of a stream, for TensorFlow's stateless generators."""
    return np.array([checked_seed(seed), stream], np.int64)


def generator(seed: int, stream: int, index: int) -> np.random.Generator:
    """Returns NumPy's generator of part `index` of a stream."""
    # A plain [seed, index] with index 0 would be the generator of the seed alone, a fit's start.
    return np.random.default_rng(np.random.SeedSequence(checked_seed(seed), spawn_key=(-stream, index)))
