"""A mixture of Gaussians of mean 0: most weights nearly zero, a few of them large."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from bayesian_nn.priors.unknowns import HALF_LOG_2PI
from bayesian_nn.runtime.checks import positive
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["ScaleMixturePrior"]


@dataclass(frozen=True)
class ScaleMixturePrior:
    """Every weight and bias is drawn from one of several Gaussians of mean 0: the sds `stds`, with the
    probabilities `weights`. Two of them, one wide and one very narrow, are the prior of Blundell et al.
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

    @property
    def typical_std(self) -> float:
        """The sd of a weight."""
        return math.sqrt(sum(weight * std**2 for weight, std in zip(self.weights, self.stds, strict=True)))

    def log_density(self, weights):
        """Returns log p of every weight, in nats, of the weights' shape."""
        return self._log_sum(-0.5 * weights**2)

    def cross_entropy(self, mean, variance):
        """Returns an upper bound of -E[log p(w)] for Gaussian w with these means and variances, in nats, of
        the means' shape; the ELBO stays a lower bound. It is -log Σ_k weights_k exp(-H_k), H_k the cross
        entropy to the k-th Gaussian alone: Jensen's inequality at its best responsibilities (Hershey and
        Olsen 2007, section 8), exact where one Gaussian has them all.
        """
        return -self._log_sum(-0.5 * (mean**2 + variance))

    def sample(self, shape, random: np.random.Generator) -> np.ndarray:
        """Returns weights of this shape, drawn from the prior."""
        stds = random.choice(self.stds, size=shape, p=np.array(self.weights) / sum(self.weights))
        return stds * random.standard_normal(shape)

    def _log_sum(self, exponents):
        terms = [
            math.log(weight / std) - HALF_LOG_2PI + exponents / std**2
            for std, weight in zip(self.stds, self.weights, strict=True)
        ]
        return tf.reduce_logsumexp(tf.stack(terms), axis=0)
