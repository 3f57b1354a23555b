"""Ensembles of the linear model, where randomised maximum a posteriori sampling is exact."""

import numpy as np
import pytest
from truths.linear_regression import exact, problem

import bayesian_nn as bnn
from bayesian_nn.modes.ensemble import Ensemble, fit_ensemble
from bayesian_nn.modes.map_estimate import find_map

LINEAR, LINEAR_DATA = problem()
TRUTH = exact(LINEAR, LINEAR_DATA)
N = 4000


def fit_linear(**arguments):
    return fit_ensemble(
        LINEAR, LINEAR_DATA, **{"seed": 1, "n_members": N, "n_steps": 600} | arguments
    ).members


def assert_moments(members, mean, covariance):
    """The members' mean and covariance are these, within 5 standard errors of normal draws."""
    variance = np.diag(covariance)
    assert np.all(np.abs(members.mean(axis=0) - mean) < 5 * np.sqrt(variance / len(members)))
    error = np.sqrt((np.outer(variance, variance) + covariance**2) / len(members))
    assert np.all(np.abs(np.cov(members.T) - covariance) < 5 * error)
    # An error bar that would notice a variance wrong by a fifth.
    assert np.all(5 * np.diag(error) < 0.2 * variance)


def test_members_with_anchors_and_perturbed_targets_are_draws_from_the_exact_posterior():
    assert_moments(fit_linear(), TRUTH.mean, TRUTH.covariance)


def test_half_of_it_gives_half_of_the_spread():
    covariance = TRUTH.covariance
    # The mode is linear in the prior's centre and in the targets: each gives its part of the covariance.
    by_prior = covariance @ covariance / LINEAR.prior.std**2
    assert_moments(fit_linear(perturbed=False), TRUTH.mean, by_prior)
    assert_moments(fit_linear(anchored=False), TRUTH.mean, covariance - by_prior)


def test_a_plain_ensemble_collapses_to_the_mode():
    members = fit_linear(n_members=50, anchored=False, perturbed=False)
    np.testing.assert_allclose(members, np.tile(TRUTH.mean, (50, 1)), atol=1e-4)
    assert np.all(members.std(axis=0) < 1e-3 * np.sqrt(np.diag(TRUTH.covariance)))


def test_priors_and_units_of_every_latent_are_its_own():
    data = LINEAR_DATA
    model = bnn.Model(
        (2, 1),
        bnn.Gaussian(40.0),
        prior=((bnn.GaussianPrior(0.1), bnn.GaussianPrior(3.0)),),
        scaling=data.scaling,
    )
    members = fit_ensemble(model, data, seed=0, n_members=N, n_steps=600).members
    inputs, targets = model.inputs(data.x), model.targets(data.y)[:, 0]
    design = np.column_stack([inputs, np.ones(len(targets))])
    noise_std = 40.0 / data.scaling.y_scale
    precision = design.T @ design / noise_std**2 + np.diag([100.0, 100.0, 1 / 9])
    covariance = np.linalg.inv(precision)
    assert_moments(members, covariance @ design.T @ targets / noise_std**2, covariance)


def test_of_a_network_members_part_in_the_gap():
    data = bnn.data.cosine_with_gap(seed=42)
    model = bnn.Model((1, 10, 10, 1), bnn.Gaussian(0.1), scaling=data.scaling)
    spreads = {}
    for anchored in (True, False):
        ensemble = fit_ensemble(model, data, seed=0, n_members=32, anchored=anchored, perturbed=anchored)
        prediction = bnn.prediction.predict_draws(model, ensemble.members, [1.0, 4.0, 7.0])
        spreads[anchored] = prediction.epistemic_std
        fitted = bnn.prediction.predict_draws(model, ensemble.members, data.x).draws
        # No member is a flat line.
        assert all(bnn.scores.rmse(curve, data.truth(data.x)) < 0.2 for curve in fitted)
    assert spreads[True][1] > 4 * max(spreads[True][[0, 2]])
    assert np.all(spreads[True] > 1.5 * spreads[False])


def test_learned_noise_varies_between_members():
    random = np.random.default_rng(1)
    x = random.uniform(-5, 15, 200)
    data = bnn.dataset(x, 3 + 2 * x + random.normal(0, 1.7, 200))
    model = bnn.Model(
        (1, 1),
        bnn.Gaussian(bnn.LearnedNoise(median=2.0)),
        prior=bnn.GaussianPrior(10.0),
        scaling=data.scaling,
    )
    ensemble = fit_ensemble(model, data, seed=0, perturbed=False, n_steps=600)
    mode = find_map(model, data, seed=0).mode
    np.testing.assert_allclose(ensemble.members.mean(axis=0), mode, atol=0.01)
    assert ensemble.members[:, -1].std() > 1e-3


def test_classes_are_not_perturbed_unless_it_is_asked_for():
    data = bnn.dataset(np.linspace(-2, 2, 20), np.arange(20) % 2)
    data = bnn.Dataset(data.x, data.y, bnn.Model((1, 2), bnn.Categorical(2)).scaling)
    model, arguments = bnn.Model((1, 2), bnn.Categorical(2)), {"seed": 0, "n_members": 3, "n_steps": 20}
    usual, without = (fit_ensemble(model, data, **arguments, **more) for more in ({}, {"perturbed": False}))
    np.testing.assert_array_equal(usual.members, without.members)
    with pytest.raises(
        ValueError, match=r"perturbed: .* has no targets around those observed, .* perturbed=False"
    ):
        fit_ensemble(model, data, perturbed=True, **arguments)


def test_a_seed_is_an_ensemble():
    first, again, other = (fit_linear(seed=seed, n_members=3, n_steps=20) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.all(first != other)
    started = fit_linear(n_members=2, n_steps=1, start=np.full((2, 3), 5.0))
    np.testing.assert_allclose(started, 5.0, atol=0.2)


@pytest.mark.parametrize(("n_draws", "times"), [(10, {2}), (12, {2, 3}), (3, {0, 1})])
def test_draws_show_every_member_equally_often(n_draws, times):
    ensemble = Ensemble(LINEAR, np.arange(15.0).reshape(5, 3))
    draws = ensemble.draw(n_draws, seed=4)
    assert draws.shape == (n_draws, 3)
    members, counts = np.unique(draws, axis=0, return_counts=True)
    assert {*counts.tolist(), *([0] * (len(members) < 5))} == times
    assert counts.sum() == n_draws
    np.testing.assert_array_equal(draws, ensemble.draw(n_draws, seed=4))
    assert any(np.any(draws != ensemble.draw(n_draws, seed=seed)) for seed in range(5, 9))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_members": 1}, "n_members must be a whole number, 2 or more; got 1"),
        ({"n_steps": 0}, "n_steps must be a whole number, 1 or more; got 0"),
        ({"anchored": "yes"}, "anchored must be True or False; got 'yes'"),
        ({"perturbed": 0.1}, "perturbed must be True or False; got 0.1"),
        ({"start": np.zeros((3, 3))}, r"start must be \[n_members, .* = \[2, 3\]; got \[3, 3\]"),
        (
            {"model": bnn.Model((2, 1), LINEAR.likelihood, prior=bnn.priors.ScaleMixturePrior())},
            "Gaussian prior",
        ),
        (
            {"model": bnn.Model((2, 1), LINEAR.likelihood, prior=bnn.priors.HalfNormalScale())},
            "a useful mode",
        ),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        fit_ensemble(arguments.pop("model", LINEAR), LINEAR_DATA, **{"seed": 0, "n_members": 2} | arguments)


def test_draws_of_no_number_are_refused():
    with pytest.raises(ValueError, match="n_draws must be a whole number, 1 or more; got 0"):
        Ensemble(LINEAR, np.zeros((5, 3))).draw(0, seed=0)
    with pytest.raises(ValueError, match="seed must be a whole number, 0 or more; got -1"):
        Ensemble(LINEAR, np.zeros((5, 3))).draw(1, seed=-1)


def test_minibatches_lead_every_member_to_the_mode():
    settings = {"n_members": 4, "n_steps": 4000, "anchored": False, "perturbed": False}
    ensemble = fit_ensemble(LINEAR, LINEAR_DATA, seed=0, batch_size=10, **settings)
    stds = np.sqrt(np.diag(TRUTH.covariance))
    assert np.all(np.abs(ensemble.members - TRUTH.mean) < 0.3 * stds)
    whole = fit_ensemble(LINEAR, LINEAR_DATA, seed=0, **settings)
    assert np.any(ensemble.members != whole.members)
    with pytest.raises(ValueError, match="batch_size must be at most 30, the observations; got 31"):
        fit_ensemble(LINEAR, LINEAR_DATA, seed=0, batch_size=31)
