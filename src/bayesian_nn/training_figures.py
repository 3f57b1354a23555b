"""Figures of a classifier's training and of its weights: learning curves, signal-to-noise, and pruning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator, SymmetricalLogLocator

from bayesian_nn.class_figures import BAR_ALPHA, SEQUENCE
from bayesian_nn.figures import COLOURS, add_legend
from bayesian_nn.nats_axis import MINUS
from bayesian_nn.pruning import decibels

__all__ = ["plot_elbo_parts", "plot_learning", "plot_pruning", "plot_signal_to_noise"]


def plot_learning(epochs, scores: Mapping[str, np.ndarray], *, axes: Axes, name: str) -> Axes:
    """The axes, with named scores over training: each `[n_epochs]`, or of several runs `[n_runs, n_epochs]`,
    whose mean is bold. `name` says what the scores are, and in which unit; their scale is logarithmic."""
    _draw_curves(axes, np.asarray(epochs), scores)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=[1, 2, 5], numticks=99))
    axes.yaxis.set_major_formatter(FuncFormatter(_plain))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set(xlabel="epoch", ylabel=name, xlim=(0, np.max(epochs)))
    return axes


def plot_elbo_parts(epochs, log_likelihood, kl, *, n_images: int, axes: Axes) -> Axes:
    """The axes, with the ELBO and its two parts over training, each `[n_epochs]` in nats, per training image.

    The scale is logarithmic beyond the order of magnitude of the last ELBO.
    """
    log_likelihood, kl = np.asarray(log_likelihood) / n_images, np.asarray(kl) / n_images
    elbo = log_likelihood - kl
    parts = {
        "ELBO": (elbo, COLOURS["posterior"], 2.6),
        "log-likelihood": (log_likelihood, COLOURS["log_likelihood"], 1.6),
        f"{MINUS}KL": (-kl, COLOURS["kl"], 1.6),
    }
    for label, (values, colour, width) in parts.items():
        axes.plot(epochs, values, color=colour, lw=width, label=label)
    threshold = 10.0 ** np.floor(np.log10(max(abs(elbo[-1]), 1e-6)))
    axes.set_yscale("symlog", linthresh=threshold)
    axes.yaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=threshold))
    axes.yaxis.set_major_formatter(FuncFormatter(_plain))
    axes.set(xlabel="epoch", ylabel="nats per image", xlim=(0, np.max(epochs)))
    add_legend(axes, "up is better")
    return axes


def plot_signal_to_noise(ratio, *, axes: Axes, fractions: Iterable[float] = (0.75, 0.95)) -> Axes:
    """The axes, with a histogram of signal-to-noise ratios `[n_weights]`, in decibels, and lines below which
    the given fractions of them lie (Blundell et al. 2015, figure 5). Ratios of 0 and of infinity, and the
    lowest 5 percent, are beyond its edges."""
    levels = decibels(np.ravel(ratio))
    edges = np.linspace(*np.quantile(levels[np.isfinite(levels)], [0.05, 1]), 61)
    shares = 100 * np.histogram(levels, edges)[0] / len(levels) / np.diff(edges)
    axes.stairs(shares, edges, color=COLOURS["posterior"], fill=True, alpha=BAR_ALPHA)
    fractions = sorted(fractions)
    for fraction in fractions:
        level = np.quantile(levels, fraction)
        axes.axvline(level, color=COLOURS["log_likelihood"], lw=1.5)
        aside, side = (3, "left") if fraction == fractions[-1] else (-3, "right")
        axes.annotate(
            f"{fraction:.0%} below",
            (level, 1),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            xytext=(aside, -3),
            rotation=90,
            ha=side,
            va="top",
            color=COLOURS["log_likelihood"],
        )
    axes.set(xlabel="|mean| / sd (dB)", ylabel="share of weights (% per dB)", ylim=(0, 1.45 * shares.max()))
    return axes


def plot_pruning(fractions, errors: Mapping[str, np.ndarray], *, axes: Axes) -> Axes:
    """The axes, with named error rates, each `[n_fractions]` or of several runs `[n_runs, n_fractions]`,
    against the fractions of weights removed, below 1. The scale is logarithmic in the weights that stay."""
    kept = np.round(1 - np.asarray(fractions), 12)
    if not np.all((kept > 0) & (kept <= 1)):
        raise ValueError(
            f"fractions must be from 0 to 1, and not 1; got {np.min(fractions):g} to {np.max(fractions):g}."
        )
    percents = {label: 100 * np.asarray(error) for label, error in errors.items()}
    _draw_curves(axes, kept, percents, marker="o")
    axes.set_xscale("log")
    ticks = [tick for tick in (1, 0.5, 0.25, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002) if tick >= kept.min()]
    axes.set_xticks(ticks, [f"{100 * (1 - tick):g}" for tick in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set(xlim=(kept.max(), kept.min()), xlabel="weights removed (%)", ylabel="error (%)", ylim=(0, None))
    return axes


def _plain(value, _place):
    return f"{value:g}".replace("-", MINUS)


def _draw_curves(axes, x, curves, **look):
    for (label, values), colour in zip(curves.items(), SEQUENCE, strict=False):
        runs = np.atleast_2d(values)
        if len(runs) > 1:
            axes.plot(x, runs.T, color=colour, lw=0.8, alpha=0.5)
        axes.plot(x, runs.mean(axis=0), color=colour, lw=2.2, label=label, **look)
    axes.legend(frameon=False)
