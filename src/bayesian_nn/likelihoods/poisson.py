"""Counts whose variance is their mean, one output: the logarithm of the rate."""

from dataclasses import dataclass

import numpy as np

from bayesian_nn.likelihoods.columns import count_column
from bayesian_nn.likelihoods.one_target import OfCounts
from bayesian_nn.likelihoods.parameters import in_dtype
from bayesian_nn.predictions.counts import CountPrediction, log_probability
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["MAX_LOG_RATE", "Poisson", "explained_deviance", "rate_of"]

# A rate of 1e13. What a sampler tries far out would overflow, and its gradient be NaN.
MAX_LOG_RATE = 30.0


@dataclass(frozen=True)
class Poisson(OfCounts):
    """y ~ Poisson(exp(output)); outputs above 30, a rate of 1e13, count as 30."""

    def log_density(self, outputs, unknowns, targets, y_scale):
        """Returns log p(y) in nats, elementwise; see `Likelihood`."""
        log_rate, target = tf.minimum(outputs[0], MAX_LOG_RATE), in_dtype(targets[0], outputs[0].dtype)
        return target * log_rate - tf.exp(log_rate) - tf.math.lgamma(target + 1)

    def curvature(self, outputs, unknowns, y_scale) -> list[list[np.ndarray]]:
        """Returns the Fisher information, the rate."""
        return [[np.where(np.asarray(outputs[0]) < MAX_LOG_RATE, rate_of(outputs[0]), 0.0)]]

    def sample(self, outputs, unknowns, scaling, random: np.random.Generator) -> np.ndarray:
        """Returns draws of the count, of the output's shape."""
        return random.poisson(rate_of(outputs[0]))

    def prediction(self, x, outputs, unknowns, scaling) -> CountPrediction:
        """Returns the record of the draws, for outputs `[n_draws, 1, n_points]`."""
        return CountPrediction(x, rate_of(outputs[:, 0]))

    def constant_log_likelihood(self, y) -> float:
        """Returns the log-likelihood in nats of the rate mean(y)."""
        y = count_column(y)
        return float(np.sum(log_probability(y, y.mean())))

    def explained(self, prediction, y) -> float:
        """Returns the deviance explained."""
        return explained_deviance(prediction.mean, count_column(y))


def rate_of(output) -> np.ndarray:
    """Returns the rate, the exponential of an output of the network, as float64."""
    return np.exp(np.minimum(np.asarray(output, np.float64), MAX_LOG_RATE))


def explained_deviance(mean, y: np.ndarray, dispersion=None) -> float:
    """Returns 1 - deviance / deviance of mean(y), for the predicted means and the counts y `[n_points]`
    (McCullagh and Nelder 1989, section 2.3), 0 for constant y."""
    if np.ptp(y) == 0:
        return 0.0
    perfect = log_probability(y, y, dispersion)
    deviance, of_constant = (
        np.sum(perfect - log_probability(y, rate, dispersion)) for rate in (mean, y.mean())
    )
    return float(1 - deviance / of_constant)
