"""A report looks along one input at the prediction itself, and along each of several at its average."""

import numpy as np
import pandas as pd
from truths.hand_made_results import Result, drawn, regression

import bayesian_nn as bnn
from bayesian_nn.prediction.partial_dependence import partial_dependence
from bayesian_nn.report.views import MARGIN, columns_of, views_of


def mixed():
    """A table of a category, a number and a constant, and a result of chance."""
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"kind": ["b", "a"] * 20, "age": random.normal(size=40), "y": random.normal(size=40)}
    )
    data = bnn.dataset(frame, "y")
    model = bnn.Model((data.x.shape[1], 1), bnn.Gaussian(0.5), scaling=data.scaling)
    return Result(model, random.normal(size=(50, model.n_latents))), data


def test_along_the_only_input_it_is_the_prediction_with_both_bands():
    result, training, data = regression(0, n_inputs=1)
    (view,) = views_of(result, data, training, seed=0)
    prediction = bnn.predict(result, view.values[:, None], n_draws=400, seed=0)
    (curve,) = view.curves
    np.testing.assert_allclose(curve.mean, prediction.mean)
    for with_noise, ends in ((False, (curve.low, curve.high)), (True, (curve.outer_low, curve.outer_high))):
        np.testing.assert_allclose(ends, prediction.quantiles([0.05, 0.95], with_noise=with_noise))
    both = np.concatenate([training.x, data.x])
    margin = MARGIN * np.ptp(both)
    np.testing.assert_allclose(view.values[[0, -1]], [both.min() - margin, both.max() + margin])
    np.testing.assert_array_equal(view.seen, np.column_stack([training.x, training.y]))
    np.testing.assert_array_equal(view.unseen, np.column_stack([data.x, data.y]))
    (alone,) = views_of(result, data, None, seed=0)
    assert not len(alone.seen)
    np.testing.assert_array_equal(alone.unseen, view.unseen)


def test_along_several_it_is_partial_dependence_the_largest_first():
    result, training, data = regression(0)
    views = views_of(result, data, training, seed=0)
    spans = [view.span for view in views]
    assert sorted(spans, reverse=True) == spans
    assert sorted(view.input for view in views) == ["a", "b", "c", "d"]
    view = views[0]
    found = partial_dependence(result, training, view.input, seed=0, n_draws=150, n_values=25, n_rows=100)
    np.testing.assert_array_equal(view.curves[0].mean, found.mean)
    assert view.curves[0].outer_low is None


def test_categories_are_one_input_with_their_levels():
    result, data = mixed()
    assert columns_of(data) == {"kind": slice(0, 3), "age": slice(3, 4)}
    views = {view.input: view for view in views_of(result, data, None, seed=0)}
    assert views["kind"].values.tolist() == ["a", "b"]


def test_of_two_classes_it_is_the_second_s_probability_and_of_more_each_one_s():
    result, data = drawn(0, bnn.likelihoods.Bernoulli(), spread=0.3)
    assert [curve.of for curve in views_of(result, data, None, seed=0)[0].curves] == ["1"]
    result, data = drawn(0, bnn.Categorical(3), spread=0.3)
    curves = views_of(result, data, None, seed=0)[0].curves
    assert [curve.of for curve in curves] == ["0", "1", "2"]
    np.testing.assert_allclose(sum(curve.mean for curve in curves), 1, rtol=1e-5)
    result, data = drawn(0, bnn.likelihoods.Bernoulli(), spread=0.3, n_inputs=1)
    (view,) = views_of(result, data, None, seed=0)
    probabilities = bnn.predict(result, view.values[:, None], n_draws=400, seed=0).probabilities[:, :, 1]
    np.testing.assert_allclose(view.curves[0].high, np.quantile(probabilities, 0.95, axis=0))
