"""What draws say of a class, and the parts of its entropy, by hand and in closed form."""

import tracemalloc

import numpy as np
import pytest

from bayesian_nn.predictions.classes import ClassPrediction


def drawn(n_draws=7, n_points=5, n_classes=4, dtype=np.float64):
    logits = 3 * np.random.default_rng(0).normal(size=(n_draws, n_points, n_classes))
    probabilities = np.exp(logits)
    return (probabilities / probabilities.sum(axis=-1, keepdims=True)).astype(dtype)


def test_by_hand():
    # Two draws, sure of opposite classes; both unsure; sure of the same.
    sure, opposite, unsure = [1, 0], [0, 1], [0.5, 0.5]
    prediction = ClassPrediction([[sure, unsure, opposite], [opposite, unsure, opposite]])
    np.testing.assert_array_equal(prediction.mean, [unsure, unsure, opposite])
    np.testing.assert_array_equal(prediction.labels, [0, 0, 1])
    np.testing.assert_allclose(prediction.entropy, [np.log(2), np.log(2), 0])
    np.testing.assert_allclose(prediction.aleatoric, [0, np.log(2), 0])
    np.testing.assert_allclose(prediction.epistemic, [np.log(2), 0, 0])


def test_the_epistemic_part_is_the_mutual_information_of_class_and_draw():
    probabilities = drawn()
    joint = probabilities / len(probabilities)
    independent = joint.sum(axis=0) / len(probabilities)
    information = np.sum(joint * np.log(joint / independent), axis=(0, 2))
    prediction = ClassPrediction(probabilities)
    np.testing.assert_allclose(prediction.epistemic, information)
    np.testing.assert_allclose(prediction.aleatoric + prediction.epistemic, prediction.entropy)


def test_uniform_draws_have_the_largest_entropy_and_one_draw_no_epistemic_part():
    prediction = ClassPrediction(np.full((3, 2, 10), 0.1))
    np.testing.assert_allclose(prediction.entropy, np.log(10))
    np.testing.assert_allclose(prediction.epistemic, 0, atol=1e-12)
    np.testing.assert_allclose(ClassPrediction(drawn(n_draws=1)).epistemic, 0, atol=1e-12)


def test_classes_may_have_names():
    prediction = ClassPrediction([[[0.2, 0.8], [0.7, 0.3]]], ("cat", "dog"))
    np.testing.assert_array_equal(prediction.named_labels, ["dog", "cat"])
    np.testing.assert_allclose(prediction.log_density(["cat", "cat"]), np.log([0.2, 0.7]))
    np.testing.assert_allclose(prediction.log_density([0, 0]), np.log([0.2, 0.7]))
    with pytest.raises(ValueError, match="which is none of the classes"):
        prediction.log_density(["cat", "mouse"])
    with pytest.raises(ValueError, match=r"classes must be 2 names, one for each .*; got \('cat',\)"):
        ClassPrediction(prediction.probabilities, ("cat",))
    with pytest.raises(ValueError, match="The classes have no names"):
        ClassPrediction(prediction.probabilities).named_labels  # noqa: B018


def test_the_order_of_draws_and_classes_is_of_no_account():
    probabilities, shuffled = drawn(), drawn()[::-1][..., [2, 0, 3, 1]]
    for part in ("entropy", "aleatoric", "epistemic"):
        ours, theirs = (getattr(ClassPrediction(each), part) for each in (probabilities, shuffled))
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_single_precision_is_kept_and_averaged_in_double():
    probabilities = drawn(n_draws=1000, dtype=np.float32)
    prediction = ClassPrediction(probabilities)
    assert prediction.probabilities is probabilities
    assert prediction.mean.dtype == np.float64
    np.testing.assert_allclose(prediction.mean, drawn(n_draws=1000).mean(axis=0), rtol=1e-6)
    # Equal draws agree to more digits than single precision has.
    equal = ClassPrediction(np.repeat(probabilities[:1], 100, axis=0))
    assert equal.epistemic.max() < 1e-12
    assert np.all(prediction.epistemic > 0)


def test_many_draws_take_little_more_memory_than_they_have():
    probabilities = np.full((200, 1000, 10), 0.1, np.float32)
    tracemalloc.start()
    prediction = ClassPrediction(probabilities)
    _, _, _ = prediction.mean, prediction.labels, prediction.epistemic
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < probabilities.nbytes / 2


WRONG = drawn()
WRONG[3, 2] *= 0.9
NEGATIVE = drawn()
NEGATIVE[1, 4] = [1.2, -0.2, 0, 0]
MISSING = drawn()
MISSING[0, 1, 2] = np.nan


@pytest.mark.parametrize(
    ("probabilities", "message"),
    [
        (drawn()[0], r"\[n_draws, n_points, n_classes\].*got \[5, 4\].*give probabilities\[None\]"),
        (drawn()[:, :0], r"one or more of each; got \[7, 0, 4\]"),
        (WRONG, r"row 3, 2 sums to 0\.9"),
        (NEGATIVE, r"from 0 to 1 and sum to 1 in every row; row 1, 4 "),
        (MISSING, r"row 0, 1 sums to nan"),
        (np.full((1, 1, 2), np.inf), "row 0, 0 sums to inf"),
        (np.log(drawn()), "row 0, 0 .*Are these logits"),
    ],
)
def test_what_are_no_probabilities_is_refused(probabilities, message):
    with pytest.raises(ValueError, match=message):
        ClassPrediction(probabilities)
