"""What predictions of a real target have in common, whatever their noise."""

from __future__ import annotations

import numpy as np

from bayesian_nn.predictions.draws import checked_levels, in_blocks, log_mean_exp

__all__ = ["AroundDraws"]


class AroundDraws:
    """Draws of f `[n_draws, n_points]` at x `[n_points, n_inputs]`, with noise around each. The predictive
    distribution at a point is the mixture over draws.

    A kind of noise adds `aleatoric_std`, `log_densities` and `_mixture_quantiles(levels, block)`, the
    quantiles `[n_levels, n_points]` of the mixture at a slice of the points.
    """

    x: np.ndarray
    draws: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """The draws' mean, [n_points]: the predictive mean, where the noise has one."""
        return self.draws.mean(axis=0)

    @property
    def epistemic_std(self) -> np.ndarray:
        """The standard deviation of f between draws, noise excluded, [n_points]."""
        return self.draws.std(axis=0)

    @property
    def std(self) -> np.ndarray:
        """The predictive standard deviation, noise included, [n_points]: the law of total variance."""
        return np.hypot(self.epistemic_std, self.aleatoric_std)

    def quantiles(self, levels, *, with_noise: bool) -> np.ndarray:
        """Quantiles [n_levels, n_points]: of the predictive mixture with noise, of the draws of f without."""
        levels = checked_levels(levels)
        if not with_noise:
            return np.quantile(self.draws, levels, axis=0)
        size = len(levels) * len(self.draws)
        return in_blocks(lambda block: self._mixture_quantiles(levels, block), len(self.x), size)

    def log_density(self, y) -> np.ndarray:
        """The log predictive density of y [n_points] at each point, [n_points] in nats."""
        return log_mean_exp(self.log_densities(y))
