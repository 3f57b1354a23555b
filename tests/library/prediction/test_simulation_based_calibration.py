"""The exact posterior of linear regression passes; what is too narrow, shifted or forgetful does not."""

from dataclasses import replace

import numpy as np
import pytest

import bayesian_nn as bnn
from bayesian_nn.model.observations import in_units
from bayesian_nn.prediction.simulation_based_calibration import rank_simulations, simulate
from bayesian_nn.sampling.hmc import sample_chains

MODEL = bnn.Model(
    (1, 1),
    bnn.Gaussian(0.5),
    prior=bnn.GaussianPrior(1.5),
    scaling=bnn.data.Scaling((2.0,), (3.0,), 10.0, 2.0),
)
X = np.linspace(-3, 5, 8)
SETTINGS = {"seed": 0, "n_simulations": 300, "at": [-6, 1, 9]}
# Below this even the smallest of four p-values is no chance: once in 5,000 correct programs.
NO_CHANCE = 5e-5
TOO = {"narrow": {"std": 0.5}, "wide": {"std": 2.0}, "high": {"shift": 0.7}}


def exact_draws(y, seed, *, std=1.0, shift=0.0, n_draws=63):
    """Draws of (slope, intercept) from their posteriors, `std` times too wide and `shift` sds too high."""
    design = np.column_stack([(X - 2) / 3, np.ones_like(X)])
    covariance = np.linalg.inv(design.T @ design / 0.25**2 + np.eye(2) / 1.5**2)
    means = (y - 10) / 2 @ design @ covariance / 0.25**2
    noise = np.random.default_rng(seed + 1).normal(size=(len(y), n_draws, 2))
    return means[:, None] + (std * noise + shift) @ np.linalg.cholesky(covariance).T


def p_values(infer):
    return rank_simulations(MODEL, X, infer, **SETTINGS).p_values()


def test_the_exact_posterior_passes():
    assert p_values(exact_draws).min() > NO_CHANCE


@pytest.mark.parametrize("too", TOO)
def test_a_posterior_that_is_too_narrow_too_wide_or_too_high_fails(too):
    values = p_values(lambda y, seed: exact_draws(y, seed, **TOO[too]))
    assert values[:3].min() < NO_CHANCE


def test_of_a_posterior_that_forgot_the_data_only_the_log_likelihood_tells():
    def the_prior(y, seed):
        return np.random.default_rng(seed + 1).normal(0, 1.5, (len(y), 63, 2))

    values = p_values(the_prior)
    assert values[:3].min() > NO_CHANCE
    assert values[3] < NO_CHANCE


# --- Hamiltonian Monte Carlo on a network

NETWORK = bnn.Model((1, 8, 1), bnn.Gaussian(0.2), scaling=bnn.data.Scaling((4.0,), (4.0,)))
IN_TWO_PARTS = np.r_[np.linspace(0, 2, 10), np.linspace(6, 8, 10)]


def by_hmc(y, seed, *, noise_std=0.2, n_chains=8, n_draws=8):
    """Draws of the network's posterior with this noise, some of every chain, all data sets at once."""
    model = replace(NETWORK, likelihood=bnn.Gaussian(noise_std))
    start = bnn.MeanField().initial(model, seed=seed, n_restarts=n_chains * len(y))[:, : model.n_latents]
    targets = np.stack([model.targets(each) for each in np.repeat(y, n_chains, axis=0)], axis=-1)
    observations = in_units(model, model.inputs(IN_TWO_PARTS[:, None]), targets)
    chains = sample_chains(model, observations, seed=seed, start=start, lengths=(100, 16 * n_draws))
    return chains.latents[:, 15::16].reshape(len(y), n_chains * n_draws, model.n_latents)


@pytest.mark.parametrize("noise_std", [0.2, 0.4])
def test_hmc_passes_on_a_small_network_and_fails_with_another_noise(noise_std):
    ranks = rank_simulations(
        NETWORK,
        IN_TWO_PARTS,
        lambda y, seed: by_hmc(y, seed, noise_std=noise_std),
        seed=0,
        n_simulations=96,
        at=[-3, 1, 3, 4, 5, 7, 11],
    )
    assert (ranks.p_values().min() > NO_CHANCE) == (noise_std == NETWORK.likelihood.noise_std)


# --- parts


def test_ranks_and_names_by_hand():
    truths, _ = simulate(MODEL, X, seed=0, n_simulations=300)
    # The second of three draws is the truth itself, the others 1 above it and 2 below it.
    steps = np.array([[0.0, 1.0], [0.0, 0.0], [0.0, -2.0]])
    ranks = rank_simulations(MODEL, X, lambda y, seed: truths[:, None] + steps, **SETTINGS)
    assert ranks.names == ("f at -6", "f at 1", "f at 9", "log-likelihood")
    assert ranks.n_draws == 3
    np.testing.assert_array_equal(ranks.ranks[:, :3], 1)


def test_simulated_data_are_the_model_s():
    latents, y = simulate(MODEL, X, seed=3, n_simulations=2000)
    f = 10 + 2 * (latents[:, :1] * (X - 2) / 3 + latents[:, 1:])
    residuals = y - f
    assert abs(residuals.mean()) < 5 * 0.5 / np.sqrt(residuals.size)
    assert abs(residuals.std() - 0.5) < 5 * 0.5 / np.sqrt(2 * residuals.size)
    assert np.all(np.abs(latents.std(axis=0) - 1.5) < 5 * 1.5 / np.sqrt(2 * len(latents)))


def test_learned_noise_is_simulated_with_its_own_sd():
    model = bnn.Model((1, 1), bnn.Gaussian(bnn.LearnedNoise(median=0.2, log_std=0.7)))
    latents, y = simulate(model, np.zeros(50), seed=0, n_simulations=300)
    standardised = (y - latents[:, 1:2]) / np.exp(latents[:, 2:])
    assert abs(standardised.std() - 1) < 5 / np.sqrt(2 * standardised.size)


def test_the_log_likelihood_has_the_learned_noise_s_constant():
    model = bnn.Model((1, 1), bnn.Gaussian(bnn.LearnedNoise(median=0.2)))
    truths, _ = simulate(model, X, seed=0, n_simulations=20)
    # Far too much noise makes residuals small and the density of all observations low.
    ranks = rank_simulations(
        model, X, lambda y, seed: truths[:, None] + [0, 0, 50.0], seed=0, n_simulations=20, at=[0]
    )
    np.testing.assert_array_equal(ranks.ranks[:, -1], 1)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"infer must return .* = \[300, n_draws, 2\]; got \[300, 2\]"):
        rank_simulations(MODEL, X, lambda y, seed: np.zeros((300, 2)), **SETTINGS)
    with pytest.raises(ValueError, match=r"at must be \[n_points, 1\] for this model; got \[3, 2\]"):
        rank_simulations(MODEL, X, exact_draws, **SETTINGS | {"at": np.ones((3, 2))})
