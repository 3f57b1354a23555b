"""Rows of a prediction are the record's own, in whatever parts; scores are those of hand arithmetic."""

import numpy as np
import pytest
from truths.hand_made_results import drawn, regression

import bayesian_nn as bnn
from bayesian_nn import likelihoods
from bayesian_nn.prediction import parts
from bayesian_nn.report import predict_rows, scores_of


def test_rows_of_numbers_are_the_prediction_s(monkeypatch):
    result, _, data = regression(0)
    prediction = bnn.predict(result, data.x, n_draws=400, seed=0)
    monkeypatch.setattr(parts, "PART", 400 * 7)
    rows = predict_rows(result, data.x, data.y, seed=0, level=0.5)
    np.testing.assert_allclose(rows.mean, prediction.mean, rtol=1e-6)
    np.testing.assert_allclose(rows.std, prediction.std, rtol=1e-6)
    np.testing.assert_allclose(rows.doubt, prediction.epistemic_std, rtol=1e-6)
    ends = prediction.quantiles([0.25, 0.75], with_noise=True)
    np.testing.assert_allclose([rows.lower, rows.upper], ends, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(rows.log_density, prediction.log_density(data.y), rtol=1e-5)
    assert predict_rows(result, data.x, seed=0).log_density is None


def test_scores_of_numbers_by_hand():
    result, _, data = regression(0)
    rows = predict_rows(result, data.x, data.y, seed=0)
    scores = scores_of(rows, data)
    assert scores["rmse"] == pytest.approx(np.sqrt(np.mean((rows.mean - data.y) ** 2)))
    assert scores["coverage"] == np.mean((rows.lower <= data.y) & (data.y <= rows.upper))
    # The exact posterior: nine in ten, to within five standard errors.
    assert abs(scores["coverage"] - 0.9) < 5 * np.sqrt(0.09 / data.n_points)
    assert scores["mean_width"] == pytest.approx(np.mean(rows.upper - rows.lower))


def test_rows_and_scores_of_classes():
    result, data = drawn(0, bnn.Categorical(3), spread=0.3)
    prediction = bnn.predict(result, data.x, n_draws=400, seed=0)
    rows = predict_rows(result, data.x, data.y, seed=0)
    np.testing.assert_allclose(rows.mean, prediction.mean, rtol=1e-6)
    np.testing.assert_allclose(rows.doubt, prediction.epistemic, rtol=1e-4, atol=1e-7)
    assert rows.of_classes
    assert rows.std is None
    scores = scores_of(rows, data)
    assert scores["accuracy"] == pytest.approx(np.mean(rows.mean.argmax(axis=1) == data.y))
    assert scores["commonest_class"] == np.bincount(data.y.astype(int)).max() / data.n_points


def test_several_targets_and_levels_that_are_none_are_refused():
    both = likelihoods.Several((bnn.Gaussian(0.5), likelihoods.Poisson()))
    result, data = drawn(0, both, spread=0.1)
    with pytest.raises(ValueError, match="result must be of one target; got one of 2"):
        predict_rows(result, data.x, seed=0)
    with pytest.raises(ValueError, match="level must be a number from 0 to 1"):
        predict_rows(result, data.x, seed=0, level=1)
