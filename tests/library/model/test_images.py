"""Images as inputs of a network: their pixels, row by row, from 0 to 1 or of one norm."""

import numpy as np
import pytest

import bayesian_nn as bnn
from bayesian_nn.model.observations import observe

IMAGES = np.random.default_rng(0).uniform(size=(4, 2, 3))


def model(norm=None):
    return bnn.Model((6, 2), bnn.Categorical(2), activation="relu", scaling=bnn.data.PixelNorm(norm))


def test_an_image_s_pixels_go_in_row_by_row():
    inputs = model().inputs(IMAGES)
    np.testing.assert_array_equal(inputs, IMAGES.reshape(4, 6).astype(np.float32))
    np.testing.assert_array_equal(model().inputs(inputs), inputs)


def test_images_of_one_norm_differ_in_brightness_no_more():
    inputs = model(3).inputs(IMAGES)
    np.testing.assert_allclose(inputs, model(3).inputs(IMAGES * 0.01), rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(inputs, axis=1), 3, rtol=1e-6)
    np.testing.assert_allclose(inputs / inputs[:, :1], (IMAGES / IMAGES[:, :1, :1]).reshape(4, 6), rtol=1e-5)
    # One without anything on it stays so.
    np.testing.assert_array_equal(model(3).inputs(0 * IMAGES), 0)
    with pytest.raises(ValueError, match="norm must be a finite number above zero; got 0"):
        bnn.data.PixelNorm(0)


def test_labelled_images_are_observed_as_pixels_and_classes():
    data = bnn.LabelledImages(IMAGES, [0, 1, 1, 0], ("a", "b"))
    observations = observe(model(2), data)
    np.testing.assert_array_equal(observations.inputs, model(2).inputs(data.images))
    np.testing.assert_array_equal(observations.targets, [[0], [1], [1], [0]])
    np.testing.assert_array_equal(observations.y_scale, [1])


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((5, 8, 8)), r"x must be .*, or images of 6 pixels; got \[5, 8, 8\]"),
        (np.zeros((5, 2, 3, 2)), r"x must be .* got \[5, 2, 3, 2\]"),
        (np.zeros(6), r"x must be .* got \[6\]"),
        (np.full((5, 2, 3), 255), "from 0 to 1; these go from 255 to 255. .* up to 255, divide them by 255"),
        (np.full((5, 2, 3), -0.1), "images must have pixels from 0 to 1; these go from -0.1"),
        (np.full((5, 2, 3), np.nan), "images must have pixels from 0 to 1; these go from nan"),
    ],
    ids=["size", "colour", "one", "255", "negative", "NaN"],
)
def test_wrong_images_are_refused(images, message):
    with pytest.raises(ValueError, match=message):
        model().inputs(images)


@pytest.mark.parametrize("labels", [[0, 2], [-1, 0], [0.5, 1.0]], ids=str)
def test_wrong_labels_are_refused(labels):
    with pytest.raises(ValueError, match=r"Number the classes from 0, or raise n_classes"):
        model().targets(labels)


def test_images_of_other_classes_than_the_model_s_are_refused():
    data = bnn.LabelledImages(IMAGES, [0, 1, 2, 0], ("a", "b", "c"), "Letters")
    with pytest.raises(ValueError, match=r"Letters has 3 classes and the model 2: .* Categorical\(3\)"):
        observe(model(), data)
