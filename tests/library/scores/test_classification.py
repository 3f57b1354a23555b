"""A classifier's scores by hand, and against a few independent lines."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from bayesian_nn.scores.classification import (
    auroc,
    brier_score,
    class_reliability,
    error_rate,
    expected_calibration_error,
    log_loss,
)

THREE = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.75, 0.05, 0.2]])
LABELS = np.array([0, 1, 0, 2])


def example(n_points=3000, n_classes=4):
    """Probabilities of a calibrated classifier, and labels drawn from them."""
    random = np.random.default_rng(0)
    logits = 2 * random.normal(size=(n_points, n_classes))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    chosen = (random.random((n_points, 1)) > probabilities.cumsum(axis=1)).sum(axis=1)
    return probabilities, np.minimum(chosen, n_classes - 1)


def area(known, other):
    return auroc(of_known=known, of_other=other)


def by_loop(probabilities, labels, n_bins):
    """Guo et al. 2017, eq. 1 to 3, as they stand."""
    error, curve = 0.0, []
    for m in range(1, n_bins + 1):
        inside = [
            (row.max(), row.argmax() == label)
            for row, label in zip(probabilities, labels, strict=True)
            if (m - 1) / n_bins < row.max() <= m / n_bins
        ]
        if inside:
            confidence, accuracy = np.mean(inside, axis=0)
            curve.append((confidence, accuracy, len(inside)))
            error += len(inside) / len(labels) * abs(accuracy - confidence)
    return error, np.array(curve).T


@pytest.mark.parametrize("n_bins", [1, 7, 15])
def test_the_curve_and_the_error_are_those_of_a_plain_loop(n_bins):
    probabilities, labels = example()
    error, curve = by_loop(probabilities, labels, n_bins)
    for ours, theirs in zip(class_reliability(probabilities, labels, n_bins=n_bins), curve, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-12)
    assert expected_calibration_error(probabilities, labels, n_bins=n_bins) == pytest.approx(error)


def test_a_calibrated_classifier_lies_on_the_diagonal_and_an_overconfident_one_below():
    probabilities, labels = example()
    curve = class_reliability(probabilities, labels)
    error = np.sqrt(curve.confidence * (1 - curve.confidence) / curve.n_points)
    assert np.all(np.abs(curve.accuracy - curve.confidence) < 5 * error)
    sharpened = probabilities**3 / np.sum(probabilities**3, axis=1, keepdims=True)
    curve = class_reliability(sharpened, labels)
    error = np.sqrt(curve.accuracy * (1 - curve.accuracy) / curve.n_points)
    assert np.any(curve.accuracy < curve.confidence - 5 * error)
    assert expected_calibration_error(sharpened, labels) > 3 * expected_calibration_error(
        probabilities, labels
    )


def test_by_hand():
    # Bins (0, 0.5] and (0.5, 1]: one wrong at 0.4; right, right and wrong at 0.7, 0.8 and 0.75.
    curve = class_reliability(THREE, LABELS, n_bins=2)
    np.testing.assert_allclose(curve.confidence, [0.4, 0.75])
    np.testing.assert_allclose(curve.accuracy, [0, 2 / 3])
    np.testing.assert_array_equal(curve.n_points, [1, 3])
    assert expected_calibration_error(THREE, LABELS, n_bins=2) == pytest.approx((0.4 + 0.25) / 4)
    assert log_loss(THREE, LABELS) == pytest.approx(-np.log([0.7, 0.8, 0.3, 0.2]).mean())
    squares = [0.09 + 0.04 + 0.01, 0.01 + 0.04 + 0.01, 0.49 + 0.09 + 0.16, 0.5625 + 0.0025 + 0.64]
    assert brier_score(THREE, LABELS) == pytest.approx(np.mean(squares))


def test_an_edge_belongs_to_the_lower_bin_and_certainty_to_the_last():
    probabilities = [[0.5, 0.5], [1.0, 0.0]]
    np.testing.assert_array_equal(class_reliability(probabilities, [0, 0], n_bins=2).n_points, [1, 1])
    assert log_loss(probabilities, [0, 1]) == np.inf
    assert brier_score(probabilities, [0, 1]) == pytest.approx((0.5 + 2) / 2)


def test_the_error_is_the_share_of_wrong_answers():
    assert error_rate(THREE, LABELS) == 0.5
    assert error_rate(THREE, THREE.argmax(axis=1)) == 0
    assert error_rate([[0.5, 0.5], [0.5, 0.5]], [0, 1]) == 0.5


@pytest.mark.parametrize("decimals", [9, 1, 0])
def test_auroc_is_that_of_scikit_learn_with_ties_and_without(decimals):
    random = np.random.default_rng(0)
    known, other = random.normal(0, 1, 400).round(decimals), random.normal(0.7, 1.5, 300).round(decimals)
    is_other = np.repeat([0, 1], [400, 300])
    assert area(known, other) == pytest.approx(roc_auc_score(is_other, np.concatenate([known, other])))
    assert area(known, other) + area(other, known) == pytest.approx(1)


def test_auroc_by_hand():
    assert area([0, 1], [2, 3, 4]) == 1
    assert area([2], [1]) == 0
    assert area([1, 1, 1], [1, 1]) == 0.5
    assert area([0, 2], [1, 2]) == (0.5 + 0.75) / 2
    scores = np.array([0.3, 0.1, 0.2])
    assert area(scores, np.exp(scores)) == 1


@pytest.mark.parametrize(
    ("known", "other", "message"),
    [
        ([], [1.0], r"one or more of each; got \[0\] and \[1\]"),
        ([[1.0]], [1.0], r"scores \[n_known\] and \[n_other\].*got \[1, 1\] and \[1\]"),
        ([np.nan], [1.0], "of_known has 1 values that are not finite"),
    ],
)
def test_auroc_of_what_are_no_scores_is_refused(known, other, message):
    with pytest.raises(ValueError, match=message):
        area(known, other)


@pytest.mark.parametrize("score", [error_rate, expected_calibration_error, log_loss, brier_score])
@pytest.mark.parametrize(
    ("probabilities", "labels", "message"),
    [
        (THREE[0], LABELS, r"must be \[n_points, n_classes\], or .* got \[3, 2\] and \[4\]"),
        (THREE, np.eye(3)[LABELS], r"got \[4, 3\] and \[4, 3\]"),
        (THREE[:0], LABELS[:0], r"one or more; got \[0, 3\] and \[0\]"),
        (np.log(THREE), LABELS, "row 0 sums to .*Are these logits"),
        (THREE * 0.9, LABELS, "row 0 sums to 0.9"),
        (THREE, LABELS + 1, "labels must be whole numbers from 0 to n_classes - 1 = 2"),
        (THREE, LABELS + 0.5, "labels must be whole numbers .* got 0.5 at index 0"),
        (THREE, ["a", "b", "a", "c"], "labels must be class numbers; got 'a' at index 0. Number the classes"),
        ([0.2, 1.2], [0, 1], "must be from 0 to 1"),
        (THREE, [0, 1, np.nan, 2], "labels has 1 values that are not finite"),
    ],
)
def test_what_are_no_probabilities_or_classes_is_refused(score, probabilities, labels, message):
    with pytest.raises(ValueError, match=message):
        score(probabilities, labels)


@pytest.mark.parametrize("score", [error_rate, expected_calibration_error, log_loss, brier_score])
def test_labels_of_any_type_and_the_probability_of_the_second_of_two_classes_mean_the_same(score):
    expected = score(THREE, LABELS)
    for labels in (LABELS.astype(float), LABELS[:, None], LABELS.tolist(), LABELS.astype(object)):
        assert score(THREE, labels) == expected
    second = np.array([0.2, 0.9, 0.6])
    both = np.column_stack([1 - second, second])
    assert score(second, [False, True, False]) == score(both, np.array([0, 1, 0]))


def test_the_order_of_scikit_learn_is_not_taken_for_ours():
    labels, scores = np.array([0, 1, 1, 0]), np.array([0.1, 0.9, 0.4, 0.5])
    with pytest.raises(ValueError, match=r"0 and 1 alone, as labels do: .* auroc\(scores\[y == 0\]"):
        auroc(labels, scores)
    assert area(scores[labels == 0], scores[labels == 1]) == roc_auc_score(labels, scores)


def test_wrong_numbers_of_bins_are_refused():
    with pytest.raises(ValueError, match="n_bins must be a whole number, 1 or more; got 0"):
        class_reliability(THREE, LABELS, n_bins=0)
