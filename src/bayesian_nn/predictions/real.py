"""Records of what draws of the weights predict."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from bayesian_nn.predictions.around_draws import AroundDraws
from bayesian_nn.predictions.draws import in_blocks, keep_as_floats, observed
from bayesian_nn.predictions.normal_mixture import mixture_cdf, mixture_crps, mixture_quantiles

__all__ = ["Prediction", "PredictionFilm"]


@dataclass(frozen=True)
class Prediction(AroundDraws):
    """What every draw of the weights predicts at some inputs: f and the noise around it, in y's units.

    x: [n_points, n_inputs] in original units; draws: f, [n_draws, n_points]; noise_std: [n_draws], or
    [n_draws, n_points] where the noise depends on x.
    The predictive distribution at a point is the mixture, over draws, of Normal(draws, noise_std).
    """

    x: np.ndarray
    draws: np.ndarray
    noise_std: np.ndarray

    def __post_init__(self) -> None:
        of_noise = "n_draws, n_points" if np.ndim(self.noise_std) == 2 else "n_draws"
        shapes = {"x": "n_points, n_inputs", "draws": "n_draws, n_points", "noise_std": of_noise}
        keep_as_floats(self, shapes)
        if np.any(self.noise_std <= 0):
            raise ValueError(f"noise_std must be positive; got {self.noise_std.min():g}.")

    @property
    def aleatoric_std(self) -> np.ndarray:
        """The noise's root mean square over draws, [n_points]."""
        return np.broadcast_to(np.sqrt(np.mean(self.noise_std**2, axis=0)), len(self.x)).copy()

    def cdf(self, y) -> np.ndarray:
        """The predictive probability of a value below y [n_points] at each point, noise included, [n_points]:
        the probability integral transform, uniform from 0 to 1 if the prediction is calibrated."""
        return mixture_cdf(observed(y, len(self.x)), self.draws, self.noise_std)

    def log_densities(self, y) -> np.ndarray:
        """The log density of y [n_points] under every draw, [n_draws, n_points] in nats."""
        noise_std = self.noise_std if self.noise_std.ndim == 2 else self.noise_std[:, None]
        z = (observed(y, len(self.x)) - self.draws) / noise_std
        return -0.5 * z**2 - np.log(noise_std * np.sqrt(2 * np.pi))

    def crps(self, y) -> np.ndarray:
        """The continuous ranked probability score of y [n_points] at each point, [n_points] in y's units,
        noise included: lower is better, and of a prediction without any spread it is the absolute error."""
        y = observed(y, len(self.x))
        return in_blocks(
            lambda block: mixture_crps(y[block], self.draws[:, block], self._noise_std(block)),
            len(self.x),
            len(self.draws),
        )

    def _mixture_quantiles(self, levels, block):
        return mixture_quantiles(levels, self.draws[:, block], self._noise_std(block))

    def _noise_std(self, block):
        return self.noise_std[:, block] if self.noise_std.ndim == 2 else self.noise_std


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
        keep_as_floats(self, shapes)
        object.__setattr__(self, "steps", self.steps.astype(int))
        if np.any(np.diff(self.steps) <= 0):
            raise ValueError(f"steps must increase from frame to frame; got {self.steps.tolist()}.")
