"""The summary of a prediction at many places, made in parts so that its memory stays bounded."""

from typing import NamedTuple

import numpy as np

from bayesian_nn.prediction.parts import predict_in_parts
from bayesian_nn.runtime.checks import finite_numbers

__all__ = ["Summary", "summarise"]


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
    levels = np.atleast_1d(finite_numbers("levels", levels))
    parts = []
    for record in predict_in_parts(result, x, n_draws=n_draws, seed=seed):
        if not hasattr(record, "quantiles"):
            raise ValueError(
                f"summarise needs a record with quantiles, and {result.model.likelihood} has "
                f"{type(record).__name__}: use predict(result, x[rows], ...) for some rows at a time."
            )
        quantiles = record.quantiles(levels, with_noise=True)
        parts.append((record.mean, record.std, record.epistemic_std, quantiles))
    return Summary(*(np.concatenate(each, axis=-1) for each in zip(*parts, strict=True)))
