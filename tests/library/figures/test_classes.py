"""What the figures of a classifier draw, read back from their artists and from their pixels."""

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from bayesian_nn.figures.classes import (
    SEQUENCE,
    draw_image,
    plot_class_probabilities,
    plot_digits,
    plot_entropies,
    plot_rotation,
)
from bayesian_nn.figures.style import COLOURS
from bayesian_nn.predictions.classes import ClassPrediction
from site_build.execution.dark_figures import BACKGROUND, FOREGROUND, dark

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.random((6, 8, 8))
LABELS = np.array([0, 1, 2, 3, 4, 0])


def drawn(n_draws=30, n_points=6, n_classes=5):
    probabilities = RANDOM.gamma(0.5, size=(n_draws, n_points, n_classes)) + 1e-9
    return probabilities / probabilities.sum(axis=-1, keepdims=True)


def pixels_of(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def page_of_one_image(image):
    figure = Figure((1, 1), dpi=80)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    draw_image(image, axes)
    return figure


def test_an_image_is_ink_with_its_first_row_on_top():
    image = np.array([[0.0, 0.25], [0.5, 1.0]])
    figure = page_of_one_image(image)
    pixels = pixels_of(figure)[20::40, 20::40]
    np.testing.assert_allclose(pixels, 255 * (1 - image)[..., None] * np.ones(3), atol=1)


def test_on_a_dark_page_the_ink_is_light_and_empty_pixels_are_the_page():
    figure = page_of_one_image(np.array([[0.0, 1.0]]))
    light = pixels_of(figure)
    with dark(figure):
        page = pixels_of(figure)
    np.testing.assert_allclose(page[40, 20] / 255, BACKGROUND, atol=0.01)
    np.testing.assert_allclose(page[40, 60] / 255, FOREGROUND, atol=0.01)
    np.testing.assert_array_equal(pixels_of(figure), light)


def test_ink_has_the_colour_of_text():
    with matplotlib.rc_context({"text.color": "#123456"}):
        figure = page_of_one_image(np.ones((2, 2)))
    np.testing.assert_allclose(pixels_of(figure)[40, 40] / 255, to_rgb("#123456"), atol=0.01)


def test_bars_are_means_the_true_class_has_its_colour_and_dots_are_draws():
    probabilities = drawn(n_draws=70)[:, 0]
    axes = plot_class_probabilities(probabilities, axes=Figure().subplots(), label=3)
    bars = axes.containers[0].patches
    np.testing.assert_allclose([bar.get_height() for bar in bars], probabilities.mean(axis=0))
    colours = [bar.get_facecolor()[:3] for bar in bars]
    assert [k for k in range(5) if colours[k] == to_rgb(COLOURS["truth"])] == [3]
    x, y = axes.lines[0].get_data()
    np.testing.assert_array_equal(y, probabilities[:50].ravel())
    np.testing.assert_array_equal(np.round(x), np.tile(range(5), 50))


def test_every_image_stands_over_its_own_bars_with_what_it_is_and_is_read_as():
    prediction = ClassPrediction(drawn())
    panels = Figure().subplots(4, 3)
    plot_digits(IMAGES, prediction, panels=panels, labels=LABELS)
    tops, bars = panels[::2].ravel(), panels[1::2].ravel()
    for i in range(6):
        assert tops[i].get_title() == f"{LABELS[i]}, read as {prediction.labels[i]}"
        inks = tops[i].collections[0].get_facecolor()[:, 3]
        np.testing.assert_allclose(inks, IMAGES[i].ravel())
        heights = [bar.get_height() for bar in bars[i].containers[0].patches]
        np.testing.assert_allclose(heights, prediction.mean[i])
    legend = panels[0, 0].figure.legends[0]
    assert [text.get_text() for text in legend.get_texts()] == ["mean", "mean, true class", "draws"]


def test_images_of_no_class_have_no_true_class():
    panels = Figure().subplots(2, 6)
    plot_digits(IMAGES, ClassPrediction(drawn()), panels=panels)
    assert panels[0, 0].get_title().startswith("read as")
    texts = [text.get_text() for text in panels[0, 0].figure.legends[0].get_texts()]
    assert texts == ["mean", "draws"]
    with pytest.raises(ValueError, match="as many as one another; got 5, 6 and 6"):
        plot_digits(IMAGES[:5], ClassPrediction(drawn()), panels=panels)


def turning(n_angles=19):
    """Class 0, then 2, then 0 again; class 4 never leads, but matters."""
    degrees = np.linspace(0, 180, n_angles)
    two = 0.7 * np.exp(-(((degrees - 90) / 30) ** 2))
    mean = np.stack([0.8 - two, 0 * two, two, 0 * two, 0 * two + 0.2], axis=-1)
    return degrees, ClassPrediction(np.stack([mean, mean, mean]))


def test_the_curves_of_a_rotation_are_the_means_of_classes_that_matter_named_where_they_lead():
    degrees, prediction = turning()
    panels = Figure((7, 6)).subplots(3, 1, sharex=True)
    plot_rotation(degrees, np.ones((19, 8, 8)), prediction, panels=panels, n_images=7)
    curves = [line for line in panels[1].lines if len(line.get_xdata())]
    np.testing.assert_allclose([line.get_ydata() for line in curves], prediction.mean[:, [0, 2, 4]].T)
    assert [line.get_color() for line in curves] == SEQUENCE[:3]
    names = [(text.get_text(), text.xy[0]) for text in panels[1].texts]
    assert names == [("0", 0), ("0", 180), ("2", 90), ("4", 0)]
    assert len(panels[0].collections) == 7


def test_the_band_of_a_class_holds_the_middle_half_of_its_draws():
    shares = np.linspace(0, 1, 101)[:, None] * np.ones(3)
    panels = Figure((7, 6)).subplots(3, 1, sharex=True)
    prediction = ClassPrediction(np.stack([shares, 1 - shares], axis=-1))
    plot_rotation([0, 1, 2], IMAGES[:3], prediction, panels=panels)
    band = panels[1].collections[0].get_paths()[0].vertices[:, 1]
    assert (band.min(), band.max()) == pytest.approx((0.25, 0.75))
    texts = [text.get_text() for text in panels[1].get_legend().get_texts()]
    assert texts == ["mean", "middle half of the draws"]


def test_the_parts_of_the_entropy_lie_upon_each_other_up_to_the_whole():
    prediction = ClassPrediction(drawn())
    panels = Figure((7, 6)).subplots(3, 1, sharex=True)
    plot_rotation(np.arange(6), IMAGES, prediction, panels=panels)
    aleatoric, epistemic = (band.get_paths()[0].vertices for band in panels[2].collections)
    for x in range(6):
        edges = [part[part[:, 0] == x, 1] for part in (aleatoric, epistemic)]
        np.testing.assert_allclose([edges[0].min(), edges[0].max()], [0, prediction.aleatoric[x]])
        np.testing.assert_allclose(
            [edges[1].min(), edges[1].max()], [prediction.aleatoric[x], prediction.entropy[x]]
        )
    assert "nats" in panels[2].get_ylabel()


@pytest.mark.parametrize("height", [0.2, 0.6, 2])
def test_the_images_of_a_rotation_are_square_and_stand_over_their_angles(height):
    degrees, prediction = turning()
    figure = Figure((7, 6), layout="constrained")
    panels = figure.subplots(3, 1, sharex=True, height_ratios=[height, 2, 1])
    plot_rotation(degrees, np.ones((19, 8, 8)), prediction, panels=panels, n_images=7)
    figure.draw_without_rendering()
    strip, curves, _ = panels
    for image, angle in zip(strip.collections, degrees[::3], strict=True):
        box = image.get_window_extent()
        assert box.width == pytest.approx(box.height, rel=0.01)
        assert 0 <= box.y0 < box.y1 <= figure.bbox.y1
        assert (box.x0 + box.x1) / 2 == pytest.approx(curves.transData.transform((angle, 0))[0], abs=0.5)


def test_a_rotation_needs_an_image_and_a_prediction_for_each_angle():
    degrees, prediction = turning()
    panels = Figure().subplots(3, 1)
    with pytest.raises(ValueError, match="19 degrees, 18 images and 19 predictions"):
        plot_rotation(degrees, np.ones((18, 8, 8)), prediction, panels=panels)
    with pytest.raises(ValueError, match="degrees must increase"):
        plot_rotation(degrees[::-1], np.ones((19, 8, 8)), prediction, panels=panels)


def test_histograms_of_entropies_are_percentages_of_each_kind():
    known = np.array([0.0, 0.0, 0.0, np.log(10) * (1 + 1e-9)])
    axes = plot_entropies({"known": known, "other": np.full(7, 1.0)}, axes=Figure().subplots())
    outlines = {patch.get_label(): patch.get_data() for patch in axes.patches if patch.get_label()}
    np.testing.assert_allclose(outlines["known"].values[[0, -1]], [75, 25])
    for shares, edges, _ in outlines.values():
        assert shares.sum() == pytest.approx(100)
        assert (edges[0], edges[-1]) == pytest.approx((0, np.log(10)))
    assert outlines["other"].values[int(30 / np.log(10))] == pytest.approx(100)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["known", "other"]
