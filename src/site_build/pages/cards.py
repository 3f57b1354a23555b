"""The picture by which a shared link is recognised: a page's title beside its first figure, 1200 by 630."""

import hashlib
import json
import re
from html import unescape
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from urllib.parse import urljoin

from site_build.files.fingerprint import lock_digest, own_modules
from site_build.files.json_files import replacing

WIDTH, HEIGHT, MARGIN = 1200, 630, 60
MOST_BYTES = 100_000
TALLEST = 1.1  # in widths
INK, BLUE, PAPER = "#14202b", "#00619a", "#ffffff"
FIGURE = re.compile(r'"site:(outputs/plot_\w+/[^"#]+(?<!-dark)\.png)')
HEADING = re.compile(r"<h1[^>]*>(.*?)(?:<a class=\"headerlink\".*?)?</h1>", re.DOTALL)


def card(page, config) -> dict:
    """Return the address and the text of a page's picture, which is written into the site; {} for a page
    without a figure."""
    shown = FIGURE.search(page.content or "")
    root = Path(config.config_file_path).parent
    if not shown or not (root / shown[1]).is_file():
        return {}
    title = _title(page)
    name = f"assets/cards/{page.url.strip('/').replace('/', '-') or 'home'}.png"
    picture = _cached(title, config.site_name, root / shown[1], root)
    target = Path(config.site_dir, name)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(picture)
    return {"url": urljoin(config.site_url, name), "alt": f"{title}, and the first figure of the page"}


def drawn(title: str, site_name: str, figure: Path) -> bytes:
    """Return a PNG file of at most 100 kB."""
    from PIL import Image, ImageDraw

    sheet = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    pen = ImageDraw.Draw(sheet)
    pen.rectangle((0, 0, 16, HEIGHT), fill=BLUE)
    half = WIDTH // 2 - MARGIN
    lines, font = _fitted(title, half - 20, HEIGHT - 3 * MARGIN, pen)
    pen.multiline_text((MARGIN, MARGIN), "\n".join(lines), INK, font, spacing=14)
    pen.text((MARGIN, HEIGHT - MARGIN), site_name, BLUE, _font("DejaVuSans.ttf", 28), anchor="ls")
    with Image.open(figure) as opened:
        picture = opened.convert("RGB")
    # Of a tall one the top: whole, it would be too small to see.
    picture = picture.crop((0, 0, picture.width, min(picture.height, round(TALLEST * picture.width))))
    scale = min((half + 20) / picture.width, (HEIGHT - 2 * MARGIN) / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    picture = picture.resize(size, Image.Resampling.LANCZOS)
    sheet.paste(picture, (WIDTH - MARGIN // 2 - size[0], (HEIGHT - size[1]) // 2))
    for n_colours in (256, 128, 64, 32, 16, 8, 4):
        file = BytesIO()
        sheet.quantize(n_colours, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
        if file.tell() <= MOST_BYTES:
            break
    return file.getvalue()


def _cached(title: str, site_name: str, figure: Path, root: Path) -> bytes:
    key = [
        *(title, site_name, hashlib.sha256(figure.read_bytes()).hexdigest()),
        *(own_modules("pages/cards.py"), lock_digest(root)),
    ]
    file = root / ".cache" / "cards" / f"{hashlib.sha256(json.dumps(key).encode()).hexdigest()}.png"
    if not file.exists():
        with replacing(file) as beside:
            beside.write_bytes(drawn(title, site_name, figure))
    return file.read_bytes()


def _title(page) -> str:
    heading = HEADING.search(page.content)
    return unescape(re.sub("<[^>]+>", "", heading[1])).strip() if heading else page.title


def _fitted(title: str, width: int, height: int, pen) -> tuple[list[str], object]:
    """Return the title's lines, and the largest font in which they fit."""
    for size in range(64, 28, -4):
        font, lines = _font("DejaVuSans-Bold.ttf", size), [""]
        for word in title.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and pen.textlength(longer, font) > width:
                lines.append(word)
            else:
                lines[-1] = longer
        widest = max(pen.textlength(line, font) for line in lines)
        if widest <= width and len(lines) * (size * 1.17 + 14) <= height:
            break
    return lines, font


def _font(name: str, size: int):
    from PIL import ImageFont

    # matplotlib brings its own; importing it takes a second, and asking where it lies takes none.
    folder = Path(find_spec("matplotlib").origin).parent / "mpl-data" / "fonts" / "ttf"
    return ImageFont.truetype(folder / name, size, layout_engine=ImageFont.Layout.BASIC)
