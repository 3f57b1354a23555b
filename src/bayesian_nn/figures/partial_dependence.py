"""The figure of partial dependence: the average prediction along one input, and along many."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib
import numpy as np

from bayesian_nn.figures.style import COLOURS, label_rows, panels_or_new

if TYPE_CHECKING:
    from bayesian_nn.prediction.partial_dependence import PartialDependence

__all__ = ["plot_partial_dependence"]

# Values up to which an input is a choice, and has bars.
FEW = 4


def plot_partial_dependence(dependences: PartialDependence | Sequence[PartialDependence], *, panels=None):
    """The panels, one for each partial dependence, on one scale: its mean, the central 90 % of the draws of
    the average, noise excluded, and where the input's values in the data lie. Sets the figure's text
    alternative.

    panels: axes, as many as there are; None makes a grid of them.
    """
    dependences = list(dependences) if isinstance(dependences, Sequence) else [dependences]
    panels = panels_or_new(panels, len(dependences), "dependences")
    colour, ink = COLOURS["posterior"], matplotlib.rcParams["text.color"]
    ranges = []
    for dependence, axes in zip(dependences, panels, strict=True):
        (low, high), mean = dependence.quantiles((0.05, 0.95)), dependence.mean
        of_words = dependence.values.dtype.kind == "U"
        if of_words or len(dependence.values) <= FEW:
            values = np.arange(len(mean)) if of_words else dependence.values
            axes.errorbar(values, mean, (mean - low, high - mean), color=colour, fmt="o", lw=2, capsize=4)
            axes.set_xticks(values, dependence.values, rotation=30 if of_words and len(values) > 2 else 0)
            axes.margins(x=0.3)
        else:
            axes.fill_between(dependence.values, low, high, color=colour, alpha=0.26, lw=0)
            axes.plot(dependence.values, mean, color=colour, lw=2.2)
            rug = {"transform": axes.get_xaxis_transform(), "color": ink, "alpha": 0.35, "ms": 7, "mew": 0.8}
            axes.plot(dependence.rows, np.zeros(len(dependence.rows)), "|", **rug)
        axes.set_xlabel(dependence.input)
        ranges.append((float(np.ptp(mean)), dependence.input))
    label_rows(panels, f"average {dependences[0].quantity}")
    (span, most), (least, weakest) = max(ranges), min(ranges)
    others = f", and least, by {least:.3g}, along {weakest}" if len(ranges) > 1 else ""
    panels[0].figure.alt = (
        f"The average {dependences[0].quantity} as one input runs over its range, with the central 90 % of "
        f"the draws, noise excluded. It changes most, by {span:.3g}, along {most}{others}."
    )
    return panels
