"""A classifier's training, as a few images see it, in one compact file that a page's player shows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bayesian_nn.browser.packed_record import DAMAGE, changes_of, pack_record, unpack_record, values_of
from bayesian_nn.predictions.classes import check_probabilities
from bayesian_nn.runtime.checks import finite_numbers, shown, whole_number
from bayesian_nn.runtime.files import replacing

__all__ = ["ClassRecord", "read_class_record", "write_class_record"]

FORMAT = "classes 1"


@dataclass(frozen=True, eq=False)
class ClassRecord:
    """What a file of `write_class_record` holds, as the page shows it.

    steps, epochs, errors: of each frame `[n_frames]`; images: `[n_images, height, width]`; labels: the true
    classes `[n_images]`; probabilities: `[n_frames, n_draws, n_images, n_classes]`; of: the images on which
    `errors` were counted.
    """

    steps: np.ndarray
    epochs: np.ndarray
    errors: np.ndarray
    images: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    probabilities: np.ndarray
    of: str


def write_class_record(
    path: str | os.PathLike,
    *,
    steps,
    epochs,
    images,
    labels,
    class_names: Sequence[str],
    probabilities,
    errors,
    of: str = "test",
) -> None:
    """Writes the record to one file, arguments as the fields of `ClassRecord`. Same arguments, same bytes.

    A probability is off by at most 1/510, and so is a pixel, from 0 to 1; sentences of the page may link to
    each of `steps`, which are whole and increase. Raises ValueError for what does not fit together.
    """
    arrays = {"steps": steps, "epochs": epochs, "errors": errors, "images": images}
    arrays = {name: finite_numbers(name, values) for name, values in arrays.items()}
    probabilities = finite_numbers("probabilities", probabilities)
    labels = [whole_number("labels", label, at_least=0) for label in labels]
    _check(**arrays, labels=labels, class_names=class_names, probabilities=probabilities)

    header = {
        "format": FORMAT,
        "n_draws": probabilities.shape[1],
        "image_shape": arrays["images"].shape[1:],
        "labels": labels,
        "class_names": [str(name) for name in class_names],
        "of": of,
    }
    floats = {name: arrays[name].astype("<f4") for name in ("steps", "epochs", "errors")}
    pixels = np.rint(255 * arrays["images"]).astype(np.uint8).ravel()
    codes = {"pixels": pixels, "codes": changes_of(probabilities)}
    with replacing(path) as temporary:
        temporary.write_bytes(pack_record(header, floats | codes))


def read_class_record(path: str | os.PathLike) -> ClassRecord:
    """Returns what the file holds. Raises ValueError for any other file, or a damaged one."""
    try:
        header, arrays = unpack_record(Path(path).read_bytes(), format=FORMAT)
        n_images = len(header["labels"])
        shape = len(arrays["steps"]), header["n_draws"], n_images, len(header["class_names"])
        return ClassRecord(
            steps=arrays["steps"].astype(int),
            epochs=arrays["epochs"],
            errors=arrays["errors"],
            images=arrays["pixels"].reshape(n_images, *header["image_shape"]) / 255,
            labels=np.array(header["labels"]),
            class_names=tuple(header["class_names"]),
            probabilities=values_of(arrays["codes"], shape),
            of=header["of"],
        )
    except DAMAGE as error:
        raise ValueError(f"{path} is not the record of a classifier, or a damaged one ({error}).") from None


def _check(steps, epochs, errors, images, labels, class_names, probabilities):
    n_frames, n_images, n_classes = len(steps), len(images), len(class_names)
    if images.ndim != 3:
        raise ValueError(f"images must be [n_images, height, width]; got {list(images.shape)}.")
    if probabilities.ndim != 4 or probabilities.shape[::2] != (n_frames, n_images):
        raise ValueError(
            "probabilities must be [n_frames, n_draws, n_images, n_classes] with n_frames = "
            f"{n_frames}, as steps has, and n_images = {n_images}; got {list(probabilities.shape)}."
        )
    if n_classes != probabilities.shape[3]:
        raise ValueError(f"class_names must be {probabilities.shape[3]}, one for each; got {n_classes}.")
    check_probabilities(probabilities)
    for name, values, shape in (
        ("steps", steps, (n_frames,)),
        ("epochs", epochs, (n_frames,)),
        ("errors", errors, (n_frames,)),
    ):
        if values.shape != shape:
            raise ValueError(f"{name} must be {list(shape)}; got {list(values.shape)}.")
    if len(labels) != n_images or max(labels) >= n_classes:
        raise ValueError(
            f"labels must be {n_images}, one for each image, below {n_classes}; got {shown(labels)}."
        )
    if n_frames < 2 or np.any(np.diff(steps) <= 0) or np.any(steps != np.rint(steps)) or steps[0] < 0:
        raise ValueError(f"steps must be whole and increase from 0 or more; got {shown(steps.tolist())}.")
    if np.any(np.diff(epochs) <= 0) or epochs[0] < 0:
        raise ValueError(f"epochs must increase from 0 or more; got {shown(epochs.tolist())}.")
    for name, values in {"errors": errors, "images": images}.items():
        if values.min() < 0 or values.max() > 1:
            raise ValueError(f"{name} must be from 0 to 1; got {values.min():g} to {values.max():g}.")
