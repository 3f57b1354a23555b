"""Images changed on purpose, to see what a classifier makes of them."""

from __future__ import annotations

import numpy as np

from bayesian_nn.runtime.checks import finite_numbers

__all__ = ["rotated"]


def rotated(images, degrees) -> np.ndarray:
    """Returns images turned counter-clockwise about their centre, float32 `[n, height, width]`, by bilinear
    interpolation; beyond their edges they are 0.

    One image `[height, width]` is turned by each of `degrees` `[n]`; of several `[n, height, width]` each is
    turned by its own, or all by one number.
    """
    images, degrees = finite_numbers("images", images), finite_numbers("degrees", degrees)
    if images.ndim not in (2, 3) or degrees.ndim > 1 or not images.size or not degrees.size:
        raise ValueError(
            "images must be [height, width] or [n, height, width], and degrees a number or [n]; got "
            f"{list(images.shape)} and {list(degrees.shape)}."
        )
    n_images = 1 if images.ndim == 2 else len(images)
    if n_images > 1 and degrees.size not in (1, n_images):
        raise ValueError(
            f"degrees must be one number, or one for each of {n_images} images; got {degrees.size}."
        )
    stack = images.reshape(-1, *images.shape[-2:]).astype(np.float32)
    if degrees.size == 1:
        return _turned(stack, degrees.item())
    if n_images == 1:
        return np.concatenate([_turned(stack, angle) for angle in degrees])
    return np.stack([_turned(image, angle) for image, angle in zip(stack, degrees, strict=True)])


def _turned(images, degrees):
    height, width = images.shape[-2:]
    # Each pixel looks up where it came from: the inverse rotation, with rows counted downwards.
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    down, right = np.indices((height, width))
    down, right = down - (height - 1) / 2, right - (width - 1) / 2
    # Rounded, so that a quarter turn falls on pixels.
    row = np.round(cos * down + sin * right + (height - 1) / 2, 9)
    column = np.round(cos * right - sin * down + (width - 1) / 2, 9)
    top, left = np.floor(row).astype(int), np.floor(column).astype(int)
    above, before = row - top, column - left
    bordered = np.pad(images, [(0, 0)] * (images.ndim - 2) + [(1, 1), (1, 1)])
    turned = np.zeros_like(images)
    for below, of_row in ((0, 1 - above), (1, above)):
        for beside, of_column in ((0, 1 - before), (1, before)):
            rows = np.clip(top + below + 1, 0, height + 1)
            columns = np.clip(left + beside + 1, 0, width + 1)
            turned += (of_row * of_column).astype(np.float32) * bordered[..., rows, columns]
    return turned
