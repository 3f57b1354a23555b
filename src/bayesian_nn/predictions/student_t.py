"""What draws predict of a real target with Student-t noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from bayesian_nn.predictions.around_draws import AroundDraws
from bayesian_nn.predictions.draws import find_quantiles, keep_as_floats, observed

__all__ = ["StudentTPrediction"]


@dataclass(frozen=True)
class StudentTPrediction(AroundDraws):
    """What every draw of the weights predicts at some inputs: f and Student-t noise around it, in y's units.

    x: [n_points, n_inputs] in original units; draws: f, [n_draws, n_points]; scale, in y's units, and dof,
    the degrees of freedom: [n_draws]. The predictive distribution at a point is the mixture, over draws, of
    draws + scale · t(dof).
    """

    x: np.ndarray
    draws: np.ndarray
    scale: np.ndarray
    dof: np.ndarray

    def __post_init__(self) -> None:
        shapes = {"x": "n_points, n_inputs", "draws": "n_draws, n_points"}
        keep_as_floats(self, shapes | {"scale": "n_draws", "dof": "n_draws"})
        for name in ("scale", "dof"):
            if np.any(getattr(self, name) <= 0):
                raise ValueError(f"{name} must be positive; got {getattr(self, name).min():g}.")

    @property
    def aleatoric_std(self) -> np.ndarray:
        """The noise's root mean square over draws, [n_points]: infinite if a draw's dof is 2 or less."""
        if np.any(self.dof <= 2):
            return np.full(len(self.x), np.inf)
        return np.full(len(self.x), np.sqrt(np.mean(self.scale**2 * self.dof / (self.dof - 2))))

    def cdf(self, y) -> np.ndarray:
        """The predictive probability of a value below y [n_points] at each point, noise included, [n_points]:
        the probability integral transform, uniform from 0 to 1 if the prediction is calibrated."""
        z = (observed(y, len(self.x)) - self.draws) / self.scale[:, None]
        return special.stdtr(self.dof[:, None], z).mean(axis=0)

    def log_densities(self, y) -> np.ndarray:
        """The log density of y [n_points] under every draw, [n_draws, n_points] in nats."""
        scale, dof = self.scale[:, None], self.dof[:, None]
        z = (observed(y, len(self.x)) - self.draws) / scale
        return _log_constant(dof) - np.log(scale) - (dof + 1) / 2 * np.log1p(z**2 / dof)

    def _mixture_quantiles(self, levels, block):
        levels, draws = levels[:, None], self.draws[:, block].T
        # A mixture's quantile lies between the smallest and the largest of its components' quantiles.
        at_level = self.scale * special.stdtrit(self.dof, levels)
        of_each = draws + at_level[:, None, :]
        return find_quantiles(
            lambda quantiles: self._excess_and_step(quantiles, levels, draws),
            start=np.median(of_each, axis=-1),
            low=of_each.min(axis=-1),
            high=of_each.max(axis=-1),
            smallest_std=self.scale.min(),
        )

    def _excess_and_step(self, quantiles, levels, draws):
        """The mixture's cdf less the levels, and Halley's step towards them: both as `quantiles`."""
        z = (quantiles[:, :, None] - draws) / self.scale
        excess = special.stdtr(self.dof, z).mean(axis=-1) - levels
        densities = (
            np.exp(_log_constant(self.dof) - (self.dof + 1) / 2 * np.log1p(z**2 / self.dof)) / self.scale
        )
        density = densities.mean(axis=-1)
        slope = np.mean(-densities * (self.dof + 1) * z / (self.dof + z**2) / self.scale, axis=-1)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            newton = excess / density
            # Far from the root the correction could turn the step around, or make it crawl.
            return excess, newton / np.clip(1 - 0.5 * newton * slope / density, 0.5, 1.5)


def _log_constant(dof):
    return special.gammaln((dof + 1) / 2) - special.gammaln(dof / 2) - 0.5 * np.log(np.pi * dof)
