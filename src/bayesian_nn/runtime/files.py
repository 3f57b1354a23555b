"""Files that are either written whole or not touched."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["replacing"]

# A full disk, a quota, a largest size of a file.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def replacing(path: str | os.PathLike) -> Iterator[Path]:
    """A temporary path beside `path` to write to, which takes its place if the block ends without an error.

    Makes missing folders. Raises OSError, with the path and the remedy, if its folder cannot be written, or
    has no room left.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    except OSError as error:
        remedy = f"choose another folder, or make {path.parent} one that you may write to"
        raise OSError(error.errno, f"cannot write {path} ({error.strerror}): {remedy}") from error
    os.close(handle)
    try:
        # mkstemp's file is private; a published one has the permissions that open() would have given it.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        yield Path(temporary)
        os.replace(temporary, path)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in NO_ROOM:
            remedy = "free some space there, or choose another folder"
            raise OSError(error.errno, f"cannot write {path} ({error.strerror}): {remedy}") from error
        raise
