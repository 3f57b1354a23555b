"""scikit-learn's common checks of the two estimators; none is left out."""

from dataclasses import dataclass

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import bayesian_nn as bnn


@dataclass(frozen=True)
class Quick:
    """The checks fit some hundred times: little is enough for what they ask. No function with settings, whose
    address would be in the tests' names, and another in each process."""

    def __call__(self, model, data, *, seed):
        return bnn.fit_ensemble(
            model, data, seed=seed, n_members=2, n_steps=300, anchored=False, perturbed=False
        )


PRIOR = bnn.GaussianPrior(1.0)


@pytest.mark.filterwarnings("ignore::bayesian_nn.data.TableWarning")
@parametrize_with_checks(
    [
        bnn.BayesianRegressor(infer=Quick(), prior=PRIOR, hidden=(8,), n_draws=2),
        bnn.BayesianClassifier(infer=Quick(), prior=PRIOR, hidden=(8,), n_draws=2),
    ]
)
def test_a_common_check_passes(estimator, check):
    check(estimator)
