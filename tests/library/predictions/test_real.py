"""What draws predict, against closed forms and brute force."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from scipy.stats import norm

from bayesian_nn.predictions import normal_mixture as mixture
from bayesian_nn.predictions.normal_mixture import normal_cdf_and_density
from bayesian_nn.predictions.real import Prediction, PredictionFilm

LEVELS = [0.025, 0.3, 0.5, 0.975]


def example(n_draws=30, n_points=4):
    random = np.random.default_rng(3)
    draws = random.normal(0, [0.1, 1, 3, 10], (n_draws, n_points))
    return Prediction(np.arange(n_points)[:, None], draws, random.uniform(0.2, 2, n_draws))


def film_arrays(n_frames=3, n_curves=2, n_points=5):
    band = np.ones((n_frames, n_points))
    curves = np.ones((n_frames, n_curves, n_points))
    return {
        "steps": np.arange(n_frames),
        "x": np.linspace(0, 1, n_points),
        "mean": band,
        "epistemic_std": band,
        "std": band,
        "curves": curves,
    }


def test_quantiles_of_equal_draws_are_a_normals():
    prediction = Prediction([[0.0], [1.0]], np.tile([5.0, -2.0], (7, 1)), np.full(7, 0.3))
    expected = [[NormalDist(mean, 0.3).inv_cdf(level) for mean in (5, -2)] for level in LEVELS]
    np.testing.assert_allclose(prediction.quantiles(LEVELS, with_noise=True), expected, rtol=1e-12)


def test_the_mixture_has_the_level_as_its_probability_below_the_quantile():
    prediction = example()
    quantiles = prediction.quantiles(LEVELS, with_noise=True)
    for level, of_points in zip(LEVELS, quantiles, strict=True):
        for quantile, draws in zip(of_points, prediction.draws.T, strict=True):
            normals = [NormalDist(*normal) for normal in zip(draws, prediction.noise_std, strict=True)]
            assert np.mean([normal.cdf(quantile) for normal in normals]) == pytest.approx(level, rel=1e-9)


def test_the_cdf_and_the_density_are_the_normals():
    z = np.concatenate([np.linspace(-45, 45, 20_001), np.random.default_rng(0).normal(size=5_000)])
    cdf, density = normal_cdf_and_density(z)
    exact = [0.5 * math.erfc(-each / math.sqrt(2)) for each in z]
    np.testing.assert_allclose(cdf, exact, rtol=0, atol=2e-15)
    np.testing.assert_allclose(density, np.exp(-0.5 * z**2) / np.sqrt(2 * np.pi), rtol=0, atol=1e-9)
    tail = (z > -20) & (z < 0)
    np.testing.assert_allclose(cdf[tail], np.array(exact)[tail], rtol=1e-9)


def test_quantiles_of_many_draws_are_sought_in_few_steps_a_block(monkeypatch):
    counted, step = [], mixture._excess_and_step
    monkeypatch.setattr(mixture, "_excess_and_step", lambda *args: counted.append(args) or step(*args))
    random = np.random.default_rng(0)
    draws, noise_std = random.normal(0, 0.3, (1000, 50)), np.exp(random.normal(-2, 0.1, 1000))
    prediction = Prediction(np.zeros((50, 1)), draws, noise_std)
    quantiles = prediction.quantiles([0.05, 0.5, 0.95], with_noise=True)
    assert quantiles.shape == (3, 50)
    assert sum(args[0].size for args in counted) <= 4 * quantiles.size
    one = [prediction.quantiles(level, with_noise=True)[0] for level in (0.05, 0.5, 0.95)]
    np.testing.assert_allclose(quantiles, one, rtol=0, atol=1e-12)


def test_quantiles_between_far_apart_draws_where_the_density_underflows():
    prediction = Prediction([[0.0]], [[-1000.0], [1000.0], [1000.0]], np.full(3, 0.01))
    expected = [NormalDist(-1000, 0.01).inv_cdf(0.9), NormalDist(1000, 0.01).inv_cdf(0.25)]
    np.testing.assert_allclose(prediction.quantiles([0.3, 0.5], with_noise=True)[:, 0], expected, rtol=1e-12)


def test_quantiles_without_noise_are_those_of_the_draws():
    prediction = Prediction([[0.0]], [[4.0], [1.0], [2.0], [3.0], [0.0]], np.full(5, 9.0))
    np.testing.assert_allclose(prediction.quantiles([0.25, 0.5], with_noise=False), [[1.0], [2.0]])


def test_mean_and_standard_deviation_against_samples_of_the_mixture():
    prediction, random = example(), np.random.default_rng(0)
    draw = random.integers(0, 30, 400_000)
    noise = prediction.noise_std[draw] * random.normal(size=len(draw))
    samples = prediction.draws[draw] + noise[:, None]
    error = samples.std(axis=0) / np.sqrt(len(samples))
    assert np.all(np.abs(samples.mean(axis=0) - prediction.mean) < 5 * error)
    squares = (samples - samples.mean(axis=0)) ** 2
    error = squares.std(axis=0) / np.sqrt(len(samples))
    assert np.all(np.abs(squares.mean(axis=0) - prediction.std**2) < 5 * error)
    # The test would notice noise left out, or averaged as a standard deviation and not as a variance.
    wrong = prediction.epistemic_std**2 + prediction.noise_std.mean() ** 2
    assert np.abs(squares.mean(axis=0) - wrong)[0] > 20 * error[0]


def test_the_parts_of_the_standard_deviation_by_hand():
    prediction = Prediction([[0.0]], [[1.0], [3.0]], [3.0, 4.0])
    assert prediction.epistemic_std == pytest.approx([1.0])
    assert prediction.aleatoric_std == pytest.approx([np.sqrt(12.5)])
    assert prediction.std == pytest.approx([np.sqrt(13.5)])


def test_log_density_by_hand_and_where_every_density_underflows():
    prediction = Prediction([[0.0]], [[0.0], [1.0]], [1.0, 2.0])
    by_hand = np.log((NormalDist(0, 1).pdf(0.5) + NormalDist(1, 2).pdf(0.5)) / 2)
    assert prediction.log_density([0.5]) == pytest.approx([by_hand], rel=1e-12)
    far = np.log(0.5 / (2 * np.sqrt(2 * np.pi))) - 0.5 * (999 / 2) ** 2
    assert prediction.log_density([1000.0]) == pytest.approx([far], rel=1e-12)


def test_the_cdf_is_the_mixture_s_and_the_level_at_the_quantile():
    prediction, y = example(), [0.3, -1.0, 2.0, 30.0]
    by_hand = norm.cdf(y, prediction.draws, prediction.noise_std[:, None]).mean(axis=0)
    np.testing.assert_allclose(prediction.cdf(y), by_hand, rtol=1e-12)
    for level in LEVELS:
        quantile = prediction.quantiles(level, with_noise=True)[0]
        np.testing.assert_allclose(prediction.cdf(quantile), level, rtol=1e-9)


def distance_of_normals(mean, std):
    """E|N(mean, std²)|."""
    return 2 * std * norm.pdf(mean / std) + mean * (2 * norm.cdf(mean / std) - 1)


@pytest.mark.parametrize("spread", [0.0, 0.01, 1.0, 300.0])
def test_the_crps_is_the_sum_over_all_pairs(spread):
    random = np.random.default_rng(1)
    n_draws, n_points = 70, 5
    draws = 40 + np.asfortranarray(random.normal(0, spread, (n_draws, n_points)))
    noise_std, y = random.uniform(0.1, 0.4, n_draws), 40 + random.normal(0, 0.1 + spread, n_points)
    # Grimit et al. 2006.
    pairs = distance_of_normals(draws[:, None] - draws, np.hypot(noise_std[:, None], noise_std)[..., None])
    expected = distance_of_normals(y - draws, noise_std[:, None]).mean(axis=0) - pairs.mean(axis=(0, 1)) / 2
    crps = Prediction(np.zeros((n_points, 1)), draws, noise_std).crps(y)
    np.testing.assert_allclose(crps, expected, rtol=0, atol=1e-8)


def test_the_crps_of_one_normal_and_of_hardly_any_noise():
    # The closed form of a normal at its mean, and the absolute error of a point.
    normal = Prediction([[0.0]], [[3.0]], [2.0])
    assert normal.crps([3.0]) == pytest.approx([2 * (np.sqrt(2) - 1) / np.sqrt(np.pi)], rel=1e-8)
    point = Prediction([[0.0]], [[3.0]], [1e-6])
    assert point.crps([-1.0]) == pytest.approx([4.0], abs=1e-5)


def test_the_crps_in_blocks_is_the_crps_of_each_point(monkeypatch):
    prediction, y = example(), np.array([0.3, -1.0, 2.0, 30.0])
    whole = prediction.crps(y)
    monkeypatch.setattr("bayesian_nn.predictions.draws.BLOCK", 1)
    np.testing.assert_allclose(prediction.crps(y), whole, rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": [0.0, 1.0]}, r"x must have shape \[n_points, n_inputs\]; got \[2\]\."),
        ({"draws": np.ones((3, 4))}, "draws must have n_points = 2, as x has; got 4"),
        ({"noise_std": np.ones(4)}, "noise_std must have n_draws = 3, as draws has; got 4"),
        ({"noise_std": [1.0, -0.5, 1.0]}, "noise_std must be positive; got -0.5"),
        (
            {"draws": [[1, 2], [3, np.nan], [np.inf, 1]]},
            r"draws has 2 .* not finite, the first at index \(1, 1\): nan",
        ),
        ({"draws": np.ones((0, 2)), "noise_std": []}, "draws must not be empty; got n_draws = 0"),
    ],
)
def test_a_wrong_prediction_is_refused(change, message):
    arrays = {"x": [[0.0], [1.0]], "draws": np.ones((3, 2)), "noise_std": np.ones(3)} | change
    with pytest.raises(ValueError, match=message):
        Prediction(**arrays)


def test_wrong_levels_and_targets_are_refused():
    with pytest.raises(ValueError, match=r"levels must lie strictly between 0 and 1; got \[95.0\]"):
        example().quantiles(95, with_noise=True)
    with pytest.raises(ValueError, match=r"y must have shape \[n_points\] = \[4\]; got \[4, 1\]"):
        example().log_density(np.ones((4, 1)))
    with pytest.raises(ValueError, match="y has 1 values that are not finite"):
        example().log_density([0, 1, np.nan, 2])
    for score in (example().crps, example().cdf):
        with pytest.raises(ValueError, match=r"y must have shape \[n_points\] = \[4\]; got \[4, 1\]"):
            score(np.ones((4, 1)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": [0, 2, 2]}, r"steps must increase .*; got \[0, 2, 2\]"),
        ({"std": np.ones((4, 5))}, r"std must have n_frames = 3, as \w+ has; got 4"),
        ({"curves": np.ones((3, 2, 6))}, r"curves must have n_points = 5, as \w+ has; got 6"),
        ({"mean": np.full((3, 5), np.nan)}, "mean has 15 values that are not finite"),
    ],
)
def test_a_wrong_film_is_refused(change, message):
    PredictionFilm(**film_arrays())
    with pytest.raises(ValueError, match=message):
        PredictionFilm(**film_arrays() | change)
