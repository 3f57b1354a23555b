"""What of mkdocs-material's pages and script is mended: landmarks, names, and what it loads too early."""

import re
from pathlib import Path

from mkdocs.exceptions import PluginError

# (Pattern, replacement, whether every page must have it.)
PAGE = [
    # The same on pages of every depth, so that one policy allows it.
    (
        r'__md_scope=new URL\("[^"]*",location\)',
        r'__md_scope=new URL("..",document.querySelector("link[rel=stylesheet]").href)',
        True,
    ),
    (r'(<div class="md-search" data-md-component="search" role="dialog")>', r'\1 aria-label="Search">', True),
    # It shows nothing that is not said otherwise.
    (r'(<div class="md-progress" data-md-component="progress") role="progressbar"', r"\1", True),
    # Lists within a navigation are no further ones.
    (r'<nav class="md-nav" aria-label="[^"]*">', '<nav class="md-nav" role="presentation">', False),
    (
        r'<nav class="(md-nav|md-tags|md-post__\w+(?: md-typeset)?)">',
        r'<nav class="\1" role="presentation">',
        False,
    ),
    (
        r'<nav class="md-nav md-nav--primary">',
        '<nav class="md-nav md-nav--primary" aria-label="About the post">',
        False,
    ),
    # The label of a part that has a page of its own is an icon: without a text it names nothing.
    (
        r'(<nav class="md-nav" data-md-level="[1-9]" aria-labelledby="[^"]*")'
        r"( [^>]*>\s*<label[^>]*>\s*<span[^>]*></span>\s*)([^<]*?)(\s*</label>)",
        r'\1 aria-label="\3"\2\3\4',
        False,
    ),
    # The corner of a table heads nothing.
    (r"<th></th>", "<td></td>", False),
]
SCRIPT = [
    # As from a disk: the index of the search, a third of a page's bytes, comes when a reader searches.
    (r'\(location\.protocol!=="file:"\)', "(!1)"),
    (r'"nav",\{class:"md-code__nav"\}', '"div",{class:"md-code__nav"}'),
    # It would no longer fit.
    (r"\n//# sourceMappingURL=\S+\s*$", "\n"),
]


def mended(html: str, name: str) -> str:
    """Return a page as the theme should have made it; raises PluginError where the theme has changed."""
    for pattern, replacement, is_everywhere in PAGE:
        html, count = re.subn(pattern, replacement, html)
        if is_everywhere and count != 1:
            raise _changed(name, pattern, count)
    return html


def mend_script(site: Path) -> None:
    """Mend the theme's script in the built site; raises PluginError where the theme has changed."""
    for file in site.glob("assets/javascripts/bundle.*.min.js"):
        script = file.read_text(encoding="utf-8")
        for pattern, replacement in SCRIPT:
            script, count = re.subn(pattern, replacement, script)
            if count != 1:
                raise _changed(file.name, pattern, count)
        file.write_text(script, encoding="utf-8")
        file.with_name(f"{file.name}.map").unlink(missing_ok=True)


def _changed(name: str, pattern: str, count: int) -> PluginError:
    return PluginError(
        f"{name} has {pattern} {count} times: mkdocs-material has changed, and theme_patches.py must follow."
    )
