"""Weights of observations, every method and likelihood: 2 is the row given twice, 0 the row left out."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from contracts.methods import LIKELIHOODS, problem

import bayesian_nn as bnn
from bayesian_nn.model.chains_last import log_joint_and_gradient
from bayesian_nn.model.log_joint import log_joint
from bayesian_nn.model.observations import observe
from bayesian_nn.modes import curvature
from bayesian_nn.modes.curvature import precision
from bayesian_nn.objectives.per_example_noise import Flipout
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training import programs
from bayesian_nn.training.batches import Batches
from bayesian_nn.training.run import data_digest
from bayesian_nn.training.stopping import log_predictive_density

pytestmark = pytest.mark.filterwarnings("ignore::bayesian_nn.variational.flat_fit.FlatFitWarning")

every = pytest.mark.parametrize("likelihood", LIKELIHOODS)


def weighted_and_repeated(likelihood):
    """A model, data with weights 0 to 3, and the same with each row so many times."""
    model, data = problem(LIKELIHOODS[likelihood])
    weights = np.arange(data.n_points) % 4
    rows = np.repeat(np.arange(data.n_points), weights)
    return model, replace(data, weights=weights), replace(data, x=data.x[rows], y=data.y[rows])


def latents_for(model, n=5):
    return bnn.prediction.draw_prior(model, n, seed=3).astype(np.float64)


@every
def test_the_log_joint_and_its_gradient_in_both_layouts(likelihood):
    model, weighted, repeated = weighted_and_repeated(likelihood)
    latents = tf.constant(latents_for(model))
    one, other = (observe(model, data, tf.float64) for data in (weighted, repeated))
    np.testing.assert_allclose(log_joint(model, latents, one), log_joint(model, latents, other), rtol=1e-10)
    columns = tf.transpose(latents)
    for found, expected in zip(
        log_joint_and_gradient(model, columns, one),
        log_joint_and_gradient(model, columns, other),
        strict=True,
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@every
@pytest.mark.parametrize("diagonal", [False, True])
def test_the_curvature(likelihood, diagonal, monkeypatch):
    # A few points at a time.
    monkeypatch.setattr(curvature, "PART", 12)
    model, weighted, repeated = weighted_and_repeated(likelihood)
    latents = latents_for(model, 1)[0]
    found = precision(model, latents, model.inputs(weighted.x), weights=weighted.weights, diagonal=diagonal)
    expected = precision(model, latents, model.inputs(repeated.x), diagonal=diagonal)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@every
@pytest.mark.parametrize(
    "objective",
    [bnn.Elbo(3), bnn.objectives.ImportanceWeightedElbo(3), bnn.LocalReparameterisation(2), Flipout(2)],
)
def test_the_elbo_with_the_same_noise(likelihood, objective):
    model, weighted, repeated = weighted_and_repeated(likelihood)
    posterior = bnn.MeanField()
    parameters = posterior.initial(model, seed=0).astype(np.float64)[0]

    def parts(data):
        observations = observe(model, data, tf.float64)
        if hasattr(objective, "noise_shape"):
            # Every point has noise of its own: none at all is the same for each.
            noise = np.zeros(objective.noise_shape(model, posterior, observations.n_points))
        else:
            noise = np.random.default_rng(0).normal(size=(objective.n_draws, model.n_latents))
        return objective(model, posterior, tf.constant(parameters), tf.constant(noise), observations)

    found, expected = parts(weighted), parts(repeated)
    np.testing.assert_allclose(found.log_likelihood, expected.log_likelihood, rtol=1e-10)
    np.testing.assert_allclose(found.objective, expected.objective, rtol=1e-10)


SHORT = {"seed": 0, "n_steps": 30}
METHODS = {
    "fit": lambda model, data: bnn.fit(model, data, **SHORT),
    "IVON": lambda model, data: bnn.fit_ivon(model, data, **SHORT),
    "MAP": lambda model, data: bnn.find_map(model, data, n_restarts=1, **SHORT),
    "Laplace": lambda model, data: bnn.fit_laplace(
        model, data, bnn.find_map(model, data, n_restarts=1, **SHORT)
    ),
    "ensemble": lambda model, data: bnn.fit_ensemble(model, data, n_members=3, perturbed=False, **SHORT),
    "HMC": lambda model, data: bnn.sample_hmc(model, data, seed=0, n_chains=3, n_warmup=3, n_draws=2),
    "SGHMC": lambda model, data: bnn.sample_sghmc(model, data, n_chains=3, **SHORT),
    "SGLD": lambda model, data: bnn.sample_sgld(model, data, n_chains=3, step_size=1e-4, **SHORT),
}


@pytest.mark.parametrize("method", METHODS)
def test_a_method_goes_the_same_way(method):
    model, weighted, repeated = weighted_and_repeated("Gaussian, learned noise")
    found, expected, without = (
        METHODS[method](model, data).draw(6, seed=1)
        for data in (weighted, repeated, replace(weighted, weights=None))
    )
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
    assert np.abs(found - without).max() > 0.01


def test_dropout_goes_the_same_way():
    _, weighted, repeated = weighted_and_repeated("Gaussian, known noise")
    model = bnn.Model((1, 4, 1), bnn.Gaussian(0.5), scaling=weighted.scaling)
    found, expected = (bnn.fit_dropout(model, data, **SHORT).latents for data in (weighted, repeated))
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_an_ensemble_perturbs_an_observation_as_the_mean_of_so_many():
    # Randomised maximum a posteriori sampling: without a hidden layer the members are exact draws.
    model, data = problem(LIKELIHOODS["Gaussian, known noise"])
    weighted = replace(data, weights=np.linspace(0, 5, data.n_points))
    members = bnn.fit_ensemble(model, weighted, seed=0, n_members=4000, n_steps=600).members
    observations = observe(model, weighted, tf.float64)
    exact = bnn.fit_laplace(model, weighted, bnn.find_map(model, weighted, seed=0, n_restarts=1))
    assert observations.weights.shape == (data.n_points,)
    error = 5 * exact.std / np.sqrt(2 * len(members))
    assert np.all(np.abs(members.std(axis=0) - exact.std) < error)
    assert np.all(np.abs(members.mean(axis=0) - exact.mode) < np.sqrt(2) * error)
    poisson, counts = problem(LIKELIHOODS["Poisson"])
    with pytest.raises(
        ValueError, match=r"perturbed: targets of Poisson\(\) with weights cannot be perturbed"
    ):
        bnn.fit_ensemble(
            poisson, replace(counts, weights=weighted.weights), seed=0, n_members=2, n_steps=2, perturbed=True
        )


def test_minibatches_carry_the_weights_of_their_rows(monkeypatch):
    model, weighted, _ = weighted_and_repeated("Gaussian, learned noise")
    batches = Batches.in_epochs(model, weighted, seed=0, batch_size=6)
    rows = batches.rows(range(4))
    assert sorted(rows.ravel()) == list(range(24))
    for step in range(4):
        np.testing.assert_array_equal(batches.looked_up(step)[2], weighted.weights[rows[step]])
    latents = tf.constant(latents_for(model))
    whole = observe(model, weighted, tf.float64)
    parts = [
        log_joint_and_gradient(model, tf.transpose(latents), whole.rows(each), n_points=24)[0]
        for each in rows
    ]
    np.testing.assert_allclose(np.mean(parts, axis=0), log_joint(model, latents, whole), rtol=1e-9)
    # One loop and steps one by one are the same.
    fits = [bnn.fit(model, weighted, batch_size=6, **SHORT).parameters]
    monkeypatch.setattr(programs, "LARGE_DATA", 0)
    fits.append(bnn.fit(model, weighted, batch_size=6, **SHORT).parameters)
    np.testing.assert_allclose(*fits, atol=1e-5)


def test_held_out_data_are_judged_by_their_weights():
    model, weighted, repeated = weighted_and_repeated("Gaussian, known noise")
    parameters, noise = bnn.MeanField().initial(model, seed=0)[0], np.ones((3, model.n_latents), np.float32)
    found, expected = (
        log_predictive_density(model, bnn.MeanField(), parameters, observe(model, data), tf.constant(noise))
        for data in (weighted, repeated)
    )
    assert found == pytest.approx(expected, rel=1e-5)


def test_without_weights_nothing_is_multiplied_and_weights_of_one_are_none():
    model, weighted, _ = weighted_and_repeated("Gaussian, known noise")
    plain, ones = replace(weighted, weights=None), replace(weighted, weights=np.ones(24))
    assert observe(model, plain).weights is None
    first, second = (bnn.fit(model, data, **SHORT).parameters for data in (plain, ones))
    np.testing.assert_allclose(first, second, atol=1e-5)
    assert len({data_digest(data) for data in (plain, ones, weighted)}) == 3


def test_a_density_of_zero_may_be_left_out():
    model, data = bnn.Model((1, 1), bnn.Gaussian(1.0)), bnn.dataset([0.0, 1.0], [0.0, 1e30])
    kept = observe(model, replace(data, weights=[1.0, 0.0]))
    value, gradient = log_joint_and_gradient(model, tf.zeros([2, 1]), kept)
    assert np.isfinite(value).all()
    assert np.isfinite(gradient).all()


def test_a_split_gives_each_part_its_own_weights():
    data = bnn.dataset(np.arange(20.0), np.arange(20.0), weights=np.arange(20.0))
    for part in bnn.train_test_split(data, test_fraction=0.3, seed=0):
        np.testing.assert_array_equal(part.weights, part.y)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0, -1.0, 2.0], "weights must be zero or more, and not all zero.*got -1 at index 1"),
        ([0.0, 0.0, 0.0], "not all zero.*got 0 at index 0"),
        ([1.0, np.nan, 2.0], "weights has 1 values that are not finite"),
        ([1.0, 2.0], r"weights must be \[n_points\] = \[3\], one for each observation; got \[2\]"),
        (2.0, r"got \[\]"),
        ([[1.0], [1.0], [1.0]], r"got \[3, 1\]"),
        (["a", "b", "c"], "weights must be an array of numbers"),
    ],
)
def test_weights_that_are_none_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        bnn.dataset([0.0, 1.0, 2.0], [1.0, 2.0, 3.0], weights=weights)


def test_a_flat_fit_of_weighted_data_is_told():
    data = bnn.dataset(np.linspace(-1, 1, 20), 100 * np.sin(9 * np.arange(20)), weights=np.linspace(1, 2, 20))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(bnn.FlatFitWarning, match=r"hardly more than a constant\. "):
            bnn.fit(bnn.Model((1, 1), bnn.Gaussian(100.0), scaling=data.scaling), data, **SHORT)
