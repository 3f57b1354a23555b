"""Publishes what the examples left in outputs/, and checks every mention of it in raw HTML."""

import re
from pathlib import Path

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.utils import get_relative_url

from site_build.files.fingerprint import files_below
from site_build.pages import webp
from site_build.pages.gallery import examples_of

SITE_URL = re.compile(r'(?P<shown>\b(?:src|poster)=)?"site:(?P<path>[^"#]*)(?P<fragment>#[^"]*)?"')


def published(config) -> dict[str, Path]:
    """Return the files of outputs/<example>/ by their path on the site, for the examples that exist."""
    return {
        f"outputs/{example.name}/{path.relative_to(example.outputs).as_posix()}": path
        for example in examples_of(config)
        for path in files_below(example.outputs)
    }


def publish(files: Files, config) -> Files:
    """Return `files` with the examples' outputs among them: mkdocs checks links to them and copies them."""
    for uri, path in published(config).items():
        files.append(File.generated(config, uri, abs_src_path=str(path)))
    return files


def resolve(html: str, page_url: str, page_name: str, config) -> str:
    """Return a page's HTML with every "site:outputs/…" made relative to it, and figures lighter; raises
    without such a file."""
    if '"site:' not in html:
        return html
    known = published(config)

    def relative(match: re.Match) -> str:
        if match["path"] not in known:
            raise PluginError(f"{page_name} shows {match['path']}, which no example has made.")
        path = webp.lighter(match["path"], known[match["path"]], config) if match["shown"] else match["path"]
        return f'{match["shown"] or ""}"{get_relative_url(path, page_url)}{match["fragment"] or ""}"'

    return SITE_URL.sub(relative, html)
