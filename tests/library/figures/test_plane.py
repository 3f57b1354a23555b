"""Maps over the plane, read back from their artists and from their pixels, and the film of them."""

from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from bayesian_nn.figures.plane import (
    CLASS_COLOURS,
    DOUBT,
    PROBABILITY,
    SCALES,
    colour_steps,
    draw_class_points,
    draw_map,
    plane_grid,
    plot_doubt_map,
    plot_probability_map,
)
from bayesian_nn.figures.plane_film import draw_plane_film
from bayesian_nn.predictions.classes import ClassPrediction
from site_build.execution.dark_figures import dark

LIMITS = ((-2, 4), (-1, 2))
GRID = plane_grid(LIMITS, n_across=13)
DATA = SimpleNamespace(
    x=np.array([[0.0, 0.0], [1, 1], [2, 0.5], [3, 1]]), y=np.array([0, 0, 1, 1]), x_names=("width", "height")
)
STEPS = np.array([0, 1, 4, 20, 100])
RUN = SimpleNamespace(
    n_steps_done=100, recorded_steps=STEPS, elbo=-10 - 90 * np.exp(-np.arange(100) / 9.0), final_elbo=-10.0
)


def prediction(grid=GRID, spread=0.2, n_classes=2):
    """Class 1 to the right, and draws that disagree the more, the further up."""
    p = 1 / (1 + np.exp(-grid[:, 0] + 1))
    shift = spread * np.linspace(-1, 1, 9)[:, None] * (grid[:, 1] + 1)
    p = np.clip(p + shift, 0.01, 0.99)
    rest = [np.zeros_like(p)] * (n_classes - 2)
    return ClassPrediction(np.stack([1 - p, p, *rest], axis=-1))


def colour_of(kind, value):
    colour_map, edges = SCALES[kind]
    return np.array(colour_map(matplotlib.colors.BoundaryNorm(edges, colour_map.N)(value))[:3])


def lightness(rgb):
    """CIE lightness L*, from 0 to 100."""
    rgb = np.asarray(rgb)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    y = linear @ [0.2126, 0.7152, 0.0722]
    return 116 * np.cbrt(y) - 16 if y > 0.008856 else 903.3 * y


def test_a_grid_covers_its_limits_with_squares_and_x1_runs_first():
    assert GRID.shape == (13 * 7, 2)
    np.testing.assert_allclose(GRID[:3], [[-2, -1], [-1.5, -1], [-1, -1]])
    np.testing.assert_allclose(GRID[-1], [4, 2])
    np.testing.assert_allclose(np.diff(np.unique(GRID[:, 1])), 0.5)


@pytest.mark.parametrize("limits", [((0, 1), (2, 2)), ((1, 0), (0, 1)), (0, 1)])
def test_limits_that_span_no_plane_are_refused(limits):
    with pytest.raises(ValueError, match="limits must be"):
        plane_grid(limits)


@pytest.mark.parametrize(
    ("plot", "values", "kind"),
    [
        (plot_probability_map, prediction().mean[:, 1], PROBABILITY),
        (plot_doubt_map, prediction().epistemic, DOUBT),
    ],
)
def test_a_map_holds_each_place_s_number_where_the_place_is(plot, values, kind):
    axes = plot(GRID, prediction(), DATA, axes=Figure().subplots())
    (image,) = axes.images
    table = np.asarray(image.get_array())
    left, right, bottom, top = image.get_extent()
    for (x1, x2), value in zip(GRID, values, strict=True):
        column = int((x1 - left) / (right - left) * table.shape[1])
        row = int((x2 - bottom) / (top - bottom) * table.shape[0])
        assert table[row, column] == value
    assert image.origin == "lower"
    assert axes.get_xlim() + axes.get_ylim() == (-2, 4, -1, 2)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("width", "height")
    (bar,) = set(axes.figure.axes) - {axes}
    assert bar.get_ylabel() == kind


def test_on_the_page_a_place_has_the_colour_of_its_number():
    figure = Figure((6, 3), dpi=50)
    axes = figure.add_axes((0, 0, 1, 1))
    drawn = prediction()
    plot_probability_map(GRID, drawn, axes=axes, legend=False)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    pixels = np.asarray(canvas.buffer_rgba())[..., :3] / 255
    for place in (16, 30, 45, 60):
        across, up = axes.transData.transform(GRID[place])
        seen = pixels[len(pixels) - 1 - int(up), int(across)]
        np.testing.assert_allclose(seen, colour_of(PROBABILITY, drawn.mean[place, 1]), atol=0.01)


@pytest.mark.parametrize("kind", [PROBABILITY, DOUBT])
def test_a_map_drawn_elsewhere_has_the_same_steps_and_colours(kind):
    edges, colours = colour_steps(kind)
    for low, high, colour in zip(edges, edges[1:], colours, strict=False):
        for value in (low + 0.001, high - 0.001):
            assert to_hex(colour_of(kind, value)) == colour


def test_the_maps_hold_in_a_grey_print():
    first, middle, last = (lightness(colour_of(PROBABILITY, p)) for p in (0.01, 0.49, 0.99))
    assert middle - last > 15 < last - first
    doubts = [lightness(colour_of(DOUBT, nats)) for nats in np.arange(0.025, 0.7, 0.05)]
    assert np.all(np.diff(doubts) < -2)


def test_points_differ_by_colour_and_by_marker_and_the_legend_names_them():
    axes = plot_doubt_map(GRID, prediction(), DATA, axes=Figure().subplots())
    first, second = axes.lines
    np.testing.assert_array_equal(first.get_xydata(), DATA.x[:2])
    np.testing.assert_array_equal(second.get_xydata(), DATA.x[2:])
    assert (first.get_color(), second.get_color()) == CLASS_COLOURS
    assert first.get_marker() != second.get_marker()
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["class 0", "class 1"]


def test_on_a_dark_page_the_numbers_keep_their_colours():
    axes = plot_probability_map(GRID, prediction(), DATA, axes=Figure().subplots())
    canvas = FigureCanvasAgg(axes.figure)

    def at_a_place():
        canvas.draw()
        across, up = axes.transData.transform(GRID[17])
        return np.asarray(canvas.buffer_rgba())[-1 - int(up), int(across)].tolist()

    light = at_a_place()
    with dark(axes.figure):
        assert at_a_place() == light


def test_what_no_map_can_show_is_refused_by_name():
    axes = Figure().subplots()
    with pytest.raises(ValueError, match=r"of two classes.*got 3"):
        plot_probability_map(GRID, prediction(n_classes=3), axes=axes)
    with pytest.raises(ValueError, match="grid must be a regular grid"):
        draw_map(axes, GRID[1:], np.zeros(len(GRID) - 1), DOUBT)
    with pytest.raises(ValueError, match="grid must be a regular grid"):
        draw_map(axes, GRID[::-1], np.zeros(len(GRID)), DOUBT)
    with pytest.raises(ValueError, match=r"the same n_points; got \[91, 2\] and \[90\]"):
        draw_map(axes, GRID, np.zeros(len(GRID) - 1), DOUBT)
    with pytest.raises(ValueError, match=r"classes 0 and 1; got 2 and \[0, 2\]"):
        draw_class_points(axes, SimpleNamespace(x=DATA.x, y=np.array([0, 0, 2, 2])))


@pytest.fixture(scope="module")
def film():
    frames = [prediction(spread=0.3 * number / 4) for number in range(5)]
    return draw_plane_film(GRID, frames, RUN, DATA, seconds=1, hold_seconds=0.4)


def test_frames_share_the_seconds_and_the_last_is_held(film):
    assert film.frames.shape == (5, 560, 800, 3)
    assert film.durations.tolist() == [20] * 4 + [60]


def test_in_a_film_the_doubt_moves_and_the_first_frame_has_none(film):
    n_purple = [
        np.sum(np.abs(frame / 255 - colour_of(DOUBT, 0.12)).max(axis=-1) < 0.02) for frame in film.frames
    ]
    # The colour bar has it in every frame.
    assert n_purple[-1] > 3 * n_purple[0] > 0


def test_a_frame_shows_nothing_of_the_frames_before_it(film):
    again = draw_plane_film(
        GRID,
        [prediction(spread=0.3)] * 5,
        RUN,
        DATA,
        seconds=1,
        hold_seconds=0.4,
    )
    np.testing.assert_array_equal(again.frames[-1], film.frames[-1])


def test_a_film_needs_a_prediction_for_each_recorded_step():
    with pytest.raises(ValueError, match="one for each of the run's 5 recorded steps; got 4"):
        draw_plane_film(GRID, [prediction()] * 4, RUN, DATA)
