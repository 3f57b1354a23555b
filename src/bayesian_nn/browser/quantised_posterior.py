"""A mean-field posterior of a small classifier in one compact file, which a page's digit canvas reads."""

from __future__ import annotations

import json
import math
import os
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from bayesian_nn.data.images import LabelledImages
from bayesian_nn.runtime.checks import finite_numbers, positive, shown, whole_number
from bayesian_nn.runtime.files import replacing

__all__ = ["QuantisedPosterior", "read_quantised_posterior", "write_quantised_posterior"]

MAGIC = b"BNNQ"
FORMAT = 1
# What docs/assets/digits/posterior.js can do.
ACTIVATIONS = ("relu", "tanh")
IMAGE_SHAPES = ((28, 28), (8, 8))


@dataclass(frozen=True, eq=False)
class QuantisedPosterior:
    """What a file of `write_quantised_posterior` holds, as the page computes with it.

    mean, std: of every weight, float32 `[n_weights]`, layer by layer the weights (input-major), then the
    biases; layer_sizes, activation: the network's; input_norm: the Euclidean norm to which an
    image's pixels are scaled, None for no scaling; examples: images that a reader may start from.
    """

    mean: np.ndarray
    std: np.ndarray
    layer_sizes: tuple[int, ...]
    activation: str
    input_norm: float | None
    examples: LabelledImages


def write_quantised_posterior(
    path: str | os.PathLike,
    mean,
    std,
    *,
    layer_sizes: tuple[int, ...],
    activation: str,
    examples: LabelledImages,
    input_norm: float | None = None,
) -> None:
    """Writes the posterior to one file with two bytes a weight and one a pixel of `examples`, arguments as
    the fields of `QuantisedPosterior`. Same arguments, same bytes.

    Within a layer's weights, and within its biases, a mean is off by at most max|mean| / 254, and a std by a
    factor of at most (max std / min std)^(1/508), zeros aside, which stay zero. Of `examples`, six make one
    row on the page, which shows the first at once. Raises ValueError for what does not fit together or what
    the page cannot compute.
    """
    sizes = _checked_sizes(layer_sizes, examples)
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}; got {shown(activation)}.")
    mean, std = finite_numbers("mean", mean), finite_numbers("std", std)
    lengths = _block_lengths(sizes)
    for name, values in {"mean": mean, "std": std}.items():
        if values.shape != (sum(lengths),):
            raise ValueError(
                f"{name} must be [{sum(lengths)}], all weights of layers {sizes}; got {list(values.shape)}."
            )
    if np.any(std < 0):
        raise ValueError(
            f"std must be zero or more; got {std.min():g}. Are these the parameters before softplus?"
        )
    ends = np.cumsum(lengths)[:-1]
    means, mean_steps = zip(*map(_quantised_means, np.split(mean, ends)), strict=True)
    stds, log_stds = zip(*map(_quantised_stds, np.split(std, ends)), strict=True)
    header = {
        "format": FORMAT,
        "layer_sizes": sizes,
        "activation": activation,
        "input_norm": None if input_norm is None else positive("input_norm", input_norm),
        "mean_steps": mean_steps,
        "log_stds": log_stds,
        "image_shape": examples.image_shape,
        "class_names": examples.class_names,
        "labels": np.asarray(examples.labels).tolist(),
        "name": examples.name,
    }
    content = json.dumps(header).encode()
    pixels = np.rint(255 * np.asarray(examples.images, np.float64)).astype(np.uint8)
    with replacing(path) as temporary:
        parts = [MAGIC, struct.pack("<I", len(content)), content, *means, *stds, pixels]
        temporary.write_bytes(b"".join(bytes(part) for part in parts))


def read_quantised_posterior(path: str | os.PathLike) -> QuantisedPosterior:
    """Returns what the file holds. Raises ValueError for any other file, or a damaged one."""
    content = Path(path).read_bytes()
    try:
        if content[:4] != MAGIC:
            raise ValueError(f"it begins with {content[:4]!r}")
        start = 8 + struct.unpack("<I", content[4:8])[0]
        header = json.loads(content[8:start])
        if header["format"] != FORMAT:
            raise ValueError(f"its format is {header['format']}, not {FORMAT}")
        return _dequantised(header, np.frombuffer(content, np.uint8, offset=start))
    except (ValueError, KeyError, struct.error) as error:
        raise ValueError(f"{path} is not a quantised posterior, or a damaged one ({error}).") from None


def _dequantised(header: dict, codes: np.ndarray) -> QuantisedPosterior:
    lengths = _block_lengths(header["layer_sizes"])
    n_weights, labels = sum(lengths), np.array(header["labels"], np.int32)
    height, width = header["image_shape"]
    expected = 2 * n_weights + len(labels) * height * width
    if len(codes) != expected:
        raise ValueError(f"{expected} bytes should follow the header, not {len(codes)}")
    means, stds = codes[:n_weights].view(np.int8), codes[n_weights : 2 * n_weights].astype(np.float64)
    lows, steps = np.array(header["log_stds"]).T
    std = np.exp(np.repeat(lows, lengths) + np.repeat(steps, lengths) * (stds - 1))
    return QuantisedPosterior(
        mean=(means * np.repeat(header["mean_steps"], lengths)).astype(np.float32),
        std=np.where(stds == 0, 0, std).astype(np.float32),
        layer_sizes=tuple(header["layer_sizes"]),
        activation=header["activation"],
        input_norm=header["input_norm"],
        examples=LabelledImages(
            images=codes[2 * n_weights :].reshape(-1, height, width).astype(np.float32) / 255,
            labels=labels,
            class_names=tuple(header["class_names"]),
            name=header["name"],
        ),
    )


def _quantised_means(values):
    """int8 codes, and the step between them."""
    step = float(np.abs(values).max()) / 127 or 1.0
    return np.rint(values / step).astype(np.int8), step


def _quantised_stds(values):
    """uint8 codes, and (the logarithm that code 1 stands for, the step between codes); 0 stands for 0."""
    codes = np.zeros(len(values), np.uint8)
    logs = np.log(values[values > 0])
    if not len(logs):
        return codes, (0.0, 0.0)
    low, step = float(logs.min()), float(np.ptp(logs)) / 254
    codes[values > 0] = 1 + np.rint((logs - low) / (step or 1.0))
    return codes, (low, step)


def _block_lengths(sizes) -> list[int]:
    """The numbers of weights and of biases of each layer in turn."""
    return [length for n_in, n_out in pairwise(sizes) for length in (n_in * n_out, n_out)]


def _checked_sizes(layer_sizes, examples):
    sizes = [whole_number(f"layer_sizes[{i}]", size) for i, size in enumerate(layer_sizes)]
    shape, n_classes = tuple(examples.image_shape), len(examples.class_names)
    if shape not in IMAGE_SHAPES:
        raise ValueError(
            f"examples must be images of 28 x 28 or 8 x 8 pixels, for which a page can prepare a drawing; "
            f"got {list(shape)}."
        )
    if len(sizes) < 2 or (sizes[0], sizes[-1]) != (math.prod(shape), n_classes):
        raise ValueError(
            f"layer_sizes must lead from {math.prod(shape)} pixels to {n_classes} classes, as the examples "
            f"have; got {shown(layer_sizes)}."
        )
    return sizes
