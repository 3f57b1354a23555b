"""What one example may do to another: nothing. Its reads and writes are watched, its state is undone."""

import hashlib
import os
import random
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from site_build.fingerprint import files_below

# The library and the build code are in every fingerprint, and a page is no input.
NOT_READ = {("src",), ("site",), ("docs", "gallery")}

_watch: "_Watch | None" = None


@contextmanager
def restored_state() -> Iterator[None]:
    """A context that leaves warnings' filters, the environment, the path and random numbers as they were."""
    import numpy as np

    environment, path = dict(os.environ), list(sys.path)
    numbers, arrays = random.getstate(), np.random.get_state()  # noqa: NPY002 (of whoever uses it)
    try:
        with warnings.catch_warnings():
            yield
    finally:
        os.environ.clear()
        os.environ.update(environment)
        sys.path[:] = path
        random.setstate(numbers)
        np.random.set_state(arrays)  # noqa: NPY002


@contextmanager
def recorded_reads(name: str, root: Path) -> Iterator[dict[str, str | None]]:
    """A context that yields the digests of the project's files which the example `name` opens, by name."""
    global _watch
    _add_hook()
    _watch = watch = _Watch(name, root)
    try:
        yield watch.read
    finally:
        _watch = None


def foreign_outputs(name: str, root: Path) -> dict[Path, tuple[int, int]]:
    """Return when each file in outputs/, but outside outputs/<name>/, was last written, and its size."""
    outputs = root / "outputs"
    return {
        path: (path.stat().st_mtime_ns, path.stat().st_size)
        for path in files_below(outputs)
        if path.relative_to(outputs).parts[0] != name
    }


def changed(before: dict, after: dict) -> list[Path]:
    """Return the files that are new, gone or written anew."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


class _Watch:
    def __init__(self, name: str, root: Path):
        self._root, self._ignored = Path(os.path.realpath(root)), {*NOT_READ, ("outputs", name)}
        self.read: dict[str, str | None] = {}
        self._written: set[Path] = set()

    def notice(self, opened, flags: int) -> None:
        if isinstance(opened, int):
            return
        path = Path(os.path.realpath(os.fsdecode(opened)))
        if flags & (os.O_WRONLY | os.O_RDWR):
            self._written.add(path)
        elif path not in self._written and self._counts(path):
            # As it is now: an edit while the example runs makes the run stale.
            self.read.setdefault(path.relative_to(self._root).as_posix(), digest(path))

    def _counts(self, path: Path) -> bool:
        if not path.is_relative_to(self._root):
            return False
        parts = path.relative_to(self._root).parts
        tools = any(part.startswith(".") or part in {"site-packages", "__pycache__"} for part in parts)
        return not tools and not any(parts[: len(folder)] == folder for folder in self._ignored)


def digest(path: Path) -> str | None:
    """Return the SHA-256 of a file's content; None if there is no such file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _add_hook() -> None:
    # Python never takes a hook away again.
    if not _hooked:
        _hooked.append(True)
        sys.addaudithook(_notice)


_hooked: list[bool] = []


def _notice(event: str, arguments: tuple) -> None:
    global _watch
    if event != "open" or _watch is None:
        return
    # To take the digest is to open the file, which comes here again.
    watch, _watch = _watch, None
    try:
        watch.notice(arguments[0], arguments[2] or 0)
    except (OSError, TypeError, ValueError):
        pass  # What cannot be read here, the example cannot read either.
    finally:
        _watch = watch
