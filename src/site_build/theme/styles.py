"""One style sheet made of the theme's and the site's own: a page waits for one file, and not for eight."""

import re
from pathlib import Path

from mkdocs.exceptions import PluginError

NAME = "assets/site.css"
LINK = re.compile(r'\s*<link rel="stylesheet" href="(?P<root>[^"]*?)(?P<path>assets/[^"]+\.css)">')
SOURCE_MAP = re.compile(r"/\*# sourceMappingURL.*?\*/\s*$")
RELATIVE = re.compile(r"""url\((?!["']?(?:data:|#))""")


def linked_once(html: str, parts: list[str]) -> str:
    """Return a page that asks for the one style sheet; `parts`, empty for the first page, gets what that is
    made of. Raises PluginError for a page with other styles than the first."""
    found = list(LINK.finditer(html))
    paths = [match["path"] for match in found]
    parts += [] if parts else paths
    if paths != parts:
        raise PluginError(f"a page has the styles {paths}, others have {parts}: one file serves all pages.")
    once = f'\n    <link rel="stylesheet" href="{found[0]["root"]}{NAME}">'
    return html[: found[0].start()] + once + LINK.sub("", html[found[0].end() :])


def write(parts: list[str], site: Path) -> None:
    """Write the one style sheet in place of its parts."""
    texts = []
    for part in parts:
        file = site / part
        text = SOURCE_MAP.sub("", file.read_text(encoding="utf-8")).strip()
        if file.parent != (site / NAME).parent and RELATIVE.search(text):
            raise PluginError(f"{part} names a file relative to its own folder, which is not {NAME}'s.")
        texts.append(text)
        file.unlink()
        file.with_name(f"{file.name}.map").unlink(missing_ok=True)
    (site / NAME).write_text("\n".join(texts) + "\n", encoding="utf-8")
