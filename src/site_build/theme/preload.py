"""What the head of a page asks for at once: the font of its formulas, the modules of its elements."""

import re
from pathlib import Path

from site_build.theme.styles import NAME

LINK = re.compile(rf'<link rel="stylesheet" href="([^"]*){re.escape(NAME)}">')
FONT = '<link rel="preload" href="{root}assets/math.woff2" as="font" type="font/woff2" crossorigin>'
MODULE = '<link rel="modulepreload" href="{root}assets/{name}">'
ELEMENT = re.compile(r'"([a-z]+-[a-z-]+)": "([\w-]+\.js)"')
IMPORT = re.compile(r'^import [^;]*? from "\./([\w-]+\.js)";', re.MULTILINE | re.DOTALL)


def with_hints(html: str, assets: Path) -> str:
    """Return a page that asks, beside its style sheet, for what it will need: else it would move when the
    font comes, and wait for one module after the other."""
    wanted = [FONT] if "<math" in html else []
    wanted += [MODULE.replace("{name}", name) for name in _modules(html, assets)]
    return LINK.sub(
        lambda link: "".join([link[0], *(hint.replace("{root}", link[1]) for hint in wanted)]), html
    )


def _modules(html: str, assets: Path) -> list[str]:
    """Return the modules of a page's elements, and all that these import before they run."""
    elements = ELEMENT.findall((assets / "elements.js").read_text(encoding="utf-8"))
    found = [module for element, module in elements if f"<{element}" in html]
    for module in found:
        imported = IMPORT.findall((assets / module).read_text(encoding="utf-8"))
        found += [name for name in imported if name not in found]
    return found
