"""The prior of all latents: its log density, its cross entropy, its draws, and what it lacks."""

import functools
from typing import NamedTuple

import numpy as np

from bayesian_nn.model.model import Model
from bayesian_nn.priors.gaussian import GaussianPrior
from bayesian_nn.priors.learned_scale import scaled_cross_entropy, scaled_log_density
from bayesian_nn.priors.placement import LEARNED_SCALES
from bayesian_nn.priors.relevance import RelevancePrior
from bayesian_nn.priors.unknowns import HALF_LOG_2PI, NormalUnknown
from bayesian_nn.runtime.random_streams import PRIOR, generator
from bayesian_nn.runtime.tensorflow import tf

__all__ = [
    "cross_entropy",
    "draw_from_prior",
    "gaussian_prior",
    "has_gaussian_prior",
    "has_learned_scales",
    "log_prior",
    "prior_stds",
    "require_density",
    "require_mode",
]


def log_prior(model: Model, latents, *, axis: int = -1):
    """Returns log p(latents) in nats, for latents that lie in the first (0) or last (-1) axis: summed over
    it. Raises ValueError for a prior that has no density."""
    require_density(model, "The log joint density")
    terms = _terms(model)
    parts = tf.split(latents, [term.size for term in terms], axis=axis)
    scales = _scales(model, latents, axis)
    total = None
    for term, part in zip(terms, parts, strict=True):
        values = term.log_density(part, axis, None if term.scale is None else scales[term.scale])
        total = values if total is None else total + values
    return total


def cross_entropy(model: Model, mean, variance):
    """Returns -E[log p(latents)] `[...]` in nats for Gaussian latents with these means and variances `[...,
    n_latents]`, or an upper bound of it where the prior gives one. Where a prior's scale is unknown it is
    taken for independent of the weights."""
    terms = _terms(model)
    sizes = [term.size for term in terms]
    means, variances = tf.split(mean, sizes, axis=-1), tf.split(variance, sizes, axis=-1)
    scales = list(zip(_scales(model, mean, -1), _scales(model, variance, -1), strict=True))
    parts = [
        term.cross_entropy(*moments, None if term.scale is None else scales[term.scale])
        for term, *moments in zip(terms, means, variances, strict=True)
    ]
    return parts[0] if len(parts) == 1 else tf.add_n(parts)


def draw_from_prior(model: Model, n_draws: int, *, seed: int) -> np.ndarray:
    """Returns draws of the latents from the prior `[n_draws, n_latents]`, in single precision. Raises
    ValueError for a prior that has no density."""
    require_density(model, "draw_prior")
    random = generator(seed, PRIOR, 0)
    unknowns = [unknown.sample((n_draws, 1), random) for unknown in model.unknowns]
    scales = unknowns[len(model.likelihood.unknowns) :]
    weights = [
        random.standard_normal((n_draws, size)) * np.exp(scales[scale])
        if isinstance(prior, LEARNED_SCALES)
        else prior.sample((n_draws, size), random)
        for size, prior, scale in model.placed_priors
    ]
    return np.concatenate([*weights, *unknowns], axis=1).astype(np.float32)


def prior_stds(model: Model) -> np.ndarray:
    """Returns how large each latent may well be `[n_latents]`: its prior's sd, or of a learned scale the sd
    at the scale's median. Raises ValueError for a prior that has no density."""
    require_density(model, "This method")
    weights = [np.full(size, prior.typical_std) for size, prior, _ in model.placed_priors]
    return np.concatenate([*weights, [unknown.std for unknown in model.unknowns]])


def gaussian_prior(model: Model, method: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns the means and the sds of a prior that is Gaussian in every latent, each `[n_latents]`. Raises
    ValueError, in the name of the method, for any other."""
    wrong = [prior for _, prior, _ in model.placed_priors if not isinstance(prior, GaussianPrior)]
    if wrong:
        raise ValueError(
            f"{method} needs a Gaussian prior on every weight, whose precision it adds to the data's; this "
            f"model has {wrong[0]!r}. Give it prior=GaussianPrior(1.0), or use fit or sample_hmc."
        )
    unknowns = [(unknown.mean, unknown.std) for unknown in model.unknowns]
    means = np.concatenate([np.zeros(model.n_weights), [mean for mean, _ in unknowns]])
    return means, prior_stds(model)


def require_density(model: Model, method: str) -> None:
    """Raises ValueError, in the name of the method, for a prior that has no density."""
    if any(isinstance(prior, RelevancePrior) for _, prior, _ in model.placed_priors):
        raise ValueError(
            f"{method} needs a prior with a density, and RelevancePrior has none of its own: its sds are "
            "fitted with a variational posterior (fit). Give the model a prior such as GaussianPrior(1.0)."
        )


def require_mode(model: Model, method: str) -> None:
    """Raises ValueError, in the name of the method, for a prior under which the density has no useful
    mode."""
    require_density(model, method)
    if has_learned_scales(model):
        raise ValueError(
            f"{method} needs a density with a useful mode: where a prior's scale is unknown, the highest "
            "density lies where the scale and all weights are nearly zero. Give the model a known scale, "
            "such as GaussianPrior(1.0), or use fit or sample_hmc."
        )


def has_gaussian_prior(model: Model) -> bool:
    """Whether the prior of every weight is a `GaussianPrior`."""
    return all(isinstance(prior, GaussianPrior) for _, prior, _ in model.placed_priors)


def has_learned_scales(model: Model) -> bool:
    """Whether the scale of some prior is unknown."""
    return len(model.unknowns) > len(model.likelihood.unknowns)


class _Gaussians(NamedTuple):
    """Latents in a row that are Gaussian a priori: their means and sds `[size]`."""

    mean: np.ndarray
    std: np.ndarray
    scale: None = None

    @property
    def size(self):
        return len(self.mean)

    def log_density(self, latents, axis, _):
        mean, std = (self._along(part, latents, axis) for part in (self.mean, self.std))
        constant = np.sum(np.log(self.std)) + self.size * HALF_LOG_2PI
        return -0.5 * tf.reduce_sum(((latents - mean) / std) ** 2, axis=axis) - constant

    def cross_entropy(self, mean, variance, _):
        prior_mean, std = (self._along(part, mean, -1) for part in (self.mean, self.std))
        constant = np.sum(np.log(self.std)) + self.size * HALF_LOG_2PI
        return tf.reduce_sum(((mean - prior_mean) ** 2 + variance) / (2 * std**2), axis=-1) + constant

    def _along(self, values, latents, axis):
        if np.ptp(values) == 0:
            # One number for all: the compiled program carries no vector of its copies.
            return tf.constant(values[0], latents.dtype)
        values = values if axis == -1 else values.reshape(-1, *[1] * (latents.shape.rank - 1))
        return tf.constant(values, latents.dtype)


class _Others(NamedTuple):
    """Latents in a row under another prior; scale: which of the model's scales is their sd, if one is."""

    size: int
    prior: object
    scale: int | None

    def log_density(self, latents, axis, log_scale):
        if self.scale is None:
            return tf.reduce_sum(self.prior.log_density(latents), axis=axis)
        return tf.reduce_sum(scaled_log_density(latents, log_scale), axis=axis)

    def cross_entropy(self, mean, variance, scale):
        if self.scale is None:
            return tf.reduce_sum(self.prior.cross_entropy(mean, variance), axis=-1)
        return tf.reduce_sum(scaled_cross_entropy(mean, variance, *scale), axis=-1)


@functools.lru_cache(maxsize=64)
def _terms(model):
    """Returns what the sum over all latents is made of, in their order; Gaussian neighbours are one term."""
    terms = []
    for size, prior, scale in [*model.placed_priors, *((1, unknown, None) for unknown in model.unknowns)]:
        if not isinstance(prior, GaussianPrior | NormalUnknown):
            terms.append(_Others(size, prior, scale))
            continue
        mean = getattr(prior, "mean", 0.0)
        term = _Gaussians(np.full(size, mean), np.full(size, prior.std))
        if terms and isinstance(terms[-1], _Gaussians):
            before = terms.pop()
            term = _Gaussians(*(np.concatenate(pair) for pair in zip(before[:2], term[:2], strict=True)))
        terms.append(term)
    return terms


def _scales(model, latents, axis):
    """Returns the latents that are logs of the priors' scales, each with the latents' axis kept."""
    first = model.n_weights + len(model.likelihood.unknowns)
    places = range(first, model.n_latents)
    return [latents[place : place + 1] if axis == 0 else latents[..., place : place + 1] for place in places]
