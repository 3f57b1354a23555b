"""A tiny project with all that stands around a page's content, for the tests of it."""

import tomllib
from pathlib import Path

from bs4 import BeautifulSoup
from readers.site_build_project import ROOT, make_project, write

REPOSITORY, COMMIT = "ada/lines", "0123abc"
SITE_URL = "https://ada.example/lines/"
EXTRA = f"""
site_url: {SITE_URL}
extra:
  github: {{repository: {REPOSITORY}, commit: {COMMIT}, notebooks: notebooks}}
  comments: {{repo: {REPOSITORY}, repo_id: R_1, category: Comments, category_id: C_2}}
"""
SECOND_POST = """\
---
date: 2026-01-03
authors: [ada]
tags: [lines, 50% & more]
description: It only mentions a line.
---

# No figure: 50% & more

Words. [The film](../../gallery/plot_film.md)

<!-- more -->

More words.
"""


def make_around_project(root: Path) -> Path:
    """Return `root`, filled with a project that names a repository and has comments and two posts."""
    project = make_project(root)
    write(project / "docs/blog/posts/second.md", SECOND_POST)
    write(
        project / "examples/README.md", "# Gallery\n\n[A line](plot_line.md), then [a film](plot_film.md).\n"
    )
    with (project / "mkdocs.yml").open("a", encoding="utf-8") as file:
        file.write(EXTRA)
    return project


def soup(project: Path, path: str) -> BeautifulSoup:
    """Return a page of a project's built site, parsed."""
    return BeautifulSoup((project / "site" / path).read_text(encoding="utf-8"), "html.parser")


def version() -> str:
    """Return the library's version."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
