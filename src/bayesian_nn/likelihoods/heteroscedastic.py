"""Gaussian noise whose sd depends on x, as a second output of the network."""

import math
from dataclasses import dataclass

import numpy as np

from bayesian_nn.likelihoods.columns import column
from bayesian_nn.likelihoods.one_target import OfRealNumbers, in_y_units
from bayesian_nn.likelihoods.parameters import in_dtype
from bayesian_nn.predictions.real import Prediction
from bayesian_nn.priors.unknowns import HALF_LOG_2PI
from bayesian_nn.runtime.checks import not_negative, positive
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.scores.errors import constant_log_likelihood

__all__ = ["HeteroscedasticGaussian"]

# Of log noise_std(x), in nats: from 1/148 of noise_std to 148 times as much.
BOUND = 5.0


@dataclass(frozen=True)
class HeteroscedasticGaussian(OfRealNumbers):
    """y ~ N(f, noise_std(x)²) with two outputs of the network, f and g (Nix and Weigend 1994), and

        noise_std(x)² = (noise_std · exp(B tanh(log_std · g / B)))² + resolution² / 12,  B = 5.

    noise_std, in y's units, is the noise where g is 0, where training begins; log_std is the change of
    log noise_std(x) for a change of 1 in g. The bound B keeps the fit from collapsing: unbounded, the noise
    at a point that f hits can shrink, or grow until f is no longer fitted there.

    resolution: the step in which y was recorded, in its units, such as 1 for marks from 0 to 10: rounding to
    it is a noise of its own, below which no noise can shrink where f meets a value that many rows share.
    """

    noise_std: float
    log_std: float = 0.5
    resolution: float = 0.0

    def __post_init__(self):
        object.__setattr__(self, "noise_std", positive("noise_std", self.noise_std))
        object.__setattr__(self, "log_std", positive("log_std", self.log_std))
        object.__setattr__(self, "resolution", not_negative("resolution", self.resolution))

    @property
    def n_outputs(self) -> int:
        """Two: the mean of y, and g."""
        return 2

    def log_density(self, outputs, unknowns, targets, y_scale):
        """Returns log p(y) in nats, elementwise; see `Likelihood`."""
        (mean, g), (target,), (y_scale,) = outputs, targets, y_scale
        relative = BOUND * tf.tanh((self.log_std / BOUND) * g)
        if self.resolution:
            relative = 0.5 * tf.math.log(tf.exp(2 * relative) + self._rounding**2)
        per_std = in_dtype(y_scale, mean.dtype) / in_dtype(self.noise_std, mean.dtype)
        residuals = (in_dtype(target, mean.dtype) - mean) * (per_std * tf.exp(-relative))
        return -0.5 * residuals**2 - relative - (math.log(self.noise_std) + HALF_LOG_2PI)

    def curvature(self, outputs, unknowns, y_scale) -> list[list[np.ndarray]]:
        """Returns the Fisher information: 1/sd² of the mean, and of g 2 (d log sd / dg)²."""
        bounded = np.tanh(self.log_std / BOUND * np.asarray(outputs[1], np.float64))
        # Of the variance, the part that g changes.
        share = np.exp(2 * BOUND * bounded) / (np.exp(2 * BOUND * bounded) + self._rounding**2)
        slope = self.log_std * (1 - bounded**2) * share
        of_mean = (y_scale[0] / self._noise_std(outputs[1])) ** 2
        return [[of_mean, np.float64(0)], [np.float64(0), 2 * slope**2]]

    def sample(self, outputs, unknowns, scaling, random: np.random.Generator) -> np.ndarray:
        """Returns draws of y in its units, of the outputs' shape."""
        return random.normal(in_y_units(outputs[0], scaling), self._noise_std(outputs[1]))

    def prediction(self, x, outputs, unknowns, scaling) -> Prediction:
        """Returns the record of the draws, its noise_std `[n_draws, n_points]`, for outputs `[n_draws, 2,
        n_points]`."""
        return Prediction(x, in_y_units(outputs[:, 0], scaling), self._noise_std(outputs[:, 1]))

    def constant_log_likelihood(self, y) -> float:
        """Returns the log-likelihood in nats of the mean of y and of its sd, as far as the bound allows."""
        y = column(y)
        least, most = (self.noise_std * math.hypot(math.exp(end), self._rounding) for end in (-BOUND, BOUND))
        return constant_log_likelihood(y, float(np.clip(np.std(y), least, most)))

    @property
    def _rounding(self):
        """The sd of rounding, in units of noise_std."""
        return self.resolution / math.sqrt(12) / self.noise_std

    def _noise_std(self, g):
        of_g = np.exp(BOUND * np.tanh(self.log_std / BOUND * np.asarray(g, np.float64)))
        return self.noise_std * np.hypot(of_g, self._rounding)
