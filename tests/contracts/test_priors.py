"""Every method with every prior: it finds the posterior, or refuses with the reason and the remedy."""

import numpy as np
import pytest
from contracts.methods import LIKELIHOODS, METHODS, PRIORS, REFUSED, problem

import bayesian_nn as bnn

# Of so few points a straight line may explain little, and the posterior is right all the same.
pytestmark = pytest.mark.filterwarnings("ignore::bayesian_nn.variational.flat_fit.FlatFitWarning")
LINEAR, DATA = problem(LIKELIHOODS["Gaussian, known noise"])
NOISE_STD = LINEAR.likelihood.noise_std
REASONS = "needs a prior with a density|needs a density with a useful mode|needs a Gaussian prior|analytic_kl"


def model_with(prior):
    return bnn.Model((1, 1), LINEAR.likelihood, prior=prior)


@pytest.mark.parametrize(("prior", "method"), [(prior, each) for prior in REFUSED for each in REFUSED[prior]])
def test_what_cannot_be_is_refused_by_role(prior, method):
    with pytest.raises(ValueError, match=REASONS):
        METHODS[method].infer(model_with(PRIORS[prior]), DATA, 0)


def evidence(design, y, std):
    """log p(y) of linear regression with weights N(0, std²), and the posterior's mean and covariance."""
    covariance = NOISE_STD**2 * np.eye(len(y)) + std**2 * design @ design.T
    _, log_determinant = np.linalg.slogdet(2 * np.pi * covariance)
    precision = design.T @ design / NOISE_STD**2 + np.eye(2) / std**2
    mean = np.linalg.solve(precision, design.T @ y) / NOISE_STD**2
    return -0.5 * (y @ np.linalg.solve(covariance, y) + log_determinant), mean, np.linalg.inv(precision)


@pytest.mark.parametrize("prior", ["learned scale, log-normal", "learned scale, half-normal"])
def test_hmc_finds_a_learned_scale_and_vi_comes_near(prior):
    # On a grid of scales: the posterior of each is in closed form.
    grid = np.linspace(-4, 4, 801)
    design = np.column_stack([DATA.x[:, 0], np.ones(len(DATA.y))])
    values, means, _ = zip(*(evidence(design, DATA.y, std) for std in np.exp(grid)), strict=True)
    scale = np.exp(grid)
    by_prior = {
        "learned scale, log-normal": -0.5 * grid**2,
        "learned scale, half-normal": grid - 0.5 * scale**2,
    }
    weights = np.array(values) + by_prior[prior]
    weights = np.exp(weights - weights.max())
    weights /= weights.sum()
    mean = weights @ grid
    std = np.sqrt(weights @ (grid - mean) ** 2)
    model = model_with(PRIORS[prior])
    draws = bnn.sample_hmc(model, DATA, seed=0, n_chains=64, n_draws=200).latents.reshape(-1, 3)
    assert abs(draws[:, 2].mean() - mean) < 0.1 * std
    assert draws[:, 2].std() == pytest.approx(std, rel=0.1)
    np.testing.assert_allclose(draws[:, :2].mean(axis=0), weights @ np.array(means), atol=0.03)
    run = bnn.fit(model, DATA, seed=0, n_steps=2000)
    moments = run.draw(4000, seed=1)[:, 2]
    assert abs(moments.mean() - mean) < 0.4 * std
    assert 0.6 * std < moments.std() < 1.1 * std


@pytest.mark.parametrize("method", [name for name in METHODS if name not in REFUSED["scale mixture"]])
def test_a_scale_mixture_is_found_by_what_takes_it(method):
    model = model_with(PRIORS["scale mixture"])
    truth = bnn.sample_hmc(model, DATA, seed=5, n_chains=64).latents.reshape(-1, 2)
    infer, off, (_, widest) = METHODS[method]
    draws = infer(model, DATA, 0).draw(2000, seed=1)
    assert np.all(np.abs(draws.mean(axis=0) - truth.mean(axis=0)) < off * truth.std(axis=0))
    assert np.all(draws.std(axis=0) <= widest * truth.std(axis=0) + 1e-12)
