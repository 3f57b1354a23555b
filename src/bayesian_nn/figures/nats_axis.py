"""The axes of an ELBO: both logarithmic and crossing zero, with ticks to read whatever the run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

if TYPE_CHECKING:
    from bayesian_nn.training.run import Run

__all__ = ["MINUS", "draw_references", "format_nats", "nats_ends", "scale_nats"]

MINUS = "\N{MINUS SIGN}"
# The least distance of two ticks' labels, in heights of their letters.
APART = 1.2


def scale_nats(axes: Axes, run: Run, shown: np.ndarray) -> None:
    """Scales axes whose x are the run's steps and whose y are nats, so that all of `shown` lies within."""
    late = run.elbo[-len(run.elbo) // 10 :]
    # Near zero the noise is larger than the ELBO itself; its sign must not fill the axis.
    size = max(1.0, abs(float(np.median(late))), float(np.ptp(np.quantile(late, [0.25, 0.75]))))
    threshold = 10.0 ** np.floor(np.log10(size))
    axes.set_yscale("symlog", linthresh=threshold)
    scale = axes.yaxis.get_transform()
    low, high = scale.transform([np.min(shown), np.max(shown)])
    # One point, or a level line, needs some height around it all the same.
    spread = (high - low) or 0.1 * abs(high) or 1.0
    headroom = scale.transform([0.4 * threshold])[0]
    below, above = min(np.log10(1.3) * threshold, 0.1 * spread), min(headroom, 0.22 * spread)
    axes.set_ylim(*scale.inverted().transform([low - below, high + above]))
    _set_ticks(axes.yaxis, _nats_ticks(axes, threshold))
    axes.set_xscale("symlog", linthresh=1, linscale=0.3)
    axes.set_xlim(0, run.n_steps_done)
    # Nothing but 0 and 1 would be marked of a run of a few steps.
    steps = [1, 2, 5] if run.n_steps_done < 10 else 10.0 ** np.arange(1 + np.log10(run.n_steps_done))
    _set_ticks(axes.xaxis, [step for step in (0, *steps) if step <= run.n_steps_done])


def nats_ends(run: Run, shown: np.ndarray) -> tuple[float, float, float]:
    """Returns the lowest and the highest nats of the axis that `scale_nats` makes, and the threshold beyond
    which it is logarithmic."""
    axes = Figure().add_subplot()
    scale_nats(axes, run, shown)
    return *map(float, axes.get_ylim()), float(axes.yaxis.get_transform().linthresh)


def draw_references(axes: Axes, reference: Mapping[str, float], colour: str) -> None:
    """Draws a labelled horizontal line at each of the references, in nats, on axes that are scaled."""
    for label, value in reference.items():
        axes.axhline(value, color=colour, lw=1, ls=(0, (4, 3)), zorder=1)
        text = axes.annotate(
            f"{label}: {format_nats(value)}",
            (0, value),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            xytext=(4, 3),
            fontsize="small",
            color=colour,
        )
        room = axes.bbox.y1 - axes.transData.transform((1, value))[1]
        if room * 72 / axes.figure.dpi < text.get_size() + 3:
            text.set(position=(4, -3), verticalalignment="top")


def format_nats(value: float) -> str:
    """The number as text, in whole nats, with thousands apart and a proper minus."""
    return _format(value, 0)


def _format(value: float, decimals: int) -> str:
    # Rounded first, so that no zero has a minus.
    return f"{round(float(value), decimals) + 0.0:,.{decimals}f}".replace("-", MINUS)


def _nats_ticks(axes: Axes, threshold: float) -> list[float]:
    """Zero, powers of ten, 1-2-5 within the first: those, in this order, that do not touch."""
    (low, high), scale = axes.get_ylim(), axes.yaxis.get_transform()
    height = axes.bbox.height * 72 / axes.figure.dpi
    per_point = np.ptp(scale.transform([low, high])) / height
    apart = APART * axes.yaxis.label.get_size() * per_point
    decades = 10.0 ** np.arange(np.log10(threshold), 1 + np.log10(max(-low, high, threshold)))
    ticks = []
    for tick in _within(low, high, [*decades, *threshold * np.array([5, 2, 0.5])]):
        places = scale.transform([tick, *ticks])
        if np.all(np.abs(places[1:] - places[0]) >= apart):
            ticks.append(tick)
    if len(ticks) >= 3:
        return ticks
    every = _within(low, high, np.outer([1, 2, 5], decades).ravel())
    if len(every) >= 3:
        best, gap = _widest_triple(every, scale)
        if gap >= min(apart, 0.15 * height * per_point):
            return best
    even = MaxNLocator(nbins=4, steps=[1, 2, 5, 10], min_n_ticks=3).tick_values(low, high)
    even = [tick for tick in even if low <= tick <= high]
    return even if np.diff(scale.transform(even)).min() >= apart else _widest_triple(even, scale)[0]


def _widest_triple(ticks: Iterable[float], scale) -> tuple[list[float], float]:
    """The three ticks that are furthest apart on the scale, and their smaller distance."""
    triples = [sorted(triple) for triple in combinations(ticks, 3)]
    gaps = [np.diff(scale.transform(triple)).min().round(6) for triple in triples]
    best = int(np.argmax(gaps))
    return triples[best], gaps[best]


def _within(low: float, high: float, sizes: Iterable[float]) -> list[float]:
    ticks = [0.0, *(sign * size for size in sizes for sign in (1, -1))]
    return [tick for tick in ticks if low <= tick <= high]


def _set_ticks(axis, ticks) -> None:
    step = np.diff(np.sort(ticks)).min() if len(ticks) > 1 else 1.0
    decimals = int(max(0, np.ceil(-np.log10(step) - 1e-9)))
    axis.set_ticks(sorted(ticks))
    axis.set_major_formatter(FuncFormatter(lambda value, _: _format(value, decimals)))
    axis.set_minor_locator(NullLocator())
