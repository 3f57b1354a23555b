"""The folder of a report: written whole or not at all, and read again."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bayesian_nn.runtime.interrupts import interrupts_held_back

__all__ = ["FILES", "MADE_BY", "read_folder", "staged"]

MADE_BY = "bayesian-nn fit"
# What says that the folder is a report comes last.
FILES = ("result.npz", "predictions.csv", "fit.py", "report.html", "numbers.json")


@contextmanager
def staged(folder: Path) -> Iterator[Path]:
    """An empty folder beside `folder`, whose files take their place in it if the block ends without an error;
    an earlier report there is replaced. Raises ValueError, before the block, if the folder holds anything but
    a report, and OSError if it cannot be written."""
    _require_free(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    stage = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}-"))
    try:
        yield stage
        with interrupts_held_back():
            _move(stage, folder)
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def read_folder(folder: Path):
    """Returns the result in a report's folder, and its numbers. Raises ValueError for any other folder."""
    # Imported here, as whoever only looks at numbers needs no TensorFlow.
    from bayesian_nn.prediction.saved import load

    numbers = _numbers(folder)
    if numbers is None:
        raise ValueError(f"{folder} is no report: give the folder that `{MADE_BY}` wrote.")
    return load(folder / "result.npz"), numbers


def _require_free(folder):
    if folder.is_file():
        raise ValueError(f"{folder} is a file: give another folder with --report.")
    if folder.is_dir() and any(folder.iterdir()) and _numbers(folder) is None:
        raise ValueError(
            f"{folder} holds something else than a report of `{MADE_BY}`: give another folder with --report."
        )


def _move(stage, folder):
    if not folder.exists():
        # mkdtemp's folder is private.
        mask = os.umask(0)
        os.umask(mask)
        stage.chmod(0o777 & ~mask)
        stage.rename(folder)
        return
    for name in FILES:
        os.replace(stage / name, folder / name)


def _numbers(folder):
    try:
        numbers = json.loads((folder / "numbers.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError, json.JSONDecodeError):
        return None
    return numbers if isinstance(numbers, dict) and numbers.get("made_by") == MADE_BY else None
