"""A run: its best restart, its draws and moments, its record."""

import numpy as np
import pytest
from truths import made_by_hand

import bayesian_nn as bnn
from bayesian_nn.training import record
from bayesian_nn.training.record import half_precision, needs_half_precision, steps_to_record
from bayesian_nn.training.run import data_digest

MODEL = bnn.Model((1, 2, 1), bnn.Gaussian(0.1))


def a_run(best=1):
    mean = np.random.default_rng(1).normal(size=(4, 3, MODEL.n_latents))
    return made_by_hand.run(MODEL, mean=mean, std=np.exp(mean), best=best)


def test_the_best_restart_is_the_one_of_the_highest_elbo():
    run = a_run()
    assert (run.best, run.final_elbo, run.n_steps_done) == (1, -100.0, 4)
    np.testing.assert_array_equal(run.path, run.recorded_parameters[:, 1])
    np.testing.assert_array_equal(run.parameters, run.final_parameters[1])
    np.testing.assert_array_equal(run.elbo, run.log_likelihoods[:, 1] - run.kls[:, 1])


def test_moments_and_draws_are_the_posterior_s_at_the_end_or_at_a_recorded_step():
    run = made_by_hand.image_run()
    for recorded, parameters in [(None, run.parameters), (1, run.path[1]), (-3, run.path[0])]:
        mean, rho = np.split(parameters.astype(np.float64), 2)
        std = np.logaddexp(0, rho)
        for ours, theirs in zip(run.moments(recorded), (mean, std), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5)
        draws = run.draw(1000, seed=1, recorded=recorded)
        assert draws.shape == (1000, 23)
        assert np.all(np.abs(draws.mean(axis=0) - mean) < 5 * std / np.sqrt(1000))
        np.testing.assert_allclose(draws.std(axis=0), std, rtol=5 / np.sqrt(2 * 1000))


def test_a_seed_has_the_same_noise_at_every_recorded_step():
    run = made_by_hand.image_run()
    draws = run.draw(5, seed=1)
    np.testing.assert_array_equal(draws, list(run.draws(5, seed=1)))
    assert np.all(draws != run.draw(5, seed=2))
    noises = [
        (run.draw(5, seed=1, recorded=step) - run.moments(step)[0]) / run.moments(step)[1] for step in (0, 1)
    ]
    np.testing.assert_allclose(*noises, rtol=1e-3, atol=1e-3)


def test_a_layer_s_moments_are_its_part_of_all():
    run = a_run()
    mean, std = run.moments()
    weights, biases = run.moments(layer=0)
    for whole, of_weights, of_biases in zip((mean, std), weights, biases, strict=True):
        np.testing.assert_array_equal(of_weights.ravel(), whole[:2])
        np.testing.assert_array_equal(of_biases, whole[2:4])
    assert run.moments(layer=1)[0][0].shape == (2, 1)
    assert run.moments(layer=-1)[1][1].shape == (1,)


def test_epochs_are_counted_in_whole_batches():
    run = made_by_hand.image_run()
    assert run.steps_per_epoch == 2
    np.testing.assert_array_equal(run.epochs, [0, 1.5, 5])
    # All data in every step.
    assert a_run().steps_per_epoch == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_draws": 0}, "n_draws must be a whole number, 1 or more; got 0"),
        ({"recorded": 3}, "recorded must be one of the 3 recorded steps; got 3"),
        ({"recorded": 1.5}, "recorded must be one of the 3 recorded steps; got 1.5"),
        ({"seed": -1}, "seed must be a whole number"),
    ],
)
def test_what_a_run_does_not_have_is_refused(arguments, message):
    run = made_by_hand.image_run()
    with pytest.raises(ValueError, match=message):
        run.draw(**{"n_draws": 2, "seed": 0} | arguments)
    with pytest.raises(ValueError, match="layer must be one of the 2 layers, 0 for the first; got 2"):
        run.moments(layer=2)


def test_the_digest_knows_inputs_and_targets():
    images, labels = np.random.default_rng(0).uniform(size=(4, 2, 3)), [0, 1, 1, 0]
    data = bnn.LabelledImages(images, labels, ("a", "b"))
    again = bnn.LabelledImages(images[::-1].copy()[::-1], np.array(labels, float), ("a", "b"), "another name")
    assert data_digest(data) == data_digest(again)
    others = [(images[::-1], labels), (images, [1, 1, 1, 0]), (images * 0.99, labels)]
    digests = {data_digest(bnn.LabelledImages(*other, ("a", "b"))) for other in others}
    assert len(digests | {data_digest(data)}) == 4


# --- which steps are recorded, and how


@pytest.mark.parametrize("n_steps", [1, 2, 50, 1000, 100_000])
def test_the_usual_record_begins_at_every_step_and_thins_out(n_steps):
    steps = record.log_spaced_steps(n_steps)
    assert (steps[0], steps[1], steps[-1]) == (0, 1, n_steps)
    assert len(steps) <= 100
    assert np.all(np.diff(steps) > 0)
    if n_steps >= 1000:
        np.testing.assert_array_equal(steps[:8], np.arange(8))
        assert len(steps) >= 60


def test_a_large_network_s_record_stays_below_19_mb():
    steps = steps_to_record(None, 4700, 956_820)
    assert 6 <= len(steps) <= 10
    assert needs_half_precision(len(steps), 956_820)
    assert 2 * len(steps) * 956_820 < record.MAX_BYTES
    assert not needs_half_precision(100, 282)
    # What is asked for is recorded.
    assert len(steps_to_record(range(50), 4700, 956_820)) == 50


def test_half_precision_keeps_three_digits_and_no_infinity():
    values = np.array([0.1234567, -70_000, 1e30], np.float32)
    kept = half_precision(values)
    np.testing.assert_allclose(kept[0], values[0], rtol=2**-11)
    np.testing.assert_array_equal(kept[1:], [-65504, 65504])
