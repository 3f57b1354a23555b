"""Figures as parts of a page: their pixels, their text alternative and their caption."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from bayesian_nn.figures.style import style

__all__ = ["Picture", "one_axes", "panels", "picture_of"]

DPI = 160
# Inches; on a phone a label is still read.
WIDTH, HEIGHT, PANEL_HEIGHT = 6.0, 3.9, 2.5
COLUMNS = 2


class Picture(NamedTuple):
    """A transparent PNG for a light page, which a dark one turns inside out. width, height: in pixels."""

    png: bytes
    width: int
    height: int
    alt: str
    caption: str


def picture_of(figure: Figure, caption: str) -> Picture:
    """Returns a figure that has its text alternative, the same bytes for the same figure."""
    buffer = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(buffer, format="png", dpi=DPI, transparent=True, metadata={"Software": None})
    width, height = (round(inches * DPI) for inches in figure.get_size_inches())
    return Picture(buffer.getvalue(), width, height, figure.alt, caption)


def one_axes(draw: Callable[[Axes], object]) -> Figure:
    """Returns a figure whose axes `draw` has drawn in."""
    with style():
        figure = Figure(figsize=(WIDTH, HEIGHT))
        draw(figure.subplots())
    return figure


def panels(n_panels: int, draw: Callable[[list[Axes]], object]) -> Figure:
    """Returns a figure of so many panels on one scale, in which `draw` has drawn."""
    n_columns = min(COLUMNS, n_panels)
    n_rows = -(-n_panels // n_columns)
    with style():
        figure = Figure(figsize=(WIDTH, max(HEIGHT, PANEL_HEIGHT * n_rows)))
        grid = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False).ravel()
        for axes in grid[n_panels:]:
            axes.set_axis_off()
        draw(list(grid[:n_panels]))
    return figure
