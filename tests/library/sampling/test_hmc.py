"""Hamiltonian Monte Carlo against posteriors that are known in closed form."""

import os
import signal

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import logsumexp
from truths import linear_regression

import bayesian_nn as bnn
from bayesian_nn.model.chains_last import log_joint_and_gradient
from bayesian_nn.model.observations import in_units, observe
from bayesian_nn.sampling import hmc as mcmc
from bayesian_nn.sampling.convergence import effective_sample_size
from bayesian_nn.sampling.hmc import sample_chains
from bayesian_nn.sampling.hmc_block import compiled_block

MODEL, DATA = linear_regression.problem()
OBSERVATIONS = observe(MODEL, DATA)
TARGETS = MODEL.targets(DATA.y)[:, 0]
EXACT = linear_regression.exact(MODEL, DATA)
QUICK = {"n_chains": 16, "n_draws": 200, "n_warmup": 100}


def with_targets(targets):
    """The observations with targets `[n_points, n_chains]` of each chain's own."""
    return OBSERVATIONS._replace(targets=tf.constant(targets[:, None], tf.float32))


def assert_is_mean_of(draws, expected, std, n_effective):
    """The mean of draws is the expected one, within five standard errors."""
    assert np.min(n_effective) > 500
    np.testing.assert_array_less(np.abs(draws.mean(axis=(0, 1)) - expected), 5 * std / np.sqrt(n_effective))


@pytest.fixture(scope="module")
def chains():
    return bnn.sample_hmc(MODEL, DATA, seed=1, **QUICK)


def test_draws_have_the_exact_mean_and_covariance(chains):
    std = np.sqrt(np.diag(EXACT.covariance))
    standardised = (chains.latents.astype(np.float64) - EXACT.mean) / std
    assert_is_mean_of(standardised, 0, 1, effective_sample_size(standardised))
    correlation = EXACT.covariance / np.outer(std, std)
    assert np.abs(correlation - np.eye(3)).max() > 0.5
    products = standardised[..., :, None] * standardised[..., None, :]
    assert_is_mean_of(products, correlation, np.sqrt(1 + correlation**2), effective_sample_size(products))


def test_steps_so_large_that_half_are_refused_leave_the_posterior_exact():
    # Where nearly all are accepted a wrong test of acceptance would not show.
    settings = QUICK | {"n_chains": 64, "n_draws": 300, "target_acceptance": 0.5}
    chains = bnn.sample_hmc(MODEL, DATA, seed=3, **settings)
    assert 0.35 < chains.acceptance.mean() < 0.65
    std = np.sqrt(np.diag(EXACT.covariance))
    standardised = (chains.latents.astype(np.float64) - EXACT.mean) / std
    assert_is_mean_of(standardised, 0, 1, effective_sample_size(standardised))
    squares = standardised**2
    assert_is_mean_of(squares, 1, np.sqrt(2), effective_sample_size(squares))


def test_a_trajectory_that_leaves_the_finite_numbers_is_refused():
    start = tf.zeros([3, 2])
    block = compiled_block(MODEL)(
        start,
        tf.constant([[[0.01]] * 3, [[1e30]] * 3]),
        (tf.constant(2), tf.constant(3)),
        (tf.ones([2, 3, 2]), tf.fill([2, 2], -0.01)),
        OBSERVATIONS,
    )
    assert np.all(block.latents[0] != start)
    np.testing.assert_array_equal(block.latents[1], block.latents[0])
    np.testing.assert_array_equal(block.log_joints[1], block.log_joints[0])
    # It counts as a divergence, and is never accepted.
    assert np.all(np.exp(np.minimum(block.energy_gains[1], 0)) == 0)


def test_their_density_is_the_joint_density(chains):
    latents = tf.constant(chains.latents[:, -1].T, tf.float64)
    values, _ = log_joint_and_gradient(MODEL, latents, observe(MODEL, DATA, tf.float64))
    np.testing.assert_allclose(chains.log_joints[:, -1], values, rtol=1e-4)
    assert chains.log_joints.shape == (16, 200)


def test_the_warm_up_finds_step_and_masses(chains):
    assert 0.85 < chains.acceptance.mean() < 0.99
    assert chains.n_divergences == 0
    np.testing.assert_allclose(chains.scales, np.sqrt(np.diag(EXACT.covariance)), rtol=0.2)


def test_the_step_size_is_fixed_once_the_warm_up_is_over(monkeypatch):
    """Adapted while draws are kept, it would be one more variable that the chain depends on."""
    steps, advance = [], mcmc._Sampler.advance

    def watched(sampler, step_size, length, n_iterations=1):
        steps.append((step_size, length, n_iterations, sampler.scales.tolist()))
        return advance(sampler, step_size, length, n_iterations)

    monkeypatch.setattr(mcmc._Sampler, "advance", watched)
    chains = bnn.sample_hmc(MODEL, DATA, seed=0, n_chains=4, n_warmup=20, n_draws=23)
    warm_up, kept = steps[:20], steps[20:]
    assert len({step for step, *_ in warm_up}) > 10
    assert {step for step, *_ in kept} == {chains.step_size}
    assert {length for _, length, *_ in kept} == {1.0}
    assert all(scales == chains.scales.tolist() for *_, scales in kept)
    assert sum(n_iterations for *_, n_iterations, _ in kept) == 23


def test_ctrl_c_after_the_warm_up_keeps_the_draws_so_far(monkeypatch, capsys):
    arguments = {"seed": 0, "n_chains": 4, "n_warmup": 20, "n_draws": 23}
    whole = bnn.sample_hmc(MODEL, DATA, **arguments)
    monkeypatch.setattr(mcmc, "reached", lambda n: n == 10 and os.kill(os.getpid(), signal.SIGINT))
    chains = bnn.sample_hmc(MODEL, DATA, **arguments)
    assert (whole.outcome, chains.outcome) == ("finished", "interrupted")
    np.testing.assert_array_equal(chains.latents, whole.latents[:, :10])
    assert "Interrupted after 10 of 23 draws of each chain; they are kept." in capsys.readouterr().err


def test_ctrl_c_in_the_warm_up_ends_the_script(monkeypatch):
    def pressed(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(mcmc._Tuner, "learn", pressed)
    with pytest.raises(KeyboardInterrupt):
        bnn.sample_hmc(MODEL, DATA, seed=0, n_chains=4, n_warmup=20, n_draws=23)


def test_a_short_warm_up_is_enough_for_the_post_s_network():
    data = bnn.data.cosine_with_gap(seed=42)
    model = bnn.Model((1, 10, 10, 1), bnn.Gaussian(0.1), scaling=data.scaling)
    chains = bnn.sample_hmc(model, data, seed=0, n_chains=16, n_warmup=60, n_draws=20)
    assert 0.85 < chains.acceptance.mean() < 0.99
    # A step too large leaves chains where they are, in some narrow place.
    assert chains.acceptance.min() > 0.5


def test_a_learned_noise_has_its_exact_posterior():
    rng = np.random.default_rng(5)
    x = np.linspace(-1, 1, 15)
    data = bnn.dataset(x, 0.5 * x + rng.normal(0, 0.4, 15))
    model = bnn.Model((1, 1), bnn.Gaussian(bnn.LearnedNoise(1.0, 0.5)))
    chains = bnn.sample_hmc(model, data, seed=2, **QUICK)
    # The weights can be integrated out, and one dimension is left for a grid.
    grid = np.linspace(-4, 2, 2001)
    known = [bnn.Model((1, 1), bnn.Gaussian(float(np.exp(value)))) for value in grid]
    log_density = [linear_regression.exact(each, data).log_evidence for each in known]
    log_density += -0.5 * (grid / 0.5) ** 2
    weights = np.exp(log_density - logsumexp(log_density))
    mean = weights @ grid
    std = np.sqrt(weights @ (grid - mean) ** 2)
    draws = chains.latents[..., -1].astype(np.float64)
    n_effective = effective_sample_size(draws)
    assert_is_mean_of(draws, mean, std, n_effective)
    assert_is_mean_of((draws - mean) ** 2, std**2, 2 * std**2, n_effective)


def test_every_chain_may_have_data_of_its_own():
    shifted = np.where(np.arange(16) < 8, TARGETS[:, None], TARGETS[:, None] + 3)
    start = np.zeros((16, 3))
    chains = sample_chains(MODEL, with_targets(shifted), seed=3, start=start, lengths=(100, 200))
    intercepts = chains.latents[..., 2].astype(np.float64)
    std = np.sqrt(EXACT.covariance[2, 2])
    other = (
        EXACT.covariance
        @ EXACT.design.T
        @ (TARGETS + 3)
        / (MODEL.likelihood.noise_std / MODEL.scaling.y_scale) ** 2
    )
    for group, expected in ((intercepts[:8], EXACT.mean[2]), (intercepts[8:], other[2])):
        assert_is_mean_of(group, expected, std, effective_sample_size(group))


def test_groups_of_chains_are_chains_like_any(monkeypatch):
    # Data of its own for every chain, so that an exchange would show.
    own = with_targets(TARGETS[:, None] + np.arange(10))
    question = {"seed": 3, "start": np.zeros((10, 3)), "lengths": (1, 7)}
    expected = sample_chains(MODEL, own, **question)
    monkeypatch.setattr(mcmc, "GROUP", 4)
    found = sample_chains(MODEL, own, **question)
    np.testing.assert_allclose(found.latents, expected.latents, atol=2e-3)
    np.testing.assert_allclose(found.log_joints, expected.log_joints, rtol=1e-3, atol=0.02)
    assert found.latents.shape == (10, 7, 3)


def test_the_energy_error_falls_with_the_square_of_the_step():
    model = bnn.Model((1, 4, 1), bnn.Gaussian(0.3))
    rng = np.random.default_rng(4)
    x = rng.normal(size=(10, 1))
    start, momenta = rng.normal(size=(2, model.n_latents, 8)).astype(np.float32)
    errors = []
    for step in (0.02, 0.01):
        gains = compiled_block(model)(
            tf.constant(start),
            tf.fill([1, model.n_latents, 1], step),
            (tf.constant(1), tf.constant(round(0.2 / step))),
            (tf.constant(momenta[None]), tf.zeros([1, 8])),
            in_units(model, x, np.sin(x)),
        ).energy_gains
        errors.append(np.sqrt(np.mean(np.square(gains))))
    assert errors[1] > 1e-4
    assert 3 < errors[0] / errors[1] < 5


def test_a_seed_gives_the_same_chains_again(chains):
    again = bnn.sample_hmc(MODEL, DATA, seed=1, **QUICK)
    np.testing.assert_array_equal(again.latents, chains.latents)
    assert again.step_size == chains.step_size
    other = bnn.sample_hmc(MODEL, DATA, seed=2, **QUICK)
    assert np.all(other.latents[:, -1] != chains.latents[:, -1])


def test_draws_are_chosen_without_replacement(chains):
    draws = chains.draw(3200, seed=0)
    assert draws.shape == (3200, 3)
    np.testing.assert_array_equal(np.sort(draws, axis=0), np.sort(chains.latents.reshape(-1, 3), axis=0))
    with pytest.raises(ValueError, match="n_draws must be at most 3200, all that was drawn; got 3201"):
        chains.draw(3201, seed=0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"model": (1, 1)}, r"model must be a Model; got \(1, 1\). Make one as in"),
        ({"data": DATA.x}, "data must be a Dataset or LabelledImages; got .* Make one of arrays"),
        ({"n_chains": 0}, "n_chains must be a whole number, 1 or more; got 0"),
        ({"n_warmup": 1.5}, "n_warmup must be a whole number, 1 or more; got 1.5"),
        ({"n_draws": 0}, "n_draws must be a whole number"),
        ({"trajectory_length": 0}, "trajectory_length must be a finite number above zero; got 0"),
        ({"target_acceptance": 1}, "target_acceptance must be a number from 0 to 1, and not 1; got 1"),
        ({"start": np.zeros((2, 3))}, r"start must be \[n_chains, n_latents\] = \[128, 3\]; got \[2, 3\]"),
        ({"start": np.full((128, 3), 1e30)}, "start: the log density of chain 0 is not finite. Give the"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    arguments = {"model": MODEL, "data": DATA, "seed": 0} | arguments
    with pytest.raises(ValueError, match=message):
        bnn.sample_hmc(arguments.pop("model"), arguments.pop("data"), **arguments)
