"""The reference posterior: long Hamiltonian Monte Carlo, sampled once and kept for whoever asks again."""

from dataclasses import fields

import numpy as np

from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import parts_of, weights_of
from bayesian_nn.runtime.disk_cache import cached_arrays
from bayesian_nn.runtime.random_streams import checked_seed
from bayesian_nn.sampling.hmc import Chains, sample_hmc

__all__ = ["reference_chains"]


def reference_chains(
    model: Model,
    data: Dataset,
    *,
    seed: int,
    n_chains: int = 64,
    n_draws: int = 250,
    n_warmup: int = 100,
    folder=None,
) -> Chains:
    """Returns the chains of `sample_hmc` with these arguments, from disk if they have been sampled before on
    this machine by the same code: see `cached.cached_arrays`, also for `folder`."""
    weights = () if weights_of(data) is None else (weights_of(data),)
    lengths = {"n_chains": n_chains, "n_draws": n_draws, "n_warmup": n_warmup}

    def sample():
        chains = sample_hmc(model, data, seed=seed, **lengths)
        return {field.name: np.asarray(getattr(chains, field.name)) for field in fields(chains)[1:]}

    arrays = cached_arrays(
        "reference",
        sample,
        depends_on=[model, *parts_of(data), *weights, checked_seed(seed), lengths],
        modules=["sampling.reference_chains", "sampling.hmc"],
        folder=folder,
    )
    # Single numbers come back as arrays of no axes.
    return Chains(
        model=model, **{name: value if value.ndim else value.item() for name, value in arrays.items()}
    )
