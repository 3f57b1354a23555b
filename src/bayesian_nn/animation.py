"""The film of a posterior predictive that learns: drawn once, written as GIF, MP4 and a still."""

from __future__ import annotations

import io
import math
import os
import subprocess
import warnings
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from PIL import Image
from tqdm import tqdm

from bayesian_nn.figures import (
    COLOURS,
    add_legend,
    draw_bands,
    draw_data,
    format_nats,
    plot_elbo,
    running_median,
    style,
)
from bayesian_nn.prediction import PredictionFilm
from bayesian_nn.writing import replacing

if TYPE_CHECKING:
    from bayesian_nn.data import Dataset
    from bayesian_nn.run import Run

__all__ = ["Film", "draw_film", "write_film", "write_gif", "write_mp4", "write_still"]

DOTS_PER_INCH = 100
LEGIBLE_AT_HALF_WIDTH = {"font.size": 13, "lines.markersize": 5.5}
GIF_COLOURS = (24, 16, 12, 8)
# Encoders leave their version and the time in a file; colours without a label are guessed, and differently.
MP4_OPTIONS = [
    "-c:v", "libx264", "-crf", "23", "-preset", "veryfast", "-movflags", "+faststart",
    "-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1",
    "-vf", "scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", "yuv420p",
    "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709",
]  # fmt: skip


@dataclass(frozen=True)
class Film:
    """Rendered frames, uint8 [n_frames, height, width, 3], and their durations [n_frames] in 1/100 s."""

    frames: np.ndarray
    durations: np.ndarray


def draw_film(
    film: PredictionFilm,
    run: Run,
    data: Dataset,
    *,
    y_limits: tuple[float, float] | None = None,
    reference: Mapping[str, float] | None = None,
    size: tuple[int, int] = (640, 540),
    seconds: float = 8.0,
    hold_seconds: float = 2.0,
) -> Film:
    """The rendered film: above, the predictive bands, draws of f, data and truth; below, the ELBO's cursor.

    x and y are in original units, the ELBO in nats (its running median). The frames share `seconds` equally,
    and the last is held for `hold_seconds` more. `size` is (width, height) in pixels, both even.
    """
    if film.steps[-1] > run.n_steps:
        raise ValueError(
            f"film ends at step {film.steps[-1]:,}, and run has {run.n_steps:,} steps: is it another run?"
        )
    if size[0] % 2 or size[1] % 2:
        raise ValueError(f"size must be even for MP4, and is {size[0]} x {size[1]} pixels")
    with style(), matplotlib.rc_context(LEGIBLE_AT_HALF_WIDTH):
        stage = _Stage(film, run, data, y_limits or _y_limits(film, data), reference, size)
    frames = np.empty((len(film.steps), size[1], size[0], 3), np.uint8)
    # Absent when the output is no terminal, and for a film that is drawn within two seconds.
    for frame in tqdm(range(len(frames)), desc="film", unit="frame", disable=None, delay=2, leave=False):
        frames[frame] = stage.draw(frame)
    shown = max(2, round(100 * seconds / len(frames)))
    durations = np.full(len(frames), shown)
    # A whole number of frames: a film of one frame rate has no other way to hold the last.
    durations[-1] += shown * round(100 * hold_seconds / shown)
    return Film(frames, durations)


class _Stage:
    """A figure whose still parts are drawn once, and the artists that move on it."""

    def __init__(self, film, run, data, y_limits, reference, size):
        self.film = film
        self.elbo = running_median(run.elbo, film.steps)
        inches = (size[0] / DOTS_PER_INCH, size[1] / DOTS_PER_INCH)
        self.figure = Figure(inches, dpi=DOTS_PER_INCH, layout="none")
        self.canvas = FigureCanvasAgg(self.figure)
        self._build_predictive(data, y_limits)
        self._build_elbo(run, reference)
        for artist in self.moving:
            artist.set_animated(True)
        self.canvas.draw()
        self.background = self.canvas.copy_from_bbox(self.figure.bbox)

    def _build_predictive(self, data, y_limits):
        axes = self.predictive_axes = self.figure.add_axes((0.15, 0.435, 0.805, 0.365))
        x = self.film.x
        blue = COLOURS["posterior"]
        self.bands = draw_bands(axes, x, *self._band_edges(0))
        self.curves = LineCollection([], colors=COLOURS["curves"], lw=1.2, label="draws of f")
        axes.add_collection(self.curves, autolim=False)
        (self.mean,) = axes.plot(x, x, color=blue, lw=3, label="mean")
        known = draw_data(axes, data, x)
        axes.set(xlim=(x[0], x[-1]), ylim=y_limits, xlabel=data.x_names[0], ylabel=data.y_name)
        add_legend(axes)
        title = {"fontsize": 18, "fontweight": "bold"}
        self.step_text = self.figure.text(0.15, 0.94, "", **title)
        self.elbo_text = self.figure.text(0.955, 0.94, "", ha="right", color=blue, **title)
        *truth, points = known
        self.moving = [*self.bands, self.curves, *truth, self.mean, points, self.step_text, self.elbo_text]

    def _build_elbo(self, run, reference):
        axes = self.figure.add_axes((0.15, 0.11, 0.805, 0.165))
        plot_elbo(run, axes=axes, reference=reference, with_parts=False)
        axes.set_ylabel(None)
        axes.set_title("ELBO in nats (up is better)", fontsize="medium", pad=8)
        self.cursor = axes.axvline(0, color=COLOURS["reference"], lw=1.5)
        (self.dot,) = axes.plot([0], [0], "o", color=COLOURS["posterior"], ms=11, mew=0, clip_on=False)
        self.moving += [self.cursor, self.dot]

    def _band_edges(self, frame: int) -> list[tuple[np.ndarray, np.ndarray]]:
        film, mean = self.film, self.film.mean[frame]
        return [
            (mean - 2 * width, mean + 2 * width) for width in (film.std[frame], film.epistemic_std[frame])
        ]

    def draw(self, frame: int) -> np.ndarray:
        """One frame, uint8 [height, width, 3]."""
        film, step, elbo = self.film, self.film.steps[frame], self.elbo[frame]
        for band, (low, high) in zip(self.bands, self._band_edges(frame), strict=True):
            band.set_data(film.x, low, high)
        self.curves.set_segments([np.column_stack([film.x, curve]) for curve in film.curves[frame]])
        self.mean.set_ydata(film.mean[frame])
        self.step_text.set_text(f"step {step:,}")
        self.elbo_text.set_text(f"ELBO {format_nats(elbo)} nats")
        self.cursor.set_xdata([step, step])
        self.dot.set_data([step], [elbo])
        self.canvas.restore_region(self.background)
        for artist in self.moving:
            self.figure.draw_artist(artist)
        # Pillow drops the alpha channel ten times faster than NumPy.
        return np.asarray(Image.fromarray(np.asarray(self.canvas.buffer_rgba())).convert("RGB"))


def _y_limits(film: PredictionFilm, data: Dataset) -> tuple[float, float]:
    """The range of the data, its truth, and the last frame's bands, with a margin."""
    values = [data.y, film.mean[-1] - 2 * film.std[-1], film.mean[-1] + 2 * film.std[-1]]
    if data.truth is not None:
        values.append(data.truth(film.x[:, None]))
    values = np.concatenate([np.ravel(value) for value in values])
    margin = 0.08 * np.ptp(values)
    return values.min() - margin, values.max() + margin


def write_film(film: Film, path: str | os.PathLike, *, alt: str) -> None:
    """Writes the film as `path` with `.gif`, `.mp4`, its still `.png`, and `.txt`, the text in its place."""
    path = Path(path)
    write_gif(film, path.with_suffix(".gif"))
    write_mp4(film, path.with_suffix(".mp4"))
    write_still(film, path.with_suffix(".png"))
    with replacing(path.with_suffix(".txt")) as temporary:
        temporary.write_text(alt + "\n", encoding="utf-8")


def write_still(film: Film, path: str | os.PathLike) -> None:
    """Writes the last frame to `path` as PNG, the same bytes for the same film."""
    with replacing(path) as temporary:
        Image.fromarray(film.frames[-1]).save(temporary, format="PNG", optimize=True)


def write_gif(film: Film, path: str | os.PathLike, *, max_bytes: int = 600_000) -> None:
    """Writes the film to `path` as an endless GIF, the same bytes for the same film.

    Takes the largest of a few palettes with which the file stays within `max_bytes`, and warns if none does.
    """
    for n_colours in GIF_COLOURS:
        gif = _encode_gif(film, n_colours)
        if len(gif) <= max_bytes:
            break
    else:
        remedy = "draw fewer frames, or a smaller size"
        warnings.warn(f"{path} has {len(gif):,} bytes, over {max_bytes:,}: {remedy}", stacklevel=2)
    with replacing(path) as temporary:
        temporary.write_bytes(gif)


def write_mp4(film: Film, path: str | os.PathLike) -> None:
    """Writes the film to `path` as H.264 that every browser plays, at one frame rate.

    Raises OSError with the encoder's own words if it fails.
    """
    # Imported here: only this needs an encoder.
    import imageio_ffmpeg

    height, width = film.frames.shape[1:3]
    tick = math.gcd(*map(int, film.durations))
    source = [
        "-f",
        "rawvideo",
        "-pix_fmt",
        "rgb24",
        "-video_size",
        f"{width}x{height}",
        "-framerate",
        f"100/{tick}",
    ]
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-v", "error", *source, "-i", "pipe:0", *MP4_OPTIONS]
    with replacing(path) as temporary:
        # imageio's own writer neither reports an encoder's failure nor closes its pipes.
        with subprocess.Popen([*ffmpeg, temporary], stdin=subprocess.PIPE, stderr=subprocess.PIPE) as encoder:
            with suppress(BrokenPipeError):
                for frame, duration in zip(film.frames, film.durations, strict=True):
                    for _ in range(duration // tick):
                        encoder.stdin.write(np.ascontiguousarray(frame))
            _, complaint = encoder.communicate()
        if encoder.returncode:
            raise OSError(f"cannot encode {path}: {complaint.decode(errors='replace').strip()}")


def _encode_gif(film: Film, n_colours: int) -> bytes:
    # A pixel that stays as it was is transparent: that halves the file.
    colours = _palette(film.frames, n_colours - 1)
    transparent = len(colours)
    palette = Image.new("P", (1, 1))
    palette.putpalette(colours.tobytes())
    images, shown = [], None
    for frame in film.frames:
        image = Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE)
        indices = np.asarray(image)
        if shown is not None:
            image = Image.fromarray(np.where(indices == shown, np.uint8(transparent), indices))
        image.putpalette(colours.tobytes() + bytes(3))
        images.append(image)
        shown = indices
    buffer = io.BytesIO()
    options = {"transparency": transparent, "disposal": 1, "loop": 0, "optimize": False}
    durations = [10 * int(duration) for duration in film.durations]
    images[0].save(buffer, "GIF", save_all=True, append_images=images[1:], duration=durations, **options)
    return buffer.getvalue()


def _palette(frames: np.ndarray, n_colours: int) -> np.ndarray:
    """The most frequent colours that are not near a more frequent one, uint8 [at most n_colours, 3].

    General quantisers average the flat tints of the bands away; these stay exact.
    """
    sample = np.concatenate(frames[np.unique(np.linspace(0, len(frames) - 1, 5).astype(int))])
    counted = sorted(Image.fromarray(sample).getcolors(sample.size), reverse=True)
    colours = np.array([colour for _, colour in counted])
    # Two bands' tints are 46 apart.
    apart = min(40, 600 / n_colours)
    chosen = [colours[0]]
    while len(chosen) < n_colours:
        colours = colours[np.abs(colours - chosen[-1]).max(axis=1) > apart]
        if not len(colours):
            break
        chosen.append(colours[0])
    return np.array(chosen, np.uint8)
