"""What pages that tests make of their own share with the site's: its assets, and the theme's own styles."""

import shutil
from pathlib import Path

import material
from readers.node import ASSETS

STYLES = Path(material.__file__).parent / "templates" / "assets" / "stylesheets"
FAR = '<div style="height: 5000px"></div>'
STILL = (
    '<img alt="A still." width="640" height="480" '
    'src="data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw==">'
)
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>A page</title><link rel="icon" href="data:,">
{{styles}}
<body data-md-color-scheme="{{scheme}}" data-md-color-primary="custom" data-md-color-accent="custom">
<div class="md-container"><main class="md-content"><article class="md-content__inner md-typeset">
<h1 id="top">A page</h1>
{content}
</article></main></div>
<script type="module" src="{module}"></script>
"""


def page_of(content: str, module: str) -> str:
    """Return a page to format with `styles`, `scheme` and what `content` names; it loads one module."""
    return PAGE.format(content=content.strip(), module=module)


def dress(folder: Path, *own: str) -> str:
    """Copy the site's assets and the theme's styles into `folder`; return links to these and to `own`."""
    shutil.copytree(ASSETS, folder, dirs_exist_ok=True)
    themes = []
    for name in ("main", "palette"):
        style = next(STYLES.glob(f"{name}.*.min.css"))
        text = style.read_text(encoding="utf-8").partition("/*# sourceMappingURL")[0]
        (folder / f"{name}.css").write_text(text, encoding="utf-8")
        themes.append(f"{name}.css")
    return "".join(f'<link rel="stylesheet" href="{style}">' for style in (*themes, *own))
