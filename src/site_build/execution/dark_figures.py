"""A figure for a dark page: black and white change places, other colours become light enough to be seen."""

import colorsys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
from matplotlib.artist import Artist
from matplotlib.collections import Collection
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.text import Text

# The background and the text of material's dark scheme, so that a figure has no visible edge on the page.
BACKGROUND = np.array(to_rgba("#1e2129"))[:3]
FOREGROUND = np.array(to_rgba("#e2e4ea"))[:3]
# Below this lightness (HLS) a line cannot be told from the background.
MIN_LIGHTNESS = 0.56


@contextmanager
def dark(figure: Figure) -> Iterator[None]:
    """A context in which `figure` has the colours for a dark page; afterwards it has its own again."""
    colours = [known for artist in figure.findobj() for known in _colours_of(artist)]
    for set_colour, colour in colours:
        set_colour(_each(darkened, colour))
    try:
        yield
    finally:
        for set_colour, colour in colours:
            set_colour(colour)


def darkened(color):
    """Return the RGBA of `color` on a dark page; "none" stays "none"."""
    if isinstance(color, str) and color.lower() in {"none", "auto"}:
        return color
    red, green, blue, alpha = to_rgba(color)
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    if max(red, green, blue) - min(red, green, blue) < 0.08:
        rgb = FOREGROUND + lightness * (BACKGROUND - FOREGROUND)
    else:
        rgb = colorsys.hls_to_rgb(hue, max(lightness, MIN_LIGHTNESS), saturation)
    return (*map(float, rgb), alpha)


def _colours_of(artist: Artist) -> Iterator[tuple[Callable, object]]:
    # All colours are read before one is set: those of markers follow their line's.
    if isinstance(artist, Text):
        yield artist.set_color, artist.get_color()
        # Neither the box nor the arrow of an annotation is among its children.
        for patch in filter(None, [artist.get_bbox_patch(), getattr(artist, "arrow_patch", None)]):
            yield from _colours_of(patch)
    elif isinstance(artist, Line2D):
        yield artist.set_color, artist.get_color()
        yield artist.set_markeredgecolor, artist.get_markeredgecolor()
        yield artist.set_markerfacecolor, artist.get_markerfacecolor()
    elif isinstance(artist, Patch | Collection):
        faces, edges = artist.get_facecolor(), artist.get_edgecolor()
        # The alpha is in both colours already, and would override that of an edge which is not drawn.
        artist.set_alpha(None)
        yield artist.set_edgecolor, edges
        if (
            isinstance(artist, Patch) or artist.get_array() is None
        ):  # A colour that stands for a number stays.
            yield artist.set_facecolor, faces


def _each(change: Callable, colour):
    is_list = isinstance(colour, np.ndarray) and colour.ndim == 2
    return [change(one) for one in colour] if is_list else change(colour)
