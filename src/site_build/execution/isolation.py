"""What one example may do to another: nothing. Reads are noted, foreign writes refused, its state undone."""

import hashlib
import os
import random
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from site_build.files.fingerprint import files_below

# The library and the build code are in every fingerprint, and a page is no input.
NOT_READ = {("src",), ("site",), ("docs", "gallery")}
# Events by which Python reports that a file changes, and which of their arguments are its paths.
CHANGING = {
    "os.remove": (0,),
    "os.rename": (0, 1),
    "os.truncate": (0,),
    "os.link": (1,),
    "os.symlink": (1,),
    "shutil.rmtree": (0,),
}

_watch: "Watch | None" = None


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


class NotReadyError(BaseException):
    """An example opened an output of another one whose own run is still to come, or under way.

    No Exception, so that no example catches it.
    """


class ForeignOutputError(PermissionError):
    """An example wanted to change what another one has made."""


class Watch:
    """What one example does with the project's files.

    Python's own reads and writes are seen, those of native code are not. Opening an output of an example that
    `is_unfinished` raises NotReadyError; changing one of any other example raises ForeignOutputError.
    """

    def __init__(self, name: str, root: Path, is_unfinished: Callable[[str], bool] = lambda _name: False):
        self._name, self._root, self._is_unfinished = name, Path(os.path.realpath(root)), is_unfinished
        self._ignored = {*NOT_READ, ("outputs", name)}
        self._written: set[Path] = set()
        self.read: dict[str, str | None] = {}  # digests of files as the example found them
        self.refused: list[str] = []  # files of others that it wanted to change
        self.waits_for: str | None = None  # an example whose outputs it wanted too early

    def opened(self, file, flags: int) -> None:
        if isinstance(file, int):
            return
        path = Path(os.path.realpath(os.fsdecode(file)))
        if flags & (os.O_WRONLY | os.O_RDWR):
            self._written.add(path)
            self._refuse_foreign(path)
        elif path not in self._written and self._counts(path):
            self._wait_for_owner(path)
            # As it is now: an edit while the example runs makes the run stale.
            self.read.setdefault(path.relative_to(self._root).as_posix(), digest(path))

    def changed(self, file) -> None:
        if not isinstance(file, int):
            # Of its folder only: a link that is removed is not what it leads to.
            folder, name = os.path.split(os.path.abspath(os.fsdecode(file)))
            self._refuse_foreign(Path(os.path.realpath(folder), name))

    def _refuse_foreign(self, path: Path) -> None:
        if (owner := self._owner(path)) and owner != self._name:
            name = path.relative_to(self._root).as_posix()
            self.refused.append(name)
            raise ForeignOutputError(
                f"{self._name} may not change {name}: its outputs belong into outputs/{self._name}/"
            )

    def _wait_for_owner(self, path: Path) -> None:
        owner = self._owner(path)
        if owner and self._is_unfinished(owner):
            self.waits_for = owner
            raise NotReadyError(owner)

    def _owner(self, path: Path) -> str | None:
        outputs = self._root / "outputs"
        parts = path.relative_to(outputs).parts if path.is_relative_to(outputs) else ()
        return parts[0] if parts else None

    def _counts(self, path: Path) -> bool:
        if not path.is_relative_to(self._root):
            return False
        parts = path.relative_to(self._root).parts
        tools = any(part.startswith(".") or part in {"site-packages", "__pycache__"} for part in parts)
        return not tools and not any(parts[: len(folder)] == folder for folder in self._ignored)


@contextmanager
def watched(watch: Watch) -> Iterator[None]:
    """A context in which `watch` is told of every file that this process opens or changes."""
    global _watch
    _add_hook()
    _watch = watch
    try:
        yield
    finally:
        _watch = None


def forget_modules(root: Path) -> None:
    """Unload the modules of src/bayesian_nn and examples/: `mkdocs serve` lives through their edits."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None) or ""
        ours = name.split(".")[0] == "bayesian_nn" or Path(file).is_relative_to(root / "examples")
        if ours and name != "__main__":
            del sys.modules[name]
    # Shown once per process, a warning would let an example's second run pass: this forgets what was shown.
    with warnings.catch_warnings():
        pass


def outputs_written(root: Path) -> dict[Path, tuple[int, int]]:
    """Return when each file in outputs/ was last written, and its size."""
    found = {}
    for path in files_below(root / "outputs"):
        with suppress(FileNotFoundError):  # A running example may take its files away meanwhile.
            found[path] = (path.stat().st_mtime_ns, path.stat().st_size)
    return found


def changed(before: dict, after: dict) -> list[Path]:
    """Return the files that are new, gone or written anew."""
    return sorted(path for path in before.keys() | after.keys() if before.get(path) != after.get(path))


def digest(path: Path) -> str | None:
    """Return the SHA-256 of a file's content; None if there is no such file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def _add_hook() -> None:
    # Python never takes a hook away again.
    if not _hooked:
        _hooked.append(True)
        sys.addaudithook(_notice)


_hooked: list[bool] = []
_inside = threading.local()


def _notice(event: str, arguments: tuple) -> None:
    watch = _watch
    # To take a digest is to open the file, which comes here again.
    if watch is None or (event != "open" and event not in CHANGING) or getattr(_inside, "hook", False):
        return
    _inside.hook = True
    try:
        if event == "open":
            watch.opened(arguments[0], arguments[2] or 0)
        else:
            for place in CHANGING[event]:
                watch.changed(arguments[place])
    except ForeignOutputError:
        raise
    except (OSError, TypeError, ValueError):
        pass  # What cannot be read here, the example cannot read either.
    finally:
        _inside.hook = False
