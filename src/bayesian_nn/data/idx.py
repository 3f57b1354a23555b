"""The file format of MNIST: big-endian sizes, then bytes, compressed by gzip."""

import gzip
import math
import os
import struct
import zlib

import numpy as np

__all__ = ["read_idx_images", "read_idx_labels"]

# Two zero bytes, the type (8: unsigned bytes), the number of axes (LeCun, Cortes and Burges 1998).
IMAGES, LABELS = 2051, 2049
KINDS = {IMAGES: "images", LABELS: "labels"}


def read_idx_images(path: str | os.PathLike) -> np.ndarray:
    """Returns the images in a gzip-compressed IDX file, uint8 `[n_images, height, width]`, read-only.

    Raises ValueError, naming the file, if it is truncated, damaged, or holds something else.
    """
    return _read(path, IMAGES)


def read_idx_labels(path: str | os.PathLike) -> np.ndarray:
    """Returns the labels in a gzip-compressed IDX file, uint8 `[n_images]`, read-only; raises as
    `read_idx_images` does."""
    return _read(path, LABELS)


def _read(path, magic):
    content = _decompressed(path)
    found = int.from_bytes(content[:4], "big")
    if len(content) >= 4 and found != magic:
        held = KINDS.get(found, "neither images nor labels")
        raise ValueError(
            f"{path} holds {held} (magic number {found}), where {KINDS[magic]} ({magic}) are expected."
        )
    n_axes = magic % 256
    n_header = 4 * (1 + n_axes)
    if len(content) < n_header:
        raise ValueError(f"{path} is truncated: it ends within its header. Fetch it again.")
    shape = struct.unpack_from(f">{n_axes}I", content, offset=4)
    n_bytes = len(content) - n_header
    if n_bytes != math.prod(shape):
        raise ValueError(
            f"{path} is {'truncated' if n_bytes < math.prod(shape) else 'too long'}: its header announces "
            f"{' x '.join(map(str, shape))} bytes, and {n_bytes:,} follow. Fetch it again."
        )
    return np.frombuffer(content, np.uint8, offset=n_header).reshape(shape)


def _decompressed(path):
    try:
        with gzip.open(path) as file:
            return file.read()
    except EOFError:
        raise ValueError(f"{path} is truncated: its compressed data breaks off. Fetch it again.") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path} is damaged, or no gzip file ({error}). Fetch it again.") from None
