"""Figures that hold a prediction to rows that came true. Each sets the text alternative of its figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from scipy import stats

from bayesian_nn.figures.style import COLOURS, add_legend, axes_or_new, label_rows, panels_or_new
from bayesian_nn.predictions.classes import ClassPrediction
from bayesian_nn.predictions.counts import CountPrediction
from bayesian_nn.runtime.checks import whole_number
from bayesian_nn.scores.calibration import reliability
from bayesian_nn.scores.classification import class_reliability, expected_calibration_error
from bayesian_nn.scores.residuals import standardised_residuals
from bayesian_nn.verdict.finding import listed

if TYPE_CHECKING:
    from bayesian_nn.data.tables import Dataset

__all__ = ["plot_pit", "plot_predictive_check", "plot_reliability", "plot_residuals"]

BAND_ALPHA = 0.25
# With this probability a right prediction stays within the band of chance everywhere.
INSIDE = 0.95
# Distinct values up to which each has a bin of its own.
FEW = 25


def plot_pit(prediction, y, *, axes: Axes | None = None, n_bins: int = 10) -> Axes:
    """The axes, with a histogram of the predictive probabilities of a value below y `[n_points]`: level, but
    for chance, if the prediction is right; high at both ends if it is overconfident, in the middle if it is
    underconfident, at one end if it is biased.

    The band holds all bins of a right prediction in 95 % of cases. A count's probability is spread evenly
    over its step of the distribution function (Czado, Gneiting and Held 2009, "Predictive model assessment
    for count data", section 2.1).
    """
    _require_cdf(prediction, "plot_pit")
    axes = axes_or_new(axes)
    y = np.asarray(y, float)
    high = prediction.cdf(y)
    low = prediction.cdf(y - 1) if isinstance(prediction, CountPrediction) else high
    edges = np.linspace(0, 1, whole_number("n_bins", n_bins, at_least=2) + 1)
    shares = 100 * np.diff(_shares_below(edges, low, high))
    ends = 100 * _chance(len(y), 1 / n_bins, n_bins) / len(y)
    axes.axhspan(*ends, color=COLOURS["reference"], alpha=BAND_ALPHA, lw=0, label="chance, 95 %")
    axes.axhline(100 / n_bins, color=COLOURS["reference"], lw=1)
    axes.stairs(shares, edges, color=COLOURS["posterior"], fill=True, alpha=0.45)
    axes.stairs(shares, edges, color=COLOURS["posterior"], lw=1.6)
    axes.set(xlim=(0, 1), ylim=(0, None), xlabel="predictive probability of a value below y")
    axes.set_ylabel("share of rows (%)")
    add_legend(axes)
    outside = int(np.sum((shares < ends[0]) | (shares > ends[1])))
    axes.figure.alt = (
        f"Histogram of the predictive probabilities of values below those of {len(y):,} rows, in {n_bins} "
        f"bins, of which {outside} lie outside the band of chance. The bins at the ends hold "
        f"{shares[0]:.0f} % and {shares[-1]:.0f} %, where a right prediction has {100 / n_bins:.0f} %."
    )
    return axes


def plot_reliability(prediction, y, *, axes: Axes | None = None, n_bins: int = 10) -> Axes:
    """The axes, with how often comes true what was predicted with a probability, against that probability.

    For classes: the accuracy in bins of the confidence in the class that is named, larger dots for more rows.
    For real numbers and counts: the share of y `[n_points]` below the predictive quantile of each level.
    Bars, or the band, hold a right prediction everywhere in 95 % of cases.
    """
    axes = axes_or_new(axes)
    axes.plot([0, 1], [0, 1], color=COLOURS["reference"], lw=1)
    if isinstance(prediction, ClassPrediction):
        _plot_class_reliability(axes, prediction, np.asarray(y), n_bins)
    else:
        _require_cdf(prediction, "plot_reliability")
        levels = np.arange(1, 20) / 20
        shares = reliability(prediction, y, levels)
        ends = _chance(len(y), levels, len(levels)) / len(y)
        axes.fill_between(
            levels, *ends, color=COLOURS["reference"], alpha=BAND_ALPHA, lw=0, label="chance, 95 %"
        )
        axes.plot(levels, shares, "o-", color=COLOURS["posterior"], lw=1.6, label="these rows")
        axes.set(xlabel="level of the predictive quantile", ylabel="share of rows below it")
        furthest = int(np.argmax(np.abs(shares - levels)))
        axes.figure.alt = (
            f"Share of {len(y):,} rows below predictive quantiles, against their level, beside the diagonal "
            f"of a right prediction. Furthest off is level {levels[furthest]:.2f}, with "
            f"{shares[furthest]:.2f} of the rows below."
        )
    axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    add_legend(axes)
    return axes


def plot_residuals(prediction, data: Dataset, *, panels=None):
    """The panels, one for each input of the data, with the residuals of its rows in predictive sds, and their
    root mean square in eight parts with equally many rows, above and below zero: level at 1 if the noise is
    as predicted everywhere.

    prediction: of a real number or a count, at `data.x`. panels: axes, as many as there are inputs; None
    makes a grid of them.
    """
    panels = panels_or_new(panels, data.x.shape[1], "inputs")
    residuals = standardised_residuals(prediction, data.y)
    ink = matplotlib.rcParams["text.color"]
    furthest = (1.0, "", 0.0)
    for name, column, axes in zip(data.x_names, data.x.T, panels, strict=True):
        for level in (-1, 0, 1):
            axes.axhline(level, color=COLOURS["reference"], lw=1, ls="-" if level == 0 else (0, (4, 3)))
        axes.plot(column, residuals, "o", color=ink, ms=2.5, mew=0, alpha=0.35)
        middles, sizes = _sizes_along(column, residuals)
        for sign in (1, -1):
            axes.plot(middles, sign * sizes, "o-", color=COLOURS["log_likelihood"], lw=1.8, ms=3.5)
        axes.set_xlabel(name)
        if len(middles) <= 3:
            axes.set_xticks(middles)
        ratio = max(sizes.max() / max(sizes.min(), 1e-12), 1)
        furthest = max(furthest, (ratio, name, sizes.max()))
    label_rows(panels, "residual (predictive sds)")
    axes.figure.alt = (
        f"Residuals of {len(residuals):,} rows in predictive sds against {listed(data.x_names)}, with their "
        f"root mean square. It varies most along {furthest[1]}, by a factor of {furthest[0]:.1f}, up to "
        f"{furthest[2]:.1f}."
    )
    return panels


def plot_predictive_check(replicates, y, *, axes: Axes | None = None, name: str = "y") -> Axes:
    """The axes, with a histogram of y `[n_points]` over that of draws of it from the prediction, `replicates`
    `[n_draws, n_points]`, such as `bnn.prediction.draw_targets` makes: their median and central 90 %. Bins at
    the ends hold all that lies beyond.

    Where y is outside, the rows as a whole are not what the result says could be observed (Gabry et al. 2019,
    "Visualization in Bayesian workflow", section 5).
    """
    replicates, y = np.asarray(replicates, float), np.asarray(y, float)
    if replicates.ndim != 2 or replicates.shape[1:] != y.shape:
        raise ValueError(
            "replicates must be [n_draws, n_points] for y [n_points]; got "
            f"{list(replicates.shape)} and {list(y.shape)}."
        )
    axes = axes_or_new(axes)
    edges = _bins(y, replicates)
    counts = np.array([_histogram(row, edges) for row in (y, *replicates)]) * 100 / len(y)
    low, middle, high = np.quantile(counts[1:], [0.05, 0.5, 0.95], axis=0)
    colour = COLOURS["posterior"]
    axes.stairs(
        high, edges, baseline=low, fill=True, color=colour, alpha=BAND_ALPHA, lw=0, label="90 % of draws"
    )
    axes.stairs(middle, edges, color=colour, lw=1.8, label="their median", baseline=None)
    ink = matplotlib.rcParams["text.color"]
    axes.plot((edges[:-1] + edges[1:]) / 2, counts[0], "o", color=ink, label="these rows")
    axes.set(xlabel=name, ylabel="share of rows (%)", ylim=(0, None), xlim=(edges[0], edges[-1]))
    add_legend(axes)
    outside = int(np.sum((counts[0] < low) | (counts[0] > high)))
    axes.figure.alt = (
        f"Histogram of {name} in {len(y):,} rows, over that of {len(replicates):,} draws of them from the "
        f"prediction. Of {len(edges) - 1} bins {outside} lie outside the central 90 % of the draws, where "
        "one in ten is by chance."
    )
    return axes


def _plot_class_reliability(axes, prediction, labels, n_bins):
    labels = labels.astype(int)
    curve = class_reliability(prediction.mean, labels, n_bins=n_bins)
    ends = _chance(curve.n_points, curve.confidence, len(curve.confidence)) / curve.n_points
    axes.vlines(curve.confidence, *ends, color=COLOURS["reference"], lw=5, alpha=0.5, label="chance, 95 %")
    sizes = 12 + 120 * curve.n_points / curve.n_points.max()
    axes.plot(curve.confidence, curve.accuracy, color=COLOURS["posterior"], lw=1.6)
    axes.scatter(
        curve.confidence,
        curve.accuracy,
        s=sizes,
        color=COLOURS["posterior"],
        lw=0,
        zorder=3,
        label="these rows",
    )
    axes.set(xlabel="confidence in the class that is named", ylabel="share of rows where it is right")
    confidence = float(np.average(curve.confidence, weights=curve.n_points))
    accuracy = float(np.average(curve.accuracy, weights=curve.n_points))
    error = expected_calibration_error(prediction.mean, labels, n_bins=n_bins)
    axes.figure.alt = (
        f"Accuracy against confidence on {len(labels):,} rows, in {len(curve.confidence)} bins, beside the "
        f"diagonal of right probabilities. On average the confidence is {confidence:.2f} and the accuracy "
        f"{accuracy:.2f}; the calibration error is {error:.3f}."
    )


def _require_cdf(prediction, figure):
    if not hasattr(prediction, "cdf"):
        raise ValueError(
            f"{figure} needs the prediction of one real number or count, and a {type(prediction).__name__} "
            "has no distribution function: of several targets give one of prediction.parts; for classes "
            "there is plot_reliability."
        )


def _shares_below(levels, low, high):
    """Returns the mean over points of how much of a uniform distribution from low to high lies below each
    level; of none from low = high whether it does."""
    width = np.maximum(high - low, 1e-12)
    inside = np.clip((levels[:, None] - low) / width, 0, 1)
    inside[-1] = 1
    return inside.mean(axis=1)


def _chance(n_points, probabilities, n_looks):
    """Returns the counts of n_points trials, the lowest and the highest, between which all of `n_looks` stay
    (Bonferroni)."""
    beyond = (1 - INSIDE) / (2 * n_looks)
    return np.array([stats.binom.ppf(level, n_points, probabilities) for level in (beyond, 1 - beyond)])


def _sizes_along(column, residuals):
    """Returns the mean of the input and the root mean square of the residuals in eight parts with equally
    many rows, or at each value where these are fewer."""
    values = np.unique(column)
    order = np.argsort(column, kind="stable")
    parts = (
        [np.flatnonzero(column == value) for value in values]
        if len(values) <= 8
        else [part for part in np.array_split(order, 8) if len(part)]
    )
    middles = np.array([column[part].mean() for part in parts])
    return middles, np.array([np.sqrt(np.mean(residuals[part] ** 2)) for part in parts])


def _bins(y, replicates):
    values = np.unique(np.concatenate([y, replicates.ravel()]))
    low, high = y.min(), y.max()
    if np.all(values == np.floor(values)) and high - low < FEW:
        return np.arange(low, high + 2) - 0.5
    margin = 0.1 * (high - low) or 1.0
    return np.linspace(low - margin, high + margin, 31)


def _histogram(values, edges):
    # A clipped value lies in the last bin, whose upper edge is its own.
    return np.histogram(np.clip(values, edges[0], edges[-1]), edges)[0]
