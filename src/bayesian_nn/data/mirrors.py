"""Where a published data file comes from: one's own folder, else a cache, else its mirrors."""

import os
import warnings
from contextlib import suppress
from pathlib import Path

import pooch

from bayesian_nn.data.download import KnownFile, download, fault

__all__ = ["DataUnavailableError", "find_file"]

FOLDER_VARIABLE = "BAYESIAN_NN_DATA"
CACHE_VARIABLE = "BAYESIAN_NN_CACHE"


class DataUnavailableError(OSError):
    """Raised when neither folders nor mirrors give a data file; says what was tried, and the remedies."""


def find_file(known: KnownFile, folder: str | os.PathLike | None = None) -> Path:
    """Returns the path of a published file, its checksum verified.

    It is looked for in one's own `folder`, by default the one that the environment variable BAYESIAN_NN_DATA
    names: below the data set's name there, or directly in it. Then in the cache (BAYESIAN_NN_CACHE, or the
    user's folder for caches), and last it is fetched into that from the mirrors. A file that is not the
    original, byte for byte, is refused with a warning that names it, and the next place is asked: one's own
    is left as it is, one in the cache is replaced.

    Raises DataUnavailableError if nothing gives the file, or if a `folder` that was passed does not have it.
    """
    tried = []
    cache = Path(os.environ.get(CACHE_VARIABLE) or pooch.os_cache("bayesian-nn")).expanduser() / known.folder
    path = _own(known, folder, tried) or _original([cache / known.name], known, tried)
    for line in tried:
        # At the line that called a loader of a data set.
        warnings.warn(f"{line}; the next place is asked for the file.", stacklevel=4)
    return path or _fetched(known, cache, tried)


def _own(known, folder, tried):
    own = folder if folder is not None else os.environ.get(FOLDER_VARIABLE)
    if not own:
        return None
    own = Path(own).expanduser()
    candidates = [own / known.folder / known.name, own / known.name]
    if not any(path.is_file() for path in candidates):
        missing = f"{own} has neither {known.folder}/{known.name} nor {known.name}"
        if folder is not None:
            raise DataUnavailableError(
                f"{missing}. Put the original file there, or leave `folder` out to have it downloaded."
            )
        tried.append(f"{missing}, though {FOLDER_VARIABLE} names this folder")
    return _original(candidates, known, tried)


def _original(candidates, known, tried):
    """Returns the first path that is the published file, None if there is none."""
    for path in candidates:
        if path.is_file():
            reason = fault(path, known)
            if not reason:
                return path
            tried.append(f"{path} is refused: it {reason}")
    return None


def _fetched(known, cache, tried):
    with suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True)
    if not (cache.is_dir() and os.access(cache, os.W_OK)):
        tried.append(f"{cache} cannot be written to: name another cache in {CACHE_VARIABLE}")
        raise _unavailable(known, tried)
    for mirror in known.mirrors:
        url = f"{mirror}/{known.name}"
        try:
            return download(url, known, cache)
        except OSError as error:
            tried.append(f"{url}: {error}")
    raise _unavailable(known, tried)


def _unavailable(known, tried):
    lines = "\n".join(f"  {line}" for line in tried)
    return DataUnavailableError(
        f"{known.folder}/{known.name} is nowhere to be had. Tried:\n{lines}\nConnect to a network, or name a "
        f"folder that has the original files in the environment variable {FOLDER_VARIABLE}."
    )
