"""Results on disk: arrays and a header in one `.npz` file, in which any change is noticed."""

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bayesian_nn.runtime.files import replacing

__all__ = ["FORMAT", "VERSION", "Record", "read_record", "reading", "write_record"]

FORMAT = 3
VERSION = version("bayesian-nn")
# Of SHA-256 in hexadecimal, at the end of the file, where a zip archive has its comment.
DIGEST = 64


class Record(NamedTuple):
    """What a file holds. version: of the library that wrote it; kind: of which result; fields: plain values,
    by name; arrays: by name."""

    version: str
    kind: str
    fields: dict
    arrays: dict[str, np.ndarray]


def write_record(path, kind: str, fields: Mapping, arrays: Mapping[str, np.ndarray]) -> None:
    """Writes a record to one `.npz` file, whole or not at all: the same record, the same bytes. fields: what
    JSON can hold. Raises OSError, with the path and the remedy, if it cannot be written."""
    header = {"format": FORMAT, "version": VERSION, "kind": kind, "fields": dict(fields)}
    buffer = io.BytesIO()
    np.savez(buffer, header=np.array(json.dumps(header)), **arrays)
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = bytes(DIGEST)
    content = buffer.getbuffer()[:-DIGEST]
    with replacing(path) as temporary, temporary.open("wb") as file:
        file.write(content)
        file.write(_digest(content))


def read_record(path, kind: str | None = None) -> Record:
    """Returns the record in a file that `write_record` wrote, of the given kind, or of any. Raises
    ValueError, before anything in it is read, for any other file and for one in which a single bit is
    another; and for a record of another kind or of another version of the format."""
    path = Path(path)
    content = memoryview(path.read_bytes())
    if _digest(content[:-DIGEST]) != bytes(content[-DIGEST:]):
        raise ValueError(
            f"{path} is not a result that this version saved (format {FORMAT}), or it was damaged or edited: "
            "make it again, or read it with the version that wrote it."
        )
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        header = json.loads(str(file["header"]))
        arrays = {name: file[name] for name in file.files if name != "header"}
    written_by = header.get("version", "before 0.1.0")
    if header["format"] != FORMAT:
        raise ValueError(
            f"{path} was saved by version {written_by} in format {header['format']}, and this is version "
            f"{VERSION}, which reads format {FORMAT}: make it again with this version, or read it with the "
            "version that wrote it."
        )
    if kind not in (None, header["kind"]):
        raise ValueError(f"{path} holds a {header['kind']}, not a {kind}.")
    return Record(written_by, header["kind"], header["fields"], arrays)


@contextmanager
def reading(path, record: Record) -> Iterator[None]:
    """Raises ValueError, with the file's name and version, for what goes wrong in the block, which makes a
    result of a record: it may be of a version whose results have other parts, or edited."""
    try:
        yield
    except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
        other = "" if record.version == VERSION else f" of version {record.version}, and this is {VERSION}"
        raise ValueError(
            f"{path} holds a {record.kind}{other} that does not fit together ({error}): make it again, or "
            "read it with the version that wrote it."
        ) from error


def _digest(content) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
