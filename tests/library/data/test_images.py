"""Images with a class each: what is refused, and how they are split."""

import re

import numpy as np
import pytest

import bayesian_nn as bnn
from bayesian_nn.data.images import LabelledImages, PixelNorm, check_every_class, split
from bayesian_nn.model.observations import observe

IMAGES = np.linspace(0, 1, 5 * 2 * 3).reshape(5, 2, 3)
COLOUR = np.linspace(0, 1, 5 * 2 * 3 * 3).reshape(5, 2, 3, 3)
NAMES = ("cat", "dog", "owl")


def _data(images=IMAGES, labels=(0, 1, 2, 1, 0), class_names=NAMES):
    return LabelledImages(images, labels, class_names, "animals")


def test_images_are_float32_and_labels_int32():
    data = _data()
    assert (data.images.dtype, data.labels.dtype) == (np.float32, np.int32)
    assert (data.n_images, data.n_classes, data.image_shape) == (5, 3, (2, 3))
    np.testing.assert_allclose(data.images, IMAGES, rtol=1e-6)
    np.testing.assert_array_equal(data.labels, [0, 1, 2, 1, 0])


def test_images_in_float32_are_not_copied():
    images = IMAGES.astype(np.float32)
    assert _data(images).images is images


def test_a_last_axis_of_one_is_dropped():
    images = IMAGES.astype(np.float32)
    data = _data(images[..., None])
    np.testing.assert_array_equal(data.images, images)
    assert data.image_shape == (2, 3)
    assert np.shares_memory(data.images, images)


def test_a_network_sees_every_colour_of_every_pixel():
    data = _data(COLOUR)
    assert data.image_shape == (2, 3, 3)
    model = bnn.Model((18, 3), bnn.Categorical(3), scaling=PixelNorm())
    np.testing.assert_array_equal(observe(model, data).inputs, data.images.reshape(5, 18))
    first, last = split(data, 2)
    np.testing.assert_array_equal(np.concatenate([first.images, last.images]), data.images)
    predicted = bnn.predict_prior(model, data.images, n_draws=3, seed=0)
    flat = bnn.predict_prior(model, data.images.reshape(5, 18), n_draws=3, seed=0)
    np.testing.assert_array_equal(predicted.probabilities, flat.probabilities)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (IMAGES.reshape(5, 6), "images must be grey [n_images, height, width], or in colour"),
        (IMAGES.reshape(5, 6), "got [5, 6]. Reshape rows of pixels"),
        (IMAGES[..., None].repeat(4, axis=-1), "got [5, 2, 3, 4]. Leave transparency out: images[..., :3]."),
        (IMAGES.reshape(5, 1, 3, 2), "got [5, 1, 3, 2]. Put the colours last: np.moveaxis(images, 1, 3)."),
        (IMAGES[..., None, None], "got [5, 2, 3, 1, 1]"),
        (np.where(np.arange(90).reshape(5, 2, 3, 3) == 23, np.nan, COLOUR), "NaN, first in image 1"),
        (IMAGES[:0], "images must hold at least one image with pixels; got [0, 2, 3]"),
        (IMAGES[:, :0], "images must hold at least one image with pixels; got [5, 0, 3]"),
        ((255 * IMAGES).astype(np.uint8), "pixels from 0 to 1; got 0 to 255: divide by 255."),
        (IMAGES - 0.5, "pixels from 0 to 1; got -0.5 to 0.5: rescale them"),
        (np.where(np.arange(30).reshape(5, 2, 3) == 23, np.nan, IMAGES), "NaN, first in image 3"),
        (np.where(IMAGES == 1, np.inf, IMAGES), "pixels from 0 to 1; got 0 to inf"),
        ([[["a"]]] * 5, "images must be an array of numbers"),
    ],
)
def test_images_that_a_network_would_misread_are_refused(images, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        _data(images)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1, 2, 1], "labels must be [n_images], one for each of the 5 images; got [4]"),
        (np.eye(5, 3), "got one-hot rows [5, 3]. Number the classes, as in labels.argmax(axis=1)"),
        (np.ones((5, 2)), "one for each of the 5 images; got [5, 2]"),
        ([1, 2, 3, 2, 1], "got 3 for image 2. Number the classes from 0, as in labels - 1: these go to 3"),
        ([*NAMES[:2], "unicorn", *NAMES[:2]], "labels must be an array of numbers; got the text"),
        ([0, 1, 2, 3, 0], "whole numbers from 0 to 2, one for each name in class_names; got 3 for image 3"),
        ([0, -1, 2, 1, 0], "got -1 for image 1"),
        ([0, 1, 0.5, 1, 0], "got 0.5 for image 2"),
        ([0, 1, np.nan, 1, 0], "labels has 1 values that are not finite"),
    ],
)
def test_labels_that_name_no_class_are_refused(labels, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        _data(labels=labels)


@pytest.mark.parametrize(
    "labels", [[[0], [1], [2], [1], [0]], [NAMES[k] for k in (0, 1, 2, 1, 0)], [False, 1.0, 2, True, 0]]
)
def test_labels_in_other_guises_mean_the_same(labels):
    np.testing.assert_array_equal(_data(labels=labels).labels, [0, 1, 2, 1, 0])


@pytest.mark.parametrize(("class_names", "shown"), [(["cat"], r"\['cat'\]"), (3, "3")])
def test_one_class_is_none_and_neither_is_a_number_of_them(class_names, shown):
    with pytest.raises(ValueError, match=f"class_names must name two classes or more; got {shown}"):
        _data(labels=[0] * 5, class_names=class_names)


def test_split_gives_the_last_images_to_the_second_part():
    data = _data()
    first, last = split(data, 2)
    np.testing.assert_array_equal(np.concatenate([first.images, last.images]), data.images)
    np.testing.assert_array_equal(last.labels, [1, 0])
    assert (first.n_images, first.class_names, last.name) == (3, NAMES, "animals")
    assert np.shares_memory(first.images, data.images)


@pytest.mark.parametrize("n_last", [0, 5, 6, 2.0])
def test_split_leaves_images_to_both_parts(n_last):
    with pytest.raises(ValueError, match="n_last must"):
        split(_data(), n_last)


def test_a_class_without_an_image_is_named():
    check_every_class(_data())
    with pytest.raises(ValueError, match=r"animals has no image of class 1 \('dog'\), 2 \('owl'\)\. Add"):
        check_every_class(_data(labels=[0] * 5))
