"""In which order examples are read, and which posts belong together."""

import re
from pathlib import Path

from material.plugins.blog.structure import Archive

LINKED = re.compile(r"\]\((plot_\w+)\.md")
N_RELATED = 3


def order_of(names: list[str], scripts: Path) -> list[str]:
    """Return the names of examples in the order in which the gallery's first page tells of them."""
    readme = scripts / "README.md"
    told = LINKED.findall(readme.read_text(encoding="utf-8")) if readme.exists() else []
    return sorted(names, key=lambda name: (told.index(name) if name in told else len(told), name))


def order_navigation(items, generated: str, names: list[str]) -> None:
    """Order the gallery's pages wherever mkdocs.yml's `nav` has them: so stand before and after each."""
    uris = [f"{generated}/{name}.md" for name in names]

    def place(item) -> int:
        uri = next(iter(item.values())) if isinstance(item, dict) else item
        return uris.index(uri) if uri in uris else -1

    for item in items:
        for below in item.values() if isinstance(item, dict) else ():
            if isinstance(below, list):
                order_navigation(below, generated, names)
    items.sort(key=place) if any(place(item) >= 0 for item in items) else None


def skip_archives(page) -> None:
    """Let the links to the page before and the page after pass over the blog's lists of a year's posts, which
    the blog puts behind all that mkdocs.yml's `nav` has beside it."""
    while isinstance(page.previous_page, Archive):
        page.previous_page = page.previous_page.previous_page
    while isinstance(page.next_page, Archive):
        page.next_page = page.next_page.next_page


def related(post, posts: list) -> list:
    """Return the three posts that share most tags with a post; of equals the newer, then by title."""
    shared = {other.file.src_uri: len(_tags(post) & _tags(other)) for other in posts if other != post}
    near = [other for other in posts if shared.get(other.file.src_uri)]
    near.sort(key=lambda other: other.title)
    near.sort(key=lambda other: (shared[other.file.src_uri], other.config.date.created), reverse=True)
    return near[:N_RELATED]


def _tags(post) -> set[str]:
    return set(post.meta.get("tags", []))
