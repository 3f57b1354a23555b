"""The role of a prior on weights: what every one of them offers."""

from typing import Protocol

import numpy as np

__all__ = ["Prior", "PriorWithDensity"]


class Prior(Protocol):
    """A prior under which weights are independent, given the unknowns that it may have."""

    def cross_entropy(self, mean, variance):
        """Returns -E[log p(w)] in nats for Gaussian w with these means and variances, elementwise, or an
        upper bound of it."""


class PriorWithDensity(Prior, Protocol):
    """A prior that has a density: what modes and samplers need."""

    @property
    def typical_std(self) -> float:
        """How large a weight may well be."""

    def log_density(self, weights):
        """Returns log p(w) in nats, elementwise."""

    def sample(self, shape, random: np.random.Generator) -> np.ndarray:
        """Returns weights of this shape."""
