"""Hierarchical priors: the sd of a layer's weights is one more unknown."""

import math
from dataclasses import dataclass

from bayesian_nn.priors.unknowns import HALF_LOG_2PI, HalfNormalLog, NormalUnknown
from bayesian_nn.runtime.checks import positive
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["HalfNormalScale", "LogNormalScale", "scaled_cross_entropy", "scaled_log_density"]


def scaled_log_density(weights, log_scale):
    """Returns log N(w; 0, s²) of every weight, in nats, for log s that broadcasts against the weights."""
    return -0.5 * (weights * tf.exp(-log_scale)) ** 2 - log_scale - HALF_LOG_2PI


def scaled_cross_entropy(mean, variance, scale_mean, scale_variance):
    """Returns -E[log N(w; 0, s²)] in nats, for w and log s that are Gaussian and independent, with these
    means and variances: E[s⁻²] is then exp(2 variance - 2 mean)."""
    inverse = tf.exp(2 * (scale_variance - scale_mean))
    return 0.5 * (mean**2 + variance) * inverse + scale_mean + HALF_LOG_2PI


@dataclass(frozen=True)
class LogNormalScale:
    """Every weight and bias of a layer is N(0, s²) with one unknown sd s for the layer, log s ~ N(log median,
    log_std²): a hierarchical prior, whose scale is inferred with the weights."""

    median: float = 1.0
    log_std: float = 1.0

    def __post_init__(self):
        object.__setattr__(self, "median", positive("median", self.median))
        object.__setattr__(self, "log_std", positive("log_std", self.log_std))

    @property
    def typical_std(self) -> float:
        """The median of the sd."""
        return self.median

    def unknown(self, name: str) -> NormalUnknown:
        """Returns the unknown log s."""
        return NormalUnknown(name, math.log(self.median), self.log_std)


@dataclass(frozen=True)
class HalfNormalScale:
    """Every weight and bias of a layer is N(0, s²) with one unknown sd s for the layer, which is the absolute
    value of N(0, scale²): a hierarchical prior, whose scale is inferred with the weights."""

    scale: float = 1.0

    def __post_init__(self):
        object.__setattr__(self, "scale", positive("scale", self.scale))

    @property
    def typical_std(self) -> float:
        """The median of the sd."""
        return 0.6745 * self.scale

    def unknown(self, name: str) -> HalfNormalLog:
        """Returns the unknown log s."""
        return HalfNormalLog(name, self.scale)
