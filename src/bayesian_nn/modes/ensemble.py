"""Ensembles: many networks trained at once, from starts of their own, or around anchors of their own."""

from dataclasses import dataclass

import numpy as np

from bayesian_nn.data.images import LabelledImages
from bayesian_nn.data.tables import Dataset
from bayesian_nn.likelihoods.gaussian import Gaussian
from bayesian_nn.model.initial_weights import first_latents
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import check_data, observe, parts_of, warn_if_unscaled, weights_of
from bayesian_nn.model.prior_terms import gaussian_prior, require_mode
from bayesian_nn.runtime.checks import shown, whole_number, yes_or_no
from bayesian_nn.runtime.random_streams import ENSEMBLE, generator
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.ascent import climb
from bayesian_nn.training.driver import DivergedError
from bayesian_nn.training.optimizer import Adam

__all__ = ["Ensemble", "fit_ensemble"]

# Parts of the random stream.
ANCHORS, PERTURBATIONS, CHOICE = range(3)


@dataclass(frozen=True, eq=False)
class Ensemble:
    """Networks that stand for draws of the posterior: their latents, `members` `[n_members, n_latents]`.
    outcome: "finished", or "interrupted" by Ctrl-C, with the members as they were then."""

    model: Model
    members: np.ndarray
    outcome: str = "finished"

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
    data: Dataset | LabelledImages,
    *,
    seed: int,
    n_members: int = 64,
    n_steps: int = 3000,
    anchored: bool = True,
    perturbed: bool | None = None,
    optimizer: Adam | None = None,
    batch_size: int | None = None,
    start=None,
) -> Ensemble:
    """Returns the `Ensemble` of networks that each climb log p(y | x, w) + log p(w), all at once.

    With neither option, a deep ensemble (Lakshminarayanan et al. 2017, "Simple and scalable predictive
    uncertainty estimation using deep ensembles"): members differ only by where they start, and where the
    density has one top they end as one point. anchored: centre each member's prior on its own draw from the
    prior (Pearce et al. 2020, "Uncertainty in neural networks: approximately Bayesian ensembling", section
    3). perturbed: give each member targets of its own, drawn from the likelihood around those observed, with
    a noise that is unknown at its prior's median; None does so for Gaussian noise that is known, for which
    there is a reason, and classes have no such targets. With both, members of a model with Gaussian noise
    that is linear in its latents are exact draws from its posterior (randomised maximum a posteriori
    sampling); of a network they are not.

    batch_size: observations per step, the same for all members; None is all of them. start: latents
    `[n_members, n_latents]` to begin from, by default random networks. Raises ValueError for a
    prior that is not Gaussian, and DivergedError if a member does not stay finite.
    """
    n_members = whole_number("n_members", n_members, at_least=2)
    check_data(model, data)
    require_mode(model, "fit_ensemble")
    observations = observe(model, data)
    shifts = None
    if yes_or_no("anchored", anchored):
        _, stds = gaussian_prior(model, "fit_ensemble with anchored=True")
        shifts = stds * generator(seed, ENSEMBLE, ANCHORS).standard_normal((n_members, model.n_latents))
    warn_if_unscaled(model, data)
    targets = model.targets(parts_of(data)[1])
    if perturbed is None:
        perturbed = isinstance(model.likelihood, Gaussian) and not model.likelihood.unknowns
    if yes_or_no("perturbed", perturbed):
        random = generator(seed, ENSEMBLE, PERTURBATIONS)
        perturbations = _perturbed(model, targets, n_members, random)
        if (weights := weights_of(data)) is not None:
            perturbations = _weighted(model, targets, perturbations, weights)
        observations = observations._replace(targets=tf.constant(perturbations, tf.float32))
    ascent = climb(
        model,
        first_latents(model, start, seed=seed, counted="n_members", n_starts=n_members),
        observations,
        n_steps=whole_number("n_steps", n_steps),
        optimizer=Adam() if optimizer is None else optimizer,
        shifts=shifts,
        batch_size=batch_size,
        seed=seed,
    )
    finite = np.isfinite(ascent.latents).all(axis=1)
    if not finite.all():
        raise DivergedError(
            f"{np.count_nonzero(~finite)} of {n_members} members diverged. Use a smaller learning rate.",
            Ensemble(model, ascent.latents[finite], "diverged"),
        )
    return Ensemble(model, ascent.latents, ascent.outcome)


def _weighted(model, targets, perturbed, weights):
    """Returns the perturbed targets as the mean of so many as an observation's weight says would be."""
    if not isinstance(model.likelihood, Gaussian):
        raise ValueError(
            f"perturbed: targets of {shown(model.likelihood)} with weights cannot be perturbed. Give "
            "perturbed=False."
        )
    # Of no weight it is all the same.
    shrunk = np.sqrt(np.where(weights > 0, weights, 1.0))[:, None, None]
    return targets[:, :, None] + (perturbed - targets[:, :, None]) / shrunk


def _perturbed(model, targets, n_members, random):
    """Returns targets `[n_points, n_targets, n_members]` drawn around those observed."""
    outputs = model.likelihood.outputs_at(targets)
    if outputs is None:
        raise ValueError(
            f"perturbed: {model.likelihood} has no targets around those observed, for a class is certain "
            "once it is seen. Give perturbed=False, or leave it out."
        )
    of_members = [np.repeat(np.asarray(each)[None], n_members, axis=0) for each in outputs]
    unknowns = [unknown.start for unknown in model.likelihood.unknowns]
    drawn = model.likelihood.sample(of_members, unknowns, model.scaling, random)
    return np.stack([model.targets(each) for each in drawn], axis=-1)
