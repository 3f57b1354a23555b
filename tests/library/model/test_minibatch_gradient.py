"""Minibatches: on average they say what all the data say, N/M counted once and the prior once."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from bayesian_nn.model.minibatch_gradient import BlockInputs, minibatch_gradient
from truths.linear_regression import problem

import bayesian_nn as bnn
from bayesian_nn.model.model import log_joint
from bayesian_nn.runtime.random_streams import LANGEVIN

DATA = bnn.data.cosine_with_gap(seed=1, n_points=6)
MODELS = {
    "network": bnn.Model(
        (1, 3, 1), bnn.Gaussian(0.3), prior=gaussian_priors([(0.5, 1.5), (0.7, 0.2)]), scaling=DATA.scaling
    ),
    "learned noise": bnn.Model((1, 2, 1), bnn.Gaussian(bnn.LearnedNoise(0.3, 0.5)), scaling=DATA.scaling),
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_the_mean_over_all_minibatches_is_that_of_all_data(model):
    inputs, targets = model.inputs(DATA.x), model.targets(DATA.y)
    latents = tf.random.stateless_normal([model.n_latents, 5], [0, 1])
    estimates = [
        minibatch_gradient(model, latents, inputs[list(rows)], tf.constant(targets[list(rows)]), n_points=6)
        for rows in itertools.combinations(range(6), 2)
    ]
    values, gradients = (np.mean(parts, axis=0) for parts in zip(*estimates, strict=True))
    with tf.GradientTape() as tape:
        tape.watch(latents)
        expected = log_joint(model, tf.transpose(latents), inputs, targets)
    np.testing.assert_allclose(values, expected, rtol=1e-4)
    exact = tape.gradient(expected, latents).numpy()
    np.testing.assert_allclose(gradients, exact, rtol=1e-4, atol=1e-5 * np.abs(exact).max())
    # And a minibatch alone says something else.
    assert np.abs(estimates[0][1] - exact).max() > 0.1 * np.abs(exact).max()


def test_minibatches_are_drawn_without_replacement_each_anew():
    model, data = problem(n_points=30)
    inputs = BlockInputs(model, data, seed=3, stream=LANGEVIN, batch_size=10)
    rows = inputs.batches(2, 3000).numpy()
    assert rows.shape == (3000, 10)
    assert all(len(set(batch)) == 10 for batch in rows)
    # Each of the 30 rows is in a third of the batches, and in two batches that follow each other as often
    # as independence says.
    member = (rows[:, :, None] == np.arange(30)).any(axis=1)
    assert np.abs(member.mean(axis=0) - 1 / 3).max() < 5 * np.sqrt(2 / 9 / 3000)
    assert np.abs((member[1:] & member[:-1]).mean(axis=0) - 1 / 9).max() < 5 * np.sqrt(8 / 81 / 3000)
    np.testing.assert_array_equal(rows, inputs.batches(2, 3000))
    assert np.any(rows != inputs.batches(3, 3000))


def test_every_block_has_noise_of_its_own():
    model, data = problem()
    first, other = (BlockInputs(model, data, seed=seed, stream=LANGEVIN, batch_size=None) for seed in (3, 4))
    noises = [first.noise(0, [1000]), first.noise(1, [1000]), other.noise(0, [1000])]
    assert np.abs(np.corrcoef(noises) - np.eye(3)).max() < 5 / np.sqrt(1000)
    np.testing.assert_array_equal(noises[0], first.noise(0, [1000]))
    assert first.batches(0, 5) is None
