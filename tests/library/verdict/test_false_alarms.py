"""A right prediction is not blamed: it fails as seldom as chance has it, whatever the likelihood."""

from collections import Counter

import numpy as np
import pytest
from truths.hand_made_results import drawn, regression

import bayesian_nn as bnn
from bayesian_nn import likelihoods
from bayesian_nn.verdict.surprise import surprise

N_VERDICTS = 40
# Six findings that each fail once in a hundred: of forty verdicts 2.4 fail, and nine once in 3,000.
MOST = 8

RIGHT = {
    "known noise": (bnn.Gaussian(0.5), 0.1),
    "learned noise": (bnn.Gaussian(bnn.LearnedNoise(0.5)), 0.05),
    "noise that depends on x": (likelihoods.HeteroscedasticGaussian(0.5), 0.1),
    "Student-t": (likelihoods.StudentT(0.5), 0.1),
    "two classes": (likelihoods.Bernoulli(), 0.1),
    "classes": (bnn.Categorical(4), 0.1),
    "counts": (likelihoods.Poisson(), 0.05),
    "overdispersed counts": (likelihoods.NegativeBinomial(0.5), 0.05),
    "several": (likelihoods.Several((bnn.Gaussian(0.5), likelihoods.Poisson())), 0.05),
}


def test_few_verdicts_on_rows_that_a_right_posterior_has_not_seen_fail():
    failed = Counter()
    for seed in range(N_VERDICTS):
        # Few rows of the fit, so that the doubt about the weights is as large as the noise.
        result, training, rows = regression(seed, n_training=20, n_rows=150)
        verdict = bnn.check(result, rows, training=training, seed=seed)
        failed.update(finding.topic for finding in verdict.problems)
        failed["any"] += not verdict.holds
    assert failed.pop("any", 0) <= MOST
    assert all(count <= 4 for count in failed.values()), failed


@pytest.mark.parametrize("name", RIGHT)
def test_few_verdicts_on_a_right_prediction_fail(name):
    likelihood, spread = RIGHT[name]
    failed = Counter()
    for seed in range(12):
        result, rows = drawn(seed, likelihood, spread=spread)
        verdict = bnn.check(result, rows, seed=seed)
        failed.update(finding.topic for finding in verdict.problems)
        failed["any"] += not verdict.holds
    # Nine findings at most: of twelve verdicts one fails.
    assert failed["any"] <= 5, failed


def test_one_replicate_in_a_hundred_is_beyond_the_limit_over_all_looks():
    random = np.random.default_rng(0)
    # Looks that depend on one another, and are skewed.
    common = random.normal(size=(20, 600, 1))
    looks = np.exp(0.5 * random.normal(size=(20, 600, 30)) + 0.5 * common)
    beyond = []
    for replicates, others in zip(looks[:, :400], looks[:, 400:], strict=True):
        for observed in others:
            z, limit = surprise(observed, replicates)
            beyond.append(np.max(np.abs(z)) > limit)
    # Each limit is estimated from 400 replicates, with an error of half of what it allows.
    assert np.mean(beyond) == pytest.approx(0.01, abs=5 * 0.005 / np.sqrt(20))


def test_a_statistic_that_no_replicate_has_is_beyond_the_limit():
    z, limit = surprise([1.0, 0.5], np.tile([1.0, 1.0], (50, 1)))
    assert z[0] == 0
    assert abs(z[1]) > limit
