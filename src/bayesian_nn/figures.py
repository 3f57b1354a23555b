"""Figures: the ELBO over training, and the predictive band."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.lines import Line2D

from bayesian_nn.nats_axis import MINUS, draw_references, format_nats, scale_nats
from bayesian_nn.prediction import Prediction
from bayesian_nn.writing import replacing

if TYPE_CHECKING:
    from bayesian_nn.data import Dataset
    from bayesian_nn.run import Run

__all__ = ["plot_elbo", "plot_predictive", "running_median", "style", "write_figure"]

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


def plot_elbo(
    run: Run,
    *,
    axes: Axes | None = None,
    reference: Mapping[str, float] | None = None,
    with_parts: bool = True,
) -> Axes:
    """The axes, with the ELBO over training and its two parts, in nats: each step's, and a running median.

    Steps are on a logarithmic axis, and so are the nats beyond the final ELBO's order of magnitude: a start
    at -50,000 and an end near -100 can both be read. The ELBO's median ends on the run's `final_elbo`, where
    it has one. `reference` maps labels of horizontal lines to nats.
    """
    axes = _axes_or_new(axes)
    parts = {"ELBO: {}": (run.elbo, COLOURS["posterior"], 2.6)}
    if with_parts:
        parts["log-likelihood: {}"] = (run.log_likelihood, COLOURS["log_likelihood"], 1.6)
        parts[f"{MINUS}KL: {{}}"] = (-np.asarray(run.kl), COLOURS["kl"], 1.6)
    at = _shown_steps(run.n_steps)
    medians = []
    for depth, (label, (values, colour, width)) in enumerate(parts.items()):
        medians.append(running_median(values, at))
        label = label.format(format_nats(medians[-1][-1]))
        if depth == 0:
            medians[-1][-1] = elbo_at_the_end(run)
        axes.plot(values, color=colour, lw=0.6, alpha=0.35, zorder=3 - depth)
        axes.plot(at, medians[-1], color=colour, lw=width, label=label, zorder=6 - depth)
    scale_nats(axes, run, np.concatenate([*medians, list((reference or {}).values())]))
    draw_references(axes, reference or {}, COLOURS["reference"])
    axes.set(xlabel="training step", ylabel="nats (up is better)")
    if with_parts:
        add_legend(axes, "at the end, in nats (bold: running median)")
    return axes


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
    axes = _axes_or_new(axes)
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


def add_legend(axes: Axes, title: str | None = None) -> None:
    """Adds a legend above the axes, in which the inner band looks as it does on the outer one."""
    place = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0.2, "alignment": "left"}
    legend = axes.legend(ncols=3, columnspacing=1.4, frameon=False, title=title, **place)
    (_, outer_alpha), (inner, inner_alpha) = BAND_ALPHAS.items()
    for handle, text in zip(legend.legend_handles, legend.get_texts(), strict=True):
        if text.get_text() == inner:
            handle.set_alpha(1 - (1 - outer_alpha) * (1 - inner_alpha))


def running_median(values: np.ndarray, at: np.ndarray, *, relative_width: float = 0.1) -> np.ndarray:
    """The median of `values` [n_steps] around each step of `at`, [n_at].

    The window reaches from 1 - relative_width to 1 + relative_width times the step: equally wide everywhere
    on a logarithmic axis.
    """
    values = np.asarray(values)
    at = np.minimum(np.asarray(at), len(values) - 1)
    reach = (at * relative_width).astype(int)
    return np.array([np.median(values[max(0, t - r) : t + r + 1]) for t, r in zip(at, reach, strict=True)])


def elbo_at_the_end(run: Run) -> float:
    """The ELBO after the last step, in nats: the run's own estimate, or else the running median's end."""
    final = getattr(run, "final_elbo", np.nan)
    return float(final if np.isfinite(final) else running_median(run.elbo, [len(run.elbo)])[0])


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


def _axes_or_new(axes: Axes | None) -> Axes:
    if axes is not None:
        return axes
    # Pyplot, so that the gallery and a notebook find the figure. Imported here: the film has no need of it.
    from matplotlib import pyplot

    with style():
        return pyplot.subplots()[1]


def _shown_steps(n_steps: int) -> np.ndarray:
    """From 0, before the first update, to n_steps, after the last."""
    return np.unique(np.concatenate([[0], np.geomspace(1, n_steps, 400).round()])).astype(int)
