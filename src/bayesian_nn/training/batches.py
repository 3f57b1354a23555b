"""Minibatches: which rows each step sees, by one of two rules, and what is there to be seen."""

import functools
from dataclasses import dataclass

import numpy as np

from bayesian_nn.data.images import LabelledImages
from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import (
    Observations,
    check_data,
    checked_batch_size,
    checked_size,
    observe,
    parts_of,
    weights_of,
)
from bayesian_nn.runtime.random_streams import MINIBATCHES, checked_seed, generator

__all__ = ["Batches", "EpochOrder", "IndependentDraws"]


@dataclass(frozen=True)
class EpochOrder:
    """Consecutive parts of a random order of all points, a new one every epoch: what optimisation uses. What
    is left of an order, less than a batch, sits its epoch out."""

    seed: int
    n_points: int
    batch_size: int

    def rows(self, step: int) -> np.ndarray:
        """Returns the rows `[batch_size]` of a step's minibatch."""
        epoch, place = divmod(step, self.n_points // self.batch_size)
        order = _epoch_order(self.seed, epoch, self.n_points)
        return order[place * self.batch_size : (place + 1) * self.batch_size]


@dataclass(frozen=True)
class IndependentDraws:
    """A new draw without replacement for every step, independent of the others: what samplers use, for with
    independent batches their stationary distribution is known. stream: of the seed, the method's own."""

    seed: int
    stream: int
    n_points: int
    batch_size: int

    def rows(self, step: int) -> np.ndarray:
        """Returns the rows `[batch_size]` of a step's minibatch."""
        random = generator(self.seed, self.stream, step)
        return random.choice(self.n_points, self.batch_size, replace=False, shuffle=False).astype(np.int32)


class Batches:
    """The observations of every step: all of them, or those that a rule chooses.

    data: a data set, or `Observations` that are in the model's units already; rule: None is all rows.
    """

    def __init__(
        self,
        model: Model,
        data: Dataset | LabelledImages | Observations,
        rule: EpochOrder | IndependentDraws | None = None,
    ):
        self.model, self.data, self.rule = model, data, rule
        if not isinstance(data, Observations):
            check_data(model, data)

    @classmethod
    def in_epochs(cls, model: Model, data, *, seed: int, batch_size: int | None) -> "Batches":
        """Returns the batches of an optimiser."""
        if batch_size is None:
            return cls(model, data)
        return cls(model, data, EpochOrder(checked_seed(seed), _n_points(data), _checked(batch_size, data)))

    @classmethod
    def independent(cls, model: Model, data, *, seed: int, stream: int, batch_size: int | None) -> "Batches":
        """Returns the batches of a sampler."""
        if batch_size is None:
            return cls(model, data)
        size = _checked(batch_size, data)
        return cls(model, data, IndependentDraws(checked_seed(seed), stream, _n_points(data), size))

    @property
    def n_points(self) -> int:
        """The number of all observations."""
        return _n_points(self.data)

    @property
    def n_batch(self) -> int:
        """The number of observations in a step."""
        return self.n_points if self.rule is None else self.rule.batch_size

    @functools.cached_property
    def observations(self) -> Observations:
        """All observations, as tensors."""
        return self.data if isinstance(self.data, Observations) else observe(self.model, self.data)

    def rows(self, steps: range) -> np.ndarray | None:
        """Returns the rows `[n_steps, batch_size]` of the steps; None where each sees all."""
        return None if self.rule is None else np.stack([self.rule.rows(step) for step in steps])

    def looked_up(self, step: int) -> tuple[np.ndarray, ...] | None:
        """Returns a step's inputs and targets, and its weights if there are any, in single precision, looked
        up in the data: all of them need then never be on a device. None where each step sees all."""
        if self.rule is None:
            return None
        rows, weights = self.rule.rows(step), weights_of(self.data)
        of_weights = () if weights is None else (np.asarray(weights, np.float32)[rows],)
        if isinstance(self.data, Observations):
            return *(np.asarray(part)[rows] for part in self.data[:2]), *of_weights
        inputs = self.model.inputs(parts_of(self.data)[0][rows])
        return inputs.astype(np.float32, copy=False), self._targets[rows], *of_weights

    @functools.cached_property
    def _targets(self):
        return self.model.targets(parts_of(self.data)[1]).astype(np.float32)


def _n_points(data):
    return data.n_points if isinstance(data, Observations) else len(parts_of(data)[1])


def _checked(batch_size, data):
    if isinstance(data, Observations):
        return checked_size(batch_size, data.n_points)
    return checked_batch_size(batch_size, data)


@functools.lru_cache(maxsize=2)
def _epoch_order(seed, epoch, n_points):
    return generator(seed, MINIBATCHES, epoch).permutation(n_points).astype(np.int32)
