"""Records of what draws of the weights predict of a point's class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayesian_nn.data.targets import class_numbers
from bayesian_nn.predictions.draws import log_mean_exp, observed
from bayesian_nn.runtime.checks import shown

__all__ = ["ClassPrediction", "check_probabilities"]


@dataclass(frozen=True)
class ClassPrediction:
    """What every draw of the weights predicts of the class of some points: a probability for each class.

    probabilities: [n_draws, n_points, n_classes], float32 or float64, kept as they are; a network with one
    set of weights has n_draws = 1. classes: their names, in the order of their numbers, if they have some.
    Entropies are in nats, from 0 to log(n_classes).
    """

    probabilities: np.ndarray
    classes: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        probabilities = np.asarray(self.probabilities)
        if probabilities.dtype != np.float32:
            probabilities = probabilities.astype(np.float64)
        if probabilities.ndim != 3 or not probabilities.size:
            raise ValueError(
                "probabilities must have shape [n_draws, n_points, n_classes], one or more of each; got "
                f"{list(probabilities.shape)}. Of a network without draws give probabilities[None]."
            )
        check_probabilities(probabilities)
        if self.classes is not None and len(self.classes) != probabilities.shape[2]:
            raise ValueError(
                f"classes must be {probabilities.shape[2]} names, one for each probability; got "
                f"{shown(self.classes)}."
            )
        object.__setattr__(self, "probabilities", probabilities)

    @property
    def mean(self) -> np.ndarray:
        """The predictive probabilities, the draws' mean, [n_points, n_classes]."""
        return self.probabilities.mean(axis=0, dtype=np.float64)

    def log_density(self, y) -> np.ndarray:
        """The log predictive probability of the classes y [n_points], whole numbers from 0 to n_classes - 1
        or their names, [n_points] in nats."""
        return log_mean_exp(self.log_densities(y))

    def log_densities(self, y) -> np.ndarray:
        """The log probability of the classes y [n_points] under every draw, [n_draws, n_points] in nats."""
        n_points, n_classes = self.probabilities.shape[1:]
        y = observed(y if self.classes is None else class_numbers(y, self.classes), n_points)
        wrong = np.flatnonzero((y != np.floor(y)) | (y < 0) | (y >= n_classes))
        if len(wrong):
            raise ValueError(
                f"y must be classes, whole numbers from 0 to n_classes - 1 = {n_classes - 1}; got "
                f"{y[wrong[0]]:g} at index {wrong[0]}."
            )
        of_truth = self.probabilities[:, np.arange(n_points), y.astype(int)].astype(np.float64)
        with np.errstate(divide="ignore"):
            return np.log(of_truth)

    @property
    def labels(self) -> np.ndarray:
        """The number of the class of the highest predictive probability, [n_points]."""
        return self.mean.argmax(axis=1)

    @property
    def named_labels(self) -> np.ndarray:
        """The name of the class of the highest predictive probability, [n_points]. Raises ValueError if the
        classes have no names."""
        if self.classes is None:
            raise ValueError("The classes have no names: y was numbers. Their numbers are in labels.")
        return np.array(self.classes)[self.labels]

    @property
    def entropy(self) -> np.ndarray:
        """The entropy of the predictive probabilities, in nats, [n_points]: the total uncertainty."""
        return _entropies(self.mean)

    @property
    def aleatoric(self) -> np.ndarray:
        """The draws' mean entropy, in nats, [n_points]: what would remain if the weights were known."""
        # Draw by draw: all logarithms at once would need several times the probabilities' memory.
        total = sum(_entropies(draw.astype(np.float64)) for draw in self.probabilities)
        return total / len(self.probabilities)

    @property
    def epistemic(self) -> np.ndarray:
        """The entropy less its aleatoric part, in nats, [n_points]: the mutual information of class and
        weights, what knowing the weights would tell of the class, and where the draws disagree (Houlsby et
        al. 2011, eq. 2; Depeweg et al. 2018)."""
        # Jensen's inequality holds but for rounding.
        return np.maximum(self.entropy - self.aleatoric, 0)


def _entropies(probabilities):
    # 0 log 0 is 0.
    smallest = np.finfo(probabilities.dtype).tiny
    return -np.einsum("nc,nc->n", probabilities, np.log(np.maximum(probabilities, smallest)))


def check_probabilities(probabilities: np.ndarray) -> None:
    """Raises ValueError, with the index of the first wrong row, unless each row of `[..., n_classes]` is from
    0 to 1 and sums to 1."""
    with np.errstate(invalid="ignore"):
        sums = probabilities @ np.ones(probabilities.shape[-1], probabilities.dtype)
    # Single precision's softmax over a thousand classes is within that, and NaN is not.
    wrong = ~(np.abs(sums - 1) <= 1e-4)
    if probabilities.min() < 0:
        wrong |= (probabilities < 0).any(axis=-1)
    if wrong.any():
        first = tuple(np.argwhere(wrong)[0].tolist())
        raise ValueError(
            f"probabilities must be from 0 to 1 and sum to 1 in every row; row {', '.join(map(str, first))} "
            f"sums to {sums[first]:g}. Are these logits? Then apply softmax first."
        )
