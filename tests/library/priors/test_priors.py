"""Each prior's density, cross entropy and draws: TensorFlow Probability's, SciPy's, and bounds that hold."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.integrate import quad
from scipy.stats import halfnorm, norm

import bayesian_nn as bnn
from bayesian_nn.priors.learned_scale import scaled_cross_entropy, scaled_log_density
from bayesian_nn.runtime.tensorflow import tfp

tfd = tfp.distributions
MIXTURES = [bnn.priors.ScaleMixturePrior(), bnn.priors.ScaleMixturePrior((1, 0.1, 0.01), (0.2, 0.3, 0.5))]
SCALES = {"log-normal": bnn.priors.LogNormalScale(0.4, 0.7), "half-normal": bnn.priors.HalfNormalScale(0.4)}
UNKNOWNS = pytest.mark.parametrize(
    "unknown", [prior.unknown("log s") for prior in SCALES.values()], ids=SCALES
)
WITH_DENSITY = pytest.mark.parametrize(
    "prior", [bnn.GaussianPrior(0.3), *MIXTURES], ids=["Gaussian", "mixture of two", "mixture of three"]
)
EVERY = pytest.mark.parametrize(
    "prior",
    [bnn.GaussianPrior(0.3), bnn.priors.ScaleMixturePrior(), bnn.priors.RelevancePrior()],
    ids=lambda prior: type(prior).__name__,
)
MEANS, STDS = (grid.ravel() for grid in np.meshgrid([-0.7, -0.02, 0.0, 0.001, 0.3], [1e-4, 0.003, 0.05, 0.4]))


def kl(prior):
    """The KL of every Gaussian of the grid to the prior, or the bound of it that the prior gives."""
    return np.asarray(prior.cross_entropy(MEANS, STDS**2)) - norm(MEANS, STDS).entropy()


def kl_to(scale):
    """TFP's KL of every Gaussian of the grid to N(0, scale²)."""
    prior = tfd.Normal(np.float64(0), np.asarray(scale, np.float64))
    return tfd.kl_divergence(tfd.Normal(MEANS, STDS), prior).numpy()


@WITH_DENSITY
def test_the_density_is_scipy_s_and_draws_have_it(prior):
    stds, weights = (prior.stds, prior.weights) if hasattr(prior, "stds") else ([prior.std], [1.0])
    grid = np.linspace(-2, 2, 41)
    density = sum(p * norm.pdf(grid, 0, std) for p, std in zip(weights, stds, strict=True))
    np.testing.assert_allclose(prior.log_density(grid), np.log(density), rtol=1e-10)
    draws = prior.sample((200, 1000), np.random.default_rng(0))
    assert draws.shape == (200, 1000)
    # The empirical distribution function's own standard error is at most 1 / (2 √n).
    for edge in (0.5 * min(stds), 0.01, 0.2, 1.0):
        expected = sum(p * norm.cdf(edge, 0, std) for p, std in zip(weights, stds, strict=True))
        assert abs(np.mean(draws <= edge) - expected) < 5 * 0.5 / np.sqrt(draws.size)
    variance = np.dot(weights, np.square(stds))
    fourth = 3 * np.dot(weights, np.power(stds, 4.0))
    assert abs(np.mean(draws**2) - variance) < 5 * np.sqrt((fourth - variance**2) / draws.size)
    assert prior.typical_std == pytest.approx(np.sqrt(variance))


@pytest.mark.parametrize("std", [0.003, 0.1, 2.0])
def test_a_gaussian_prior_s_kl_is_tfp_s(std):
    np.testing.assert_allclose(kl(bnn.GaussianPrior(std)), kl_to(std), rtol=1e-9, atol=1e-9)


# --- scale mixture


@pytest.mark.parametrize("prior", MIXTURES)
def test_a_mixture_s_kl_is_a_bound_from_above_and_the_best_of_its_kind(prior):
    draws = MEANS + STDS * np.random.default_rng(0).normal(size=(20_000, len(MEANS)))
    ratios = norm.logpdf(draws, MEANS, STDS) - prior.log_density(draws).numpy()
    truth, error = ratios.mean(axis=0), ratios.std(axis=0) / np.sqrt(len(ratios))
    bound = kl(prior)
    assert np.all(bound > truth - 5 * error)
    # Given responsibilities r, the bound is Σ r (KL + log r / weight): none are better than the best.
    kls = np.stack([kl_to(scale) for scale in prior.stds])
    given = np.random.default_rng(1).dirichlet(np.ones(len(prior.stds)), size=200)[:, :, None]
    others = np.sum(given * (kls + np.log(given / np.array(prior.weights)[:, None])), axis=1)
    assert np.all(bound <= others.min(axis=0) + 1e-9)
    assert 20 * np.median(error) < 0.5


@pytest.mark.parametrize("weights", [(1.0,), (0.5, 0.3, 0.2)], ids=str)
def test_a_mixture_of_one_gaussian_and_of_equal_ones_is_that_gaussian(weights):
    prior = bnn.priors.ScaleMixturePrior((0.2,) * len(weights), weights)
    np.testing.assert_allclose(kl(prior), kl_to(0.2), rtol=1e-9, atol=1e-9)


def test_where_one_gaussian_is_responsible_the_mixture_s_kl_is_its_own():
    prior = bnn.priors.ScaleMixturePrior((1.0, 1e-4), (0.25, 0.75))
    wide = np.abs(MEANS) + STDS > 0.02
    np.testing.assert_allclose(kl(prior)[wide], kl_to(1.0)[wide] - np.log(0.25), rtol=1e-9)
    narrow = prior.cross_entropy(0.0, 1e-8) - norm(0, 1e-4).entropy()
    np.testing.assert_allclose(narrow, -np.log(0.75), rtol=1e-3)


# --- relevance


def test_the_relevance_prior_s_kl_is_the_least_over_the_prior_s_sd():
    found = kl(bnn.priors.RelevancePrior())
    least = kl_to(np.geomspace(1e-5, 10, 4000)[:, None]).min(axis=0)
    assert np.all(found <= least + 1e-12)
    np.testing.assert_allclose(found, least, atol=1e-5)
    np.testing.assert_allclose(found[MEANS == 0], 0, atol=1e-12)


@EVERY
def test_single_precision_is_enough_and_has_a_gradient_everywhere(prior):
    mean, std = (tf.constant(part, tf.float32) for part in (MEANS, STDS))
    with tf.GradientTape() as tape:
        tape.watch([mean, std])
        value = prior.cross_entropy(mean, std**2)
    assert value.dtype == tf.float32
    np.testing.assert_allclose(value, prior.cross_entropy(MEANS, STDS**2), rtol=1e-5, atol=1e-5)
    assert all(np.all(np.isfinite(part)) for part in tape.gradient(value, [mean, std]))


# --- unknown scales


def test_given_its_scale_a_weight_is_gaussian():
    weights, log_scale = np.linspace(-2, 2, 9), np.array([[-1.0], [0.5]])
    expected = norm.logpdf(weights, 0, np.exp(log_scale))
    np.testing.assert_allclose(scaled_log_density(weights, log_scale), expected, rtol=1e-10)


def test_a_scale_that_is_known_after_all_leaves_the_gaussian_prior():
    expected = bnn.GaussianPrior(0.4).cross_entropy(MEANS, STDS**2)
    found = scaled_cross_entropy(MEANS, STDS**2, tf.constant(np.log(0.4)), 0.0)
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@UNKNOWNS
def test_cross_entropies_with_an_unknown_scale_are_the_draws_means(unknown):
    scale_mean, scale_std, n = -0.8, 0.3, 200_000
    noise = np.random.default_rng(0).normal(size=(3, n))
    log_scale = scale_mean + scale_std * noise[0]
    for mean, std in ((0.0, 0.1), (-0.7, 0.4), (0.3, 0.01)):
        each = -np.asarray(scaled_log_density(mean + std * noise[1], tf.constant(log_scale)))
        found = scaled_cross_entropy(mean, std**2, tf.constant(scale_mean, tf.float64), scale_std**2)
        error = each.std() / np.sqrt(n)
        assert abs(each.mean() - float(found)) < 5 * error
        # Small enough to notice the scale's variance left out.
        without = scaled_cross_entropy(mean, std**2, tf.constant(scale_mean, tf.float64), 0.0)
        assert 5 * error < abs(float(found) - float(without)) or abs(mean) + std < 0.4
    each = -np.asarray(unknown.log_density(log_scale))
    found = unknown.cross_entropy(tf.constant(scale_mean, tf.float64), scale_std**2)
    error = each.std() / np.sqrt(n)
    assert abs(each.mean() - float(found)) < 5 * error
    assert error < 0.01


def test_the_densities_of_log_scales_are_scipy_s_with_the_jacobian():
    grid = np.linspace(-3, 1, 9)
    normal, half = (prior.unknown("log s") for prior in SCALES.values())
    np.testing.assert_allclose(normal.log_density(grid), norm.logpdf(grid, np.log(0.4), 0.7), rtol=1e-12)
    expected = halfnorm.logpdf(np.exp(grid), scale=0.4) + grid
    np.testing.assert_allclose(half.log_density(grid), expected, rtol=1e-12)


@UNKNOWNS
def test_an_unknown_s_density_is_one_in_all_and_its_draws_have_its_moments(unknown):
    def density(value, power=0):
        return value**power * np.exp(float(unknown.log_density(tf.constant(value, tf.float64))))

    total, mean, square = (quad(density, -20, 4, args=(power,), limit=200)[0] for power in range(3))
    assert total == pytest.approx(1, abs=1e-7)
    std = np.sqrt(square - mean**2)
    assert unknown.std == pytest.approx(std, rel=1e-4)
    draws = unknown.sample((500, 400), np.random.default_rng(1))
    assert draws.shape == (500, 400)
    assert abs(draws.mean() - mean) < 5 * std / np.sqrt(draws.size)
    fourth = np.mean((draws - mean) ** 4) / std**4
    assert abs(draws.std() / std - 1) < 5 * np.sqrt((fourth - 1) / 4 / draws.size)
    # It starts at its median.
    assert abs(np.mean(draws < unknown.start) - 0.5) < 5 * 0.5 / np.sqrt(draws.size)


# --- failures


@pytest.mark.parametrize(
    ("prior", "arguments", "message"),
    [
        (bnn.GaussianPrior, (0,), "std must be a finite number above zero; got 0"),
        (bnn.GaussianPrior, ("wide",), "std must be a finite number above zero; got 'wide'"),
        (bnn.priors.LogNormalScale, (0,), "median must be a finite number above zero; got 0"),
        (bnn.priors.LogNormalScale, (1, -1), "log_std must be a finite number above zero; got -1"),
        (bnn.priors.HalfNormalScale, (np.inf,), "scale must be a finite number above zero; got inf"),
        (
            bnn.priors.ScaleMixturePrior,
            (0.3,),
            r"stds must be a list of numbers, as in \(0.3, 0.003\); got 0.3",
        ),
        (bnn.priors.ScaleMixturePrior, ((), ()), "stds must be a list of numbers"),
        (
            bnn.priors.ScaleMixturePrior,
            ((0.3, -1),),
            r"stds\[1\] must be a finite number above zero; got -1",
        ),
        (bnn.priors.ScaleMixturePrior, ((0.3, 1), (0, 1)), r"weights\[0\] must be a finite number above"),
        (bnn.priors.ScaleMixturePrior, ((0.3, 1, 2),), "There are 3 stds and 2 weights: one for each"),
        (bnn.priors.ScaleMixturePrior, ((0.3, 1), (0.5, 0.6)), r"weights must sum to 1; .* to 1.1"),
    ],
)
def test_a_wrong_prior_is_refused(prior, arguments, message):
    with pytest.raises(ValueError, match=message):
        prior(*arguments)
