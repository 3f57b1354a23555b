"""The importance-weighted bound: between ELBO and evidence, and the latter at the exact posterior."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp
from scipy.stats import multivariate_normal
from truths.linear_regression import exact, problem
from truths.made_by_hand import parameters_of

import bayesian_nn as bnn
from bayesian_nn.model.log_joint import log_likelihood
from bayesian_nn.model.observations import observe
from bayesian_nn.objectives.elbo import log_ratios
from bayesian_nn.objectives.importance_weighted import ImportanceWeightedElbo, estimate_bound

FAMILY = bnn.MeanField()


def uncorrelated_problem(n_points=30):
    """One centred input: slope and intercept are independent in the exact posterior, which is mean-field."""
    random = np.random.default_rng(2)
    x = random.normal(size=n_points)
    data = bnn.dataset(x, 2 * x + random.normal(0, 0.5, n_points))
    return bnn.Model((1, 1), bnn.Gaussian(0.5), prior=bnn.GaussianPrior(1.5), scaling=data.scaling), data


def bound(model, parameters, noise, data, **keywords):
    objective = ImportanceWeightedElbo(noise.shape[-2])
    return objective(model, FAMILY, parameters, noise, observe(model, data, tf.float64), **keywords)


def test_at_the_exact_posterior_it_is_the_log_evidence_with_any_draws():
    model, data = uncorrelated_problem()
    truth = exact(model, data)
    parameters = parameters_of(truth.mean, truth.mean_field_std)
    for n_draws in (1, 2, 50):
        noise = np.random.default_rng(n_draws).normal(size=(n_draws, 2))
        parts = bound(model, parameters, noise, data)
        np.testing.assert_allclose(parts.objective, truth.log_evidence, rtol=1e-9)
        # The record is of the ELBO's parts, each as noisy as its draws.
        np.testing.assert_allclose(parts.elbo, truth.log_evidence, rtol=1e-9)
        assert abs(parts.log_likelihood - parts.kl - parts.elbo) == 0
    estimate = estimate_bound(model, FAMILY, parameters, data, seed=0, n_draws=5)
    np.testing.assert_allclose(estimate.bound, truth.log_evidence, rtol=1e-9)


def test_it_rises_with_the_draws_from_the_elbo_towards_the_evidence():
    model, data = problem()
    truth = exact(model, data)
    parameters = parameters_of(truth.mean, truth.mean_field_std)
    numbers = (1, 2, 4, 16, 64)
    bounds = [
        estimate_bound(model, FAMILY, parameters, data, seed=1, n_draws=n, n_repeats=16_384 // n)
        for n in numbers
    ]
    # The same draws, grouped otherwise: by Jensen's inequality no larger group has a lower mean.
    assert np.all(np.diff([each.bound for each in bounds]) > 0)
    assert abs(bounds[0].bound - truth.mean_field_elbo) < 5 * bounds[0].standard_error
    assert bounds[0].standard_error < 0.05 * (truth.log_evidence - truth.mean_field_elbo)
    assert all(each.bound < truth.log_evidence + 5 * each.standard_error for each in bounds)
    assert truth.log_evidence - bounds[-1].bound < 0.2 * (truth.log_evidence - bounds[0].bound)


def test_an_evaluation_is_the_mean_of_the_weights_in_numpy():
    data = bnn.data.cosine_with_gap(seed=1, n_points=12)
    model = bnn.Model((1, 3, 1), bnn.Gaussian(bnn.LearnedNoise(0.2)), scaling=data.scaling)
    random = np.random.default_rng(0)
    parameters = parameters_of(random.normal(size=(2, model.n_latents)), np.full((2, model.n_latents), 0.1))
    noise = random.normal(size=(2, 7, model.n_latents))
    draws = FAMILY.draw(parameters, noise)
    log_weights = log_likelihood(model, draws, observe(model, data, tf.float64))
    log_weights -= log_ratios(model, FAMILY, parameters, draws)
    parts = bound(model, parameters, noise, data)
    np.testing.assert_allclose(parts.objective, logsumexp(log_weights, axis=1) - np.log(7), rtol=1e-10)
    np.testing.assert_allclose(parts.elbo, np.mean(log_weights, axis=1), rtol=1e-10)
    assert np.all(parts.objective > parts.elbo)
    one = bound(model, parameters, noise[:, :1], data)
    np.testing.assert_allclose(one.objective, one.elbo, rtol=1e-12)


def test_the_ratios_are_those_of_scipy_s_densities():
    model, data = problem()
    truth = exact(model, data)
    parameters = parameters_of(truth.mean, truth.mean_field_std)
    draws = FAMILY.draw(parameters, np.random.default_rng(0).normal(size=(6, 3)))
    log_q = multivariate_normal(truth.mean, np.diag(truth.mean_field_std**2)).logpdf(draws)
    log_p = multivariate_normal(np.zeros(3), 1.5**2 * np.eye(3)).logpdf(draws)
    np.testing.assert_allclose(log_ratios(model, FAMILY, parameters, draws), log_q - log_p, rtol=1e-9)


def test_a_fit_climbs_the_bound_and_is_no_elbo_fit():
    model, data = problem()
    truth = exact(model, data)
    runs = {
        name: bnn.fit(model, data, seed=0, n_steps=2000, objective=objective)
        for name, objective in {"iw": ImportanceWeightedElbo(4), "elbo": bnn.Elbo(20)}.items()
    }
    bounds = {
        name: estimate_bound(model, FAMILY, run.parameters, data, seed=5, n_draws=4, n_repeats=160_000)
        for name, run in runs.items()
    }
    error = np.hypot(bounds["iw"].standard_error, bounds["elbo"].standard_error)
    assert bounds["iw"].bound - bounds["elbo"].bound > 5 * error
    assert runs["iw"].final_elbo < runs["elbo"].final_elbo
    # It covers more of the two slopes, which the mean-field optimum has too narrow for their correlation.
    stds = np.logaddexp(0, np.split(runs["iw"].parameters, 2)[1])
    assert np.all(stds[:2] > 1.1 * truth.mean_field_std[:2])


def test_a_run_is_saved_and_loaded_with_its_objective(tmp_path):
    model, data = problem()
    run = bnn.fit(model, data, seed=0, n_steps=2, objective=ImportanceWeightedElbo(3))
    bnn.save(run, tmp_path / "run.npz")
    assert bnn.load(tmp_path / "run.npz").settings == run.settings


def test_a_minibatch_has_no_such_bound():
    model, data = problem()
    with pytest.raises(ValueError, match="needs all 30 observations at every step, and got 5: leave batch_s"):
        bnn.fit(model, data, seed=0, n_steps=2, batch_size=5, objective=ImportanceWeightedElbo())


def test_wrong_counts_are_refused():
    model, data = problem()
    with pytest.raises(ValueError, match="n_draws must be a whole number"):
        ImportanceWeightedElbo(0)
    start = FAMILY.initial(model, seed=0)
    for name in ("n_draws", "n_repeats"):
        with pytest.raises(ValueError, match=f"{name} must be a whole number"):
            estimate_bound(model, FAMILY, start, data, seed=0, **{"n_draws": 2, "n_repeats": 2, name: 0})
