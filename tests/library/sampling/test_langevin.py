"""Stochastic-gradient MCMC against closed forms: the posterior, and what its steps make of it."""

import itertools
import math
import os
import signal

import numpy as np
import pytest
from truths.chain_moments import moments
from truths.linear_regression import exact, problem

import bayesian_nn as bnn
from bayesian_nn.sampling.langevin import LangevinChains, sample_sghmc, sample_sgld
from bayesian_nn.training import driver

MODEL, DATA = problem()
TRUTH = exact(MODEL, DATA)
STIFFEST = np.linalg.eigvalsh(TRUTH.precision).max()
FEW_MODEL, FEW = problem(n_points=6)
FRICTION = 0.2


def sgld(relative, **arguments):
    """Chains with hλ/4 = `relative` along the narrowest direction; they diverge from 1 on."""
    return sample_sgld(
        MODEL, DATA, **{"seed": 0, "step_size": 4 * relative / STIFFEST, "n_steps": 6000} | arguments
    )


def sghmc(relative, **arguments):
    """Chains with e²λ / (4 - 2c) = `relative` along the narrowest direction; they diverge from 1 on."""
    # The step is in prior sds.
    step_size = math.sqrt((4 - 2 * FRICTION) * relative / STIFFEST) / MODEL.prior.std
    arguments = {"seed": 0, "step_size": step_size, "friction": FRICTION, "n_steps": 6000} | arguments
    return sample_sghmc(MODEL, DATA, **arguments)


def stationary(precision, relative):
    """The covariance of chains whose variance along a direction of precision λ is
    1/λ · 1 / (1 - `relative` · λ / the largest λ)."""
    values, vectors = np.linalg.eigh(precision)
    return vectors @ np.diag(1 / values / (1 - relative * values / values.max())) @ vectors.T


# --- all data


@pytest.mark.parametrize("relative", [0.02, 0.5])
@pytest.mark.parametrize("sampler", [sgld, sghmc])
def test_chains_have_the_mean_and_the_stationary_covariance(sampler, relative):
    (mean, mean_error), (covariance, error) = moments(sampler(relative).latents, TRUTH.mean)
    assert np.all(np.abs(mean) < 5 * mean_error)
    assert np.all(np.abs(covariance - stationary(TRUTH.precision, relative)) < 5 * error)
    # Bars small enough to see a bug, and the widening by a large step.
    assert np.all(mean_error < 0.03 * np.sqrt(np.diag(TRUTH.covariance)))
    assert np.all(np.diag(error) < 0.04 * np.diag(TRUTH.covariance))
    z = np.abs(covariance - TRUTH.covariance) / error
    assert np.all(z < 5) if relative == 0.02 else np.diag(z).max() > 20


def test_sghmc_without_memory_is_sgld():
    steps = math.sqrt(0.3 / STIFFEST)
    arguments = {"seed": 0, "n_steps": 50, "n_burn_in": 0, "thin": 1, "n_chains": 3}
    same = sample_sghmc(MODEL, DATA, step_size=steps / MODEL.prior.std, friction=1.0, **arguments)
    np.testing.assert_allclose(
        same.latents, sample_sgld(MODEL, DATA, step_size=2 * steps**2, **arguments).latents, rtol=1e-5
    )


# --- minibatches


def lyapunov(model, data, batch_size, times, friction):
    """The stationary covariance of the latents with independent minibatches, from the fixed point of
    V = E[A V Aᵀ] + E[b bᵀ] + Q: a step takes the state s, latents minus their mean and velocities, to
    A s + b + noise of covariance Q, with A and b a minibatch's own."""
    truth = exact(model, data)
    n_points, n_latents = truth.design.shape
    noise_std = model.likelihood.noise_std / model.scaling.y_scale
    targets = (data.y - model.scaling.y_shift) / model.scaling.y_scale
    identity, size = np.eye(n_latents), 2 * n_latents
    prior = identity / model.prior.std**2
    doubled, noise = np.zeros((size**2, size**2)), np.zeros((size, size))
    subsets = list(itertools.combinations(range(n_points), batch_size))
    for rows in map(list, subsets):
        design, weight = truth.design[rows], n_points / batch_size / noise_std**2
        slope = -weight * design.T @ design - prior
        at_mean = weight * design.T @ (targets[rows] - design @ truth.mean) - prior @ truth.mean
        velocity = np.hstack([times * slope, (1 - friction) * identity])
        step = np.vstack([np.hstack([identity, np.zeros_like(identity)]) + times * velocity, velocity])
        push = np.concatenate([times**2 * at_mean, times * at_mean])
        doubled += np.kron(step, step) / len(subsets)
        noise += np.outer(push, push) / len(subsets)
    spread = np.vstack([times * identity, identity])
    noise += 2 * friction * spread @ spread.T
    covariance = np.linalg.solve(np.eye(size**2) - doubled, noise.ravel()).reshape(size, size)
    return covariance[:n_latents, :n_latents]


@pytest.mark.parametrize(
    ("friction", "relative"), [(1.0, 0.02), (1.0, 0.2), (FRICTION, 0.01), (FRICTION, 0.03)]
)
def test_minibatches_widen_the_draws_by_what_their_gradient_varies(friction, relative):
    truth = exact(FEW_MODEL, FEW)
    times = math.sqrt((4 - 2 * friction) * relative / np.linalg.eigvalsh(truth.precision).max())
    arguments = {"seed": 0, "n_steps": 10_000, "batch_size": 2}
    if friction == 1:
        chains = sample_sgld(FEW_MODEL, FEW, step_size=2 * times**2, **arguments)
    else:
        chains = sample_sghmc(
            FEW_MODEL, FEW, step_size=times / FEW_MODEL.prior.std, friction=friction, **arguments
        )
    expected = lyapunov(FEW_MODEL, FEW, 2, times, friction)
    (mean, mean_error), (covariance, error) = moments(chains.latents, truth.mean)
    assert np.all(np.abs(mean) < 5 * mean_error)
    assert np.all(np.abs(covariance - expected) < 5 * error)
    assert np.all(np.diag(error) < 0.05 * np.diag(expected))
    # Wider than the posterior, and than the same steps with all the data.
    with_all = np.diag(stationary(truth.precision, relative))
    excess = np.diag(expected) / with_all - 1
    assert np.all(excess > 0.01)
    if relative > 0.02:
        assert np.all(excess > 0.15)
        assert np.all(np.diag(covariance) - with_all > 3 * np.diag(error))


def test_the_closed_forms_agree():
    for friction, relative in ((1.0, 0.5), (FRICTION, 0.3)):
        times = math.sqrt((4 - 2 * friction) * relative / STIFFEST)
        whole = lyapunov(MODEL, DATA, DATA.n_points, times, friction)
        np.testing.assert_allclose(whole, stationary(TRUTH.precision, relative), atol=1e-12)


# --- the default step


def test_the_default_step_leaves_the_variance_right_within_a_tenth():
    chains = sample_sghmc(MODEL, DATA, seed=0, n_steps=10_000, n_chains=128)
    _, (covariance, error) = moments(chains.latents, TRUTH.mean)
    variances = np.diag(TRUTH.covariance)
    assert np.all(np.diag(error) < 0.03 * variances)
    assert np.all(np.abs(np.diag(covariance) - variances) < 0.1 * variances)


def test_a_step_is_in_prior_sds():
    """Of a model whose prior is another unit, chains are the same in that unit."""
    arguments = {"seed": 0, "step_size": 0.01, "n_steps": 40, "n_burn_in": 0, "thin": 10, "n_chains": 3}
    few = bnn.dataset([0.0, 1.0], [0.0, 1.0])
    chains = {}
    for std in (1.0, 4.0):
        # Noise so wide that the prior alone counts.
        model = bnn.Model((1, 1), bnn.Gaussian(1e6), bnn.GaussianPrior(std))
        chains[std] = sample_sghmc(model, few, start=np.full((3, 2), 0.5 * std), **arguments).latents
    np.testing.assert_allclose(chains[4.0], 4 * chains[1.0], rtol=1e-4)


# --- what is kept


def test_a_seed_is_a_set_of_chains():
    first, again, other = (sghmc(0.1, seed=seed, n_steps=300, n_chains=4, batch_size=7) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first.latents, again.latents)
    assert np.all(first.latents != other.latents)
    # Not only another start: from the same one, other noise.
    start = np.zeros((4, 3))
    same_start = [sghmc(0.1, seed=seed, n_steps=300, n_chains=4, start=start).latents for seed in (4, 5)]
    assert np.all(same_start[0] != same_start[1])
    # And chains from one start are different ones.
    assert len(np.unique(same_start[0][:, -1, 0])) == 4


def test_burn_in_and_thinning_choose_steps_and_do_not_change_them():
    # Blocks have 250 steps here.
    path = sghmc(0.1, n_steps=600, n_burn_in=0, thin=1, n_chains=2).latents
    assert path.shape == (2, 600, 3)
    for n_steps, n_burn_in, thin in ((600, 100, 7), (600, None, 10), (599, 0, 599), (251, 250, 1), (9, 3, 6)):
        kept = sghmc(0.1, n_steps=n_steps, n_burn_in=n_burn_in, thin=thin, n_chains=2)
        begin = n_steps // 2 if n_burn_in is None else n_burn_in
        np.testing.assert_array_equal(kept.latents, path[:, begin:n_steps][:, thin - 1 :: thin])
        assert kept.latents.shape[1] == len(kept.step_sizes)


def test_draws_are_kept_latents_weighted_by_their_step_size():
    latents = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    chains = LangevinChains(MODEL, latents, np.ones(3))
    draws = chains.draw(6, seed=0)
    np.testing.assert_array_equal(np.sort(draws[:, 0]), latents[..., 0].ravel())
    np.testing.assert_array_equal(draws[:, 1], draws[:, 0] + 1)
    np.testing.assert_array_equal(draws, chains.draw(6, seed=0))
    chains = LangevinChains(MODEL, latents, np.array([3.0, 2.0, 1.0]))
    # Many at once, and as many as there are.
    as_many = np.concatenate([chains.draw(6, seed=k) for k in range(1000)])
    for weighted in (chains.draw(6000, seed=0), as_many):
        share = np.mean(weighted[:, :1] == latents[..., 0].ravel(), axis=0)
        expected = np.tile([3, 2, 1], 2) / 12
        assert np.all(np.abs(share - expected) < 5 * np.sqrt(expected * (1 - expected) / 6000))


def test_a_schedule_s_steps_are_used_and_kept():
    schedule = bnn.StepDecay(1e-3, factor=0.1, every=200)
    chains = sghmc(0.1, step_size=schedule, n_steps=600, n_burn_in=0, thin=100, n_chains=50)
    np.testing.assert_allclose(chains.step_sizes, [1e-3, 1e-3, 1e-4, 1e-4, 1e-5, 1e-5], rtol=1e-6)
    moved = np.abs(np.diff(chains.latents, axis=1)).mean(axis=(0, 2))
    # A hundred steps go as far as they are long.
    np.testing.assert_allclose(moved[[2, 4]] / moved[0], [0.1, 0.01], rtol=0.5)


def test_the_post_s_network_is_learned_with_the_default_step():
    data = bnn.data.cosine_with_gap(seed=42)
    model = bnn.Model((1, 10, 10, 1), bnn.Gaussian(0.1), scaling=data.scaling)
    chains = sample_sghmc(model, data, seed=0, n_steps=4000, n_chains=16)
    elsewhere = bnn.data.cosine_with_gap(seed=7, n_points=1000)
    predicted = bnn.predict(chains, elsewhere.x, n_draws=500, seed=1)
    assert predicted.log_density(elsewhere.y).mean() >= 0.7


def test_ctrl_c_after_the_burn_in_keeps_what_was_kept(monkeypatch, capsys):
    whole = sghmc(0.1, n_steps=600, n_burn_in=100, thin=10, n_chains=2)
    with monkeypatch.context() as patch:
        patch.setattr(driver, "reached", lambda step: os.kill(os.getpid(), signal.SIGINT))
        chains = sghmc(0.1, n_steps=600, n_burn_in=100, thin=10, n_chains=2)
        with pytest.raises(KeyboardInterrupt):
            sghmc(0.1, n_steps=600, n_burn_in=300, thin=10, n_chains=2)
    assert (whole.outcome, chains.outcome) == ("finished", "interrupted")
    np.testing.assert_array_equal(chains.latents, whole.latents[:, :15])
    assert len(chains.step_sizes) == 15
    assert "Interrupted after step 250 of 600" in capsys.readouterr().err


# --- what is refused


def test_too_large_a_step_is_told_with_its_value_and_the_remedy():
    message = r"Of 64 chains .* at step \d+\. step_size {} is too large .* Try {}, or a start nearer"
    with pytest.raises(bnn.DivergedError, match=message.format(r"0\.0342", r"0\.00856")):
        sgld(1.5)
    with pytest.raises(bnn.DivergedError, match=message.format(r"0\.117", r"0\.0585")):
        sghmc(1.5)
    start = [[0, 0, 0], [3e38, 3e38, 3e38]]
    with pytest.raises(bnn.DivergedError, match=r"Of 2 chains .* at step 0\.") as caught:
        sghmc(0.1, n_chains=2, n_steps=3, thin=1, start=start)
    assert caught.value.result is None


def test_chains_that_diverge_keep_what_was_finite():
    steps = bnn.StepDecay(1e-3, factor=1e-30, every=500)
    usual = sghmc(0.1, step_size=steps, n_steps=300, n_burn_in=0, thin=10, n_chains=2)
    with pytest.raises(bnn.DivergedError) as caught:
        sghmc(0.1, step_size=Explosion(275), n_steps=300, n_burn_in=0, thin=10, n_chains=2)
    found = caught.value.result
    assert found.outcome == "diverged"
    np.testing.assert_array_equal(found.latents, usual.latents[:, :27])


class Explosion:
    """A step that is small until it is not."""

    def __init__(self, step):
        self.step = step

    def rates(self, n_steps):
        return np.where(np.arange(n_steps) == self.step, 1e30, 1e-3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1}, "seed must be a whole number, 0 or more; got -1"),
        ({"n_steps": 0}, "n_steps must be a whole number, 1 or more; got 0"),
        ({"n_chains": 0}, "n_chains must be .* got 0"),
        ({"thin": 0}, "thin must be .* got 0"),
        ({"n_burn_in": -1}, "n_burn_in must be a whole number, 0 or more; got -1"),
        ({"n_steps": 100, "n_burn_in": 95}, "n_steps=100 leaves nothing after n_burn_in=95 .* at least 105"),
        ({"step_size": -0.1}, "step_size must be a finite number above zero; got -0.1"),
        ({"friction": 0}, "friction must be a number from 0 to 1, and not 0; got 0"),
        ({"batch_size": 31}, "batch_size must be at most 30, the observations; got 31"),
        ({"start": np.zeros(3)}, r"start must be \[n_chains, n_latents\] = \[64, 3\]; got \[3\]"),
        ({"start": np.full((64, 3), np.nan)}, "start has 192 values that are not finite"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        sghmc(0.1, **arguments)


def test_no_draws_are_refused():
    with pytest.raises(ValueError, match="n_draws must be a whole number, 1 or more; got 0"):
        LangevinChains(MODEL, np.zeros((1, 1, 3)), np.ones(1)).draw(0, seed=0)
