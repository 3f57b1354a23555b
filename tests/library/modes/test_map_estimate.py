"""The posterior's mode: the closed form's, and the post's network's."""

import contextlib
import os
import signal
import warnings

import numpy as np
import pytest
import tensorflow as tf
from truths.linear_regression import exact, problem

import bayesian_nn as bnn
from bayesian_nn.model.log_joint import log_joint
from bayesian_nn.model.observations import observe
from bayesian_nn.modes import map_estimate
from bayesian_nn.modes.lbfgs import Bottom
from bayesian_nn.modes.map_estimate import find_map

POST = bnn.data.cosine_with_gap(seed=42)
POST_MODEL = bnn.Model((1, 10, 10, 1), bnn.Gaussian(0.1), scaling=POST.scaling)


def test_without_a_hidden_layer_the_mode_is_the_exact_mean():
    model, data = problem()
    truth = exact(model, data)
    estimate = find_map(model, data, seed=0, n_restarts=3)
    np.testing.assert_allclose(estimate.mode, truth.mean, atol=1e-6)
    np.testing.assert_allclose(estimate.latents, [truth.mean] * 3, atol=1e-4)
    # log p(y, mean) = log p(y) + log p(mean | y), and the posterior is a Gaussian.
    at_mean = -0.5 * np.linalg.slogdet(2 * np.pi * truth.covariance)[1]
    np.testing.assert_allclose(estimate.log_joints, truth.log_evidence + at_mean, rtol=1e-6)


def test_learned_noise_has_its_mode_where_the_residuals_and_the_prior_put_it():
    random = np.random.default_rng(1)
    x = random.uniform(-5, 15, 200)
    data = bnn.dataset(x, 3 + 2 * x + random.normal(0, 1.7, 200))
    model = bnn.Model(
        (1, 1),
        bnn.Gaussian(bnn.LearnedNoise(median=10.0)),
        prior=bnn.GaussianPrior(10.0),
        scaling=data.scaling,
    )
    estimate = find_map(model, data, seed=0)
    residuals = data.y - bnn.prediction.predict_draws(model, estimate.mode[None], data.x).draws[0]
    log_noise = estimate.mode[-1]
    # d/d log noise_std of the log joint: -n + sum of squares / noise_std² - (log noise_std - log median).
    slope = -200 + np.sum(residuals**2) * np.exp(-2 * log_noise) - (log_noise - np.log(10.0))
    assert abs(slope) < 1e-3
    assert log_noise == pytest.approx(np.log(1.7), abs=0.15)


def test_the_best_mode_is_stationary_and_the_best():
    estimate = find_map(POST_MODEL, POST, seed=0, n_steps=500, n_restarts=4)
    observations = observe(POST_MODEL, POST, tf.float64)
    np.testing.assert_allclose(
        log_joint(POST_MODEL, estimate.latents, observations), estimate.log_joints, rtol=1e-12
    )
    assert estimate.best == np.argmax(estimate.log_joints)
    assert estimate.slope <= 1e-4

    def height(latents):
        return log_joint(POST_MODEL, latents, observations).numpy()

    def slopes(latents, step=1e-5):
        shifted = np.eye(len(latents)) * step
        return (height(latents + shifted) - height(latents - shifted)) / (2 * step)

    assert np.abs(slopes(estimate.mode)).max() == pytest.approx(estimate.slope, abs=1e-5)
    # Adam alone does not get there.
    others = np.delete(estimate.latents, estimate.best, axis=0)
    assert all(np.abs(slopes(latents)).max() > 0.01 for latents in others)
    # And it is a top, not a saddle: no small step leads up.
    steps = np.random.default_rng(0).normal(size=(200, len(estimate.mode)))
    assert np.all(height(estimate.mode + 1e-2 * steps) < height(estimate.mode))
    assert (
        bnn.scores.rmse(
            bnn.prediction.predict_draws(POST_MODEL, estimate.mode[None], POST.x).mean, POST.truth(POST.x)
        )
        < 0.07
    )


def test_the_restart_that_is_climbed_to_the_top_is_the_best():
    good = find_map(POST_MODEL, POST, seed=0, n_steps=500, n_restarts=4).latents[-1]
    # Weights of zero stay at zero: a flat line for ever.
    start = np.stack([np.zeros_like(good), good])
    estimate = find_map(POST_MODEL, POST, seed=0, n_steps=50, n_restarts=2, start=start)
    assert estimate.best == 1
    np.testing.assert_array_equal(estimate.latents[0, :-1], 0.0)
    assert estimate.log_joints[1] > estimate.log_joints[0] + 100
    # Laplace's approximation refuses what is not at a top.
    bnn.fit_laplace(POST_MODEL, POST, estimate)
    with pytest.raises(ValueError, match="estimate is not at a mode"):
        bnn.fit_laplace(POST_MODEL, POST, good)
    fitted = bnn.prediction.predict_draws(POST_MODEL, estimate.mode[None], POST.x).mean
    assert bnn.scores.rmse(fitted, POST.truth(POST.x)) < 0.07


def test_a_seed_is_an_estimate_and_a_start_is_used():
    model, data = bnn.Model((1, 3, 1), bnn.Gaussian(0.1), scaling=POST.scaling), POST
    arguments = {"n_steps": 100, "n_restarts": 2}
    first, again, other = (find_map(model, data, seed=seed, **arguments) for seed in (4, 4, 5))
    np.testing.assert_array_equal(first.latents, again.latents)
    assert np.all(first.latents != other.latents)
    going_on = find_map(
        model, data, seed=0, n_steps=1, n_restarts=1, start=first.mode[None], optimizer=bnn.Adam(1e-6)
    )
    np.testing.assert_allclose(going_on.mode, first.mode, atol=1e-3)


def test_without_steps_the_nearest_mode_is_reached_from_the_start():
    first = find_map(POST_MODEL, POST, seed=0, n_steps=500, n_restarts=2)
    for size in (1e-3, 0.03):
        near = first.mode + size * np.random.default_rng(0).normal(size=first.mode.shape)
        with pytest.raises(ValueError, match=r"start=estimate\[None\], n_steps=0\)"):
            bnn.fit_laplace(POST_MODEL, POST, near)
        again = find_map(POST_MODEL, POST, seed=3, n_steps=0, n_restarts=1, start=near[None])
        np.testing.assert_allclose(again.mode, first.mode, atol=0.01)
        assert again.log_joints[0] == pytest.approx(first.log_joints.max(), abs=1e-3)
        bnn.fit_laplace(POST_MODEL, POST, again)


def test_what_is_not_at_a_mode_is_said_and_the_remedy_goes_on_from_there(monkeypatch):
    monkeypatch.setattr(map_estimate, "MOST_STEPS", 10)
    estimate, heights = None, []
    for _ in range(3):
        start = None if estimate is None else estimate.mode[None]
        with pytest.warns(bnn.modes.ModeNotReachedWarning, match=r"in 1\d steps: a step .* n_steps=0"):
            estimate = find_map(POST_MODEL, POST, seed=0, n_steps=0, n_restarts=1, start=start)
        heights.append(estimate.log_joints[0])
    assert np.all(np.diff(heights) > 0)
    with pytest.raises(ValueError, match=r"start=estimate.mode\[None\], n_steps=0\)"):
        bnn.fit_laplace(POST_MODEL, POST, estimate)
    monkeypatch.undo()
    at_mode = find_map(POST_MODEL, POST, seed=0, n_restarts=1, start=estimate.mode[None], n_steps=0)
    bnn.fit_laplace(POST_MODEL, POST, at_mode)


def test_a_slope_at_which_rounding_ends_it_is_told(monkeypatch):
    def ended(function, position, **_):
        # As where a noise sd shrinks without end: no step goes up, and the slope is steep.
        return Bottom(position, *function(position), 1)

    monkeypatch.setattr(map_estimate, "minimise", ended)
    with pytest.warns(bnn.modes.ModeNotReachedWarning, match=r"would gain .* Rounding .* give a known one"):
        find_map(POST_MODEL, POST, seed=0, n_steps=0, n_restarts=1)


def test_it_warns_where_laplace_refuses_and_nowhere_else(monkeypatch):
    told = []
    at_mode = find_map(POST_MODEL, POST, seed=0, n_steps=500, n_restarts=1).mode
    start = at_mode + 0.01 * np.random.default_rng(0).normal(size=at_mode.shape)
    for n_steps in (1, 3, 6, 10, 15, 25):
        monkeypatch.setattr(map_estimate, "MOST_STEPS", n_steps)
        monkeypatch.setattr(map_estimate, "LEAST_STEPS", 1)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            estimate = find_map(POST_MODEL, POST, seed=0, n_restarts=1, start=start[None], n_steps=0)
        told.append(bool(caught))
        with pytest.raises(ValueError, match="would gain") if caught else contextlib.nullcontext():
            bnn.fit_laplace(POST_MODEL, POST, estimate)
        assert estimate.slope > 1e-4 or not caught
    assert told[0]
    assert not told[-1]


def test_large_data_get_fewer_steps_and_ctrl_c_keeps_what_was_reached(monkeypatch, capsys):
    monkeypatch.setattr(map_estimate, "WORK", 30 * POST.n_points * POST_MODEL.n_weights)
    with pytest.warns(bnn.modes.ModeNotReachedWarning, match=r"in 3\d steps"):
        whole = find_map(POST_MODEL, POST, seed=0, n_steps=0, n_restarts=1)

    def press(n_evaluations):
        if n_evaluations == 15:
            os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(map_estimate, "reached", press)
    cut = find_map(POST_MODEL, POST, seed=0, n_steps=0, n_restarts=1)
    assert (cut.outcome, whole.outcome) == ("interrupted", "finished")
    assert "Interrupted after 15 steps of L-BFGS" in capsys.readouterr().err
    observations = observe(POST_MODEL, POST, tf.float64)
    assert cut.log_joints[0] == pytest.approx(float(log_joint(POST_MODEL, cut.mode, observations)))
    assert cut.log_joints[0] < whole.log_joints[0]


def test_draws_are_copies_of_the_best_mode():
    model, data = problem()
    estimate = find_map(model, data, seed=0, n_restarts=2, n_steps=100)
    draws = estimate.draw(3, seed=1)
    np.testing.assert_array_equal(draws, [estimate.mode] * 3)
    assert bnn.prediction.predict_draws(model, draws, data.x).epistemic_std.max() < 1e-12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": -1}, "seed must be a whole number, 0 or more; got -1"),
        ({"n_steps": -1}, "n_steps must be a whole number, 0 or more; got -1"),
        ({"n_restarts": 1.5}, "n_restarts must be a whole number, 1 or more; got 1.5"),
        ({"start": [0.0, 0.0]}, r"start must be \[n_restarts, n_latents\] = \[8, 3\]; got \[2\]"),
        ({"data": POST}, "The data have 1 inputs and the model 2"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    model, data = problem()
    with pytest.raises(ValueError, match=message):
        find_map(model, arguments.pop("data", data), **{"seed": 0} | arguments)


def test_draws_of_no_number_are_refused():
    model, data = problem()
    estimate = find_map(model, data, seed=0, n_restarts=1, n_steps=1)
    with pytest.raises(ValueError, match="n_draws must be a whole number, 1 or more; got 0"):
        estimate.draw(0, seed=0)
