"""Student-t noise, which outliers pull less than Gaussian noise."""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import special

from bayesian_nn.likelihoods.columns import column
from bayesian_nn.likelihoods.constant_student_t import best_log_likelihood
from bayesian_nn.likelihoods.gaussian import LearnedNoise
from bayesian_nn.likelihoods.one_target import OfRealNumbers, in_y_units
from bayesian_nn.likelihoods.parameters import checked_parameter, in_dtype, log_normal
from bayesian_nn.predictions.student_t import StudentTPrediction
from bayesian_nn.priors.unknowns import NormalUnknown
from bayesian_nn.runtime.tensorflow import tf, tfp

__all__ = ["LearnedDof", "StudentT"]


class LearnedDof(NamedTuple):
    """A prior on the degrees of freedom: log(dof - 2) ~ N(log(median - 2), log_std²), so that dof is above 2
    and the noise has a variance. `_asdict()` and `LearnedDof(**fields)` convert it to and from JSON."""

    median: float = 4.0
    log_std: float = 1.0


@dataclass(frozen=True)
class StudentT(OfRealNumbers):
    """y = output + scale · t(dof), with scale in y's units.

    scale: a number, or a `LearnedNoise`, which makes log scale an unknown. dof: degrees of freedom, a number
    above zero, or a `LearnedDof`, which makes log(dof - 2) an unknown, the last. The noise's sd is scale
    √(dof / (dof - 2)), infinite for a dof of 2 or less.
    """

    scale: float | LearnedNoise
    dof: float | LearnedDof = 4.0

    def __post_init__(self):
        object.__setattr__(self, "scale", checked_parameter("scale", self.scale, LearnedNoise))
        object.__setattr__(self, "dof", checked_parameter("dof", self.dof, LearnedDof))
        if self._learns_dof and self.dof.median <= 2:
            raise ValueError(
                f"dof.median must be above 2, as every learned dof is; got {self.dof.median:g}. For noise "
                "without a variance give dof as a number."
            )

    @property
    def unknowns(self) -> tuple[NormalUnknown, ...]:
        """Of log scale, in y's units, and log(dof - 2), those that are learned."""
        unknowns = (log_normal("scale", self.scale),) if self._learns_scale else ()
        if self._learns_dof:
            dof = self.dof
            unknowns += (NormalUnknown("log (dof - 2)", math.log(dof.median - 2), dof.log_std),)
        return unknowns

    def log_density(self, outputs, unknowns, targets, y_scale):
        """Returns log p(y) in nats, elementwise; see `Likelihood`."""
        (location,), (target,), (y_scale,) = outputs, targets, y_scale
        dtype = location.dtype
        log_scale = unknowns[0] if self._learns_scale else in_dtype(math.log(self.scale), dtype)
        dof = 2 + tf.exp(unknowns[-1]) if self._learns_dof else in_dtype(self.dof, dtype)
        z = (in_dtype(target, dtype) - location) * (in_dtype(y_scale, dtype) * tf.exp(-log_scale))
        # log Γ((dof + 1) / 2) - log Γ(dof / 2), of which single precision would leave little for a large dof.
        constant = -tfp.math.log_gamma_difference(tf.constant(0.5, dtype), dof / 2)
        constant -= 0.5 * tf.math.log(math.pi * dof) + log_scale
        return constant - (dof + 1) / 2 * tf.math.log1p(z**2 / dof)

    def curvature(self, outputs, unknowns, y_scale) -> list[list[np.ndarray]]:
        """Returns the Fisher information (Lange, Little and Taylor 1989, appendix B): of the location, of log
        scale, and of log(dof - 2) with its cross term with log scale."""
        scale, dof = self._scale_and_dof(unknowns)
        n = 1 + len(self.unknowns)
        matrix = [[np.float64(0)] * n for _ in range(n)]
        matrix[0][0] = (dof + 1) / (dof + 3) * (y_scale[0] / scale) ** 2
        if self._learns_scale:
            matrix[1][1] = 2 * dof / (dof + 3)
        if self._learns_dof:
            # d dof / d log(dof - 2).
            slope = dof - 2
            matrix[-1][-1] = slope**2 * _information_of_dof(dof)
            if self._learns_scale:
                matrix[1][2] = matrix[2][1] = -2 * slope / ((dof + 1) * (dof + 3))
        return matrix

    def sample(self, outputs, unknowns, scaling, random: np.random.Generator) -> np.ndarray:
        """Returns draws of y in its units, of the shape of outputs and unknowns together."""
        location, scale, dof = np.broadcast_arrays(
            in_y_units(outputs[0], scaling), *self._scale_and_dof(unknowns)
        )
        return location + scale * random.standard_t(dof)

    def prediction(self, x, outputs, unknowns, scaling) -> StudentTPrediction:
        """Returns the record of the draws, for outputs `[n_draws, 1, n_points]`."""
        draws = in_y_units(outputs[:, 0], scaling)
        parameters = self._scale_and_dof(np.transpose(unknowns))
        scale, dof = (np.broadcast_to(parameter, len(draws)).copy() for parameter in parameters)
        return StudentTPrediction(x, draws, scale, dof)

    def constant_log_likelihood(self, y) -> float:
        """Returns the log-likelihood in nats of the best location and, if they are learned, the best dof and
        the best scale, at least 1e-12 of the prior's median, which keeps it finite for constant y."""
        return best_log_likelihood(self, column(y))

    @property
    def _learns_scale(self):
        return isinstance(self.scale, LearnedNoise)

    @property
    def _learns_dof(self):
        return isinstance(self.dof, LearnedDof)

    def _scale_and_dof(self, unknowns):
        values = [np.asarray(value, np.float64) for value in unknowns]
        scale = np.exp(values[0]) if self._learns_scale else np.float64(self.scale)
        return scale, 2 + np.exp(values[-1]) if self._learns_dof else np.float64(self.dof)


def _information_of_dof(dof):
    trigammas = special.polygamma(1, dof / 2) - special.polygamma(1, (dof + 1) / 2)
    # The difference is of the order of dof**-4, and below zero by rounding for a very large dof.
    return np.maximum(trigammas / 4 - (dof + 5) / (2 * dof * (dof + 1) * (dof + 3)), 0)
