"""Portable arithmetic: as exact as it says, and the same bits in NumPy, in Node and in Chromium."""

import hashlib
import re

import numpy as np
import pytest
from readers.node import ASSETS, ENGINES, engine
from scipy import stats

from bayesian_nn.runtime import portable_math as portable

N_ULPS = {"exp": 1, "log": 1, "sigmoid": 2, "softplus": 2, "tanh": 4}
FUNCTIONS = list(N_ULPS)
PORTABLE = ["portable", "network", "predictive", "likelihood", "variational", "hmc"]
SPECIAL = [
    0.0,
    -0.0,
    np.inf,
    -np.inf,
    np.nan,
    1.0,
    -1.0,
    5e-324,
    -5e-324,
    1e-310,
    2.3e-308,
    1.7e308,
    -1.7e308,
]
SPECIAL += [709.78, 709.79, 745.1, -745.1, -745.2, -708.4, 20.0, -20.0, 19.99, 0.5, np.sqrt(0.5), np.sqrt(2)]
BITS = """async ({ assets, name, seed, n, special }) => {
    const portable = await import(`${assets}numerics/portable.js`);
    const numbers = portable.normals(seed, -5, n);
    const x = Float64Array.from(numbers, (value, i) => value * [1e-3, 1, 10, 200][i % 4]);
    if (name === "log") x.forEach((value, i) => (x[i] = portable.exp(value)));
    const values = Float64Array.from([...x, ...special.map(Number)], portable[name]);
    // NaN has many bit patterns, and none of them matters.
    values.forEach((value, i) => (values[i] = value === value ? value : 12345));
    return Array.from(new Uint32Array(values.buffer));
}"""
NORMALS = """async ({ assets, keys, n }) => {
    const { normals } = await import(`${assets}numerics/portable.js`);
    return keys.map(([seed, stream]) => Array.from(new Uint32Array(normals(seed, stream, n).buffer)));
}"""


@pytest.fixture(scope="module", params=ENGINES)
def evaluate(request):
    with engine(request.param) as function:
        yield function


def _points(name, n):
    random = np.random.default_rng(0)
    x = np.concatenate([random.uniform(-low, low, n) for low in (1e-3, 1, 10, 300)])
    return np.exp(x) if name == "log" else x


def _exact(name, x):
    x = x.astype(np.longdouble)
    small = np.exp(-np.abs(x))
    return {
        "exp": lambda: np.exp(x),
        "log": lambda: np.log(x),
        "tanh": lambda: np.tanh(x),
        "sigmoid": lambda: np.where(x > 0, 1, small) / (1 + small),
        "softplus": lambda: np.maximum(x, 0) + np.log1p(small),
    }[name]()


@pytest.mark.parametrize(("name", "n_ulps"), N_ULPS.items())
def test_functions_are_exact_to_a_few_units_in_the_last_place(name, n_ulps):
    x = _points(name, 50_000)
    exact = _exact(name, x)
    errors = np.abs(getattr(portable, name)(x) - exact) / np.spacing(np.abs(exact).astype(np.float64))
    assert errors.max() < n_ulps + 0.1


@pytest.mark.parametrize("name", FUNCTIONS)
def test_special_values_are_numpy_s(name):
    with np.errstate(all="ignore"):
        x = np.array(SPECIAL)
        got, expected = getattr(portable, name)(x), _exact(name, x).astype(np.float64)
    if name == "log":
        # Below 2^-1022 there are fewer digits.
        np.testing.assert_allclose(got, expected, rtol=1e-15)
    else:
        np.testing.assert_allclose(got, expected, rtol=1e-15, atol=5e-324)


def test_tanh_is_odd_and_rises():
    x = np.sort(_points("tanh", 10_000))
    np.testing.assert_array_equal(portable.tanh(-x), -portable.tanh(x))
    assert np.all(np.abs(portable.tanh(x)) <= 1)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_bits_are_the_same_in_every_engine(evaluate, name):
    n = 4000
    x = portable.normals(7, -5, n) * np.tile([1e-3, 1, 10, 200], n // 4)
    x = np.concatenate([portable.exp(x) if name == "log" else x, SPECIAL])
    with np.errstate(over="ignore"):
        values = getattr(portable, name)(x)
    values[np.isnan(values)] = 12345
    special = [str(value).replace("inf", "Infinity") for value in SPECIAL]
    bits = evaluate(BITS, name=name, seed=7, n=n, special=special)
    np.testing.assert_array_equal(values.view(np.uint32), np.array(bits, np.uint32))


def test_normals_are_the_same_in_every_engine(evaluate):
    keys = [[0, 0], [0, 1], [1, 0], [2**32 - 1, 2**32 - 1], [12345, -1], [-7, 2**31]]
    for key, bits in zip(keys, evaluate(NORMALS, keys=keys, n=500), strict=True):
        np.testing.assert_array_equal(portable.normals(*key, 500).view(np.uint32), np.array(bits, np.uint32))


def test_normals_are_normal():
    n = 2**20
    values = portable.normals(3, 4, n)
    # The supremum of the distance to the distribution function exceeds 2.4 / sqrt(n) once in 50,000 times.
    assert stats.kstest(values, "norm").statistic < 2.4 / np.sqrt(n)
    for power, (moment, variance) in {1: (0, 1), 2: (1, 2), 3: (0, 15), 4: (3, 96)}.items():
        assert abs(np.mean(values**power) - moment) < 5 * np.sqrt(variance / n)
    assert len(np.unique(values)) > n - 5 * np.sqrt(n)


def test_the_quantile_is_exact_to_one_part_in_ten_million():
    u = np.concatenate([np.linspace(0.5, 2**32 - 0.5, 100_001), [0.5, 1.5, 2**32 - 1.5]]) / 2**32
    u = u[u != 0.5]
    np.testing.assert_allclose(portable._normal(u), stats.norm.ppf(u), rtol=2e-7, atol=1e-9)


@pytest.mark.parametrize("lag", [1, 2, 3, 141, 705])
def test_normals_of_one_stream_are_independent(lag):
    values = portable.normals(0, 0, 400_000)
    for a, b in [(values[lag:], values[:-lag]), (values[lag:] ** 2 - 1, values[:-lag] ** 2 - 1)]:
        products = a * b
        assert abs(products.mean()) < 5 * products.std() / np.sqrt(len(products))


@pytest.mark.parametrize("other", [(0, 1), (1, 0), (1, 1), (0, 2**31), (2**31, 0), (0, -1), (-1, 0)])
def test_streams_and_seeds_are_independent(other):
    a, b = portable.normals(0, 0, 400_000), portable.normals(*other, 400_000)
    assert not np.array_equal(np.sort(a), np.sort(b))
    for products in (a * b, (a**2 - 1) * (b**2 - 1)):
        assert abs(products.mean()) < 5 * products.std() / np.sqrt(len(products))


def test_a_number_is_a_function_of_its_place_and_no_two_streams_are_alike():
    np.testing.assert_array_equal(portable.normals(5, 6, 10), portable.normals(5, 6, 1000)[:10])
    streams = [
        portable.normals(seed, stream, 4).tobytes() for seed in range(100) for stream in range(-50, 50)
    ]
    assert len({hashlib.sha256(stream).digest() for stream in streams}) == len(streams)


@pytest.mark.parametrize("name", PORTABLE)
def test_nothing_is_used_that_engines_do_differently(name):
    text = re.sub(r"//.*", "", (ASSETS / "numerics" / f"{name}.js").read_text(encoding="utf-8"))
    exact = {"sqrt", "imul", "min", "max", "PI", "floor", "ceil", "abs"}
    assert set(re.findall(r"Math\.(\w+)", text)) <= exact
    assert "**" not in text


@pytest.mark.parametrize("stream", [0, 1, -1, -2])
@pytest.mark.parametrize("place", [0, 1])
def test_numbers_at_one_place_differ_from_seed_to_seed_as_normals_do(stream, place):
    n = 2000
    numbers = np.array([portable.normals(seed, stream, place + 1)[place] for seed in range(n)])
    assert abs(numbers.mean()) < 5 / n**0.5
    assert abs(numbers.std() - 1) < 5 / (2 * n) ** 0.5
