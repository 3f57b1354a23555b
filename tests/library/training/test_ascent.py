"""The loop that climbs the log joint density, against the closed form and its own parts."""

import os
import signal

import numpy as np
import pytest
from truths.linear_regression import exact, problem

import bayesian_nn as bnn
from bayesian_nn.model.observations import observe
from bayesian_nn.training import driver
from bayesian_nn.training.ascent import climb

MODEL, DATA = problem()
OBSERVATIONS = observe(MODEL, DATA)
TARGETS = MODEL.targets(DATA.y)[:, 0]
OPTIMIZER = bnn.Adam(bnn.WarmupCosine(0.05))


def reach(start, targets=None, **arguments):
    observations = OBSERVATIONS
    if targets is not None:
        # [n_points, n_targets, n_vectors]
        observations = observations._replace(targets=np.float32(targets.T[:, None]))
    return climb(MODEL, start, observations, **{"n_steps": 600, "optimizer": OPTIMIZER} | arguments).latents


def optimum(targets, shifts=0.0):
    """The mode `[..., n_latents]` with these targets, and the prior moved by these shifts."""
    truth = exact(MODEL, DATA)
    noise_std = MODEL.likelihood.noise_std / MODEL.scaling.y_scale
    linear = targets @ truth.design / noise_std**2 + shifts / MODEL.prior.std**2
    return linear @ truth.covariance


def test_every_vector_climbs_to_its_own_top():
    random = np.random.default_rng(0)
    start, shifts, noise = random.normal(size=(4, 3)), random.normal(size=(4, 3)), random.normal(size=(4, 30))
    np.testing.assert_allclose(optimum(TARGETS), exact(MODEL, DATA).mean, atol=1e-12)
    np.testing.assert_allclose(reach(start), np.tile(optimum(TARGETS), (4, 1)), atol=1e-4)
    tops = optimum(TARGETS + noise, shifts)
    assert np.all(np.std(tops, axis=0) > 0.01)
    np.testing.assert_allclose(reach(start, TARGETS + noise, shifts=shifts), tops, atol=1e-4)


def test_vectors_share_nothing():
    start = np.random.default_rng(0).normal(size=(5, 3))
    together = reach(start, n_steps=50)
    np.testing.assert_allclose(reach(start[3:4], n_steps=50), together[3:4], rtol=1e-5)


def test_factors_multiply_the_latents_and_are_asked_for_block_by_block():
    blocks, start = [], np.random.default_rng(0).normal(size=(2, 3))

    def halves(block):
        blocks.append(block)
        return np.full((250, 2, 3), 0.5)

    # The top of the product is where the product, and not the vector, is at the top.
    halved = reach(start, n_steps=1000, optimizer=bnn.Adam(bnn.WarmupCosine(0.1)), factors=halves)
    assert blocks == [0, 1, 2, 3]
    np.testing.assert_allclose(halved / 2, np.tile(optimum(TARGETS), (2, 1)), atol=1e-4)


def test_one_step_of_adam_goes_up_by_the_rate():
    start = optimum(TARGETS)[None] + [[1.0, -1.0, 1.0]]
    optimizer = bnn.Adam(bnn.StepDecay(0.01))
    np.testing.assert_allclose(
        reach(start, n_steps=1, optimizer=optimizer) - start, [[-0.01, 0.01, -0.01]], atol=1e-5
    )


def test_an_optimizer_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"optimizer must be an Adam; got 0\.1"):
        reach(np.zeros((1, 3)), optimizer=0.1)


def test_a_climb_that_diverges_says_so_and_keeps_what_was_finite():
    message = r"After 1 of 5 steps no vector .* smaller learning rate .*scaling=data\.scal"
    with pytest.raises(bnn.DivergedError, match=message) as caught:
        reach(np.zeros((2, 3)), n_steps=5, optimizer=bnn.Adam(1e38))
    result = caught.value.result
    np.testing.assert_array_equal(result.latents, np.zeros((2, 3)))
    assert (result.outcome, result.log_joints.shape) == ("diverged", (1, 2))
    # One that is lost does not end the others.
    latents = reach(np.array([[3e38] * 3, [0.0] * 3]))
    np.testing.assert_allclose(latents[1], optimum(TARGETS), atol=1e-4)


HIDDEN = bnn.Model((2, 4, 1), MODEL.likelihood, scaling=DATA.scaling)
SHORT = {"seed": 0, "n_steps": 50}
METHODS = {
    "find_map": lambda **arguments: bnn.find_map(HIDDEN, DATA, n_restarts=2, **SHORT, **arguments),
    "fit_ensemble": lambda **arguments: bnn.fit_ensemble(HIDDEN, DATA, n_members=2, **SHORT, **arguments),
    "fit_dropout": lambda **arguments: bnn.fit_dropout(HIDDEN, DATA, **SHORT, **arguments),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("rate", [1e9, 1e3, bnn.WarmupCosine(1e9)])
@pytest.mark.parametrize("batch_size", [None, 10])
def test_steps_too_large_are_no_result_though_every_number_is_finite(method, rate, batch_size):
    with pytest.raises(bnn.DivergedError, match=r"far below the .* Use a smaller learning rate"):
        METHODS[method](optimizer=bnn.Adam(rate), batch_size=batch_size)


def test_of_several_vectors_only_those_are_lost_that_ended_far_below_their_start():
    # One is at the top, and so ends where it began; one far above what such steps reach.
    top = optimum(TARGETS)
    ends = reach(np.stack([top, top + 1e5]), n_steps=20, optimizer=bnn.Adam(1e3))
    assert np.isnan(ends[0]).all()
    assert np.isfinite(ends[1]).all()
    ends = reach(np.stack([top, top + 0.01]), n_steps=20, optimizer=bnn.Adam(0.001))
    assert np.isfinite(ends).all()


def test_minibatches_climb_to_the_same_top_but_for_their_noise():
    ascent = climb(
        MODEL,
        np.zeros((1, 3)),
        DATA,
        n_steps=3000,
        optimizer=bnn.Adam(bnn.WarmupCosine(0.02)),
        batch_size=10,
        seed=3,
        record_at=[0, 1500],
    )
    spread = np.sqrt(np.diag(exact(MODEL, DATA).covariance))
    assert np.all(np.abs(ascent.latents[0] - optimum(TARGETS)) < 0.1 * spread)
    np.testing.assert_array_equal(ascent.recorded_latents[0], np.zeros((1, 3)))
    assert ascent.recorded_steps.tolist() == [0, 1500]
    # Every epoch of three batches sees the whole likelihood.
    late = ascent.log_joints[-300:, 0].reshape(-1, 3).mean(axis=1)
    assert np.ptp(late) < 0.1
    assert np.ptp(ascent.log_joints[-300:]) > 1


def test_ctrl_c_keeps_what_was_reached(monkeypatch, capsys):
    monkeypatch.setattr(driver, "reached", lambda step: os.kill(os.getpid(), signal.SIGINT))
    ascent = climb(MODEL, np.zeros((2, 3)), DATA, n_steps=600, optimizer=OPTIMIZER)
    assert (ascent.outcome, len(ascent.log_joints)) == ("interrupted", 250)
    assert "Interrupted after step 250 of 600; what was recorded is kept." in capsys.readouterr().err
