"""Microcanonical Langevin Monte Carlo against closed forms: the posterior, its dynamics, and its steps."""

import os
import signal

import numpy as np
import pytest
from truths.chain_moments import moments
from truths.linear_regression import exact, problem

from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.sampling import microcanonical
from bayesian_nn.sampling.microcanonical import MicrocanonicalChains, sample_mclmc
from bayesian_nn.training import driver

MODEL, DATA = problem()
TRUTH = exact(MODEL, DATA)
FEW = {"n_steps": 300, "n_burn_in": 100, "thin": 10, "n_chains": 3}


def sample(**arguments):
    return sample_mclmc(MODEL, DATA, **{"seed": 0} | arguments)


# --- the posterior


def test_chains_have_the_exact_mean_and_covariance():
    chains = sample(n_chains=64, n_steps=6000, thin=5)
    (mean, mean_error), (covariance, error) = moments(chains.latents, TRUTH.mean)
    assert np.all(np.abs(mean) < 5 * mean_error)
    assert np.all(np.abs(covariance - TRUTH.covariance) < 5 * error)
    # Bars small enough to see a bug.
    assert np.all(np.diag(error) < 0.03 * np.diag(TRUTH.covariance))


def test_a_looser_step_is_longer_and_wider():
    """The variance of the lost energy grows with the sixth power of the step."""
    tight, loose = (sample(energy_variance=variance, n_steps=3000) for variance in (5e-4, 5e-2))
    ratio = np.median(loose.step_sizes) / np.median(tight.step_sizes)
    assert 0.8 * 100 ** (1 / 6) < ratio < 1.25 * 100 ** (1 / 6)
    variances = np.diag(TRUTH.covariance)
    widths = [np.var(chains.latents, axis=(0, 1)) / variances for chains in (tight, loose)]
    assert np.all(np.abs(widths[0] - 1) < 0.1)
    assert widths[1].mean() > widths[0].mean()


def test_the_length_is_the_spread_of_the_chain_s_own_latents():
    chains = sample(n_chains=64, n_steps=9000)
    spread = np.sqrt(np.trace(TRUTH.covariance)) / MODEL.prior.std
    np.testing.assert_allclose(np.median(chains.lengths), spread, rtol=0.1)


# --- the dynamics


def test_a_turn_is_the_solution_of_its_equation():
    """du/dt = (1 - u uᵀ) g / (d - 1), and the kinetic energy the integral of u · g."""
    random = np.random.default_rng(0)
    gradient, directions = random.standard_normal((2, 4, 1)) * [[[3.0]], [[1.0]]]
    directions /= np.linalg.norm(directions)
    u, energy, n_small = directions.copy(), 0.0, 20_000
    for _ in range(n_small):
        middle = u + 0.5 / n_small * (gradient - u * np.sum(u * gradient)) / 3
        energy += np.sum(middle * gradient) / n_small
        u = u + (gradient - middle * np.sum(middle * gradient)) / 3 / n_small
    turned, kinetic = microcanonical._turned(
        tf.constant(directions), tf.constant(gradient), tf.constant([1.0], tf.float64)
    )
    np.testing.assert_allclose(turned.numpy(), u, rtol=1e-6)
    np.testing.assert_allclose(kinetic.numpy(), [energy], rtol=1e-6)


def test_a_turn_of_a_wall_is_finite():
    """Where the gradient is so steep that cosh overflows, the direction is the gradient's."""
    gradient = tf.constant([[3e7], [0.0], [0.0]])
    back = tf.constant([[-0.6], [0.8], [0.0]])
    turned, kinetic = microcanonical._turned(back, gradient, tf.constant([1.0]))
    np.testing.assert_allclose(turned.numpy(), [[1.0], [0.0], [0.0]], atol=1e-6)
    np.testing.assert_allclose(kinetic.numpy(), [3e7], rtol=1e-3)


def test_chains_far_out_find_their_way():
    """Where log p has a million nats single precision rounds them: no step is blamed for it, and shrinks."""
    chains = sample(start=np.full((8, 3), 20.0), n_chains=8, n_steps=9000)
    late = chains.latents[:, chains.latents.shape[1] // 2 :]
    distance = np.abs(late.mean(axis=(0, 1)) - TRUTH.mean)
    assert np.all(distance < 0.5 * np.sqrt(np.diag(TRUTH.covariance)))
    assert chains.n_taken_back == 0


# --- what is kept


def test_a_seed_is_a_set_of_chains():
    first, again, other = (sample(**FEW, seed=seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first.latents, again.latents)
    assert np.all(first.latents != other.latents)
    same_start = [sample(**FEW, seed=seed, start=np.zeros((3, 3))).latents for seed in (4, 5)]
    assert np.all(same_start[0] != same_start[1])
    assert len(np.unique(same_start[0][:, -1, 0])) == 3


def test_thinning_chooses_steps_and_does_not_change_them():
    path = sample(**FEW | {"thin": 1}).latents
    assert path.shape == (3, 200, 3)
    np.testing.assert_array_equal(sample(**FEW).latents, path[:, 9::10])
    # By default a third burns in.
    assert sample(n_steps=300, n_chains=3, thin=10).latents.shape == (3, 20, 3)


def test_draws_are_kept_latents_each_at_most_once_while_there_are_enough():
    latents = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    chains = MicrocanonicalChains(MODEL, latents, np.ones(2), np.ones(2), 0)
    np.testing.assert_array_equal(np.sort(chains.draw(6, seed=0)[:, 0]), latents[..., 0].ravel())
    assert chains.draw(9, seed=0).shape == (9, 2)


def test_ctrl_c_after_the_burn_in_keeps_what_was_kept(monkeypatch, capsys):
    arguments = {"n_steps": 600, "n_burn_in": 100, "thin": 10, "n_chains": 2}
    whole = sample(**arguments)
    with monkeypatch.context() as patch:
        patch.setattr(driver, "reached", lambda step: os.kill(os.getpid(), signal.SIGINT))
        chains = sample(**arguments)
        with pytest.raises(KeyboardInterrupt):
            sample(**arguments | {"n_burn_in": 300})
    assert (whole.outcome, chains.outcome) == ("finished", "interrupted")
    np.testing.assert_array_equal(chains.latents, whole.latents[:, :15])
    assert "Interrupted after step 250 of 600" in capsys.readouterr().err


# --- what is refused


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1}, "seed must be a whole number, 0 or more; got -1"),
        ({"n_steps": 0}, "n_steps must be a whole number, 1 or more; got 0"),
        ({"n_chains": 0}, "n_chains must be .* got 0"),
        ({"thin": 0}, "thin must be .* got 0"),
        ({"n_burn_in": 1}, "n_burn_in must be a whole number, 2 or more; got 1"),
        ({"n_steps": 100, "n_burn_in": 95}, "n_steps=100 leaves nothing after n_burn_in=95 .* at least 115"),
        ({"energy_variance": 0}, "energy_variance must be a finite number above zero; got 0"),
        ({"start": np.zeros(3)}, r"start must be \[n_chains, n_latents\] = \[16, 3\]; got \[3\]"),
        ({"start": np.full((16, 3), 3e38)}, "start: the log joint density of 16 of 16 chains is not finite"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with np.errstate(all="ignore"), pytest.raises(ValueError, match=message):
        sample(**arguments)
