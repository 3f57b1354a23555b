"""The role of a posterior family: what stands in for the exact posterior, as a function of one vector."""

from typing import Protocol

import numpy as np

from bayesian_nn.model.model import Model

__all__ = ["Family"]


class Family(Protocol):
    """Gaussians over the latents, each given by a parameter vector `[n_parameters]`.

    is_independent: whether the latents are independent of one another.
    """

    @property
    def is_independent(self) -> bool: ...

    def noise_shape(self, model: Model) -> tuple[int, ...]:
        """Returns the shape of the standard normal noise that makes one draw."""

    def initial(self, model: Model, *, seed: int, n_restarts: int = 1) -> np.ndarray:
        """Returns starting parameters `[n_restarts, n_parameters]`."""

    def distribution(self, parameters):
        """Returns the distribution over `[n_latents]`, for parameters `[..., n_parameters]`."""

    def draw(self, parameters, noise):
        """Returns latents `[..., n_draws, n_latents]`: parameters `[..., n_parameters]` applied to standard
        normal noise `[..., n_draws, *noise_shape]`."""

    def marginals(self, parameters):
        """Returns the latents' means and variances, each `[..., n_latents]`."""

    def entropy(self, parameters):
        """Returns -E[log q(w)] `[...]` in nats."""
