"""When to stop early: the ELBO has stopped rising, or held-out data are no longer predicted better."""

from dataclasses import dataclass

import numpy as np

from bayesian_nn.data.images import LabelledImages
from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.log_joint import draws_in_parts, log_densities
from bayesian_nn.model.network import outputs
from bayesian_nn.model.observations import observe
from bayesian_nn.runtime.checks import instance, not_negative, whole_number
from bayesian_nn.runtime.random_streams import HELD_OUT, key
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["HeldOut", "HeldOutWatch", "Plateau", "PlateauWatch", "log_predictive_density"]


@dataclass(frozen=True)
class Plateau:
    """Stop early when the ELBO's mean over the last `window` steps is less than `tolerance` nats above its
    mean over the `window` before. For a learning rate that does not fall: `fit` refuses others, whose small
    steps look like a plateau."""

    window: int = 1000
    tolerance: float = 0.5

    def __post_init__(self):
        object.__setattr__(self, "window", whole_number("window", self.window))
        object.__setattr__(self, "tolerance", not_negative("tolerance", self.tolerance))

    def reached(self, elbos: np.ndarray) -> bool:
        """Whether the best restart's ELBO `[n_steps, n_restarts]` has stopped rising."""
        if len(elbos) < 2 * self.window:
            return False
        last, before = elbos[-self.window :], elbos[-2 * self.window : -self.window]
        return float(np.nanmax(last.mean(axis=0)) - np.nanmax(before.mean(axis=0))) < self.tolerance


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Stop early when data that the fit does not see are no longer predicted better, and keep the parameters
    that predicted them best.

    data: of the same kind as the fit's. After every `every` steps the log predictive density of the held-out
    data is estimated from `n_draws` draws, the same ones every time; the fit ends when the best restart has
    not improved its best for `patience` looks in a row.
    """

    data: Dataset | LabelledImages
    every: int = 100
    patience: int = 5
    n_draws: int = 50

    def __post_init__(self):
        if not isinstance(self.data, Dataset | LabelledImages):
            instance(
                "data", self.data, Dataset, "It is what the fit must not see: train_test_split makes it."
            )
        for name in ("every", "patience", "n_draws"):
            object.__setattr__(self, name, whole_number(name, getattr(self, name)))


class PlateauWatch:
    """Looks at the ELBO after every stretch of steps."""

    every = None

    def __init__(self, plateau: Plateau):
        self.plateau = plateau

    def __call__(self, step, vectors, parts) -> str | None:
        parts = parts()[-2 * self.plateau.window :]
        return "plateau" if self.plateau.reached(parts[:, 0] - parts[:, 1]) else None


class HeldOutWatch:
    """Looks at held-out data at intervals, and remembers the best.

    steps `[n_looks]` and values `[n_looks, n_restarts]`: what it saw, in nats per observation; best: the
    parameters that were best for each restart `[n_restarts, n_parameters]`.
    """

    def __init__(self, stop: HeldOut, model, posterior, *, seed: int, seen=None):
        self.stop, self.every, self.posterior = stop, stop.every, posterior
        self.steps, self.values, self.best = seen if seen is not None else ([], [], None)
        self.steps, self.values = list(self.steps), list(self.values)
        self._density = _density_of(model, posterior, stop, seed)

    def __call__(self, step, vectors, parts) -> str | None:
        if step % self.every or (self.steps and step <= self.steps[-1]):
            return None
        values = np.array([self._density(each) for each in vectors])
        before = np.max(self.values, axis=0) if self.values else np.full(len(values), -np.inf)
        better = values > before
        best = vectors if self.best is None else np.where(better[:, None], vectors, self.best)
        self.best, self.steps, self.values = best, [*self.steps, step], [*self.values, values]
        # The first look is the one to beat.
        since = len(self.values) - 1 - int(np.argmax(np.max(self.values, axis=1)))
        return "held-out" if since >= self.stop.patience else None


def log_predictive_density(model, posterior, parameters, observations, noise) -> float:
    """Returns the mean over the observations, each as often as its weight says, of log E_q[p(y | x, w)], in
    nats, for one parameter vector and standard normal noise `[n_draws, ...]`; -inf where it is not finite."""
    latents = posterior.draw(tf.convert_to_tensor(parameters), noise)
    parts = draws_in_parts(model, len(noise), observations.n_points)
    values = tf.concat(
        [
            log_densities(model, outputs(model, each, observations.inputs), each, observations)
            for each in (latents[part] for part in parts)
        ],
        axis=0,
    )
    of_points = tf.reduce_logsumexp(values, axis=0) - np.log(len(noise))
    if observations.weights is None:
        value = float(tf.reduce_mean(of_points))
    else:
        value = float(observations.total(of_points, axis=-1) / tf.reduce_sum(observations.weights))
    return value if np.isfinite(value) else -np.inf


def _density_of(model, posterior, stop, seed):
    observations = observe(model, stop.data)
    noise = tf.random.stateless_normal([stop.n_draws, *posterior.noise_shape(model)], key(seed, HELD_OUT))
    return lambda parameters: log_predictive_density(model, posterior, parameters, observations, noise)
