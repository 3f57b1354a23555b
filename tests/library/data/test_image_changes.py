"""Rotated images against NumPy's quarter turns and SciPy's interpolation."""

import numpy as np
import pytest
from scipy.ndimage import rotate

from bayesian_nn.data.images import rotated

IMAGES = np.random.default_rng(0).random((3, 9, 9)).astype(np.float32)


@pytest.mark.parametrize("shape", [(9, 9), (8, 8), (6, 9)])
@pytest.mark.parametrize("degrees", [0, 17.5, -40, 90, 123, 360])
def test_an_image_is_interpolated_as_scipy_does(shape, degrees):
    image = np.random.default_rng(1).random(shape)
    expected = rotate(image, degrees, reshape=False, order=1, mode="grid-constant")
    np.testing.assert_allclose(rotated(image, degrees), expected[None], atol=1e-6)


def test_quarter_turns_are_exact_and_counter_clockwise():
    for quarters in range(-4, 5):
        turned = rotated(IMAGES, 90 * quarters)
        np.testing.assert_array_equal(turned, np.rot90(IMAGES, quarters, axes=(1, 2)))


def test_one_image_takes_many_angles_and_many_images_one_each_or_the_same():
    angles = [10.0, 20.0, 30.0]
    many = rotated(IMAGES[0], angles)
    each = rotated(IMAGES, angles)
    same = rotated(IMAGES, 20)
    assert many.shape == each.shape == same.shape == (3, 9, 9)
    assert many.dtype == np.float32
    np.testing.assert_array_equal(each[0], many[0])
    np.testing.assert_array_equal(each[1], same[1])
    np.testing.assert_array_equal(rotated(IMAGES[:1], angles), many)


def test_pixels_stay_between_0_and_1_and_leave_the_corners_empty():
    turned = rotated(np.ones((28, 28)), [45])[0]
    assert turned.min() == 0
    assert turned.max() <= 1 + 1e-6
    assert turned[0, 0] == 0
    assert turned[14, 14] == pytest.approx(1)


@pytest.mark.parametrize(
    ("images", "degrees", "message"),
    [
        (IMAGES, [1, 2], "degrees must be one number, or one for each of 3 images; got 2"),
        (IMAGES[0, 0], 1, r"images must be \[height, width\] .*got \[9\] and \[\]"),
        (IMAGES[0], [[1]], r"got \[9, 9\] and \[1, 1\]"),
        (IMAGES[0], np.nan, "degrees has 1 values that are not finite"),
    ],
)
def test_bad_input_is_refused(images, degrees, message):
    with pytest.raises(ValueError, match=message):
        rotated(images, degrees)
