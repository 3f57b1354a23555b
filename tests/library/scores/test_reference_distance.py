"""Distances between samples, against closed forms and SciPy."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from bayesian_nn.scores.reference_distance import mean_by_region, times_too_sure, wasserstein2

X = np.linspace(-4, 12, 17)
REGIONS = {"data": [(0, 2), (6, 8)], "gap": [(3, 5)]}


def samples(n_draws, n_reference, n_points=3):
    random = np.random.default_rng(n_draws)
    return random.normal(0, 2, (n_draws, n_points)), random.gamma(2, 1, (n_reference, n_points))


def test_the_best_of_all_couplings():
    draws, reference = samples(30, 30)
    for distance, ours, theirs in zip(wasserstein2(draws, reference), draws.T, reference.T, strict=True):
        costs = (ours[:, None] - theirs) ** 2
        assert distance == pytest.approx(np.sqrt(costs[linear_sum_assignment(costs)].mean()), rel=1e-12)


@pytest.mark.parametrize(("n_draws", "n_reference"), [(4, 6), (5, 1), (3, 7), (12, 4)])
def test_unequal_numbers_are_equal_ones_of_repeated_draws(n_draws, n_reference):
    draws, reference = samples(n_draws, n_reference)
    repeated = np.repeat(draws, n_reference, axis=0), np.repeat(reference, n_draws, axis=0)
    expected = np.sqrt(np.mean((np.sort(repeated[0], axis=0) - np.sort(repeated[1], axis=0)) ** 2, axis=0))
    np.testing.assert_allclose(wasserstein2(draws, reference), expected, rtol=1e-12)
    np.testing.assert_allclose(wasserstein2(reference, draws), expected, rtol=1e-12)


def test_of_normals_it_is_the_closed_form():
    random, n_repeats = np.random.default_rng(0), 200
    # Every column is one more independent estimate, so their spread is the tolerance.
    draws = random.normal(1.0, 0.5, (900, n_repeats))
    reference = random.normal(-0.5, 2.0, (1100, n_repeats))
    distances = wasserstein2(draws, reference)
    error = distances.std() / np.sqrt(n_repeats)
    assert abs(distances.mean() - np.hypot(1.5, 1.5)) < 5 * error
    # Neither Wasserstein-1 nor the distance of the means alone would pass.
    assert error < 0.01


def test_times_too_sure_by_hand():
    draws, reference = np.array([[0.0, 1.0], [2.0, 5.0]]), np.array([[0.0, 0.0], [6.0, 1.0]])
    np.testing.assert_allclose(times_too_sure(draws, reference), [3.0, 0.25])
    with pytest.raises(ValueError, match="draws do not differ at 1 of 2 points, the first at index 1"):
        times_too_sure(np.array([[0.0, 1.0], [2.0, 1.0]]), reference)


def test_mean_by_region_by_hand():
    means = mean_by_region(X, X, REGIONS)
    assert means == pytest.approx({"data": 4.0, "gap": 4.0})
    assert mean_by_region(X**2, X[:, None], {"outside": [(-4, -1), (9, 12)]}) == pytest.approx(
        {"outside": (16 + 9 + 4 + 1 + 81 + 100 + 121 + 144) / 8}
    )


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match=r"at the same points; got \[4, 3\] and \[5, 2\]"):
        wasserstein2(np.ones((4, 3)), np.ones((5, 2)))
    with pytest.raises(ValueError, match=r"values and x must both be \[n_points\]; got \[3\] and \[17\]"):
        mean_by_region(np.ones(3), X, REGIONS)
    with pytest.raises(ValueError, match="'far' has no point of x in it; x goes from -4 to 12"):
        mean_by_region(X, X, {"far": [(20, 30)]})
