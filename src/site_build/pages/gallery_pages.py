"""The pages that mkdocs-gallery writes, in the form of this site's other pages."""

import re
from pathlib import Path

from site_build.execution.example_runs import Example
from site_build.pages import downloads, provenance

HEADER_NOTE = re.compile(
    r"!!! note\n\n    Click \[here\]\(#download_links\)\n    to download the full example code\n\n"
)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
THUMBNAILS = re.compile(r'<div class="mkd-glr-thumbcontainer".*<div class="mkd-glr-clear"></div>', re.DOTALL)
TITLE = re.compile(r"^# +(.+)$", re.MULTILINE)
FIGURE = re.compile(r'<img src="site:[^>]*#only-light"[^>]*>(?:<img src="site:[^>]*#only-dark"[^>]*>)?')
STILL = re.compile(r'poster="(site:[^"]*)" (width="\d+" height="\d+")')


def tidy_example(markdown: str, page, example: Example, config) -> str:
    """Return an example's page without the note above its title, with an id on every cell and its downloads
    at the end; its first paragraph describes it."""
    markdown = HEADER_NOTE.sub("", markdown)
    page.meta.setdefault("description", _description(markdown))
    return downloads.tidy_links(provenance.with_anchors(markdown), example, config)


def tidy_index(markdown: str, names: list[str], generated: Path) -> str:
    """Return the gallery's index with a card per example: film or first figure, title, first paragraph."""
    # mkdocs-gallery's thumbnails are white in the dark, lead to two places, and cut a sentence at 95 letters.
    pages = [(name, (generated / f"{name}.md").read_text(encoding="utf-8")) for name in names]
    cards = "\n".join(_card(name, HEADER_NOTE.sub("", text)) for name, text in pages)
    return THUMBNAILS.sub(lambda _: f'<div class="grid cards" markdown="1">\n\n{cards}\n</div>', markdown)


def _card(name: str, markdown: str) -> str:
    title = TITLE.search(markdown)[1].strip()
    # The title beside it says what the picture would.
    picture = re.sub(r'alt="[^"]*"', 'alt=""', _picture(markdown))
    return f"-   [{picture} {title}]({name}.md)\n\n    {_description(markdown)}\n"


def _picture(markdown: str) -> str:
    # A film is what its page is about.
    if still := STILL.search(markdown):
        return f'<img src="{still[1]}" alt="" {still[2]} class="still">'
    figure = FIGURE.search(markdown)
    return figure[0] if figure else ""


def _description(markdown: str) -> str:
    paragraphs = [text.strip() for text in re.split(r"\n\s*\n", COMMENT.sub("", markdown)) if text.strip()]
    return " ".join(paragraphs[1].split()) if len(paragraphs) > 1 and paragraphs[1][0].isalnum() else ""
