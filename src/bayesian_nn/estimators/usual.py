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
    "HIDDEN_OF_CLASSES",
    "HIDDEN_OF_NUMBERS",
    "even_noise",
    "likelihood_of_classes",
    "noise_of_x",
    "usual_likelihood",
    "usual_model",
]

HIDDEN_OF_NUMBERS, HIDDEN_OF_CLASSES = (16, 16, 16), (16,)
# Of y's sd: where the search for the noise begins.
FIRST_NOISE = 0.3
# With fewer rows noise that depends on x is hardly told from chance.
ROWS_FOR_NOISE_OF_X = 100


def usual_model(
    data: Dataset, likelihood, *, hidden=HIDDEN_OF_NUMBERS, prior=None, activation="tanh"
) -> Model:
    """Returns the model of a network with these hidden layers for the data, in their units. prior: None is
    `LogNormalScale()`, a scale to be learned for each layer."""
    hidden = tuple(whole_number("hidden", each) for each in np.atleast_1d(hidden).tolist())
    return Model(
        (data.x.shape[1], *hidden, likelihood.n_outputs),
        likelihood,
        LogNormalScale() if prior is None else prior,
        activation=activation,
        scaling=data.scaling,
    )


def usual_likelihood(data: Dataset):
    """Returns the likelihood that nothing speaks against: for one target a Gaussian whose noise depends on x,
    with fewer than 100 rows the same everywhere; for several, one of these each."""
    of_scale = noise_of_x if data.n_points >= ROWS_FOR_NOISE_OF_X else even_noise
    parts = tuple(of_scale(scale) for scale in np.atleast_1d(data.scaling.y_scale).tolist())
    return parts[0] if data.y.ndim == 1 else Several(parts)


def noise_of_x(y_scale: float) -> HeteroscedasticGaussian:
    """Returns a Gaussian whose noise depends on x, for a target with this sd."""
    return HeteroscedasticGaussian(FIRST_NOISE * y_scale, log_std=1.0)


def even_noise(y_scale: float) -> Gaussian:
    """Returns a Gaussian with one noise, to be learned, for a target with this sd."""
    return Gaussian(LearnedNoise(FIRST_NOISE * y_scale))


def likelihood_of_classes(n_classes: int) -> Bernoulli | Categorical:
    """Returns the likelihood of so many classes."""
    return Bernoulli() if n_classes == 2 else Categorical(n_classes)
