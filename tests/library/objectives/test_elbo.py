"""The ELBO's two parts, against closed forms: evidence, Gaussian integrals, finite differences."""

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import multivariate_normal
from truths.finite_differences import assert_gradient_is_that_of_finite_differences
from truths.linear_regression import exact, problem
from truths.made_by_hand import parameters_of

import bayesian_nn as bnn
from bayesian_nn.model.log_joint import log_joint, log_likelihood
from bayesian_nn.model.observations import observe
from bayesian_nn.objectives.elbo import analytic_kl, monte_carlo_kl
from bayesian_nn.runtime.random_streams import EVALUATION, key

FAMILY = bnn.MeanField()


def some_posterior(model, *leading, seed=0):
    random = np.random.default_rng(seed)
    mean = random.normal(0, 0.5, (*leading, model.n_latents))
    return mean, random.uniform(0.05, 0.6, mean.shape)


def network_problem(noise_std=0.3, n_points=12):
    data = bnn.data.cosine_with_gap(seed=1, n_points=n_points)
    scaling = data.scaling._replace(y_scale=2.0)
    model = bnn.Model((1, 3, 1), bnn.Gaussian(noise_std), prior=bnn.GaussianPrior(1.3), scaling=scaling)
    return model, data, observe(model, data, tf.float64)


def normal(*shape):
    return np.random.default_rng(9).normal(size=shape)


# --- Bayesian linear regression


def test_at_the_exact_posterior_every_draw_s_density_ratio_is_the_log_evidence():
    model, data = problem()
    truth = exact(model, data)
    posterior = multivariate_normal(truth.mean, truth.covariance)
    draws = posterior.rvs(50, random_state=0)
    joint = log_joint(model, draws, observe(model, data, tf.float64))
    np.testing.assert_allclose(joint - posterior.logpdf(draws), truth.log_evidence, rtol=1e-9)


def test_the_expected_log_likelihood_is_the_gaussian_integral():
    model, data = problem()
    truth = exact(model, data)
    mean, std = truth.mean + 0.1, np.array([0.2, 0.3, 0.1])
    noise_std = model.likelihood.noise_std / model.scaling.y_scale
    squares = np.sum((model.targets(data.y)[:, 0] - truth.design @ mean) ** 2)
    spread = np.sum(truth.design**2 @ std**2)
    constant = -0.5 * data.n_points * np.log(2 * np.pi * model.likelihood.noise_std**2)
    closed_form = constant - 0.5 * (squares + spread) / noise_std**2

    parameters = FAMILY.parameters(mean, std)
    estimate = bnn.objectives.estimate_elbo(model, FAMILY, parameters, data, seed=3, n_draws=4000)
    assert abs(estimate.log_likelihood - closed_form) < 5 * estimate.standard_error
    # The error bar would notice the posterior's sd left out.
    assert 20 * estimate.standard_error < 0.5 * spread / noise_std**2
    assert estimate.elbo == estimate.log_likelihood - estimate.kl
    assert estimate.elbo < truth.log_evidence


# --- KL divergence


@pytest.mark.parametrize("noise_std", [0.3, bnn.LearnedNoise(0.2, 0.7)], ids=["known", "learned"])
@pytest.mark.parametrize("leading", [(), (4,), (2, 3)], ids=str)
def test_the_analytic_kl_is_the_formula(noise_std, leading):
    model, *_ = network_problem(noise_std)
    mean, std = some_posterior(model, *leading)
    prior_mean, prior_std = np.zeros(model.n_latents), np.full(model.n_latents, 1.3)
    if noise_std != 0.3:
        prior_mean[-1], prior_std[-1] = np.log(0.2), 0.7
    ratio = std / prior_std
    expected = np.sum(0.5 * (ratio**2 + ((mean - prior_mean) / prior_std) ** 2 - 1) - np.log(ratio), axis=-1)
    np.testing.assert_allclose(analytic_kl(model, FAMILY, parameters_of(mean, std)), expected, rtol=1e-10)


def test_the_monte_carlo_kl_agrees_with_the_analytic_one():
    model, *_ = network_problem(bnn.LearnedNoise(0.2, 0.7))
    parameters = parameters_of(*some_posterior(model))
    draws = FAMILY.draw(parameters, normal(5000, model.n_latents))
    each = monte_carlo_kl(model, FAMILY, parameters, draws[:, None]).numpy()
    error = each.std() / np.sqrt(5000)
    truth = analytic_kl(model, FAMILY, parameters).numpy()
    assert abs(each.mean() - truth) < 5 * error
    assert error < 0.02 * truth
    together = monte_carlo_kl(model, FAMILY, parameters, draws)
    np.testing.assert_allclose(together, each.mean(), rtol=1e-10)


def test_many_posteriors_have_their_kls_apart():
    model, *_ = network_problem()
    parameters = parameters_of(*some_posterior(model, 2, 3))
    draws = FAMILY.draw(parameters, normal(2, 3, 4, model.n_latents))
    together = monte_carlo_kl(model, FAMILY, parameters, draws)
    for place in np.ndindex(2, 3):
        alone = monte_carlo_kl(model, FAMILY, parameters[place], draws[place])
        np.testing.assert_allclose(together[place], alone, rtol=1e-10)


def test_the_objective_takes_either_kl_and_its_log_likelihood_is_the_draws_mean():
    model, _, observations = network_problem()
    parameters, noise = parameters_of(*some_posterior(model, 2)), normal(2, 6, model.n_latents)
    draws = FAMILY.draw(parameters, noise)
    closed, sampled = (
        bnn.Elbo(n_draws=6, analytic_kl=analytic)(model, FAMILY, parameters, noise, observations)
        for analytic in (True, False)
    )
    expected = np.mean([log_likelihood(model, draws[:, i], observations) for i in range(6)], axis=0)
    for parts in (closed, sampled):
        np.testing.assert_allclose(parts.log_likelihood, expected, rtol=1e-12)
        np.testing.assert_array_equal(parts.elbo, parts.log_likelihood - parts.kl)
    np.testing.assert_array_equal(closed.kl, analytic_kl(model, FAMILY, parameters))
    np.testing.assert_array_equal(sampled.kl, monte_carlo_kl(model, FAMILY, parameters, draws))


# --- minibatches


@pytest.mark.parametrize("analytic", [True, False])
def test_an_epoch_s_minibatches_average_to_the_full_batch_and_count_the_kl_once(analytic):
    model, _, observations = network_problem(bnn.LearnedNoise(0.2), n_points=12)
    parameters, noise = parameters_of(*some_posterior(model)), normal(5, model.n_latents)
    objective = bnn.Elbo(analytic_kl=analytic)
    full = objective(model, FAMILY, parameters, noise, observations)
    batches = np.random.default_rng(0).permutation(12).reshape(4, 3)
    parts = [
        objective(model, FAMILY, parameters, noise, observations.rows(rows), n_points=12) for rows in batches
    ]
    np.testing.assert_allclose(
        np.mean([part.log_likelihood for part in parts]), full.log_likelihood, rtol=1e-12
    )
    np.testing.assert_array_equal([part.kl for part in parts], np.full(4, full.kl))


# --- gradient


@pytest.mark.parametrize("noise_std", [0.3, bnn.LearnedNoise(0.2, 0.7)], ids=["known", "learned"])
@pytest.mark.parametrize("analytic", [True, False])
def test_the_gradient_is_that_of_finite_differences(noise_std, analytic):
    model, _, observations = network_problem(noise_std)
    point, noise = parameters_of(*some_posterior(model)), normal(3, model.n_latents)

    def elbo(parameters):
        objective = bnn.Elbo(n_draws=3, analytic_kl=analytic)
        shape = (*parameters.shape[:-1], *noise.shape)
        return objective(
            model, FAMILY, parameters, np.broadcast_to(noise, shape), observations, n_points=50
        ).elbo

    assert_gradient_is_that_of_finite_differences(elbo, point)


# --- the estimate


def test_an_estimate_in_parts_is_the_estimate_at_once():
    # So many observations and units that not all draws fit into one part.
    data = bnn.data.cosine_with_gap(seed=1, n_points=2000)
    model = bnn.Model((1, 100, 1), bnn.Gaussian(5.0), scaling=data.scaling)
    parameters = FAMILY.initial(model, seed=0)[0]
    estimate = bnn.objectives.estimate_elbo(model, FAMILY, parameters, data, seed=4, n_draws=120)
    noise = tf.random.stateless_normal([120, model.n_latents], key(4, EVALUATION))
    draws = FAMILY.draw(parameters, noise)
    each = log_likelihood(model, draws, observe(model, data)).numpy()
    assert estimate.log_likelihood == pytest.approx(each.mean(), rel=1e-5)
    assert estimate.standard_error == pytest.approx(each.std(ddof=1) / np.sqrt(120), rel=1e-3)


@pytest.mark.parametrize("n_points", [12, 20_000])
def test_the_monte_carlo_estimate_agrees_with_the_analytic_one(n_points):
    model, data, *_ = network_problem(bnn.LearnedNoise(0.2, 0.7), n_points=n_points)
    mean, std = some_posterior(model, 2, 3)
    parameters = FAMILY.parameters(mean, std / 100)
    settings = {"seed": 1, "n_draws": 300}
    closed = bnn.objectives.estimate_elbo(model, FAMILY, parameters, data, **settings)
    sampled = bnn.objectives.estimate_elbo(model, FAMILY, parameters, data, **settings, analytic_kl=False)
    np.testing.assert_array_equal(sampled.log_likelihood, closed.log_likelihood)
    assert sampled.kl.shape == sampled.standard_error.shape == (2, 3)
    # Over draws, log q - log p of narrow Gaussians has the variance of half a chi-square.
    error = np.sqrt(model.n_latents / 2 / 300)
    assert np.all(np.abs(sampled.kl - closed.kl) < 5 * error)
    assert np.all(sampled.kl != closed.kl)


def test_the_standard_error_of_a_monte_carlo_estimate_has_the_kl_s():
    model, data, *_ = network_problem()
    parameters = FAMILY.parameters(*some_posterior(model))
    estimates = [
        bnn.objectives.estimate_elbo(
            model, FAMILY, parameters, data, seed=seed, n_draws=100, analytic_kl=False
        )
        for seed in range(60)
    ]
    spread = np.std([estimate.elbo for estimate in estimates], ddof=1)
    assert spread == pytest.approx(np.mean([one.standard_error for one in estimates]), rel=0.4)


def test_many_parameter_vectors_are_estimated_with_the_same_draws():
    model, data, *_ = network_problem()
    parameters = FAMILY.initial(model, seed=0, n_restarts=3)
    together = bnn.objectives.estimate_elbo(model, FAMILY, parameters, data, seed=4, n_draws=50)
    apart = [bnn.objectives.estimate_elbo(model, FAMILY, one, data, seed=4, n_draws=50) for one in parameters]
    np.testing.assert_allclose(together.elbo, [one.elbo for one in apart], rtol=1e-5)
    other = bnn.objectives.estimate_elbo(model, FAMILY, parameters, data, seed=5, n_draws=50)
    assert np.all(other.log_likelihood != together.log_likelihood)


@pytest.mark.parametrize("n_draws", [0, -1, 2.5, True, "5", None, 1])
def test_a_wrong_n_draws_is_refused(n_draws):
    model, data, *_ = network_problem()
    start, message = FAMILY.initial(model, seed=0)[0], "n_draws must be a whole number, {} or more; got .?{}"
    # One draw has no standard error.
    with pytest.raises(ValueError, match=message.format(2, n_draws)):
        bnn.objectives.estimate_elbo(model, FAMILY, start, data, seed=0, n_draws=n_draws)
    if n_draws is True or n_draws != 1:
        with pytest.raises(ValueError, match=message.format(1, n_draws)):
            bnn.Elbo(n_draws=n_draws)


# --- a tempered bound


def test_a_tempered_bound_climbs_a_weighted_kl_and_reports_the_elbo_s_parts():
    model, _, observations = network_problem()
    parameters, noise = parameters_of(*some_posterior(model, 2)), normal(2, 6, model.n_latents)
    arguments = (model, FAMILY, parameters, noise, observations)
    plain, cold = bnn.Elbo(6)(*arguments), bnn.Elbo(6, kl_weight=0.1)(*arguments)
    np.testing.assert_array_equal(plain.objective, plain.elbo)
    np.testing.assert_array_equal(cold.elbo, plain.elbo)
    np.testing.assert_allclose(cold.objective, plain.log_likelihood - 0.1 * plain.kl, rtol=1e-12)


@pytest.mark.parametrize("kl_weight", [0.25, 4.0])
def test_a_tempered_fit_counts_every_observation_as_often_as_its_weight_says(kl_weight):
    model, data = problem()
    run = bnn.fit(model, data, seed=0, n_steps=2000, objective=bnn.Elbo(20, kl_weight=kl_weight))
    # A Gaussian's density to the power 1 / kl_weight is one with noise √kl_weight times as large.
    truth = exact(replace(model, likelihood=bnn.Gaussian(4.0 * np.sqrt(kl_weight))), data)
    mean, std = np.split(run.parameters, 2)
    std = np.logaddexp(0, std)
    assert np.all(np.abs(mean - truth.mean) < 0.2 * truth.mean_field_std)
    np.testing.assert_allclose(std, truth.mean_field_std, rtol=0.1)
    # It is told from the plain posterior, and its record is of the ELBO, whose exact optimum it misses.
    plain = exact(model, data)
    assert np.all(np.abs(std / plain.mean_field_std - 1) > 0.3)
    np.testing.assert_allclose(run.kl[-1], analytic_kl(model, FAMILY, run.parameters), rtol=0.01)
    assert run.final_elbo < plain.mean_field_elbo - 0.5


# --- sticking the landing


def test_sticking_the_landing_changes_the_gradient_and_not_the_value():
    model, _, observations = network_problem()
    parameters, noise = parameters_of(*some_posterior(model)), normal(3, model.n_latents)
    values, gradients = [], []
    for stick in (False, True):
        objective = bnn.Elbo(3, analytic_kl=False, stick_the_landing=stick)
        with tf.GradientTape() as tape:
            tape.watch(parameters)
            value = objective(model, FAMILY, parameters, noise, observations).objective
        values.append(value)
        gradients.append(tape.gradient(value, parameters))
    assert values[0] == values[1]
    # What is left out: the gradient of the mean of -log q(w), the draws held fixed.
    draws = tf.constant(FAMILY.draw(parameters, noise).numpy())
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        score = -tf.reduce_mean(FAMILY.distribution(parameters).log_prob(draws))
    np.testing.assert_allclose(gradients[0] - gradients[1], tape.gradient(score, parameters), rtol=1e-8)


def test_sticking_the_landing_needs_a_monte_carlo_kl():
    with pytest.raises(ValueError, match=r"stick_the_landing=True .* set analytic_kl=False"):
        bnn.Elbo(stick_the_landing=True)


@pytest.mark.parametrize("value", [0, "1"])
def test_a_wrong_kl_weight_is_refused(value):
    with pytest.raises(ValueError, match=f"kl_weight must be a finite number above zero; got .?{value}"):
        bnn.Elbo(kl_weight=value)


@pytest.mark.parametrize("name", ["stick_the_landing", "analytic_kl"])
def test_a_switch_is_on_or_off(name):
    with pytest.raises(ValueError, match=f"{name} must be True or False; got 1"):
        bnn.Elbo(**{"analytic_kl": False, name: 1})
