"""Draws of the latents, and what they predict. TensorFlow ends here: what leaves is NumPy."""

import numpy as np

from bayesian_nn.model.log_joint import network_outputs
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import as_points
from bayesian_nn.model.prior_terms import draw_from_prior
from bayesian_nn.runtime.checks import instance, shown, whole_number
from bayesian_nn.runtime.random_streams import checked_seed
from bayesian_nn.runtime.tensorflow import refuse_after_fork

__all__ = ["checked_draws", "draw_prior", "predict", "predict_draws", "predict_prior", "prediction_of"]


def predict(result, x, *, n_draws: int, seed: int, recorded: int | None = None):
    """Returns what `n_draws` draws from the posterior predict at x `[n_points]`, `[n_points, n_inputs]` or
    images `[n_points, height, width]`, in original units.

    result: what any inference method returned. What comes back is the likelihood's record: a `Prediction` for
    a Gaussian, a `ClassPrediction` for classes, a `CountPrediction` for counts. recorded: for a `Run`, which
    of its recorded steps; None is its end. The same seed gives the same draws at every x, and the same noise
    at every recorded step.
    """
    return predict_draws(*checked_draws(result, n_draws, seed, recorded), x)


def checked_draws(result, n_draws: int, seed: int, recorded: int | None = None) -> tuple[Model, np.ndarray]:
    """Returns the model of an inference method's result, and draws of its latents `[n_draws, n_latents]`.
    Raises ValueError for anything else than a result."""
    model, draw = getattr(result, "model", None), getattr(result, "draw", None)
    # A class, or a family such as MeanField(), has a draw that asks for something else.
    if draw is None or not isinstance(model, Model) or isinstance(result, type):
        raise ValueError(
            "result must be what fit, sample_hmc or another inference method returned, with a model and "
            f"draw(n_draws, seed=...); got {shown(result)}. For latents of your own there is "
            "bnn.prediction.predict_draws(model, latents, x)."
        )
    refuse_after_fork()
    settings = {} if recorded is None else {"recorded": recorded}
    return model, draw(whole_number("n_draws", n_draws), seed=checked_seed(seed), **settings)


def predict_draws(model: Model, latents, x):
    """Returns what draws of the latents `[n_draws, n_latents]`, wherever they come from, predict at x; see
    `predict`."""
    instance("model", model, Model, "Make one as in Model((1, 10, 10, 1), Gaussian(0.1)).")
    x = as_points(model, x)
    latents = np.asarray(latents)
    if latents.ndim != 2 or latents.shape[1] != model.n_latents:
        raise ValueError(
            f"latents must be [n_draws, {model.n_latents}] for this model; got {list(latents.shape)}."
        )
    return prediction_of(model, x, network_outputs(model, latents, x), latents)


def prediction_of(model: Model, x, outputs, latents):
    """Returns the likelihood's record for the network's outputs `[n_draws, n_outputs, n_points]` in its own
    units, at x in original ones, and for the unknowns among latents `[n_draws, n_latents]`. Raises ValueError
    where an output is not finite, naming the latents or the x to blame."""
    _check_finite(x, outputs, latents)
    unknowns = latents[:, model.n_weights : model.n_weights + len(model.likelihood.unknowns)]
    return model.likelihood.prediction(x, outputs, np.asarray(unknowns, np.float64), model.scaling)


def _check_finite(x, outputs, latents):
    finite = np.isfinite(outputs)
    if finite.all():
        return
    if not np.isfinite(latents).all():
        first = int(np.argmin(np.isfinite(latents).all(axis=1)))
        raise ValueError(f"latents: draw {first} is not finite. Has the fit diverged?")
    lost = ~finite.all(axis=(0, 1))
    first = int(np.argmax(lost))
    raise ValueError(
        f"x has {np.count_nonzero(lost)} rows at which the network's output overflows, the first at index "
        f"{first}: {shown(x[first])}. They lie too far from the data; correct or remove them."
    )


def draw_prior(model: Model, n_draws: int, *, seed: int) -> np.ndarray:
    """Returns draws of the latents `[n_draws, n_latents]` from the prior. Raises ValueError for a prior that
    has no density."""
    instance("model", model, Model, "Make one as in Model((1, 10, 10, 1), Gaussian(0.1)).")
    return draw_from_prior(model, whole_number("n_draws", n_draws), seed=checked_seed(seed))


def predict_prior(model: Model, x, *, n_draws: int, seed: int):
    """Returns what `n_draws` draws from the prior predict at x, before any data; see `predict`."""
    return predict_draws(model, draw_prior(model, n_draws, seed=seed), x)
