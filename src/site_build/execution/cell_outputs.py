"""The record of which cell of a script wrote which file, and with which versions: provenance.json."""

import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from site_build.files.fingerprint import files_below
from site_build.files.json_files import write_json

FILE = "provenance.json"
# By the names that readers know.
PACKAGES = {
    "bayesian-nn": "bayesian-nn",
    "TensorFlow": "tensorflow",
    "TensorFlow Probability": "tensorflow-probability",
    "NumPy": "numpy",
}


class Cells:
    """Which cell wrote each file of a folder last: the line of the script at which that cell begins."""

    def __init__(self):
        self._written: dict[Path, tuple[int, int]] = {}  # when, and how long
        self.lines: dict[str, int] = {}

    def is_new(self, path: Path) -> bool:
        """Return whether a file exists that was not there, or not the same, when the last cell had ended."""
        return path.exists() and _written(path) != self._written.get(path)

    def end(self, folder: Path, line: int) -> None:
        """Note what the cell that begins at `line` has written into a folder, now that it has ended."""
        for path in filter(self.is_new, files_below(folder)):
            self.lines[path.relative_to(folder).as_posix()] = line
        self._written = {path: _written(path) for path in files_below(folder)}


def write(folder: Path, cells: Cells) -> None:
    """Write what there is to know of the files in an example's folder, if it has left any."""
    if cells.lines:
        write_json(folder / FILE, {"lines": dict(sorted(cells.lines.items())), "versions": versions()})


def versions() -> dict[str, str]:
    """Return the versions of Python and of what the examples build upon, here and now."""
    # Always the same packages: which of them a process has loaded depends on what it ran before.
    found = {}
    for name, package in PACKAGES.items():
        try:
            found[name] = version(package)
        except PackageNotFoundError:
            continue
    return {**found, "Python": platform.python_version()}


def _written(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_mtime_ns, status.st_size
