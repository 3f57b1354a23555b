"""What an example leaves for the pages: its folder, and the numbers that they quote."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path

from bayesian_nn.runtime.files import replacing

__all__ = ["output_folder", "write_numbers"]


def output_folder(example: str) -> Path:
    """Returns `outputs/<example>`, made if need be: beside `examples/`, whether the script was started there
    or in the folder above, as the gallery and a reader do."""
    here = Path.cwd()
    root = here.parent if here.name == "examples" else here
    folder = root / "outputs" / example
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remedy = f"start the script in a folder that you may write to, not in {here}"
        raise OSError(error.errno, f"cannot make {folder} ({error.strerror}): {remedy}") from error
    return folder


def write_numbers(numbers: Mapping, path: str | os.PathLike) -> None:
    """Writes what a page may quote to a JSON file: numbers, texts and arrays by name, and lists of such
    mappings, the rows of a table. Raises ValueError for a number that is not finite."""
    plain = {name: _plain(name, value) for name, value in numbers.items()}
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(plain, indent=2) + "\n", encoding="utf-8")


def _plain(name, value):
    if isinstance(value, list):
        rows = enumerate(value)
        return [{key: _plain(f"{name}[{row}].{key}", each[key]) for key in each} for row, each in rows]
    if getattr(value, "ndim", 0):
        return [_plain(f"{name}[{index}]", each) for index, each in enumerate(value)]
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{name} is {value}: a page cannot quote it; has the fit diverged?")
    return value
