"""The HTML of the playground: what the build's own run began with and came to, and what stands in for it."""

from pathlib import Path

from site_build.html.media import figure, images, required, url


def playground_html(folder: Path, label: str, *, still: str, caption: str = "") -> str:
    """Return a <figure> of a <bayes-playground> that starts from `<label>.json`, the points and the digest of
    the build's own run; where there are no scripts, and in print, the folder's figure `still` stands in."""
    start = required(folder / f"{label}.json", "no playground starts from this")
    content = f'<bayes-playground src="{url(start)}">{images(folder, still)}</bayes-playground>'
    return figure("playground-frame", content, caption)
