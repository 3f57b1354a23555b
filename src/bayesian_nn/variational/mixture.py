"""A mixture of a fit's restarts: several Gaussians, each on a peak of its own, as one posterior."""

from dataclasses import dataclass

import numpy as np

from bayesian_nn.data.images import LabelledImages
from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.log_joint import draws_in_parts, log_likelihood
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import observe
from bayesian_nn.model.prior_terms import log_prior
from bayesian_nn.objectives.elbo import ElboEstimate
from bayesian_nn.posteriors.family import Family
from bayesian_nn.runtime.checks import finite_numbers, instance, whole_number
from bayesian_nn.runtime.random_streams import MIXTURE, generator, key
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.run import Run

__all__ = ["Mixture", "elbo_weights", "estimate_mixture_elbo", "mixture_of"]


@dataclass(frozen=True, eq=False)
class Mixture:
    """A weighted sum of members of one family: log q(w) = log Σ_k weights[k] q_k(w).

    parameters: of each component `[n_components, n_parameters]`; weights `[n_components]`, which sum to one.
    """

    model: Model
    posterior: Family
    parameters: np.ndarray
    weights: np.ndarray

    def draw(self, n_draws: int, *, seed: int) -> np.ndarray:
        """Returns draws of the latents `[n_draws, n_latents]`, in random order.

        Each alone is a draw of the mixture. Together they are stratified: a component of weight p has
        n_draws · p draws, rounded up or down."""
        whole_number("n_draws", n_draws)
        shape = [n_draws, *self.posterior.noise_shape(self.model)]
        noise = tf.random.stateless_normal(shape, key(seed, MIXTURE))
        of_draw = _components(self.weights, n_draws, generator(seed, MIXTURE, 0))
        draws = np.empty((n_draws, self.model.n_latents), np.float32)
        for component in np.unique(of_draw):
            rows = np.flatnonzero(of_draw == component)
            parameters = tf.constant(self.parameters[component])
            draws[rows] = self.posterior.draw(parameters, tf.gather(noise, rows)).numpy()
        return draws

    def log_prob(self, latents) -> np.ndarray:
        """Returns log q(w) `[n_draws]` of latents `[n_draws, n_latents]`."""
        latents = tf.convert_to_tensor(latents)
        used = np.flatnonzero(self.weights)
        # One by one: a full covariance's triangle would be copied for every draw.
        log_probs = [
            self.posterior.distribution(tf.cast(self.parameters[component], latents.dtype)).log_prob(latents)
            for component in used
        ]
        log_weights = np.log(self.weights[used])[:, None]
        return tf.reduce_logsumexp(tf.cast(log_probs, tf.float64) + log_weights, axis=0).numpy()


def mixture_of(run: Run, *, weights=None) -> Mixture:
    """Returns the mixture of the run's restarts as they were at its end.

    weights: of the restarts `[n_restarts]`, not negative, of any sum; None weighs equally all whose ELBO is
    finite, as an ensemble does. `elbo_weights(run)` weighs them by their bounds. Raises ValueError for
    weights of another shape, or for a weight on a restart that diverged.
    """
    instance("run", run, Run, "Make one with fit(model, data, seed=..., n_restarts=8).")
    finite = np.isfinite(run.final_elbos)
    weights = finite.astype(float) if weights is None else _checked_weights(weights, finite)
    if not weights.any():
        raise ValueError("weights: no restart has a weight above zero; a mixture needs one at least.")
    return Mixture(run.model, run.posterior, run.final_parameters, weights / weights.sum())


def elbo_weights(run: Run) -> np.ndarray:
    """Returns the restarts' weights `[n_restarts]` in proportion to exp(ELBO): of components that do not
    overlap they maximise the mixture's own bound, Σ_k weights[k] (ELBO_k - log weights[k]).

    Of restarts some nats apart one then has all the weight, and it need not be the widest: the bound gains,
    and the spread between the components is lost."""
    weights = np.exp(run.final_elbos - run.final_elbos.max())
    return weights / weights.sum()


def estimate_mixture_elbo(
    mixture: Mixture, data: Dataset | LabelledImages, *, seed: int, n_draws: int = 1000
) -> ElboEstimate:
    """Returns the mixture's ELBO on all the data, in nats, all of it by Monte Carlo: a mixture's KL has no
    closed form. It is at most log n_components above the components' mean ELBO, if their weights are equal.
    With stratified draws the standard error is too large if anything."""
    whole_number("n_draws", n_draws, at_least=2)
    model = mixture.model
    latents = mixture.draw(n_draws, seed=seed)
    observations = observe(model, data)
    parts = draws_in_parts(model, n_draws, observations.n_points)
    values = np.concatenate([log_likelihood(model, latents[part], observations) for part in parts])
    ratios = mixture.log_prob(latents) - log_prior(model, tf.constant(latents)).numpy()
    standard_error = (values - ratios).std(ddof=1) / np.sqrt(n_draws)
    return ElboEstimate(values.mean(), ratios.mean(), standard_error)


def _components(weights, n_draws, random):
    """Returns the component `[n_draws]` of each draw: systematic sampling, in random order."""
    points = (np.arange(n_draws) + random.uniform()) / n_draws
    components = np.searchsorted(np.cumsum(weights), points, side="right")
    # The sum of the weights may be one but for rounding, and the last point above it.
    last = np.flatnonzero(weights)[-1]
    return random.permutation(np.minimum(components, last))


def _checked_weights(weights, finite):
    weights = finite_numbers("weights", weights)
    if weights.shape != finite.shape or np.any(weights < 0):
        raise ValueError(
            f"weights must be {len(finite)} numbers, one for each restart, none below zero; got {weights}."
        )
    if np.any(weights[~finite]):
        raise ValueError(
            f"weights: restart {np.flatnonzero(~finite & (weights > 0))[0]} has an ELBO that is not finite; "
            "give it the weight 0."
        )
    return weights
