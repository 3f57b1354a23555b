"""Long computations done once: their arrays are kept on disk, under all that they depend on."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from bayesian_nn.runtime.checks import shown
from bayesian_nn.runtime.computation_key import PACKAGE, computation_key, is_edited, plain
from bayesian_nn.runtime.files import replacing

try:
    import fcntl
except ImportError:  # On Windows two processes that want the same arrays at once both compute them.
    fcntl = None

__all__ = ["cached_arrays", "remove_unused"]

Arrays = dict[str, np.ndarray]

# Entries that nothing has asked for in so long are deleted.
DAYS_UNUSED = 30
ENTRY = re.compile(r"[\w-]+-[0-9a-f]{32}\.npz")


def cached_arrays(
    name: str,
    compute: Callable[[], Arrays],
    *,
    depends_on: Sequence,
    modules: Sequence[str],
    folder: str | os.PathLike | None = None,
) -> Arrays:
    """Returns the arrays of `compute()`, from disk if they have been computed before, bit for bit the same.

    They are found again only if all of this is the same:

    - `name`, and the code of the function `compute`;
    - `depends_on`, which must hold every value that `compute` uses: numbers, texts, arrays, functions,
      dataclasses such as a model or a dataset, and tuples, lists and dicts of them;
    - the source of the library's `modules`, which must be those whose functions `compute` calls, as ["mcmc"],
      and of all that they import from the library;
    - the versions of NumPy, TensorFlow, TensorFlow Probability and Python; the machine.

    Arrays lie in `folder`; without one, in .cache/reference of the checkout that the library was imported
    from, or nowhere if it was installed. Nothing is kept if a module was edited after its import. A file that
    is damaged is computed anew. Of two processes that want the same arrays at once, one computes them and the
    other waits. `compute` should print nothing, as it is not always called.

    Raises TypeError for a value that cannot be told apart, or if `compute` gives no arrays by name.
    """
    folder = _default_folder() if folder is None else Path(folder)
    key = computation_key(name, compute, depends_on, modules)
    if folder is None or is_edited(modules):
        return _checked(name, compute())
    path = folder / f"{name}-{key[:32]}.npz"
    if (found := _read(path, key)) is not None:
        return found
    with _alone(path.with_suffix(".lock")):
        # Another process may have computed them while this one waited.
        if (found := _read(path, key)) is not None:
            return found
        arrays = _checked(name, compute())
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, digest=_digest_of(arrays, key), names=list(arrays), **_numbered(arrays))
        remove_unused(folder, days=DAYS_UNUSED)
    # As they come from disk, so that nobody can tell the first time from the next.
    return _read(path, key) or arrays


def remove_unused(folder: str | os.PathLike, *, days: float) -> list[Path]:
    """Returns the files of cached arrays in `folder` that nothing has used for `days`, now deleted."""
    limit = time.time() - days * 86400
    # Nobody else's files, should the folder hold any.
    entries = [path for path in sorted(Path(folder).glob("*.npz")) if ENTRY.fullmatch(path.name)]
    unused = [path for path in entries if path.stat().st_mtime < limit]
    for path in unused:
        path.unlink(missing_ok=True)
        path.with_suffix(".lock").unlink(missing_ok=True)
    return unused


def _default_folder() -> Path | None:
    root = PACKAGE.parents[1]
    in_checkout = PACKAGE.parent.name == "src" and (root / "pyproject.toml").is_file()
    return root / ".cache" / "reference" if in_checkout else None


def _checked(name: str, arrays) -> Arrays:
    if not isinstance(arrays, dict) or not all(isinstance(key, str) for key in arrays):
        raise TypeError(f"compute of {name} must return a dict of arrays by name; got {shown(arrays)}.")
    arrays = {key: np.asarray(array) for key, array in arrays.items()}
    for key, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"compute of {name} returns {key!r}, which is no array of numbers or texts.")
    return arrays


def _numbered(arrays: Arrays) -> Arrays:
    # By its own name an array might be called as one of savez's arguments.
    return {f"array{number}": array for number, array in enumerate(arrays.values())}


def _digest_of(arrays: Arrays, key: str) -> str:
    return hashlib.sha256(json.dumps([key, plain(arrays), list(arrays)]).encode()).hexdigest()


def _read(path: Path, key: str) -> Arrays | None:
    """Returns the arrays in a file; None unless they are whole, unaltered and those of this key."""
    try:
        # By itself np.load leaves a file open that it cannot read.
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            arrays = {str(name): file[f"array{number}"] for number, name in enumerate(file["names"])}
            if str(file["digest"]) != _digest_of(arrays, key):
                return None
        os.utime(path)  # For remove_unused.
    except (OSError, ValueError, EOFError, KeyError, TypeError, AttributeError, zipfile.BadZipFile):
        return None
    return arrays


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """A context that one process at a time is in; the system ends it with the process."""
    if fcntl is None:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
