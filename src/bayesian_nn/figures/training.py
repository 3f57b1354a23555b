"""Figures of training: the ELBO and its parts, learning curves, weights' signal-to-noise, and pruning."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator, SymmetricalLogLocator

from bayesian_nn.figures.classes import BAR_ALPHA, SEQUENCE
from bayesian_nn.figures.nats_axis import MINUS, draw_references, format_nats, scale_nats
from bayesian_nn.figures.style import COLOURS, add_legend, axes_or_new
from bayesian_nn.scores.pruning import decibels

if TYPE_CHECKING:
    from bayesian_nn.training.run import Run

__all__ = [
    "elbo_at_the_end",
    "first_step_above",
    "plot_elbo",
    "plot_elbo_parts",
    "plot_learning",
    "plot_pruning",
    "plot_signal_to_noise",
    "running_median",
    "shown_elbo",
]


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
    axes = axes_or_new(axes)
    parts = {"ELBO: {}": (run.elbo, COLOURS["posterior"], 2.6)}
    if with_parts:
        parts["log-likelihood: {}"] = (run.log_likelihood, COLOURS["log_likelihood"], 1.6)
        parts[f"{MINUS}KL: {{}}"] = (-np.asarray(run.kl), COLOURS["kl"], 1.6)
    at = _shown_steps(run.n_steps_done)
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


def running_median(values: np.ndarray, at: np.ndarray, *, relative_width: float = 0.1) -> np.ndarray:
    """The median of `values` [n_steps] around each step of `at`, [n_at].

    The window reaches from 1 - relative_width to 1 + relative_width times the step: equally wide everywhere
    on a logarithmic axis.
    """
    values = np.asarray(values)
    at = np.minimum(np.asarray(at), len(values) - 1)
    reach = (at * relative_width).astype(int)
    return np.array([np.median(values[max(0, t - r) : t + r + 1]) for t, r in zip(at, reach, strict=True)])


def first_step_above(threshold: float, values: np.ndarray) -> int:
    """The first step at which the running median of `values` [n_steps] exceeds the threshold. Raises
    ValueError if none does."""
    above = running_median(values, np.arange(len(values))) > threshold
    if not above.any():
        raise ValueError(f"threshold: no step comes above {threshold:g}; train for longer.")
    return int(np.argmax(above))


def elbo_at_the_end(run: Run) -> float:
    """The ELBO after the last step, in nats: the run's own estimate, or else the running median's end."""
    final = getattr(run, "final_elbo", np.nan)
    return float(final if np.isfinite(final) else running_median(run.elbo, [len(run.elbo)])[0])


def shown_elbo(run: Run, steps: np.ndarray) -> np.ndarray:
    """The ELBO that films and players show after each of `steps` [n_steps], which increase, in nats: its
    running median, and after the run's last step `elbo_at_the_end`."""
    elbo = running_median(run.elbo, steps)
    if steps[-1] == run.n_steps_done:
        elbo[-1] = elbo_at_the_end(run)
    return elbo


def _shown_steps(n_steps: int) -> np.ndarray:
    """From 0, before the first update, to n_steps, after the last."""
    return np.unique(np.concatenate([[0], np.geomspace(1, n_steps, 400).round()])).astype(int)
