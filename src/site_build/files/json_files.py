"""Records and caches that are whole or absent, whenever the process that writes them ends."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` to write to, which takes its place if the block ends without an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        yield beside
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def write_json(path: Path, content: dict) -> None:
    """Write a file whole."""
    with replacing(path) as beside:
        beside.write_text(json.dumps(content, indent=1), encoding="utf-8")


def read_json(path: Path) -> dict | None:
    """Return the object in a file; None if there is no file, or something else in it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return content if isinstance(content, dict) else None
