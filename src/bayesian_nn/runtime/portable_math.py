"""Arithmetic that NumPy and browsers do alike, bit for bit: a copy of `docs/assets/numerics/portable.js`."""

import numpy as np

__all__ = ["PREDICTION", "START", "exp", "log", "normals", "sigmoid", "softplus", "tanh"]

# Both use + - * / and square roots alone, which IEEE 754 rounds in one way; exp and its kind differ between
# libraries in their last digits.

# Streams of a seed: the noise of step t is stream t; all others are below zero.
START, PREDICTION = -1, -2

_LN2_HIGH, _LN2_LOW, _LOG2E = 0.6931471803691238, 1.9082149292705877e-10, 1.4426950408889634
# Added and taken away again, 1.5 * 2^52 rounds to a whole number.
_ROUND = 6755399441055744.0
# Of r (e^r + 1) / (e^r - 1) - 2 and of log, after fdlibm; of the normal quantile, Wichura 1988, PPND7.
_OF_EXP = (
    4.1381367970572385e-8,
    -1.6533902205465252e-6,
    6.613756321437934e-5,
    -2.7777777777015593e-3,
    0.16666666666666602,
)
_OF_LOG = (
    0.14798198605116586,
    0.15313837699209373,
    0.1818357216161805,
    0.22222198432149784,
    0.2857142874366239,
    0.3999999999940942,
    0.6666666666666735,
)
_CENTRE = (59.10937472, 159.29113202, 50.434271938, 3.3871327179), (67.1875636, 78.757757664, 17.895169469, 1)
_TAIL = (0.17023821103, 1.3067284816, 2.75681539, 1.4234372777), (0.12021132975, 0.7370016425, 1)


def exp(x) -> np.ndarray:
    """Returns e^x, to one unit in the last place."""
    x = np.asarray(x, np.float64)
    inside = (x < 709.8) & (x > -745.2)
    safe = np.where(inside, x, 0)
    k = safe * _LOG2E + _ROUND - _ROUND
    high, low = safe - k * _LN2_HIGH, k * _LN2_LOW
    r = high - low
    c = r - _remainder(r * r)
    value = 1 - (low - (r * c) / (2 - c) - high)
    half = k.astype(np.int64) >> 1
    value = np.ldexp(np.ldexp(value, half), k.astype(np.int64) - half)
    return np.where(inside, value, np.where(x > 0, np.inf, np.where(x < 0, 0, x)))


def log(x) -> np.ndarray:
    """Returns the natural logarithm, to two units in the last place; NaN below zero."""
    x = np.asarray(x, np.float64)
    inside = (x > 0) & (x < np.inf)
    safe = np.where(inside, x, 1)
    tiny = safe < 2.3e-308
    safe = np.where(tiny, safe * 2.0**54, safe)
    # The exponent of x over the square root of 1/2, from the upper half of its bits.
    exponent = (((safe.view(np.int64) >> 32) + 0x95F62) >> 20) - 1023
    f = np.ldexp(safe, -exponent) - 1
    k = exponent - 54 * tiny
    s = f / (2 + f)
    z = s * s
    square = 0.5 * f * f
    value = k * _LN2_HIGH - (square - (s * (square + z * _polynomial(z, _OF_LOG)) + k * _LN2_LOW) - f)
    return np.where(inside, value, np.where(x > 0, x, np.where(x == 0, -np.inf, np.nan)))


def tanh(x) -> np.ndarray:
    """Returns tanh x, to four units in the last place."""
    x = np.asarray(x, np.float64)
    inside = (x < 20) & (x > -20)
    safe = np.where(inside, x, 0)
    k = 2 * safe * _LOG2E + _ROUND - _ROUND
    r = 2 * safe - k * _LN2_HIGH - k * _LN2_LOW
    power = np.ldexp(1.0, k.astype(np.int64))
    ratio = 2 + _remainder(r * r)
    value = ((power - 1) * ratio + (power + 1) * r) / ((power + 1) * ratio + (power - 1) * r)
    return np.where(inside, value, np.where(x > 0, 1, np.where(x < 0, -1, x)))


def softplus(x) -> np.ndarray:
    """Returns log(1 + e^x)."""
    x = np.asarray(x, np.float64)
    small = exp(np.where(x > 0, -x, x))
    total = 1 + small
    return np.where(x > 0, x, 0) + (log(total) + (small - (total - 1)) / total)


def sigmoid(x) -> np.ndarray:
    """Returns 1 / (1 + e^-x)."""
    return 1 / (1 + exp(-np.asarray(x, np.float64)))


def normals(seed: int, stream: int, n: int) -> np.ndarray:
    """Returns the first `n` standard normals of a stream `[n]`, each a function of its place alone; seed and
    stream are whole numbers of 32 bits."""
    seed, stream = (np.array([number & 0xFFFFFFFF], np.uint32) for number in (seed, stream))
    first = _mixed(seed ^ _mixed(stream))
    # Not of `first` itself: in stream 0 it would cancel the first number, whatever the seed.
    second = _mixed(~first + stream)
    places = np.arange(n, dtype=np.uint32) * np.uint32(0x9E3779B9)
    return _normal((_mixed(_mixed(first + places) ^ second) + 0.5) / 4294967296)


def _mixed(bits):
    """Wellons' hash of 32 bits with the least bias known for two rounds."""
    bits = (bits ^ (bits >> np.uint32(16))) * np.uint32(0x21F0AAAD)
    bits = (bits ^ (bits >> np.uint32(15))) * np.uint32(0x735A2D97)
    return bits ^ (bits >> np.uint32(15))


def _normal(u):
    q = u - 0.5
    r = 0.180625 - q * q
    centre = q * _polynomial(r, _CENTRE[0]) / _polynomial(r, _CENTRE[1])
    r = np.sqrt(-log(np.where(q < 0, u, 1 - u))) - 1.6
    tail = _polynomial(r, _TAIL[0]) / _polynomial(r, _TAIL[1])
    return np.where(np.abs(q) <= 0.425, centre, np.where(q < 0, -tail, tail))


def _remainder(t):
    return t * _polynomial(t, _OF_EXP)


def _polynomial(x, coefficients):
    """The polynomial whose highest coefficient comes first, by Horner's rule."""
    value = coefficients[0]
    for coefficient in coefficients[1:]:
        value = value * x + coefficient
    return value
