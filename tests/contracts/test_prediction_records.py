"""What every record of draws keeps, real or count: rows are records, columns are laws."""

import time

import numpy as np
import pytest
from scipy import stats

from bayesian_nn.predictions import normal_mixture
from bayesian_nn.predictions.classes import ClassPrediction
from bayesian_nn.predictions.counts import CountPrediction
from bayesian_nn.predictions.real import Prediction
from bayesian_nn.predictions.several import SeveralPredictions
from bayesian_nn.predictions.student_t import StudentTPrediction

LEVELS = [0.001, 0.025, 0.3, 0.5, 0.975]
N_DRAWS, N_POINTS = 12, 6
X = np.zeros((N_POINTS, 1))
RANDOM = np.random.default_rng(0)
F = RANDOM.normal(0, [0.01, 0.3, 1, 3, 10, 100], (N_DRAWS, N_POINTS))
RATES = np.exp(RANDOM.normal([-8, -1, 1, 3, 6, 9], 0.5, (N_DRAWS, N_POINTS)))
PER_DRAW, PER_POINT = RANDOM.uniform(0.2, 2, N_DRAWS), RANDOM.uniform(0.01, 2, (N_DRAWS, N_POINTS))
DOF = RANDOM.uniform(2.5, 9, N_DRAWS)
COLUMN = PER_DRAW[:, None]

# Each record beside SciPy's distributions of its draws.
RECORDS = {
    "a noise sd per draw": (Prediction(X, F, PER_DRAW), stats.norm(F, COLUMN)),
    "a noise sd per draw and point": (Prediction(X, F, PER_POINT), stats.norm(F, PER_POINT)),
    "Student-t": (StudentTPrediction(X, F, PER_DRAW, DOF), stats.t(DOF[:, None], F, COLUMN)),
    "Poisson": (CountPrediction(X, RATES), stats.poisson(RATES)),
    "negative binomial": (
        CountPrediction(X, RATES, PER_DRAW),
        stats.nbinom(1 / COLUMN, 1 / (1 + COLUMN * RATES)),
    ),
}
every = pytest.mark.parametrize(("record", "of_draws"), RECORDS.values(), ids=RECORDS)


@every
def test_the_cdf_and_the_density_are_scipy_s_averaged_over_draws(record, of_draws):
    for y in of_draws.ppf(0.4)[:3]:
        np.testing.assert_allclose(record.cdf(y), of_draws.cdf(y).mean(axis=0), rtol=1e-9)
        log_densities = of_draws.logpmf(y) if isinstance(record, CountPrediction) else of_draws.logpdf(y)
        np.testing.assert_allclose(record.log_densities(y), log_densities, rtol=1e-8, atol=1e-8)
        expected = np.log(np.mean(np.exp(log_densities), axis=0))
        np.testing.assert_allclose(record.log_density(y), expected, rtol=1e-8)


@every
def test_mean_and_standard_deviations_are_those_of_the_mixture(record, of_draws):
    means, variances = of_draws.stats("mv")
    np.testing.assert_allclose(record.mean, means.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(record.epistemic_std, means.std(axis=0), rtol=1e-12)
    np.testing.assert_allclose(record.aleatoric_std, np.sqrt(variances.mean(axis=0)), rtol=1e-12)
    np.testing.assert_allclose(record.std, np.sqrt(means.var(axis=0) + variances.mean(axis=0)), rtol=1e-12)


@every
def test_quantiles_invert_the_cdf(record, of_draws):
    quantiles = record.quantiles(LEVELS, with_noise=True)
    assert quantiles.shape == (len(LEVELS), N_POINTS)
    for level, quantile in zip(LEVELS, quantiles, strict=True):
        if isinstance(record, CountPrediction):
            assert np.all(quantile == np.rint(quantile))
            assert np.all(record.cdf(quantile) >= level)
            assert np.all(record.cdf(quantile - 1) < level)
        else:
            np.testing.assert_allclose(record.cdf(quantile), level, rtol=1e-8)
    of_mean = record.rates if isinstance(record, CountPrediction) else record.draws
    np.testing.assert_array_equal(
        record.quantiles(LEVELS, with_noise=False), np.quantile(of_mean, LEVELS, axis=0)
    )


@every
def test_levels_and_targets_that_cannot_be_are_refused(record, of_draws):
    with pytest.raises(ValueError, match=r"levels must lie strictly between 0 and 1; got \[95.0\]"):
        record.quantiles(95, with_noise=True)
    with pytest.raises(ValueError, match=r"y must have shape \[n_points\] = \[6\]; got \[6, 1\]"):
        record.log_density(np.ones((6, 1)))


@pytest.mark.parametrize("narrowest", [0.5, 1e-5])
def test_the_crps_with_noise_that_differs_from_point_to_point_is_the_sum_over_all_pairs(narrowest):
    # One so narrow that there are fewer pairs than terms of the series, and one that is not.
    n = 60
    f, stds = RANDOM.normal(0, [0.01, 0.3, 1, 3, 10, 100], (n, 6)), RANDOM.uniform(0.5, 2, (n, 6))
    stds[3] = narrowest
    y = RANDOM.normal(size=6)

    def distance(mean, std):
        return 2 * std * stats.norm.pdf(mean / std) + mean * (2 * stats.norm.cdf(mean / std) - 1)

    pairs = distance(f[:, None] - f, np.hypot(stds[:, None], stds)).mean(axis=(0, 1))
    expected = distance(y - f, stds).mean(axis=0) - pairs / 2
    np.testing.assert_allclose(Prediction(X, f, stds).crps(y), expected, rtol=0, atol=1e-7)


def test_quantiles_with_noise_that_differs_from_point_to_point_are_sought_in_few_steps(monkeypatch):
    counted, step = [], normal_mixture._excess_and_step
    monkeypatch.setattr(normal_mixture, "_excess_and_step", lambda *args: counted.append(args) or step(*args))
    f, stds = RANDOM.normal(0, 0.3, (1000, 50)), RANDOM.uniform(0.1, 0.4, (1000, 50))
    quantiles = Prediction(np.zeros((50, 1)), f, stds).quantiles([0.05, 0.5, 0.95], with_noise=True)
    assert sum(args[0].size for args in counted) <= 5 * quantiles.size


def test_noise_without_a_variance_has_an_infinite_standard_deviation():
    record = StudentTPrediction(X, F, PER_DRAW, np.full(N_DRAWS, 2.0))
    assert np.all(record.aleatoric_std == np.inf)
    assert np.all(np.isfinite(record.quantiles(LEVELS, with_noise=True)))


def test_a_thousand_draws_at_a_thousand_points_take_seconds():
    rates = np.exp(RANDOM.normal(3, 1, (1000, 1000)))
    began = time.process_time()
    CountPrediction(np.zeros((1000, 1)), rates).quantiles([0.05, 0.5, 0.95], with_noise=True)
    # A second or two; level by level through all whole numbers it would be minutes.
    assert time.process_time() - began < 20


def test_classes_have_the_log_of_the_mean_probability_and_refuse_others():
    record = ClassPrediction([[[0.2, 0.8], [1.0, 0.0]], [[0.6, 0.4], [1.0, 0.0]]])
    np.testing.assert_allclose(record.log_density([0, 1]), [np.log(0.4), -np.inf])
    for wrong in (2, -1, 0.5):
        with pytest.raises(ValueError, match=rf"y must be classes, .* = 1; got {wrong} at index 1"):
            record.log_density([0, wrong])


def test_several_targets_are_one_mixture_over_draws_together():
    parts = (RECORDS["a noise sd per draw"][0], RECORDS["Poisson"][0])
    record, y = SeveralPredictions(parts), np.column_stack([F[0], np.rint(RATES[0])])
    together = stats.norm.logpdf(y[:, 0], F, COLUMN) + stats.poisson.logpmf(y[:, 1], RATES)
    np.testing.assert_allclose(record.log_density(y), np.log(np.mean(np.exp(together), axis=0)), rtol=1e-8)
    apart = sum(part.log_density(column) for part, column in zip(parts, y.T, strict=True))
    assert np.all(np.abs(record.log_density(y) - apart)[2:] > 0.01)
    np.testing.assert_array_equal(record.mean, np.column_stack([part.mean for part in parts]))
    with pytest.raises(ValueError, match=r"y must have shape \[n_points, n_targets\] = \[6, 2\]; got \[6\]"):
        record.log_density(F[0])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda: CountPrediction(X, -RATES), "rates must be zero or more; got .* Then apply exp"),
        (lambda: CountPrediction(X, RATES, 0 * PER_DRAW), "dispersion must be positive; got 0. .* give None"),
        (
            lambda: CountPrediction(X, RATES).log_density(X[:, 0] - 1),
            "y must be counts, .*; got -1 at index 0",
        ),
        (lambda: CountPrediction(X, RATES[:, 1:]), "rates must have n_points = 6, as x has; got 5"),
        (lambda: StudentTPrediction(X, F, PER_DRAW, -DOF), "dof must be positive; got -"),
        (lambda: StudentTPrediction(X, F, 0 * PER_DRAW, DOF), "scale must be positive; got 0"),
        (lambda: Prediction(X, F, PER_POINT[:, 1:]), "noise_std must have n_points = 6, as x has; got 5"),
        (lambda: SeveralPredictions(()), r"parts must be one or more records .*; got .* \[\]"),
        (lambda: SeveralPredictions((X,)), "parts must be records of one target each; got a ndarray"),
        (
            lambda: SeveralPredictions((Prediction(X, F, PER_DRAW), CountPrediction(X, RATES[1:]))),
            r"parts must be .* the same draws .* \[\(12, 6\), \(11, 6\)\]",
        ),
    ],
)
def test_a_wrong_record_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        wrong()
