"""A likelihood's parameters: numbers that are known, or priors of numbers that are not."""

import math

import numpy as np

from bayesian_nn.priors.unknowns import NormalUnknown
from bayesian_nn.runtime.checks import positive, shown
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["checked_parameter", "in_dtype", "log_normal", "value_of"]


def checked_parameter(argument: str, value, prior: type):
    """Returns a known parameter as a float above zero, or the prior of an unknown one, a NamedTuple
    `prior(median, log_std)`. What JSON makes of a prior, a list or an object of its fields, is one too."""
    if isinstance(value, dict):
        value = prior(**value)
    elif type(value) is list:
        value = prior(*value)
    if isinstance(value, prior):
        return prior(*(positive(f"{argument}.{name}", field) for name, field in value._asdict().items()))
    if isinstance(value, tuple):
        raise ValueError(
            f"{argument} must be a number above zero, or {prior.__name__}(median) to infer it; got "
            f"{shown(value)}."
        )
    return positive(argument, value)


def log_normal(argument: str, prior) -> NormalUnknown:
    """Returns the unknown log(argument) of a log-normal prior."""
    return NormalUnknown(f"log {argument}", math.log(prior.median), prior.log_std)


def value_of(parameter, log_values) -> np.ndarray:
    """Returns a parameter as a NumPy array: exp of the next of the iterator `log_values` if it is unknown."""
    if isinstance(parameter, tuple):
        return np.exp(np.asarray(next(log_values), np.float64))
    return np.float64(parameter)


def in_dtype(value, dtype):
    """Returns a tensor, an array or a number as a tensor of this dtype."""
    # TensorFlow makes a number single precision first.
    return tf.cast(value if tf.is_tensor(value) else np.asarray(value, np.float64), dtype)
