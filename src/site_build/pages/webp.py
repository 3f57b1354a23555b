"""Figures as pages show them: WebP of a third of the size, in which no reader can see a difference."""

import hashlib
from io import BytesIO
from pathlib import Path

from site_build.files.fingerprint import lock_digest, own_modules
from site_build.files.json_files import replacing

# Levels of 255, for colours that fewer than one pixel in RARE has: those of the edges of letters and lines.
COARSENESS = 8
RARE = 1000
WORTH_IT = 4096  # Bytes.


def lighter(path: str, png: Path, config) -> str:
    """Return the path on the site of what a page shows for a file, and write it there: a lighter picture of a
    PNG file, and anything else itself."""
    if not path.endswith(".png") or png.stat().st_size < WORTH_IT:
        return path
    root = Path(config.config_file_path).parent
    content = png.read_bytes()
    key = "".join([hashlib.sha256(content).hexdigest(), own_modules("pages/webp.py"), lock_digest(root)])
    made = root / ".cache" / "pictures" / f"{hashlib.sha256(key.encode()).hexdigest()}.webp"
    if not made.exists():
        with replacing(made) as beside:
            beside.write_bytes(as_webp(png))
    if made.stat().st_size >= len(content):
        return path
    path = path.removesuffix(".png") + ".webp"
    target = Path(config.site_dir, path)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(made.read_bytes())
    return path


def as_webp(png: Path) -> bytes:
    """Return the content of a WebP file: lossless, but for the last bits of colours that are rare."""
    import numpy as np
    from PIL import Image

    with Image.open(png) as opened:
        pixels = np.asarray(opened.convert("RGBA"))
    packed = pixels.view(np.uint32)[..., 0]
    colours, which, counts = np.unique(packed, return_inverse=True, return_counts=True)
    levels = colours.view(np.uint8).reshape(-1, 4)
    half = COARSENESS // 2
    coarse = np.minimum((levels.astype(int) + half) // COARSENESS * COARSENESS, 255).astype(np.uint8)
    # What is opaque stays so, and paper keeps the page's own colour.
    coarse[:, 3] = levels[:, 3]
    coarse = np.where((counts * RARE < packed.size)[:, None], coarse, levels)
    file = BytesIO()
    Image.fromarray(coarse[which.reshape(packed.shape)]).save(file, "WEBP", lossless=True, method=4)
    return file.getvalue()
