"""The Student-t distribution that fits a sample best."""

import numpy as np
from scipy import optimize, special

__all__ = ["best_log_likelihood"]

# Locations to begin at, times observations.
MAX_NUMBERS = 2_000_000
# Of a prior's median, as in gaussian.py.
NEGLIGIBLE = 1e-12
# Of log(dof - 2): from a variance that hardly exists to a Gaussian.
LOG_DOF_BOUNDS = (-20.0, 14.0)


def best_log_likelihood(likelihood, y: np.ndarray) -> float:
    """Returns the log-likelihood in nats, summed over y `[n_points]`, of the best location and of the best of
    the scale and the dof that the `StudentT` likelihood does not know."""
    learned = [isinstance(value, tuple) for value in (likelihood.scale, likelihood.dof)]
    scale = _first_scale(y, likelihood.scale.median) if learned[0] else likelihood.scale
    log_dof = np.log(likelihood.dof.median - 2) if learned[1] else np.nan
    free = np.array([True, *learned])

    def parameters(values):
        """Returns location, log scale, and dof."""
        everything = np.array([0.0, np.log(scale), log_dof])
        everything[free] = values
        location, log_scale, log_excess = everything
        return location * scale, log_scale, 2 + np.exp(log_excess) if learned[1] else likelihood.dof

    def loss_and_gradient(values):
        total, gradient = _log_likelihood(y, *parameters(values))
        slopes = gradient * (scale, 1.0, parameters(values)[2] - 2)
        return -total / len(y), -slopes[free] / len(y)

    # With a known scale the likelihood may have a maximum at every outlier.
    candidates = np.unique(np.quantile(y, np.linspace(0, 1, np.clip(MAX_NUMBERS // len(y), 16, 512))))
    unknown = np.array([np.log(scale), log_dof])[learned]
    starts = [np.array([location / scale, *unknown]) for location in candidates]
    start = min(starts, key=lambda values: loss_and_gradient(values)[0])
    floor = np.log(NEGLIGIBLE * likelihood.scale.median) if learned[0] else None
    bounds = np.array([(None, None), (floor, None), LOG_DOF_BOUNDS], dtype=object)[free]
    found = optimize.minimize(
        loss_and_gradient,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds.tolist(),
        options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 1000},
    )
    return -len(y) * float(min(found.fun, loss_and_gradient(start)[0]))


def _first_scale(y, median):
    return max(float(np.mean(np.abs(y - np.median(y)))), NEGLIGIBLE * median)


def _log_likelihood(y, location, log_scale, dof):
    """Returns the log-likelihood, and its slopes in location, log scale and dof."""
    z = (y - location) * np.exp(-log_scale)
    weights = (dof + 1) / (dof + z**2)
    tails = np.log1p(z**2 / dof)
    # The difference of two log Γ, without what cancels for a large dof.
    constant = -special.betaln(0.5, dof / 2) - 0.5 * np.log(dof) - log_scale
    of_constant = 0.5 * (special.digamma((dof + 1) / 2) - special.digamma(dof / 2) - 1 / dof)
    slopes = (
        np.sum(weights * z) * np.exp(-log_scale),
        np.sum(weights * z**2 - 1),
        np.sum(of_constant - 0.5 * tails + 0.5 * weights * z**2 / dof),
    )
    return np.sum(constant - (dof + 1) / 2 * tails), np.array(slopes)
