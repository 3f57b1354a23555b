"""Toy data: where its points lie, what a seed changes, and what is refused."""

import numpy as np
import pytest

import bayesian_nn as bnn


def test_without_noise_each_moon_is_half_a_circle_of_its_own():
    data = bnn.data.two_moons(seed=0, n_points=402, noise_std=0)
    for label, centre, side in ((0, (0, 0), 1), (1, (1, 0.5), -1)):
        arm = data.x[data.y == label] - centre
        np.testing.assert_allclose(np.hypot(*arm.T), 1)
        assert np.all(side * arm[:, 1] >= -1e-12)
        # From one end of the diameter to the other, by way of the top or the bottom.
        np.testing.assert_allclose(arm[[0, 100, 200]], side * np.array([[1, 0], [0, 1], [-1, 0]]), atol=1e-12)


def test_the_moons_interleave_and_no_line_divides_them():
    data = bnn.data.two_moons(seed=0, n_points=400, noise_std=0)
    first, second = (data.x[data.y == label] for label in (0, 1))
    # The end of each lies half a radius from the centre of the other's circle.
    assert np.hypot(*(first[0] - [1, 0.5])) == pytest.approx(0.5)
    assert np.hypot(*second[0]) == pytest.approx(0.5)
    design = np.column_stack([data.x, np.ones(data.n_points)])
    weights = np.linalg.lstsq(design, 2 * data.y - 1, rcond=None)[0]
    assert 0.05 < np.mean((design @ weights > 0) != data.y) < 0.3


def test_the_noise_has_the_sd_asked_for_along_both_inputs():
    n_points, noise_std = 20_000, 0.3
    exact, noisy = (bnn.data.two_moons(seed=3, n_points=n_points, noise_std=std) for std in (0, noise_std))
    noise = noisy.x - exact.x
    error = noise_std / np.sqrt(2 * n_points)
    np.testing.assert_allclose(noise.std(axis=0), noise_std, atol=5 * error)
    np.testing.assert_allclose(noise.mean(axis=0), 0, atol=5 * noise_std / np.sqrt(n_points))
    assert abs(np.corrcoef(noise.T)[0, 1]) < 5 / np.sqrt(n_points)


def test_a_seed_gives_its_own_moons_and_the_classes_are_equal():
    first, same, other = (bnn.data.two_moons(seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.x, same.x)
    assert np.all(first.x != other.x)
    assert np.bincount(first.y.astype(int)).tolist() == [100, 100]
    assert (first.name, first.x_names, first.y_name) == ("two moons", ("x1", "x2"), "class")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"seed": -1}, "seed must be a whole number, 0 or more; got -1"),
        ({"n_points": 201}, "n_points must be even, for two equal classes; got 201"),
        ({"n_points": 0}, "n_points must be a whole number, 2 or more; got 0"),
        ({"noise_std": -0.1}, "noise_std must be a finite number that is not negative; got -0.1"),
        ({"noise_std": np.inf}, "noise_std must be a finite number"),
    ],
)
def test_what_makes_no_moons_is_refused_by_name(settings, message):
    with pytest.raises(ValueError, match=message):
        bnn.data.two_moons(**{"seed": 0, **settings})
