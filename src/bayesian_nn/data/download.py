"""One known file from one address: resumed where it broke off, checked, and put in place whole."""

import hashlib
import os
import queue
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import NamedTuple
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import pooch

from bayesian_nn.runtime.progress import progress

__all__ = ["KnownFile", "download", "fault"]

# Without a network, what asks a few mirrors in turn should know after some seconds.
ANSWER_SECONDS = 4
# A transfer that stalls for longer counts as broken off.
STALL_SECONDS = 30
CHUNK_BYTES = 2**16


class KnownFile(NamedTuple):
    """What is known of a published file before it is there.

    folder: the data set's, below a folder of data; n_bytes: its size; sha256: its checksum, in hexadecimal;
    mirrors: addresses of the folders that it can be had from.
    """

    folder: str
    name: str
    n_bytes: int
    sha256: str
    mirrors: tuple[str, ...]


def fault(path: Path, known: KnownFile) -> str | None:
    """Returns what is wrong with a file, as "has 10 bytes, ..."; None if it is the published one."""
    with path.open("rb") as file:
        n_bytes = os.fstat(file.fileno()).st_size
        if n_bytes != known.n_bytes:
            return f"has {n_bytes:,} bytes, where the original of {known.folder} has {known.n_bytes:,}"
        if _sha256(file) != known.sha256:
            return f"is not the original of {known.folder}: its SHA-256 differs"
    return None


def download(url: str, known: KnownFile, folder: Path) -> Path:
    """Returns the path of the file in `folder`, fetched from `url`.

    It appears there whole and checked, or not at all; one that is there and differs is replaced. What came
    of a download that broke off stays beside it as `<name>.part`: the next one, from whichever address, asks
    only for the rest. Any number of processes may do this at once. A terminal shows progress. Raises OSError
    with the reason if there is no answer within ANSWER_SECONDS, or if what comes is not the file.
    """
    downloader = partial(_resume, known=known, part=folder / f"{known.name}.part")
    try:
        with _no_log():
            pooch.retrieve(
                url, f"sha256:{known.sha256}", fname=known.name, path=folder, downloader=downloader
            )
    except HTTPException as error:
        raise ConnectionError(f"the answer is not HTTP, or breaks off: {error!r}") from error
    return folder / known.name


def _resume(url, output_file, _pooch, *, known, part):
    # Two processes may write to one part: they write the same bytes to the same places. Each ends by reading
    # what it has open, which the other may have unlinked.
    with open(part, "r+b", opener=lambda path, flags: os.open(path, flags | os.O_CREAT, 0o666)) as kept:
        resumed = _append_rest(url, kept, known)
        if resumed and _sha256(kept) != known.sha256:
            # What an earlier download left was spoilt.
            kept.truncate(0)
            _append_rest(url, kept, known)
        right = _sha256(kept) == known.sha256
        if right:
            kept.seek(0)
            with open(output_file, "wb") as whole:
                shutil.copyfileobj(kept, whole)
            # Pooch's temporary file is private.
            os.chmod(output_file, os.fstat(kept.fileno()).st_mode)
    part.unlink(missing_ok=True)
    if not right:
        raise OSError(f"what it sends is not the original of {known.folder}: its SHA-256 differs")


def _append_rest(url, kept, known):
    """Writes what is missing; returns whether there was something before."""
    start = kept.seek(0, os.SEEK_END)
    if start == known.n_bytes:
        return True
    if start > known.n_bytes:
        kept.truncate(0)
        start = 0
    with _answer(url, start) as answer:
        begin = start if answer.status == 206 else 0
        if answer.length is not None and begin + answer.length != known.n_bytes:
            sent = begin + answer.length
            raise OSError(f"sends {sent:,} bytes, where the original has {known.n_bytes:,}")
        kept.seek(begin)
        with progress(total=known.n_bytes, initial=begin, desc=known.name, unit="B", unit_scale=True) as bar:
            # One byte too many is enough to see that it is another file.
            while chunk := answer.read(min(CHUNK_BYTES, known.n_bytes + 1 - kept.tell())):
                kept.write(chunk)
                bar.update(len(chunk))
    if kept.tell() < known.n_bytes:
        raise ConnectionError(f"broke off after {kept.tell():,} of {known.n_bytes:,} bytes")
    return begin > 0


def _answer(url, start):
    """Returns the server's answer to a request for all from byte `start` on."""
    # Compressed once more on its way, a part could not be told from the whole.
    headers = {"User-Agent": "bayesian-nn", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    answers = queue.SimpleQueue()

    def ask():
        try:
            answers.put(urlopen(Request(url, headers=headers), timeout=STALL_SECONDS))
        except (OSError, HTTPException) as error:
            answers.put(error)

    # A thread, as a socket's timeout holds for each address of a host anew, and for no look-up of its name.
    threading.Thread(target=ask, daemon=True).start()
    try:
        answer = answers.get(timeout=ANSWER_SECONDS)
    except queue.Empty:
        raise TimeoutError(f"no answer within {ANSWER_SECONDS} seconds") from None
    if isinstance(answer, HTTPError):
        answer.close()
    elif isinstance(answer, URLError):
        raise ConnectionError(str(answer.reason)) from answer
    if isinstance(answer, Exception):
        raise answer
    return answer


def _sha256(file):
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _no_log() -> Iterator[None]:
    """Pooch's notes kept off the output: the bar says the same on a terminal, and else nobody asked."""
    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel("WARNING")
    try:
        yield
    finally:
        logger.setLevel(level)
