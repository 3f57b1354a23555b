"""Where inference begins: a small random network for each start."""

import numpy as np

from bayesian_nn.model.model import Model
from bayesian_nn.runtime.checks import finite_numbers, whole_number
from bayesian_nn.runtime.random_streams import checked_seed

__all__ = ["first_latents", "random_networks"]


def first_latents(model: Model, start, *, seed: int, counted: str, n_starts: int) -> np.ndarray:
    """Returns where to begin `[n_starts, n_latents]`: `start`, or if that is None random networks. counted:
    what the caller names their number."""
    seed, n_starts = checked_seed(seed), whole_number(counted, n_starts)
    if start is None:
        return random_networks(model, seed=seed, n_networks=n_starts).astype(np.float32)
    start = finite_numbers("start", start)
    if start.shape != (n_starts, model.n_latents):
        raise ValueError(
            f"start must be [{counted}, n_latents] = [{n_starts}, {model.n_latents}]; "
            f"got {list(start.shape)}."
        )
    return start


def random_networks(model: Model, *, seed: int, n_networks: int) -> np.ndarray:
    """Returns latents `[n_networks, n_latents]`: weights N(0, 1 / fan-in), the usual start of a deterministic
    network, and what else is unknown where its prior is centred."""
    random = np.random.default_rng(checked_seed(seed))
    latents = [random.normal(0, n_in**-0.5, (n_networks, (n_in + 1) * n_out)) for n_in, n_out in model.layers]
    latents += [np.full((n_networks, 1), unknown.start) for unknown in model.unknowns]
    return np.concatenate(latents, axis=1)
