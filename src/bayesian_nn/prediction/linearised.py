"""Prediction by the network's tangent at the posterior's mode, which Laplace's approximation belongs to."""

import numpy as np

from bayesian_nn.model.log_joint import network_outputs
from bayesian_nn.model.observations import as_points
from bayesian_nn.modes.curvature import jacobian
from bayesian_nn.modes.laplace import Laplace
from bayesian_nn.prediction.predict import prediction_of
from bayesian_nn.runtime.checks import instance

__all__ = ["predict_linearised"]


def predict_linearised(laplace: Laplace, x, *, n_draws: int, seed: int):
    """Returns what the network's tangent at the mode, f(mode) + J(x) (w - mode), predicts for draws of w, at
    x `[n_points]` or `[n_points, n_inputs]` in original units: a record of the likelihood's kind.

    The generalised Gauss-Newton matrix is the exact curvature of the tangent's posterior, and not the
    network's: this is the prediction that it belongs to (Foong et al. 2019, "'In-between' uncertainty in
    Bayesian neural networks", section 3; Immer et al. 2021, section 3).
    """
    instance("laplace", laplace, Laplace, "Make one with fit_laplace(model, data, estimate).")
    model = laplace.model
    x = as_points(model, x)
    last_layer = len(laplace.free) < model.n_latents
    deviations = laplace.deviations(n_draws, seed=seed)
    derivatives = jacobian(model, laplace.mode, model.inputs(x), last_layer=last_layer)
    tangent = np.einsum("dl,nkl->dkn", deviations, derivatives, optimize=True)
    at_mode = network_outputs(model, laplace.mode[None], x)
    return prediction_of(model, x, at_mode + tangent, laplace.draw(n_draws, seed=seed))
