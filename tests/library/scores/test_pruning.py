"""Signal-to-noise ratios, and exactly as many weights removed as asked for."""

import numpy as np
import pytest

from bayesian_nn.scores.pruning import decibels, pruned, signal_to_noise

MEAN = np.array([[3.0, -0.1, 0.0], [-8.0, 2.0, 0.5]])
STD = np.array([[1.0, 0.5, 1.0], [2.0, 4.0, 0.0]])


def test_the_ratio_is_of_size_to_sd_and_infinite_only_for_what_is_known_exactly():
    np.testing.assert_array_equal(signal_to_noise(MEAN, STD), [[3, 0.2, 0], [4, 0.5, np.inf]])
    assert signal_to_noise([0.0], [0.0])[0] == 0
    np.testing.assert_allclose(decibels([0.1, 1, 10, 0]), [-20, 0, 20, -np.inf])


@pytest.mark.parametrize(
    ("fraction", "kept"),
    [
        (0, [1, 1, 1, 1, 1, 1]),
        (1 / 6, [1, 1, 0, 1, 1, 1]),
        (0.5, [1, 0, 0, 1, 0, 1]),
        (5 / 6, [0, 0, 0, 0, 0, 1]),
        (1, [0, 0, 0, 0, 0, 0]),
    ],
)
def test_the_lowest_ratios_go_first_and_what_stays_is_as_it_was(fraction, kept):
    mean, std = pruned(MEAN, STD, fraction)
    np.testing.assert_array_equal(mean, MEAN * np.reshape(kept, (2, 3)))
    np.testing.assert_array_equal(std, STD * np.reshape(kept, (2, 3)))


@pytest.mark.parametrize("fraction", [0.25, 0.501, 0.95])
def test_of_equal_ratios_no_more_go_than_asked_for_and_the_first_go_first(fraction):
    ratios = np.random.default_rng(0).integers(1, 4, 1000)
    mean, _ = pruned(ratios, np.ones(1000), fraction)
    in_order = sorted(range(1000), key=lambda i: (ratios[i], i))
    np.testing.assert_array_equal(np.flatnonzero(mean == 0), np.sort(in_order[: round(1000 * fraction)]))


def test_pruning_again_removes_the_same_weights_first():
    random = np.random.default_rng(0)
    mean, std = random.normal(size=500), random.gamma(2, size=500)
    twice = pruned(*pruned(mean, std, 0.3), 0.6)
    np.testing.assert_array_equal(twice, pruned(mean, std, 0.6))
    np.testing.assert_array_equal(pruned(*twice, 0.6), twice)


def test_the_arguments_stay_as_they_were():
    mean, std = MEAN.copy(), STD.copy()
    for fraction in (0, 0.5):
        for array in pruned(mean, std, fraction):
            array += 1
    np.testing.assert_array_equal([mean, std], [MEAN, STD])


@pytest.mark.parametrize(
    ("mean", "std", "fraction", "message"),
    [
        (MEAN, STD[:1], 0.5, r"mean \[2, 3\] and std \[1, 3\] must have one shape"),
        (MEAN, STD - 1, 0.5, "std must be zero or more; got -1. Are these the parameters before softplus"),
        (MEAN * np.nan, STD, 0.5, "mean has 6 values that are not finite"),
        (MEAN, STD, 1.01, "fraction must be a number from 0 to 1; got 1.01"),
        (MEAN, STD, -0.1, "fraction must be a finite number, zero or more; got -0.1"),
        (MEAN, STD, "half", "fraction must be a finite number, zero or more; got 'half'"),
    ],
)
def test_bad_input_is_refused(mean, std, fraction, message):
    with pytest.raises(ValueError, match=message):
        pruned(mean, std, fraction)
