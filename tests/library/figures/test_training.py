"""What the figures of training, of signal-to-noise and of pruning draw, read back from their artists."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from bayesian_nn.figures.training import plot_elbo_parts, plot_learning, plot_pruning, plot_signal_to_noise

EPOCHS = np.arange(1, 21)


@pytest.fixture
def axes():
    return Figure((7.2, 4), layout="constrained").subplots()


def bold(axes):
    return {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}


def labels_of(axis):
    axis.axes.figure.draw_without_rendering()
    low, high = axis.get_view_interval()
    ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
    return [text.get_text() for place, text in ticks if min(low, high) <= place <= max(low, high)]


def test_the_parts_of_the_elbo_are_per_image_and_add_up(axes):
    log_likelihood, kl = -600.0 * np.exp(-EPOCHS / 5) - 60, 9000 * np.exp(-EPOCHS / 5) + 120
    plot_elbo_parts(EPOCHS, log_likelihood, kl, n_images=600, axes=axes)
    curves = {label: line.get_ydata() for label, line in bold(axes).items()}
    minus = "\N{MINUS SIGN}"
    np.testing.assert_allclose(curves["ELBO"], (log_likelihood - kl) / 600)
    np.testing.assert_allclose(curves["log-likelihood"] + curves[f"{minus}KL"], curves["ELBO"])
    assert axes.get_ylabel() == "nats per image"
    assert labels_of(axes.yaxis) == [f"{minus}10", f"{minus}1", f"{minus}0.1"]


def test_of_several_runs_each_is_drawn_and_their_mean_is_bold(axes):
    runs = np.array([[1.0], [2.0], [6.0]]) / EPOCHS
    plot_learning(EPOCHS, {"test": runs, "training": runs[0]}, axes=axes, name="error (%)")
    curves = bold(axes)
    np.testing.assert_allclose(curves["test"].get_ydata(), 3 / EPOCHS)
    np.testing.assert_allclose(curves["training"].get_ydata(), 1 / EPOCHS)
    thin = [line.get_ydata() for line in axes.lines if line not in curves.values()]
    np.testing.assert_array_equal(thin, runs)
    assert axes.get_ylabel() == "error (%)"
    assert labels_of(axes.yaxis) == ["0.05", "0.1", "0.2", "0.5", "1", "2", "5"]


def test_the_histogram_of_ratios_is_in_percent_per_decibel_and_cut_where_it_says(axes):
    ratio = 10 ** np.linspace(-1, 1, 10_001)
    plot_signal_to_noise(np.append(ratio, [0, np.inf]), axes=axes, fractions=[0.95, 0.5])
    shares, edges, _ = axes.patches[0].get_data()
    assert edges[-1] == pytest.approx(20)
    # The lowest twentieth is left out.
    assert edges[0] == pytest.approx(-18, abs=0.1)
    np.testing.assert_allclose(shares, 100 / 40, rtol=0.03)
    cuts = [line.get_xdata()[0] for line in axes.lines]
    assert cuts == pytest.approx([0, 18], abs=0.05)
    assert [text.get_text() for text in axes.texts] == ["50% below", "95% below"]


def test_no_text_of_the_cuts_lies_on_a_line_or_on_the_bars(axes):
    random = np.random.default_rng(0)
    plot_signal_to_noise(np.abs(random.normal(size=5000)), axes=axes)
    axes.figure.draw_without_rendering()
    places = [axes.transData.transform((line.get_xdata()[0], 0))[0] for line in axes.lines]
    top = axes.transData.transform((0, axes.patches[0].get_data().values.max()))[1]
    for text in axes.texts:
        box = text.get_window_extent()
        assert not any(box.x0 <= place <= box.x1 for place in places)
        assert box.y0 > top


def test_the_curve_of_pruning_is_in_percent_against_the_weights_that_stay(axes):
    fractions, errors = [0, 0.5, 0.9, 0.99], np.array([0.01, 0.011, 0.02, 0.3])
    plot_pruning(fractions, {"weight 1": errors}, axes=axes)
    (curve,) = bold(axes).values()
    np.testing.assert_allclose(curve.get_xdata(), [1, 0.5, 0.1, 0.01])
    np.testing.assert_allclose(curve.get_ydata(), [1, 1.1, 2, 30])
    assert axes.get_xlim() == pytest.approx((1, 0.01))
    assert labels_of(axes.xaxis) == ["0", "50", "75", "90", "95", "98", "99"]


@pytest.mark.parametrize("fractions", [[0, 1], [-0.1, 0.5]])
def test_no_weights_at_all_have_no_place_on_the_scale(axes, fractions):
    with pytest.raises(ValueError, match="fractions must be from 0 to 1, and not 1; got"):
        plot_pruning(fractions, {"a": np.ones(2)}, axes=axes)
