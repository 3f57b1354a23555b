"""The straight line is scikit-learn's, and rows away from those of the fit are told from others."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor
from truths.hand_made_results import Result, drawn, regression, table

import bayesian_nn as bnn
from bayesian_nn import likelihoods
from bayesian_nn.predictions.counts import log_probability
from bayesian_nn.verdict.between import without_the_middle
from bayesian_nn.verdict.straight_line import line_log_density, some_rows


def test_of_real_numbers_the_line_is_least_squares():
    random = np.random.default_rng(0)
    x = random.normal([50, -3], [20, 0.1], (400, 2))
    y = 1e4 + x @ [30, 2000] + random.normal(0, 100, 400)
    model = bnn.Model((2, 5, 1), bnn.Gaussian(bnn.LearnedNoise(150)))
    found = line_log_density(model, table(x[:300], y[:300]), table(x[300:], y[300:]))
    fitted = LinearRegression().fit(x[:300], y[:300])
    std = np.std(y[:300] - fitted.predict(x[:300]))
    expected = -0.5 * ((y[300:] - fitted.predict(x[300:])) / std) ** 2 - np.log(std * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_of_classes_the_line_is_logistic_regression():
    _, data = drawn(0, bnn.Categorical(3), spread=0.01, n_rows=600)
    found = line_log_density(bnn.Model((4, 7, 3), bnn.Categorical(3)), data, data)
    fitted = LogisticRegression(C=9.0, tol=1e-8, max_iter=1000).fit(data.x, data.y)
    expected = np.log(fitted.predict_proba(data.x)[np.arange(600), data.y.astype(int)])
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_of_counts_the_line_is_poisson_regression():
    _, data = drawn(0, likelihoods.Poisson(), spread=0.01, n_rows=600)
    found = line_log_density(bnn.Model((4, 7, 1), likelihoods.Poisson()), data, data)
    fitted = PoissonRegressor(alpha=0, tol=1e-10).fit(data.x, data.y)
    np.testing.assert_allclose(found, log_probability(data.y, fitted.predict(data.x)), atol=0.02)


def test_a_fit_below_the_line_is_found():
    result, training, rows = regression(0)
    bent = Result(result.model, result.latents * 0.5)
    for fitted, holds in ((result, True), (bent, False)):
        verdict = bnn.check(fitted, rows, training=training)
        (line,) = [finding for finding in verdict.findings if finding.topic == "line"]
        assert line.holds == holds
        assert ("worse than the best straight line" in line.sentence) != holds
        assert line.value == pytest.approx(
            np.mean(
                bnn.predict(fitted, rows.x, n_draws=400, seed=0).log_density(rows.y)
                - line_log_density(fitted.model, training, rows)
            )
        )


def distances(training, rows, result):
    found = bnn.check(result, rows, training=training).findings
    return {finding.topic: finding for finding in found if finding.topic in ("extrapolation", "distance")}


def test_rows_beyond_the_range_of_the_fit_are_found_by_their_input():
    result, training, rows = regression(0, n_training=300)
    moved = table(rows.x + np.array([0, 0, 2.0, 0]), rows.y)
    found = distances(training, moved, result)["extrapolation"]
    beyond = (moved.x > training.x.max(axis=0)) | (moved.x < training.x.min(axis=0))
    assert found.value == beyond.any(axis=1).mean()
    assert "most of them in c" in found.sentence
    assert not found.holds


def test_rows_in_a_gap_within_the_range_are_far():
    result, _, _ = regression(0, n_inputs=2)
    random = np.random.default_rng(0)
    sides = random.normal(0, 0.2, (300, 2)) + random.choice([-3, 3], (300, 1))
    middle = random.normal(0, 0.2, (100, 2))
    found = distances(table(sides, sides[:, 0]), table(middle, random.normal(size=100)), result)
    assert found["extrapolation"].holds
    assert found["distance"].value == 1
    assert not found["distance"].holds


def test_rows_of_the_fit_are_noticed_and_not_measured():
    result, training, _ = regression(0)
    verdict = bnn.check(result, training, training=training)
    assert verdict.problems[0].topic == "rows"
    assert not distances(training, training, result)


def test_some_rows_are_those_of_one_table():
    _, training, _ = regression(0)
    some = some_rows(training, 10, np.random.default_rng(0))
    assert some.n_points == 10
    whole = {(*x, y) for x, y in zip(training.x, training.y, strict=True)}
    assert {(*x, y) for x, y in zip(some.x, some.y, strict=True)} < whole
    assert some_rows(training, 1000) is training


def test_rows_that_are_left_out_take_their_weights_along():
    x = np.random.default_rng(0).standard_normal((300, 2))
    data = bnn.dataset(x, x[:, 0], weights=np.arange(300.0))
    parts = (some_rows(data, 50), *without_the_middle(data, "x1"))
    for part in parts:
        np.testing.assert_array_equal(x[part.weights.astype(int)], part.x)
    assert [part.n_points for part in parts] == [50, 200, 100]
