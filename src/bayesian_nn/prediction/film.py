"""What a posterior predicts along a line while it learns, frame by frame."""

import numpy as np

from bayesian_nn.model.observations import as_points
from bayesian_nn.prediction.predict import predict_draws
from bayesian_nn.predictions.real import PredictionFilm
from bayesian_nn.runtime.checks import whole_number
from bayesian_nn.runtime.portable_math import PREDICTION, normals
from bayesian_nn.runtime.random_streams import checked_seed
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.run import Run

__all__ = ["predict_film"]


def predict_film(
    run: Run, x, *, seed: int, n_draws: int = 100, n_curves: int = 10, frames=None
) -> PredictionFilm:
    """Returns the prediction at every recorded step, or at the rows `frames` of the record, along x
    `[n_points]`; all frames share one set of `n_draws` draws of the noise, the first `n_curves` kept as
    curves. The noise is portable: a page's player of the same run and seed draws the same curves."""
    if run.model.layer_sizes[0] != 1:
        raise ValueError(f"A film needs a model of one input; this one has {run.model.layer_sizes[0]}.")
    if not 1 <= n_curves <= n_draws:
        raise ValueError(f"n_curves must be between 1 and n_draws={n_draws}; got {n_curves}.")
    frames = np.arange(len(run.recorded_steps)) if frames is None else np.asarray(frames)
    x = as_points(run.model, x)
    shape = (whole_number("n_draws", n_draws), *run.posterior.noise_shape(run.model))
    noise = tf.constant(normals(checked_seed(seed), PREDICTION, np.prod(shape)).reshape(shape), tf.float32)
    predictions = []
    for frame in frames:
        latents = run.posterior.draw(tf.constant(run.path[frame]), noise)
        predictions.append(predict_draws(run.model, latents, x))
    return PredictionFilm(
        steps=run.recorded_steps[frames],
        x=x[:, 0],
        mean=np.stack([prediction.mean for prediction in predictions]),
        epistemic_std=np.stack([prediction.epistemic_std for prediction in predictions]),
        std=np.stack([prediction.std for prediction in predictions]),
        curves=np.stack([prediction.draws[:n_curves] for prediction in predictions]),
    )
