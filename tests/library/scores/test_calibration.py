"""Coverage and reliability, of predictions whose truth is known."""

import numpy as np
import pytest
from scipy.stats import norm

from bayesian_nn.predictions.real import Prediction
from bayesian_nn.scores.calibration import calibration_error, coverage, reliability

LEVELS = np.array([0.1, 0.5, 0.9, 0.99])
N_POINTS = 4000


def claim(std, mean=0.0):
    """A prediction of Normal(mean, std²) everywhere."""
    return Prediction(np.zeros((N_POINTS, 1)), np.full((2, N_POINTS), mean), np.full(2, std))


@pytest.fixture(scope="module")
def y():
    return np.random.default_rng(0).normal(size=N_POINTS)


def standard_errors(shares):
    return np.sqrt(shares * (1 - shares) / N_POINTS)


@pytest.mark.parametrize(("std", "mean"), [(1.0, 0.0), (0.5, 0.0), (2.0, 0.0), (1.0, 0.7)])
def test_shares_are_the_normals_that_they_should_be(y, std, mean):
    at_level = norm.ppf(LEVELS, mean, std)
    expected = norm.cdf(at_level)
    assert np.all(np.abs(reliability(claim(std, mean), y, LEVELS) - expected) < 5 * standard_errors(expected))
    half = std * norm.ppf((1 + LEVELS) / 2)
    expected = norm.cdf(mean + half) - norm.cdf(mean - half)
    assert np.all(np.abs(coverage(claim(std, mean), y, LEVELS) - expected) < 5 * standard_errors(expected))
    # The error bars are small enough to tell these claims apart.
    assert standard_errors(0.5) < 0.01


def test_coverage_is_the_share_between_the_quantiles():
    random = np.random.default_rng(1)
    prediction = Prediction(np.zeros((200, 1)), random.normal(0, 2, (20, 200)), random.uniform(0.1, 1, 20))
    y = random.normal(0, 2, 200)
    for level in LEVELS:
        low, high = prediction.quantiles([(1 - level) / 2, (1 + level) / 2], with_noise=True)
        assert coverage(prediction, y, level) == pytest.approx([np.mean((low <= y) & (y <= high))])
        assert reliability(prediction, y, level) == pytest.approx(
            [np.mean(y <= prediction.quantiles(level, with_noise=True)[0])]
        )


def test_calibration_error_by_hand(y):
    shares = reliability(claim(0.5), y, LEVELS)
    assert calibration_error(claim(0.5), y, LEVELS) == pytest.approx(np.mean((shares - LEVELS) ** 2))
    assert calibration_error(claim(0.5), y) > 50 * calibration_error(claim(1.0), y)


def test_wrong_levels_are_refused(y):
    with pytest.raises(ValueError, match=r"levels must lie strictly between 0 and 1; got \[95.0\]"):
        coverage(claim(1.0), y, 95)
    with pytest.raises(ValueError, match=r"levels must lie strictly between 0 and 1; got \[0.0, 0.5\]"):
        reliability(claim(1.0), y, [0, 0.5])
