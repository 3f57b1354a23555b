"""Prediction by the network's tangent at the posterior's mode, which Laplace's approximation belongs to."""

from bayesian_nn.model.model import observation_std
from bayesian_nn.modes.laplace import Laplace, jacobian
from bayesian_nn.prediction.predict import predict
from bayesian_nn.predictions.real import Prediction
from bayesian_nn.runtime.checks import instance

__all__ = ["predict_linearised"]


def predict_linearised(laplace: Laplace, x, *, n_draws: int, seed: int) -> Prediction:
    """Returns what the network's tangent at the mode, f(mode) + J(x) (w - mode), predicts for draws of w, at
    x `[n_points]` or `[n_points, n_inputs]` in original units.

    The generalised Gauss-Newton matrix is the exact curvature of the tangent's posterior, and not the
    network's: this is the prediction that it belongs to (Foong et al. 2019, "'In-between' uncertainty in
    Bayesian neural networks", section 3; Immer et al. 2021, section 3).
    """
    instance("laplace", laplace, Laplace, "Make one with fit_laplace(model, data, estimate).")
    model = laplace.model
    at_mode = predict(model, laplace.mode[None], x)
    latents = laplace.draw(n_draws, seed=seed)
    tangent = (latents - laplace.mode) @ jacobian(model, laplace.mode, model.inputs(at_mode.x)).T
    return Prediction(
        x=at_mode.x,
        draws=at_mode.draws + model.scaling.y_scale * tangent,
        noise_std=observation_std(model, latents).numpy()[:, 0],
    )
