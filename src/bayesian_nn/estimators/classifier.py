"""A scikit-learn estimator of classes, with their probabilities."""

from dataclasses import replace

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d

from bayesian_nn.data.tables import dataset
from bayesian_nn.estimators.base import BayesianEstimator
from bayesian_nn.estimators.usual import likelihood_of_classes
from bayesian_nn.runtime.checks import finite_numbers, shown

__all__ = ["BayesianClassifier"]


class BayesianClassifier(ClassifierMixin, BayesianEstimator):
    """A Bayesian neural network for classes, as scikit-learn has its classifiers.

    Classes may be words, truth values or numbers. The likelihood is Bernoulli for two classes, and else
    categorical. hidden: the hidden layers' units; None is one layer of 16. The other settings, and what there
    is after `fit`, are those of `BayesianRegressor`; and `classes_`, the classes in the order of the
    probabilities.
    """

    def __init__(
        self,
        *,
        hidden=None,
        prior=None,
        activation="tanh",
        infer=None,
        n_draws=500,
        missing="refuse",
        random_state=0,
    ):
        self.hidden = hidden
        self.prior = prior
        self.activation = activation
        self.infer = infer
        self.n_draws = n_draws
        self.missing = missing
        self.random_state = random_state

    def fit(self, X, y):
        """Fits the network to X `[n_points, n_features]` and classes y `[n_points]`, and returns this
        estimator. Raises ValueError for a single class, and for y that is no classes."""
        X, y = self._rows(X, reset=True), self._labels(y)
        self.classes_, numbers = np.unique(y, return_inverse=True)
        n_classes = len(self.classes_)
        if n_classes < 2:
            raise ValueError(
                f"y has one class, {shown(self.classes_[0])}, in all of its {len(y)} rows: two are needed."
            )
        data = _named(dataset(X, numbers.astype(np.float64), missing=self.missing), self.classes_)
        return self._fit(data, likelihood_of_classes(n_classes))

    def predict(self, X):
        """Returns the class of the highest probability `[n_points]`, as y had it."""
        check_is_fitted(self)
        return self.classes_[self.predict_proba(X).argmax(axis=1)]

    def predict_proba(self, X):
        """Returns the predictive probabilities `[n_points, n_classes]`, in the order of `classes_`."""
        return np.concatenate([record.mean for record in self._records(X)])

    def predict_doubt(self, X):
        """Returns the epistemic part of the uncertainty `[n_points]`, in nats: how far the draws disagree
        about the probabilities, which more data would settle."""
        return np.concatenate([record.epistemic for record in self._records(X)])

    def score(self, X, y):
        """Returns the mean log predictive probability of the classes y `[n_points]`, in nats a row: minus the
        log loss; higher is better."""
        check_is_fitted(self)
        y = self._labels(y)
        strange = np.setdiff1d(y, self.classes_)
        if len(strange):
            raise ValueError(f"y has the class {shown(strange[0])}, which was not among those of the fit.")
        return self._mean_log_density(X, np.searchsorted(self.classes_, y))

    def _take(self, result):
        super()._take(result)
        columns = result.model.scaling.columns
        if columns is None or columns.classes is None:
            raise ValueError("This result is not one of a classifier: it knows no classes.")
        self.classes_ = columns.class_values

    def _labels(self, y):
        """Returns y as `[n_points]`. Raises ValueError for gaps, and for numbers that are no classes."""
        self._require_y(y)
        y = column_or_1d(y, warn=True)
        if y.dtype.kind == "f":
            y = finite_numbers("y", y)
        check_classification_targets(y)
        return y


def _named(data, classes):
    """Returns the data with the names of the classes, from which a loaded estimator has them."""
    kinds = {"b": "bool", "i": "int", "u": "int", "f": "float"}
    columns = data.scaling.columns._replace(
        classes=tuple(str(each) for each in classes.tolist()), class_type=kinds.get(classes.dtype.kind, "str")
    )
    return replace(data, scaling=data.scaling._replace(columns=columns))
