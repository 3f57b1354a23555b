"""The film of a classifier of two inputs that learns: both maps over the plane, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bayesian_nn.figures.film import (
    DOTS_PER_INCH,
    LEGIBLE_AT_HALF_WIDTH,
    MovingPicture,
    check_size,
    draw_frames,
)
from bayesian_nn.figures.film_files import Film
from bayesian_nn.figures.nats_axis import format_nats
from bayesian_nn.figures.plane import bar_look, draw_class_points, draw_map, plane_maps
from bayesian_nn.figures.style import COLOURS, style
from bayesian_nn.figures.training import plot_elbo, shown_elbo
from bayesian_nn.predictions.classes import ClassPrediction

if TYPE_CHECKING:
    from bayesian_nn.data.tables import Dataset
    from bayesian_nn.training.run import Run

__all__ = ["draw_plane_film"]


def draw_plane_film(
    grid,
    predictions: Sequence[ClassPrediction],
    run: Run,
    data: Dataset,
    *,
    size: tuple[int, int] = (800, 560),
    seconds: float = 8.0,
    hold_seconds: float = 2.0,
) -> Film:
    """Returns the rendered film: the probability of class 1 over the plane, beside it the epistemic part, and
    below them the cursor on the ELBO (its running median, in nats).

    grid: as `plane_grid` makes it; predictions: the one there at each of `run.recorded_steps`. The frames
    share `seconds` equally, and the last is held for `hold_seconds` more. `size` is (width, height) in
    pixels, both even.
    """
    maps = plane_maps(grid, predictions, run)
    check_size(size)
    with style(), matplotlib.rc_context(LEGIBLE_AT_HALF_WIDTH | {"lines.markersize": 4.5}):
        stage = _Stage(grid, maps, run, data, size)
    return draw_frames(stage.draw, len(predictions), seconds=seconds, hold_seconds=hold_seconds)


class _Stage:
    """The two maps of a film, the points upon them, and the ELBO's cursor."""

    def __init__(self, grid, maps, run, data, size):
        self.steps, self.elbo = run.recorded_steps, shown_elbo(run, run.recorded_steps)
        self.maps = maps
        self.figure = Figure(
            (size[0] / DOTS_PER_INCH, size[1] / DOTS_PER_INCH), dpi=DOTS_PER_INCH, layout="none"
        )
        FigureCanvasAgg(self.figure)
        self.images, points = {}, []
        for place, kind in enumerate(maps):
            points += self._build_map(place, kind, grid, data)
        self._build_elbo(run)
        title = {"fontsize": 18, "fontweight": "bold"}
        self.step_text = self.figure.text(0.085, 0.94, "", **title)
        blue = COLOURS["posterior"]
        self.elbo_text = self.figure.text(0.965, 0.94, "", ha="right", color=blue, **title)
        texts = [self.step_text, self.elbo_text]
        moving = [*self.images.values(), *points, *texts, self.cursor, self.dot]
        self.picture = MovingPicture(self.figure, moving)

    def _build_map(self, place, kind, grid, data):
        left = 0.085 + 0.46 * place
        axes = self.figure.add_axes((left, 0.36, 0.42, 0.46))
        self.images[kind] = draw_map(axes, grid, self.maps[kind][0].ravel(), kind)
        points = draw_class_points(axes, data)
        axes.set(xlabel=data.x_names[0])
        if place == 0:
            axes.set(ylabel=data.x_names[1])
        else:
            axes.tick_params(labelleft=False)
        axes.set_anchor("W")
        self.figure.canvas.draw()
        box = axes.get_position()
        bar = self.figure.add_axes((box.x0, box.y1 + 0.05, box.width, 0.018))
        look = bar_look(kind)
        title = look.pop("label")
        self.figure.colorbar(self.images[kind], cax=bar, orientation="horizontal", **look)
        bar.tick_params(labelsize=11, length=2, pad=2)
        bar.set_title(title, fontsize="medium", pad=4)
        return points

    def _build_elbo(self, run):
        axes = self.figure.add_axes((0.085, 0.1, 0.88, 0.12))
        plot_elbo(run, axes=axes, with_parts=False)
        axes.set_ylabel(None)
        axes.set_title("ELBO in nats (up is better)", fontsize="medium", pad=6)
        self.cursor = axes.axvline(0, color=COLOURS["reference"], lw=1.5)
        (self.dot,) = axes.plot([0], [0], "o", color=COLOURS["posterior"], ms=11, mew=0, clip_on=False)

    def draw(self, frame: int) -> np.ndarray:
        """Returns one frame, uint8 [height, width, 3]."""
        step, elbo = self.steps[frame], self.elbo[frame]
        for kind, image in self.images.items():
            image.set_data(self.maps[kind][frame])
        self.step_text.set_text(f"step {step:,}")
        self.elbo_text.set_text(f"ELBO {format_nats(elbo)} nats")
        self.cursor.set_xdata([step, step])
        self.dot.set_data([step], [elbo])
        return self.picture.pixels()
