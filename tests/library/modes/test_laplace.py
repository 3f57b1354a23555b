"""Laplace's approximation: exact for the linear model, a copy in NumPy for the curvature of a network."""

import numpy as np
import pytest
from repository import ROOT
from truths.linear_regression import exact, problem

import bayesian_nn as bnn
from bayesian_nn.model.prior_terms import prior_stds
from bayesian_nn.modes.curvature import jacobian, precision
from bayesian_nn.modes.laplace import fit_laplace
from bayesian_nn.modes.map_estimate import find_map
from bayesian_nn.prediction.linearised import predict_linearised

LINEAR, LINEAR_DATA = problem()
TRUTH = exact(LINEAR, LINEAR_DATA)
POST = bnn.data.cosine_with_gap(seed=42)
SMALL = bnn.Model(
    (1, 3, 2, 1),
    bnn.Gaussian(0.2),
    prior=(
        (bnn.GaussianPrior(2.0), bnn.GaussianPrior(1.0)),
        (bnn.GaussianPrior(0.5), bnn.GaussianPrior(0.7)),
        (bnn.GaussianPrior(1.5), bnn.GaussianPrior(3.0)),
    ),
    scaling=bnn.data.Scaling((4.0,), (4.0,), 1.0, 5.0),
)
REFERENCES = ROOT.parent / "shared" / "data" / "reference-posteriors"


# --- the linear model


def test_without_a_hidden_layer_it_is_the_exact_posterior():
    found = fit_laplace(LINEAR, LINEAR_DATA, find_map(LINEAR, LINEAR_DATA, seed=0))
    np.testing.assert_allclose(found.mode, TRUTH.mean, atol=1e-6)
    np.testing.assert_allclose(found.covariance, TRUTH.covariance, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.std, np.sqrt(np.diag(TRUTH.covariance)), rtol=1e-9)
    assert found.log_evidence == pytest.approx(TRUTH.log_evidence, abs=1e-8)


def test_the_diagonal_is_the_mean_field_optimum_and_not_the_marginal():
    found = fit_laplace(LINEAR, LINEAR_DATA, TRUTH.mean, diagonal=True)
    np.testing.assert_allclose(found.std, TRUTH.mean_field_std, rtol=1e-9)
    np.testing.assert_allclose(found.covariance, np.diag(TRUTH.mean_field_std**2), rtol=1e-9)
    # The inputs are correlated, so that the exact sds are wider.
    assert np.all(np.sqrt(np.diag(TRUTH.covariance))[:2] > 1.2 * found.std[:2])
    assert found.log_evidence == pytest.approx(TRUTH.mean_field_elbo, abs=1e-8)
    assert found.log_evidence < TRUTH.log_evidence - 0.2


@pytest.mark.parametrize("diagonal", [False, True])
def test_draws_have_the_mean_and_the_covariance(diagonal):
    found, n = fit_laplace(LINEAR, LINEAR_DATA, TRUTH.mean, diagonal=diagonal), 20_000
    draws = found.draw(n, seed=1)
    truth = np.diag(TRUTH.mean_field_std**2) if diagonal else TRUTH.covariance
    std = np.sqrt(np.diag(truth))
    assert np.all(np.abs(draws.mean(axis=0) - TRUTH.mean) < 5 * std / np.sqrt(n))
    # Var of a sample covariance: (s_ii s_jj + s_ij²) / n.
    error = np.sqrt((np.outer(std**2, std**2) + truth**2) / n)
    assert np.all(np.abs(np.cov(draws.T) - truth) < 5 * error)
    np.testing.assert_array_equal(draws, found.draw(n, seed=1))
    assert np.all(draws != found.draw(n, seed=2))


def test_of_a_linear_network_the_tangent_is_the_network():
    found = fit_laplace(LINEAR, LINEAR_DATA, TRUTH.mean)
    tangent = predict_linearised(found, LINEAR_DATA.x, n_draws=50, seed=3)
    network = bnn.prediction.predict_draws(LINEAR, found.draw(50, seed=3), LINEAR_DATA.x)
    np.testing.assert_allclose(tangent.draws, network.draws, rtol=1e-10)
    np.testing.assert_array_equal(tangent.noise_std, network.noise_std)
    np.testing.assert_array_equal(tangent.x, LINEAR_DATA.x)


def test_learned_noise_is_as_wide_as_its_exact_posterior():
    random = np.random.default_rng(1)
    x = random.uniform(-5, 15, 200)
    data = bnn.dataset(x, 3 + 2 * x + random.normal(0, 1.7, 200))
    noise = bnn.LearnedNoise(median=10.0)
    model = bnn.Model((1, 1), bnn.Gaussian(noise), prior=bnn.GaussianPrior(10.0), scaling=data.scaling)
    found = fit_laplace(model, data, find_map(model, data, seed=0))
    # The exact posterior of log noise_std on a grid, the weights integrated out in closed form.
    grid = found.mode[-1] + np.linspace(-0.4, 0.4, 61)
    known = [
        bnn.Model((1, 1), bnn.Gaussian(np.exp(value)), prior=bnn.GaussianPrior(10.0), scaling=data.scaling)
        for value in grid
    ]
    log_priors = -0.5 * ((grid - np.log(noise.median)) / noise.log_std) ** 2
    log_priors -= 0.5 * np.log(2 * np.pi * noise.log_std**2)
    heights = log_priors + [exact(each, data).log_evidence for each in known]
    density = np.exp(heights - heights.max())
    density /= density.sum()
    mean = density @ grid
    assert found.mode[-1] == pytest.approx(mean, abs=0.2 * found.std[-1])
    assert found.std[-1] == pytest.approx(np.sqrt(density @ (grid - mean) ** 2), rel=0.05)
    log_evidence = heights.max() + np.log(np.sum(np.exp(heights - heights.max())) * (grid[1] - grid[0]))
    assert found.log_evidence == pytest.approx(log_evidence, abs=0.05)
    prediction = predict_linearised(found, x, n_draws=2000, seed=0)
    np.testing.assert_allclose(prediction.noise_std, np.exp(found.draw(2000, seed=0)[:, -1]))


# --- a network with hidden layers


def small_network(latents, inputs):
    """SMALL, in NumPy: its output `[n_points]` and the derivatives `[n_points, n_latents]`."""
    w1, b1, w2, b2, w3, b3 = np.split(latents, np.cumsum([3, 3, 6, 2, 2]))
    w1, w2, w3 = w1.reshape(1, 3), w2.reshape(3, 2), w3.reshape(2, 1)
    h1 = np.tanh(inputs @ w1 + b1)
    h2 = np.tanh(h1 @ w2 + b2)
    by_2 = (1 - h2**2) * w3[:, 0]
    by_1 = (1 - h1**2) * (by_2 @ w2.T)
    parts = [inputs[:, :, None] * by_1[:, None], by_1, h1[:, :, None] * by_2[:, None], by_2, h2]
    derivatives = [part.reshape(len(inputs), -1) for part in parts]
    return (h2 @ w3)[:, 0] + b3, np.concatenate([*derivatives, np.ones((len(inputs), 1))], axis=1)


def test_the_curvature_of_a_network_is_a_copy_s_in_numpy():
    latents = np.random.default_rng(0).normal(size=SMALL.n_latents)
    # More points than are differentiated at once.
    inputs = np.linspace(-1, 1, 150)[:, None]
    _, derivatives = small_network(latents, inputs)
    found = jacobian(SMALL, latents, inputs)
    np.testing.assert_allclose(found[:, 0], derivatives, rtol=1e-10, atol=1e-12)
    shifts = 1e-6 * np.eye(len(latents))
    differences = [
        small_network(latents + s, inputs)[0] - small_network(latents - s, inputs)[0] for s in shifts
    ]
    np.testing.assert_allclose(found[:, 0], np.transpose(differences) / 2e-6, rtol=1e-4, atol=1e-8)
    # Units: y's noise of 0.2 is 0.04 of the network's.
    curvature = derivatives.T @ derivatives / 0.04**2 + np.diag(prior_stds(SMALL) ** -2.0)
    np.testing.assert_allclose(precision(SMALL, latents, inputs), curvature, rtol=1e-9, atol=1e-9)


def test_the_tangent_s_spread_is_the_closed_form_and_not_the_network_s():
    model = bnn.Model((1, 10, 10, 1), bnn.Gaussian(0.1), scaling=POST.scaling)
    found = fit_laplace(model, POST, find_map(model, POST, seed=0))
    x, n = np.array([1.0, 4.0, 7.0, 10.0]), 4000
    derivatives = jacobian(model, found.mode, model.inputs(x[:, None]))[:, 0]
    std = np.sqrt(np.einsum("pi,ij,pj->p", derivatives, found.covariance, derivatives))
    prediction = predict_linearised(found, x, n_draws=n, seed=0)
    assert np.all(np.abs(prediction.epistemic_std / std - 1) < 5 / np.sqrt(2 * n))
    at_mode = bnn.prediction.predict_draws(model, found.mode[None], x).draws[0]
    assert np.all(np.abs(prediction.mean - at_mode) < 5 * std / np.sqrt(n))
    # On the data it knows, in the gap it does not; the network's own draws know nothing.
    assert std[1] > 5 * max(std[0], std[2])
    assert std[[0, 2]].max() < 0.1
    sampled = bnn.prediction.predict_draws(model, found.draw(n, seed=0), x).epistemic_std
    assert np.all(sampled[[0, 2]] > 5 * std[[0, 2]])


@pytest.mark.skipif(not REFERENCES.is_dir(), reason="the reference posteriors are not beside the repository")
def test_the_linearised_prediction_is_as_near_the_reference_posterior_as_is_known():
    file = np.load(REFERENCES / "toy1d.npz")
    x, x_test = (file[name].reshape(-1, 1) for name in ("x_train", "x_test"))
    model = bnn.Model(
        (1, 50, 1),
        bnn.Gaussian(0.1),
        prior=(bnn.GaussianPrior(4.0), (bnn.GaussianPrior(50**-0.5), bnn.GaussianPrior(1.0))),
    )
    data = bnn.Dataset(x, file["y_train"], model.scaling)
    found = fit_laplace(model, data, find_map(model, data, seed=0))
    draws = predict_linearised(found, x_test, n_draws=2000, seed=0).draws
    # The Wasserstein-2 distance in one dimension is that of the quantiles.
    levels = (np.arange(400) + 0.5) / 400
    quantiles = [np.quantile(each, levels, axis=0) for each in (draws, file["f_draws"])]
    distance = np.sqrt(np.mean((quantiles[0] - quantiles[1]) ** 2, axis=0)).mean()
    # Known: 0.125 for a linearised Laplace at one mode; mean-field variational inference has 0.208.
    assert distance < 0.17
    in_gap = (x_test[:, 0] >= -0.5) & (x_test[:, 0] <= 0.3)
    # Known: 0.587, where the exact sd is 0.32. Modes differ.
    assert 0.45 < draws.std(axis=0)[in_gap].mean() < 0.75


# --- what is refused


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: fit_laplace(LINEAR, LINEAR_DATA, np.zeros(4)),
            r"estimate must be a MapEstimate .* got shape \[4\]",
        ),
        (
            lambda: fit_laplace(LINEAR, LINEAR_DATA, np.zeros(3)),
            r"estimate is not at a mode: .* gain \S+ nats\. .* find_map\(",
        ),
        (
            lambda: fit_laplace(LINEAR, LINEAR_DATA, TRUTH.mean, diagonal=1),
            "diagonal must be True or False; got 1",
        ),
        (
            lambda: predict_linearised(
                find_map(LINEAR, LINEAR_DATA, seed=0, n_steps=1), [[1.0, 2.0]], n_draws=1, seed=0
            ),
            r"laplace must be a Laplace; got MapEstimate.* fit_laplace\(",
        ),
        (lambda: fit_laplace(LINEAR, POST, TRUTH.mean), "The data have 1 inputs and the model 2"),
        (lambda: fit_laplace(LINEAR, LINEAR_DATA, TRUTH.mean).draw(0, seed=0), "n_draws must be .* got 0"),
        (lambda: fit_laplace(LINEAR, LINEAR_DATA, TRUTH.mean).draw(1, seed=0.5), "seed must be .* got 0.5"),
        (
            lambda: predict_linearised(
                fit_laplace(LINEAR, LINEAR_DATA, TRUTH.mean), [[1.0]], n_draws=1, seed=0
            ),
            r"x must be \[n_points, 2\]",
        ),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
