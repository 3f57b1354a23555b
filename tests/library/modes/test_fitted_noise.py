"""The noise by the evidence: the exact one's without a hidden layer, and near the truth with one."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize
from sklearn.datasets import make_friedman1
from truths.linear_regression import exact, problem

import bayesian_nn as bnn
from bayesian_nn.likelihoods.noises import learned_noises, with_known_noises
from bayesian_nn.model.observations import observe
from bayesian_nn.modes import map_estimate
from bayesian_nn.modes.curvature import effective_parameters
from bayesian_nn.modes.fitted_noise import TOLERANCE, fit_noise
from bayesian_nn.runtime.tensorflow import tf

KNOWN, DATA = problem()
NOISE = bnn.LearnedNoise(median=1.0, log_std=2.0)
MODEL = replace(KNOWN, likelihood=bnn.Gaussian(NOISE))


def exact_noise(data, noise):
    """The noise sd at which the exact log p(y, log noise_std) is highest."""

    def depth(log_noise):
        known = replace(KNOWN, likelihood=bnn.Gaussian(np.exp(log_noise)))
        log_prior = -0.5 * ((log_noise - np.log(noise.median)) / noise.log_std) ** 2
        return -exact(known, data).log_evidence - log_prior

    return np.exp(optimize.minimize_scalar(depth, bracket=(0.0, 2.0), tol=1e-10).x)


def friedman(n_points):
    """Friedman's function of five of ten inputs, with noise of sd 1."""
    return bnn.dataset(*make_friedman1(n_points, noise=1.0, random_state=0))


# --- the linear model


@pytest.mark.parametrize("noise", [NOISE, bnn.LearnedNoise(median=0.01, log_std=0.2)])
def test_without_a_hidden_layer_it_is_where_the_exact_evidence_is_highest(noise):
    model = replace(MODEL, likelihood=bnn.Gaussian(noise))
    found = fit_noise(model, DATA, seed=0)
    truth = exact_noise(DATA, noise)
    assert found.likelihood.noise_std == pytest.approx(truth, rel=2 * TOLERANCE)
    assert found == replace(model, likelihood=bnn.Gaussian(found.likelihood.noise_std))


def test_few_observations_that_count_often_are_many():
    weights = np.arange(30) % 3
    repeated = bnn.Dataset(np.repeat(DATA.x, weights, axis=0), np.repeat(DATA.y, weights), DATA.scaling)
    found = fit_noise(MODEL, replace(DATA, weights=weights), seed=0)
    assert found.likelihood.noise_std == pytest.approx(exact_noise(repeated, NOISE), rel=2 * TOLERANCE)


def test_several_targets_have_the_noise_that_each_has_alone():
    y = np.column_stack([DATA.y, 0.01 * DATA.y[::-1]])
    data = bnn.dataset(DATA.x, y)
    noises = NOISE, bnn.LearnedNoise(median=0.1)
    parts = bnn.likelihoods.Several((bnn.Gaussian(noises[0]), bnn.Gaussian(noises[1])))
    together = fit_noise(
        bnn.Model((2, 2), parts, prior=bnn.GaussianPrior(1.5), scaling=data.scaling), data, seed=0
    )
    for column, part, noise in zip(y.T, together.likelihood.parts, noises, strict=True):
        alone = bnn.dataset(DATA.x, column)
        truth = fit_noise(
            bnn.Model((2, 1), bnn.Gaussian(noise), prior=bnn.GaussianPrior(1.5), scaling=alone.scaling),
            alone,
            seed=1,
        )
        assert part.noise_std == pytest.approx(truth.likelihood.noise_std, rel=3 * TOLERANCE)


def test_student_t_noise_of_many_degrees_of_freedom_is_gaussian():
    model = replace(MODEL, likelihood=bnn.likelihoods.StudentT(NOISE, dof=1e5))
    found = fit_noise(model, DATA, seed=0).likelihood
    assert found.dof == 1e5
    assert found.scale == pytest.approx(exact_noise(DATA, NOISE), rel=2 * TOLERANCE)


def test_what_the_data_determine_is_the_trace_in_closed_form():
    latents = np.array([0.3, -0.2, 0.1, np.log(4.0)])
    (place, found), *others = effective_parameters(MODEL, latents, observe(MODEL, DATA, tf.float64)).items()
    truth = exact(KNOWN, DATA)
    assert (place, others) == (3, [])
    assert found == pytest.approx(3 - np.trace(truth.covariance) / KNOWN.prior.std**2, rel=1e-9)


# --- a network


def test_on_friedman_s_data_it_is_near_the_truth_where_the_joint_mode_collapses():
    data = friedman(300)
    model = bnn.Model((10, 10, 1), bnn.Gaussian(bnn.LearnedNoise(1.5)), scaling=data.scaling)
    known = fit_noise(model, data, seed=0)
    assert 0.75 < known.likelihood.noise_std < 1.35
    bnn.fit_laplace(known, data, bnn.find_map(known, data, seed=0, n_restarts=2, n_steps=500))


def test_a_joint_mode_with_too_small_a_noise_is_told_with_its_remedy(monkeypatch):
    monkeypatch.setattr(map_estimate, "MOST_STEPS", 1000)
    data = friedman(60)
    model = bnn.Model((10, 20, 1), bnn.Gaussian(bnn.LearnedNoise(1.5)), scaling=data.scaling)
    with pytest.warns(bnn.modes.SmallNoiseWarning, match=r"noise_std = 0\.0.* 60 of 60 .*fit_noise\("):
        estimate = bnn.find_map(model, data, seed=0, n_restarts=1, n_steps=500)
    assert np.exp(estimate.mode[-1]) < 0.1
    away = estimate.mode + 0.1
    with pytest.raises(ValueError, match=r"not at a mode: .* too small a noise.* bnn\.modes\.fit_noise\("):
        bnn.fit_laplace(model, data, away)


# --- which noises, and what is refused


def test_noises_are_found_and_replaced_in_their_order():
    several = bnn.likelihoods.Several(
        (
            bnn.likelihoods.Poisson(),
            bnn.likelihoods.StudentT(NOISE, bnn.likelihoods.LearnedDof()),
            bnn.Gaussian(0.5),
            bnn.Gaussian(NOISE),
        )
    )
    assert learned_noises(several) == [0, 2]
    known = with_known_noises(several, [3.0, 4.0])
    assert [known.parts[1].scale, known.parts[2].noise_std, known.parts[3].noise_std] == [3.0, 0.5, 4.0]
    assert [unknown.name for unknown in known.unknowns] == ["log (dof - 2) of target 1"]
    assert learned_noises(known) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": KNOWN}, r"must have a LearnedNoise to fit, .* got Gaussian\(noise_std=4.0\)"),
        (
            {"model": replace(MODEL, prior=bnn.priors.ScaleMixturePrior())},
            "fit_noise needs a Gaussian prior on every weight",
        ),
        ({"n_steps": 0}, "n_steps must be a whole number, 1 or more; got 0"),
        ({"seed": -1}, "seed must be a whole number, 0 or more; got -1"),
    ],
)
def test_what_has_no_such_noise_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        fit_noise(**{"model": MODEL, "data": DATA, "seed": 0} | arguments)
