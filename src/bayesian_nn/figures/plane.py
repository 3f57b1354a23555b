"""Maps of what a classifier of two inputs predicts over the plane: a class's probability, and its doubt."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm, LinearSegmentedColormap, to_hex
from matplotlib.image import AxesImage

from bayesian_nn.figures.style import COLOURS, axes_or_new
from bayesian_nn.predictions.classes import ClassPrediction
from bayesian_nn.runtime.checks import finite_numbers, whole_number

if TYPE_CHECKING:
    from bayesian_nn.data.tables import Dataset
    from bayesian_nn.training.run import Run

__all__ = [
    "DOUBT",
    "PROBABILITY",
    "bar_look",
    "check_points",
    "colour_steps",
    "draw_class_points",
    "draw_map",
    "plane_grid",
    "plane_maps",
    "plot_doubt_map",
    "plot_probability_map",
]

PROBABILITY, DOUBT = "probability of class 1", "epistemic part (nats)"
# A colour and a marker for each class: told apart without colours too.
CLASS_COLOURS = (COLOURS["posterior"], COLOURS["curves"])
MARKERS = "o^"
# Both ends differ in lightness, so that a grey print keeps them apart; between them lies near white.
TWO_CLASSES = LinearSegmentedColormap.from_list("two classes", ["#00568A", "#F7F7F7", "#F0A000"])
# Grows darker all the way, in any print.
GROWING_DOUBT = LinearSegmentedColormap.from_list("doubt", ["#F7F7F7", "#C994C7", "#7A0177", "#2B0030"])
SCALES = {
    PROBABILITY: (TWO_CLASSES, np.linspace(0, 1, 11)),
    # A mutual information of two classes is at most log 2.
    DOUBT: (GROWING_DOUBT, np.linspace(0, 0.7, 15)),
}


def plane_grid(limits, *, n_across: int = 61) -> np.ndarray:
    """Returns the places of a regular grid over the plane `[n_points, 2]`, x1 the faster one.

    limits: the (lowest, highest) of each input; n_across: the places along x1. Along x2 they are as far apart
    as along x1, as nearly as the limits let them.
    """
    limits = finite_numbers("limits", limits)
    if limits.shape != (2, 2) or np.any(limits[:, 0] >= limits[:, 1]):
        raise ValueError(
            f"limits must be ((lowest, highest), (lowest, highest)) of x1 and x2; got {limits.tolist()}."
        )
    n_across = whole_number("n_across", n_across, at_least=2)
    width, height = np.ptp(limits, axis=1)
    n_up = max(2, round((n_across - 1) * height / width) + 1)
    x1, x2 = np.meshgrid(np.linspace(*limits[0], n_across), np.linspace(*limits[1], n_up))
    return np.column_stack([x1.ravel(), x2.ravel()])


def plot_probability_map(
    grid,
    prediction: ClassPrediction,
    data: Dataset | None = None,
    *,
    axes: Axes | None = None,
    legend: bool = True,
) -> Axes:
    """Returns the axes, with the predictive probability of class 1 at every place of `grid`, in steps of 0.1,
    and the data's points in the colour and with the marker of their class.

    grid: as `plane_grid` makes it, prediction: the one there, of two classes. legend: name the
    classes, and add a colour bar.
    """
    return _plot(grid, _of_class_1(prediction), PROBABILITY, data, axes, legend)


def plot_doubt_map(
    grid,
    prediction: ClassPrediction,
    data: Dataset | None = None,
    *,
    axes: Axes | None = None,
    legend: bool = True,
) -> Axes:
    """Returns the axes, with the epistemic part of the predictive entropy at every place of `grid`, in steps
    of 0.05 nats from 0 to log 2: where draws of the weights disagree. Arguments are those of
    `plot_probability_map`."""
    return _plot(grid, prediction.epistemic, DOUBT, data, axes, legend)


def _plot(grid, values, kind, data, axes, legend):
    axes = axes_or_new(axes)
    drawn = draw_map(axes, grid, values, kind)
    names = ("x1", "x2") if data is None else data.x_names
    axes.set(xlabel=names[0], ylabel=names[1])
    if data is not None:
        draw_class_points(axes, data)
    if legend:
        axes.figure.colorbar(drawn, ax=axes, **bar_look(kind), shrink=0.9)
        if data is not None:
            axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2, frameon=False)
    return axes


def bar_look(kind: str) -> dict:
    """Returns what a colour bar of `PROBABILITY` or `DOUBT` is given: its label and its round ticks."""
    ticks = [0, 0.25, 0.5, 0.75, 1] if kind == PROBABILITY else [0, 0.2, 0.4, 0.6]
    return {"label": kind, "ticks": ticks, "format": "{x:g}", "spacing": "proportional"}


def colour_steps(kind: str) -> tuple[np.ndarray, list[str]]:
    """Returns the edges of the steps of `PROBABILITY` or `DOUBT` `[n_steps + 1]`, and the colour of each, as
    in "#00568a": those of `draw_map`, for a map that is drawn elsewhere."""
    colour_map, edges = SCALES[kind]
    middles = (edges[:-1] + edges[1:]) / 2
    return edges, [to_hex(colour) for colour in colour_map(BoundaryNorm(edges, colour_map.N)(middles))]


def plane_maps(grid, predictions: Sequence[ClassPrediction], run: Run) -> dict[str, np.ndarray]:
    """Returns the maps of a run that learns, {`PROBABILITY`: `[n_frames, n_up, n_across]`, `DOUBT`: the
    same}, x2 growing from row to row.

    grid: as `plane_grid` makes it; predictions: the one there, of two classes, at each of
    `run.recorded_steps`. Raises ValueError for what does not fit together.
    """
    n_recorded = len(run.recorded_steps)
    if len(predictions) != n_recorded:
        raise ValueError(
            f"predictions must be one for each of the run's {n_recorded} recorded steps; got "
            f"{len(predictions)}."
        )
    maps = {
        PROBABILITY: [_table(grid, _of_class_1(prediction))[1] for prediction in predictions],
        DOUBT: [_table(grid, prediction.epistemic)[1] for prediction in predictions],
    }
    return {kind: np.stack(tables) for kind, tables in maps.items()}


def draw_map(axes: Axes, grid, values, kind: str) -> AxesImage:
    """Returns the image added to the axes: values `[n_points]` over `grid`, in the colours of `kind`,
    `PROBABILITY` or `DOUBT`. Raises ValueError for places that are not those of a `plane_grid`."""
    colour_map, edges = SCALES[kind]
    (x1, x2), table = _table(grid, values)
    halves = np.ptp(x1) / (len(x1) - 1) / 2, np.ptp(x2) / (len(x2) - 1) / 2
    image = axes.imshow(
        table,
        origin="lower",
        extent=(x1[0] - halves[0], x1[-1] + halves[0], x2[0] - halves[1], x2[-1] + halves[1]),
        cmap=colour_map,
        norm=BoundaryNorm(edges, colour_map.N),
        # Between places the numbers are blended, and not the colours: so the steps stay steps.
        interpolation="bilinear",
        interpolation_stage="data",
        aspect="equal",
    )
    axes.set(xlim=(x1[0], x1[-1]), ylim=(x2[0], x2[-1]))
    return image


def check_points(data: Dataset) -> None:
    """Raises ValueError unless the data are points of the plane, of classes 0 and 1."""
    labels = np.unique(data.y)
    if data.x.shape[1] != 2 or not np.isin(labels, (0, 1)).all():
        raise ValueError(
            f"data must have two inputs and classes 0 and 1; got {data.x.shape[1]} and {labels.tolist()[:5]}."
        )


def draw_class_points(axes: Axes, data: Dataset) -> list:
    """Returns the lines added to the axes: the points of class 0 and of class 1, each with its marker."""
    check_points(data)
    lines = []
    for label, (colour, marker) in enumerate(zip(CLASS_COLOURS, MARKERS, strict=True)):
        points = data.x[data.y == label].T
        look = {"color": colour, "mec": "white", "mew": 0.7, "label": f"class {label}"}
        lines += axes.plot(*points, marker, **look)
    return lines


def _of_class_1(prediction):
    mean = prediction.mean
    if mean.shape[1] != 2:
        raise ValueError(
            f"prediction must be of two classes, for one probability at each place; got "
            f"{mean.shape[1]}. The doubt of several classes plot_doubt_map shows."
        )
    return mean[:, 1]


def _table(grid, values):
    """Returns the coordinates of the columns and of the rows, and the values `[n_rows, n_columns]`."""
    grid, values = finite_numbers("grid", grid), finite_numbers("values", values)
    if grid.ndim != 2 or grid.shape[1] != 2 or values.shape != grid.shape[:1]:
        raise ValueError(
            "grid must be [n_points, 2] and the prediction at the same n_points; "
            f"got {list(grid.shape)} and {list(values.shape)}."
        )
    x1, x2 = (np.unique(column) for column in grid.T)
    regular = len(x1) * len(x2) == len(grid) and min(len(x1), len(x2)) > 1
    if not regular or not np.array_equal(grid, np.stack(np.meshgrid(x1, x2), axis=-1).reshape(-1, 2)):
        raise ValueError("grid must be a regular grid over the plane: make it with plane_grid(limits).")
    return (x1, x2), values.reshape(len(x2), len(x1))
