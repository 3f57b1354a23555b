"""Counts more variable than Poisson's, one output: the logarithm of the rate."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy import optimize, special

from bayesian_nn.likelihoods.columns import count_column
from bayesian_nn.likelihoods.one_target import OfCounts
from bayesian_nn.likelihoods.parameters import checked_parameter, in_dtype, log_normal, value_of
from bayesian_nn.likelihoods.poisson import MAX_LOG_RATE, explained_deviance, rate_of
from bayesian_nn.predictions.counts import CountPrediction, log_probability
from bayesian_nn.priors.unknowns import NormalUnknown
from bayesian_nn.runtime.tensorflow import tf, tfp

__all__ = ["LearnedDispersion", "NegativeBinomial"]

# Terms of the information's sum, about: beyond a tenth of a second for a point.
MAX_TERMS = 1_000_000


class LearnedDispersion(NamedTuple):
    """A log-normal prior on the dispersion: log dispersion ~ N(log median, log_std²). `_asdict()` and
    `LearnedDispersion(**fields)` convert it to and from JSON."""

    median: float = 0.5
    log_std: float = 1.0


@dataclass(frozen=True)
class NegativeBinomial(OfCounts):
    """y is a count of mean μ = exp(output) and variance μ + dispersion · μ²; outputs above 30 count as 30. A
    `LearnedDispersion` in place of the number makes log dispersion an unknown."""

    dispersion: float | LearnedDispersion

    def __post_init__(self):
        checked = checked_parameter("dispersion", self.dispersion, LearnedDispersion)
        object.__setattr__(self, "dispersion", checked)

    @property
    def unknowns(self) -> tuple[NormalUnknown, ...]:
        """log dispersion, if it is learned."""
        return (log_normal("dispersion", self.dispersion),) if self._is_learned else ()

    def log_density(self, outputs, unknowns, targets, y_scale):
        """Returns log p(y) in nats, elementwise; see `Likelihood`."""
        log_rate, dtype = tf.minimum(outputs[0], MAX_LOG_RATE), outputs[0].dtype
        target = in_dtype(targets[0], dtype)
        log_dispersion = unknowns[0] if self._is_learned else in_dtype(np.log(self.dispersion), dtype)
        n_failures, logit = tf.exp(-log_dispersion), log_rate + log_dispersion
        # As log Γ(y + r) - log Γ(r), of which single precision would leave little for a small dispersion.
        binomial = -tfp.math.log_gamma_difference(target, n_failures) - tf.math.lgamma(target + 1)
        return binomial + target * logit - (target + n_failures) * tf.nn.softplus(logit)

    def curvature(self, outputs, unknowns, y_scale) -> list[list[np.ndarray]]:
        """Returns the Fisher information: μ / (1 + dispersion μ) of the output, that of log dispersion as a
        sum over counts, and nothing between the two (Lawless 1987, section 2)."""
        rate, dispersion = rate_of(outputs[0]), value_of(self.dispersion, iter(unknowns))
        of_output = np.where(np.asarray(outputs[0]) < MAX_LOG_RATE, rate / (1 + dispersion * rate), 0.0)
        if not self._is_learned:
            return [[of_output]]
        return [[of_output, np.float64(0)], [np.float64(0), _information(rate, dispersion)]]

    def sample(self, outputs, unknowns, scaling, random: np.random.Generator) -> np.ndarray:
        """Returns draws of the count, of the shape of outputs and unknowns together."""
        rate, dispersion = np.broadcast_arrays(rate_of(outputs[0]), value_of(self.dispersion, iter(unknowns)))
        # A Poisson count whose rate is gamma distributed.
        return random.poisson(random.gamma(1 / dispersion, dispersion * rate))

    def prediction(self, x, outputs, unknowns, scaling) -> CountPrediction:
        """Returns the record of the draws, for outputs `[n_draws, 1, n_points]`."""
        dispersion = value_of(self.dispersion, iter(np.transpose(unknowns)))
        rates = rate_of(outputs[:, 0])
        return CountPrediction(x, rates, np.broadcast_to(dispersion, len(rates)).copy())

    def constant_log_likelihood(self, y) -> float:
        """Returns the log-likelihood in nats of the rate mean(y) and, if it is learned, the best dispersion,
        which tends to 0, Poisson's, where the variance of y is no larger than its mean."""
        y = count_column(y)
        if not self._is_learned:
            return float(np.sum(log_probability(y, y.mean(), self.dispersion)))
        counts, repeated = np.unique(y, return_counts=True)

        def log_likelihood(log_dispersion):
            return float(repeated @ log_probability(counts, y.mean(), np.exp(log_dispersion)))

        grid = np.linspace(-12, 12, 49)
        best = max(grid, key=log_likelihood)
        refined = optimize.minimize_scalar(
            lambda value: -log_likelihood(value), bounds=(best - 0.5, best + 0.5), method="bounded"
        )
        of_poisson = float(repeated @ log_probability(counts, y.mean()))
        return max(-float(refined.fun), log_likelihood(best), of_poisson)

    def explained(self, prediction, y) -> float:
        """Returns the deviance explained, at the draws' mean dispersion."""
        return explained_deviance(prediction.mean, count_column(y), prediction.dispersion.mean())

    @property
    def _is_learned(self):
        return isinstance(self.dispersion, LearnedDispersion)


def _information(rate, dispersion):
    """Returns the Fisher information of log dispersion, in the arguments' shape: with r = 1 / dispersion,
    r² (Σ_j P(y > j) / (r + j)² - μ / (r (r + μ)))."""
    shape = np.broadcast_shapes(np.shape(rate), np.shape(dispersion))
    rates, failures = (np.broadcast_to(array, shape).ravel() for array in (rate, 1 / dispersion))
    values = [_information_at(mean, r) for mean, r in zip(rates, failures, strict=True)]
    return np.reshape(values, shape)


def _information_at(mean, r):
    spread = mean / r
    # Beyond that less than 1e-13 of the probability is left.
    n_terms = np.ceil(mean + 10 * np.sqrt(mean * (1 + spread)) + 35 * (1 + spread))
    if n_terms > MAX_TERMS:
        # The limits of a large mean: that of a gamma distribution's shape, and that of a Gaussian's variance.
        return (r**2 * special.polygamma(1, r) - r) * (spread / (1 + spread)) ** 2
    counts = np.arange(n_terms)
    above = special.betaincc(r, counts + 1, 1 / (1 + spread))
    return max(r**2 * (np.sum(above / (r + counts) ** 2) - spread / (r + mean)), 0.0)
