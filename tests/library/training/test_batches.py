"""Minibatches: an epoch sees every point once, a sampler's draws are independent, rows are right."""

import numpy as np
import pytest

import bayesian_nn as bnn
from bayesian_nn.model.observations import observe
from bayesian_nn.training.batches import Batches, EpochOrder, IndependentDraws

DATA = bnn.data.cosine_with_gap(seed=1, n_points=12)
MODEL = bnn.Model((1, 3, 1), bnn.Gaussian(0.1), scaling=DATA.scaling)


@pytest.mark.parametrize("batch_size", [5, 4, 12])
def test_an_epoch_sees_every_point_at_most_once_and_the_next_in_another_order(batch_size):
    rule, n_epochs, per_epoch = EpochOrder(0, 12, batch_size), 200, 12 // batch_size
    rows = np.stack([rule.rows(step) for step in range(n_epochs * per_epoch)])
    epochs = rows.reshape(n_epochs, -1)
    assert all(len(set(epoch)) == per_epoch * batch_size for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == n_epochs
    # How often each was seen is binomial.
    share = per_epoch * batch_size / 12
    counts = np.bincount(rows.ravel(), minlength=12)
    assert np.all(np.abs(counts - n_epochs * share) <= 5 * np.sqrt(n_epochs * share * (1 - share)))
    assert not np.array_equal(EpochOrder(1, 12, batch_size).rows(0), rows[0])


def test_a_sampler_s_batches_are_independent_draws_without_replacement():
    rule = IndependentDraws(0, -9, 12, 4)
    rows = np.stack([rule.rows(step) for step in range(3000)])
    assert all(len(set(row)) == 4 for row in rows)
    seen = np.zeros((3000, 12))
    np.put_along_axis(seen, rows, 1, axis=1)
    # A point's chance in a step does not depend on the step before.
    now, before = seen[1:], seen[:-1]
    correlation = np.mean((now - 1 / 3) * (before - 1 / 3)) / (2 / 9)
    assert abs(correlation) < 5 / np.sqrt(3000 * 12)
    assert np.all(np.abs(seen.mean(axis=0) - 1 / 3) < 5 * np.sqrt(2 / 9 / 3000))
    np.testing.assert_array_equal(rows[7], IndependentDraws(0, -9, 12, 4).rows(7))
    assert not np.array_equal(rows[7], IndependentDraws(0, -10, 12, 4).rows(7))


def test_rows_that_are_looked_up_are_those_of_all_observations():
    batches = Batches.in_epochs(MODEL, DATA, seed=0, batch_size=5)
    whole = observe(MODEL, DATA)
    same = Batches.in_epochs(MODEL, whole, seed=0, batch_size=5)
    for step in range(4):
        rows = batches.rows(range(step, step + 1))[0]
        for source in (batches, same):
            inputs, targets = source.looked_up(step)
            np.testing.assert_array_equal(inputs, whole.inputs.numpy()[rows])
            np.testing.assert_array_equal(targets, whole.targets.numpy()[rows])
            assert (inputs.dtype, targets.dtype) == (np.float32, np.float32)
    assert (batches.n_points, batches.n_batch) == (12, 5)


def test_without_a_batch_size_every_step_sees_all():
    batches = Batches.in_epochs(MODEL, DATA, seed=0, batch_size=None)
    assert (batches.rows(range(3)), batches.looked_up(0), batches.n_batch) == (None, None, 12)


def test_a_batch_of_more_than_there_is_is_refused():
    with pytest.raises(ValueError, match="batch_size must be at most 12, the observations; got 13"):
        Batches.independent(MODEL, DATA, seed=0, stream=-9, batch_size=13)
