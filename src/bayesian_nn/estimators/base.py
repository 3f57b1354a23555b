"""What the two estimators share: rows in, a model and a result made, draws in parts out."""

from collections.abc import Iterator

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from bayesian_nn.data.cells import frame_of
from bayesian_nn.data.tables import Dataset
from bayesian_nn.estimators.by_size import choose, infer_by_size
from bayesian_nn.estimators.usual import usual_model
from bayesian_nn.prediction.parts import predict_in_parts
from bayesian_nn.prediction.saved import load, save
from bayesian_nn.runtime.checks import shown, whole_number

__all__ = ["BayesianEstimator", "seed_of"]


class BayesianEstimator(BaseEstimator):
    """What `BayesianRegressor` and `BayesianClassifier` have in common."""

    def save(self, path) -> None:
        """Writes what was fitted to one `.npz` file, whole or not at all, never a pickle: `load` of this
        class reads it, and so does `bnn.load`, which returns the `result_`. The settings of the estimator
        stay behind. Raises OSError, with the path and the remedy, if it cannot be written."""
        check_is_fitted(self)
        save(self.result_, path)

    @classmethod
    def load(cls, path, **settings):
        """Returns an estimator that predicts as the one whose `save` wrote the file did, with the given
        settings. Raises ValueError for any other file, and for a result of another kind of y."""
        estimator = cls(**settings)
        estimator._take(load(path))
        return estimator

    def _fit(self, data: Dataset, likelihood):
        model = usual_model(
            data, likelihood, hidden=self.hidden, prior=self.prior, activation=self.activation
        )
        if self.infer is None:
            choice = choose(model, data.n_points)
            infer, self.method_, self.reason_ = infer_by_size, choice.method, choice.why
        elif callable(self.infer):
            infer = self.infer
            name = getattr(infer, "__name__", shown(infer))
            self.method_, self.reason_ = name, f"infer={name} was asked for."
        else:
            raise ValueError(
                "infer must be a function of model, data and seed, such as bnn.sample_hmc, or None; got "
                f"{shown(self.infer)}."
            )
        self._take(infer(model, data, seed=seed_of(self.random_state)))
        self.data_ = data
        return self

    def _take(self, result):
        self.result_ = result
        columns = result.model.scaling.columns
        self.n_features_in_ = result.model.layer_sizes[0] if columns is None else len(columns.names)

    def _rows(self, X, *, reset: bool):
        """Returns X as a frame whose columns were compared with those of the fit, or as float64
        `[n_points, n_inputs]`."""
        if frame_of(X) is not None:
            if not reset and not hasattr(self, "data_"):
                # Loaded: its encoding knows the columns that are needed, in any order.
                return X
            validate_data(self, X, reset=reset, skip_check_array=True)
            return X
        return validate_data(self, X, reset=reset, dtype=np.float64, ensure_min_samples=2 if reset else 1)

    def _require_y(self, y):
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")

    def _records(self, X) -> Iterator:
        """Yields the records of what draws predict for X, part by part, so that memory stays bounded."""
        check_is_fitted(self)
        yield from predict_in_parts(self.result_, self._rows(X, reset=False), n_draws=self.n_draws, seed=0)

    def _mean_log_density(self, X, targets):
        begin, total = 0, 0.0
        for record in self._records(X):
            end = begin + len(record.mean)
            if end > len(targets):
                break
            total += record.log_density(targets[begin:end]).sum()
            begin = end
        else:
            if begin == len(targets):
                return float(total / begin)
        raise ValueError(f"X and y must have as many rows as each other; y has {len(targets)}.")


def seed_of(random_state) -> int:
    """Returns the seed that a `random_state` stands for: a whole number is its own; a generator, or None,
    gives one."""
    if isinstance(random_state, int | np.integer) and not isinstance(random_state, bool):
        return whole_number("random_state", random_state, at_least=0)
    return int(check_random_state(random_state).randint(2**31 - 1))
