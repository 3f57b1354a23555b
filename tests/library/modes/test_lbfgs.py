"""L-BFGS on functions whose bottoms are known."""

import numpy as np
import pytest
from scipy.optimize import minimize

from bayesian_nn.modes.lbfgs import minimise


def rosenbrock(position):
    a, b = position
    value = (1 - a) ** 2 + 100 * (b - a**2) ** 2
    return value, np.array([-2 * (1 - a) - 400 * a * (b - a**2), 200 * (b - a**2)])


def test_it_follows_rosenbrock_s_valley_to_its_end():
    bottom = minimise(rosenbrock, np.array([-1.2, 1.0]), tolerance=1e-8)
    np.testing.assert_allclose(bottom.position, [1.0, 1.0], atol=1e-7)
    assert bottom.value < 1e-14
    assert np.abs(bottom.gradient).max() <= 1e-8
    # Steepest descent takes thousands.
    assert bottom.n_evaluations < 100


def test_an_ill_conditioned_parabola_takes_as_many_steps_as_scipy_s():
    scales, centre = np.geomspace(0.01, 100, 30), np.linspace(-1, 1, 30)

    def parabola(position):
        return 0.5 * np.sum(scales * (position - centre) ** 2), scales * (position - centre)

    bottom = minimise(parabola, np.zeros(30), tolerance=1e-9)
    np.testing.assert_allclose(bottom.position, centre, atol=1e-5)
    options = {"maxcor": 20, "gtol": 1e-9, "ftol": 0}
    scipy_s = minimize(parabola, np.zeros(30), jac=True, method="L-BFGS-B", options=options)
    assert bottom.n_evaluations < 1.3 * scipy_s.nfev


def test_it_stops_after_n_steps_and_where_it_stands_still():
    start = np.array([-1.2, 1.0])
    short = minimise(rosenbrock, start, n_steps=3)
    assert short.value < rosenbrock(start)[0]
    assert np.abs(short.gradient).max() > 1e-4
    np.testing.assert_array_equal(minimise(rosenbrock, np.ones(2)).position, np.ones(2))
    # A tolerance that rounding does not allow ends the search all the same.
    assert minimise(rosenbrock, start, tolerance=0.0).value < 1e-20


@pytest.mark.parametrize("wall", [np.inf, np.nan])
def test_a_wall_is_walked_back_from(wall):
    def walled(position):
        if abs(position[0]) > 1:
            return wall, np.array([wall])
        return (position[0] - 0.5) ** 2, 2 * (position - 0.5)

    np.testing.assert_allclose(minimise(walled, np.array([-0.9])).position, [0.5], atol=1e-4)
