"""Each fault, planted by hand, is found by its finding, with the number and the remedy."""

import numpy as np
import pytest
from truths.hand_made_results import Result, drawn, regression, table

import bayesian_nn as bnn
from bayesian_nn import likelihoods

N_ROWS = 300


def line(likelihood, *, slope=1.0, spread=0.02, intercept=0.0):
    """Draws near the straight line of one input, for a likelihood of one output."""
    noise = np.random.default_rng(1).normal(0, spread, (400, 2))
    return Result(bnn.Model((1, 1), likelihood), noise + np.array([slope, intercept]))


def rows(noise, *, slope=1.0, intercept=0.0, seed=0):
    """Rows along that line, with noise `[n]` made by a generator and x."""
    random = np.random.default_rng(seed)
    x = random.uniform(-2, 2, N_ROWS)
    return table(x[:, None], slope * x + intercept + noise(random, x))


def normal(std):
    return lambda random, x: random.normal(0, std, len(x))


def problems(result, data, **settings):
    return {finding.topic: finding for finding in bnn.check(result, data, **settings).problems}


def test_a_flat_fit_has_not_learned():
    found = problems(line(bnn.Gaussian(1.2), slope=-0.05), rows(normal(0.3)))["learned"]
    assert "worse than the best constant" in found.sentence
    assert "n_restarts" in found.remedy


def test_a_mean_that_has_learned_with_a_noise_far_too_small_is_blamed_for_its_noise():
    found = problems(line(bnn.Gaussian(1e-4), spread=1e-6), rows(normal(0.3)))
    factor = found["noise"].value
    assert factor == pytest.approx(3000, rel=0.15)
    assert "times too little" in found["noise"].sentence
    assert "0.0001 was given" in found["noise"].remedy
    assert "LearnedNoise(0.298)" in found["noise"].remedy
    assert found["bands"].value < 0.05


def test_a_noise_far_too_large_is_found():
    found = problems(line(bnn.Gaussian(50.0)), rows(normal(0.3)))
    assert found["noise"].value == pytest.approx(0.3 / 50, rel=0.2)
    assert "too much" in found["noise"].sentence
    assert found["bands"].value == 1


def test_a_learned_noise_that_has_collapsed_is_found():
    model = bnn.Model((1, 1), bnn.Gaussian(bnn.LearnedNoise(0.3)))
    collapsed = Result(model, np.tile([1.0, 0.0, np.log(1.8e-4)], (400, 1)))
    found = problems(collapsed, rows(normal(1.0)))
    assert found["noise"].value == pytest.approx(1 / 1.8e-4, rel=0.15)
    assert "collapsed" in found["noise"].remedy
    assert "worse than the best constant" in found["learned"].sentence
    assert "its doubt is wrong" in found["learned"].remedy or "Train" in found["learned"].remedy


def test_noise_that_grows_is_found_with_its_input():
    data = rows(lambda random, x: random.normal(size=len(x)) * np.exp(0.5 * x) / 2)
    found = problems(line(bnn.Gaussian(0.7)), data)
    assert found["even noise"].value > 0.2
    assert "grow with" in found["even noise"].sentence
    assert "HeteroscedasticGaussian" in found["even noise"].remedy
    assert "a above" in found["bands by region"].sentence or "a up to" in found["bands by region"].sentence


def test_noise_that_grows_and_is_known_to_is_no_fault():
    # g(x) = x with log_std = 0.5, on 0.5.
    model = bnn.Model((1, 2), likelihoods.HeteroscedasticGaussian(0.5))
    noise = np.random.default_rng(1).normal(0, 0.02, (400, 4))
    right = Result(model, noise + np.array([1.0, 1.0, 0.0, 0.0]))
    data = rows(lambda random, x: random.normal(size=len(x)) * np.exp(0.5 * x) / 2)
    assert not problems(right, data)


def test_outliers_are_found_and_named():
    def noise(random, x):
        values = random.normal(0, 0.3, len(x))
        values[[7, 100, 250]] += [3.0, -2.5, 4.0]
        return values

    data = rows(noise)
    found = problems(line(bnn.Gaussian(0.3)), data)
    assert found["outliers"].value == 3
    assert "rows 7, 100 and 250" in found["outliers"].remedy
    assert "StudentT" in found["outliers"].remedy
    assert "outliers" not in problems(line(likelihoods.StudentT(0.2, 3.0)), data)


def test_a_noise_too_small_throughout_makes_no_outliers():
    found = problems(line(bnn.Gaussian(0.1)), rows(normal(0.35)))
    assert "noise" in found
    assert "outliers" not in found


def test_overdispersed_counts_are_found():
    random = np.random.default_rng(0)
    x = random.uniform(-2, 2, N_ROWS)
    counts = random.poisson(np.exp(0.5 * x + 2) * random.gamma(2, 0.5, N_ROWS))
    data = table(x[:, None], counts)
    found = problems(line(likelihoods.Poisson(), slope=0.5, intercept=2), data)
    assert found["dispersion"].value > 2
    assert "NegativeBinomial" in found["dispersion"].remedy
    right = line(likelihoods.NegativeBinomial(0.5), slope=0.5, intercept=2)
    assert not problems(right, data)


def test_one_region_off_is_found_where_the_whole_looks_right():
    # The middle third is far off, and the rest as much too wide as makes up for it.
    def noise(random, x):
        return random.normal(size=len(x)) * np.where(np.abs(x) < 0.66, 1.6, 0.3)

    found = problems(line(bnn.Gaussian(0.93)), rows(noise))
    assert "bands by region" in found
    assert found["bands by region"].sentence.startswith("With a from -0.")


def test_overconfident_classes_are_found():
    result, data = drawn(0, bnn.Categorical(3), spread=0.02, n_rows=500)
    assert not problems(result, data)
    found = problems(Result(result.model, 4 * result.latents), data)
    assert "overconfident" in found["calibration"].remedy
    found = problems(Result(result.model, 0.2 * result.latents), data)
    assert "underconfident" in found["calibration"].remedy


def test_a_rare_class_that_is_never_called_is_found():
    random = np.random.default_rng(0)
    x = random.normal(size=(600, 1))
    y = (x[:, 0] > 1.6).astype(int)
    model = bnn.Model((1, 1), likelihoods.Bernoulli())
    right = Result(model, np.tile([20.0, -32.0], (400, 1)))
    blind = Result(model, np.tile([20.0, -60.0], (400, 1)))
    verdict = bnn.check(right, table(x, y))
    (about,) = [finding for finding in verdict.findings if finding.topic == "rare class"]
    assert about.holds
    assert "judge by probabilities" in about.sentence
    assert about.value == pytest.approx(y.mean())
    found = problems(blind, table(x, y))["rare class"]
    assert "the prediction expects 0" in found.sentence
    assert found.limit < found.value
    assert "class, 1," in found.sentence


def test_a_rare_class_has_its_name():
    x = np.random.default_rng(0).normal(size=200)
    data = bnn.dataset(x, np.where(x > 1.6, "deer", "stone"))
    named = Result(bnn.Model((1, 1), likelihoods.Bernoulli(), scaling=data.scaling), np.zeros((400, 2)))
    (about,) = [each for each in bnn.check(named, data).findings if each.topic == "rare class"]
    assert "class, deer," in about.sentence


def test_bands_below_zero_of_what_is_never_negative_are_found():
    random = np.random.default_rng(0)
    x = random.uniform(-2, 2, N_ROWS)
    y = np.exp(x + random.normal(0, 0.5, N_ROWS))
    fitted = Result(bnn.Model((1, 1), bnn.Gaussian(1.8)), np.tile([1.4, 1.8], (400, 1)))
    found = problems(fitted, table(x[:, None], y))
    assert found["range"].value > 0.3
    assert "log(y)" in found["range"].remedy
    assert "Poisson" in problems(fitted, table(x[:, None], np.ceil(y)))["range"].remedy
    assert "range" not in problems(line(bnn.Gaussian(0.3), intercept=9), rows(normal(0.3), intercept=9))


def test_y_over_orders_of_magnitude_is_found():
    random = np.random.default_rng(0)
    x = random.uniform(0, 1, N_ROWS)
    data = table(x[:, None], 10 ** (5 * x))
    found = problems(line(bnn.Gaussian(1e4), slope=5e4), data)["magnitudes"]
    assert found.value == pytest.approx(4.9, abs=0.15)
    assert "log(y)" in found.remedy


def test_a_forgotten_scaling_is_found():
    random = np.random.default_rng(0)
    x = random.uniform(1950, 2020, N_ROWS)
    data = table(x[:, None], 2e5 + 1e3 * (x - 1985) + random.normal(0, 5e3, N_ROWS))
    forgotten = Result(bnn.Model((1, 1), bnn.Gaussian(5e3)), np.zeros((400, 2)))
    assert "scaling=data.scaling" in problems(forgotten, data)["units"].remedy
    scaled = bnn.Model((1, 1), bnn.Gaussian(5e3), scaling=data.scaling)
    assert "units" not in problems(Result(scaled, np.tile([0.95, 0.0], (400, 1))), data)


def test_each_of_several_targets_is_looked_at_by_its_own_name():
    _, _, data = regression(0, n_inputs=1)
    y = np.column_stack([data.y, data.y])
    model = bnn.Model((1, 2), likelihoods.Several((bnn.Gaussian(0.5), bnn.Gaussian(0.01))))
    fitted = np.polyfit(data.x[:, 0], data.y, 1)
    both = bnn.dataset(data.x, y, y_name=("first", "second"))
    found = problems(Result(model, np.tile(np.repeat(fitted, 2), (400, 1))), both)
    assert found["noise"].sentence.startswith("second: residuals")
