"""The file of a page's player: a header and arrays by name, deflated."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping

import numpy as np

__all__ = ["DAMAGE", "changes_of", "pack_record", "unpack_record", "values_of"]

MAGIC = b"BNNP"
# What reading another file, or a damaged one, may raise.
DAMAGE = (ValueError, KeyError, TypeError, struct.error, zlib.error)


def changes_of(values: np.ndarray) -> np.ndarray:
    """Returns the bytes of values from 0 to 1 `[n_frames, ...]`, flat: of each place in turn the change from
    frame to frame, which is mostly none, around 256. A value is off by at most 1/510."""
    codes = np.rint(255 * np.clip(values, 0, 1)).astype(np.uint8)
    return np.diff(np.moveaxis(codes, 0, -1), axis=-1, prepend=np.uint8(0)).ravel()


def values_of(changes: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Returns the values of `changes_of`, of the shape `[n_frames, ...]`."""
    changes = changes.reshape(*shape[1:], shape[0])
    return np.moveaxis(np.cumsum(changes, axis=-1, dtype=np.uint8), -1, 0) / 255


def pack_record(header: Mapping, arrays: Mapping[str, np.ndarray]) -> bytes:
    """Returns the file's content, of a header that JSON can hold and flat arrays of float32 or uint8, those
    of float32 first."""
    listed = [[name, values.dtype.str, len(values)] for name, values in arrays.items()]
    content = json.dumps({**header, "arrays": listed}).encode()
    # Numbers of four bytes begin at a multiple of four.
    content += b" " * (-len(content) % 4)
    parts = [struct.pack("<I", len(content)), content, *(values.tobytes() for values in arrays.values())]
    return MAGIC + zlib.compress(b"".join(parts), 9)


def unpack_record(content: bytes, *, format: int | str) -> tuple[dict, dict[str, np.ndarray]]:
    """Returns the header and the arrays of a file's content. Raises one of DAMAGE if it has another format or
    is damaged."""
    if content[:4] != MAGIC:
        raise ValueError(f"it begins with {content[:4]!r}")
    content = zlib.decompress(content[4:])
    at = 4 + struct.unpack("<I", content[:4])[0]
    header = json.loads(content[4:at])
    if header["format"] != format:
        raise ValueError(f"its format is {header['format']}, not {format}")
    arrays = {}
    for name, kind, length in header.pop("arrays"):
        arrays[name] = np.frombuffer(content, np.dtype(kind), length, at)
        at += arrays[name].nbytes
    return header, arrays
