"""A copy of STIX Two Math with just the characters of this site's formulas, served from the site itself."""

import hashlib
import re
import unicodedata
from html import unescape
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from site_build.files.fingerprint import own_modules
from site_build.files.json_files import replacing

MATH = re.compile(r"<math\b.*?</math>", re.DOTALL)
TAG = re.compile(r"<[^>]*>")

# optional: a font that comes after the formulas are drawn would move what stands below them. It is small and
# asked for first of all (preload.py), so a page is seldom without it, and the next one has it. Within the
# style sheet it would come no sooner: Chromium decodes a data address after the first layout.
CSS = """@font-face {
  font-family: "STIX Two Math";
  src: url("math.woff2") format("woff2");
  font-display: optional;
}
math { font-family: "STIX Two Math", math; font-size: 1.1em; }
.formula { overflow-x: auto; overflow-y: hidden; }
"""


def characters_in(html: str) -> set[str]:
    """Return the characters that the formulas in `html` are drawn with."""
    plain = {character for formula in MATH.findall(html) for character in unescape(TAG.sub("", formula))}
    return plain | {italic for character in plain if (italic := _italic(character))}


def write(characters: set[str], assets: Path, cache: Path) -> None:
    """Write math.woff2, its style sheet and its licence; the font is made once per set of characters."""
    text = "".join(sorted(characters))
    made_by = f"{version('ziamath')} {version('fonttools')} {own_modules('theme/mathfont.py')}"
    key = hashlib.sha256(f"{text} {made_by}".encode()).hexdigest()
    made = cache / f"{key}.woff2"
    if not made.exists():
        for old in cache.glob("*.woff2"):
            old.unlink()
        with replacing(made) as beside:
            _subset(text, beside)
    assets.mkdir(parents=True, exist_ok=True)
    (assets / "math.woff2").write_bytes(made.read_bytes())
    (assets / "math.css").write_text(CSS, encoding="utf-8")
    licence = Path(__file__).with_name("STIXTwoMath-OFL.txt")
    (assets / "math-font-licence.txt").write_bytes(licence.read_bytes())


def _italic(character: str) -> str | None:
    # Browsers draw a variable of one letter with the italic letter of Unicode's mathematical block.
    if character == "h":
        return "\N{PLANCK CONSTANT}"
    letter = re.sub(r"^(LATIN|GREEK) (LUNATE )?|LETTER ", "", unicodedata.name(character, ""))
    try:
        return unicodedata.lookup(f"MATHEMATICAL ITALIC {letter}")
    except KeyError:
        return None


def _subset(text: str, target: Path) -> None:
    from fontTools import subset

    # Reading the file of the font does not import ziamath.
    source = Path(find_spec("ziamath").submodule_search_locations[0]) / "fonts" / "STIXTwoMath-Regular.ttf"
    options = subset.Options()
    options.flavor = "woff2"
    # Without alternative letters and hints for coarse screens, which are two thirds of the bytes.
    options.layout_features = []
    options.hinting = False
    options.drop_tables += ["DSIG"]
    with subset.load_font(str(source), options) as font:
        subsetter = subset.Subsetter(options)
        subsetter.populate(text=text)
        subsetter.subset(font)
        # Without this, an index after a round letter hangs deeper than one after a straight letter.
        font["MATH"].table.MathConstants.SubscriptBaselineDropMin.Value = -250
        # The time of making would make two builds differ.
        font["head"].modified = font["head"].created
        font.recalcTimestamp = False
        subset.save_font(font, str(target), options)
