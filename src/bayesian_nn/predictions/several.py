"""What draws predict of several targets at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayesian_nn.predictions.classes import ClassPrediction
from bayesian_nn.predictions.counts import CountPrediction
from bayesian_nn.predictions.draws import log_mean_exp
from bayesian_nn.predictions.real import Prediction
from bayesian_nn.predictions.student_t import StudentTPrediction
from bayesian_nn.runtime.checks import finite_numbers

__all__ = ["SeveralPredictions"]


@dataclass(frozen=True)
class SeveralPredictions:
    """What every draw of the weights predicts of several targets: one record for each, of the same draws at
    the same points. The targets are independent given the weights, and so dependent where draws differ.
    """

    parts: tuple[Prediction | StudentTPrediction | ClassPrediction | CountPrediction, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))
        sizes = [_size(part) for part in self.parts]
        if len(set(sizes)) != 1:
            raise ValueError(
                "parts must be one or more records of the same draws at the same points; got records of "
                f"(n_draws, n_points) = {sizes}."
            )

    @property
    def mean(self) -> np.ndarray:
        """The parts' predictive means side by side, [n_points, n_columns]: one column for each target, but
        n_classes, of probabilities, for a target of classes."""
        return np.column_stack([part.mean for part in self.parts])

    def log_density(self, y) -> np.ndarray:
        """The log predictive density of the targets y [n_points, n_targets] together, [n_points] in nats: the
        mixture over draws of the product of their densities."""
        return log_mean_exp(self.log_densities(y))

    def log_densities(self, y) -> np.ndarray:
        """The log density of y [n_points, n_targets] under every draw, [n_draws, n_points] in nats."""
        y, shape = finite_numbers("y", y), (_size(self.parts[0])[1], len(self.parts))
        if y.shape != shape:
            raise ValueError(f"y must have shape [n_points, n_targets] = {list(shape)}; got {list(y.shape)}.")
        return sum(part.log_densities(column) for part, column in zip(self.parts, y.T, strict=True))


def _size(part):
    """Returns a record's `(n_draws, n_points)`."""
    for name in ("draws", "rates", "probabilities"):
        if hasattr(part, name):
            return getattr(part, name).shape[:2]
    raise ValueError(f"parts must be records of one target each; got a {type(part).__name__}.")
