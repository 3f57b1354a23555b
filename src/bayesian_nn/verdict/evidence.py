"""What findings are found in: a result's prediction of some rows, and data drawn from that prediction."""

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np

from bayesian_nn.data.images import LabelledImages
from bayesian_nn.data.tables import Dataset
from bayesian_nn.likelihoods.likelihood import Likelihood
from bayesian_nn.model.log_joint import network_outputs
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import as_points, check_data, parts_of
from bayesian_nn.prediction.parts import draws_of
from bayesian_nn.prediction.predict import prediction_of
from bayesian_nn.prediction.targets import targets_of
from bayesian_nn.predictions.around_draws import AroundDraws
from bayesian_nn.predictions.classes import ClassPrediction
from bayesian_nn.predictions.counts import CountPrediction
from bayesian_nn.runtime.checks import instance
from bayesian_nn.runtime.random_streams import VERDICT, generator
from bayesian_nn.scores.residuals import predictive_spread
from bayesian_nn.training.run import Run, data_digest
from bayesian_nn.verdict.straight_line import some_rows

__all__ = ["BAND", "Evidence", "Target", "gather"]

# The band that is held to the rows.
BAND = (0.05, 0.95)
# The fewest rows of which a share says anything.
MIN_ROWS = 20
# Numbers of the network's outputs in all draws: 64 MB. Of more rows a random part is looked at.
MAX_NUMBERS = 2**23
# Of data drawn from the prediction: four of them are beyond the limits that one in a hundred passes.
N_REPLICATES = 400
# Nats, below which no row's log density counts.
LOWEST = -1e12


@dataclass(frozen=True, eq=False)
class Target:
    """One target: its prediction at the rows, the values that came true, and others that might have.

    name: of the target, empty where there is but one; likelihood and record: of this target
    alone; y: `[n_points]`, and replicates: drawn from the prediction, each with one draw of the weights
    `[n_replicates, n_points]`, both in original units.
    """

    name: str
    likelihood: Likelihood
    record: Any
    y: np.ndarray
    replicates: np.ndarray

    @property
    def is_real(self) -> bool:
        return isinstance(self.record, AroundDraws)

    @property
    def is_count(self) -> bool:
        return isinstance(self.record, CountPrediction)

    @property
    def is_class(self) -> bool:
        return isinstance(self.record, ClassPrediction)

    @functools.cached_property
    def band(self) -> np.ndarray:
        """The ends of the central 90 % band, noise included `[2, n_points]`."""
        return self.record.quantiles(BAND, with_noise=True)

    @functools.cached_property
    def spread(self) -> np.ndarray:
        """The predictive sd `[n_points]`."""
        return predictive_spread(self.record)

    def says(self, sentence: str) -> str:
        """Returns a sentence that begins with the target's name, where there are several."""
        return f"{self.name}: {sentence}" if self.name else sentence[0].upper() + sentence[1:]

    def standardised(self, y) -> np.ndarray:
        """Returns how many predictive sds values `[..., n_points]` lie from the predictive mean."""
        return (y - self.record.mean) / self.spread


@dataclass(frozen=True, eq=False)
class Evidence:
    """A result, the rows it is held to, and what it says of them.

    training: the rows it was fitted to, None if they are not known; seen: whether most rows are among them,
    None if that is not known; log_density: of each row `[n_points]`, in nats.
    """

    result: Any
    model: Model
    data: Dataset | LabelledImages
    training: Dataset | LabelledImages | None
    seen: bool | None
    targets: tuple[Target, ...]
    log_density: np.ndarray

    @property
    def n_rows(self) -> int:
        return len(self.log_density)

    @functools.cached_property
    def inputs(self) -> dict[str, np.ndarray]:
        """The inputs of a table that vary, `[n_points]` each, by name; none of images."""
        if not isinstance(self.data, Dataset):
            return {}
        columns = zip(self.data.x_names, self.data.x.T, strict=True)
        return {name: column for name, column in columns if np.ptp(column) > 0}


def gather(result, data: Dataset | LabelledImages, *, seed: int, training=None, n_draws: int) -> Evidence:
    """Returns the `Evidence` on a result. Raises ValueError for data that do not fit it, and for too few."""
    model, latents = draws_of(result, n_draws, seed)
    check_data(model, data)
    if training is not None:
        instance("training", training, type(data), "It is what the fit has seen, of the same kind as data.")
        check_data(model, training)
    n_rows = len(parts_of(data)[1])
    if n_rows < MIN_ROWS:
        raise ValueError(f"data must have {MIN_ROWS} rows or more to judge a result by; got {n_rows}.")
    seen = _seen(result, data, training)
    random = generator(seed, VERDICT, 0)
    data = some_rows(
        data,
        max(MIN_ROWS, MAX_NUMBERS // (max(len(latents), N_REPLICATES) * model.likelihood.n_outputs)),
        random,
    )
    x, y = parts_of(data)
    x = as_points(model, x)
    outputs = network_outputs(model, latents, x)
    prediction = prediction_of(model, x, outputs, latents)
    # As many from a few draws as from many: what chance explains is told by their number.
    again = np.resize(np.arange(len(latents)), N_REPLICATES)
    replicates = targets_of(model, outputs[again], latents[again], random)
    # A class that was given no probability must not make every mean infinite.
    log_density = np.maximum(prediction.log_density(y), LOWEST)
    targets = _targets(model.likelihood, prediction, y, replicates, data)
    return Evidence(result, model, data, training, seen, targets, log_density)


def _targets(likelihood, prediction, y, replicates, data):
    parts = getattr(likelihood, "parts", None)
    if parts is None:
        return (Target("", likelihood, prediction, y, replicates),)
    y, names = np.reshape(y, (len(y), len(parts))), data.y_name
    if isinstance(names, str):
        names = [f"{names}{index + 1}" for index in range(len(parts))]
    columns = (names, parts, prediction.parts, y.T, np.moveaxis(replicates, -1, 0))
    return tuple(Target(str(name), *of_target) for name, *of_target in zip(*columns, strict=True))


def _seen(result, data, training):
    """Whether most rows are rows of the fit; None if that cannot be known."""
    if training is None:
        return result.digest == data_digest(data) if isinstance(result, Run) else None
    known = {row.tobytes() for row in _rows(training)}
    shared = sum(row.tobytes() in known for row in _rows(data))
    return shared > 0.5 * len(parts_of(data)[1])


def _rows(data):
    x, y = parts_of(data)
    return np.ascontiguousarray(np.column_stack([np.reshape(x, (len(x), -1)), np.reshape(y, (len(y), -1))]))
