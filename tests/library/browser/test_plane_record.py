"""The record of a classifier of two inputs: faithful, what the film shows, and the same bytes every time."""

from types import SimpleNamespace

import numpy as np
import pytest

from bayesian_nn.browser.packed_record import unpack_record
from bayesian_nn.browser.plane_record import FORMAT, read_plane_record, write_plane_record
from bayesian_nn.figures.plane import DOUBT, PROBABILITY, bar_look, colour_steps, plane_grid
from bayesian_nn.figures.training import elbo_at_the_end, plot_elbo, running_median
from bayesian_nn.predictions.classes import ClassPrediction
from site_build.html.player_html import recorded_steps

STEPS = np.array([0, 1, 4, 20, 100])
LIMITS = ((-2.0, 4.0), (-1.0, 2.0))
GRID = plane_grid(LIMITS, n_across=13)
DATA = SimpleNamespace(
    x=np.array([[0.0, 0.0], [1, 1], [2, 0.5], [3, 1]]), y=np.array([0, 0, 1, 1]), x_names=("width", "height")
)
RUN = SimpleNamespace(
    n_steps_done=100, recorded_steps=STEPS, elbo=-10 - 90 * np.exp(-np.arange(100) / 9.0), final_elbo=-9.5
)


def prediction(learnt, n_classes=2):
    """Class 1 to the right, with draws between certainty of one class and of the other."""
    logits = learnt * (GRID[:, 0] + 40 * np.linspace(-1, 1, 9)[:, None] * GRID[:, 1])
    p = 1 / (1 + np.exp(-logits))
    return ClassPrediction(np.stack([1 - p, p, *[0 * p] * (n_classes - 2)], axis=-1))


def arguments():
    predictions = [prediction(learnt) for learnt in np.linspace(0, 1, len(STEPS))]
    return {"run": RUN, "grid": GRID, "predictions": predictions, "data": DATA}


def run(**changes):
    return SimpleNamespace(**{**vars(RUN), **changes})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "learning.bin"


def test_what_is_read_is_what_was_written(path):
    given = arguments()
    write_plane_record(path, **given)
    record = read_plane_record(path)
    np.testing.assert_array_equal(record.steps, STEPS)
    np.testing.assert_allclose(record.x, DATA.x)
    np.testing.assert_array_equal(record.labels, DATA.y)
    assert (record.names, record.limits) == (DATA.x_names, LIMITS)
    shape = (len(STEPS), 7, 13)
    for t, expected in enumerate(given["predictions"]):
        # x1 runs first in the grid.
        off = record.probability[t].ravel() - expected.mean[:, 1]
        assert np.abs(off).max() <= 1 / 510 + 1e-12
        off = record.epistemic[t].ravel() - expected.epistemic
        assert np.abs(off).max() <= np.log(2) / 510 + 1e-12
    assert record.probability.shape == record.epistemic.shape == shape
    assert record.epistemic.max() > 0.6


def test_the_elbo_is_that_of_the_film(path):
    write_plane_record(path, **arguments())
    elbo = read_plane_record(path).elbo
    np.testing.assert_allclose(elbo[:-1], running_median(RUN.elbo, STEPS[:-1]), rtol=1e-6)
    assert elbo[-1] == elbo_at_the_end(RUN) == -9.5
    longer = run(n_steps_done=120, elbo=np.append(RUN.elbo, [-5.0] * 20))
    write_plane_record(path, **arguments() | {"run": longer})
    elbo = read_plane_record(path).elbo
    np.testing.assert_allclose(elbo, running_median(longer.elbo, STEPS), rtol=1e-6)


def test_the_page_is_told_the_colours_and_axes_of_the_figures(path):
    write_plane_record(path, **arguments())
    header, arrays = unpack_record(path.read_bytes(), format=FORMAT)
    for kind, scale in zip((PROBABILITY, DOUBT), header["scales"], strict=True):
        edges, colours = colour_steps(kind)
        np.testing.assert_allclose(scale["edges"], edges, atol=1e-6)
        assert (scale["label"], scale["colours"]) == (kind, colours)
        assert scale["ticks"] == bar_look(kind)["ticks"]
    low, high, threshold = header["nats"]
    assert low < arrays["elbo"].min() < arrays["elbo"].max() < high
    axes = plot_elbo(RUN, with_parts=False)
    assert threshold == axes.yaxis.get_transform().linthresh
    assert header["n_steps"] == 100


def test_the_same_arguments_give_the_same_bytes(path):
    write_plane_record(path, **arguments())
    first = path.read_bytes()
    write_plane_record(path, **arguments())
    assert path.read_bytes() == first


def test_the_build_finds_the_steps_that_sentences_may_name(path):
    write_plane_record(path, **arguments())
    assert recorded_steps(path) == STEPS.tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"predictions": [prediction(1)] * 4}, "one for each of the run's 5 recorded steps; got 4"),
        ({"predictions": [prediction(1, n_classes=3)] * 5}, "of two classes, .*; got 3"),
        ({"grid": GRID[::-1]}, "grid must be a regular grid over the plane"),
        ({"grid": GRID[:-13]}, r"the same n_points; got \[78, 2\] and \[91\]"),
        ({"grid": GRID * np.nan}, "grid has 182 values that are not finite"),
        ({"data": SimpleNamespace(x=DATA.x, y=DATA.y + 1)}, r"classes 0 and 1; got 2 and \[1, 2\]"),
        ({"data": SimpleNamespace(x=DATA.x[:, :1], y=DATA.y)}, "data must have two inputs .*; got 1"),
        ({"run": run(elbo=np.full(100, np.nan), final_elbo=np.nan)}, "run.elbo has 5 values that are not"),
        (
            {"run": run(recorded_steps=STEPS[-1:]), "predictions": [prediction(1)]},
            r"run must have recorded two steps or more, got \[100\]: fit with record_at=",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused(path, change, message):
    with pytest.raises(ValueError, match=message):
        write_plane_record(path, **arguments() | change)
    assert not path.exists()


def test_another_file_and_a_damaged_one_are_refused(path):
    write_plane_record(path, **arguments())
    whole = path.read_bytes()
    for content in (b"", b"GIF89a", b"BNNP", b"BNNPabc", whole[:-9]):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"learning\.bin is not the record of a classifier of two"):
            read_plane_record(path)
