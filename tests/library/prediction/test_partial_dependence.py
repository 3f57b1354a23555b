"""Partial dependence of straight lines is their slope; draws of y have the moments of the prediction."""

import numpy as np
import pandas as pd
import pytest
from truths.hand_made_results import Result, drawn, regression, table

import bayesian_nn as bnn
from bayesian_nn import likelihoods
from bayesian_nn.prediction.partial_dependence import partial_dependence
from bayesian_nn.prediction.targets import draw_targets
from bayesian_nn.scores.residuals import predictive_spread, standardised_residuals


def test_of_a_line_it_is_its_slope_under_each_draw():
    result, _, data = regression(0)
    found = partial_dependence(result, data, "c", seed=0, n_draws=50, n_values=9, n_rows=200)
    np.testing.assert_allclose(found.values, np.linspace(data.x[:, 2].min(), data.x[:, 2].max(), 9))
    latents = result.draw(50, seed=0)
    others = np.delete(data.x, 2, axis=1).mean(axis=0) @ np.delete(latents[:, :4], 2, axis=1).T
    expected = latents[:, [2]] * found.values + (others + latents[:, 4])[:, None]
    np.testing.assert_allclose(found.draws, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(found.mean, expected.mean(axis=0), rtol=1e-5, atol=1e-5)
    assert (found.input, found.quantity) == ("c", "y")
    np.testing.assert_array_equal(found.rows, data.x[:, 2])
    by_number = partial_dependence(result, data, 2, seed=0, n_draws=50, n_values=9)
    np.testing.assert_array_equal(by_number.draws, found.draws)


def test_an_input_of_few_values_takes_those():
    result, _, data = regression(0)
    x = data.x.copy()
    x[:, 1] = np.arange(data.n_points) % 3
    found = partial_dependence(result, table(x, data.y), "b", seed=0)
    np.testing.assert_array_equal(found.values, [0, 1, 2])
    # The data are left as they are.
    assert set(x[:, 1]) == {0, 1, 2}


def test_of_classes_counts_and_several_it_is_of_what_was_asked():
    result, data = drawn(0, bnn.Categorical(3), spread=0.1)
    found = [partial_dependence(result, data, 0, seed=0, of_class=k) for k in range(3)]
    np.testing.assert_allclose(sum(each.draws for each in found), 1, rtol=1e-5)
    assert found[2].quantity == "probability of y = 2"
    with pytest.raises(ValueError, match="of_class must be from 0 to 2; got 3"):
        partial_dependence(result, data, 0, seed=0, of_class=3)
    both = likelihoods.Several((bnn.Gaussian(0.5), likelihoods.Poisson()))
    result, data = drawn(0, both, spread=0.1)
    found = partial_dependence(result, data, 0, seed=0, target=1)
    assert found.quantity == "y2"
    assert found.draws.min() > 0
    with pytest.raises(ValueError, match="target must be from 0 to 1; got 2"):
        partial_dependence(result, data, 0, seed=0, target=2)


@pytest.mark.parametrize("wrong", ["z", 4, -1])
def test_an_input_that_is_not_there_is_refused(wrong):
    result, _, data = regression(0)
    with pytest.raises(ValueError, match="input must be"):
        partial_dependence(result, data, wrong, seed=0)


@pytest.mark.parametrize(
    "likelihood", [bnn.Gaussian(0.5), likelihoods.StudentT(0.5, 6.0), likelihoods.Poisson()]
)
def test_draws_of_y_have_the_moments_of_the_prediction(likelihood):
    result, data = drawn(0, likelihood, spread=0.05)
    n_draws, x = 400, data.x[:50]
    y = draw_targets(result, x, n_draws=n_draws, seed=0)
    assert y.shape == (n_draws, 50)
    prediction = bnn.predict(result, x, n_draws=n_draws, seed=0)
    z = (y.mean(axis=0) - prediction.mean) / (prediction.std / np.sqrt(n_draws))
    assert np.abs(z).max() < 5
    assert np.mean(z**2) < 2
    np.testing.assert_allclose(np.mean(y.std(axis=0) / prediction.std), 1, atol=0.03)


def test_residuals_are_in_sds_even_where_the_noise_has_none():
    result, data = drawn(0, bnn.Gaussian(0.5), spread=0.1)
    prediction = bnn.predict(result, data.x, n_draws=400, seed=0)
    np.testing.assert_array_equal(predictive_spread(prediction), prediction.std)
    expected = (data.y - prediction.mean) / prediction.std
    np.testing.assert_allclose(standardised_residuals(prediction, data.y), expected)
    # Of a Cauchy distribution tan(π (p - 1/2)) is the quantile p.
    cauchy = Result(bnn.Model((4, 1), likelihoods.StudentT(0.5, 1.0)), np.zeros((1, 5)))
    spread = predictive_spread(bnn.predict(cauchy, data.x[:3], n_draws=1, seed=0))
    np.testing.assert_allclose(spread, 0.5 * np.tan(np.pi * 0.34134), rtol=1e-4)


def test_categories_are_a_choice_of_their_levels_and_a_value_is_no_gap():
    random = np.random.default_rng(0)
    frame = pd.DataFrame({"kind": ["b", "a", "c", "a"] * 10, "age": [None, *random.normal(size=39)]})
    data = bnn.dataset(frame, random.normal(size=40), missing="impute")
    assert data.x_names == ("kind=a", "kind=b", "kind=c", "kind=unseen", "age", "age missing")
    model = bnn.Model((6, 1), bnn.Gaussian(0.5), scaling=data.scaling)
    latents = random.normal(size=(5, model.n_latents)).astype(np.float32)
    result = Result(model, latents)
    found = partial_dependence(result, data, "kind", seed=0, n_draws=5)
    assert found.values.tolist() == ["a", "b", "c"]
    assert found.rows[:3].tolist() == ["b", "a", "c"]
    rises = found.draws - found.draws[:, :1]
    chosen = result.draw(5, seed=0)
    expected = (chosen[:, :3] - chosen[:, :1]) * data.scaling.y_scale
    np.testing.assert_allclose(rises, expected, rtol=1e-4, atol=1e-5)
    at_age = partial_dependence(result, data, "age", seed=0, n_draws=5, n_values=7)
    without = data.x.copy()
    without[:, 4:] = at_age.values[3], 0
    expected = bnn.prediction.predict_draws(model, chosen, without).draws.mean(axis=1)
    np.testing.assert_allclose(at_age.draws[:, 3], expected, rtol=1e-5, atol=1e-6)
