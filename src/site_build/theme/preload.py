"""What the head of a page asks for at once: the font of its formulas, the modules of its elements."""

import posixpath
import re
from pathlib import Path

from mkdocs.exceptions import PluginError

from site_build.theme.styles import NAME

LINK = re.compile(rf'<link rel="stylesheet" href="([^"]*){re.escape(NAME)}">')
FONT = '<link rel="preload" href="{root}assets/math.woff2" as="font" type="font/woff2" crossorigin>'
MODULE = '<link rel="modulepreload" href="{root}assets/{name}">'
LOADER = "page/load-elements.js"
ELEMENT = re.compile(r'"([a-z]+-[a-z-]+)": "([^"]+)"')
# Whatever a module asks for before it runs: import … from "…", export … from "…" and a bare import "…".
IMPORT = re.compile(r"""^(?:(?:import|export)\b[^;"'=]*?\bfrom\b|import)\s*["']([^"']*)["']""", re.MULTILINE)


def with_hints(html: str, assets: Path) -> str:
    """Return a page that asks, beside its style sheet, for what it will need: else it would move when the
    font comes, and wait for one module after the other.

    Raises PluginError where a module is missing that an element or another module needs.
    """
    wanted = [FONT] if "<math" in html else []
    wanted += [MODULE.replace("{name}", name) for name in _modules(html, assets)]
    return LINK.sub(
        lambda link: "".join([link[0], *(hint.replace("{root}", link[1]) for hint in wanted)]), html
    )


def _modules(html: str, assets: Path) -> list[str]:
    """Return the modules of a page's elements, and all that these import before they run."""
    elements = ELEMENT.findall((assets / LOADER).read_text(encoding="utf-8"))
    if not elements:
        raise PluginError(
            f'{LOADER} names no module of an element, as in "run-player": "player/run-player.js".'
        )
    found = []
    for element, module in elements:
        if not (assets / module).is_file():
            raise PluginError(f"{LOADER} names {module}, which is no file below {assets.name}/.")
        found += [module] if f"<{element}" in html else []
    for module in found:
        found += [name for name in imports_of(module, assets) if name not in found]
    return found


def imports_of(module: str, assets: Path) -> list[str]:
    """Return the modules that one imports, each by its path below `assets`; raises PluginError for an import
    that names no file there."""
    found = []
    for named in IMPORT.findall((assets / module).read_text(encoding="utf-8")):
        path = posixpath.normpath(posixpath.join(posixpath.dirname(module), named))
        if not named.startswith(("./", "../")) or path.startswith("../") or not (assets / path).is_file():
            raise PluginError(
                f"{module} imports {named!r}, which is no file below {assets.name}/: name a module by its "
                'path from the one that imports it, as in "../drawing/chart.js".'
            )
        found.append(path)
    return list(dict.fromkeys(found))
