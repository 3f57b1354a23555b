"""Several classes, one output for each: the logits."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from bayesian_nn.likelihoods.columns import class_column, classes_of
from bayesian_nn.likelihoods.one_target import OneTarget
from bayesian_nn.likelihoods.parameters import in_dtype
from bayesian_nn.predictions.classes import ClassPrediction
from bayesian_nn.runtime.checks import whole_number
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["Categorical", "class_log_likelihood", "explained_log_loss"]


@dataclass(frozen=True)
class Categorical(OneTarget):
    """y is class k of 0 to n_classes - 1 with probability softmax(outputs)[k]."""

    n_classes: int

    def __post_init__(self):
        object.__setattr__(self, "n_classes", whole_number("n_classes", self.n_classes, at_least=2))

    @property
    def n_outputs(self) -> int:
        """One for each class, its logit."""
        return self.n_classes

    def targets(self, y, scaling) -> np.ndarray:
        """Returns the classes `[n_points]` as `[n_points, 1]`. Raises ValueError for anything but whole
        numbers from 0 to n_classes - 1."""
        return class_column(y, self.n_classes, remedy="Number the classes from 0, or raise n_classes.")[
            :, None
        ]

    def outputs_at(self, targets) -> None:
        """Returns None: a class is certain once it is seen, at no finite output."""
        return None

    def log_density(self, outputs, unknowns, targets, y_scale):
        """Returns log p(y) in nats, elementwise; see `Likelihood`."""
        (target,), dtype = targets, outputs[0].dtype
        target, zero = in_dtype(target, dtype), tf.zeros([], dtype)
        # Element by element instead of stacked, which XLA fuses to half the time of one_hot and log_softmax.
        largest = outputs[0]
        for output in outputs[1:]:
            largest = tf.maximum(largest, output)
        # Its own gradient would cancel.
        largest = tf.stop_gradient(largest)
        total = tf.add_n([tf.exp(output - largest) for output in outputs])
        chosen = sum(
            tf.where(tf.equal(target, tf.cast(k, dtype)), output, zero) for k, output in enumerate(outputs)
        )
        return chosen - largest - tf.math.log(total)

    def curvature(self, outputs, unknowns, y_scale) -> list[list[np.ndarray]]:
        """Returns the Fisher information, diag(p) - p pᵀ."""
        p = special.softmax(np.stack(np.broadcast_arrays(*outputs)).astype(np.float64), axis=0)
        return [[p[i] * ((i == j) - p[j]) for j in range(self.n_classes)] for i in range(self.n_classes)]

    def sample(self, outputs, unknowns, scaling, random: np.random.Generator) -> np.ndarray:
        """Returns draws of the class, of the outputs' shape."""
        logits = np.stack(np.broadcast_arrays(*outputs)).astype(np.float64)
        # The largest of logits with Gumbel noise falls on class k with probability softmax(logits)[k].
        return np.argmax(logits + random.gumbel(size=logits.shape), axis=0)

    def prediction(self, x, outputs, unknowns, scaling) -> ClassPrediction:
        """Returns the record of the draws, of the outputs' dtype, for outputs `[n_draws, n_classes,
        n_points]`."""
        probabilities = special.softmax(np.moveaxis(np.asarray(outputs), 1, 2), axis=-1)
        return ClassPrediction(probabilities, classes_of(scaling))

    def constant_log_likelihood(self, y) -> float:
        """Returns the log-likelihood in nats of the classes' frequencies."""
        return class_log_likelihood(self.targets(y, None)[:, 0])

    def explained(self, prediction, y) -> float:
        """Returns 1 - log loss / log loss of the classes' frequencies."""
        return explained_log_loss(prediction, self.targets(y, None)[:, 0])


def class_log_likelihood(y: np.ndarray) -> float:
    """Returns the log-likelihood in nats, summed over the classes y `[n_points]`, of their frequencies."""
    counts = np.unique(y, return_counts=True)[1]
    return float(np.sum(counts * np.log(counts / len(y))))


def explained_log_loss(prediction: ClassPrediction, y: np.ndarray) -> float:
    """Returns 1 - log loss / log loss of the frequencies of the classes y `[n_points]`, 0 if there is but one
    class, and -inf if a class came true that had been given no probability."""
    unexplained = class_log_likelihood(y)
    return float(1 - np.sum(prediction.log_density(y)) / unexplained) if unexplained < 0 else 0.0
