"""What a reader sees on a page with a player of a classifier of two inputs, and what its record says."""

import base64
import io

import numpy as np
from matplotlib.colors import BoundaryNorm
from PIL import Image
from readers.element_reader import settle
from readers.plane_player_pages import LIMITS
from readers.player_reader import MINUS

from bayesian_nn.figures.plane import DOUBT, PROBABILITY, SCALES

KINDS = (PROBABILITY, DOUBT)


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
