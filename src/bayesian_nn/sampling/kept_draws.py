"""Which steps of a sampler that never refuses are kept, and what was kept of them."""

import numpy as np

from bayesian_nn.runtime.checks import whole_number
from bayesian_nn.training.driver import Progress

__all__ = ["kept_latents", "steps_to_keep"]


def steps_to_keep(n_steps: int, n_burn_in: int, thin: int) -> range:
    """Returns the steps after which the latents are kept: every `thin`-th after the burn-in. Raises
    ValueError if there are none."""
    thin = whole_number("thin", thin)
    if n_burn_in + thin > n_steps:
        raise ValueError(
            f"n_steps={n_steps} leaves nothing after n_burn_in={n_burn_in} with every {thin}th step kept: "
            f"at least {n_burn_in + thin} steps are needed."
        )
    return range(n_burn_in + thin, n_steps + 1, thin)


def kept_latents(done: Progress, last, kept: range) -> np.ndarray | None:
    """Returns the latents `[n_chains, n_kept, n_latents]` at those of the steps that were done; None if none
    was. last: the latents `[n_latents, n_chains]` at the end, which the driver does not record."""
    recorded = dict(done.recorded)
    if done.n_steps in kept and done.outcome != "diverged":
        recorded[done.n_steps] = last
    found = [np.asarray(recorded[step]) for step in kept if step in recorded and step <= done.n_steps]
    return np.stack(found).transpose(2, 0, 1) if found else None
