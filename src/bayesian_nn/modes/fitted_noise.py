"""The noise by the evidence, which integrates the weights out: at their joint mode it is too small."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from scipy import optimize

from bayesian_nn.data.tables import Dataset
from bayesian_nn.likelihoods.noises import learned_noises, with_known_noises
from bayesian_nn.model.initial_weights import first_latents
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import check_data, observe, warn_if_unscaled
from bayesian_nn.model.prior_terms import gaussian_prior, prior_stds, require_mode
from bayesian_nn.modes.curvature import precision
from bayesian_nn.modes.height import height_of
from bayesian_nn.modes.lbfgs import minimise
from bayesian_nn.runtime.checks import shown, whole_number
from bayesian_nn.runtime.progress import progress
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["fit_noise"]

# Of log noise_std: from one noise to the next on the way down, and how well the best is found.
STEP, TOLERANCE = 0.35, 0.01
# Down to a millionth of where it begins: y that hardly varies around the fit would lead on without end.
MOST_NOISES = 40


def fit_noise(model: Model, data: Dataset, *, seed: int, n_steps: int = 500) -> Model:
    """Returns the model with each `LearnedNoise` replaced by the noise sd, in y's units, at which Laplace's
    estimate of log p(y, noise | x) is highest: that of a `Gaussian`, the scale of a `StudentT`, and those of
    the parts of `Several`.

    The joint mode of weights and noise lies elsewhere. A network that fits the noise leaves small residuals,
    which make a smaller noise likelier, without end where it can meet every y; the evidence counts what the
    weights have taken from the data (MacKay 1992, "A practical Bayesian framework for backpropagation
    networks", section 2). From that of a random network the noise goes down in steps, and at each the weights
    climb by `n_steps` steps of L-BFGS at most, until the evidence has fallen twice; the best noise is
    then found to 1 %, for the modes that this leads to: a network has others. Several noises take turns. The
    evidence needs the generalised Gauss-Newton matrix, weights by weights: for up to some thousand of them.
    Raises ValueError for a model without a `LearnedNoise`, and for a prior that is not Gaussian.
    """
    check_data(model, data)
    require_mode(model, "fit_noise")
    gaussian_prior(model, "fit_noise")
    noises = [model.n_weights + place for place in learned_noises(model.likelihood)]
    if not noises:
        raise ValueError(
            "likelihood must have a LearnedNoise to fit, as in Gaussian(LearnedNoise(median=0.1)); got "
            f"{shown(model.likelihood)}."
        )
    warn_if_unscaled(model, data)
    climb = _Climb(model, data, noises, whole_number("n_steps", n_steps))
    latents = first_latents(model, None, seed=seed, counted="1", n_starts=1)[0].astype(np.float64)
    latents = climb.up(latents, noises)
    with progress(unit="noise", desc="Evidence") as bar:
        for place in noises if len(noises) == 1 else 2 * noises:
            latents = _best(climb, latents, place, bar)
    return replace(model, likelihood=with_known_noises(model.likelihood, np.exp(latents[noises])))


class _Settled(NamedTuple):
    """Latents `[n_latents]` whose weights were climbed for their noises, and the log evidence of these."""

    evidence: float
    latents: np.ndarray


class _Climb:
    """Climbs some of the latents, the others held where they are, by one compiled program for all."""

    def __init__(self, model, data, noises, n_steps):
        self.model, self.n_steps = model, n_steps
        self.observations = observe(model, data, tf.float64)
        self.height = height_of(model, self.observations)
        self.scale = prior_stds(model)
        self.others = np.delete(np.arange(model.n_latents), noises)

    def up(self, latents, places):
        """Returns the latents after L-BFGS over those at these places."""
        scale, latents = self.scale[places], latents.copy()

        def depth(position):
            latents[places] = position * scale
            value, gradient = self.height(latents)
            return -value, -gradient[places] * scale

        latents[places] = scale * minimise(depth, latents[places] / scale, n_steps=self.n_steps).position
        return latents

    def settled(self, latents, place, log_noise):
        """Returns the `_Settled` of one noise, from latents near it."""
        latents = np.where(np.arange(len(latents)) == place, log_noise, latents)
        latents = self.up(latents, self.others)
        inputs, weights = self.observations.inputs, self.observations.weights
        matrix = precision(self.model, latents, inputs, weights=weights)
        matrix = matrix[np.ix_(self.others, self.others)] / (2 * np.pi)
        evidence = self.height(latents)[0] - 0.5 * np.linalg.slogdet(matrix)[1]
        return _Settled(evidence, latents)


def _best(climb, latents, place, bar):
    """Returns the latents with the noise at this place where the evidence is highest."""
    found = []

    def settle(latents, log_noise):
        found.append(climb.settled(latents, place, log_noise))
        bar.update()
        return found[-1]

    settle(latents, latents[place] + STEP)
    while len(found) < MOST_NOISES and not _falls_twice(found):
        settle(found[-1].latents, found[-1].latents[place] - STEP)
    top = max(found, key=lambda each: each.evidence).latents
    optimize.minimize_scalar(
        lambda log_noise: -settle(top, log_noise).evidence,
        bounds=(top[place] - STEP, top[place] + STEP),
        method="bounded",
        options={"xatol": TOLERANCE},
    )
    return max(found, key=lambda each: each.evidence).latents


def _falls_twice(found):
    return len(found) > 2 and found[-1].evidence < found[-2].evidence < found[-3].evidence
