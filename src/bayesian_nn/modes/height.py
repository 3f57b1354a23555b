"""The log joint density's height and gradient, in double precision."""

from collections.abc import Callable

import numpy as np

from bayesian_nn.model.log_joint import log_joint
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import Observations
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["height_of"]


def height_of(model: Model, observations: Observations) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """Returns the function that takes latents `[n_latents]` to log p(y, latents) in nats and its gradient
    `[n_latents]`, compiled once, for observations in float64."""

    @tf.function(autograph=False)
    def compiled(latents):
        with tf.GradientTape() as tape:
            tape.watch(latents)
            value = log_joint(model, latents, observations)
        return value, tape.gradient(value, latents)

    def height(latents):
        value, gradient = compiled(tf.constant(latents, tf.float64))
        return float(value), gradient.numpy()

    return height
