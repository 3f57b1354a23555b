"""The best straight line with a model's own likelihood: what a network must not fall below."""

import numpy as np

from bayesian_nn.data.images import LabelledImages
from bayesian_nn.data.tables import Dataset, standardising
from bayesian_nn.model.log_joint import log_joint
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import observe, parts_of
from bayesian_nn.modes.lbfgs import minimise
from bayesian_nn.prediction.predict import predict_draws
from bayesian_nn.priors.gaussian import GaussianPrior
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["line_log_density", "n_coefficients", "some_rows"]

# Of the coefficients, in standardised units: hardly more than maximum likelihood, and finite where a line
# separates the classes.
PRIOR = GaussianPrior(3.0)
# Inputs that the fit of the line looks at: more rows would not change it.
MAX_NUMBERS = 4_000_000


def line_log_density(model: Model, training: Dataset | LabelledImages, data) -> np.ndarray:
    """Returns the log density of every row of `data` `[n_points]`, in nats, under a network without hidden
    layers and the likelihood of `model`, at its mode for the training rows: least squares, logistic or
    Poisson regression, whatever the likelihood makes it."""
    training = some_rows(training, max(100, MAX_NUMBERS // parts_of(training)[0][0].size))
    table = isinstance(training, Dataset)
    scaling = standardising(*parts_of(training), training.scaling.columns) if table else model.scaling
    likelihood = model.likelihood
    line = Model((model.layer_sizes[0], likelihood.n_outputs), likelihood, prior=PRIOR, scaling=scaling)
    observations = observe(line, training, tf.float64)

    def depth(latents):
        latents = tf.constant(latents)
        with tf.GradientTape() as tape:
            tape.watch(latents)
            value = -log_joint(line, latents, observations)
        return float(value), tape.gradient(value, latents).numpy()

    start = np.zeros(line.n_latents)
    start[line.n_weights :] = [unknown.start for unknown in line.unknowns]
    mode = minimise(depth, start, tolerance=1e-3, n_steps=500).position
    x, y = parts_of(data)
    return predict_draws(line, mode[None], x).log_density(y)


def n_coefficients(model: Model) -> int:
    """Returns how many numbers the line for a model has."""
    return (model.layer_sizes[0] + 1) * model.likelihood.n_outputs + len(model.likelihood.unknowns)


def some_rows(data: Dataset | LabelledImages, n_rows: int, random: np.random.Generator | None = None):
    """Returns the data, or as many of their rows: evenly spread ones, or random ones."""
    n_all = len(parts_of(data)[1])
    if n_all <= n_rows:
        return data
    rows = (
        np.linspace(0, n_all - 1, n_rows).astype(int)
        if random is None
        else np.sort(random.choice(n_all, n_rows, replace=False))
    )
    return data.rows(rows)
