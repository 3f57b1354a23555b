"""How far an approximation is from a reference, such as a long MCMC run: in f, at every x."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from bayesian_nn.runtime.checks import finite_numbers

__all__ = ["mean_by_region", "times_too_sure", "wasserstein2"]


def wasserstein2(draws, reference) -> np.ndarray:
    """Returns the Wasserstein-2 distance `[n_points]` between draws of f `[n_draws, n_points]` and reference
    draws `[n_reference_draws, n_points]`, at every point by itself, in y's units.

    In one dimension the best coupling joins equal quantiles, so this is exact for the two samples (Peyré &
    Cuturi 2019, remark 2.30). Samples of one distribution are a distance of order 1/sqrt(n_draws) apart.
    """
    draws, reference = _checked(draws, reference)
    draws, reference = np.sort(draws, axis=0), np.sort(reference, axis=0)
    n_draws, n_reference = len(draws), len(reference)
    # Both quantile functions are constant between these levels, in units of 1 / (n_draws · n_reference).
    ends = np.union1d(np.arange(1, n_draws + 1) * n_reference, np.arange(1, n_reference + 1) * n_draws)
    begins = np.concatenate([[0], ends[:-1]])
    apart = draws[begins // n_reference] - reference[begins // n_draws]
    return np.sqrt((ends - begins) @ apart**2 / ends[-1])


def times_too_sure(draws, reference) -> np.ndarray:
    """Returns the reference's sd of f over that of the draws, `[n_points]`: 2 is half as wide as it should
    be, and below 1 is too wide. Arguments as those of `wasserstein2`.

    Of a region compare mean sds: the mean of these ratios is ruled by the narrowest points. Raises
    ValueError where the draws do not differ.
    """
    draws, reference = _checked(draws, reference)
    stds = draws.std(axis=0)
    if np.any(stds == 0):
        raise ValueError(
            f"draws do not differ at {np.sum(stds == 0)} of {len(stds)} points, the first at index "
            f"{np.argmin(stds)}: there is no sd to compare. Give more draws, or leave these points out."
        )
    return reference.std(axis=0) / stds


def mean_by_region(values, x, regions: Mapping[str, Iterable[tuple[float, float]]]) -> dict[str, float]:
    """Returns the mean of values `[n_points]` in each region, for x `[n_points]`.

    regions: to each name its closed intervals, as in `{"data": [(0, 2), (6, 8)], "gap": [(2, 6)]}`. Raises
    ValueError for a region without points.
    """
    values, x = finite_numbers("values", values), finite_numbers("x", x)
    if x.ndim == 2 and x.shape[1] == 1:
        x = x[:, 0]
    if values.ndim != 1 or values.shape != x.shape:
        raise ValueError(
            f"values and x must both be [n_points]; got {list(values.shape)} and {list(x.shape)}."
        )
    means = {}
    for name, intervals in regions.items():
        inside = np.any([(low <= x) & (x <= high) for low, high in intervals], axis=0)
        if not np.any(inside):
            raise ValueError(
                f"regions: {name!r} has no point of x in it; x goes from {x.min():g} to {x.max():g}."
            )
        means[name] = float(values[inside].mean())
    return means


def _checked(draws, reference):
    draws, reference = finite_numbers("draws", draws), finite_numbers("reference", reference)
    if draws.ndim != 2 or reference.ndim != 2 or draws.shape[1] != reference.shape[1] or not draws.size:
        raise ValueError(
            "draws and reference must be [n_draws, n_points] at the same points; "
            f"got {list(draws.shape)} and {list(reference.shape)}."
        )
    return draws, reference
