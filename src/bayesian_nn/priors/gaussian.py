"""The Gaussian prior."""

import math
from dataclasses import dataclass

import numpy as np

from bayesian_nn.priors.unknowns import HALF_LOG_2PI
from bayesian_nn.runtime.checks import positive

__all__ = ["GaussianPrior"]


@dataclass(frozen=True)
class GaussianPrior:
    """Every weight and bias is N(0, std²)."""

    std: float = 1.0

    def __post_init__(self):
        object.__setattr__(self, "std", positive("std", self.std))

    @property
    def typical_std(self) -> float:
        """The sd of a weight."""
        return self.std

    def log_density(self, weights):
        """Returns log p of every weight, in nats, of the weights' shape."""
        return -0.5 * (weights / self.std) ** 2 - (math.log(self.std) + HALF_LOG_2PI)

    def cross_entropy(self, mean, variance):
        """Returns -E[log p(w)] for w with these means and variances, in nats, of the means' shape."""
        return (mean**2 + variance) / (2 * self.std**2) + (math.log(self.std) + HALF_LOG_2PI)

    def sample(self, shape, random: np.random.Generator) -> np.ndarray:
        """Returns weights of this shape, drawn from the prior."""
        return self.std * random.standard_normal(shape)
