"""Priors on a classifier's weights, each with what it costs a Gaussian posterior to differ from it."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from bayesian_nn.runtime.checks import positive
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["GaussianPrior", "RelevancePrior", "ScaleMixturePrior"]


@dataclass(frozen=True)
class GaussianPrior:
    """Every weight and bias is N(0, std²)."""

    std: float = 0.1

    def __post_init__(self):
        object.__setattr__(self, "std", positive("std", self.std))

    def kl(self, mean, std):
        """Returns KL(N(mean, std²) ‖ prior) of every weight, in nats, of the means' shape."""
        return math.log(self.std) - tf.math.log(std) + (mean**2 + std**2) / (2 * self.std**2) - 0.5


@dataclass(frozen=True)
class ScaleMixturePrior:
    """Every weight and bias is drawn from one of some Gaussians of mean 0: the sds `stds`, with the
    probabilities `weights`. Two of them, a wide and a very narrow one, are the prior of Blundell et al.
    (2015, eq. 7): most weights should be nearly zero, a few may be large.
    """

    stds: tuple[float, ...] = (0.3, 0.003)
    weights: tuple[float, ...] = (0.1, 0.9)

    def __post_init__(self):
        for argument in ("stds", "weights"):
            values = getattr(self, argument)
            if not isinstance(values, Iterable) or isinstance(values, str) or not len(tuple(values)):
                raise ValueError(f"{argument} must be a list of numbers, as in (0.3, 0.003); got {values!r}.")
            checked = tuple(positive(f"{argument}[{i}]", value) for i, value in enumerate(values))
            object.__setattr__(self, argument, checked)
        if len(self.stds) != len(self.weights):
            raise ValueError(
                f"There are {len(self.stds)} stds and {len(self.weights)} weights: one for each."
            )
        if abs(sum(self.weights) - 1) > 1e-6:
            raise ValueError(f"weights must sum to 1; those given, {self.weights}, to {sum(self.weights):g}.")

    def kl(self, mean, std):
        """Returns an upper bound of KL(N(mean, std²) ‖ prior) of every weight, in nats, of the means' shape;
        the ELBO stays a lower bound. It is -log Σ_k weights_k exp(-KL_k), with KL_k to the k-th Gaussian
        alone: Jensen's inequality at its best responsibilities (Hershey and Olsen 2007, section 8), exact
        where one Gaussian has them all.
        """
        second_moment = mean**2 + std**2
        terms = [
            math.log(weight / scale) - second_moment / (2 * scale**2)
            for scale, weight in zip(self.stds, self.weights, strict=True)
        ]
        return -tf.reduce_logsumexp(tf.stack(terms), axis=0) - tf.math.log(std) - 0.5


@dataclass(frozen=True)
class RelevancePrior:
    """Every weight and bias is N(0, s²) with an sd s of its own, which is fitted with the posterior:
    automatic relevance determination (MacKay 1995), in a variational posterior (Titsias and Lázaro-Gredilla
    2014). Weights that the data do not need cost nothing and end at zero.

    The prior thus has as many numbers as the network has weights, and is chosen by the data: the ELBO is a
    bound on the evidence at the best of such priors, not of one stated before the data were seen.
    """

    def kl(self, mean, std):
        """Returns KL(N(mean, std²) ‖ N(0, s²)) of every weight, in nats, of the means' shape, for the s that
        makes it least: s² = mean² + std², which leaves ½ log(1 + mean² / std²)."""
        return 0.5 * tf.math.log1p((mean / std) ** 2)
