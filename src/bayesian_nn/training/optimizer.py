"""Adam, and the learning-rate schedules it follows."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from bayesian_nn.runtime.checks import fraction, positive, shown, whole_number
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["Adam", "AdamState", "StepDecay", "WarmupCosine", "block_of", "schedule_of"]


@dataclass(frozen=True)
class WarmupCosine:
    """A rate that rises linearly to `peak` over the first part `warmup` of the steps, then falls to zero
    along half a cosine. Begun at full rate, about one run in ten ends in a flat or half-flat optimum."""

    peak: float = 0.1
    warmup: float = 0.2

    def __post_init__(self):
        object.__setattr__(self, "peak", positive("peak", self.peak))
        object.__setattr__(self, "warmup", fraction("warmup", self.warmup, but=1))

    def rates(self, n_steps: int) -> np.ndarray:
        """Returns the learning rates `[n_steps]`."""
        done = np.arange(n_steps) / n_steps
        falling = 0.5 * (1 + np.cos(np.pi * np.clip((done - self.warmup) / (1 - self.warmup), 0, 1)))
        rising = (np.arange(n_steps) + 1) / max(1.0, self.warmup * n_steps)
        return self.peak * np.minimum(rising, 1) * falling


@dataclass(frozen=True)
class StepDecay:
    """The rate `initial` · `factor`^⌊step / every⌋; factor 1 is a constant rate."""

    initial: float
    factor: float = 1.0
    every: int = 100

    def __post_init__(self):
        object.__setattr__(self, "initial", positive("initial", self.initial))
        object.__setattr__(self, "factor", fraction("factor", self.factor, but=0))
        object.__setattr__(self, "every", whole_number("every", self.every))

    def rates(self, n_steps: int) -> np.ndarray:
        """Returns the learning rates `[n_steps]`."""
        return self.initial * self.factor ** (np.arange(n_steps) // self.every)


class AdamState(NamedTuple):
    """What the next step needs: the step count `[]`, the parameters and Adam's two moments, each
    `[n_restarts, n_parameters]`."""

    step: np.ndarray | tf.Tensor
    parameters: np.ndarray | tf.Tensor
    first_moment: np.ndarray | tf.Tensor
    second_moment: np.ndarray | tf.Tensor


@dataclass(frozen=True)
class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1) on one flat parameter vector.

    Six lines here rather than Keras's class, because the state then passes through a compiled loop as
    plain tensors, which Keras 3 refuses on TensorFlow. beta2 is 0.98, not 0.999: the gradient's size falls
    a thousandfold while the network finds the data, and a long memory of it would hold the steps back.

    learning_rate: a schedule, or a number for a constant rate.
    """

    learning_rate: WarmupCosine | StepDecay | float = field(default_factory=WarmupCosine)
    beta1: float = 0.9
    beta2: float = 0.98
    epsilon: float = 1e-8

    def __post_init__(self):
        object.__setattr__(self, "learning_rate", schedule_of("learning_rate", self.learning_rate))
        object.__setattr__(self, "beta1", fraction("beta1", self.beta1, but=1))
        object.__setattr__(self, "beta2", fraction("beta2", self.beta2, but=1))
        object.__setattr__(self, "epsilon", positive("epsilon", self.epsilon))

    def start(self, parameters) -> AdamState:
        """Returns the state before the first step."""
        zeros = np.zeros_like(parameters)
        return AdamState(np.int32(0), parameters, zeros, zeros)

    def step(self, state: AdamState, gradient, rate) -> AdamState:
        """Returns the state after one step of size `rate` against `gradient` `[n_restarts, n_parameters]`."""
        step = state.step + 1
        first = self.beta1 * state.first_moment + (1 - self.beta1) * gradient
        second = self.beta2 * state.second_moment + (1 - self.beta2) * gradient**2
        power = tf.cast(step, gradient.dtype)
        mean = first / (1 - self.beta1**power)
        scale = tf.sqrt(second / (1 - self.beta2**power)) + self.epsilon
        return AdamState(step, state.parameters - rate * mean / scale, first, second)


def block_of(values: np.ndarray, index: int, length: int) -> np.ndarray:
    """Returns those of the values of every step `[n_steps]` that are in block `index` of a loop `[length]`,
    and zeros after the last step of all."""
    part = values[index * length : (index + 1) * length]
    return np.pad(part, (0, length - len(part))).astype(np.float32)


def schedule_of(argument: str, rate) -> WarmupCosine | StepDecay:
    """Returns a schedule as it is, and of a number the one that stays there. Raises ValueError for others."""
    if isinstance(rate, int | float | np.number):
        return StepDecay(positive(argument, rate))
    if isinstance(rate, type) or not hasattr(rate, "rates"):
        raise ValueError(
            f"{argument} must be a number, or a schedule such as WarmupCosine() or StepDecay(0.01); "
            f"got {shown(rate)}."
        )
    return rate
