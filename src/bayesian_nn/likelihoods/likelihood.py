"""What every likelihood offers: the distribution of a target given the network's outputs at its point."""

from typing import Protocol

import numpy as np

from bayesian_nn.data.columns import Columns
from bayesian_nn.priors.unknowns import Unknown

__all__ = ["Likelihood", "Units"]


class Units(Protocol):
    """The units of y, such as a `Scaling`: the network works with `(y - y_shift) / y_scale`. Numbers for one
    target, tuples for several. Likelihoods of classes and counts ignore them. columns: None, or what names
    the classes."""

    y_shift: float | tuple[float, ...]
    y_scale: float | tuple[float, ...]
    columns: Columns | None


class Likelihood(Protocol):
    """p(y | outputs, unknowns), independent from point to point.

    Members are frozen dataclasses of plain numbers: they can be compared, hashed and saved as JSON.
    Outputs come as a list of `n_outputs` arrays, unknowns as a list with one array for each of `unknowns`,
    targets as a list of `n_targets` arrays. All of these broadcast to one shape S, often `[n_draws,
    n_points]` or `[n_points, n_chains]`; nothing depends on which of its axes is which.
    """

    @property
    def n_outputs(self) -> int:
        """The network's outputs per point."""

    @property
    def n_targets(self) -> int:
        """The columns of y: 1, but for `Several`."""

    @property
    def unknowns(self) -> tuple[Unknown, ...]:
        """What is inferred beside the weights, such as log noise_std, each with its prior."""

    def targets(self, y, scaling: Units) -> np.ndarray:
        """Returns y `[n_points]` or `[n_points, n_targets]` in the network's units, `[n_points, n_targets]`
        float64. Raises ValueError, with the first wrong value and its index, for what cannot be a target."""

    def outputs_at(self, targets) -> list[np.ndarray] | None:
        """Returns outputs at which the mean of y is the targets `[n_points, n_targets]`, in the network's
        units, each `[n_points]`; None where there are none, as for classes. Draws from there perturb
        targets."""

    def log_density(self, outputs, unknowns, targets, y_scale):
        """Returns log p(y | outputs, unknowns) in nats, a tensor of shape S and of the outputs' dtype: the
        density of y in its original units, with all its constants, summed over several targets.

        Tensors throughout: outputs and targets in the network's units, y_scale one scalar for each target.
        """

    def curvature(self, outputs, unknowns, y_scale) -> list[list[np.ndarray]]:
        """Returns the Fisher information of outputs and unknowns, in this order: a symmetric matrix whose
        entries, in nats, broadcast to S. It is the expectation of minus the second derivative of
        `log_density` over y drawn from the likelihood itself, which makes it the generalised Gauss-Newton
        matrix (Martens 2020, section 9). NumPy arrays; y_scale as for `log_density`."""

    def sample(self, outputs, unknowns, scaling: Units, random: np.random.Generator) -> np.ndarray:
        """Returns draws of y in its original units, of shape S, or S + (n_targets,) for several targets, for
        NumPy arrays of outputs in the network's units."""

    def prediction(self, x, outputs, unknowns, scaling: Units):
        """Returns the record of what draws predict, for x `[n_points, n_inputs]` in original units, outputs
        `[n_draws, n_outputs, n_points]` in the network's units and unknowns `[n_draws, n_unknowns]`."""

    def constant_log_likelihood(self, y) -> float:
        """Returns log p(y) in nats, summed over y, under the best constant outputs and the best unknowns: no
        ELBO of a fit that ignores x is higher. Raises for what `targets` refuses, and for no other y."""

    def explained(self, prediction, y) -> float:
        """Returns the fraction of what a constant leaves unexplained that the prediction's mean explains: 1
        for a perfect prediction, 0 for one as good as the best constant, and for constant y."""
