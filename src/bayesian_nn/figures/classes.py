"""Figures of what a classifier predicts: images with their class probabilities, and entropies."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from bayesian_nn.figures.style import COLOURS, add_legend
from bayesian_nn.predictions.classes import ClassPrediction

__all__ = [
    "add_probability_legend",
    "draw_image",
    "plot_class_probabilities",
    "plot_digits",
    "plot_entropies",
    "plot_rotation",
]

# In this order neighbours differ in lightness as well as in hue.
SEQUENCE = [COLOURS[name] for name in ("posterior", "curves", "kl", "truth", "log_likelihood", "reference")]
BAR_ALPHA = 0.45
N_DOTS = 50


def draw_image(image, axes: Axes, *, left: float = 0.0, width: float = 1.0) -> QuadMesh:
    """The image `[height, width]`, pixels from 0 to 1, added to the axes as ink in the colour of text: from
    `left` to `left + width` along x, and from 0 to 1 along y."""
    image = np.asarray(image, dtype=float)
    n_rows, n_columns = image.shape
    x, y = np.meshgrid(left + width * np.linspace(0, 1, n_columns + 1), np.linspace(1, 0, n_rows + 1))
    # No colour map: ink that is more or less opaque lies as well on a dark page.
    inks = np.empty((image.size, 4))
    inks[:] = matplotlib.colors.to_rgba(matplotlib.rcParams["text.color"])
    inks[:, 3] = np.clip(image.ravel(), 0, 1)
    mesh = QuadMesh(np.stack([x, y], axis=-1), antialiased=False, facecolors=inks, edgecolors="none")
    return axes.add_collection(mesh, autolim=False)


def plot_class_probabilities(probabilities, *, axes: Axes, label: int | None = None) -> Axes:
    """The axes, with one point's class probabilities `[n_draws, n_classes]`: the mean as bars, that of the
    true class `label` in another colour, and up to fifty of the draws as dots."""
    probabilities = np.asarray(probabilities)
    n_classes = probabilities.shape[1]
    colours = [COLOURS["truth" if k == label else "posterior"] for k in range(n_classes)]
    axes.bar(range(n_classes), probabilities.mean(axis=0), color=colours, alpha=BAR_ALPHA)
    axes.plot(*dots(probabilities), "o", color=COLOURS["curves"], ms=2.5, mew=0)
    axes.set(xlim=(-0.6, n_classes - 0.4), ylim=(0, 1.02), xticks=range(n_classes), yticks=[0, 0.5, 1])
    axes.tick_params(axis="x", length=0)
    return axes


def plot_digits(images, prediction: ClassPrediction, *, panels, labels=None) -> None:
    """Draws images `[n_images, height, width]` and, under each, the probabilities of its classes.

    panels: axes `[2 n_rows, n_columns]`, rows of images and of bars in turn, as `plt.subplots` makes them;
    labels: the true classes `[n_images]`, where there are any.
    """
    panels = np.asarray(panels)
    tops, bars = panels[::2].ravel(), panels[1::2].ravel()
    if len(images) != prediction.probabilities.shape[1] or len(images) != len(tops):
        raise ValueError(
            f"images, prediction and panels must be as many as one another; got {len(images)}, "
            f"{prediction.probabilities.shape[1]} and {len(tops)}."
        )
    for i, (top, bar) in enumerate(zip(tops, bars, strict=True)):
        label = None if labels is None else int(labels[i])
        draw_image(images[i], top)
        top.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        top.set_axis_off()
        title = f"read as {prediction.labels[i]}"
        top.set_title(title if label is None else f"{label}, {title}", loc="center", fontsize="medium")
        plot_class_probabilities(prediction.probabilities[:, i], axes=bar, label=label)
    for row in panels[1::2]:
        row[0].set_ylabel("probability")
        for bar in row[1:]:
            bar.tick_params(labelleft=False)
    for bar in panels[-1]:
        bar.set_xlabel("class")
    add_probability_legend(tops[0].figure, with_truth=labels is not None)


def dots(probabilities, n_dots: int = N_DOTS) -> tuple[np.ndarray, np.ndarray]:
    """The x and y of dots, one for each draw of `[n_draws, n_classes]`, side by side over their class."""
    shown = np.asarray(probabilities)[:n_dots]
    beside = np.linspace(-0.3, 0.3, len(shown)) if len(shown) > 1 else np.zeros(1)
    return np.ravel(np.arange(shown.shape[1]) + beside[:, None]), shown.ravel()


def add_probability_legend(figure, *, with_truth: bool) -> None:
    """Adds to the figure, under its axes, what bars and dots of class probabilities mean."""
    bar = {"marker": "s", "ls": "none", "ms": 10, "mew": 0, "alpha": BAR_ALPHA}
    handles = [Line2D([], [], color=COLOURS["posterior"], label="mean", **bar)]
    if with_truth:
        handles.append(Line2D([], [], color=COLOURS["truth"], label="mean, true class", **bar))
    handles.append(Line2D([], [], color=COLOURS["curves"], marker="o", ls="none", ms=4, label="draws"))
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)


def plot_rotation(degrees, images, prediction: ClassPrediction, *, panels, n_images: int = 13) -> None:
    """Draws what a classifier says of one image at every angle.

    degrees: `[n_angles]`, increasing; images: `[n_angles, height, width]`. panels: three axes that share x:
    at most `n_images` of the images, evenly apart; the probabilities of the classes that matter, mean and the
    draws' middle half; and the entropy, in nats, as its aleatoric part with the epistemic part upon it.
    """
    strip, curves, parts = panels
    degrees, span = np.asarray(degrees), np.ptp(degrees)
    sizes = len(degrees), len(images), prediction.probabilities.shape[1]
    if len(set(sizes)) > 1 or np.any(np.diff(degrees) <= 0):
        raise ValueError(
            "degrees must increase, with an image and a prediction for each; got "
            "{} degrees, {} images and {} predictions.".format(*sizes)
        )
    chosen = np.unique(np.linspace(0, len(degrees) - 1, min(n_images, len(degrees))).round().astype(int))
    slot = span / max(1, len(chosen) - 1)
    for i in chosen:
        mesh = draw_image(images[i], strip, left=degrees[i] - 0.46 * slot, width=0.92 * slot)
        mesh.set_clip_on(False)
    strip.set_axis_off()
    strip.set_xlim(degrees[0] - slot / 2, degrees[-1] + slot / 2)
    strip.update_datalim([(degrees[0], 0), (degrees[-1], 1)])
    strip.margins(y=0)
    # As high as wide; a strip of another height must not move an image away from its angle.
    strip.set_aspect(0.92 * slot, adjustable="datalim")
    _draw_classes(curves, degrees, prediction)
    aleatoric, total = prediction.aleatoric, prediction.entropy
    for low, high, colour, name in (
        (0, aleatoric, COLOURS["reference"], "aleatoric"),
        (aleatoric, np.maximum(total, aleatoric), COLOURS["posterior"], "epistemic"),
    ):
        parts.fill_between(degrees, low, high, color=colour, alpha=0.6, lw=0, label=name)
    parts.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1.5, 3, 4.5, 9]))
    parts.set(xlabel="rotation (degrees)", ylabel="entropy (nats)", ylim=(0, None))
    add_legend(parts)


def _draw_classes(axes, degrees, prediction):
    low, high = np.quantile(prediction.probabilities, [0.25, 0.75], axis=0)
    mean = prediction.mean
    largest = np.argsort(-mean.max(axis=0), kind="stable")[: len(SEQUENCE)]
    for k, colour in zip(sorted(largest[mean.max(axis=0)[largest] > 0.15]), SEQUENCE, strict=False):
        axes.fill_between(degrees, low[:, k], high[:, k], color=colour, alpha=0.2, lw=0)
        axes.plot(degrees, mean[:, k], color=colour, lw=2.2)
        # Named on every stretch on which it leads, or else at its peak.
        leads = np.flatnonzero(mean.argmax(axis=1) == k)
        stretches = np.split(leads, np.flatnonzero(np.diff(leads) > 1) + 1) if len(leads) else [slice(None)]
        for stretch in stretches:
            at = np.arange(len(degrees))[stretch][np.argmax(mean[stretch, k])]
            place = {"xytext": (0, 4), "textcoords": "offset points", "ha": "center"}
            axes.annotate(f"{k}", (degrees[at], mean[at, k]), color=colour, fontweight="bold", **place)
    ink = matplotlib.rcParams["text.color"]
    axes.plot([], [], color=ink, lw=2.2, label="mean")
    axes.fill_between([], [], color=ink, alpha=0.2, lw=0, label="middle half of the draws")
    add_legend(axes)
    axes.set(ylabel="probability", ylim=(0, 1.15), yticks=[0, 0.5, 1])


def plot_entropies(entropies: Mapping[str, np.ndarray], *, axes: Axes, n_classes: int = 10) -> Axes:
    """The axes, with a histogram of the entropies, in nats, of each named kind of image: the share of them in
    each of 30 bins from 0 to log(n_classes), where every class is as likely as any other."""
    edges = np.linspace(0, np.log(n_classes), 31)
    for (name, values), colour in zip(entropies.items(), SEQUENCE, strict=False):
        # Rounding may carry an entropy beyond the largest that there is.
        shares = 100 * np.histogram(np.clip(values, 0, edges[-1]), edges)[0] / len(values)
        axes.stairs(shares, edges, color=colour, fill=True, alpha=0.2)
        axes.stairs(shares, edges, color=colour, lw=2, label=name)
    axes.set(xlabel="entropy of the prediction (nats)", ylabel="share of images (%)", xlim=(0, edges[-1]))
    axes.legend(frameon=False)
    return axes
