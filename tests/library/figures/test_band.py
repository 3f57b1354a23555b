"""What the figures draw, read back from their artists."""

import os
import subprocess
import sys
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from bayesian_nn.figures.band import plot_predictive
from bayesian_nn.figures.style import write_figure
from bayesian_nn.figures.training import elbo_at_the_end, first_step_above, plot_elbo, running_median
from bayesian_nn.predictions.real import Prediction
from site_build.html.media import DOTS_PER_INCH


@pytest.fixture(scope="module")
def run():
    steps, random = np.arange(1000), np.random.default_rng(0)
    log_likelihood = 20 - 50_000 * np.exp(-steps / 30) + random.normal(0, 10, 1000)
    kl = 130 + 370 * np.exp(-steps / 100)
    return SimpleNamespace(n_steps_done=1000, log_likelihood=log_likelihood, kl=kl, elbo=log_likelihood - kl)


@pytest.fixture(scope="module")
def prediction():
    x = np.array([3.0, 1.0, 2.0, 0.0])
    draws = x + np.array([[-1.0], [0.0], [4.0]])
    return Prediction(x[:, None], draws, np.array([0.5, 0.5, 0.5]))


@pytest.fixture
def axes():
    return Figure().subplots()


def band(collection):
    """Lower and upper edge of a band at x = 0, 1, 2, 3, read from its polygon."""
    corners = collection.get_paths()[0].vertices
    edges = [corners[corners[:, 0] == x, 1] for x in range(4)]
    return np.array([(edge.min(), edge.max()) for edge in edges]).T


def test_the_bands_are_the_numbers(prediction, axes):
    plot_predictive(prediction, axes=axes)
    bands = {collection.get_label(): band(collection) for collection in axes.collections}
    mean, epistemic_std = np.arange(4) + 1.0, np.sqrt(14 / 3)
    for label, std in {
        "± 2 sd of f": epistemic_std,
        "± 2 sd with noise": np.hypot(epistemic_std, 0.5),
    }.items():
        np.testing.assert_allclose(bands[label], [mean - 2 * std, mean + 2 * std])


def test_the_curves_are_the_first_draws_in_the_order_of_x(prediction, axes):
    plot_predictive(prediction, axes=axes, n_curves=2)
    *curves, mean = axes.lines
    np.testing.assert_array_equal(
        [curve.get_xydata().T for curve in curves], [[range(4), np.arange(4) + k] for k in (-1, 0)]
    )
    assert mean.get_label() == "mean"
    np.testing.assert_allclose(mean.get_ydata(), np.arange(4) + 1.0)


def test_data_and_truth_are_drawn_with_their_names_in_the_colour_of_text(prediction, axes):
    data = SimpleNamespace(
        x=np.array([[0.5], [2.5]]),
        y=np.array([7.0, 8.0]),
        truth=lambda x: 10 * x[:, 0],
        x_names=("age",),
        y_name="height",
    )
    with matplotlib.rc_context({"text.color": "#123456"}):
        plot_predictive(prediction, data, axes=axes)
    lines = {line.get_label(): line for line in axes.lines}
    np.testing.assert_array_equal(lines["data"].get_xydata(), [[0.5, 7], [2.5, 8]])
    np.testing.assert_array_equal(lines["truth"].get_ydata(), [0, 10, 20, 30])
    assert lines["data"].get_color() == "#123456"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("age", "height")


def test_several_inputs_are_refused():
    with pytest.raises(ValueError, match=r"n_inputs = 2.*predict along a line"):
        plot_predictive(Prediction(np.ones((3, 2)), np.ones((4, 3)), np.ones(4)))


def test_the_elbo_and_its_parts_are_drawn_as_they_are(run, axes):
    assert plot_elbo(run, axes=axes, reference={"a constant": -450.0}) is axes
    raw = [line.get_ydata() for line in axes.lines if len(line.get_ydata()) == 1000]
    np.testing.assert_array_equal(raw, [run.log_likelihood - run.kl, run.log_likelihood, -run.kl])
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels[0] == f"ELBO: −{-np.median(run.elbo[-100:]):.0f}"  # noqa: RUF001
    assert [text.get_text() for text in axes.texts] == ["a constant: −450"]  # noqa: RUF001


def test_the_start_and_the_convergence_can_both_be_read(run, axes):
    plot_elbo(run, axes=axes)
    height = axes.bbox.height

    def place(nats):
        return (axes.transData.transform((1, nats))[1] - axes.bbox.y0) / height

    assert 0 < place(run.elbo[0]) < 0.2
    assert place(20) < 1
    assert place(-100) - place(-150) > 0.03
    assert place(run.elbo[0] / 2) - place(run.elbo[0]) > 0.03


def made_run(first, final, n_steps):
    elbo = final + (first - final) * np.exp(-np.arange(n_steps) / max(1, n_steps / 8))
    kl = np.full(n_steps, 0.2 * abs(final))
    return SimpleNamespace(n_steps_done=n_steps, elbo=elbo, log_likelihood=elbo + kl, kl=kl, final_elbo=final)


RUNS = {
    "large": (-2792, -1374, 1000),
    "below a power of ten": (-12_000, -3699, 1000),
    "crosses zero": (-4000, 640, 1000),
    "ends at zero": (-4000, 0.4, 1000),
    "positive": (50, 900, 1000),
    "hardly moves": (-1_000_100, -1_000_000, 1000),
    "below one nat": (-0.8, 0.3, 300),
    "one step": (-50, -50, 1),
    "two steps": (-500, -60, 2),
    "three steps": (-500, -60, 3),
}


@pytest.mark.parametrize("size", [(7.2, 4.8), (6.4, 1.2)])
@pytest.mark.parametrize("with_parts", [True, False])
@pytest.mark.parametrize("name", RUNS)
def test_any_run_fills_its_axes_and_has_three_ticks_apart(name, with_parts, size):
    run = made_run(*RUNS[name])
    axes = Figure(size).subplots()
    plot_elbo(run, axes=axes, with_parts=with_parts)
    inside = [axes.transAxes.inverted().transform(line.get_transform().transform(line.get_xydata()))[:, 1]
              for line in axes.lines if line.get_lw() > 1]  # fmt: skip
    curves = np.concatenate(inside)
    assert curves.min() >= 0
    assert curves.max() <= 1
    assert run.n_steps_done == 1 or np.ptp(curves) > 0.6
    low, high = axes.get_ylim()
    ticks = axes.get_yticks()
    assert np.all((ticks >= low) & (ticks <= high))
    texts = [text.get_text() for text in axes.get_yticklabels()]
    assert len(texts) == len(set(texts)) >= 3
    places = axes.transData.transform([(0, tick) for tick in ticks])[:, 1]
    assert np.diff(places).min() >= 8 * axes.figure.dpi / 72
    assert len(axes.get_xticks()) == (2 if run.n_steps_done == 1 else max(3, len(axes.get_xticks())))


@pytest.mark.parametrize("reference", [400.0, -1e6])
@pytest.mark.parametrize("n_steps", [5, 1000])
def test_references_and_their_labels_lie_within_the_axes(reference, n_steps):
    axes = Figure((6.4, 1.6)).subplots()
    plot_elbo(made_run(-800, -100, n_steps), axes=axes, reference={"a": reference}, with_parts=False)
    box, (label,) = axes.bbox, axes.texts
    axes.figure.canvas.draw()
    inner = label.get_window_extent()
    assert box.y0 - 1 <= inner.y0 < inner.y1 <= box.y1 + 1
    assert axes.get_ylim()[0] < reference < axes.get_ylim()[1]


def test_the_elbos_curve_ends_on_the_runs_own_final_elbo(axes):
    run = made_run(-800, -100, 5)
    plot_elbo(run, axes=axes, with_parts=False)
    assert tuple(axes.lines[1].get_xydata()[-1]) == (5, -100)
    del run.final_elbo
    assert elbo_at_the_end(run) == run.elbo[-1]
    run.final_elbo = np.nan
    assert elbo_at_the_end(run) == run.elbo[-1]


def test_running_median_by_hand():
    values = np.array([9.0, 1, 2, 3, -1e6, 4, 5, 6, 7, 8, 0])
    np.testing.assert_array_equal(running_median(values, [0, 4, 5, 10], relative_width=0.2), [9, -1e6, 4, 7])
    assert running_median(values, [99], relative_width=0)[0] == 0


def test_the_first_step_above_a_threshold():
    assert first_step_above(0.5, np.array([0.0, 0, 1, 0, 1])) == 2
    with pytest.raises(ValueError, match="threshold: no step comes above 2"):
        first_step_above(2, np.array([0.0, 1]))


def test_axes_are_made_where_none_are_given(run, prediction):
    from matplotlib import pyplot

    figures = [plot_elbo(run).figure, plot_predictive(prediction).figure]
    assert figures == [pyplot.figure(number) for number in pyplot.get_fignums()[-2:]]
    for figure in figures:
        pyplot.close(figure)


@pytest.mark.parametrize("ending", ["png", "PNG", "svg", "pdf", "jpg", "jpeg"])
def test_a_figure_has_the_same_bytes_and_no_version_in_them(run, tmp_path, ending):
    paths = [tmp_path / f"{name}.{ending}" for name in ("one", "two")]
    for path in paths:
        write_figure(plot_elbo(run, axes=Figure().subplots()), path)
    one, two = (path.read_bytes() for path in paths)
    assert one == two
    assert matplotlib.__version__.encode() not in one
    assert sorted(tmp_path.iterdir()) == paths


@pytest.mark.parametrize("name", ["figure", "figure.bmp", "figure.0.02"])
def test_a_figure_without_a_known_ending_is_refused_and_leaves_no_file(axes, tmp_path, name):
    with pytest.raises(ValueError, match=rf"must end in one of \.png, .*; got '{name}'"):
        write_figure(axes, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_figure_is_as_sharp_as_those_that_the_site_saves(tmp_path):
    write_figure(Figure((3, 2)).subplots(), tmp_path / "figure.png")
    with Image.open(tmp_path / "figure.png") as image:
        assert image.size == (3 * DOTS_PER_INCH, 2 * DOTS_PER_INCH)


def test_a_failed_write_leaves_the_old_file(axes, tmp_path, monkeypatch):
    path = tmp_path / "figure.png"
    path.write_bytes(b"old")

    def fail(target, **_):
        target.write_bytes(b"half")
        raise RuntimeError("disk full")

    monkeypatch.setattr(axes.figure, "savefig", fail)
    with pytest.raises(RuntimeError, match="disk full"):
        write_figure(axes, path)
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [("figure.png", b"old")]


def test_a_folder_that_cannot_be_written_is_named_with_the_remedy(axes, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"cannot write .*file/figure\.png .*choose another folder"):
        write_figure(axes, tmp_path / "file" / "figure.png")


def test_figures_are_as_readable_by_others_as_any_new_file(axes, tmp_path):
    (tmp_path / "any").touch()
    write_figure(axes, tmp_path / "new" / "figure.png")
    assert (tmp_path / "new" / "figure.png").stat().st_mode == (tmp_path / "any").stat().st_mode


def test_drawing_imports_no_tensorflow():
    code = (
        "import sys, bayesian_nn.figures.film; print([name for name in sys.modules if 'tensorflow' in name])"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
