"""The evidence lower bound, its two parts apart: expected log-likelihood and KL divergence, in nats."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bayesian_nn.arguments import whole_number, yes_or_no
from bayesian_nn.backend import tf, tfp
from bayesian_nn.data import Dataset
from bayesian_nn.model import Model, draws_in_parts, log_likelihood, prior
from bayesian_nn.posterior import MeanField
from bayesian_nn.streams import EVALUATION, key

__all__ = ["Elbo", "ElboEstimate", "ElboParts", "analytic_kl", "estimate_elbo", "monte_carlo_kl"]


class ElboParts(NamedTuple):
    """log_likelihood: E_q[log p(y | x, w)], summed over the data; kl: KL(q ‖ prior). Both `[...]`, nats."""

    log_likelihood: tf.Tensor
    kl: tf.Tensor

    @property
    def elbo(self):
        """The bound `[...]`: log-likelihood minus KL; up is better."""
        return self.log_likelihood - self.kl


@dataclass(frozen=True)
class Elbo:
    """The objective of variational inference, a deterministic function of the parameters and the noise.

    n_draws: draws of the latents per evaluation. analytic_kl: the KL in closed form, or else by Monte Carlo
    from the same draws (Kingma and Welling 2014, section 2.3).
    """

    n_draws: int = 5
    analytic_kl: bool = True

    def __post_init__(self):
        object.__setattr__(self, "n_draws", whole_number("n_draws", self.n_draws))
        object.__setattr__(self, "analytic_kl", yes_or_no("analytic_kl", self.analytic_kl))

    def __call__(
        self, model: Model, posterior: MeanField, parameters, noise, inputs, targets, *, n_points=None
    ):
        """Returns the `ElboParts` `[...]` for parameters `[..., n_parameters]` and standard normal noise
        `[..., n_draws, n_latents]`. For a minibatch, `n_points` is the size of the whole data: the batch's
        log-likelihood then counts n_points / n_batch times, and the KL once."""
        latents = posterior.draw(parameters, noise)
        values = log_likelihood(model, latents, inputs, targets)
        weight = 1.0 if n_points is None else n_points / targets.shape[0]
        kl = _kl(self.analytic_kl, model, posterior, parameters, latents)
        return ElboParts(weight * tf.reduce_mean(values, axis=-1), kl)


def analytic_kl(model: Model, posterior: MeanField, parameters, latents=None):
    """Returns KL(q ‖ prior) `[...]` in nats in closed form; raises NotImplementedError for a family that has
    none."""
    return tfp.distributions.kl_divergence(posterior.distribution(parameters), prior(model, parameters.dtype))


def monte_carlo_kl(model: Model, posterior: MeanField, parameters, latents):
    """Returns the mean of log q(w) - log p(w) `[...]` in nats, over draws `[..., n_draws, n_latents]`."""
    return tf.reduce_mean(_log_ratios(model, posterior, parameters, latents), axis=-1)


def _log_ratios(model, posterior, parameters, latents):
    """Returns log q(w) - log p(w) `[..., n_draws]` of every draw `[..., n_draws, n_latents]`."""
    draws_first = tf.experimental.numpy.moveaxis(latents, -2, 0)
    log_q = posterior.distribution(parameters).log_prob(draws_first)
    ratios = log_q - prior(model, latents.dtype).log_prob(draws_first)
    return tf.experimental.numpy.moveaxis(ratios, 0, -1)


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
    posterior: MeanField,
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
    shape = [n_draws, *posterior.noise_shape(model)]
    noise = tf.random.stateless_normal(shape, key(seed, EVALUATION), dtype=parameters.dtype)
    inputs, targets = model.inputs(data.x), model.targets(data.y)
    n_vectors = int(np.prod(parameters.shape[:-1]))
    values, ratios = [], []
    for part in draws_in_parts(model, n_draws, data.n_points, n_vectors):
        latents = posterior.draw(parameters, noise[part])
        values.append(log_likelihood(model, latents, inputs, targets).numpy())
        if not analytic_kl:
            ratios.append(_log_ratios(model, posterior, parameters, latents).numpy())
    values = np.concatenate(values, axis=-1)
    # Of an analytic KL there is one value, without an error of its own.
    ratios = 0.0 if analytic_kl else np.concatenate(ratios, axis=-1)
    # An infinite log-likelihood, where a fit diverged, has NaN for its error: no need to warn of it.
    with np.errstate(invalid="ignore"):
        standard_error = (values - ratios).std(axis=-1, ddof=1) / np.sqrt(n_draws)
    return ElboEstimate(
        log_likelihood=values.mean(axis=-1),
        kl=_kl(True, model, posterior, parameters).numpy() if analytic_kl else ratios.mean(axis=-1),
        standard_error=standard_error,
    )


def _kl(analytic, *arguments):
    return (analytic_kl if analytic else monte_carlo_kl)(*arguments)
