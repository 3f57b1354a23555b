"""Films as files: GIF, MP4, the last frame as a still, and the text in their place."""

from __future__ import annotations

import io
import math
import os
import subprocess
import warnings
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from bayesian_nn.runtime.files import replacing

__all__ = ["Film", "write_film", "write_gif", "write_mp4", "write_still"]

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


def write_film(film: Film, path: str | os.PathLike, *, alt: str) -> None:
    """Writes the film as `path` with `.gif`, `.mp4`, its still `.png`, and `.txt`, the text in its place.

    `path` has no such ending itself: the name `sd0.02` becomes `sd0.02.gif`.
    """
    path = Path(path)
    if path.suffix in (".gif", ".mp4", ".png", ".txt"):
        raise ValueError(f"path must be a film's name without an ending, as it gets four; got {path.name!r}.")
    write_gif(film, f"{path}.gif")
    write_mp4(film, f"{path}.mp4")
    write_still(film, f"{path}.png")
    with replacing(f"{path}.txt") as temporary:
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
