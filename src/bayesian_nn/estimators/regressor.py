"""A scikit-learn estimator of numbers, with their uncertainty."""

import warnings

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.exceptions import DataConversionWarning
from sklearn.utils.validation import check_is_fitted

from bayesian_nn.data.tables import dataset
from bayesian_nn.estimators.base import BayesianEstimator, seed_of
from bayesian_nn.estimators.usual import usual_likelihood
from bayesian_nn.prediction.targets import draw_targets
from bayesian_nn.runtime.checks import finite_numbers, fraction, whole_number

__all__ = ["BayesianRegressor"]


class BayesianRegressor(RegressorMixin, BayesianEstimator):
    """A Bayesian neural network for numbers, as scikit-learn has its regressors.

    likelihood: of y given the network's outputs, such as `bnn.likelihoods.Poisson()`, or a function that
    makes one for a `Dataset`; None is a Gaussian whose noise depends on x, or below 100 rows is the same
    everywhere, to be learned. hidden: the hidden layers' units; None is three layers of 16, or from 3,000
    rows on of 32. prior: None is `LogNormalScale()`, a scale to be learned for each layer. activation: of
    the hidden layers. infer: an inference method of this library, as in `infer=bnn.sample_hmc`, or a
    function of model, data and `seed`; None takes what the table's size affords within about a minute
    (`bnn.estimators.infer_by_size`). n_draws: of the posterior, for a prediction. missing: what to do about
    gaps in a data frame, "refuse", "drop" or "impute". random_state: the seed.

    X may be an array or a data frame, whose words, truth values and dates are encoded. After `fit`:
    `result_`, what the method returned; `data_`, the `Dataset`; `method_` and `reason_`, which method it was
    and why; `n_features_in_`, and of a frame `feature_names_in_`.
    """

    def __init__(
        self,
        *,
        likelihood=None,
        hidden=None,
        prior=None,
        activation="tanh",
        infer=None,
        n_draws=500,
        missing="refuse",
        random_state=0,
    ):
        self.likelihood = likelihood
        self.hidden = hidden
        self.prior = prior
        self.activation = activation
        self.infer = infer
        self.n_draws = n_draws
        self.missing = missing
        self.random_state = random_state

    def fit(self, X, y):
        """Fits the network to X `[n_points, n_features]` and y `[n_points]`, or `[n_points, n_targets]`, and
        returns this estimator. Raises ValueError for what is not numbers, or has gaps."""
        X = self._rows(X, reset=True)
        data = dataset(X, self._targets(y), missing=self.missing)
        likelihood = usual_likelihood(data) if self.likelihood is None else self.likelihood
        # A class of likelihoods, too, can be called; its error would not name the remedy.
        if callable(likelihood) and not isinstance(likelihood, type):
            likelihood = likelihood(data)
        return self._fit(data, likelihood)

    def predict(self, X, return_std=False):
        """Returns the predictive mean `[n_points]`, of several targets `[n_points, n_targets]`, in y's units;
        with `return_std` also the sd of a new y, noise included, of the same shape."""
        parts = [(record.mean, _std(record) if return_std else None) for record in self._records(X)]
        means, stds = zip(*parts, strict=True)
        mean = np.concatenate(means)
        return (mean, np.concatenate(stds)) if return_std else mean

    def predict_interval(self, X, level=0.9):
        """Returns the ends of the central interval that holds a new y with probability `level`, `[n_points,
        2]` or `[n_points, n_targets, 2]`, in y's units."""
        level = fraction("level", fraction("level", level, but=0), but=1)
        return self.predict_quantiles(X, [(1 - level) / 2, (1 + level) / 2])

    def predict_quantiles(self, X, levels):
        """Returns the quantiles of a new y `[n_points, n_levels]`, or `[n_points, n_targets, n_levels]`, for
        levels between 0 and 1."""
        return np.concatenate([_quantiles(record, levels) for record in self._records(X)])

    def sample_y(self, X, n_samples=1, random_state=0):
        """Returns draws of new y `[n_points, n_samples]`, or `[n_points, n_targets, n_samples]`, each of a
        draw of the posterior's own, noise included."""
        check_is_fitted(self)
        n_samples = whole_number("n_samples", n_samples)
        seed = seed_of(random_state)
        drawn = draw_targets(self.result_, self._rows(X, reset=False), n_draws=n_samples, seed=seed)
        return np.moveaxis(drawn, 0, -1)

    def score(self, X, y):
        """Returns the mean log predictive density of y `[n_points]`, in nats a row; higher is better. It is
        no R²: it rewards a mean that is near and an uncertainty that is honest."""
        return self._mean_log_density(X, finite_numbers("y", y))

    def _targets(self, y):
        """Returns y as it is: `dataset` sees to its kind and its gaps."""
        self._require_y(y)
        if getattr(y, "ndim", 1) == 2 and y.shape[1] == 1:
            warnings.warn(
                "A column-vector y was passed when a 1d array was expected; it is taken as y[:, 0].",
                DataConversionWarning,
                stacklevel=3,
            )
        return y

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        # The common checks take `score` for R², and want more than a half of it.
        tags.regressor_tags.poor_score = True
        return tags


def _std(record):
    """Returns the predictive sd `[n_points]`, of several targets `[n_points, n_targets]`."""
    parts = getattr(record, "parts", None)
    return record.std if parts is None else np.column_stack([part.std for part in parts])


def _quantiles(record, levels):
    """Returns the quantiles `[n_points, n_levels]`, of several targets `[n_points, n_targets, n_levels]`."""
    parts = getattr(record, "parts", None)
    if parts is None:
        return record.quantiles(levels, with_noise=True).T
    return np.stack([part.quantiles(levels, with_noise=True).T for part in parts], axis=1)
