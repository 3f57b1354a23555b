"""The full-covariance family: covariances that are none, and fits that only it can make."""

import numpy as np
import pytest
from truths.linear_regression import exact, problem

import bayesian_nn as bnn

FAMILY = bnn.FullCovariance()


@pytest.mark.parametrize(
    ("covariance", "message"),
    [
        ([[1.0, 2.0], [2.0, 1.0]], "covariance must be positive definite, .* add a little to its diagonal"),
        ([[1.0, 0.5], [0.0, 1.0]], "covariance must be symmetric, .* symmetrise it first"),
        ([[1.0, 0.5], [np.nan, 1.0]], "covariance has 1 values that are not finite"),
    ],
)
def test_a_covariance_that_is_none_is_refused(covariance, message):
    with pytest.raises(ValueError, match=message):
        FAMILY.parameters(np.zeros(2), covariance)


def test_a_fit_that_sticks_the_landing_finds_the_exact_posterior_and_the_evidence():
    model, data = problem()
    truth = exact(model, data)
    landing = bnn.Elbo(n_draws=20, analytic_kl=False, stick_the_landing=True)
    run = bnn.fit(model, data, seed=0, n_steps=2000, posterior=FAMILY, objective=landing)
    q = FAMILY.distribution(run.parameters)
    std = np.sqrt(np.diag(truth.covariance))
    assert np.all(np.abs(q.mean() - truth.mean) < 0.02 * std)
    np.testing.assert_allclose(
        q.covariance() / np.outer(std, std), truth.covariance / np.outer(std, std), atol=0.02
    )
    # Mean-field has other sds, and an ELBO clearly below the evidence.
    assert np.all(truth.mean_field_std[:2] < 0.85 * np.array(q.stddev())[:2])
    ratios = bnn.objectives.estimate_elbo(
        model, FAMILY, run.parameters, data, seed=7, n_draws=100, analytic_kl=False
    )
    assert ratios.elbo == pytest.approx(truth.log_evidence, rel=1e-4)
    assert ratios.elbo > truth.mean_field_elbo + 0.2


def test_the_usual_fit_learns_the_post_s_network_better_than_mean_field():
    data = bnn.data.cosine_with_gap(seed=42)
    model, elbos = bnn.Model((1, 10, 10, 1), bnn.Gaussian(0.1), scaling=data.scaling), {}
    for family in (bnn.MeanField(), FAMILY):
        run = bnn.fit(model, data, seed=0, n_restarts=4, record_at=[], posterior=family)
        elbos[family] = np.median(run.final_elbos)
    assert elbos[FAMILY] > elbos[bnn.MeanField()] + 3
