"""The mean-field family, against SciPy."""

import numpy as np
import pytest
from scipy.stats import norm

import bayesian_nn as bnn

FAMILY = bnn.MeanField()
MODEL = bnn.Model((4, 9, 1), bnn.Gaussian(0.1))


def means_and_stds(*leading, n_latents=5):
    random = np.random.default_rng(2)
    mean, log_std = random.normal(size=(2, *leading, n_latents))
    return mean, np.exp(2 * log_std)


@pytest.mark.parametrize("leading", [(), (3,), (2, 3)], ids=str)
def test_a_draw_is_the_mean_plus_the_sd_times_the_noise(leading):
    mean, std = means_and_stds(*leading)
    noise = np.random.default_rng(3).normal(size=(*leading, 7, 5)).astype(np.float32)
    draws = FAMILY.draw(FAMILY.parameters(mean, std), noise).numpy()
    expected = mean[..., None, :] + std[..., None, :] * noise
    np.testing.assert_allclose(draws, expected, rtol=1e-5, atol=1e-5)


def test_the_distribution_is_scipy_s():
    mean, std = means_and_stds(3)
    distribution = FAMILY.distribution(FAMILY.parameters(mean, std))
    values = mean + std * [-2.0, -1, 0, 1, 2]
    np.testing.assert_allclose(
        distribution.log_prob(values), norm.logpdf(values, mean, std).sum(axis=1), rtol=1e-5
    )
    np.testing.assert_allclose(distribution.stddev(), std, rtol=1e-5)


@pytest.mark.parametrize("std", [1e-8, 0.02, 1.0, 1e4])
def test_any_sd_survives_its_parameterisation(std):
    distribution = FAMILY.distribution(FAMILY.parameters(np.zeros(2), np.full(2, std)))
    np.testing.assert_allclose(distribution.stddev(), std, rtol=1e-5)


def test_the_start_has_means_of_sd_one_over_root_fan_in_and_the_sd_asked_for():
    n = 400
    start = bnn.MeanField(initial_std=0.07).initial(MODEL, seed=1, n_restarts=n)
    assert start.shape == (n, 2 * MODEL.n_latents)
    distribution = FAMILY.distribution(start)
    np.testing.assert_allclose(distribution.stddev(), 0.07, rtol=1e-5)
    means = distribution.mean().numpy()
    for layer, n_in in ((means[:, :45], 4), (means[:, 45:], 9)):
        std = 1 / np.sqrt(n_in)
        assert abs(layer.mean()) < 5 * std / np.sqrt(layer.size)
        # The error bar of an sd is sd / sqrt(2n): here below 1 % of it.
        assert abs(layer.std() - std) < 5 * std / np.sqrt(2 * layer.size)
    assert len(np.unique(means)) > 0.99 * means.size


def test_learned_noise_starts_at_its_median():
    model = bnn.Model((4, 9, 1), bnn.Gaussian(bnn.LearnedNoise(0.3)))
    mean = FAMILY.distribution(FAMILY.initial(model, seed=0, n_restarts=2)).mean().numpy()
    assert mean.shape == (2, MODEL.n_latents + 1)
    np.testing.assert_allclose(mean[:, -1], np.log(0.3), rtol=1e-6)


def test_a_seed_is_a_start():
    first, same, other = (FAMILY.initial(MODEL, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, same)
    assert np.all(first[:, : MODEL.n_latents] != other[:, : MODEL.n_latents])


@pytest.mark.parametrize("std", [0, -0.02, np.nan, np.inf, "small", True])
def test_a_wrong_initial_std_is_refused(std):
    with pytest.raises(ValueError, match=f"initial_std must be a finite number above zero; got .?{std}"):
        bnn.MeanField(initial_std=std)
