"""Gaussian noise of one sd, which is known, or inferred with the weights."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bayesian_nn.likelihoods.columns import column
from bayesian_nn.likelihoods.one_target import OfRealNumbers, in_y_units
from bayesian_nn.likelihoods.parameters import checked_parameter, in_dtype, log_normal, value_of
from bayesian_nn.predictions.real import Prediction
from bayesian_nn.priors.unknowns import HALF_LOG_2PI, NormalUnknown
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.scores.errors import constant_log_likelihood

__all__ = ["Gaussian", "LearnedNoise"]

# Of the median: below it no noise sd is sought, so that constant y, too, has a finite likelihood.
NEGLIGIBLE = 1e-12


class LearnedNoise(NamedTuple):
    """A log-normal prior on the noise sd: log noise_std ~ N(log median, log_std²). median is in y's units.
    `_asdict()` and `LearnedNoise(**fields)` convert it to and from JSON."""

    median: float
    log_std: float = 1.0


@dataclass(frozen=True)
class Gaussian(OfRealNumbers):
    """y ~ N(output, noise_std²), with noise_std in y's units. A `LearnedNoise` in its place makes log
    noise_std an unknown."""

    noise_std: float | LearnedNoise

    def __post_init__(self):
        object.__setattr__(self, "noise_std", checked_parameter("noise_std", self.noise_std, LearnedNoise))

    @property
    def unknowns(self) -> tuple[NormalUnknown, ...]:
        """log noise_std in y's units, if it is learned."""
        return (log_normal("noise_std", self.noise_std),) if self._is_learned else ()

    def log_density(self, outputs, unknowns, targets, y_scale):
        """Returns log p(y) in nats, elementwise; see `Likelihood`."""
        (mean,), (target,), (y_scale,) = outputs, targets, y_scale
        log_std = unknowns[0] if self._is_learned else in_dtype(math.log(self.noise_std), mean.dtype)
        # y_scale cancels against the Jacobian of the change of units in all but the residuals.
        residuals = (in_dtype(target, mean.dtype) - mean) * (in_dtype(y_scale, mean.dtype) * tf.exp(-log_std))
        return -0.5 * residuals**2 - (log_std + HALF_LOG_2PI)

    def curvature(self, outputs, unknowns, y_scale) -> list[list[np.ndarray]]:
        """Returns the Fisher information: 1/sd² of the output, and 2 of log noise_std."""
        of_output = (y_scale[0] / value_of(self.noise_std, iter(unknowns))) ** 2
        if not self._is_learned:
            return [[of_output]]
        return [[of_output, np.float64(0)], [np.float64(0), np.float64(2)]]

    def sample(self, outputs, unknowns, scaling, random: np.random.Generator) -> np.ndarray:
        """Returns draws of y in its units, of the shape of outputs and unknowns together."""
        mean, noise_std = np.broadcast_arrays(
            in_y_units(outputs[0], scaling), value_of(self.noise_std, iter(unknowns))
        )
        return random.normal(mean, noise_std)

    def prediction(self, x, outputs, unknowns, scaling) -> Prediction:
        """Returns the record of the draws, for outputs `[n_draws, 1, n_points]`."""
        noise_std = value_of(self.noise_std, iter(np.transpose(unknowns)))
        draws = in_y_units(outputs[:, 0], scaling)
        return Prediction(x, draws, np.broadcast_to(noise_std, len(draws)).copy())

    def constant_log_likelihood(self, y) -> float:
        """Returns the log-likelihood in nats of the mean and, if the noise is learned, the sd of y, at
        least 1e-12 of the prior's median, which keeps it finite for constant y."""
        y = column(y)
        if not self._is_learned:
            return constant_log_likelihood(y, self.noise_std)
        return constant_log_likelihood(y, max(float(np.std(y)), NEGLIGIBLE * self.noise_std.median))

    @property
    def _is_learned(self):
        return isinstance(self.noise_std, LearnedNoise)
