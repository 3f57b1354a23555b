"""The HTML of one figure, film or digit canvas in outputs/<example>/, with what stands in for it."""

import struct
from html import escape
from pathlib import Path

from mkdocs.exceptions import PluginError

# Of a figure's file. On a page an inch has 100 pixels, so that it is sharp on finer screens too.
DOTS_PER_INCH = 160


def figure_html(folder: Path, label: str, *, caption: str = "") -> str:
    """Return a <figure> of `<label>.png` and its dark twin, described by `<label>.txt`."""
    return figure("figure", images(folder, label), caption)


def film_html(folder: Path, label: str, *, caption: str = "") -> str:
    """Return a <figure> of `<label>.mp4`: a pausable <video> with still, text, and GIF if there is one."""
    film = required(folder / f"{label}.mp4", "no film has this name")
    still = required(folder / f"{label}.png", "a film needs a still of the same name")
    alt = _text_for(folder, label)
    gif = folder / f"{label}.gif"
    download = f'<a href="{url(gif)}" download>the film as a GIF</a>' if gif.exists() else ""
    video = (
        f'<video controls loop muted playsinline preload="none" poster="{url(still)}" {_size(still, 1)} '
        f'aria-label="{alt}">'
        f'<source src="{url(film)}" type="video/mp4"><span>{alt} {download}</span></video>'
    )
    return figure("film", video, " ".join(filter(None, [caption, download])))


def digit_canvas_html(folder: Path, label: str, *, still: str, caption: str = "") -> str:
    """Return a <figure> of a <digit-canvas> that asks the posterior in `<label>.bin`; where there are no
    scripts, and in print, the folder's figure `still` stands in for it."""
    posterior = required(folder / f"{label}.bin", "no posterior has this name")
    content = f'<digit-canvas src="{url(posterior)}">{images(folder, still)}</digit-canvas>'
    return figure("digits-frame", content, caption)


def write_text_for(folder: Path, label: str, text: str) -> None:
    """Write the text that stands in for a figure or a film, as a file beside it."""
    (folder / f"{label}.txt").write_text(" ".join(text.split()) + "\n", encoding="utf-8")


def pixels(png: Path) -> tuple[int, int]:
    """Return the width and height of a PNG file."""
    with png.open("rb") as file:
        return struct.unpack(">II", file.read(24)[16:])


def images(folder: Path, label: str) -> str:
    light = required(folder / f"{label}.png", "no figure has this label")
    alt = _text_for(folder, label)
    size = _size(light, 100 / DOTS_PER_INCH)
    dark = folder / f"{label}-dark.png"
    if not dark.exists():
        return f'<img src="{url(light)}" alt="{alt}" {size} loading="lazy">'
    twins = {"light": light, "dark": dark}.items()
    return "".join(
        f'<img src="{url(path)}#only-{scheme}" alt="{alt}" {size} loading="lazy">' for scheme, path in twins
    )


def _text_for(folder: Path, label: str) -> str:
    path = required(
        folder / f"{label}.txt", "a figure or film needs the text that stands in for it in this file"
    )
    return escape(path.read_text(encoding="utf-8").strip(), quote=True)


def required(path: Path, why: str) -> Path:
    if not path.exists():
        raise PluginError(f"outputs/{path.parent.name}/{path.name} is missing: {why}.")
    return path


def url(path: Path) -> str:
    # mkdocs neither checks nor rewrites raw HTML; outputs.py does both for this scheme, on every page.
    return f"site:outputs/{path.parent.name}/{path.name}"


def _size(png: Path, scale: float) -> str:
    # With its size known, an image that loads late moves nothing.
    width, height = pixels(png)
    return f'width="{round(width * scale)}" height="{round(height * scale)}"'


def figure(kind: str, content: str, caption: str) -> str:
    # md_in_html reads the caption as Markdown: its links are checked, its formulas typeset.
    under = f'<figcaption markdown="span">{caption}</figcaption>\n' if caption else ""
    return f'<figure class="{kind}" markdown="1">\n{content}\n{under}</figure>'
