"""What a prediction is worth, by hand."""

import numpy as np
import pytest
from scipy.stats import norm

import bayesian_nn as bnn


def test_by_hand():
    assert bnn.scores.rmse([1, 2, 3], [1, 4, 7]) == pytest.approx(np.sqrt(20 / 3))
    assert bnn.scores.explained_variance([1, 2, 3], [1, 2, 3]) == 1
    assert bnn.scores.explained_variance([2, 2, 2], [1, 2, 3]) == 0
    assert bnn.scores.explained_variance([3, 2, 1], [1, 2, 3]) == pytest.approx(-3)
    assert bnn.scores.explained_variance([1, 2, 2], [1, 2, 3]) == pytest.approx(0.5)
    # Of a constant nothing can be explained, and nothing is divided by zero.
    assert bnn.scores.explained_variance([1, 2], [3, 3]) == 0


def test_the_constant_is_scipy_s_and_no_other_constant_is_better():
    y = np.array([0.3, -1.2, 4.0])
    assert bnn.scores.constant_log_likelihood(y, 0.7) == pytest.approx(
        norm.logpdf(y, y.mean(), 0.7).sum(), rel=1e-12
    )
    others = norm.logpdf(y[:, None], np.linspace(-5, 5, 101), 0.7).sum(axis=0)
    assert others.max() <= bnn.scores.constant_log_likelihood(y, 0.7)


@pytest.mark.parametrize("metric", [bnn.scores.rmse, bnn.scores.explained_variance])
def test_shapes_that_numpy_would_broadcast_are_refused(metric):
    with pytest.raises(ValueError, match=r"predicted \[3, 1\] and y \[3\] must have one shape"):
        metric(np.ones((3, 1)), np.ones(3))


@pytest.mark.parametrize("noise_std", [0, -0.1, np.nan, "wide"])
def test_a_wrong_noise_is_refused(noise_std):
    with pytest.raises(ValueError, match=f"noise_std must be a finite number above zero; got .?{noise_std}"):
        bnn.scores.constant_log_likelihood([1, 2], noise_std)
