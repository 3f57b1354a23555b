"""A prediction at many places, in parts, so that its memory stays bounded."""

from collections.abc import Iterator

import numpy as np

from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import as_points
from bayesian_nn.prediction.predict import checked_draws, predict_draws
from bayesian_nn.runtime.checks import whole_number
from bayesian_nn.runtime.progress import progress
from bayesian_nn.sampling.hmc import Chains

__all__ = ["draws_of", "predict_in_parts"]

# Numbers of the network's outputs in a part: 32 MB in double precision.
PART = 2**22


def predict_in_parts(result, x, *, n_draws: int, seed: int) -> Iterator:
    """Yields the records that `predict` would give for all of x, for some rows after others."""
    model, latents = draws_of(result, n_draws, seed)
    x = as_points(model, x)
    length = max(1, PART // (len(latents) * model.likelihood.n_outputs))
    begins = range(0, len(x), length)
    for begin in progress(begins, unit="part") if len(begins) > 1 else begins:
        yield predict_draws(model, latents, x[begin : begin + length])


def draws_of(result, n_draws: int, seed: int) -> tuple[Model, np.ndarray]:
    """Returns a result's model and draws of its latents `[n_draws, n_latents]`, of chains at most as many as
    they have."""
    if isinstance(result, Chains):
        n_draws = min(whole_number("n_draws", n_draws), result.latents[..., 0].size)
    return checked_draws(result, n_draws, seed)
