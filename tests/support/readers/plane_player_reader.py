"""Pages with a player of a classifier of two inputs, its record, and what a reader sees there."""

import base64
import io
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.colors import BoundaryNorm
from PIL import Image
from readers import player_pages
from readers.browser import serve
from readers.player_reader import MINUS, opening, settle

from bayesian_nn.browser.plane_record import read_plane_record, write_plane_record
from bayesian_nn.data.toy import two_moons
from bayesian_nn.figures.plane import DOUBT, PROBABILITY, SCALES, plane_grid
from bayesian_nn.predictions.classes import ClassPrediction

STEPS = player_pages.STEPS
LAST = len(STEPS) - 1
LIMITS = ((-2.0, 3.0), (-1.5, 2.0))
GRID = plane_grid(LIMITS, n_across=21)
KINDS = (PROBABILITY, DOUBT)


def arguments():
    """A border that bends while it is learnt, and draws that come to disagree about it to the right."""
    elbo = -60 - 400 * np.exp(-np.arange(STEPS[-1]) / 60)
    sides = np.linspace(-2, 2, 9)[:, None]

    def prediction(share):
        bend = 0.8 * share * np.sin(2 * GRID[:, 0])
        logits = 8 * share * (bend - GRID[:, 1] + 0.3 + 0.5 * sides * GRID[:, 0])
        p = 1 / (1 + np.exp(-logits))
        return ClassPrediction(np.stack([1 - p, p], axis=-1))

    run = {"recorded_steps": STEPS, "n_steps_done": len(elbo), "elbo": elbo, "final_elbo": elbo[-1]}
    return {
        "run": SimpleNamespace(**run),
        "grid": GRID,
        "predictions": [prediction(share) for share in (STEPS / STEPS[-1]) ** 0.4],
        "data": two_moons(seed=2, n_points=60),
    }


def add_pages(folder):
    """Returns the folder of `player_pages.make_pages`, with pages of this kind of player added."""
    write_plane_record(folder / "plane.bin", **arguments())
    player = player_pages.player("fit", element="plane-player", src="plane.bin")
    wrong = player_pages.player("fit", element="plane-player", src="fit.bin")
    pages = {
        "plane": ("default", "", player),
        "plane-dark": ("slate", "", player),
        "plane-wrong": ("default", "", wrong),
    }
    player_pages.add_pages(folder, "plane-player", pages)
    return folder


# Fixtures, for the test files to take by their names.
@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return add_pages(player_pages.make_pages(tmp_path_factory.mktemp("pages")))


@pytest.fixture(scope="module")
def record(folder):
    return read_plane_record(folder / "plane.bin")


@pytest.fixture(scope="module")
def address(folder):
    with serve(folder, "/blog/") as where:
        yield where


@pytest.fixture
def open_page(browser, address):
    with opening(browser, address, "plane-player", "plane") as opened:
        yield opened


def words_at(record, t):
    return [f"step {record.steps[t]:,}", f"ELBO {record.elbo[t]:,.0f} nats".replace("-", MINUS)]


def values_of(record, kind, t):
    return (record.probability, record.epistemic)[kind][t]


def colours_of(kind, values):
    """The colours of a map's numbers in the figures, `[..., 3]` of bytes."""
    colour_map, edges = SCALES[KINDS[kind]]
    return np.rint(255 * colour_map(BoundaryNorm(edges, colour_map.N)(values))[..., :3])


def values_apart(record, kind, t, shape, n=400):
    """Pixels of a map's picture, their rows and columns, that no point covers, and the values there: blended
    between the record's places by a few lines of NumPy."""
    rows, columns = (np.random.default_rng(0).integers(2, size - 2, n) for size in shape)
    fractions = np.stack([1 - (rows + 0.5) / shape[0], (columns + 0.5) / shape[1]])
    (left, right), (low, high) = LIMITS
    x1, x2 = left + fractions[1] * (right - left), low + fractions[0] * (high - low)
    apart = np.hypot(x1[:, None] - record.x[:, 0], x2[:, None] - record.x[:, 1]).min(axis=1) > 0.2
    table = values_of(record, kind, t)
    at = fractions[:, apart] * (np.array(table.shape)[:, None] - 1)
    (j, i), (up, across) = at.astype(int), at % 1
    below, above = (table[k, i] + across * (table[k, i + 1] - table[k, i]) for k in (j, j + 1))
    return rows[apart], columns[apart], below + up * (above - below)


def axes_box(page, kind):
    """The left, top, right and bottom of a map on the page, without the margins for its ticks."""
    box = page.locator(".player__map").nth(kind).bounding_box()
    em = 12
    right, bottom = box["width"] - 0.3 * em, round(box["height"] - 2.9 * em)
    return box["x"] + round(2.2 * em), box["y"] + round(1.5 * em), box["x"] + right, box["y"] + bottom


def point(page, kind, x1, x2):
    """Where on the page a place in the plane lies."""
    left, top, right, bottom = axes_box(page, kind)
    across, up = ((x - low) / (high - low) for x, (low, high) in zip((x1, x2), LIMITS, strict=True))
    return left + across * (right - left), bottom - up * (bottom - top)


def pixels_of(page, kind, panel="map"):
    """What a canvas shows, `[height, width, 4]` of bytes."""
    settle(page)
    png = page.locator(f".player__{panel}").nth(kind).evaluate("canvas => canvas.toDataURL()")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png.partition(",")[2]))).convert("RGBA"))


def picture_of(page, kind):
    """What a map shows between its axes, `[height, width, 3]` of bytes."""
    box, ratio = page.locator(".player__map").nth(kind).bounding_box(), page.evaluate("devicePixelRatio")
    edges = np.subtract(axes_box(page, kind), [box["x"], box["y"]] * 2)
    left, top, right, bottom = np.rint(ratio * edges).astype(int)
    return pixels_of(page, kind)[top:bottom, left:right, :3]
