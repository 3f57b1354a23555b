"""Uniform ranks stay in their band as often as it says, and others leave it."""

import numpy as np
import pytest
from scipy.stats import binom

from bayesian_nn.scores.rank_uniformity import Ranks, ecdf_band

N_SIMULATIONS, N_DRAWS = 60, 49


def ranks(values, n_draws=N_DRAWS):
    values = np.asarray(values)
    return Ranks(values, n_draws=n_draws, names=[f"quantity {i}" for i in range(values.shape[1])])


def uniform(n_quantities, seed=0):
    random = np.random.default_rng(seed)
    return ranks(random.integers(0, N_DRAWS + 1, (N_SIMULATIONS, n_quantities)))


def test_shares_below_by_hand():
    # Four equally likely ranks, 0 to 3: half of them are the lowest two.
    shares = ranks([[0], [1], [1], [3]], n_draws=3).shares_below([0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(shares[:, 0], [0.25, 0.75, 0.75, 1])


def test_at_one_level_the_band_is_the_binomial_s():
    levels, low, high = ecdf_band(100, 1, probability=0.9)
    np.testing.assert_array_equal(levels, [0.5])
    inside = binom.cdf(100 * high[0], 100, 0.5) - binom.cdf(100 * low[0] - 1, 100, 0.5)
    one_less = binom.cdf(100 * high[0] - 1, 100, 0.5) - binom.cdf(100 * low[0], 100, 0.5)
    assert one_less < 0.9 <= inside


@pytest.mark.parametrize("probability", [0.5, 0.9, 0.99])
def test_uniform_ranks_stay_in_the_band_as_often_as_it_says(probability):
    n_repeats = 20_000
    levels, low, high = ecdf_band(N_SIMULATIONS, N_DRAWS, probability=probability)
    shares = uniform(n_repeats).shares_below(levels)
    inside = np.mean(np.all((low[:, None] <= shares + 1e-12) & (shares <= high[:, None] + 1e-12), axis=0))
    error = np.sqrt(probability * (1 - probability) / n_repeats)
    # Counts are whole numbers, so a band can be a little too wide, and the next narrower is too narrow.
    assert probability - 5 * error < inside < probability + 0.3 * (1 - probability) + 5 * error


def test_p_values_of_uniform_ranks_are_uniform():
    values = uniform(400, seed=1).p_values()
    for level in (0.05, 0.3, 0.7):
        error = np.sqrt(level * (1 - level) / len(values))
        # Those of counts are at least as large as a continuous quantity's would be.
        assert np.mean(values <= level) < level + 5 * error
        assert np.mean(values <= level) > 0.7 * level - 5 * error


def test_p_values_say_what_the_band_says():
    levels, low, high = ecdf_band(N_SIMULATIONS, N_DRAWS)
    some = uniform(300, seed=2)
    shares = some.shares_below(levels)
    outside = np.any((shares < low[:, None] - 1e-12) | (shares > high[:, None] + 1e-12), axis=0)
    assert 0 < outside.sum() < 40
    np.testing.assert_array_equal(some.p_values() < 0.05, outside)


def test_ranks_that_are_not_uniform_are_found():
    random = np.random.default_rng(3)
    shapes = random.beta([0.5, 3, 1], [0.5, 3, 2], (N_SIMULATIONS, 3))
    narrow, wide, shifted = ranks((shapes * (N_DRAWS + 1)).astype(int)).p_values()
    assert max(narrow, wide, shifted) < 0.01


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.ones(3), 5, ["f"]), r"ranks must be \[n_simulations, n_quantities\] .* got \[3\] and 1 names"),
        ((np.ones((3, 2)), 5, ["f"]), r"got \[3, 2\] and 1 names"),
        (([[6]], 5, ["f"]), "whole numbers from 0 to n_draws = 5"),
        (([[0.5]], 5, ["f"]), "whole numbers from 0 to n_draws = 5"),
        (([[0]], 0, ["f"]), "n_draws must be a whole number, 1 or more; got 0"),
    ],
)
def test_wrong_ranks_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Ranks(*arguments)


def test_a_wrong_probability_is_refused():
    with pytest.raises(ValueError, match="probability must be a number from 0 to 1, and not 1; got 1"):
        ecdf_band(10, 10, probability=1)
