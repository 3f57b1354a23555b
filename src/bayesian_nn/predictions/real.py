"""Records of what draws of the weights predict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayesian_nn.predictions.normal_mixture import mixture_cdf, mixture_crps, mixture_quantiles
from bayesian_nn.runtime.checks import finite_numbers

__all__ = ["Prediction", "PredictionFilm"]

# Numbers in a block of draws whose quantiles or scores are sought together: 256 KiB.
BLOCK = 1 << 15


@dataclass(frozen=True)
class Prediction:
    """What every draw of the weights predicts at some inputs: f and the noise around it, in y's units.

    x: [n_points, n_inputs] in original units; draws: f, [n_draws, n_points]; noise_std: [n_draws].
    The predictive distribution at a point is the mixture, over draws, of Normal(draws, noise_std).
    """

    x: np.ndarray
    draws: np.ndarray
    noise_std: np.ndarray

    def __post_init__(self) -> None:
        shapes = {"x": "n_points, n_inputs", "draws": "n_draws, n_points", "noise_std": "n_draws"}
        _keep_as_floats(self, shapes)
        if np.any(self.noise_std <= 0):
            raise ValueError(f"noise_std must be positive; got {self.noise_std.min():g}.")

    @property
    def mean(self) -> np.ndarray:
        """The predictive mean, [n_points]."""
        return self.draws.mean(axis=0)

    @property
    def epistemic_std(self) -> np.ndarray:
        """The standard deviation of f between draws, noise excluded, [n_points]."""
        return self.draws.std(axis=0)

    @property
    def aleatoric_std(self) -> np.ndarray:
        """The noise's root mean square over draws, the same at every point, [n_points]."""
        return np.full(len(self.x), np.sqrt(np.mean(self.noise_std**2)))

    @property
    def std(self) -> np.ndarray:
        """The predictive standard deviation, noise included, [n_points]: the law of total variance."""
        return np.hypot(self.epistemic_std, self.aleatoric_std)

    def quantiles(self, levels, *, with_noise: bool) -> np.ndarray:
        """Quantiles [n_levels, n_points]: of the predictive mixture with noise, of the draws of f without."""
        levels = np.atleast_1d(np.asarray(levels, dtype=float))
        if levels.ndim != 1 or not np.all((levels > 0) & (levels < 1)):
            raise ValueError(f"levels must lie strictly between 0 and 1; got {levels.tolist()}.")
        if not with_noise:
            return np.quantile(self.draws, levels, axis=0)
        blocks = [
            mixture_quantiles(levels, self.draws[:, block], self.noise_std)
            for block in self._blocks(len(levels))
        ]
        return np.concatenate(blocks, axis=1)

    def cdf(self, y) -> np.ndarray:
        """The predictive probability of a value below y [n_points] at each point, noise included, [n_points]:
        the probability integral transform, uniform from 0 to 1 if the prediction is calibrated."""
        return mixture_cdf(self._observed(y), self.draws, self.noise_std)

    def log_density(self, y) -> np.ndarray:
        """The log predictive density of y [n_points] at each point, [n_points] in nats."""
        noise_std = self.noise_std[:, None]
        log_densities = -0.5 * ((self._observed(y) - self.draws) / noise_std) ** 2 - np.log(
            noise_std * np.sqrt(2 * np.pi)
        )
        largest = log_densities.max(axis=0)
        return largest + np.log(np.mean(np.exp(log_densities - largest), axis=0))

    def crps(self, y) -> np.ndarray:
        """The continuous ranked probability score of y [n_points] at each point, [n_points] in y's units,
        noise included: lower is better, and of a prediction without any spread it is the absolute error."""
        y = self._observed(y)
        blocks = [mixture_crps(y[block], self.draws[:, block], self.noise_std) for block in self._blocks()]
        return np.concatenate(blocks)

    def _observed(self, y):
        y = finite_numbers("y", y)
        if y.shape != (len(self.x),):
            raise ValueError(f"y must have shape [n_points] = [{len(self.x)}]; got {list(y.shape)}.")
        return y

    def _blocks(self, n_levels=1):
        """Slices of the points: a block's arrays stay in the processor's cache, several times as fast."""
        size = max(1, BLOCK // (n_levels * len(self.draws)))
        return [slice(begin, begin + size) for begin in range(0, len(self.x), size)]


@dataclass(frozen=True)
class PredictionFilm:
    """What a posterior predicts along a line while it learns: one frame for each recorded step.

    steps: [n_frames]; x: [n_points], one input in original units. In y's units: mean, epistemic_std (of f)
    and std (noise included), [n_frames, n_points]; curves of f, [n_frames, n_curves, n_points], drawn with
    the same noise in every frame, so that they glide.
    """

    steps: np.ndarray
    x: np.ndarray
    mean: np.ndarray
    epistemic_std: np.ndarray
    std: np.ndarray
    curves: np.ndarray

    def __post_init__(self) -> None:
        shapes = dict.fromkeys(("mean", "epistemic_std", "std"), "n_frames, n_points")
        shapes |= {"steps": "n_frames", "x": "n_points", "curves": "n_frames, n_curves, n_points"}
        _keep_as_floats(self, shapes)
        object.__setattr__(self, "steps", self.steps.astype(int))
        if np.any(np.diff(self.steps) <= 0):
            raise ValueError(f"steps must increase from frame to frame; got {self.steps.tolist()}.")


def _keep_as_floats(record: Prediction | PredictionFilm, shapes: dict[str, str]) -> None:
    sizes: dict[str, tuple[int, str]] = {}
    for name, shape in shapes.items():
        array = finite_numbers(name, getattr(record, name))
        axes = shape.split(", ")
        if array.ndim != len(axes):
            raise ValueError(f"{name} must have shape [{shape}]; got {list(array.shape)}.")
        for axis, size in zip(axes, array.shape, strict=True):
            known, owner = sizes.setdefault(axis, (size, name))
            if size != known:
                raise ValueError(f"{name} must have {axis} = {known}, as {owner} has; got {size}.")
            if size == 0:
                raise ValueError(f"{name} must not be empty; got {axis} = 0.")
        object.__setattr__(record, name, array)
