"""What pages that tests make of their own share with the site's: its assets, and the theme's own styles."""

import shutil
from pathlib import Path

import material
from readers.node import ASSETS

STYLES = Path(material.__file__).parent / "templates" / "assets" / "stylesheets"


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
