"""What the figures of a check draw, read back from their artists, and their text alternatives."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch
from scipy import special, stats

from bayesian_nn.data.tables import dataset
from bayesian_nn.figures.checks import plot_pit, plot_predictive_check, plot_reliability, plot_residuals
from bayesian_nn.figures.partial_dependence import plot_partial_dependence
from bayesian_nn.prediction.partial_dependence import PartialDependence
from bayesian_nn.predictions.classes import ClassPrediction
from bayesian_nn.predictions.counts import CountPrediction
from bayesian_nn.predictions.real import Prediction
from bayesian_nn.predictions.several import SeveralPredictions

N_ROWS = 500


@pytest.fixture
def axes():
    return Figure().subplots()


def standard_normal(std=1.0, n=N_ROWS):
    """One draw of f = 0 and noise of this sd, at two inputs."""
    x = np.random.default_rng(1).normal(size=(n, 2))
    return Prediction(x, np.zeros((1, n)), np.array([std]))


def steps(axes):
    """The heights and the edges of the first histogram."""
    patch = next(patch for patch in axes.patches if isinstance(patch, StepPatch))
    return patch.get_data()


def evenly_spread(n=N_ROWS):
    """Values of which a standard normal has equally many in every tenth."""
    return special.ndtri((np.arange(n) + 0.5) / n)


def test_the_pit_of_a_right_prediction_is_level(axes):
    plot_pit(standard_normal(), evenly_spread(), axes=axes)
    heights, edges, _ = steps(axes)
    np.testing.assert_allclose(heights, 10)
    np.testing.assert_allclose(edges, np.linspace(0, 1, 11))
    assert "of which 0 lie outside" in axes.figure.alt


def test_the_pit_of_an_overconfident_prediction_is_high_at_both_ends(axes):
    plot_pit(standard_normal(0.5), evenly_spread(), axes=axes)
    heights, *_ = steps(axes)
    at_the_end = 100 * stats.norm.cdf(0.5 * special.ndtri(0.1))
    np.testing.assert_allclose(heights[[0, -1]], at_the_end, atol=0.3)
    assert f"The bins at the ends hold {heights[0]:.0f} %" in axes.figure.alt


def test_the_pit_of_a_count_is_spread_over_its_step(axes):
    rates = np.full((1, N_ROWS), 1.0)
    y = np.random.default_rng(0).poisson(1.0, N_ROWS)
    plot_pit(CountPrediction(np.zeros((N_ROWS, 1)), rates), y, axes=axes)
    heights, edges, _ = steps(axes)
    low, high = stats.poisson.cdf(y - 1, 1.0), stats.poisson.cdf(y, 1.0)
    expected = [
        np.mean(np.clip((np.minimum(high, end) - np.maximum(low, begin)) / (high - low), 0, 1))
        for begin, end in pairwise(edges)
    ]
    np.testing.assert_allclose(heights, 100 * np.array(expected))


def test_a_right_prediction_stays_in_the_band_of_chance_in_95_percent_of_cases():
    random = np.random.default_rng(0)
    axes, inside, n = Figure().subplots(), [], 200
    for _ in range(150):
        axes.clear()
        plot_pit(standard_normal(n=n), random.normal(size=n), axes=axes)
        inside.append("of which 0 lie" in axes.figure.alt)
    # Bonferroni's is a little wide; 150 cases have an error of 0.018.
    assert np.mean(inside) > 0.89
    assert not np.all(inside)


def test_reliability_of_real_numbers_is_the_share_below_each_quantile(axes):
    plot_reliability(standard_normal(0.5), evenly_spread(), axes=axes)
    line = next(line for line in axes.lines if line.get_label() == "these rows")
    levels, shares = line.get_data()
    np.testing.assert_allclose(shares, stats.norm.cdf(0.5 * special.ndtri(levels)), atol=0.003)
    assert "Furthest off is level" in axes.figure.alt


def test_reliability_of_classes_is_accuracy_against_confidence(axes):
    confidence = np.repeat([0.65, 0.85], [100, 300])
    right = np.concatenate([np.arange(100) < 50, np.arange(300) < 270])
    prediction = ClassPrediction(np.stack([confidence, 1 - confidence], axis=1)[None])
    plot_reliability(prediction, np.where(right, 0, 1), axes=axes)
    dots = next(c for c in axes.collections if c.get_label() == "these rows")
    np.testing.assert_allclose(dots.get_offsets(), [[0.65, 0.5], [0.85, 0.9]])
    assert dots.get_sizes()[1] == 3 * dots.get_sizes()[0] - 24
    assert "confidence is 0.80 and the accuracy 0.80" in axes.figure.alt
    assert "calibration error is 0.075" in axes.figure.alt


@pytest.mark.parametrize("figure", [plot_pit, plot_reliability])
def test_several_targets_at_once_are_refused_with_the_remedy(figure, axes):
    several = SeveralPredictions((standard_normal(), standard_normal()))
    with pytest.raises(ValueError, match=r"give one of prediction\.parts"):
        figure(several, np.zeros((N_ROWS, 2)), axes=axes)


def test_residuals_are_in_predictive_sds_along_each_input():
    prediction = standard_normal(2.0)
    y = 2.0 * np.random.default_rng(0).normal(size=N_ROWS) * np.exp(prediction.x[:, 0])
    data = dataset(prediction.x, y, x_names=["age (years)", "mass (kg)"])
    panels = plot_residuals(prediction, data)
    assert [axes.get_xlabel() for axes in panels] == ["age (years)", "mass (kg)"]
    assert "predictive sds" in panels[0].get_ylabel()
    for axes, column in zip(panels, data.x.T, strict=True):
        dots, above, below = axes.lines[-3:]
        np.testing.assert_allclose(dots.get_xdata(), column)
        np.testing.assert_allclose(dots.get_ydata(), y / 2)
        lowest = column <= np.sort(column)[len(above.get_xdata()) and -(-N_ROWS // 8) - 1]
        assert above.get_ydata()[0] == pytest.approx(np.sqrt(np.mean((y[lowest] / 2) ** 2)))
        np.testing.assert_allclose(below.get_ydata(), -above.get_ydata())
    assert "varies most along age (years)" in panels[0].figure.alt
    with pytest.raises(ValueError, match="panels must be as many as the inputs, 2; got 1"):
        plot_residuals(prediction, data, panels=panels[:1])


def test_a_predictive_check_lays_the_rows_over_their_draws(axes):
    random = np.random.default_rng(0)
    replicates, y = random.poisson(2.0, (100, 300)), random.poisson(2.0, 300)
    plot_predictive_check(replicates, y, axes=axes, name="count")
    (high, edges, low), (middle, *_) = (patch.get_data() for patch in axes.patches)
    np.testing.assert_allclose(edges, np.arange(y.min(), y.max() + 2) - 0.5)
    # What lies beyond the largest count is held by its bin.
    counts = np.array([np.bincount(np.minimum(row, y.max()), minlength=y.max() + 1) for row in replicates])
    np.testing.assert_allclose([low, middle, high], np.quantile(counts, [0.05, 0.5, 0.95], axis=0) / 3)
    np.testing.assert_allclose(axes.lines[-1].get_ydata(), np.bincount(y) / 3)
    assert axes.get_xlabel() == "count"
    assert "100 draws" in axes.figure.alt
    with pytest.raises(ValueError, match="replicates must be"):
        plot_predictive_check(replicates, y[:5], axes=axes)


def dependence(name, values, slope):
    draws = np.array([[0.9], [1.0], [1.1]]) * slope * np.asarray(values)
    return PartialDependence(name, np.asarray(values, float), draws, "price", np.asarray(values, float))


def test_partial_dependence_has_its_band_and_says_which_input_matters():
    along, choice = dependence("age", np.linspace(1, 3, 9), 2.0), dependence("sex", [0, 1], 0.5)
    panels = plot_partial_dependence([along, choice])
    assert [axes.get_xlabel() for axes in panels] == ["age", "sex"]
    assert panels[0].get_ylabel() == "average price"
    corners = panels[0].collections[0].get_paths()[0].vertices
    at_the_end = corners[corners[:, 0] == 3, 1]
    np.testing.assert_allclose([at_the_end.min(), at_the_end.max()], [0.91 * 6, 1.09 * 6])
    np.testing.assert_allclose(panels[0].lines[0].get_ydata(), 2 * along.values)
    assert any(isinstance(container, ErrorbarContainer) for container in panels[1].containers)
    assert "changes most, by 4, along age, and least, by 0.5, along sex" in panels[0].figure.alt
    alone = Figure().subplots()
    assert plot_partial_dependence(along, panels=alone) == [alone]


def test_levels_of_categories_are_named_under_their_bars(axes):
    words = np.array(["flat", "house", "boat"])
    levels = PartialDependence("kind", words, np.array([[1.0, 2.0, 4.0]]), "price", words)
    plot_partial_dependence(levels, panels=axes)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["flat", "house", "boat"]
    assert "changes most, by 3, along kind" in axes.figure.alt
