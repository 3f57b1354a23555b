"""Records and caches that are whole or absent, whenever the process that writes them ends."""

import json
import os
from pathlib import Path


def write_json(path: Path, content: dict) -> None:
    """Write a file beside `path`, then put it in its place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{os.getpid()}.part")
    beside.write_text(json.dumps(content, indent=1), encoding="utf-8")
    beside.replace(path)


def read_json(path: Path) -> dict | None:
    """Return the object in a file; None if there is no file, or something else in it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    return content if isinstance(content, dict) else None
