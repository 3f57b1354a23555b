"""Ensembles: many networks trained at once, from starts of their own, or around anchors of their own."""

from dataclasses import dataclass

import numpy as np

from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.initial_weights import first_latents
from bayesian_nn.model.model import LearnedNoise, Model, prior_stds
from bayesian_nn.model.observations import in_network_units
from bayesian_nn.runtime.checks import whole_number, yes_or_no
from bayesian_nn.runtime.random_streams import ENSEMBLE, generator
from bayesian_nn.training.ascent import ascend
from bayesian_nn.training.optimizer import Adam

__all__ = ["Ensemble", "fit_ensemble"]

# Parts of the random stream.
ANCHORS, PERTURBATIONS, CHOICE = range(3)


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Networks that stand for draws of the posterior: their latents, `members` `[n_members, n_latents]`."""

    model: Model
    members: np.ndarray

    def draw(self, n_draws: int, *, seed: int) -> np.ndarray:
        """Returns members' latents `[n_draws, n_latents]` in random order: every member n_draws // n_members
        times, and of the remaining draws none twice the same."""
        n_draws, n_members = whole_number("n_draws", n_draws), len(self.members)
        random = generator(seed, ENSEMBLE, CHOICE)
        # Rounds of all members, the last one cut.
        chosen = np.resize(random.permutation(n_members), n_draws)
        return self.members[random.permutation(chosen)]


def fit_ensemble(
    model: Model,
    data: Dataset,
    *,
    seed: int,
    n_members: int = 64,
    n_steps: int = 3000,
    anchored: bool = True,
    perturbed: bool = True,
    optimizer: Adam | None = None,
    start=None,
) -> Ensemble:
    """Returns the `Ensemble` of networks that each climb log p(y | x, w) + log p(w), all at once.

    With neither option, a deep ensemble (Lakshminarayanan et al. 2017, "Simple and scalable predictive
    uncertainty estimation using deep ensembles"): members differ only by where they start, and where the
    density has one top they end as one point. anchored: centre each member's prior on its own draw from the
    prior (Pearce et al. 2020, "Uncertainty in neural networks: approximately Bayesian ensembling", section
    3). perturbed: add to each member's targets its own draw of the noise. With both, members of a model that
    is linear in its latents are exact draws from its posterior (randomised maximum a posteriori sampling);
    of a network they are not.

    start: latents `[n_members, n_latents]` to begin from, by default the means that `MeanField` begins from.
    Raises ArithmeticError if a member does not stay finite.
    """
    n_members = whole_number("n_members", n_members, at_least=2)
    inputs, targets = in_network_units(model, data)
    shifts = None
    if yes_or_no("anchored", anchored):
        noise = generator(seed, ENSEMBLE, ANCHORS).standard_normal((n_members, model.n_latents))
        shifts = prior_stds(model) * noise
    if yes_or_no("perturbed", perturbed):
        if isinstance(model.noise_std, LearnedNoise):
            raise ValueError(
                "perturbed: the sd of the targets' noise must be known, and this model learns it. Give "
                "perturbed=False, or a model with a number for noise_std."
            )
        noise = generator(seed, ENSEMBLE, PERTURBATIONS).standard_normal((n_members, data.n_points))
        targets = targets + model.noise_std / model.scaling.y_scale * noise
    members = ascend(
        model,
        first_latents(model, start, seed=seed, counted="n_members", n_starts=n_members),
        inputs,
        targets,
        n_steps=whole_number("n_steps", n_steps),
        optimizer=Adam() if optimizer is None else optimizer,
        shifts=shifts,
    )
    lost = np.count_nonzero(~np.isfinite(members).all(axis=1))
    if lost:
        raise ArithmeticError(
            f"{lost} of {n_members} members left the finite numbers. Use a smaller learning rate."
        )
    return Ensemble(model, members)
