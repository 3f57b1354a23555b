"""A figure for a dark page: black and white change places, other colours become light enough to be seen."""

import colorsys
import pickle

import matplotlib.pyplot as plt
import numpy as np
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


def dark_copy(figure: Figure) -> Figure:
    """Return a copy of `figure` in colours for a dark page; `figure` stays as it is."""
    # A copy, because recoloured artists could not be told from those that a later cell draws.
    copy = pickle.loads(pickle.dumps(figure))
    for artist in copy.findobj():
        if isinstance(artist, Text):
            artist.set_color(darkened(artist.get_color()))
            # Neither the box nor the arrow of an annotation is among its children.
            for patch in filter(None, [artist.get_bbox_patch(), getattr(artist, "arrow_patch", None)]):
                _recolour_patch(patch)
        elif isinstance(artist, Line2D):
            _recolour_line(artist)
        elif isinstance(artist, Patch):
            _recolour_patch(artist)
        elif isinstance(artist, Collection):
            _recolour_collection(artist)
    return copy


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


def close(figure: Figure) -> None:
    """Close a figure that unpickling has registered with pyplot."""
    plt.close(figure)


def _recolour_line(line: Line2D) -> None:
    # All are read first: the markers' colours follow the line's unless they were set.
    color, edge, face = line.get_color(), line.get_markeredgecolor(), line.get_markerfacecolor()
    line.set_color(darkened(color))
    line.set_markeredgecolor(darkened(edge))
    line.set_markerfacecolor(darkened(face))


def _recolour_patch(patch: Patch) -> None:
    face, edge = patch.get_facecolor(), patch.get_edgecolor()
    patch.set_alpha(None)  # It is in both colours already, and would override theirs.
    patch.set_facecolor(darkened(face))
    patch.set_edgecolor(darkened(edge))


def _recolour_collection(collection: Collection) -> None:
    faces, edges = collection.get_facecolor(), collection.get_edgecolor()
    if collection.get_array() is None:  # A colour that stands for a number stays.
        collection.set_alpha(None)
        collection.set_facecolor([darkened(color) for color in faces])
    collection.set_edgecolor([darkened(color) for color in edges])
