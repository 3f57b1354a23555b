"""Two classes, one output: the logit of the second."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from bayesian_nn.likelihoods.categorical import class_log_likelihood, explained_log_loss
from bayesian_nn.likelihoods.columns import class_column, classes_of
from bayesian_nn.likelihoods.one_target import OneTarget
from bayesian_nn.likelihoods.parameters import in_dtype
from bayesian_nn.predictions.classes import ClassPrediction
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["Bernoulli"]


@dataclass(frozen=True)
class Bernoulli(OneTarget):
    """y is 1 with probability 1 / (1 + exp(-output)), and else 0."""

    @property
    def n_classes(self) -> int:
        """Two."""
        return 2

    def targets(self, y, scaling) -> np.ndarray:
        """Returns y `[n_points]` as `[n_points, 1]` of 0 and 1. Raises ValueError for anything but 0, 1, True
        and False."""
        return class_column(y, 2, remedy="For more than two classes use Categorical.")[:, None]

    def outputs_at(self, targets) -> None:
        """Returns None: a class is certain once it is seen, at no finite output."""
        return None

    def log_density(self, outputs, unknowns, targets, y_scale):
        """Returns log p(y) in nats, elementwise; see `Likelihood`."""
        (logit,), (target,) = outputs, targets
        return -tf.nn.softplus((1 - 2 * in_dtype(target, logit.dtype)) * logit)

    def curvature(self, outputs, unknowns, y_scale) -> list[list[np.ndarray]]:
        """Returns the Fisher information, p (1 - p)."""
        logit = np.asarray(outputs[0], np.float64)
        return [[special.expit(logit) * special.expit(-logit)]]

    def sample(self, outputs, unknowns, scaling, random: np.random.Generator) -> np.ndarray:
        """Returns draws of y, 0 or 1, of the output's shape."""
        probability = special.expit(np.asarray(outputs[0], np.float64))
        return (random.random(probability.shape) < probability).astype(np.int64)

    def prediction(self, x, outputs, unknowns, scaling) -> ClassPrediction:
        """Returns the record of the draws, of two classes, for outputs `[n_draws, 1, n_points]`."""
        probabilities = special.expit(np.stack([-outputs[:, 0], outputs[:, 0]], axis=-1))
        return ClassPrediction(probabilities, classes_of(scaling))

    def constant_log_likelihood(self, y) -> float:
        """Returns the log-likelihood in nats of the frequencies of 0 and 1."""
        return class_log_likelihood(self.targets(y, None)[:, 0])

    def explained(self, prediction, y) -> float:
        """Returns 1 - log loss / log loss of the frequencies of 0 and 1."""
        return explained_log_loss(prediction, self.targets(y, None)[:, 0])
