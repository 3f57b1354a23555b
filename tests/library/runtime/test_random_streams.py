"""The streams of a seed: the same again, and all different."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

import bayesian_nn as bnn
from bayesian_nn.model import prior_terms
from bayesian_nn.model.log_joint import log_likelihood
from bayesian_nn.model.observations import observe
from bayesian_nn.objectives import elbo
from bayesian_nn.prediction.predict import draw_prior
from bayesian_nn.runtime import random_streams as streams
from bayesian_nn.training import batches, method
from bayesian_nn.training import run as run_module
from bayesian_nn.variational import flat_fit


def normal(stream, seed=3):
    return tf.random.stateless_normal([1000], streams.key(seed, stream)).numpy()


def test_every_stream_of_a_seed_is_another():
    tags = [getattr(streams, name) for name in streams.__all__ if name.isupper()]
    assert max(tags) < 0
    numbers = [normal(stream) for stream in [*tags, 0, 1, 2]]
    for first, second in itertools.combinations(numbers, 2):
        assert abs(np.corrcoef(first, second)[0, 1]) < 5 / np.sqrt(1000)
    np.testing.assert_array_equal(normal(-1), normal(-1))
    assert np.all(normal(-1) != normal(-1, seed=4))


def test_the_largest_seed_has_streams_too():
    assert np.all(normal(-1, 2**63 - 1) != normal(0, 2**63 - 1))
    with pytest.raises(ValueError, match=r"seed must be below 2\*\*63"):
        normal(0, 2**63)


def test_the_minibatches_generator_is_not_the_start_s():
    first = streams.generator(3, streams.MINIBATCHES, 0).random(5)
    assert np.all(first != np.random.default_rng(3).random(5))
    assert np.all(first != streams.generator(3, streams.MINIBATCHES, 1).random(5))
    assert np.all(first != streams.generator(4, streams.MINIBATCHES, 0).random(5))


def test_no_two_purposes_share_a_stream(monkeypatch):
    """What a fit, its assessment and its predictions ask for, counted."""
    asked = []
    key, generator = streams.key, streams.generator

    def counted(seed, stream, *index):
        asked.append((stream, *index))
        return generator(seed, stream, *index) if index else key(seed, stream)

    batches._epoch_order.cache_clear()
    for module in (elbo, method, prior_terms, run_module, flat_fit, batches):
        for name in ("key", "generator"):
            monkeypatch.setattr(module, name, counted, raising=False)
    data = bnn.Dataset([[0.0], [1.0]], [1.0, 1.0], bnn.data.Scaling((0.0,), (1.0,)))
    run = bnn.fit(bnn.Model((1, 1), bnn.Gaussian(1.0)), data, seed=0, n_steps=3, batch_size=1)
    run.draw(2, seed=0)
    draw_prior(run.model, 2, seed=0)
    tags = {(-1,), (-2,), (-3,)}
    parts = {place for place in asked if len(place) == 2}
    assert tags <= set(asked) <= tags | {(0,)} | parts
    assert {stream for stream, _ in parts} == {streams.MINIBATCHES, streams.PRIOR}


def test_a_fit_is_not_judged_by_the_noise_that_trained_it():
    family, network = bnn.MeanField(), bnn.Model((1, 1), bnn.Gaussian(1.0))
    parameters = family.parameters(np.zeros((1, 2)), np.ones((1, 2)))
    data = bnn.Dataset([[0.0], [1.0]], [1.0, 1.0], bnn.data.Scaling((0.0,), (1.0,)))
    trained = tf.random.stateless_normal([1000, 2], [5, 0])
    values = log_likelihood(network, family.draw(parameters[0], trained), observe(network, data))
    estimate = bnn.objectives.estimate_elbo(network, family, parameters[0], data, seed=5)
    assert abs(estimate.log_likelihood - np.mean(values)) > 1e-3
