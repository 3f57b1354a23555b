"""Toy data whose truth is known: the forty points of 2016, and two moons in the plane."""

import numpy as np

from bayesian_nn.data.tables import Dataset, Scaling
from bayesian_nn.runtime.checks import whole_number

__all__ = ["cosine_with_gap", "two_moons"]


def cosine_with_gap(*, seed: int, n_points: int = 40, noise_std: float = 0.1) -> Dataset:
    """Returns noisy observations of cos x, half on [0, 2] and half on [6, 8], with nothing between.

    The data of Edward's `bayesian_nn.py` (2016): with `seed=42` and the defaults, the very points. The
    network sees (x - 4) / 4.
    """
    whole_number("seed", seed, at_least=0)
    if whole_number("n_points", n_points, at_least=2) % 2:
        raise ValueError(f"n_points must be even, for two equal clusters; got {n_points}.")
    _check_noise(noise_std)
    x = np.concatenate([np.linspace(0, 2, n_points // 2), np.linspace(6, 8, n_points // 2)])
    # Edward drew from NumPy's legacy generator; its stream is frozen, so the points stay the original's.
    noise = np.random.RandomState(seed).normal(0, noise_std, n_points)
    return Dataset(
        x=x[:, None],
        y=np.cos(x) + noise,
        scaling=Scaling(x_shift=(4.0,), x_scale=(4.0,)),
        name="noisy cos x",
        truth=_cosine,
        noise_std=noise_std,
    )


def two_moons(*, seed: int, n_points: int = 200, noise_std: float = 0.15) -> Dataset:
    """Returns points of two classes in the plane, half of them on each of two interleaving half circles of
    radius 1, moved along x1 and x2 by normal noise of sd `noise_std`, in x's units.

    Class 0 arches over (0, 0) and class 1 hangs under (1, 0.5), evenly along its arc. The network sees the
    plane centred on (0.5, 0.25), unscaled.
    """
    whole_number("seed", seed, at_least=0)
    if whole_number("n_points", n_points, at_least=2) % 2:
        raise ValueError(f"n_points must be even, for two equal classes; got {n_points}.")
    _check_noise(noise_std)
    angles = np.linspace(0, np.pi, n_points // 2)
    arch = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    noise = np.random.default_rng(seed).normal(0, noise_std, (n_points, 2))
    return Dataset(
        x=np.concatenate([arch, [1, 0.5] - arch]) + noise,
        y=np.repeat([0, 1], n_points // 2),
        scaling=Scaling(x_shift=(0.5, 0.25), x_scale=(1.0, 1.0)),
        name="two moons",
        x_names=("x1", "x2"),
        y_name="class",
    )


def _check_noise(noise_std):
    if not (np.isfinite(noise_std) and noise_std >= 0):
        raise ValueError(f"noise_std must be a finite number that is not negative; got {noise_std}.")


def _cosine(x):
    return np.cos(np.asarray(x)[..., 0])
