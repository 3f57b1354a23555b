"""An ensemble whose members each stop where they predict rows best that they have not seen."""

import numpy as np

from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.initial_weights import first_latents
from bayesian_nn.model.log_joint import log_likelihood
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import check_data, observe, warn_if_unscaled
from bayesian_nn.model.prior_terms import require_mode
from bayesian_nn.modes.ensemble import Ensemble
from bayesian_nn.runtime.checks import whole_number
from bayesian_nn.runtime.random_streams import ENSEMBLE, generator
from bayesian_nn.training.ascent import climb
from bayesian_nn.training.optimizer import Adam, WarmupCosine

__all__ = ["fit_held_out_ensemble"]

# Of the rows, those that are only looked at; and how often.
HELD_OUT, LOOKS = 0.1, 40
# Of the random stream of ensembles, beside the parts that `ensemble` has.
ROWS = 3


def fit_held_out_ensemble(
    model: Model,
    data: Dataset,
    *,
    seed: int,
    n_members: int = 8,
    n_steps: int = 3000,
    batch_size: int | None = None,
    optimizer: Adam | None = None,
) -> Ensemble:
    """Returns a deep ensemble (Lakshminarayanan et al. 2017) that climbs on nine tenths of the rows, each
    member with its latents from that one of forty looks at which it gave the other tenth the highest log
    density: further up, noise that depends on x shrinks to nothing where the network passes through a row.

    batch_size: observations per step; None is all of them. optimizer: by default `Adam` with a learning rate
    that rises to 0.01 and falls to zero. Raises what `fit_ensemble` does.
    """
    check_data(model, data)
    require_mode(model, "fit_held_out_ensemble")
    warn_if_unscaled(model, data)
    n_steps = whole_number("n_steps", n_steps)
    order = generator(seed, ENSEMBLE, ROWS).permutation(data.n_points)
    seen, held_out = np.split(order, [data.n_points - max(1, round(HELD_OUT * data.n_points))])
    seen, held_out = (data.rows(np.sort(part)) for part in (seen, held_out))
    n_members = whole_number("n_members", n_members, at_least=2)
    ascent = climb(
        model,
        first_latents(model, None, seed=seed, counted="n_members", n_starts=n_members),
        seen,
        n_steps=n_steps,
        optimizer=Adam(WarmupCosine(0.01, 0.05)) if optimizer is None else optimizer,
        batch_size=None if batch_size is None else min(batch_size, seen.n_points),
        seed=seed,
        record_at=np.unique(np.linspace(1, n_steps, LOOKS).astype(int)),
    )
    observations = observe(model, held_out)
    gains = np.array([log_likelihood(model, each, observations) for each in ascent.recorded_latents])
    best = np.argmax(np.where(np.isfinite(gains), gains, -np.inf), axis=0)
    return Ensemble(model, ascent.recorded_latents[best, np.arange(n_members)], ascent.outcome)
