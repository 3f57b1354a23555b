"""The house look of figures, their colours, and the files that they are written to."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes

from bayesian_nn.runtime.files import replacing

__all__ = [
    "BAND_ALPHAS",
    "COLOURS",
    "add_legend",
    "axes_or_new",
    "label_rows",
    "panels_or_new",
    "style",
    "write_figure",
]

# Okabe and Ito's palette: told apart by colour-blind readers, and to be seen on a light and on a dark page.
COLOURS = {
    "posterior": "#0072B2",
    "curves": "#E69F00",
    "truth": "#009E73",
    "log_likelihood": "#D55E00",
    "kl": "#CC79A7",
    "reference": "#808080",
}


BAND_ALPHAS = {"± 2 sd with noise": 0.18, "± 2 sd of f": 0.26}


# What each format would carry of Matplotlib's version and of the time: either would change a file's bytes.
STAMPS = {
    ".png": {"Software": None},
    ".svg": {"Creator": None, "Date": None},
    ".pdf": {"Creator": None, "Producer": None, "CreationDate": None},
    ".jpg": None,
    ".jpeg": None,
}


HOUSE = {
    "figure.figsize": (7.2, 4.8),
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",
    "font.size": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "lines.markersize": 4.5,
}


def style() -> AbstractContextManager[None]:
    """A context in which new axes have the house look; colours of text and background stay the caller's."""
    return matplotlib.rc_context(HOUSE)


def add_legend(axes: Axes, title: str | None = None) -> None:
    """Adds a legend above the axes, in which the inner band looks as it does on the outer one."""
    place = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.2, "alignment": "left"}
    legend = axes.legend(ncols=3, columnspacing=1.4, frameon=False, title=title, **place)
    (_, outer_alpha), (inner, inner_alpha) = BAND_ALPHAS.items()
    for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
        if text.get_text() == inner:
            handle.set_alpha(1 - (1 - outer_alpha) * (1 - inner_alpha))


def write_figure(axes: Axes, path: str | os.PathLike) -> None:
    """Writes the figure that holds `axes` to `path`, the same bytes for the same figure.

    The ending of `path` says the format: PNG with 160 dots per inch, SVG, PDF or JPEG.
    """
    ending = Path(path).suffix.lower()
    if ending not in STAMPS:
        raise ValueError(f"path must end in one of {', '.join(STAMPS)}; got {Path(path).name!r}.")
    # SVG's identifiers are random without a salt.
    with replacing(path) as temporary, matplotlib.rc_context({"svg.hashsalt": "bayesian_nn"}):
        axes.figure.savefig(temporary, dpi=160, metadata=STAMPS[ending])


def axes_or_new(axes: Axes | None) -> Axes:
    if axes is not None:
        return axes
    # Pyplot, so that the gallery and a notebook find the figure. Imported here: the film has no need of it.
    from matplotlib import pyplot

    with style():
        return pyplot.subplots()[1]


def panels_or_new(panels, n_panels: int, counted: str) -> list[Axes]:
    """The panels in a row, or a new grid of `n_panels` that share y. Raises ValueError for another number of
    panels than there are of what is `counted`."""
    if panels is None and n_panels == 1:
        return [axes_or_new(None)]
    if panels is None:
        from matplotlib import pyplot

        n_columns = min(n_panels, 3)
        n_rows = -(-n_panels // n_columns)
        size = (2.6 * n_columns + 0.6, 2.6 * n_rows)
        with style():
            grid = pyplot.subplots(n_rows, n_columns, figsize=size, sharey=True, squeeze=False)[1].ravel()
        for axes in grid[n_panels:]:
            axes.set_axis_off()
        return list(grid[:n_panels])
    found = list(np.ravel(np.asarray(panels, dtype=object)))
    if len(found) != n_panels:
        raise ValueError(f"panels must be as many as the {counted}, {n_panels}; got {len(found)}.")
    return found


def label_rows(panels: list[Axes], label: str) -> None:
    """Labels y of the panels that are first in their row."""
    for axes in panels:
        place = axes.get_subplotspec()
        if place is None or place.is_first_col():
            axes.set_ylabel(label)
