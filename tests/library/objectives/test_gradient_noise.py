"""Gradients of all estimators: one expected value, different noise."""

import functools

import numpy as np
import pytest
from truths.linear_regression import exact, problem
from truths.made_by_hand import parameters_of

import bayesian_nn as bnn
from bayesian_nn.objectives.gradient_noise import estimate_gradient_noise
from bayesian_nn.objectives.importance_weighted import ImportanceWeightedElbo
from bayesian_nn.objectives.per_example_noise import Flipout, LocalReparameterisation
from bayesian_nn.posteriors.full_covariance import FullCovariance

FAMILY = bnn.MeanField()
PLAIN = bnn.Elbo(1)
ESTIMATORS = {
    "five draws": bnn.Elbo(5),
    "Monte Carlo KL": bnn.Elbo(1, analytic_kl=False),
    "sticking the landing": bnn.Elbo(1, analytic_kl=False, stick_the_landing=True),
    "local reparameterisation": LocalReparameterisation(),
    "Flipout": Flipout(),
}
N_REPEATS = 4000


@functools.cache
def setting():
    data = bnn.data.cosine_with_gap(seed=1, n_points=12)
    model = bnn.Model((1, 3, 1), bnn.Gaussian(bnn.LearnedNoise(0.3)), scaling=data.scaling)
    mean = np.random.default_rng(0).normal(size=(2, model.n_latents))
    mean[:, -1] = np.log(0.3)
    return model, data, FAMILY.parameters(mean, np.full_like(mean, 0.2))


@functools.cache
def noise_of(objective, batch_size=None, seed=0):
    model, data, parameters = setting()
    return estimate_gradient_noise(
        model, FAMILY, objective, parameters, data, seed=seed, n_repeats=N_REPEATS, batch_size=batch_size
    )


def distances(one, other):
    """How far two means are apart `[2, n_parameters + 1]`, the value's last, and the standard errors."""
    difference = np.append(one.mean - other.mean, (one.value - other.value)[:, None], axis=-1)
    value_variance = (one.value_variance + other.value_variance)[:, None]
    variance = np.append(one.variance + other.variance, value_variance, axis=-1)
    return np.abs(difference), np.sqrt(variance / N_REPEATS)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_every_estimator_s_minibatches_have_the_plain_full_batch_s_expected_gradient_and_value(name):
    plain, other = noise_of(PLAIN, seed=1), noise_of(ESTIMATORS[name], batch_size=3)
    apart, errors = distances(plain, other)
    assert np.all(apart < 5 * errors + 1e-4)
    # Small enough to notice the N / M of 4 left out, or a KL counted twice.
    assert np.all(errors[:, -1] < 0.05 * np.abs(plain.value))
    assert np.linalg.norm(errors) < 0.1 * np.linalg.norm(plain.mean)


def test_the_importance_weighted_gradient_is_another():
    apart, errors = distances(noise_of(PLAIN, seed=1), noise_of(ImportanceWeightedElbo(5)))
    assert np.max(apart / errors) > 10
    assert np.all(noise_of(ImportanceWeightedElbo(5)).value > noise_of(PLAIN, seed=1).value)


def test_more_draws_divide_the_variance_and_noise_of_its_own_for_every_point_lowers_it():
    plain = noise_of(PLAIN).total_variance
    np.testing.assert_allclose(noise_of(ESTIMATORS["five draws"]).total_variance, plain / 5, rtol=0.3)
    for name in ("local reparameterisation", "Flipout"):
        assert np.all(noise_of(ESTIMATORS[name]).total_variance < 0.8 * plain)
    assert np.all(noise_of(PLAIN, batch_size=3).total_variance > 1.2 * plain)


def test_at_the_exact_posterior_sticking_the_landing_has_no_noise_at_all():
    random = np.random.default_rng(2)
    x = random.normal(size=30)
    data = bnn.dataset(x, 2 * x + random.normal(0, 0.5, 30))
    # One centred input: the exact posterior of slope and intercept is mean-field.
    model = bnn.Model((1, 1), bnn.Gaussian(0.5), prior=bnn.GaussianPrior(1.5), scaling=data.scaling)
    truth = exact(model, data)
    assert abs(truth.covariance[0, 1]) < 1e-12
    parameters = parameters_of(truth.mean, truth.mean_field_std)
    usual, sticking, closed = (
        estimate_gradient_noise(model, FAMILY, objective, parameters, data, seed=0, n_repeats=200)
        for objective in (
            bnn.Elbo(1, analytic_kl=False),
            bnn.Elbo(1, analytic_kl=False, stick_the_landing=True),
            PLAIN,
        )
    )
    # Zero but for rounding, at every draw and not on average.
    np.testing.assert_allclose(sticking.mean, 0, atol=1e-8)
    assert np.all(sticking.variance < 1e-16)
    assert np.all(usual.variance > 0.1)
    assert np.all(closed.variance > 0.1)
    np.testing.assert_allclose(usual.value, truth.log_evidence, rtol=1e-9)
    assert usual.value_variance < 1e-16 < closed.value_variance


def test_it_has_none_where_weights_are_correlated_either_if_the_family_can_be_exact():
    model, data = problem()
    truth = exact(model, data)
    sticking = bnn.Elbo(1, analytic_kl=False, stick_the_landing=True)
    full = FullCovariance().parameters(truth.mean, truth.covariance).astype(np.float64)
    mean_field = parameters_of(truth.mean, truth.mean_field_std)
    totals = [
        estimate_gradient_noise(model, family, objective, at, data, seed=0, n_repeats=200).total_variance
        for family, objective, at in (
            (FullCovariance(), sticking, full),
            (FullCovariance(), PLAIN, full),
            # At its own optimum, which is not the exact posterior, mean-field keeps its noise.
            (FAMILY, sticking, mean_field),
            (FAMILY, PLAIN, mean_field),
        )
    ]
    assert totals[0] < 1e-8 * totals[1]
    assert totals[2] > 0.1 * totals[3]


def test_the_mean_gradient_is_the_closed_form_s():
    model, data = problem()
    truth = exact(model, data)
    mean, std = truth.mean + 0.1, np.array([0.2, 0.3, 0.1])
    noise = estimate_gradient_noise(
        model, FAMILY, PLAIN, parameters_of(mean, std), data, seed=0, n_repeats=2000, batch_size=10
    )
    # Of -½ (m - μ)ᵀ Λ (m - μ) - ½ Σ Λⱼⱼ sⱼ² + Σ log sⱼ, by m and by rho.
    by_mean = -truth.precision @ (mean - truth.mean)
    by_std = 1 / std - np.diag(truth.precision) * std
    expected = np.concatenate([by_mean, by_std * -np.expm1(-std)])
    assert np.all(np.abs(noise.mean - expected) < 5 * noise.standard_error)
    assert np.all(noise.standard_error[:3] < 0.25 * np.abs(by_mean).max())


def test_repeats_do_not_depend_on_their_grouping(monkeypatch):
    model, data, parameters = setting()
    call = functools.partial(estimate_gradient_noise, model, FAMILY, PLAIN, data=data, seed=3, batch_size=5)
    together = call(parameters=parameters, n_repeats=40)
    alone = call(parameters=parameters[1], n_repeats=40)
    np.testing.assert_allclose(together.mean[1], alone.mean, rtol=1e-4, atol=1e-3)
    monkeypatch.setattr("bayesian_nn.objectives.gradient_noise.BLOCK", 16 * model.n_latents)
    apart = call(parameters=parameters, n_repeats=40)
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_repeats": 1}, "n_repeats must be a whole number, 2 or more; got 1"),
        ({"batch_size": 13}, "batch_size must be at most 12, the observations; got 13"),
        ({"batch_size": 0}, "batch_size must be a whole number"),
        ({"seed": -1}, "seed must be a whole number"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    model, data, parameters = setting()
    with pytest.raises(ValueError, match=message):
        estimate_gradient_noise(
            model, FAMILY, PLAIN, parameters, data, **{"seed": 0, "n_repeats": 2} | arguments
        )
