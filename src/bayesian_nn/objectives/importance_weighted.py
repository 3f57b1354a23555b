"""The importance-weighted bound: the evidence, from below, ever more closely with more draws."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.log_joint import log_likelihood
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import Observations
from bayesian_nn.objectives.elbo import ElboParts, draw_terms, log_ratios
from bayesian_nn.posteriors.family import Family
from bayesian_nn.runtime.checks import whole_number
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["BoundEstimate", "ImportanceWeightedElbo", "estimate_bound"]


@dataclass(frozen=True)
class ImportanceWeightedElbo:
    """The bound E[log 1/n Σ p(y, wᵢ) / q(wᵢ)] over n draws wᵢ from q (Burda, Grosse and Salakhutdinov 2016,
    eq. 8), an objective that is the ELBO for one draw and nears log p(y) as n grows.

    A q that climbs it is meant to be reweighted, and used without may be a worse fit than the ELBO's: it is
    asked to cover the posterior. What a run records are the ELBO's two parts all the same, and its best
    restart is the one with the highest ELBO. Of a minibatch there is no such bound, for the logarithm does
    not pass through the sum over batches.
    """

    n_draws: int = 5

    def __post_init__(self):
        object.__setattr__(self, "n_draws", whole_number("n_draws", self.n_draws))

    @property
    def analytic_kl(self) -> bool:
        """No: the weights need log q of the same draws."""
        return False

    def __call__(
        self, model: Model, posterior: Family, parameters, noise, observations: Observations, *, n_points=None
    ) -> ElboParts:
        """Returns the `ElboParts` `[...]`, which climb the bound, for parameters `[..., n_parameters]` and
        noise `[..., n_draws, n_latents]`. Raises ValueError for a minibatch."""
        n_batch = observations.n_points
        if n_points not in (None, n_batch):
            raise ValueError(
                f"ImportanceWeightedElbo needs all {n_points} observations at every step, and got {n_batch}: "
                "leave batch_size=None, or climb an Elbo."
            )
        latents = posterior.draw(parameters, noise)
        values = log_likelihood(model, latents, observations)
        ratios = log_ratios(model, posterior, parameters, latents)
        bound = tf.reduce_logsumexp(values - ratios, axis=-1) - np.log(self.n_draws)
        return ElboParts(tf.reduce_mean(values, axis=-1), tf.reduce_mean(ratios, axis=-1), bound)


class BoundEstimate(NamedTuple):
    """A Monte Carlo estimate of a bound `[...]` in nats, with its standard error."""

    bound: np.ndarray
    standard_error: np.ndarray


def estimate_bound(
    model: Model,
    posterior: Family,
    parameters,
    data: Dataset,
    *,
    seed: int,
    n_draws: int,
    n_repeats: int = 100,
) -> BoundEstimate:
    """Returns the importance-weighted bound of `n_draws` draws, for parameters `[..., n_parameters]`, from
    `n_repeats` independent estimates; with one draw, the ELBO by Monte Carlo. Two calls with one seed and
    the same `n_draws * n_repeats` use the same draws, grouped otherwise."""
    n_draws = whole_number("n_draws", n_draws)
    n_repeats = whole_number("n_repeats", n_repeats, at_least=2)
    values, ratios = draw_terms(model, posterior, parameters, data, seed=seed, n_draws=n_draws * n_repeats)
    log_weights = (values - ratios).astype(np.float64)
    grouped = log_weights.reshape(*log_weights.shape[:-1], n_repeats, n_draws)
    bounds = tf.reduce_logsumexp(grouped, axis=-1).numpy() - np.log(n_draws)
    return BoundEstimate(bounds.mean(axis=-1), bounds.std(axis=-1, ddof=1) / np.sqrt(n_repeats))
