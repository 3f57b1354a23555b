"""A posterior in one compact file: what it keeps, how small it is, and what it refuses."""

import dataclasses
import os

import numpy as np
import pytest

from bayesian_nn.browser.quantised_posterior import read_quantised_posterior, write_quantised_posterior
from bayesian_nn.data.images import LabelledImages

SIZES = (784, 128, 10)
# Of weights and of biases, layer by layer.
BLOCKS = (784 * 128, 128, 128 * 10, 10)


@pytest.fixture
def posterior():
    """A mean and an sd for each weight, of another magnitude in each block, and six examples."""
    generator = np.random.default_rng(4)
    mean = np.concatenate([generator.normal(0, 0.3 * 4**k, n) for k, n in enumerate(BLOCKS)])
    std = np.concatenate([np.exp(generator.uniform(-5 - k, -1, n)) for k, n in enumerate(BLOCKS)])
    images = generator.uniform(size=(6, 28, 28)).round(2)
    return mean, std, LabelledImages(images, range(6), tuple("0123456789"), "Noise")


def _written(path, mean, std, examples, **changed):
    options = {"layer_sizes": SIZES, "activation": "relu", "examples": examples} | changed
    write_quantised_posterior(path, mean, std, **options)
    return read_quantised_posterior(path)


def test_what_is_read_is_within_half_a_step_of_what_was_written(tmp_path, posterior):
    mean, std, examples = posterior
    read = _written(tmp_path / "posterior.bin", mean, std, examples, input_norm=0.5)
    ends = np.cumsum(BLOCKS)[:-1]
    parts = [np.split(values, ends) for values in (mean, std, read.mean, read.std)]
    for block_mean, block_std, read_mean, read_std in zip(*parts, strict=True):
        assert np.abs(read_mean - block_mean).max() <= 1.0001 * np.abs(block_mean).max() / 254
        largest_factor = (block_std.max() / block_std.min()) ** (1 / 508)
        assert np.abs(np.log(read_std / block_std)).max() <= 1.001 * np.log(largest_factor)
    assert (read.layer_sizes, read.activation, read.input_norm) == (SIZES, "relu", 0.5)
    np.testing.assert_allclose(read.examples.images, examples.images, atol=0.5001 / 255)
    np.testing.assert_array_equal(read.examples.labels, examples.labels)
    assert (read.examples.class_names, read.examples.name) == (examples.class_names, "Noise")


def test_a_file_is_small_and_the_same_again(tmp_path, posterior):
    mean, std, examples = posterior
    paths = [tmp_path / "one.bin", tmp_path / "two.bin"]
    for path in paths:
        _written(path, mean, std, examples)
    assert os.path.getsize(paths[0]) <= 250_000
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_what_is_read_can_be_written_and_does_not_drift(tmp_path, posterior):
    first = _written(tmp_path / "first.bin", *posterior)
    second = _written(tmp_path / "second.bin", first.mean, first.std, first.examples)
    np.testing.assert_allclose(second.mean, first.mean, rtol=1e-5)
    np.testing.assert_allclose(second.std, first.std, rtol=1e-5)


def test_a_removed_weight_stays_removed(tmp_path, posterior):
    mean, std, examples = posterior
    removed = np.arange(len(mean)) % 3 == 0
    # A whole block, too: the last biases.
    removed[-10:] = True
    read = _written(tmp_path / "pruned.bin", np.where(removed, 0, mean), np.where(removed, 0, std), examples)
    np.testing.assert_array_equal(read.mean[removed], 0)
    np.testing.assert_array_equal(read.std == 0, removed)


def test_equal_stds_come_back_as_they_were(tmp_path, posterior):
    mean, _, examples = posterior
    read = _written(tmp_path / "start.bin", mean, np.full_like(mean, 0.1), examples)
    np.testing.assert_allclose(read.std, 0.1, rtol=1e-6)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"layer_sizes": (784, 100, 10)}, r"mean must be \[79510\], all weights of layers"),
        ({"layer_sizes": (64, 128, 10)}, "layer_sizes must lead from 784 pixels to 10 classes"),
        ({"layer_sizes": (784,)}, "layer_sizes must lead from 784 pixels"),
        ({"activation": "sigmoid"}, "activation must be one of relu, tanh; got 'sigmoid'"),
        ({"input_norm": 0.0}, "input_norm must be a finite number above zero"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, posterior, changed, message):
    with pytest.raises(ValueError, match=message):
        _written(tmp_path / "posterior.bin", *posterior, **changed)
    assert not list(tmp_path.iterdir())


def test_numbers_that_are_no_mean_or_std_are_named(tmp_path, posterior):
    mean, std, examples = posterior
    with pytest.raises(ValueError, match=r"std must be zero or more; got -5\.*\d*\. Are these .*softplus"):
        _written(tmp_path / "posterior.bin", mean, np.full_like(std, -5), examples)
    with pytest.raises(ValueError, match=r"mean has 1 values that are not finite, the first at index \(7,\)"):
        _written(tmp_path / "posterior.bin", np.where(np.arange(len(mean)) == 7, np.nan, mean), std, examples)
    other = dataclasses.replace(examples, images=examples.images[:, :20, :20])
    with pytest.raises(ValueError, match=r"examples must be images of 28 x 28 or 8 x 8 pixels"):
        _written(tmp_path / "posterior.bin", mean, std, other)


@pytest.mark.parametrize("damage", ["another file", "cut off", "longer", "another format"])
def test_another_or_a_damaged_file_is_named(tmp_path, posterior, damage):
    path = tmp_path / "posterior.bin"
    _written(path, *posterior)
    content = path.read_bytes()
    damaged = {
        "another file": b"PK\3\4" + content[4:],
        "cut off": content[:-1],
        "longer": content + b"\0",
        "another format": content.replace(b'"format": 1', b'"format": 9'),
    }
    path.write_bytes(damaged[damage])
    with pytest.raises(ValueError, match=r"posterior\.bin is not a quantised posterior, or a damaged one"):
        read_quantised_posterior(path)
    path.write_bytes(content[: len(content) // 1000])
    with pytest.raises(ValueError, match="or a damaged one"):
        read_quantised_posterior(path)
