"""The record of a classifier's training: small, faithful, and the same bytes every time."""

import numpy as np
import pytest

from bayesian_nn.browser.class_record import read_class_record, write_class_record
from site_build.html.player_html import recorded_steps

N_FRAMES, N_DRAWS, N_IMAGES, N_CLASSES = 100, 10, 6, 10


def arguments(seed=0):
    """Draws of class probabilities that gather on the true class, as those of a run do."""
    random = np.random.default_rng(seed)
    steps = np.arange(N_FRAMES) ** 2
    epochs = steps / 163
    labels = random.integers(0, N_CLASSES, N_IMAGES)
    shape = (N_FRAMES, N_DRAWS, N_IMAGES, N_CLASSES)
    logits = np.cumsum(random.normal(0, 0.1, shape), axis=0) + 2 * random.normal(size=shape[1:])
    logits += 6 * (epochs / 60)[:, None, None, None] ** 0.3 * np.eye(N_CLASSES)[labels]
    powers = np.exp(logits)
    return {
        "steps": steps,
        "epochs": epochs,
        "images": random.random((N_IMAGES, 28, 28)),
        "labels": labels,
        "class_names": "0123456789",
        "probabilities": (powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32),
        "errors": 0.9 * np.exp(-epochs),
    }


@pytest.fixture
def path(tmp_path):
    return tmp_path / "training.bin"


def test_what_is_read_is_what_was_written(path):
    given = arguments()
    write_class_record(path, **given, of="validation")
    record = read_class_record(path)
    np.testing.assert_array_equal(record.steps, given["steps"])
    np.testing.assert_array_equal(record.labels, given["labels"])
    np.testing.assert_allclose(record.epochs, given["epochs"], rtol=1e-6)
    np.testing.assert_allclose(record.errors, given["errors"], rtol=1e-6)
    for name in ("probabilities", "images"):
        assert getattr(record, name).shape == given[name].shape
        assert np.abs(getattr(record, name) - given[name]).max() <= 1 / 510 + 1e-7
    assert (record.of, record.class_names) == ("validation", tuple("0123456789"))


def test_no_probability_is_lost_to_the_wrapping_of_its_changes(path):
    # From certainty to none and back.
    given = arguments()
    classes = np.arange(N_FRAMES * N_DRAWS * N_IMAGES) % N_CLASSES
    given["probabilities"] = np.eye(N_CLASSES)[classes].reshape(N_FRAMES, N_DRAWS, N_IMAGES, N_CLASSES)
    write_class_record(path, **given)
    np.testing.assert_array_equal(read_class_record(path).probabilities, given["probabilities"])


def test_it_is_small_even_when_nothing_repeats(path):
    write_class_record(path, **arguments())
    small = path.stat().st_size
    random = np.random.default_rng(1)
    chance = random.dirichlet(np.ones(N_CLASSES), (N_FRAMES, N_DRAWS, N_IMAGES))
    write_class_record(path, **arguments() | {"probabilities": chance})
    assert small < path.stat().st_size <= 60_000


def test_the_same_arguments_give_the_same_bytes(path):
    write_class_record(path, **arguments())
    first = path.read_bytes()
    write_class_record(path, **arguments())
    assert path.read_bytes() == first


def test_the_build_finds_the_steps_that_sentences_may_name(path):
    given = arguments()
    write_class_record(path, **given)
    assert recorded_steps(path) == given["steps"].tolist()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": np.arange(99)}, r"probabilities must be .* n_frames = 99"),
        ({"images": np.zeros((5, 28, 28))}, r"n_images = 5; got \[100, 10, 6, 10\]"),
        ({"images": np.zeros((6, 784))}, r"images must be \[n_images, height, width\]; got \[6, 784\]"),
        ({"images": np.full((6, 2, 2), 255.0)}, "images must be from 0 to 1; got 255 to 255"),
        ({"class_names": "012"}, "class_names must be 10, one for each; got 3"),
        ({"labels": [0, 1, 2, 3, 4, 10]}, "labels must be 6, one for each image, below 10"),
        ({"labels": [0]}, "labels must be 6"),
        ({"labels": [0.5] * 6}, "labels must be a whole number"),
        ({"steps": np.arange(100)[::-1]}, "steps must be whole and increase"),
        ({"steps": np.arange(100) + 0.5}, "steps must be whole and increase"),
        ({"epochs": np.ones(100)}, "epochs must increase"),
        ({"epochs": np.ones(9)}, r"epochs must be \[100\]; got \[9\]"),
        ({"errors": np.full(100, 3.0)}, "errors must be from 0 to 1; got 3 to 3"),
        ({"errors": np.full(100, np.nan)}, "errors has 100 values that are not finite"),
        ({"probabilities": np.ones((100, 10, 6, 10))}, "sum to 1 in every row"),
    ],
)
def test_what_does_not_fit_together_is_refused(path, change, message):
    with pytest.raises(ValueError, match=message):
        write_class_record(path, **arguments() | change)
    assert not path.exists()


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"BNNP", b"BNNPabc"])
def test_another_file_is_refused(path, content):
    path.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"training\.bin is not the record of a classifier, or a damaged one"
    ):
        read_class_record(path)
