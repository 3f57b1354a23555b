"""Draws of the latents, and what they predict. TensorFlow ends here: what leaves is NumPy."""

import inspect

import numpy as np

from bayesian_nn.model.model import Model, curves, observation_std, prior
from bayesian_nn.model.observations import as_points
from bayesian_nn.predictions.real import Prediction, PredictionFilm
from bayesian_nn.runtime.checks import instance, shown, whole_number
from bayesian_nn.runtime.portable_math import PREDICTION, normals
from bayesian_nn.runtime.random_streams import POSTERIOR, PRIOR, checked_seed, key
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.run import Run

__all__ = ["draw_posterior", "draw_prior", "draw_recorded", "predict", "predict_film"]


def draw_posterior(result, n_draws: int, *, seed: int) -> np.ndarray:
    """Returns draws of the latents `[n_draws, n_latents]` from what an inference method returned: for a `Run`
    from the posterior of its best restart, at the end; for all others by their own `draw`."""
    if isinstance(result, Run):
        return draw_recorded(result, n_draws, seed=seed)
    draw = getattr(result, "draw", None)
    # A class, or a family such as MeanField(), has a draw that asks for something else.
    if draw is None or isinstance(result, type) or "seed" not in inspect.signature(draw).parameters:
        raise ValueError(
            f"result must be a Run or have a method draw(n_draws, seed=...); got {shown(result)}."
        )
    return draw(whole_number("n_draws", n_draws), seed=checked_seed(seed))


def draw_recorded(run: Run, n_draws: int, *, seed: int, recorded: int = -1) -> np.ndarray:
    """Returns draws of the latents `[n_draws, n_latents]` from the posterior of the best restart, as it was
    at `run.steps[recorded]` (the end, by default). A seed gives the same noise at every step."""
    noise = _noise(run, n_draws, seed)
    return run.posterior.draw(tf.constant(run.parameters[recorded]), noise).numpy()


def draw_prior(model: Model, n_draws: int, *, seed: int) -> np.ndarray:
    """Returns draws of the latents `[n_draws, n_latents]` from the prior."""
    instance("model", model, Model, "Make one as in Model((1, 10, 10, 1), noise_std=0.1).")
    whole_number("n_draws", n_draws)
    # TensorFlow Probability takes keys of 32 bits only.
    short = tf.random.stateless_uniform([2], key(seed, PRIOR), minval=None, maxval=None, dtype=tf.int32)
    return prior(model).sample(n_draws, seed=short).numpy()


def predict(model: Model, latents, x) -> Prediction:
    """Returns what draws of the latents `[n_draws, n_latents]`, of any inference method, predict at x
    `[n_points]` or `[n_points, n_inputs]` in original units."""
    remedy = "Of what fit_classifier returns, predict_classes(run, images, ...) predicts."
    instance("model", model, Model, remedy)
    x = as_points(model, x)
    latents = np.asarray(latents)
    if latents.ndim != 2 or latents.shape[1] != model.n_latents:
        raise ValueError(
            f"latents must be [n_draws, {model.n_latents}] for this model; got {list(latents.shape)}."
        )
    return Prediction(
        x=x,
        draws=curves(model, latents, x),
        noise_std=observation_std(model, latents).numpy()[:, 0],
    )


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
    frames = np.arange(len(run.steps)) if frames is None else np.asarray(frames)
    x = as_points(run.model, x)
    shape = (whole_number("n_draws", n_draws), *run.posterior.noise_shape(run.model))
    noise = tf.constant(normals(checked_seed(seed), PREDICTION, np.prod(shape)).reshape(shape), tf.float32)
    predictions = []
    for frame in frames:
        latents = run.posterior.draw(tf.constant(run.parameters[frame]), noise)
        predictions.append(predict(run.model, latents, x))
    return PredictionFilm(
        steps=run.steps[frames],
        x=x[:, 0],
        mean=np.stack([prediction.mean for prediction in predictions]),
        epistemic_std=np.stack([prediction.epistemic_std for prediction in predictions]),
        std=np.stack([prediction.std for prediction in predictions]),
        curves=np.stack([prediction.draws[:n_curves] for prediction in predictions]),
    )


def _noise(run, n_draws, seed):
    whole_number("n_draws", n_draws)
    return tf.random.stateless_normal([n_draws, *run.posterior.noise_shape(run.model)], key(seed, POSTERIOR))
