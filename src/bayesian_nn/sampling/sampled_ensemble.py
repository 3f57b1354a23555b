"""A sampled ensemble: networks that climb to places of their own, and a chain round each of them."""

from dataclasses import replace

import numpy as np

from bayesian_nn.data.images import LabelledImages
from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.model import Model
from bayesian_nn.modes.ensemble import Ensemble
from bayesian_nn.modes.held_out_ensemble import fit_held_out_ensemble
from bayesian_nn.priors.placement import with_known_scales
from bayesian_nn.sampling.microcanonical import MicrocanonicalChains, sample_mclmc

__all__ = ["climbed_ensemble", "fit_sampled_ensemble"]


def fit_sampled_ensemble(
    model: Model,
    data: Dataset | LabelledImages,
    *,
    seed: int,
    n_members: int = 8,
    n_climbing: int = 3000,
    n_steps: int = 10_000,
    thin: int = 20,
) -> MicrocanonicalChains | Ensemble:
    """Returns chains of microcanonical Langevin Monte Carlo, each begun where a member of an ensemble
    predicted held-out rows best on its climb (Sommer et al. 2025, "Microcanonical Langevin ensembles:
    advancing the sampling of Bayesian neural networks").

    A chain samples its surroundings, and the members lie far from one another: together they hold more of
    the posterior than either alone, but how much of it is each one's share they do not know.

    n_climbing: steps of the ensemble; an unknown scale of a prior is held at its median meanwhile, for it has
    no useful mode. n_steps, thin: of the chains, a third of which burns in; see `sample_mclmc`. Ctrl-C while
    the ensemble climbs returns the `Ensemble` as it is then.
    """
    ensemble = climbed_ensemble(model, data, seed=seed, n_members=n_members, n_steps=n_climbing)
    if ensemble.outcome == "interrupted":
        return ensemble
    scales = [unknown.start for unknown in model.unknowns[len(model.likelihood.unknowns) :]]
    start = np.hstack([ensemble.members, np.tile(scales, (n_members, 1))])
    return sample_mclmc(model, data, seed=seed, n_chains=n_members, n_steps=n_steps, thin=thin, start=start)


def climbed_ensemble(
    model: Model,
    data: Dataset | LabelledImages,
    *,
    seed: int,
    n_members: int,
    n_steps: int,
    batch_size: int | None = None,
) -> Ensemble:
    """Returns what `fit_held_out_ensemble` does of the model with the scales of its priors at their
    medians."""
    known = replace(model, prior=with_known_scales(model.prior))
    return fit_held_out_ensemble(
        known, data, seed=seed, n_members=n_members, n_steps=n_steps, batch_size=batch_size
    )
