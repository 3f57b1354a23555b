"""Records of what draws of the weights predict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

__all__ = ["Prediction", "PredictionFilm"]

# Bisection alone would need about fifty.
MAX_ITERATIONS = 100


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
            raise ValueError(f"noise_std must be positive, and its smallest is {self.noise_std.min():g}")

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
            raise ValueError(f"levels must lie strictly between 0 and 1, and are {levels.tolist()}")
        if not with_noise:
            return np.quantile(self.draws, levels, axis=0)
        return np.stack([self._mixture_quantile(level) for level in levels])

    def log_density(self, y) -> np.ndarray:
        """The log predictive density of y [n_points] at each point, [n_points] in nats."""
        y = np.asarray(y, dtype=float)
        if y.shape != (len(self.x),):
            raise ValueError(f"y must have shape [n_points] = [{len(self.x)}], and has {list(y.shape)}")
        _refuse_non_finite("y", y)
        noise_std = self.noise_std[:, None]
        log_densities = -0.5 * ((y - self.draws) / noise_std) ** 2 - np.log(noise_std * np.sqrt(2 * np.pi))
        largest = log_densities.max(axis=0)
        return largest + np.log(np.mean(np.exp(log_densities - largest), axis=0))

    def _mixture_quantile(self, level: float) -> np.ndarray:
        noise_std = self.noise_std[:, None]
        of_each_draw = self.draws + noise_std * NormalDist().inv_cdf(level)
        # A mixture's quantile lies between the smallest and the largest of its components' quantiles.
        low, high = of_each_draw.min(axis=0), of_each_draw.max(axis=0)
        quantile = (low + high) / 2
        tolerance = 1e-12 * noise_std.min() + 4 * np.spacing(np.maximum(np.abs(low), np.abs(high)))
        for _ in range(MAX_ITERATIONS):
            z = (quantile - self.draws) / noise_std
            excess = _normal_cdf(z).mean(axis=0) - level
            low, high = np.where(excess < 0, quantile, low), np.where(excess < 0, high, quantile)
            density = (np.exp(-0.5 * z**2) / (noise_std * math.sqrt(2 * math.pi))).mean(axis=0)
            with np.errstate(divide="ignore", invalid="ignore"):
                newton = quantile - excess / density
            following = np.where((low <= newton) & (newton <= high), newton, (low + high) / 2)
            change, quantile = np.abs(following - quantile), following
            if np.all(change <= tolerance):
                break
        return quantile


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
            raise ValueError("steps must increase from frame to frame")


def _normal_cdf(z: np.ndarray) -> np.ndarray:
    # NumPy has no error function; SciPy would be a dependency for this one line.
    return 0.5 * np.vectorize(math.erfc, otypes=[float])(-z / math.sqrt(2))


def _keep_as_floats(record: Prediction | PredictionFilm, shapes: dict[str, str]) -> None:
    sizes: dict[str, tuple[int, str]] = {}
    for name, shape in shapes.items():
        array = np.asarray(getattr(record, name), dtype=float)
        axes = shape.split(", ")
        if array.ndim != len(axes):
            raise ValueError(f"{name} must have shape [{shape}], and has {list(array.shape)}")
        for axis, size in zip(axes, array.shape, strict=True):
            known, owner = sizes.setdefault(axis, (size, name))
            if size != known:
                raise ValueError(f"{name} has {axis} = {size}, but {owner} has {axis} = {known}")
            if size == 0:
                raise ValueError(f"{name} is empty: its {axis} is 0")
        _refuse_non_finite(name, array)
        object.__setattr__(record, name, array)


def _refuse_non_finite(name: str, array: np.ndarray) -> None:
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        first = tuple(int(index) for index in bad[0])
        raise ValueError(
            f"{name} holds {len(bad)} values that are not finite, the first {array[first]} at index "
            f"{list(first)}: has the fit diverged, or was a missing value read?"
        )
