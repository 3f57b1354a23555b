"""Whether chains have converged, judged by the functions they draw: weights are not identified."""

from typing import NamedTuple

import numpy as np
from arviz_stats.base import array_stats

from bayesian_nn.model.log_joint import network_outputs
from bayesian_nn.model.observations import as_points
from bayesian_nn.sampling.hmc import Chains

__all__ = [
    "Convergence",
    "convergence_of",
    "effective_sample_size",
    "function_space_convergence",
    "functions_of",
]


class Convergence(NamedTuple):
    """Of each quantity `[...]`: r_hat, near 1 where chains agree; ess_bulk and ess_tail, how many independent
    draws they are worth for its centre, and for its 5 % and 95 % quantiles."""

    r_hat: np.ndarray
    ess_bulk: np.ndarray
    ess_tail: np.ndarray


def function_space_convergence(chains: Chains, x) -> Convergence:
    """Returns the `Convergence` of the network's output at x `[n_points, n_inputs]` or `[n_points]`, in
    original units: for one output `[n_points]`, for several, such as the logits of classes, `[n_outputs,
    n_points]`.

    A network's units can be exchanged and their signs flipped without a change of f, so chains may never
    agree on a weight and yet agree on everything that can be seen.
    """
    n_draws = chains.latents.shape[1]
    if n_draws < 4:
        raise ValueError(f"At least 4 draws of every chain are needed; got {n_draws}. Raise n_draws.")
    return convergence_of(functions_of(chains, x))


def functions_of(chains, x) -> np.ndarray:
    """Returns the network's output at x for every draw of every chain, for one output `[n_chains, n_draws,
    n_points]`, for several `[n_chains, n_draws, n_outputs, n_points]`."""
    n_chains, n_draws, n_latents = chains.latents.shape
    flat = chains.latents.reshape(-1, n_latents)
    outputs = network_outputs(chains.model, flat, as_points(chains.model, x))
    values = outputs.reshape(n_chains, n_draws, *outputs.shape[1:])
    return values[:, :, 0] if values.shape[2] == 1 else values


def convergence_of(values) -> Convergence:
    """Returns the `Convergence` of values `[n_chains, n_draws, ...]`: rank-normalised split R-hat, and bulk
    and tail effective sample sizes (Vehtari et al. 2021, "Rank-normalization, folding, and localization",
    sections 3 and 4). Of a value that changes in no chain R-hat is infinite, and its effective sample sizes
    zero."""
    values = _checked(values)
    moving = _moving(values)
    # ArviZ compares two chains or more: of one, its halves.
    chains = values if len(values) > 1 else _halves(values)
    found = {}
    with np.errstate(invalid="ignore", divide="ignore"):
        found["r_hat"] = array_stats.rhat(chains, chain_axis=0, draw_axis=1, method="rank")
        found["ess_bulk"] = array_stats.ess(values, chain_axis=0, draw_axis=1, method="bulk")
        found["ess_tail"] = array_stats.ess(
            values, chain_axis=0, draw_axis=1, method="tail", prob=(0.05, 0.95)
        )
    stuck = {"r_hat": np.inf, "ess_bulk": 0.0, "ess_tail": 0.0}
    known = {name: moving & np.isfinite(value) for name, value in found.items()}
    return Convergence(**{name: np.where(known[name], found[name], stuck[name]) for name in found})


def effective_sample_size(values) -> np.ndarray:
    """Returns the number of independent draws `[...]` that values `[n_chains, n_draws, ...]` are worth for
    their mean, over all chains (Vehtari et al. 2021, section 3.2)."""
    values = _checked(values)
    with np.errstate(invalid="ignore", divide="ignore"):
        ess = array_stats.ess(values, chain_axis=0, draw_axis=1, method="mean")
    return np.where(np.isfinite(ess) & _moving(values), ess, 0.0)


def _moving(values):
    """Returns whether a value changes in any chain `[...]`: stuck chains tell nothing, wherever they are."""
    return np.ptp(values, axis=1).max(axis=0) > 0


def _halves(values):
    length = values.shape[1] // 2
    return np.concatenate([values[:, :length], values[:, -length:]])


def _checked(values):
    values = np.asarray(values, np.float64)
    if values.ndim < 2 or values.shape[1] < 4:
        raise ValueError(
            f"values must be [n_chains, n_draws, ...] with 4 draws or more; got {list(values.shape)}."
        )
    return values
