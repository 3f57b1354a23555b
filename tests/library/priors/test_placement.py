"""Which prior each weight has, and what a model makes of all of them together."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import halfnorm, norm

import bayesian_nn as bnn
from bayesian_nn.model.prior_terms import (
    cross_entropy,
    draw_from_prior,
    gaussian_prior,
    log_prior,
    prior_stds,
    require_density,
    require_mode,
)
from bayesian_nn.objectives.elbo import analytic_kl, log_ratios

GAUSS, WIDE = bnn.GaussianPrior(0.5), bnn.GaussianPrior(2.0)
MIXTURE, RELEVANCE = bnn.priors.ScaleMixturePrior(), bnn.priors.RelevancePrior()
LOG_NORMAL, HALF_NORMAL = bnn.priors.LogNormalScale(0.4, 0.7), bnn.priors.HalfNormalScale(0.9)
# Of (2, 3, 1): six weights, three biases; three weights, one bias.
SIZES = (6, 3, 3, 1)
# {prior: (what each of the four parts has, or the place of its scale among the scales), the scales' priors}.
PLACED = {
    GAUSS: ((GAUSS,) * 4, ()),
    (GAUSS, WIDE): ((GAUSS, GAUSS, WIDE, WIDE), ()),
    ((GAUSS, WIDE), MIXTURE): ((GAUSS, WIDE, MIXTURE, MIXTURE), ()),
    # One scale for each layer, or one for weights and biases apart.
    LOG_NORMAL: ((0, 0, 1, 1), (LOG_NORMAL, LOG_NORMAL)),
    (HALF_NORMAL, GAUSS): ((0, 0, GAUSS, GAUSS), (HALF_NORMAL,)),
    ((LOG_NORMAL, HALF_NORMAL), (WIDE, LOG_NORMAL)): (
        (0, 1, WIDE, 2),
        (LOG_NORMAL, HALF_NORMAL, LOG_NORMAL),
    ),
}
EVERY = pytest.mark.parametrize(
    ("prior", "parts", "scales"),
    [(prior, *expected) for prior, expected in PLACED.items()],
    ids=["one", "by layer", "pairs", "scale by layer", "scale of one layer", "scales of pairs"],
)


def model_of(prior, noise=None):
    noise = noise or bnn.LearnedNoise(0.2, 0.6)
    return bnn.Model((2, 3, 1), bnn.Gaussian(noise), prior=prior)


def log_density_of_scale(prior, log_scale):
    if prior is LOG_NORMAL:
        return norm.logpdf(log_scale, np.log(0.4), 0.7)
    return halfnorm.logpdf(np.exp(log_scale), scale=0.9) + log_scale


@EVERY
def test_the_log_prior_is_the_sum_of_scipy_s_densities(prior, parts, scales):
    model = model_of(prior)
    assert model.n_latents == 13 + 1 + len(scales)
    latents = np.random.default_rng(0).normal(0, 0.5, (5, model.n_latents))
    log_scales = latents[:, 14:]
    expected = norm.logpdf(latents[:, 13], np.log(0.2), 0.6)
    expected += sum(log_density_of_scale(each, t) for each, t in zip(scales, log_scales.T, strict=True))
    for part, weights in zip(parts, np.split(latents[:, :13], np.cumsum(SIZES)[:-1], axis=1), strict=True):
        if isinstance(part, int):
            values = norm.logpdf(weights, 0, np.exp(log_scales[:, part, None]))
        else:
            values = part.log_density(weights)
        expected += np.sum(values, axis=1)
    np.testing.assert_allclose(log_prior(model, latents), expected, rtol=1e-10)
    np.testing.assert_allclose(log_prior(model, tf.constant(latents.T), axis=0), expected, rtol=1e-10)


@EVERY
def test_the_cross_entropy_is_the_draws_mean_or_a_bound_of_it(prior, parts, scales):
    model = model_of(prior)
    random = np.random.default_rng(1)
    mean = random.normal(0, 0.5, (2, model.n_latents))
    mean[:, 13:] -= 1
    std = random.uniform(0.1, 0.3, mean.shape)
    found = cross_entropy(model, mean, tf.constant(std**2)).numpy()
    draws = mean + std * random.normal(size=(20_000, *mean.shape))
    each = -log_prior(model, draws).numpy()
    error = each.std(axis=0) / np.sqrt(20_000)
    apart = found - each.mean(axis=0)
    assert np.all(apart > -5 * error)
    if MIXTURE not in parts:
        assert np.all(apart < 5 * error)
    assert np.all(error < 0.3)


@EVERY
def test_draws_have_the_prior_s_marginals(prior, parts, scales):
    model = model_of(prior)
    draws = draw_from_prior(model, 20_000, seed=3).astype(np.float64)
    assert draws.shape == (20_000, model.n_latents)
    places = np.repeat(np.arange(4), SIZES)
    for index, place in enumerate(places):
        part = parts[place]
        # Divided by its scale a weight is standard normal, and independent of that scale.
        std = np.exp(draws[:, 14 + part]) if isinstance(part, int) else part.typical_std
        standard = draws[:, index] / std
        assert abs(standard.mean()) < 5 / np.sqrt(20_000)
        error = np.sqrt((np.mean(standard**4) - 1) / 20_000)
        assert abs(np.mean(standard**2) - 1) < 5 * error
    for column, scale in enumerate(scales):
        below = np.mean(np.exp(draws[:, 14 + column]) < scale.typical_std)
        assert abs(below - 0.5) < 5 * 0.5 / np.sqrt(20_000)
    stds = prior_stds(model)[:13]
    expected = [scales[p].typical_std if isinstance(p, int) else p.typical_std for p in parts]
    np.testing.assert_allclose(stds, np.repeat(expected, SIZES), rtol=1e-12)


def test_the_relevance_prior_has_a_kl_and_no_density():
    model = model_of((GAUSS, RELEVANCE))
    mean = np.random.default_rng(0).normal(size=model.n_latents)
    expected = cross_entropy(model_of(GAUSS), mean, tf.ones_like(mean)).numpy()
    for prior, sign in ((RELEVANCE, 1), (GAUSS, -1)):
        expected += sign * np.sum(prior.cross_entropy(mean[9:13], np.ones(4)))
    np.testing.assert_allclose(cross_entropy(model, mean, tf.ones_like(mean)), expected, rtol=1e-12)
    for call in (
        lambda: log_prior(model, mean),
        lambda: draw_from_prior(model, 1, seed=0),
        lambda: prior_stds(model),
        lambda: require_density(model, "This"),
    ):
        with pytest.raises(ValueError, match="needs a prior with a density, and RelevancePrior has none"):
            call()


@pytest.mark.parametrize("kind", [bnn.LowRank, bnn.FullCovariance])
def test_an_unknown_scale_has_a_closed_kl_only_if_it_is_independent_of_the_weights(kind):
    model, family = model_of(LOG_NORMAL), kind()
    parameters = family.initial(model, seed=0)
    with pytest.raises(
        ValueError, match=rf"the KL of {kind.__name__} has no closed form. Use Elbo\(analytic"
    ):
        analytic_kl(model, family, parameters)
    mean_field = bnn.MeanField()
    parameters = tf.constant(mean_field.initial(model, seed=0)[0], tf.float64)
    draws = mean_field.draw(parameters, np.random.default_rng(0).normal(size=(20_000, model.n_latents)))
    ratios = log_ratios(model, mean_field, parameters, draws).numpy()
    error = ratios.std() / np.sqrt(20_000)
    assert abs(ratios.mean() - analytic_kl(model, mean_field, parameters).numpy()) < 5 * error


def test_a_mode_and_a_gaussian_precision_need_priors_that_have_them():
    require_mode(model_of(MIXTURE), "find_map")
    with pytest.raises(ValueError, match="find_map needs a density with a useful mode"):
        require_mode(model_of((GAUSS, HALF_NORMAL)), "find_map")
    means, stds = gaussian_prior(model_of(((GAUSS, WIDE), WIDE)), "fit_laplace")
    np.testing.assert_allclose(means, [0] * 13 + [np.log(0.2)])
    np.testing.assert_allclose(stds, [0.5] * 6 + [2.0] * 7 + [0.6])
    with pytest.raises(ValueError, match="fit_laplace needs a Gaussian prior on every weight"):
        gaussian_prior(model_of((GAUSS, MIXTURE)), "fit_laplace")


@pytest.mark.parametrize(
    "prior",
    [
        0.1,
        "wide",
        bnn.GaussianPrior,
        (GAUSS,),
        (GAUSS,) * 3,
        (GAUSS, 0.1),
        ((GAUSS, GAUSS, GAUSS), GAUSS),
        ((GAUSS, 0.1), GAUSS),
        (((GAUSS, GAUSS), GAUSS), GAUSS),
    ],
    ids=str,
)
def test_what_is_no_placement_is_refused(prior):
    message = (
        r"prior must be one such as GaussianPrior\(1.0\), or one for each of the 2 layers, or for each a"
    )
    with pytest.raises(ValueError, match=message):
        model_of(prior)
