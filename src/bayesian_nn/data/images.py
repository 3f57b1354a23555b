"""Images with a class each, checked once, before a network sees them; and images changed on purpose."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from bayesian_nn.runtime.checks import finite_numbers, positive, shown, whole_number

__all__ = ["LabelledImages", "PixelNorm", "check_every_class", "rotated", "split"]


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """Images and the class of each.

    images: float32, grey `[n_images, height, width]`, or with a last axis of 1 that is dropped, or in colour
    `[n_images, height, width, 3]`; pixels from 0 (background) to 1; labels: int32 `[n_images]`,
    from 0 to n_classes - 1; class_names: a name for every class, in the labels' order; name: the data set's.
    Raises ValueError for other shapes, for pixels that are NaN or beyond 0 to 1, and for labels that are not
    whole numbers or beyond the classes.
    """

    images: np.ndarray
    labels: np.ndarray
    class_names: tuple[str, ...]
    name: str = "images"

    def __post_init__(self):
        images = _checked_images(self.images)
        names = tuple(self.class_names) if isinstance(self.class_names, Iterable) else ()
        if len(names) < 2:
            raise ValueError(f"class_names must name two classes or more; got {shown(self.class_names)}.")
        object.__setattr__(self, "images", images)
        object.__setattr__(self, "labels", _checked_labels(self.labels, len(images), names))
        object.__setattr__(self, "class_names", names)

    def rows(self, chosen) -> "LabelledImages":
        """Returns these of the images, by indices or a mask, with their labels."""
        return replace(self, images=self.images[chosen], labels=self.labels[chosen])

    @property
    def n_images(self) -> int:
        return len(self.labels)

    @property
    def n_classes(self) -> int:
        return len(self.class_names)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """`(height, width)`, in colour `(height, width, 3)`."""
        return self.images.shape[1:]


@dataclass(frozen=True)
class PixelNorm:
    """The units in which a network sees images: their pixels scaled to a common Euclidean norm, so that one
    image cannot be told from another, nor the network be sure of it, for its brightness alone. An empty image
    stays one. norm: None leaves pixels as they are."""

    norm: float | None = None
    y_shift: ClassVar[float] = 0.0
    y_scale: ClassVar[float] = 1.0
    columns: ClassVar[None] = None

    def __post_init__(self):
        if self.norm is not None:
            object.__setattr__(self, "norm", positive("norm", self.norm))

    def inputs(self, x: np.ndarray) -> np.ndarray:
        """Returns what the network sees of pixels `[n_images, n_pixels]`, in single precision. Raises
        ValueError for numbers that are not between 0 and 1."""
        pixels = np.asarray(x, np.float32)
        low, high = (pixels.min(), pixels.max()) if pixels.size else (0, 0)
        # NaN is neither.
        if not (low >= 0 and high <= 1):
            raise ValueError(
                f"images must have pixels from 0 to 1; these go from {low:g} to {high:g}. "
                "If they are whole numbers up to 255, divide them by 255."
            )
        if self.norm is None:
            return pixels
        norms = np.linalg.norm(pixels, axis=1, keepdims=True)
        return pixels * np.divide(self.norm, norms, out=np.zeros_like(norms), where=norms > 0)


def split(data: LabelledImages, n_last: int) -> tuple[LabelledImages, LabelledImages]:
    """Returns `(first, last)`: the last `n_last` images are the second part, such as a validation part of
    training images. Both share memory with `data`. Raises ValueError if either part were empty."""
    n_first = data.n_images - whole_number("n_last", n_last)
    if n_first < 1:
        raise ValueError(
            f"n_last must leave one or more of the {data.n_images:,} images to the first; got {n_last:,}."
        )
    first, last = slice(None, n_first), slice(n_first, None)
    return data.rows(first), data.rows(last)


def check_every_class(data: LabelledImages) -> None:
    """Raises ValueError, with their names, if there are classes of which `data` has no image: a network can
    only learn that they never occur. To be called before training; a test part may well lack a class."""
    counts = np.bincount(data.labels, minlength=data.n_classes)
    empty = [f"{label} ({data.class_names[label]!r})" for label in np.flatnonzero(counts == 0)]
    if empty:
        raise ValueError(
            f"{data.name} has no image of class {', '.join(empty)}. Add images of it, or take its name out "
            "of class_names and number the labels anew."
        )


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


def _checked_images(images):
    try:
        images = np.asarray(images, dtype=np.float32)
    except (TypeError, ValueError) as error:
        raise ValueError(f"images must be an array of numbers: {error}") from None
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if images.ndim != 3 and images.shape[3:] != (3,):
        raise ValueError(
            "images must be grey [n_images, height, width], or in colour [n_images, height, width, 3]; got "
            f"{list(images.shape)}. {_remedy(images.shape)}"
        )
    if not images.size:
        raise ValueError(f"images must hold at least one image with pixels; got {list(images.shape)}.")
    # NaN passes into both, and neither needs memory of its own.
    low, high = images.min(), images.max()
    if np.isnan(low):
        first = int(np.isnan(images).reshape(len(images), -1).any(axis=1).argmax())
        raise ValueError(
            f"images has pixels that are NaN, first in image {first}. Remove or fill these first."
        )
    if low < 0 or high > 1:
        remedy = "divide by 255" if low >= 0 else "rescale them; a network has its own scaling"
        raise ValueError(f"images must have pixels from 0 to 1; got {low:g} to {high:g}: {remedy}.")
    return images


def _remedy(shape):
    if len(shape) == 4 and shape[3] == 4:
        return "Leave transparency out: images[..., :3]."
    if len(shape) == 4 and shape[1] in (1, 3):
        return "Put the colours last: np.moveaxis(images, 1, 3)."
    return "Reshape rows of pixels to height and width; of one image give images[None]."


def _numbered(labels, names):
    """Returns the numbers of labels that are the classes' names; other labels as they are."""
    given = np.asarray(labels)
    if given.dtype.kind in "UO" and given.size and all(label in names for label in given.flat):
        return np.array([names.index(label) for label in given.flat]).reshape(given.shape)
    return labels


def _checked_labels(labels, n_images, names):
    labels = finite_numbers("labels", _numbered(labels, names))
    n_classes = len(names)
    if labels.shape == (n_images, n_classes) and np.isin(labels, (0, 1)).all():
        raise ValueError(
            f"labels must be [n_images]; got one-hot rows {list(labels.shape)}. Number the classes, as in "
            "labels.argmax(axis=1)."
        )
    labels = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if labels.shape != (n_images,):
        raise ValueError(
            f"labels must be [n_images], one for each of the {n_images:,} images; got {list(labels.shape)}."
        )
    outside = (labels < 0) | (labels >= n_classes) | (labels != np.round(labels))
    if outside.any():
        first = int(outside.argmax())
        from_one = labels.min() == 1 and labels.max() == n_classes
        remedy = f" Number the classes from 0, as in labels - 1: these go to {n_classes}." if from_one else ""
        raise ValueError(
            f"labels must be whole numbers from 0 to {n_classes - 1}, one for each name in class_names; "
            f"got {labels[first]:g} for image {first}.{remedy}"
        )
    return labels.astype(np.int32)


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
