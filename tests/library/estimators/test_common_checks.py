"""scikit-learn's common checks of the two estimators; none is left out."""

import functools

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

import bayesian_nn as bnn

# The checks fit some hundred times: little is enough for what they ask.
QUICK = functools.partial(bnn.fit_ensemble, n_members=2, n_steps=300, anchored=False, perturbed=False)
PRIOR = bnn.GaussianPrior(1.0)


@pytest.mark.filterwarnings("ignore::bayesian_nn.data.TableWarning")
@parametrize_with_checks(
    [
        bnn.BayesianRegressor(infer=QUICK, prior=PRIOR, hidden=(8,), n_draws=2),
        bnn.BayesianClassifier(infer=QUICK, prior=PRIOR, hidden=(8,), n_draws=2),
    ]
)
def test_a_common_check_passes(estimator, check):
    check(estimator)
