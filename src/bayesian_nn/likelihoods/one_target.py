"""What likelihoods of a single column of y have in common, by the kind of its values."""

import numpy as np

from bayesian_nn.likelihoods.columns import column, count_column
from bayesian_nn.priors.unknowns import Unknown
from bayesian_nn.scores.errors import explained_variance

__all__ = ["OfCounts", "OfRealNumbers", "OneTarget", "explained_by_mean", "in_y_units"]


class OneTarget:
    """One column of y, one output of the network, and nothing to infer beside the weights, unless a
    likelihood says otherwise."""

    @property
    def n_outputs(self) -> int:
        """The network's outputs per point."""
        return 1

    @property
    def n_targets(self) -> int:
        """One."""
        return 1

    @property
    def unknowns(self) -> tuple[Unknown, ...]:
        """What is inferred beside the weights."""
        return ()


class OfRealNumbers(OneTarget):
    """y is a real number, and its mean, or location, is the first output in the network's units."""

    def targets(self, y, scaling) -> np.ndarray:
        """Returns y `[n_points]` in the network's units, `[n_points, 1]`. Raises ValueError for NaN and for
        another shape."""
        return (column(y)[:, None] - scaling.y_shift) / scaling.y_scale

    def outputs_at(self, targets) -> list[np.ndarray]:
        """Returns the outputs at which y's mean is the targets `[n_points, 1]`: these, and 0 for another."""
        return [targets[:, 0]] + [np.zeros(len(targets)) for _ in range(self.n_outputs - 1)]

    def explained(self, prediction, y) -> float:
        """Returns the explained variance."""
        return explained_by_mean(prediction, y)


class OfCounts(OneTarget):
    """y is a count, and the output the logarithm of its mean."""

    def targets(self, y, scaling) -> np.ndarray:
        """Returns the counts `[n_points]` as `[n_points, 1]`. Raises ValueError for anything but whole
        numbers from 0 on."""
        return count_column(y)[:, None]

    def outputs_at(self, targets) -> list[np.ndarray]:
        """Returns the log rates at which y's mean is the targets `[n_points, 1]`, for a count of zero that of
        half a count."""
        return [np.log(np.maximum(targets[:, 0], 0.5))]


def in_y_units(output, scaling) -> np.ndarray:
    """Returns an output of the network in y's units, as float64."""
    return scaling.y_shift + scaling.y_scale * np.asarray(output, np.float64)


def explained_by_mean(prediction, y) -> float:
    """Returns the fraction of y's variance that a prediction's mean explains, 0 for constant y."""
    y = column(y)
    # The variance of a constant need not be zero: rounding.
    return explained_variance(prediction.mean, y) if np.ptp(y) > 0 else 0.0
