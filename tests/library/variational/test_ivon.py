"""IVON: its steps against the paper's, and its end against the mean-field optimum in closed form."""

import os
import signal

import numpy as np
import pytest
from truths.linear_regression import exact, problem

import bayesian_nn as bnn
from bayesian_nn.runtime.random_streams import IVON
from bayesian_nn.training import driver
from bayesian_nn.training.method import normal_noise
from bayesian_nn.variational.ivon import fit_ivon

MODEL, DATA = problem()
TRUTH = exact(MODEL, DATA)


class Explosion:
    """A rate that is small until it is not."""

    def __init__(self, step):
        self.step = step

    def rates(self, n_steps):
        return np.where(np.arange(n_steps) == self.step, 1e38, 0.01)


def fit(**arguments):
    return fit_ivon(MODEL, DATA, **{"seed": 0} | arguments)


def test_a_few_steps_are_those_of_the_paper():
    """Algorithm 1 in the paper's own units: the loss is a mean over the data, whose number is λ."""
    n_steps, n_draws, rate, beta1, beta2 = 4, 3, 0.3, 0.8, 0.9
    arguments = {"n_draws": n_draws, "learning_rate": rate, "beta1": beta1, "beta2": beta2}
    done = fit(n_steps=n_steps, initial_std=0.05, start=[[0.1, 0.2, -0.3]], **arguments)
    length = 250
    noise = normal_noise(0, (3, 1, n_draws), IVON)(0, length)
    count = DATA.n_points
    decay = 1 / count / MODEL.prior.std**2
    hessian = (TRUTH.precision - np.eye(3) / MODEL.prior.std**2) / count
    mean, momentum = np.array([0.1, 0.2, -0.3]), np.zeros(3)
    curvature = np.full(3, 1 / count / 0.05**2) - decay
    for step in range(n_steps):
        std = 1 / np.sqrt(count * (curvature + decay))
        weights = mean + std * noise[step, :, 0].numpy().T
        # Of the mean loss, whose slope is zero where hessian · w = precision · mean / count.
        slopes = weights @ hessian - TRUTH.precision @ TRUTH.mean / count
        estimate = np.mean(slopes * (weights - mean) / std**2, axis=0)
        momentum = beta1 * momentum + (1 - beta1) * slopes.mean(axis=0)
        curvature = (
            beta2 * curvature
            + (1 - beta2) * estimate
            + 0.5 * (1 - beta2) ** 2 * (curvature - estimate) ** 2 / (curvature + decay)
        )
        debiased = momentum / (1 - beta1 ** (step + 1))
        mean = mean - rate * (debiased + decay * mean) / (curvature + decay)
    np.testing.assert_allclose(done.means[0], mean, rtol=1e-4)
    np.testing.assert_allclose(done.stds[0], 1 / np.sqrt(count * (curvature + decay)), rtol=1e-4)


@pytest.mark.parametrize("batch_size", [None, 10])
def test_it_ends_at_the_mean_field_optimum(batch_size):
    if batch_size is None:
        fits = [fit(n_draws=10, n_restarts=64)]
    else:
        # Restarts share their minibatches, and only fits of several seeds are independent.
        fits = [fit(n_draws=10, seed=seed, batch_size=batch_size) for seed in range(16)]
    means, stds = (np.concatenate([getattr(found, name) for found in fits]) for name in ("means", "stds"))
    for values, expected in ((means, TRUTH.mean), (stds, TRUTH.mean_field_std)):
        error = values.std(axis=0, ddof=1) / np.sqrt(len(values))
        # The curvature is too large by about ½ (1 - b₂) Var[ĥ] s², here a thousandth of it or two.
        assert np.all(np.abs(values.mean(axis=0) - expected) < 5 * error + 0.002 * TRUTH.mean_field_std)
        assert np.all(error < 0.04 * TRUTH.mean_field_std)
    # The inputs are correlated, so that the exact marginal sds are others.
    assert np.all(np.sqrt(np.diag(TRUTH.covariance))[:2] > 1.2 * stds.mean(axis=0)[:2])


@pytest.mark.parametrize("batch_size", [None, 10])
def test_the_recorded_elbo_is_the_elbo(batch_size):
    found = fit(n_restarts=8, batch_size=batch_size)
    # The rate is nearly zero by then, so that the steps differ only in their draws and minibatches.
    late = found.elbos[-300:].mean(axis=1)
    error = late.std() / np.sqrt(300)
    assert error < (0.05 if batch_size is None else 0.6)
    assert abs(late.mean() - TRUTH.mean_field_elbo) < 5 * error + 0.01
    parameters = found.posterior.parameters(found.means, found.stds)
    estimate = bnn.objectives.estimate_elbo(MODEL, found.posterior, parameters, DATA, seed=7, n_draws=20_000)
    assert np.all(np.abs(estimate.elbo - TRUTH.mean_field_elbo) < 5 * estimate.standard_error + 0.1)
    assert np.all(np.abs(found.elbos[0] - TRUTH.mean_field_elbo) > 5)


def test_what_a_fit_is():
    found = fit(n_steps=1000, n_restarts=3, learning_rate=0.05)
    assert found.elbos.shape == (1000, 3)
    assert found.best == np.argmax(found.final_elbos)
    q = found.posterior.distribution(found.parameters)
    np.testing.assert_allclose(q.mean(), found.means[found.best], rtol=1e-5)
    np.testing.assert_allclose(q.stddev(), found.stds[found.best], rtol=1e-5)
    estimate = bnn.objectives.estimate_elbo(MODEL, found.posterior, found.parameters, DATA, seed=7)
    assert abs(estimate.elbo - found.final_elbos[found.best]) < 5 * 1.5 * estimate.standard_error
    draws = found.draw(4000, seed=3)
    assert draws.shape == (4000, 3)
    assert np.all(np.abs(draws.mean(axis=0) - q.mean()) < 5 * q.stddev() / np.sqrt(4000))
    np.testing.assert_allclose(draws.std(axis=0), q.stddev(), rtol=5 / np.sqrt(2 * 4000))
    np.testing.assert_array_equal(draws, found.draw(4000, seed=3))
    assert np.all(draws != found.draw(4000, seed=4))


def test_a_seed_is_a_fit():
    first, again, other = (fit(n_steps=300, n_restarts=2, batch_size=7, seed=seed) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first.means, again.means)
    np.testing.assert_array_equal(first.elbos, again.elbos)
    start = np.zeros((2, 3))
    same_start = [fit(n_steps=300, n_restarts=2, start=start, seed=seed) for seed in (4, 5)]
    assert np.all(same_start[0].means != same_start[1].means)
    assert np.all(same_start[0].means[0] != same_start[0].means[1])
    assert np.all(first.means != other.means)


def test_the_post_s_network_is_learned():
    data = bnn.data.cosine_with_gap(seed=42)
    model = bnn.Model((1, 10, 10, 1), bnn.Gaussian(0.1), scaling=data.scaling)
    found = fit_ivon(model, data, seed=0, n_restarts=8)
    assert np.median(found.final_elbos) >= -130
    latents = found.draw(500, seed=1)
    elsewhere = bnn.data.cosine_with_gap(seed=7, n_points=1000)
    assert bnn.prediction.predict_draws(model, latents, elsewhere.x).log_density(elsewhere.y).mean() >= 0.7


def test_learned_noise_and_priors_of_their_own_are_found():
    random = np.random.default_rng(1)
    x = random.uniform(-5, 15, 200)
    data = bnn.dataset(x, 3 + 2 * x + random.normal(0, 1.7, 200))
    noise_std = bnn.LearnedNoise(median=10.0)
    model = bnn.Model(
        (1, 1),
        bnn.Gaussian(noise_std),
        prior=((bnn.GaussianPrior(10.0), bnn.GaussianPrior(5.0)),),
        scaling=data.scaling,
    )
    found = fit_ivon(model, data, seed=0, n_draws=20)
    residuals = data.y - np.polyval(np.polyfit(x, data.y, 1), x)
    # The posterior of log sd has sd 1 / sqrt(2n) = 0.05, around the residuals' own.
    assert abs(found.means[0, -1] - np.log(residuals.std())) < 0.02
    np.testing.assert_allclose(found.stds[0, -1], 0.05, rtol=0.1)


def test_a_fit_that_diverges_says_so_and_keeps_what_was_finite():
    message = r"no ELBO was finite at step 0\. Use .* learning_rate \(at most 0\.5 here\), .* a start nearer"
    with pytest.raises(bnn.DivergedError, match=message):
        fit(n_steps=10, learning_rate=0.5, start=[[3e38, 3e38, 3e38]])
    with pytest.raises(bnn.DivergedError, match="at step 21") as caught:
        fit(n_steps=30, learning_rate=Explosion(20), record_at=range(31))
    found = caught.value.result
    assert (found.outcome, len(found.elbos)) == ("diverged", 21)
    np.testing.assert_array_equal(found.recorded_steps, range(21))
    assert np.isfinite(found.recorded_parameters).all()
    # One that does not diverge is a result.
    found = fit(n_restarts=2, n_steps=500, start=[[3e38, 3e38, 3e38], [0, 0, 0]])
    assert found.best == 1
    assert np.isfinite(found.parameters).all()


def test_what_is_recorded_at_a_step_is_what_a_fit_of_so_many_steps_ends_with():
    arguments = {"learning_rate": 0.05, "n_restarts": 2}
    whole = fit(n_steps=300, record_at=[0, 100, 260], **arguments)
    np.testing.assert_array_equal(whole.recorded_steps, [0, 100, 260, 300])
    for place, n_steps in ((1, 100), (2, 260)):
        short = fit(n_steps=n_steps, **arguments)
        np.testing.assert_array_equal(whole.recorded_parameters[place], short.recorded_parameters[-1])
    np.testing.assert_array_equal(whole.path[-1], whole.parameters)


def test_ctrl_c_keeps_what_was_found(monkeypatch, capsys):
    monkeypatch.setattr(driver, "reached", lambda step: os.kill(os.getpid(), signal.SIGINT))
    found = fit(n_steps=600, learning_rate=0.05)
    assert (found.outcome, len(found.elbos), found.recorded_steps[-1]) == ("interrupted", 250, 250)
    assert "Interrupted after step 250 of 600" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1}, "seed must be a whole number, 0 or more; got -1"),
        ({"n_steps": 0}, "n_steps must be a whole number, 1 or more; got 0"),
        ({"n_draws": 0}, "n_draws must be .* got 0"),
        ({"n_restarts": 0}, "n_restarts must be .* got 0"),
        ({"learning_rate": 0}, "learning_rate must be a finite number above zero; got 0"),
        ({"beta1": 1}, "beta1 must be a number from 0 to 1, and not 1; got 1"),
        ({"beta2": 1}, "beta2 must be a number from 0 to 1, and not 1; got 1"),
        ({"initial_std": 0}, "initial_std must be a finite number above zero; got 0"),
        ({"initial_std": 2}, r"initial_std must be below 1\.5, the smallest sd of the prior, .* got 2"),
        ({"batch_size": 31}, "batch_size must be at most 30, the observations; got 31"),
        ({"start": np.zeros(3)}, r"start must be \[n_restarts, n_latents\] = \[1, 3\]; got \[3\]"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        fit(**arguments)


def test_no_draws_are_refused():
    with pytest.raises(ValueError, match="n_draws must be a whole number, 1 or more; got 0"):
        fit(n_steps=1).draw(0, seed=0)
