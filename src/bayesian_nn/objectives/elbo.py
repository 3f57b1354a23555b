"""The evidence lower bound, its two parts apart: expected log-likelihood and KL divergence, in nats."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.log_joint import draws_in_parts, log_likelihood
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import Observations, observe
from bayesian_nn.model.prior_terms import cross_entropy, has_learned_scales, log_prior
from bayesian_nn.posteriors.family import Family
from bayesian_nn.runtime.checks import positive, whole_number, yes_or_no
from bayesian_nn.runtime.random_streams import EVALUATION, key
from bayesian_nn.runtime.tensorflow import tf

__all__ = [
    "Elbo",
    "ElboEstimate",
    "ElboParts",
    "analytic_kl",
    "batch_weight",
    "draw_terms",
    "estimate_elbo",
    "log_ratios",
    "monte_carlo_kl",
    "objective_noise_shape",
    "tempered",
]


class ElboParts(NamedTuple):
    """log_likelihood: E_q[log p(y | x, w)], summed over the data; kl: KL(q ‖ prior). Both `[...]`, nats.

    climbed: what the optimiser climbs `[...]`, where that is not the ELBO itself. A run keeps only the
    ELBO's two parts, so its history means the same whatever was climbed.
    """

    log_likelihood: tf.Tensor
    kl: tf.Tensor
    climbed: tf.Tensor | None = None

    @property
    def elbo(self):
        """The bound `[...]`: log-likelihood minus KL; up is better."""
        return self.log_likelihood - self.kl

    @property
    def objective(self):
        """What the optimiser climbs `[...]`: the ELBO, unless `climbed` says otherwise."""
        return self.elbo if self.climbed is None else self.climbed


@dataclass(frozen=True)
class Elbo:
    """The objective of variational inference, a deterministic function of the parameters and the noise.

    n_draws: draws of the latents per evaluation. analytic_kl: the KL in closed form, or else by Monte Carlo
    from the same draws (Kingma and Welling 2014, section 2.3).

    stick_the_landing: leaves out the part of the Monte Carlo gradient that passes through the parameters of
    log q alone. Its mean is zero, so the gradient stays unbiased; without it the noise vanishes where q is
    the exact posterior (Roeder, Wu and Duvenaud 2017, eq. 6).

    kl_weight: climbs log-likelihood - kl_weight · KL. Any weight but 1 makes this a tempered bound, which is
    not the ELBO: it peaks at the posterior in which every observation counts 1 / kl_weight times, cold below
    1. (The cold posteriors of Wenzel et al. 2020 temper the prior as well.) The parts stay untempered.
    """

    n_draws: int = 5
    analytic_kl: bool = True
    kl_weight: float = 1.0
    stick_the_landing: bool = False

    def __post_init__(self):
        object.__setattr__(self, "n_draws", whole_number("n_draws", self.n_draws))
        object.__setattr__(self, "analytic_kl", yes_or_no("analytic_kl", self.analytic_kl))
        object.__setattr__(self, "kl_weight", positive("kl_weight", self.kl_weight))
        stick = yes_or_no("stick_the_landing", self.stick_the_landing)
        if stick and self.analytic_kl:
            raise ValueError(
                "stick_the_landing=True is about the gradient of a Monte Carlo KL: set analytic_kl=False too."
            )
        object.__setattr__(self, "stick_the_landing", stick)

    def __call__(
        self, model: Model, posterior: Family, parameters, noise, observations: Observations, *, n_points=None
    ) -> ElboParts:
        """Returns the `ElboParts` `[...]` for parameters `[..., n_parameters]` and standard normal noise
        `[..., n_draws, n_latents]`. For a minibatch, `n_points` is the size of the whole data: the batch's
        log-likelihood then counts n_points / n_batch times, and the KL once."""
        latents = posterior.draw(parameters, noise)
        values = log_likelihood(model, latents, observations)
        if self.stick_the_landing:
            parameters = tf.stop_gradient(parameters)
        kl = _kl(self.analytic_kl, model, posterior, parameters, latents)
        expected = batch_weight(observations, n_points) * tf.reduce_mean(values, axis=-1)
        return tempered(expected, kl, self.kl_weight)


def tempered(log_likelihood, kl, kl_weight: float) -> ElboParts:
    """Returns the ELBO's parts, of which log_likelihood - kl_weight · kl is climbed."""
    climbed = None if kl_weight == 1 else log_likelihood - kl_weight * kl
    return ElboParts(log_likelihood, kl, climbed)


def batch_weight(observations: Observations, n_points: int | None) -> float:
    """Returns how often a batch's log-likelihood counts, N / M: for a batch out of `n_points` observations,
    or 1 if these are all."""
    return 1.0 if n_points is None else n_points / observations.n_points


def objective_noise_shape(objective, model: Model, posterior: Family, n_batch: int) -> tuple[int, ...]:
    """Returns the shape of the standard normal noise of one evaluation on `n_batch` observations: the
    objective's own `noise_shape(model, posterior, n_batch)`, or `n_draws` times what one draw of the latents
    needs."""
    if hasattr(objective, "noise_shape"):
        return tuple(objective.noise_shape(model, posterior, n_batch))
    return (objective.n_draws, *posterior.noise_shape(model))


def analytic_kl(model: Model, posterior: Family, parameters, latents=None):
    """Returns KL(q ‖ prior) `[...]` in nats in closed form, or an upper bound of it where the prior gives
    one: as the latents are independent a priori, no more of q enters than its marginals and its entropy.
    Raises ValueError where a prior's scale is unknown and q lets it vary with the weights."""
    if has_learned_scales(model) and not posterior.is_independent:
        raise ValueError(
            f"analytic_kl: under a prior with an unknown scale the KL of {type(posterior).__name__} has no "
            "closed form. Use Elbo(analytic_kl=False), or MeanField()."
        )
    return cross_entropy(model, *posterior.marginals(parameters)) - posterior.entropy(parameters)


def monte_carlo_kl(model: Model, posterior: Family, parameters, latents):
    """Returns the mean of log q(w) - log p(w) `[...]` in nats, over draws `[..., n_draws, n_latents]`."""
    return tf.reduce_mean(log_ratios(model, posterior, parameters, latents), axis=-1)


def log_ratios(model: Model, posterior: Family, parameters, latents):
    """Returns log q(w) - log p(w) `[..., n_draws]` of every draw `[..., n_draws, n_latents]`, in nats."""
    draws_first = tf.experimental.numpy.moveaxis(latents, -2, 0)
    log_q = posterior.distribution(parameters).log_prob(draws_first)
    return tf.experimental.numpy.moveaxis(log_q, 0, -1) - log_prior(model, latents)


class ElboEstimate(NamedTuple):
    """A Monte Carlo estimate `[...]` in nats, with the standard error of its ELBO."""

    log_likelihood: np.ndarray
    kl: np.ndarray
    standard_error: np.ndarray

    @property
    def elbo(self):
        return self.log_likelihood - self.kl


def estimate_elbo(
    model: Model,
    posterior: Family,
    parameters,
    data: Dataset,
    *,
    seed: int,
    n_draws: int = 1000,
    analytic_kl: bool = True,
) -> ElboEstimate:
    """Returns the ELBO of parameters `[..., n_parameters]` on all the data, from `n_draws` fresh draws (the
    same for every parameter vector). analytic_kl: as in `Elbo`."""
    whole_number("n_draws", n_draws, at_least=2)
    parameters = tf.convert_to_tensor(parameters)
    values, ratios = draw_terms(
        model, posterior, parameters, data, seed=seed, n_draws=n_draws, with_ratios=not analytic_kl
    )
    # An infinite log-likelihood, where a fit diverged, has NaN for its error: no need to warn of it.
    with np.errstate(invalid="ignore"):
        standard_error = (values - ratios).std(axis=-1, ddof=1) / np.sqrt(n_draws)
    return ElboEstimate(
        log_likelihood=values.mean(axis=-1),
        kl=_kl(True, model, posterior, parameters).numpy() if analytic_kl else ratios.mean(axis=-1),
        standard_error=standard_error,
    )


def draw_terms(
    model: Model,
    posterior: Family,
    parameters,
    data: Dataset,
    *,
    seed: int,
    n_draws: int,
    with_ratios: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    """Returns log p(y | x, w), on all the data, and log q(w) - log p(w), each `[..., n_draws]` in nats, of
    fresh draws of the latents from parameters `[..., n_parameters]`. Without the ratios, zeros for them."""
    parameters = tf.convert_to_tensor(parameters)
    shape = [n_draws, *posterior.noise_shape(model)]
    noise = tf.random.stateless_normal(shape, key(seed, EVALUATION), dtype=parameters.dtype)
    observations = observe(model, data, parameters.dtype)
    n_vectors = int(np.prod(parameters.shape[:-1]))
    values, ratios = [], []
    for part in draws_in_parts(model, n_draws, observations.n_points, n_vectors):
        latents = posterior.draw(parameters, noise[part])
        values.append(log_likelihood(model, latents, observations).numpy())
        if with_ratios:
            ratios.append(log_ratios(model, posterior, parameters, latents).numpy())
        else:
            ratios.append(np.zeros_like(values[-1]))
    return np.concatenate(values, axis=-1), np.concatenate(ratios, axis=-1)


def _kl(analytic, *arguments):
    return (analytic_kl if analytic else monte_carlo_kl)(*arguments)
