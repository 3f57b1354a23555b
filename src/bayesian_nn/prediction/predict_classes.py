"""What draws of a classifier's weights predict. TensorFlow ends here: what leaves is NumPy."""

import functools
from collections.abc import Iterable

import numpy as np
from tqdm import tqdm

from bayesian_nn.model.classifier import Classifier
from bayesian_nn.model.network import outputs
from bayesian_nn.predictions.classes import ClassPrediction
from bayesian_nn.runtime.checks import shown
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.classifier_run import ClassifierRun

__all__ = ["class_probabilities", "predict_classes"]


def predict_classes(
    result, images, *, n_draws: int, seed: int, recorded: int | None = None
) -> ClassPrediction:
    """Returns what `n_draws` draws of a `ClassifierRun`'s weights predict of images `[n_images, height,
    width]`, each draw for all of them: at the end of the run, or at the given one of its recorded steps."""
    if not isinstance(result, ClassifierRun):
        raise ValueError(f"result must be what fit_classifier returns; got {shown(result)}.")
    draws = result.draws(n_draws, seed=seed, recorded=recorded)
    shown_on_the_way = tqdm(draws, total=n_draws, unit="draw", leave=False, disable=None)
    return ClassPrediction(class_probabilities(result.model, shown_on_the_way, images))


def class_probabilities(model: Classifier, draws: Iterable, images) -> np.ndarray:
    """Returns the probabilities of the classes `[n_draws, n_images, n_classes]`, for draws of the weights
    `[n_latents]`, one after the other, and images `[n_images, height, width]`."""
    inputs = tf.constant(model.inputs(images))
    of_draw = _compiled_probabilities(model)
    return np.stack([of_draw(tf.constant(weights, tf.float32), inputs).numpy() for weights in draws])


@functools.lru_cache(maxsize=16)
def _compiled_probabilities(model):
    @tf.function(autograph=False, reduce_retracing=True)
    def probabilities(weights, inputs):
        return tf.nn.softmax(tf.transpose(outputs(model, weights, inputs)), axis=-1)

    return probabilities
