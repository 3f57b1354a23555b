"""The figures of a report: what holds a prediction to its rows, and what it looks like along its inputs."""

from dataclasses import replace

import matplotlib
import numpy as np

from bayesian_nn.data.tables import Dataset
from bayesian_nn.figures.checks import plot_pit, plot_predictive_check, plot_reliability, plot_residuals
from bayesian_nn.figures.partial_dependence import plot_partial_dependence
from bayesian_nn.figures.style import BAND_ALPHAS, COLOURS
from bayesian_nn.model.model import Model
from bayesian_nn.prediction.predict import predict_draws
from bayesian_nn.prediction.targets import draw_targets
from bayesian_nn.report.pictures import Picture, one_axes, panels, picture_of
from bayesian_nn.report.views import View, columns_of
from bayesian_nn.verdict.straight_line import some_rows

__all__ = ["pictures_of", "still_of"]

MAX_ROWS, N_REPLICATES, MAX_PANELS = 1000, 200, 8
CLASS_COLOURS = ("posterior", "log_likelihood", "truth", "kl", "curves", "reference")


def pictures_of(result, latents: np.ndarray, data: Dataset, *, seed: int) -> list[Picture]:
    """Returns the pictures that hold a result to the rows of `data`. latents: draws of it
    `[n_draws, n_latents]`."""
    model: Model = result.model
    rows = some_rows(data, MAX_ROWS)
    record = predict_draws(model, latents, rows.x)
    if hasattr(model.likelihood, "n_classes"):
        figure = one_axes(lambda axes: plot_reliability(record, rows.y, axes=axes))
        return [picture_of(figure, "Do the probabilities come true? Right ones lie on the diagonal.")]
    pit = one_axes(lambda axes: plot_pit(record, rows.y, axes=axes))
    pictures = [
        picture_of(pit, "Is the whole predictive distribution right? Then this is level, but for chance.")
    ]
    names = [name for name in columns_of(rows) if name in rows.x_names][:MAX_PANELS]
    if names:
        places = [rows.x_names.index(name) for name in names]
        of_numbers = replace(rows, x=rows.x[:, places], x_names=tuple(names))
        figure = panels(len(names), lambda grid: plot_residuals(record, of_numbers, panels=grid))
        few = f" The first {len(names)} inputs." if len(names) == MAX_PANELS else ""
        caption = f"Is the noise as predicted everywhere? Then the orange lines are level at one.{few}"
        pictures.append(picture_of(figure, caption))
    replicates = draw_targets(result, rows.x, n_draws=min(N_REPLICATES, len(latents)), seed=seed)
    check = one_axes(lambda axes: plot_predictive_check(replicates, rows.y, axes=axes, name=str(rows.y_name)))
    caption = "Could the fit have made these rows? Then the dots lie within the band, nine in ten."
    return [*pictures, picture_of(check, caption)]


def still_of(views: list[View], quantity: str) -> Picture:
    """Returns the picture of the views for a page without its script."""
    first = views[0]
    if first.dependences and len(first.curves) == 1:
        shown = [view.dependences[0] for view in views[:MAX_PANELS]]
        figure = panels(len(shown), lambda grid: plot_partial_dependence(shown, panels=grid))
        return picture_of(figure, "The average prediction along each input.")
    figure = one_axes(lambda axes: _draw(axes, first, quantity))
    figure.alt = f"{quantity} along {first.input}, with its band, from {_ends(first)}."
    return picture_of(figure, f"The prediction along {first.input}.")


def _draw(axes, view, quantity):
    words = view.values.dtype.kind == "U"
    x = np.arange(len(view.values)) if words else view.values
    inner_alpha, outer_alpha = BAND_ALPHAS["± 2 sd of f"], BAND_ALPHAS["± 2 sd with noise"]
    for curve, name in zip(view.curves, CLASS_COLOURS, strict=False):
        colour = COLOURS[name]
        if words:
            errors = (curve.mean - curve.low, curve.high - curve.mean)
            axes.errorbar(x, curve.mean, errors, color=colour, fmt="o", capsize=4, label=curve.of or None)
            continue
        if curve.outer_low is not None:
            axes.fill_between(x, curve.outer_low, curve.outer_high, color=colour, alpha=outer_alpha, lw=0)
        axes.fill_between(x, curve.low, curve.high, color=colour, alpha=inner_alpha, lw=0)
        axes.plot(x, curve.mean, color=colour, lw=2.2, label=curve.of or None)
    ink = matplotlib.rcParams["text.color"]
    axes.plot(*view.seen.T, "o", color=ink, ms=3, mew=0, alpha=0.5)
    axes.plot(*view.unseen.T, "o", color=COLOURS["log_likelihood"], ms=3.5, mew=0)
    if words:
        axes.set_xticks(x, view.values)
    if len(view.curves) > 1:
        axes.legend(frameon=False, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
    axes.set(xlabel=view.input, ylabel=quantity)


def _ends(view):
    mean = view.curves[0].mean
    return f"{mean[0]:.3g} at {view.values[0]} to {mean[-1]:.3g} at {view.values[-1]}"
