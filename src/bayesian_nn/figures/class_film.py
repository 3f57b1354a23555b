"""The film of a classifier that learns: the same images' class probabilities, frame by frame."""

from __future__ import annotations

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from bayesian_nn.figures.classes import dots, draw_image
from bayesian_nn.figures.film import (
    DOTS_PER_INCH,
    LEGIBLE_AT_HALF_WIDTH,
    MovingPicture,
    check_size,
    draw_frames,
)
from bayesian_nn.figures.film_files import Film
from bayesian_nn.figures.style import COLOURS, style
from bayesian_nn.predictions.classes import check_probabilities
from bayesian_nn.runtime.checks import finite_numbers

__all__ = ["draw_class_film"]

N_COLUMNS = 3
N_DOTS = 20
N_GREYS = 6
LEFT, RIGHT, GAP = 0.125, 0.975, 0.03


def draw_class_film(
    epochs,
    images,
    probabilities,
    *,
    labels,
    errors,
    of: str = "validation",
    size: tuple[int, int] = (640, 660),
    seconds: float = 8.0,
    hold_seconds: float = 2.0,
) -> Film:
    """The rendered film: images, three in a row, over bars of their mean class probabilities, that of the
    true class in green, and dots of up to twenty draws; below, the cursor on the error rate.

    epochs: `[n_frames]`, increasing, and parts of an epoch too; images: `[n_images, height, width]`;
    probabilities: `[n_frames, n_draws, n_images, n_classes]`; labels: the true classes, `[n_images]`; errors:
    the error rate `[n_frames]` on the `of` images. The frames share `seconds` equally, and the last is held
    for `hold_seconds` more. `size` is (width, height) in pixels, both even.
    """
    arrays = {"epochs": epochs, "images": images, "labels": labels, "errors": errors}
    epochs, images, labels, errors = (finite_numbers(name, array) for name, array in arrays.items())
    _check_shapes(epochs, images, np.asarray(probabilities), labels, errors)
    check_size(size)
    with style(), matplotlib.rc_context(LEGIBLE_AT_HALF_WIDTH):
        stage = _Stage(epochs, images, np.asarray(probabilities), labels, errors, of, size)
    return draw_frames(stage.draw, len(epochs), seconds=seconds, hold_seconds=hold_seconds)


class _Stage:
    """The panels of the images, and the bars, dots, cursor and titles that move on them."""

    def __init__(self, epochs, images, probabilities, labels, errors, of, size):
        self.epochs, self.errors, self.of = epochs, 100 * errors, of
        self.means = probabilities.mean(axis=1, dtype=float)
        self.draws = probabilities
        self.figure = Figure(
            (size[0] / DOTS_PER_INCH, size[1] / DOTS_PER_INCH), dpi=DOTS_PER_INCH, layout="none"
        )
        FigureCanvasAgg(self.figure)
        self.bars, self.dots = [], []
        for place, (image, label) in enumerate(zip(images, labels, strict=True)):
            self._build_image(place, -(-len(images) // N_COLUMNS), image, label)
        self._build_errors()
        self._build_titles()
        bars = [bar for bars in self.bars for bar in bars]
        moving = [*bars, *self.dots, self.cursor, self.dot, self.epoch_text, self.error_text]
        self.picture = MovingPicture(self.figure, moving)

    def _build_image(self, place, n_rows, image, label):
        row, column = divmod(place, N_COLUMNS)
        # Between the legend and the error's panel: the image, its bars, and their numbers.
        height, width = 0.645 / n_rows, (RIGHT - LEFT + GAP) / N_COLUMNS
        left, bottom = LEFT + column * width, 0.88 - (row + 1) * height
        numbers = 30 / self.figure.bbox.height
        part = (height - numbers) / 2
        top = self.figure.add_axes((left, bottom + numbers + part, width - GAP, 0.94 * part))
        # A GIF has few colours, and would give a grey that is not among them that of a bar.
        draw_image(np.round(image * (N_GREYS - 1)) / (N_GREYS - 1), top)
        top.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        top.set_axis_off()
        axes = self.figure.add_axes((left, bottom + numbers, width - GAP, 0.94 * part))
        n_classes = self.means.shape[-1]
        colours = [bar_colour(k == label) for k in range(n_classes)]
        self.bars.append(axes.bar(range(n_classes), 1, color=colours))
        self.dots += axes.plot([], [], "o", color=COLOURS["curves"], ms=2.5, mew=0)
        axes.set(xlim=(-0.6, n_classes - 0.4), ylim=(0, 1.03), xticks=range(n_classes), yticks=[0, 0.5, 1])
        axes.tick_params(axis="x", length=0, pad=3, labelsize=12)
        axes.tick_params(axis="y", labelleft=column == 0)

    def _build_errors(self):
        axes = self.figure.add_axes((LEFT, 0.09, RIGHT - LEFT, 0.1))
        first = self.epochs[self.epochs > 0].min()
        # No error at all lies on the lower edge.
        lowest = 0.7 * min(self.errors[self.errors > 0], default=1.0)
        highest = max(1.3 * self.errors.max(), 10 * lowest)
        self.heights = np.maximum(self.errors, lowest)
        axes.plot(self.epochs, self.heights, color=COLOURS["log_likelihood"], lw=2.4)
        axes.set_yscale("log")
        axes.set_xscale("symlog", linthresh=first, linscale=0.5)
        for axis, ticks in (
            (axes.xaxis, [0, *(10.0**k for k in range(-4, 5) if first <= 10.0**k <= self.epochs[-1])]),
            (axes.yaxis, [tick for tick in (0.1, 0.3, 1, 3, 10, 30, 100) if lowest <= tick <= highest]),
        ):
            axis.set_ticks(ticks, [f"{tick:g}" for tick in ticks])
            axis.set_minor_locator(NullLocator())
        axes.set(xlabel="epoch", xlim=(self.epochs[0], self.epochs[-1]), ylim=(lowest, highest))
        axes.set_title(f"{self.of} error (%)", fontsize="medium", pad=8)
        self.cursor = axes.axvline(0, color=COLOURS["reference"], lw=1.5)
        (self.dot,) = axes.plot([0], [1], "o", color=COLOURS["log_likelihood"], ms=11, mew=0, clip_on=False)

    def _build_titles(self):
        title = {"fontsize": 18, "fontweight": "bold"}
        self.epoch_text = self.figure.text(LEFT, 0.95, "", **title)
        self.error_text = self.figure.text(
            RIGHT, 0.95, "", ha="right", color=COLOURS["log_likelihood"], **title
        )
        self.figure.text(0.012, 0.555, "probability", rotation=90, va="center")
        square = {"marker": "s", "ls": "none", "ms": 11, "mew": 0}
        handles = [
            Line2D([], [], color=bar_colour(False), label="mean", **square),
            Line2D([], [], color=bar_colour(True), label="mean, true class", **square),
            Line2D([], [], color=COLOURS["curves"], marker="o", ls="none", label="draws"),
        ]
        place = {"loc": "upper left", "bbox_to_anchor": (LEFT - 0.02, 0.945)}
        self.figure.legend(handles=handles, ncols=3, frameon=False, **place)

    def draw(self, frame: int) -> np.ndarray:
        """One frame, uint8 [height, width, 3]."""
        epoch, error = self.epochs[frame], self.errors[frame]
        for i, (bars, points) in enumerate(zip(self.bars, self.dots, strict=True)):
            for bar, mean in zip(bars, self.means[frame, i], strict=True):
                bar.set_height(mean)
            points.set_data(*dots(self.draws[frame, :, i], N_DOTS))
        self.cursor.set_xdata([epoch, epoch])
        self.dot.set_data([epoch], [self.heights[frame]])
        self.epoch_text.set_text(f"epoch {epoch:.{2 if epoch < 1 else 1 if epoch < 10 else 0}f}")
        self.error_text.set_text(f"{self.of} error {error:.{1 if error >= 10 else 2}f} %")
        return self.picture.pixels()


def bar_colour(is_truth: bool) -> tuple[float, float, float]:
    """The colour of a bar, opaque, as a GIF keeps it: half of white."""
    return tuple((1 + part) / 2 for part in to_rgb(COLOURS["truth" if is_truth else "posterior"]))


def _check_shapes(epochs, images, probabilities, labels, errors):
    n_frames, n_images = len(epochs), len(images)
    if probabilities.ndim != 4 or probabilities.shape[::2] != (n_frames, n_images):
        raise ValueError(
            "probabilities must be [n_frames, n_draws, n_images, n_classes] with n_frames = "
            f"{n_frames}, as epochs has, and n_images = {n_images}; got {list(probabilities.shape)}."
        )
    check_probabilities(probabilities)
    for name, array, n in (("labels", labels, n_images), ("errors", errors, n_frames)):
        if array.shape != (n,):
            raise ValueError(f"{name} must be [{n}], one for each; got {list(array.shape)}.")
    if n_frames < 2 or np.any(np.diff(epochs) <= 0) or epochs[0] < 0:
        raise ValueError(f"epochs must increase from 0 or more, two or more; got {epochs.tolist()}.")
