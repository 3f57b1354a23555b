"""IDX files: what is in them comes back, and what is wrong with them is said."""

import gzip
import struct

import numpy as np
import pytest

from bayesian_nn.data.idx import read_idx_images, read_idx_labels

PIXELS = np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4)
IMAGES = struct.pack(">4i", 2051, 2, 3, 4) + PIXELS.tobytes()
LABELS = struct.pack(">2i", 2049, 3) + bytes([7, 0, 9])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "some-idx3-ubyte.gz"


def test_images_and_labels_come_back(path):
    path.write_bytes(gzip.compress(IMAGES))
    np.testing.assert_array_equal(read_idx_images(path), PIXELS)
    path.write_bytes(gzip.compress(LABELS))
    labels = read_idx_labels(path)
    np.testing.assert_array_equal(labels, [7, 0, 9])
    assert labels.dtype == np.uint8


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(LABELS), r"holds labels \(magic number 2049\), where images \(2051\) are expected"),
        (
            gzip.compress(b"\x00\x00\x0d\x03" + IMAGES[4:]),
            r"holds neither images nor labels \(magic number 3331\)",
        ),
        (gzip.compress(IMAGES[:-5]), "is truncated: its header announces 2 x 3 x 4 bytes, and 19 follow"),
        (gzip.compress(IMAGES + b"x"), "is too long: its header announces 2 x 3 x 4 bytes, and 25 follow"),
        (gzip.compress(IMAGES[:9]), "is truncated: it ends within its header"),
        (gzip.compress(b""), "is truncated: it ends within its header"),
        (gzip.compress(IMAGES)[:-10], "is truncated: its compressed data breaks off"),
        (gzip.compress(IMAGES)[:-8] + bytes(8), "is damaged, or no gzip file"),
        (IMAGES, "is damaged, or no gzip file"),
    ],
    ids=["labels", "floats", "short", "long", "header", "empty", "cut", "checksum", "plain"],
)
def test_a_file_that_is_damaged_or_another_is_named(path, content, message):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"some-idx3-ubyte.gz {message}"):
        read_idx_images(path)
