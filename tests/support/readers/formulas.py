"""The font of the formulas, read back from the style sheet that holds it."""

import base64
import re
from pathlib import Path

FONT = re.compile(r'font-family: "STIX Two Math";\s*src: url\("data:font/woff2;base64,([^"]+)"\)')


def font_of_formulas(sheet: Path) -> bytes:
    """Return the file that a style sheet holds as a data address."""
    (font,) = FONT.findall(sheet.read_text(encoding="utf-8"))
    return base64.b64decode(font)
