"""The figure of a posterior predictive: its band, its draws and the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D

from bayesian_nn.figures.style import BAND_ALPHAS, COLOURS, add_legend, axes_or_new
from bayesian_nn.predictions.real import Prediction

if TYPE_CHECKING:
    from bayesian_nn.data.tables import Dataset

__all__ = ["draw_bands", "draw_data", "plot_predictive"]


def plot_predictive(
    prediction: Prediction,
    data: Dataset | None = None,
    *,
    axes: Axes | None = None,
    n_curves: int = 10,
) -> Axes:
    """The axes, with the mean, ± 2 sd of f, ± 2 sd with noise, `n_curves` draws of f, the data and its truth.

    For one input, in original units. Raises ValueError for several inputs.
    """
    if prediction.x.shape[1] != 1:
        raise ValueError(
            f"prediction.x has n_inputs = {prediction.x.shape[1]}, and a band is drawn along one input only: "
            "predict along a line, and give the coordinate on it as x"
        )
    axes = axes_or_new(axes)
    order = np.argsort(prediction.x[:, 0])
    x, mean = prediction.x[order, 0], prediction.mean[order]
    widths = (prediction.std[order], prediction.epistemic_std[order])
    draw_bands(axes, x, *((mean - 2 * width, mean + 2 * width) for width in widths))
    for draw in prediction.draws[:n_curves, order]:
        axes.plot(x, draw, color=COLOURS["curves"], lw=1)
    if n_curves:
        axes.lines[-1].set_label("draws of f")
    axes.plot(x, mean, color=COLOURS["posterior"], lw=2.4, label="mean")
    if data is not None:
        draw_data(axes, data, x)
        axes.set(xlabel=data.x_names[0], ylabel=data.y_name)
    axes.set_xlim(x[0], x[-1])
    add_legend(axes)
    return axes


def draw_bands(axes: Axes, x: np.ndarray, *edges: tuple[np.ndarray, np.ndarray]) -> list[PolyCollection]:
    """The two bands added to the axes along x [n_points]: with noise, then of f, between their edges."""
    return [
        axes.fill_between(x, low, high, color=COLOURS["posterior"], alpha=alpha, lw=0, label=label)
        for (label, alpha), (low, high) in zip(BAND_ALPHAS.items(), edges, strict=True)
    ]


def draw_data(axes: Axes, data: Dataset, x: np.ndarray) -> list[Line2D]:
    """The lines added to the axes: the data's truth along x [n_points], where it knows it, and its points."""
    lines = []
    if data.truth is not None:
        truth = np.ravel(data.truth(x[:, None]))
        lines += axes.plot(x, truth, color=COLOURS["truth"], lw=1.8, ls=(0, (5, 2)), label="truth")
    ink = matplotlib.rcParams["text.color"]
    return lines + axes.plot(np.ravel(data.x), data.y, "o", color=ink, mew=0, label="data", zorder=5)
