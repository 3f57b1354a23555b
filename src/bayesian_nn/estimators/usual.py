"""The model that the estimators take for a table, if nothing else is said."""

import numpy as np

from bayesian_nn.data.tables import Dataset
from bayesian_nn.likelihoods.bernoulli import Bernoulli
from bayesian_nn.likelihoods.categorical import Categorical
from bayesian_nn.likelihoods.gaussian import Gaussian, LearnedNoise
from bayesian_nn.likelihoods.heteroscedastic import HeteroscedasticGaussian
from bayesian_nn.likelihoods.several import Several
from bayesian_nn.model.model import Model
from bayesian_nn.priors.learned_scale import LogNormalScale
from bayesian_nn.runtime.checks import whole_number

__all__ = [
    "even_noise",
    "first_noise",
    "likelihood_of_classes",
    "noise_of_x",
    "usual_hidden",
    "usual_likelihood",
    "usual_model",
]

# From so many rows on, the layers of a regression are twice as wide.
MANY_ROWS = 3_000
# Of y's sd: where the search for the noise begins.
FIRST_NOISE = 0.3
# With fewer rows noise that depends on x is hardly told from chance.
ROWS_FOR_NOISE_OF_X = 100


def usual_model(data: Dataset, likelihood, *, hidden=None, prior=None, activation="tanh") -> Model:
    """Returns the model of a network with these hidden layers for the data, in their units. hidden: None is
    `usual_hidden`. prior: None is `LogNormalScale()`, a scale to be learned for each layer."""
    hidden = usual_hidden(likelihood, data.n_points) if hidden is None else hidden
    hidden = tuple(whole_number("hidden", each) for each in np.atleast_1d(hidden).tolist())
    return Model(
        # A likelihood that is none is refused by the model, whatever the outputs.
        (data.x.shape[1], *hidden, getattr(likelihood, "n_outputs", 1)),
        likelihood,
        LogNormalScale() if prior is None else prior,
        activation=activation,
        scaling=data.scaling,
    )


def usual_hidden(likelihood, n_rows: int) -> tuple[int, ...]:
    """Returns the hidden layers' units: of classes one layer of 16, of numbers three of 16, or from 3,000
    rows on of 32."""
    if hasattr(likelihood, "n_classes"):
        return (16,)
    return (16, 16, 16) if n_rows < MANY_ROWS else (32, 32, 32)


def usual_likelihood(data: Dataset):
    """Returns the likelihood that nothing speaks against: for one target a Gaussian whose noise depends on x,
    with fewer than 100 rows the same everywhere; for several, one of these each."""
    of_target = noise_of_x if data.n_points >= ROWS_FOR_NOISE_OF_X else even_noise
    parts = tuple(of_target(y) for y in data.y.reshape(data.n_points, -1).T)
    return parts[0] if data.y.ndim == 1 else Several(parts)


def noise_of_x(y: np.ndarray) -> HeteroscedasticGaussian:
    """Returns a Gaussian whose noise depends on x, for a target y `[n_points]`. It is not less than that of
    rounding y to the smallest step between its values: a network would meet those exactly that many rows
    share, and shrink its noise to nothing."""
    step = float(np.diff(np.unique(y)).min(initial=np.ptp(y)))
    return HeteroscedasticGaussian(first_noise(y), log_std=1.0, resolution=step)


def even_noise(y: np.ndarray) -> Gaussian:
    """Returns a Gaussian with one noise, to be learned, for a target y `[n_points]`."""
    return Gaussian(LearnedNoise(first_noise(y)))


def first_noise(y: np.ndarray) -> float:
    """Returns where the search for the noise of y `[n_points]` begins, an sd in its units."""
    return FIRST_NOISE * (float(np.std(y)) if np.ptp(y) > 0 else 1.0)


def likelihood_of_classes(n_classes: int) -> Bernoulli | Categorical:
    """Returns the likelihood of so many classes."""
    return Bernoulli() if n_classes == 2 else Categorical(n_classes)
