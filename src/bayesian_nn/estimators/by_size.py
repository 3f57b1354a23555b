"""Which method a table can afford: a sampled ensemble where that takes about a minute, else an ensemble."""

from typing import NamedTuple

from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.model import Model
from bayesian_nn.modes.ensemble import Ensemble
from bayesian_nn.sampling.microcanonical import MicrocanonicalChains
from bayesian_nn.sampling.sampled_ensemble import climbed_ensemble, fit_sampled_ensemble

__all__ = ["Choice", "choose", "infer_by_size"]

MEMBERS = 8
# Rows times latents times chains times steps: what two cores do in about half a minute.
AFFORDABLE = 5e10
MOST_STEPS, FEWEST_STEPS = 12_000, 2_000
# An ensemble sees this many rows in a step, and so many steps where it is all there is.
BATCH, CLIMBING, CLIMBING_ALONE = 500, 3_000, 10_000


class Choice(NamedTuple):
    """method: its name; why: a sentence; n_steps: of its chains, 0 where it has none."""

    method: str
    why: str
    n_steps: int


def choose(model: Model, n_rows: int) -> Choice:
    """Returns the method for so many rows: a sampled ensemble if two cores do 2,000 of its steps or more in
    about half a minute, and at most 12,000 of them."""
    a_step = n_rows * model.n_latents * MEMBERS
    n_steps = min(MOST_STEPS, int(AFFORDABLE / a_step))
    size = f"{n_rows:,} rows and {model.n_latents:,} unknowns"
    if n_steps < FEWEST_STEPS:
        return Choice(
            "ensemble", f"{size} are too many for chains within a minute: an ensemble, in minibatches.", 0
        )
    return Choice(
        "sampled ensemble",
        f"{size} can be sampled within about a minute: {n_steps:,} steps of a chain round each of {MEMBERS} "
        "networks.",
        n_steps,
    )


def infer_by_size(model: Model, data: Dataset, *, seed: int) -> MicrocanonicalChains | Ensemble:
    """Returns the result of the method that `choose` names for the data's rows."""
    choice = choose(model, data.n_points)
    if choice.n_steps:
        return fit_sampled_ensemble(
            model, data, seed=seed, n_members=MEMBERS, n_climbing=CLIMBING, n_steps=choice.n_steps
        )
    return climbed_ensemble(
        model, data, seed=seed, n_members=MEMBERS, n_steps=CLIMBING_ALONE, batch_size=BATCH
    )
