"""MNIST, Fashion-MNIST as something else, and small digits that need neither files nor a network."""

import os
from typing import NamedTuple

import numpy as np

from bayesian_nn.data.download import KnownFile
from bayesian_nn.data.idx import read_idx_images, read_idx_labels
from bayesian_nn.data.images import LabelledImages
from bayesian_nn.data.mirrors import DataUnavailableError, find_file
from bayesian_nn.runtime.checks import shown

__all__ = ["DataUnavailableError", "load_digits", "load_fashion_mnist", "load_mnist"]


class _Published(NamedTuple):
    """A data set's name, its classes, and of each part the files (images, labels)."""

    name: str
    class_names: tuple[str, ...]
    parts: dict[str, tuple[KnownFile, KnownFile]]


def load_mnist(part: str = "train", folder: str | os.PathLike | None = None) -> LabelledImages:
    """Returns the handwritten digits of MNIST, 28x28: 60,000 images of the `part` "train" or 10,000 of "test"
    (LeCun, Cortes and Burges 1998; CC BY-SA 3.0).

    They are read from the original files, `train-images-idx3-ubyte.gz` and so on, in `folder` or in the
    folder that the environment variable BAYESIAN_NN_DATA names, there or in `mnist/` below; else from the
    cache (BAYESIAN_NN_CACHE names another); else they are downloaded, 12 MB in all, and cached. A file that
    is truncated or altered is refused with a warning that names it, and the next place is asked.

    Raises DataUnavailableError if nothing gives the files, or if a `folder` that was passed does not have
    them; ValueError for another part.
    """
    return _load(MNIST, part, folder)


def load_fashion_mnist(part: str = "test", folder: str | os.PathLike | None = None) -> LabelledImages:
    """Returns the 10,000 test images of Fashion-MNIST, clothes and shoes of 28x28 pixels: something else than
    digits for a network that knows only these (Xiao, Rasul and Vollgraf 2017, arXiv:1708.07747; MIT licence).

    Files, cache and errors as in `load_mnist`; the subfolder is `fashion-mnist/`, the download 4 MB. There is
    no other `part` than "test".
    """
    return _load(FASHION_MNIST, part, folder)


def load_digits() -> LabelledImages:
    """Returns the 1,797 handwritten digits, 8x8, that scikit-learn brings along, so that they are there
    without a network (test part of Alpaydin and Kaynak's Optical Recognition of Handwritten Digits, UCI)."""
    # Imported here, as it takes a second, and most runs do without.
    from sklearn.datasets import load_digits as load_bunch

    digits = load_bunch()
    return LabelledImages(digits.images / 16, digits.target, class_names=DIGITS, name="8x8 digits")


def _load(published, part, folder):
    if part not in tuple(published.parts):
        choices = " or ".join(repr(each) for each in published.parts)
        raise ValueError(f"part of {published.name} must be {choices}; got {shown(part)}.")
    images, labels = published.parts[part]
    return LabelledImages(
        # A Python 255 would make the quotient float64.
        read_idx_images(find_file(images, folder)) / np.float32(255),
        read_idx_labels(find_file(labels, folder)),
        class_names=published.class_names,
        name=published.name,
    )


DIGITS = tuple("0123456789")
_MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "https://storage.googleapis.com/cvdf-datasets/mnist",
    "http://yann.lecun.com/exdb/mnist",
)
_FASHION_MNIST_MIRRORS = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
)


def _mnist_file(name, n_bytes, sha256):
    return KnownFile("mnist", name, n_bytes, sha256, _MNIST_MIRRORS)


def _fashion_mnist_file(name, n_bytes, sha256):
    return KnownFile("fashion-mnist", name, n_bytes, sha256, _FASHION_MNIST_MIRRORS)


MNIST = _Published(
    name="MNIST",
    class_names=DIGITS,
    parts={
        "train": (
            _mnist_file(
                "train-images-idx3-ubyte.gz",
                9_912_422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            ),
            _mnist_file(
                "train-labels-idx1-ubyte.gz",
                28_881,
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            ),
        ),
        "test": (
            _mnist_file(
                "t10k-images-idx3-ubyte.gz",
                1_648_877,
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            ),
            _mnist_file(
                "t10k-labels-idx1-ubyte.gz",
                4_542,
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
        ),
    },
)
FASHION_MNIST = _Published(
    name="Fashion-MNIST",
    class_names=(
        "T-shirt/top",
        "trouser",
        "pullover",
        "dress",
        "coat",
        "sandal",
        "shirt",
        "sneaker",
        "bag",
        "ankle boot",
    ),
    parts={
        "test": (
            _fashion_mnist_file(
                "t10k-images-idx3-ubyte.gz",
                4_422_102,
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            ),
            _fashion_mnist_file(
                "t10k-labels-idx1-ubyte.gz",
                5_148,
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            ),
        ),
    },
)
