"""Monte Carlo dropout: a network trained with its hidden units dropped at random, and read so too."""

from dataclasses import dataclass

import numpy as np

from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.initial_weights import first_latents
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import check_data, observe, warn_if_unscaled
from bayesian_nn.model.prior_terms import require_mode
from bayesian_nn.runtime.checks import fraction, whole_number
from bayesian_nn.runtime.random_streams import DROPOUT, generator
from bayesian_nn.training.ascent import BLOCK, climb
from bayesian_nn.training.optimizer import Adam

__all__ = ["DropoutFit", "fit_dropout"]


@dataclass(frozen=True, eq=False)
class DropoutFit:
    """A network trained with dropout: its latents `[n_latents]`, and the rate at which hidden units drop.
    outcome: "finished", or "interrupted" by Ctrl-C."""

    model: Model
    latents: np.ndarray
    rate: float
    outcome: str = "finished"

    def draw(self, n_draws: int, *, seed: int) -> np.ndarray:
        """Returns latents `[n_draws, n_latents]` of which each has other units dropped: the weights out of
        those are zero, and those out of the others divided by 1 - rate."""
        shape = whole_number("n_draws", n_draws), _n_hidden(self.model)
        # Part 0 of the stream; training has the others.
        uniforms = generator(seed, DROPOUT, 0).random(shape, np.float32)
        return self.latents * _factors(self.model, self.rate, uniforms)


def fit_dropout(
    model: Model,
    data: Dataset,
    *,
    seed: int,
    rate: float = 0.05,
    n_steps: int = 5000,
    n_masks: int = 8,
    optimizer: Adam | None = None,
    batch_size: int | None = None,
    start=None,
) -> DropoutFit:
    """Returns the `DropoutFit` that climbs the mean of log p(y, w) over which hidden units are dropped, each
    with probability `rate`, `n_masks` times in every step. All observations of a step share the masks, as all
    of a curve share one draw of w.

    This is the variational inference of Gal and Ghahramani (2016, "Dropout as a Bayesian approximation",
    section 3), whose KL is, but for a constant, minus the mean of log p(w): the weight decay is the prior's,
    w² / (2 prior_std²), divided by 1 - rate for weights out of hidden units. The spread does not come from
    the data: it stays as wide as `rate` makes it however many there are, so the rate should be chosen.

    batch_size: observations per step; None is all of them. start: latents `[1, n_latents]` to begin from, by
    default the means that `MeanField` begins from. Raises ValueError for a model without hidden units, and
    DivergedError if the latents do not stay finite.
    """
    rate = fraction("rate", rate, but=1)
    n_masks = whole_number("n_masks", n_masks)
    check_data(model, data)
    require_mode(model, "fit_dropout")
    warn_if_unscaled(model, data)
    observations = observe(model, data)
    if not _n_hidden(model):
        raise ValueError(
            f"layer_sizes={model.layer_sizes} has no hidden layer, and dropout drops hidden units: "
            "use another method, or a model with a hidden layer."
        )

    def factors(block):
        uniforms = generator(seed, DROPOUT, 1 + block).random((BLOCK, n_masks, _n_hidden(model)), np.float32)
        return _factors(model, rate, uniforms)

    ascent = climb(
        model,
        first_latents(model, start, seed=seed, counted="1", n_starts=1),
        observations,
        n_steps=whole_number("n_steps", n_steps),
        optimizer=Adam() if optimizer is None else optimizer,
        factors=factors,
        batch_size=batch_size,
        seed=seed,
    )
    return DropoutFit(model, ascent.latents[0], rate, ascent.outcome)


def _n_hidden(model):
    return sum(model.layer_sizes[1:-1])


def _factors(model, rate, uniforms):
    """Returns what the latents are multiplied by `[..., n_latents]` where the hidden units whose uniform
    random number `[..., n_hidden]` is below the rate are dropped."""
    of_units = (uniforms >= rate) / np.float32(1 - rate)
    # A last column for the latents that leave no hidden unit: the first layer's, biases, log noise_std.
    padded = np.concatenate([of_units, np.ones_like(of_units[..., :1])], axis=-1)
    return padded[..., _origins(model)]


def _origins(model):
    """Returns the hidden unit that each latent leads out of `[n_latents]`, or the number of hidden units."""
    none, first = _n_hidden(model), 0
    origins = np.full(model.n_latents, none)
    begin = (model.layer_sizes[0] + 1) * model.layer_sizes[1]
    for n_in, n_out in model.layers[1:]:
        origins[begin : begin + n_in * n_out] = np.repeat(np.arange(first, first + n_in), n_out)
        begin, first = begin + (n_in + 1) * n_out, first + n_in
    return origins
