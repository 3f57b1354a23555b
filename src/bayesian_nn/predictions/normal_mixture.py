"""Mixtures of normal distributions: quantiles, cdf, and the continuous ranked probability score."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

__all__ = ["mixture_cdf", "mixture_crps", "mixture_quantiles", "normal_cdf_and_density"]

# Bisection alone would need about fifty.
MAX_ITERATIONS = 100
# Halley's steps triple the digits: after one of this many standard deviations twelve are right.
LAST_STEP = 1e-5
# What a CRPS may be off by, as a fraction of the largest noise sd.
CRPS_ERROR = 1e-9
ROOT_2_PI = math.sqrt(2 * math.pi)
# Beyond 38.5 standard deviations the normal distribution has no number left.
PER_UNIT, REACH = 1024, 39
NODES = np.arange(-REACH * PER_UNIT, REACH * PER_UNIT + 1) / PER_UNIT
CDF_AT_NODES = np.array([0.5 * math.erfc(-node / math.sqrt(2)) for node in NODES])
DENSITY_AT_NODES = np.exp(-0.5 * NODES**2) / ROOT_2_PI


def mixture_quantiles(levels: np.ndarray, means: np.ndarray, stds: np.ndarray) -> np.ndarray:
    """The quantiles [n_levels, n_points] of a mixture, at each point, of Normal(means, stds) in equal parts.

    levels: [n_levels], strictly between 0 and 1; means: [n_normals, n_points]; stds: [n_normals].
    """
    levels, means = np.asarray(levels)[:, None], np.ascontiguousarray(means.T)
    at_level = np.array([NormalDist().inv_cdf(level) for level in levels[:, 0]])[:, None]
    # A mixture's quantile lies between the smallest and the largest of its components' quantiles.
    of_each = means + stds * at_level[:, :, None]
    low, high = of_each.min(axis=-1), of_each.max(axis=-1)
    std = np.sqrt(means.var(axis=-1) + np.mean(stds**2))
    quantiles = np.clip(means.mean(axis=-1) + std * at_level, low, high)
    rounding = 1e-12 * stds.min() + 4 * np.spacing(np.maximum(np.abs(low), np.abs(high)))
    for _ in range(MAX_ITERATIONS):
        excess, step = _excess_and_step(quantiles, levels, means, stds)
        low, high = np.where(excess < 0, quantiles, low), np.where(excess < 0, high, quantiles)
        stepped = quantiles - step
        inside = (low <= stepped) & (stepped <= high)
        following = np.where(inside, stepped, (low + high) / 2)
        change, quantiles = np.abs(following - quantiles), following
        if np.all(change <= np.where(inside, np.maximum(rounding, LAST_STEP * stds.min()), rounding)):
            break
    return quantiles


def mixture_cdf(y: np.ndarray, means: np.ndarray, stds: np.ndarray) -> np.ndarray:
    """The probability [n_points] of a value below y [n_points], of a mixture with means [n_normals, n_points]
    and stds [n_normals]."""
    return normal_cdf_and_density((y - means) / stds[:, None])[0].mean(axis=0)


def mixture_crps(y: np.ndarray, means: np.ndarray, stds: np.ndarray) -> np.ndarray:
    """The continuous ranked probability score E|X - y| - E|X - X'| / 2 (Gneiting & Raftery 2007, eq. 21) at
    each point, [n_points], of a mixture with means [n_normals, n_points] and stds [n_normals].

    The first expectation is the sum of Grimit et al. (2006). Their sum over all pairs for the second takes
    a minute for 1,000 normals at 1,000 points; a Fourier series gives it in a quarter of a second.
    """
    z = (y - means) / stds[:, None]
    cdf, density = normal_cdf_and_density(z)
    to_y = np.mean(stds[:, None] * (2 * density + z * (2 * cdf - 1)), axis=0)
    return to_y - 0.5 * _mean_distance(means, stds)


def _mean_distance(means, stds):
    """E|X - X'| of independent X and X' from the mixture at each point, [n_points].

    On [-L, L] |d| is L/2 - 4L/π² · Σ cos(nπd/L)/n² over odd n, and E cos(k(X - X')) is |E exp(ikX)|².
    """
    # Beyond that X - X' has no probability left; the noise makes the series end.
    length = np.ptp(means, axis=0).max() + 12 * stds.max()
    power = np.exp(1j * np.pi / length * np.ascontiguousarray(means - means.mean(axis=0)))
    twice = power * power
    total, n = np.zeros(means.shape[1]), 1
    while True:
        damping = np.exp(-0.5 * (np.pi * n / length * stds) ** 2) / len(stds)
        # What the terms from here on could add, were all normals at one place.
        if length * damping.sum() ** 2 / n < CRPS_ERROR * stds.max():
            return length / 2 - 4 * length / np.pi**2 * total
        # As real numbers: the libraries of linear algebra are slow with real times complex.
        real_and_imaginary = (damping @ power.view(float)).reshape(-1, 2)
        total += np.sum(real_and_imaginary**2, axis=1) / n**2
        power *= twice
        n += 2


def _excess_and_step(quantiles, levels, means, stds):
    """What the mixture's cdf has above the levels, and Halley's step towards them: both as `quantiles`."""
    z = (quantiles[:, :, None] - means) / stds
    cdf, densities = normal_cdf_and_density(z)
    excess = cdf.mean(axis=-1) - levels
    density = densities @ (1 / stds) / len(stds)
    densities *= z
    slope = -(densities @ (1 / stds**2)) / len(stds)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        newton = excess / density
        # Far from the root the correction could turn the step around, or make it crawl.
        return excess, newton / np.clip(1 - 0.5 * newton * slope / density, 0.5, 1.5)


def normal_cdf_and_density(z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The standard normal distribution's cdf at z, to within 2e-15, and its density to within 1e-9, as z.

    NumPy has no error function, and SciPy would be a dependency for it alone. A Taylor series from the
    nearest node of a table is much faster than Python's function on each number.
    """
    z = np.clip(z, -REACH, REACH)
    node = np.rint(z * PER_UNIT)
    index = node.astype(np.intp)
    index += REACH * PER_UNIT
    node /= PER_UNIT
    z -= node
    # The density's derivatives are Hermite polynomials times the density.
    density = DENSITY_AT_NODES[index]
    linear = node * z
    quadratic = node * node
    quadratic -= 1
    quadratic *= z
    quadratic *= z
    series = quadratic * (1 / 6)
    series -= 0.5 * linear
    series += 1
    series *= z
    series *= density
    series += CDF_AT_NODES[index]
    quadratic *= 0.5
    quadratic -= linear
    quadratic += 1
    density *= quadratic
    return series, density
