"""What a classifier's probabilities are worth: its calibration and its scores."""

from typing import NamedTuple

import numpy as np

from bayesian_nn.arguments import finite_numbers, whole_number

__all__ = [
    "Reliability",
    "brier_score",
    "class_reliability",
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
    """Returns the reliability curve of a classifier, for predictive probabilities `[n_points, n_classes]` and
    the true classes `labels` `[n_points]`, in `n_bins` bins of equal width of the confidence (Guo et al.
    2017, section 2). Of the draws of a Bayesian network average the probabilities first."""
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


def _checked(probabilities, labels):
    probabilities, labels = finite_numbers("probabilities", probabilities), np.asarray(labels)
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1] or not len(labels):
        raise ValueError(
            "probabilities must be [n_points, n_classes] and labels [n_points] with the same n_points, one "
            f"or more; got {list(probabilities.shape)} and {list(labels.shape)}."
        )
    # Single precision's softmax over a thousand classes is within that.
    wrong = np.flatnonzero((np.abs(probabilities.sum(axis=1) - 1) > 1e-4) | (probabilities < 0).any(axis=1))
    if len(wrong):
        raise ValueError(
            f"probabilities must be from 0 to 1 and sum to 1 in every row; row {wrong[0]} sums to "
            f"{probabilities[wrong[0]].sum():g}. Are these logits? Then apply softmax first."
        )
    n_classes = probabilities.shape[1]
    if not np.issubdtype(labels.dtype, np.integer) or labels.min() < 0 or labels.max() >= n_classes:
        raise ValueError(f"labels must be whole numbers from 0 to n_classes - 1 = {n_classes - 1}.")
    return probabilities, labels
