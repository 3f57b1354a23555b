"""What draws predict of a count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from bayesian_nn.predictions.draws import checked_levels, in_blocks, keep_as_floats, log_mean_exp, observed

__all__ = ["CountPrediction", "log_probability"]


@dataclass(frozen=True)
class CountPrediction:
    """What every draw of the weights predicts of a count at some inputs: its rate, that is, its mean.

    x: [n_points, n_inputs] in original units; rates: [n_draws, n_points]; dispersion: [n_draws] of negative
    binomial counts, whose variance is rate + dispersion · rate², or None of Poisson counts. The predictive
    distribution at a point is the mixture over draws.
    """

    x: np.ndarray
    rates: np.ndarray
    dispersion: np.ndarray | None = None

    def __post_init__(self) -> None:
        shapes = {"x": "n_points, n_inputs", "rates": "n_draws, n_points"}
        keep_as_floats(self, shapes if self.dispersion is None else shapes | {"dispersion": "n_draws"})
        if np.any(self.rates < 0):
            raise ValueError(
                f"rates must be zero or more; got {self.rates.min():g}. Are these logarithms? Then apply exp."
            )
        if self.dispersion is not None and np.any(self.dispersion <= 0):
            raise ValueError(
                f"dispersion must be positive; got {self.dispersion.min():g}. For Poisson counts give None."
            )

    @property
    def mean(self) -> np.ndarray:
        """The predictive mean, [n_points]."""
        return self.rates.mean(axis=0)

    @property
    def epistemic_std(self) -> np.ndarray:
        """The standard deviation of the rate between draws, [n_points]."""
        return self.rates.std(axis=0)

    @property
    def aleatoric_std(self) -> np.ndarray:
        """The root mean square over draws of the count's standard deviation about its rate, [n_points]."""
        variances = self.rates if self.dispersion is None else self.rates + self._dispersion * self.rates**2
        return np.sqrt(variances.mean(axis=0))

    @property
    def std(self) -> np.ndarray:
        """The predictive standard deviation of the count, [n_points]: the law of total variance."""
        return np.hypot(self.epistemic_std, self.aleatoric_std)

    def quantiles(self, levels, *, with_noise: bool) -> np.ndarray:
        """Quantiles [n_levels, n_points]: with noise those of the count, the least whole numbers that are not
        exceeded with at least these probabilities; without, those of the draws of the rate."""
        levels = checked_levels(levels)
        if not with_noise:
            return np.quantile(self.rates, levels, axis=0)
        mean, std = self.mean, self.std
        return in_blocks(
            lambda block: np.stack(
                [self._mixture_quantiles(level, block, mean[block], std[block]) for level in levels]
            ),
            len(self.x),
            len(self.rates),
        )

    def cdf(self, y) -> np.ndarray:
        """The predictive probability of a count of y [n_points] or less at each point, [n_points]."""
        y = np.floor(observed(y, len(self.x)))
        return in_blocks(
            lambda block: self._cdf(y[block], self.rates[:, block]), len(self.x), len(self.rates)
        )

    def log_density(self, y) -> np.ndarray:
        """The log predictive probability of the counts y [n_points], [n_points] in nats."""
        return log_mean_exp(self.log_densities(y))

    def log_densities(self, y) -> np.ndarray:
        """The log probability of the counts y [n_points] under every draw, [n_draws, n_points] in nats."""
        y = observed(y, len(self.x))
        wrong = np.flatnonzero((y < 0) | (y != np.floor(y)))
        if len(wrong):
            raise ValueError(
                f"y must be counts, whole numbers from 0 on; got {y[wrong[0]]:g} at index {wrong[0]}."
            )
        return log_probability(y, self.rates, self._dispersion)

    @property
    def _dispersion(self):
        return None if self.dispersion is None else self.dispersion[:, None]

    def _cdf(self, counts, rates):
        if self.dispersion is None:
            below = special.pdtr(np.maximum(counts, 0), rates)
        else:
            below = special.betainc(
                1 / self._dispersion, np.maximum(counts, 0) + 1, 1 / (1 + self._dispersion * rates)
            )
        return np.where(counts < 0, 0.0, below.mean(axis=0))

    def _mixture_quantiles(self, level, block, mean, std):
        """Returns the quantile of one level, [n_block], by Newton's steps over whole numbers and, where one
        would leave the bracket, bisection: the level is reached at `high` and not at `low`."""
        rates = self.rates[:, block]
        # Cantelli's inequality.
        high = np.ceil(mean + std * np.sqrt(level / (1 - level)))
        low = np.maximum(np.floor(mean - std * np.sqrt((1 - level) / level)), 0) - 1
        counts = np.clip(np.rint(mean + std * special.ndtri(level)), low + 1, high)
        left = np.arange(len(mean))
        while len(left):
            at, of_left = counts[left], rates[:, left]
            excess = self._cdf(at, of_left) - level
            probability = np.exp(log_probability(at, of_left, self._dispersion)).mean(axis=0)
            reached = excess >= 0
            high[left] = np.where(reached, at, high[left])
            low[left] = np.where(reached, np.where(excess < probability, at - 1, low[left]), at)
            with np.errstate(divide="ignore", invalid="ignore"):
                stepped = at - np.trunc(excess / probability) + ~reached
            inside = (low[left] < stepped) & (stepped < high[left])
            counts[left] = np.where(inside, stepped, np.floor((low[left] + high[left]) / 2))
            left = left[high[left] - low[left] > 1]
        return high


def log_probability(counts, rates, dispersion=None):
    """Returns the log probability, in nats, of counts under Poisson distributions of these rates or, with a
    dispersion, negative binomial ones; the arguments are broadcast."""
    if dispersion is None:
        return special.xlogy(counts, rates) - rates - special.gammaln(counts + 1)
    n_failures, spread = 1 / dispersion, dispersion * rates
    # As log Γ(y + r) - log Γ(r) - log Γ(y + 1), which cancels for a small dispersion.
    binomial = -special.betaln(n_failures, counts + 1) - np.log(n_failures + counts)
    return binomial + special.xlogy(counts, spread) - (counts + n_failures) * np.log1p(spread)
