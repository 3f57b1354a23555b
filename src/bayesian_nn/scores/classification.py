"""What a classifier's probabilities are worth: its calibration and its scores."""

from typing import NamedTuple

import numpy as np

from bayesian_nn.predictions.classes import check_probabilities
from bayesian_nn.runtime.checks import finite_numbers, shown, whole_number

__all__ = [
    "Reliability",
    "auroc",
    "brier_score",
    "class_reliability",
    "error_rate",
    "expected_calibration_error",
    "log_loss",
]


class Reliability(NamedTuple):
    """What a classifier claims and what comes true, by bins of its confidence in the class it names.

    confidence: mean confidence, and accuracy: share of right answers, of each bin that is not empty,
    [n_bins]; n_points: how many observations it holds, [n_bins].
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    n_points: np.ndarray


def class_reliability(probabilities, labels, *, n_bins: int = 15) -> Reliability:
    """Returns the reliability curve of a classifier, for predictive probabilities `[n_points, n_classes]`, or
    of two classes those of class 1 alone `[n_points]`, and the true classes `labels` `[n_points]`, in
    `n_bins` bins of equal width of the confidence (Guo et al. 2017, section 2). Of the draws of a Bayesian
    network average the probabilities first."""
    probabilities, labels = _checked(probabilities, labels)
    confidences = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    # Bin m is (m / n_bins, (m + 1) / n_bins].
    edges = np.linspace(0, 1, whole_number("n_bins", n_bins) + 1)
    bins = np.searchsorted(edges[1:-1], confidences, side="left")
    counts = np.bincount(bins, minlength=n_bins)
    filled = counts > 0
    sums = [np.bincount(bins, weights=of, minlength=n_bins)[filled] for of in (confidences, right)]
    return Reliability(*(total / counts[filled] for total in sums), counts[filled])


def expected_calibration_error(probabilities, labels, *, n_bins: int = 15) -> float:
    """Returns the mean distance between confidence and accuracy over the observations, bin by bin, from 0 to
    1 (Guo et al. 2017, eq. 3); arguments as those of `class_reliability`. Few observations in a bin make it
    larger: compare only with equal numbers of both."""
    curve = class_reliability(probabilities, labels, n_bins=n_bins)
    return float(np.average(np.abs(curve.accuracy - curve.confidence), weights=curve.n_points))


def error_rate(probabilities, labels) -> float:
    """Returns the share of observations whose true class is not the one of the highest probability, from 0 to
    1; of several highest the first counts. Arguments as those of `class_reliability`."""
    probabilities, labels = _checked(probabilities, labels)
    return float(np.mean(probabilities.argmax(axis=1) != labels))


def log_loss(probabilities, labels) -> float:
    """Returns the mean of -log p of the true class, in nats: infinite if a class came true that had been
    given no probability. Arguments as those of `class_reliability`."""
    probabilities, labels = _checked(probabilities, labels)
    of_truth = probabilities[np.arange(len(labels)), labels]
    with np.errstate(divide="ignore"):
        return float(-np.mean(np.log(of_truth)))


def brier_score(probabilities, labels) -> float:
    """Returns the mean square distance of the probabilities from certainty of the true class, summed over the
    classes: 0 is best, 2 worst (Brier 1950). Arguments as those of `class_reliability`."""
    probabilities, labels = _checked(probabilities, labels)
    truth = np.eye(probabilities.shape[1])[labels]
    return float(np.mean(np.sum((probabilities - truth) ** 2, axis=1)))


def auroc(of_known, of_other) -> float:
    """Returns the area under the receiver operating characteristic of a score, such as the entropy, that
    should be larger for another kind of input: the probability that of one `of_known` `[n_known]` and one
    `of_other` `[n_other]` the other has the larger score, ties counted half. 1 is best, 0.5 is chance.

    scikit-learn's `roc_auc_score(y, scores)` is `auroc(scores[y == 0], scores[y == 1])`; labels in the place
    of scores are refused."""
    known, other = finite_numbers("of_known", of_known), finite_numbers("of_other", of_other)
    if known.ndim != 1 or other.ndim != 1 or not known.size or not other.size:
        raise ValueError(
            "of_known and of_other must be scores [n_known] and [n_other], one or more of each; got "
            f"{list(known.shape)} and {list(other.shape)}."
        )
    if len(known) == len(other) and set(known) == {0, 1} and set(other) - {0, 1}:
        raise ValueError(
            "of_known holds 0 and 1 alone, as labels do: auroc takes the scores of two groups, as in "
            "auroc(scores[y == 0], scores[y == 1])."
        )
    known = np.sort(known)
    below, not_above = (np.searchsorted(known, other, side) for side in ("left", "right"))
    return float(np.mean(below + not_above) / (2 * len(known)))


def _checked(probabilities, labels):
    probabilities, labels = finite_numbers("probabilities", probabilities), _class_numbers(labels)
    if probabilities.ndim == 1:
        probabilities = np.column_stack([1 - probabilities, probabilities])
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or not len(labels):
        raise ValueError(
            "probabilities must be [n_points, n_classes], or [n_points] of class 1 alone, and labels "
            f"[n_points] with the same n_points, one or more; got {list(probabilities.shape)} and "
            f"{list(labels.shape)}."
        )
    check_probabilities(probabilities)
    n_classes = probabilities.shape[1]
    wrong = np.flatnonzero((labels != np.floor(labels)) | (labels < 0) | (labels >= n_classes))
    if len(wrong):
        raise ValueError(
            f"labels must be whole numbers from 0 to n_classes - 1 = {n_classes - 1}; got "
            f"{labels[wrong[0]]:g} at index {wrong[0]}. Number the classes from 0, as in "
            "numpy.unique(labels, return_inverse=True)[1]."
        )
    return probabilities, labels.astype(int)


def _class_numbers(labels):
    named = np.asarray(labels)
    if named.dtype.kind in "USO" and any(isinstance(label, str | bytes) for label in named.flat):
        raise ValueError(
            f"labels must be class numbers; got {shown(named.flat[0])} at index 0. Number the classes, as in "
            "numpy.unique(labels, return_inverse=True)[1]."
        )
    numbers = finite_numbers("labels", named)
    return numbers[:, 0] if numbers.ndim == 2 and numbers.shape[1] == 1 else numbers
