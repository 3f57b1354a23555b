"""Unknowns beside the weights, each one real number: a noise sd's logarithm, or that of a prior's scale."""

import math
from typing import NamedTuple

import numpy as np

from bayesian_nn.runtime.tensorflow import tf

__all__ = ["HALF_LOG_2PI", "HalfNormalLog", "NormalUnknown", "Unknown"]

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


class NormalUnknown(NamedTuple):
    """An unknown t ~ N(mean, std²)."""

    name: str
    mean: float
    std: float

    @property
    def start(self) -> float:
        """Where inference begins."""
        return self.mean

    def log_density(self, value):
        """Returns log p(t) in nats, of the value's shape."""
        return -0.5 * ((value - self.mean) / self.std) ** 2 - (math.log(self.std) + HALF_LOG_2PI)

    def cross_entropy(self, mean, variance):
        """Returns -E[log p(t)] in nats, for t with these means and variances."""
        second = (mean - self.mean) ** 2 + variance
        return second / (2 * self.std**2) + (math.log(self.std) + HALF_LOG_2PI)

    def sample(self, shape, random: np.random.Generator) -> np.ndarray:
        """Returns draws from the prior."""
        return self.mean + self.std * random.standard_normal(shape)


class HalfNormalLog(NamedTuple):
    """The unknown t = log s of an s that is the absolute value of N(0, scale²)."""

    name: str
    scale: float

    @property
    def start(self) -> float:
        """Where inference begins: the logarithm of the median."""
        return math.log(0.6745 * self.scale)

    @property
    def std(self) -> float:
        """The sd of t, π / √8."""
        return math.pi / math.sqrt(8)

    def log_density(self, value):
        """Returns log p(t) in nats, of the value's shape: the density of s times s."""
        return value - 0.5 * tf.exp(2 * value) / self.scale**2 + self._constant

    def cross_entropy(self, mean, variance):
        """Returns -E[log p(t)] in nats, for Gaussian t with these means and variances."""
        return 0.5 * tf.exp(2 * (mean + variance)) / self.scale**2 - mean - self._constant

    def sample(self, shape, random: np.random.Generator) -> np.ndarray:
        """Returns draws from the prior."""
        return np.log(np.abs(self.scale * random.standard_normal(shape)))

    @property
    def _constant(self):
        return math.log(2 / self.scale) - HALF_LOG_2PI


Unknown = NormalUnknown | HalfNormalLog
