"""The record of a fit: what it was asked, what happened at every step, and what the next step needs."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from bayesian_nn.data.images import LabelledImages
from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.layer_weights import by_layer
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import parts_of, weights_of
from bayesian_nn.objectives.elbo import Elbo
from bayesian_nn.posteriors.family import Family
from bayesian_nn.runtime.checks import whole_number
from bayesian_nn.runtime.random_streams import POSTERIOR, key
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.optimizer import Adam, AdamState

__all__ = ["Run", "Settings", "data_digest"]


class Settings(NamedTuple):
    """What a fit was asked to do. Two fits with equal settings and data are equal bit for bit."""

    model: Model
    posterior: Family
    objective: Elbo
    optimizer: Adam
    seed: int
    n_steps: int
    batch_size: int | None
    kl_warmup: float
    n_restarts: int


@dataclass(frozen=True, eq=False)
class Run:
    """A recorded fit. Arrays with `n_restarts` keep every restart; `best` is the one with the highest ELBO,
    or the highest held-out density, and `elbo`, `log_likelihood`, `kl`, `parameters` and `path` are its own.

    recorded_steps: the recorded steps `[n_recorded]`, 0 for the start; recorded_parameters: the posterior's
    parameters after that many steps `[n_recorded, n_restarts, n_parameters]`, in half precision (three
    digits) where in single precision they would take more than 19 MB; final_parameters: those that the fit
    ended with `[n_restarts, n_parameters]`, of one that watched held-out data the best, of one that diverged
    the last finite ones; log_likelihoods and kls: the ELBO's parts before each step's update `[n_steps_done,
    n_restarts]`, in nats, noisy estimates from `objective.n_draws` draws and the step's batch; state: what
    the next step needs, None if it was not saved; outcome: "finished", "plateau", "held-out", "interrupted"
    or "diverged"; final_elbos: the ELBO of the final parameters `[n_restarts]`, from 1,000 draws, or, where
    that were too much work, the mean over the last hundred steps; explained: the fraction of y that the best
    restart's mean prediction explains, as `likelihood.explained` defines it; n_points: of the data, whose
    fingerprint is `digest`; held_out_steps `[n_looks]` and held_out `[n_looks, n_restarts]`: the log
    predictive density of held-out data per observation, in nats; end_scheduled: whether the last record was
    asked for, or is there only because the run ended there.
    """

    settings: Settings
    recorded_steps: np.ndarray
    recorded_parameters: np.ndarray
    final_parameters: np.ndarray
    log_likelihoods: np.ndarray
    kls: np.ndarray
    state: AdamState | None
    outcome: str
    final_elbos: np.ndarray
    explained: float
    n_points: int
    digest: str
    held_out_steps: np.ndarray
    held_out: np.ndarray
    end_scheduled: bool = True

    @property
    def model(self) -> Model:
        return self.settings.model

    @property
    def posterior(self) -> Family:
        return self.settings.posterior

    @property
    def n_steps_done(self) -> int:
        return len(self.log_likelihoods)

    @property
    def steps_per_epoch(self) -> int:
        """1 for a fit that sees all the data in every step."""
        return self.n_points // (self.settings.batch_size or self.n_points)

    @property
    def epochs(self) -> np.ndarray:
        """The recorded steps in epochs `[n_recorded]`."""
        return self.recorded_steps / self.steps_per_epoch

    @property
    def best(self) -> int:
        if len(self.held_out):
            return int(np.argmax(np.nan_to_num(self.held_out, nan=-np.inf).max(axis=0)))
        return int(np.argmax(self.final_elbos))

    @property
    def final_elbo(self) -> float:
        """The best restart's ELBO at the end, in nats."""
        return float(self.final_elbos[self.best])

    @property
    def parameters(self) -> np.ndarray:
        """The best restart's final parameters `[n_parameters]`."""
        return self.final_parameters[self.best]

    @property
    def path(self) -> np.ndarray:
        """The best restart's recorded parameters `[n_recorded, n_parameters]`."""
        return self.recorded_parameters[:, self.best]

    @property
    def log_likelihood(self) -> np.ndarray:
        return self.log_likelihoods[:, self.best]

    @property
    def kl(self) -> np.ndarray:
        return self.kls[:, self.best]

    @property
    def elbo(self) -> np.ndarray:
        """The ELBO before each step `[n_steps_done]`, in nats, whatever the weight of the KL in the fit."""
        return self.log_likelihood - self.kl

    def draw(self, n_draws: int, *, seed: int, recorded: int | None = None) -> np.ndarray:
        """Returns draws of the latents `[n_draws, n_latents]` from the best restart's posterior at the end,
        or at the given one of the recorded steps. A seed gives the same noise at every step."""
        if self._at_once(n_draws):
            return self.posterior.draw(
                tf.constant(self._parameters(recorded)), self._noise(n_draws, seed)
            ).numpy()
        draws = np.empty((n_draws, self.model.n_latents), np.float32)
        for index, draw in enumerate(self.draws(n_draws, seed=seed, recorded=recorded)):
            draws[index] = draw
        return draws

    def draws(self, n_draws: int, *, seed: int, recorded: int | None = None) -> Iterator[np.ndarray]:
        """Yields the draws of `draw`, one `[n_latents]` at a time: a hundred of a large network's are more
        than is good to hold at once. Beyond eight million numbers in all each has noise of its own, and the
        first of more draws are the same."""
        if self._at_once(n_draws):
            yield from self.draw(n_draws, seed=seed, recorded=recorded)
            return
        parameters = tf.constant(self._parameters(recorded))
        shape = self.posterior.noise_shape(self.model)
        for index in range(n_draws):
            of_draw = tf.random.experimental.stateless_fold_in(key(seed, POSTERIOR), index)
            yield self.posterior.draw(parameters, tf.random.stateless_normal([1, *shape], of_draw)).numpy()[0]

    def moments(
        self, recorded: int | None = None, *, layer: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns the means and sds of the latents, each `[n_latents]`: at the end, or at the given one of
        the recorded steps. With a layer, 0 for the first, those of its weights, each `[n_in, n_out]`, and of
        its biases, each `[n_out]`: `((means, sds), (means, sds))`."""
        mean, variance = self.posterior.marginals(tf.constant(self._parameters(recorded)))
        mean, std = mean.numpy(), np.sqrt(variance.numpy())
        if layer is None:
            return mean, std
        n_layers = len(self.model.layers)
        if layer not in range(-n_layers, n_layers):
            raise ValueError(f"layer must be one of the {n_layers} layers, 0 for the first; got {layer}.")
        weights, biases = zip(*(by_layer(self.model, part)[layer] for part in (mean, std)), strict=True)
        return weights, biases

    def _at_once(self, n_draws):
        return whole_number("n_draws", n_draws) * np.prod(self.posterior.noise_shape(self.model)) <= 2**23

    def _noise(self, n_draws, seed):
        shape = [whole_number("n_draws", n_draws), *self.posterior.noise_shape(self.model)]
        return tf.random.stateless_normal(shape, key(seed, POSTERIOR))

    def _parameters(self, recorded):
        if recorded is None:
            return self.parameters
        n_recorded = len(self.recorded_steps)
        if recorded not in range(-n_recorded, n_recorded):
            raise ValueError(f"recorded must be one of the {n_recorded} recorded steps; got {recorded}.")
        return self.path[recorded].astype(np.float32)


def data_digest(data: Dataset | LabelledImages) -> str:
    """Returns a fingerprint of inputs and targets, and weights if there are any, by which a resumed fit knows
    its data."""
    digest, weights = hashlib.sha256(), weights_of(data)
    for part in (*parts_of(data), *(() if weights is None else (weights,))):
        digest.update(np.ascontiguousarray(part))
    return digest.hexdigest()[:16]
