"""The film of a posterior predictive that learns, drawn frame by frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from PIL import Image
from tqdm import tqdm

from bayesian_nn.figures.band import draw_bands, draw_data
from bayesian_nn.figures.film_files import Film
from bayesian_nn.figures.nats_axis import format_nats
from bayesian_nn.figures.style import COLOURS, add_legend, style
from bayesian_nn.figures.training import plot_elbo, shown_elbo
from bayesian_nn.predictions.real import PredictionFilm

if TYPE_CHECKING:
    from bayesian_nn.data.tables import Dataset
    from bayesian_nn.training.run import Run

__all__ = ["MovingPicture", "check_size", "draw_film", "draw_frames"]

DOTS_PER_INCH = 100
LEAST_MARGIN = 4
LEGIBLE_AT_HALF_WIDTH = {"font.size": 13, "lines.markersize": 5.5}


def draw_film(
    film: PredictionFilm,
    run: Run,
    data: Dataset,
    *,
    y_limits: tuple[float, float] | None = None,
    reference: Mapping[str, float] | None = None,
    size: tuple[int, int] = (640, 540),
    seconds: float = 8.0,
    hold_seconds: float = 2.0,
) -> Film:
    """The rendered film: above, the predictive bands, draws of f, data and truth; below, the ELBO's cursor.

    x and y are in original units, the ELBO in nats (its running median). The frames share `seconds` equally,
    and the last is held for `hold_seconds` more. `size` is (width, height) in pixels, both even.
    """
    if film.steps[-1] > run.n_steps_done:
        raise ValueError(
            f"film ends at step {film.steps[-1]:,}, and run has {run.n_steps_done:,} steps: "
            "is it another run?"
        )
    check_size(size)
    with style(), matplotlib.rc_context(LEGIBLE_AT_HALF_WIDTH):
        stage = _Stage(film, run, data, y_limits or _y_limits(film, data), reference, size)
    return draw_frames(stage.draw, len(film.steps), seconds=seconds, hold_seconds=hold_seconds)


def draw_frames(
    draw: Callable[[int], np.ndarray], n_frames: int, *, seconds: float, hold_seconds: float
) -> Film:
    """The film of the pictures that `draw` makes of each frame's number, uint8 [height, width, 3]: they share
    `seconds` equally, and the last is held for `hold_seconds` more."""
    # Absent when the output is no terminal, and for a film that is drawn within two seconds.
    numbers = tqdm(range(n_frames), desc="film", unit="frame", disable=None, delay=2, leave=False)
    frames = np.stack([draw(number) for number in numbers])
    shown = max(2, round(100 * seconds / n_frames))
    durations = np.full(n_frames, shown)
    # A whole number of frames: a film of one frame rate has no other way to hold the last.
    durations[-1] += shown * round(100 * hold_seconds / shown)
    return Film(frames, durations)


def check_size(size: tuple[int, int]) -> None:
    """Raises ValueError unless the width and the height in pixels are even."""
    if size[0] % 2 or size[1] % 2:
        raise ValueError(f"size must be even for MP4, and is {size[0]} x {size[1]} pixels")


class MovingPicture:
    """A figure whose still parts are drawn once, and the artists that move on it, given in this order."""

    def __init__(self, figure: Figure, moving: Sequence[Artist]):
        self.figure, self.moving = figure, list(moving)
        for artist in self.moving:
            artist.set_animated(True)
        figure.canvas.draw()
        self.background = figure.canvas.copy_from_bbox(figure.bbox)

    def pixels(self) -> np.ndarray:
        """The picture with the artists as they now are, uint8 [height, width, 3]."""
        canvas = self.figure.canvas
        canvas.restore_region(self.background)
        for artist in self.moving:
            self.figure.draw_artist(artist)
        # Pillow drops the alpha channel ten times faster than NumPy.
        return np.asarray(Image.fromarray(np.asarray(canvas.buffer_rgba())).convert("RGB"))


class _Stage:
    """The two panels of a film of a prediction, the curves that move on them, and the ELBO's cursor."""

    def __init__(self, film, run, data, y_limits, reference, size):
        self.film = film
        self.elbo = shown_elbo(run, film.steps)
        inches = (size[0] / DOTS_PER_INCH, size[1] / DOTS_PER_INCH)
        self.figure = Figure(inches, dpi=DOTS_PER_INCH, layout="none")
        self.canvas = FigureCanvasAgg(self.figure)
        self._build_predictive(data, y_limits)
        self._build_elbo(run, reference)
        self._fit_labels()
        self.picture = MovingPicture(self.figure, self.moving)

    def _build_predictive(self, data, y_limits):
        axes = self.predictive_axes = self.figure.add_axes((0.15, 0.435, 0.805, 0.365))
        x = self.film.x
        blue = COLOURS["posterior"]
        self.bands = draw_bands(axes, x, *self._band_edges(0))
        self.curves = LineCollection([], colors=COLOURS["curves"], lw=1.2, label="draws of f")
        axes.add_collection(self.curves, autolim=False)
        (self.mean,) = axes.plot(x, x, color=blue, lw=3, label="mean")
        known = draw_data(axes, data, x)
        axes.set(xlim=(x[0], x[-1]), ylim=y_limits, xlabel=data.x_names[0], ylabel=data.y_name)
        add_legend(axes)
        title = {"fontsize": 18, "fontweight": "bold"}
        self.step_text = self.figure.text(0.15, 0.94, "", **title)
        self.elbo_text = self.figure.text(0.955, 0.94, "", ha="right", color=blue, **title)
        *truth, points = known
        self.moving = [*self.bands, self.curves, *truth, self.mean, points, self.step_text, self.elbo_text]

    def _build_elbo(self, run, reference):
        axes = self.figure.add_axes((0.15, 0.11, 0.805, 0.165))
        plot_elbo(run, axes=axes, reference=reference, with_parts=False)
        axes.set_ylabel(None)
        axes.set_title("ELBO in nats (up is better)", fontsize="medium", pad=8)
        self.cursor = axes.axvline(0, color=COLOURS["reference"], lw=1.5)
        (self.dot,) = axes.plot([0], [0], "o", color=COLOURS["posterior"], ms=11, mew=0, clip_on=False)
        self.moving += [self.cursor, self.dot]

    def _fit_labels(self):
        """Names powers of ten in the axes' labels, and makes room at the left for the widest numbers."""
        axes = self.predictive_axes
        for axis in (axes.xaxis, axes.yaxis):
            axis.get_major_formatter().set_useMathText(True)
        self.canvas.draw()
        for axis in (axes.xaxis, axes.yaxis):
            # Where Matplotlib puts it, it lies on the legend or on the numbers.
            if power := axis.get_offset_text().get_text():
                axis.set_label_text(f"{axis.get_label_text()} ({power})")
            axis.get_offset_text().set_visible(False)
        renderer = self.canvas.get_renderer()
        left = min(each.yaxis.get_tightbbox(renderer).x0 for each in self.figure.axes)
        shift = max(0, LEAST_MARGIN - left) / self.figure.bbox.width
        for each in self.figure.axes:
            x, y, width, height = each.get_position().bounds
            each.set_position((x + shift, y, width - shift, height))

    def _band_edges(self, frame: int) -> list[tuple[np.ndarray, np.ndarray]]:
        film, mean = self.film, self.film.mean[frame]
        return [
            (mean - 2 * width, mean + 2 * width) for width in (film.std[frame], film.epistemic_std[frame])
        ]

    def draw(self, frame: int) -> np.ndarray:
        """One frame, uint8 [height, width, 3]."""
        film, step, elbo = self.film, self.film.steps[frame], self.elbo[frame]
        for band, (low, high) in zip(self.bands, self._band_edges(frame), strict=True):
            band.set_data(film.x, low, high)
        self.curves.set_segments([np.column_stack([film.x, curve]) for curve in film.curves[frame]])
        self.mean.set_ydata(film.mean[frame])
        self.step_text.set_text(f"step {step:,}")
        self.elbo_text.set_text(f"ELBO {format_nats(elbo)} nats")
        self.cursor.set_xdata([step, step])
        self.dot.set_data([step], [elbo])
        return self.picture.pixels()


def _y_limits(film: PredictionFilm, data: Dataset) -> tuple[float, float]:
    """The range of the data, its truth, and the last frame's bands, with a margin."""
    values = [data.y, film.mean[-1] - 2 * film.std[-1], film.mean[-1] + 2 * film.std[-1]]
    if data.truth is not None:
        values.append(data.truth(film.x[:, None]))
    values = np.concatenate([np.ravel(value) for value in values])
    margin = 0.08 * np.ptp(values)
    return values.min() - margin, values.max() + margin
