"""The summary of a prediction at many places, made in parts so that its memory stays bounded."""

from typing import NamedTuple

import numpy as np

from bayesian_nn.model.observations import as_points
from bayesian_nn.prediction.predict import checked_draws, predict_draws
from bayesian_nn.runtime.checks import finite_numbers
from bayesian_nn.runtime.progress import progress

__all__ = ["Summary", "summarise"]

# Numbers of f in a part: 32 MB in double precision.
PART = 2**22


class Summary(NamedTuple):
    """What a prediction comes to at each place, in y's units, noise included but where it says otherwise.

    mean, std: `[n_points]`; epistemic_std: the sd of f between draws, noise excluded `[n_points]`; quantiles:
    `[n_levels, n_points]`.
    """

    mean: np.ndarray
    std: np.ndarray
    epistemic_std: np.ndarray
    quantiles: np.ndarray


def summarise(result, x, *, n_draws: int, seed: int, levels=(0.05, 0.95)) -> Summary:
    """Returns the mean, the sds and the quantiles that `predict(result, x, n_draws=..., seed=...)` would
    give, without holding all draws of f at once: 1,000 draws at 200,000 places would be more than a gigabyte.

    For real targets and counts, whose records have quantiles. levels: between 0 and 1, by default those of
    the central 90 % interval.
    """
    model, latents = checked_draws(result, n_draws, seed)
    x = as_points(model, x)
    levels = np.atleast_1d(finite_numbers("levels", levels))
    length = max(1, PART // (len(latents) * model.likelihood.n_outputs))
    parts = []
    for begin in progress(range(0, len(x), length), unit="part"):
        record = predict_draws(model, latents, x[begin : begin + length])
        if not hasattr(record, "quantiles"):
            raise ValueError(
                f"summarise needs a record with quantiles, and {model.likelihood} has "
                f"{type(record).__name__}: use predict(result, x[rows], ...) for some rows at a time."
            )
        quantiles = record.quantiles(levels, with_noise=True)
        parts.append((record.mean, record.std, record.epistemic_std, quantiles))
    return Summary(*(np.concatenate(each, axis=-1) for each in zip(*parts, strict=True)))
