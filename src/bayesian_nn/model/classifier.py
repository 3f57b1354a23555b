"""The Bayesian classifier: a network of as many outputs as classes, and a categorical likelihood."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from bayesian_nn.model.network import checked_activation, checked_sizes, layers_of, n_weights_of
from bayesian_nn.priors.weights import GaussianPrior, RelevancePrior, ScaleMixturePrior
from bayesian_nn.runtime.checks import positive, shown
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["Classifier"]

Prior = GaussianPrior | ScaleMixturePrior | RelevancePrior


@dataclass(frozen=True)
class Classifier:
    """A fully connected network whose outputs are the logits of the classes.

    layer_sizes: units from pixels to classes, (784, 400, 400, 10) for MNIST; the last layer is linear.
    prior: that of every weight and bias, a `GaussianPrior`, `ScaleMixturePrior` or `RelevancePrior`; or one
    for each layer.
    activation: of the hidden layers, a key of `network.ACTIVATIONS`.
    input_norm: the Euclidean norm to which every image's pixels are scaled, so that one cannot be told from
    another, nor the network be sure of it, for its brightness alone; None leaves pixels as they are.

    The weights are one vector `[n_latents]`, as a `Model`'s: layer by layer the weights (input-major), then
    the biases.
    """

    layer_sizes: tuple[int, ...]
    prior: Prior | tuple[Prior, ...] = field(default_factory=GaussianPrior)
    activation: str = "relu"
    input_norm: float | None = None

    def __post_init__(self):
        sizes = checked_sizes(self.layer_sizes, "(784, 400, 400, 10)")
        if sizes[-1] < 2:
            raise ValueError(f"layer_sizes must end in the number of classes, 2 or more; got {sizes}.")
        if isinstance(self.prior, Iterable):
            object.__setattr__(self, "prior", tuple(self.prior))
        if len(self.priors) != len(sizes) - 1 or not all(map(_is_prior, self.priors)):
            raise ValueError(
                f"prior must be one such as GaussianPrior(0.1), or one for each of the {len(sizes) - 1} "
                f"layers; got {shown(self.prior)}."
            )
        object.__setattr__(self, "layer_sizes", sizes)
        object.__setattr__(self, "activation", checked_activation(self.activation))
        if self.input_norm is not None:
            object.__setattr__(self, "input_norm", positive("input_norm", self.input_norm))

    @property
    def n_classes(self) -> int:
        return self.layer_sizes[-1]

    @property
    def n_weights(self) -> int:
        """The number of weights and biases."""
        return n_weights_of(self.layer_sizes)

    @property
    def n_latents(self) -> int:
        """The number of unknowns: the weights and biases."""
        return self.n_weights

    @property
    def layers(self) -> list[tuple[int, int]]:
        """The layers' `(n_in, n_out)`, first to last."""
        return layers_of(self.layer_sizes)

    @property
    def priors(self) -> tuple[Prior, ...]:
        """The layers' priors, first to last."""
        return self.prior if isinstance(self.prior, tuple) else (self.prior,) * len(self.layers)

    def inputs(self, images) -> np.ndarray:
        """Returns what the network sees of images `[n_images, height, width]` or `[n_images, n_pixels]`:
        their pixels row by row `[n_images, n_pixels]`, of norm `input_norm` if there is one. Raises
        ValueError for another number of pixels, and for numbers that are not between 0 and 1."""
        try:
            images = np.asarray(images, np.float32)
        except (TypeError, ValueError):
            raise ValueError(
                "images must be an array of pixels, such as the images of a LabelledImages; got "
                f"{shown(images)}."
            ) from None
        n_pixels = self.layer_sizes[0]
        if images.ndim not in (2, 3) or not len(images) or math.prod(images.shape[1:]) != n_pixels:
            raise ValueError(
                f"images must be [n_images, height, width] with height · width = {n_pixels}, where "
                f"layer_sizes={self.layer_sizes} begins; got {list(images.shape)}."
            )
        low, high = images.min(), images.max()
        # NaN is neither.
        if not (low >= 0 and high <= 1):
            raise ValueError(
                f"images must have pixels from 0 to 1; these go from {low:g} to {high:g}. "
                "If they are whole numbers up to 255, divide them by 255."
            )
        pixels = images.reshape(len(images), n_pixels)
        if self.input_norm is None:
            return pixels
        norms = np.linalg.norm(pixels, axis=1, keepdims=True)
        # An empty image stays one.
        return pixels * np.divide(self.input_norm, norms, out=np.zeros_like(norms), where=norms > 0)

    def targets(self, labels) -> np.ndarray:
        """Returns the labels `[n_images]` as whole numbers. Raises ValueError for any that is no class."""
        labels = np.asarray(labels)
        whole = np.issubdtype(labels.dtype, np.integer)
        if labels.ndim != 1 or not whole or not np.all((labels >= 0) & (labels < self.n_classes)):
            raise ValueError(
                f"labels must be whole numbers from 0 to {self.n_classes - 1}, one for each image: "
                f"layer_sizes={self.layer_sizes} ends in {self.n_classes} classes; got {shown(labels)}."
            )
        return labels.astype(np.int32)

    def log_densities(self, outputs, latents, targets):
        """Returns log p(label) of every image `[..., n_points]` in nats, for the logits `[..., n_classes,
        n_points]` and labels `[n_points]`. There are no latents but weights: none are looked at."""
        truth = tf.one_hot(targets, self.n_classes, axis=0, dtype=outputs.dtype)
        return tf.reduce_sum(truth * tf.nn.log_softmax(outputs, axis=-2), axis=-2)

    def kl(self, mean, std):
        """Returns KL(q ‖ prior) `[...]` in nats, or the prior's upper bound of it, for independent Gaussians
        with means and sds `[..., n_latents]`."""
        if not isinstance(self.prior, tuple):
            return tf.reduce_sum(self.prior.kl(mean, std), axis=-1)
        sizes = [(n_in + 1) * n_out for n_in, n_out in self.layers]
        layers = zip(self.prior, *(tf.split(part, sizes, axis=-1) for part in (mean, std)), strict=True)
        return tf.add_n([tf.reduce_sum(prior.kl(*moments), axis=-1) for prior, *moments in layers])


def _is_prior(value):
    return hasattr(value, "kl") and not isinstance(value, type)
