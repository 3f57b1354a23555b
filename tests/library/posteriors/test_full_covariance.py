"""The full-covariance family, against SciPy and against Bayesian linear regression in closed form."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy.stats import multivariate_normal
from truths.linear_regression import exact, problem

import bayesian_nn as bnn
from bayesian_nn.model.model import log_joint, prior, prior_stds
from bayesian_nn.objectives.elbo import analytic_kl, log_ratios
from bayesian_nn.posteriors.full_covariance import FullCovariance

FAMILY = FullCovariance()
POST = bnn.data.cosine_with_gap(seed=42)
POST_MODEL = bnn.Model((1, 10, 10, 1), bnn.Gaussian(0.1), scaling=POST.scaling)
TINY = bnn.data.cosine_with_gap(seed=1, n_points=8)
TINY_MODEL = bnn.Model((1, 3, 1), bnn.Gaussian(0.1), scaling=TINY.scaling)
LANDING = bnn.Elbo(n_draws=20, analytic_kl=False, stick_the_landing=True)


def means_and_covariances(*leading, n_latents=5):
    random = np.random.default_rng(2)
    mean = random.normal(size=(*leading, n_latents))
    factor = random.normal(size=(*leading, n_latents, n_latents + 1))
    return mean, factor @ np.swapaxes(factor, -1, -2)


# --- the family


@pytest.mark.parametrize("leading", [(), (3,), (2, 3)], ids=str)
def test_a_draw_is_the_mean_plus_the_cholesky_factor_times_the_noise(leading):
    mean, covariance = means_and_covariances(*leading)
    noise = np.random.default_rng(3).normal(size=(*leading, 7, 5)).astype(np.float32)
    draws = FAMILY.draw(FAMILY.parameters(mean, covariance), noise).numpy()
    expected = mean[..., None, :] + noise @ np.swapaxes(np.linalg.cholesky(covariance), -1, -2)
    np.testing.assert_allclose(draws, expected, rtol=1e-4, atol=1e-5)


def test_the_distribution_is_scipy_s():
    mean, covariance = means_and_covariances(3)
    distribution = FAMILY.distribution(FAMILY.parameters(mean, covariance))
    values = np.random.default_rng(4).normal(size=mean.shape)
    expected = [
        multivariate_normal(*each).logpdf(value)
        for *each, value in zip(mean, covariance, values, strict=True)
    ]
    np.testing.assert_allclose(distribution.log_prob(values), expected, rtol=1e-4)
    np.testing.assert_allclose(distribution.covariance(), covariance, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("n_latents", [1, 2, 141])
@pytest.mark.parametrize("std", [1e-8, 0.02, 1.0, 1e4])
def test_any_sd_survives_its_parameterisation(std, n_latents):
    parameters = FAMILY.parameters(np.zeros(n_latents), std**2 * np.eye(n_latents))
    assert parameters.shape == (n_latents * (n_latents + 3) // 2,)
    np.testing.assert_allclose(FAMILY.distribution(parameters).stddev(), std, rtol=1e-5)


@pytest.mark.parametrize("noise_std", [0.3, bnn.LearnedNoise(0.2, 0.7)], ids=["known", "learned"])
@pytest.mark.parametrize("leading", [(), (2, 3)], ids=str)
def test_the_kl_is_tensorflow_probability_s_and_the_draws_mean(noise_std, leading):
    model = bnn.Model((1, 3, 1), bnn.Gaussian(noise_std), prior=gaussian_priors([(1.3, 0.5), (2.0, 0.9)]))
    mean, covariance = means_and_covariances(*leading, n_latents=model.n_latents)
    parameters = tf.constant(FAMILY.parameters(mean, covariance), tf.float64)
    kl = FAMILY.kl(model, parameters).numpy()
    independent = tfp.distributions.MultivariateNormalDiag(
        prior(model, tf.float64).mean(), tf.constant(prior_stds(model))
    )
    expected = tfp.distributions.kl_divergence(FAMILY.distribution(parameters), independent)
    np.testing.assert_allclose(kl, expected, rtol=1e-10)
    np.testing.assert_array_equal(analytic_kl(model, FAMILY, parameters), kl)
    noise = np.random.default_rng(5).normal(size=(*leading, 20_000, model.n_latents))
    draws = FAMILY.draw(parameters, noise)
    ratios = log_ratios(model, FAMILY, parameters, draws).numpy()
    errors = ratios.std(axis=-1) / np.sqrt(20_000)
    assert np.all(np.abs(ratios.mean(axis=-1) - kl) < 5 * errors)
    assert np.all(errors < 0.01 * kl)


def test_a_fit_starts_where_mean_field_does():
    model = bnn.Model((4, 9, 1), bnn.Gaussian(bnn.LearnedNoise(0.3)))
    start = FullCovariance(initial_std=0.07).initial(model, seed=5, n_restarts=3)
    other = bnn.MeanField(initial_std=0.07)
    expected = other.distribution(other.initial(model, seed=5, n_restarts=3))
    found = FAMILY.distribution(start)
    np.testing.assert_array_equal(found.mean(), expected.mean())
    covariance = np.broadcast_to(0.07**2 * np.eye(model.n_latents), (3, model.n_latents, model.n_latents))
    np.testing.assert_allclose(found.covariance(), covariance, rtol=1e-5)


@pytest.mark.parametrize("std", [0, -0.02, np.nan, "small", True])
def test_a_wrong_initial_std_is_refused(std):
    with pytest.raises(ValueError, match=f"initial_std must be a finite number above zero; got .?{std}"):
        FullCovariance(initial_std=std)


def test_a_covariance_that_is_none_is_refused():
    with pytest.raises(
        ValueError, match=r"covariance must be positive definite, .* add a little to its diag"
    ):
        FAMILY.parameters(np.zeros(2), [[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(ValueError, match=r"covariance must be symmetric, .* symmetrise it first"):
        FAMILY.parameters(np.zeros(2), [[1.0, 0.5], [0.0, 1.0]])
    with pytest.raises(ValueError, match="covariance has 1 values that are not finite"):
        FAMILY.parameters(np.zeros(2), [[1.0, 0.5], [np.nan, 1.0]])


# --- Bayesian linear regression


def test_at_the_exact_posterior_every_draw_s_density_ratio_is_the_log_evidence():
    model, data = problem()
    truth = exact(model, data)
    parameters = FAMILY.parameters(truth.mean, truth.covariance)
    noise = np.random.default_rng(1).normal(size=(50, 3)).astype(np.float32)
    draws = FAMILY.draw(parameters, noise)
    joint = log_joint(model, draws, model.inputs(data.x), model.targets(data.y)).numpy()
    log_q = FAMILY.distribution(parameters).log_prob(draws)
    np.testing.assert_allclose(joint - log_q, truth.log_evidence, rtol=1e-5)
    # So its ELBO is the log evidence.
    estimate = bnn.objectives.estimate_elbo(model, FAMILY, parameters, data, seed=3, n_draws=4000)
    assert abs(estimate.elbo - truth.log_evidence) < 5 * estimate.standard_error
    assert estimate.standard_error < 0.03


def test_a_fit_finds_the_exact_posterior_and_the_evidence():
    model, data = problem()
    truth = exact(model, data)
    run = bnn.fit(model, data, seed=0, n_steps=2000, posterior=FAMILY, objective=LANDING)
    parameters = run.parameters
    q = FAMILY.distribution(parameters)
    std = np.sqrt(np.diag(truth.covariance))
    assert np.all(np.abs(q.mean() - truth.mean) < 0.02 * std)
    np.testing.assert_allclose(
        q.covariance() / np.outer(std, std), truth.covariance / np.outer(std, std), atol=0.02
    )
    # Mean-field has other sds, and an ELBO clearly below the evidence.
    assert np.all(truth.mean_field_std[:2] < 0.85 * np.array(q.stddev())[:2])
    ratios = bnn.objectives.estimate_elbo(
        model, FAMILY, parameters, data, seed=7, n_draws=100, analytic_kl=False
    )
    assert ratios.elbo == pytest.approx(truth.log_evidence, rel=1e-4)
    assert ratios.elbo > truth.mean_field_elbo + 0.2


def test_the_usual_objective_finds_it_too():
    model, data = problem()
    truth = exact(model, data)
    run = bnn.fit(model, data, seed=0, n_steps=3000, posterior=FAMILY, objective=bnn.Elbo(n_draws=20))
    q = FAMILY.distribution(run.parameters)
    std = np.sqrt(np.diag(truth.covariance))
    assert np.all(np.abs(q.mean() - truth.mean) < 0.1 * std)
    np.testing.assert_allclose(
        q.covariance() / np.outer(std, std), truth.covariance / np.outer(std, std), atol=0.1
    )


# --- a fit


def test_restarts_are_apart_and_a_run_is_what_was_saved(tmp_path):
    run = bnn.fit(TINY_MODEL, TINY, seed=3, n_steps=200, posterior=FullCovariance(0.03), n_restarts=2)
    assert np.all(run.recorded_parameters[-1, 0] != run.recorded_parameters[-1, 1])
    bnn.training.save_run(run, tmp_path / "run.npz")
    again = bnn.training.load_run(tmp_path / "run.npz")
    assert again.settings == run.settings
    np.testing.assert_array_equal(again.recorded_parameters, run.recorded_parameters)
    np.testing.assert_array_equal(again.draw(5, seed=1), run.draw(5, seed=1))
    film = bnn.prediction.predict_film(run, np.linspace(0, 8, 5), seed=0, n_draws=10, frames=[0, -1])
    assert film.mean.shape == (2, 5)


def test_the_usual_fit_learns_the_post_s_network_better_than_mean_field():
    elbos = {}
    for family in (bnn.MeanField(), FAMILY):
        run = bnn.fit(POST_MODEL, POST, seed=0, n_restarts=4, record_at=[], posterior=family)
        elbos[family] = np.median(run.final_elbos)
    assert elbos[FAMILY] > elbos[bnn.MeanField()] + 3
