"""The share of what a constant leaves unexplained that a prediction explains, of every likelihood."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import special

from bayesian_nn.likelihoods.bernoulli import Bernoulli
from bayesian_nn.likelihoods.categorical import Categorical
from bayesian_nn.likelihoods.gaussian import Gaussian, LearnedNoise
from bayesian_nn.likelihoods.heteroscedastic import HeteroscedasticGaussian
from bayesian_nn.likelihoods.negative_binomial import LearnedDispersion, NegativeBinomial
from bayesian_nn.likelihoods.poisson import Poisson
from bayesian_nn.likelihoods.several import Several
from bayesian_nn.likelihoods.student_t import LearnedDof, StudentT

UNITS = SimpleNamespace(y_shift=1.5, y_scale=2.0, columns=None)
REAL = [
    Gaussian(0.3),
    Gaussian(LearnedNoise(0.3)),
    HeteroscedasticGaussian(0.3),
    StudentT(0.3),
    StudentT(LearnedNoise(0.3), LearnedDof()),
]
COUNTS = [Poisson(), NegativeBinomial(0.5), NegativeBinomial(LearnedDispersion())]
CLASSES = [Bernoulli(), Categorical(2), Categorical(4)]
every = pytest.mark.parametrize("member", REAL + COUNTS + CLASSES, ids=repr)
RANDOM = np.random.default_rng(0)


def targets_and_means(member):
    """Returns y `[n_points]`, and what predicts it without fault: of classes probabilities, `[n_classes,
    n_points]`, else y itself."""
    if member in CLASSES:
        n_classes = max(member.n_outputs, 2)
        y = RANDOM.integers(0, n_classes, 200)
        return y, np.eye(n_classes)[:, y]
    y = RANDOM.normal(size=200) if member in REAL else RANDOM.poisson(4.0, 200).astype(float)
    return y, y


def record(member, mean):
    """Returns the record of one draw that predicts this mean."""
    if member in REAL:
        outputs = [(mean - 1.5) / 2, np.zeros_like(mean)][: member.n_outputs]
    else:
        logs = np.log(np.maximum(mean, 1e-18))
        outputs = [logs[1] - logs[0]] if isinstance(member, Bernoulli) else np.reshape(logs, (-1, 200))
    start = np.reshape([unknown.start for unknown in member.unknowns], (1, -1))
    return member.prediction(np.zeros((200, 1)), np.stack(outputs)[None], start, UNITS)


@every
def test_a_perfect_prediction_explains_everything_and_a_constant_nothing(member):
    y, perfect = targets_and_means(member)
    constant = np.broadcast_to(perfect.mean(axis=-1, keepdims=True), perfect.shape)
    assert member.explained(record(member, perfect), y) == pytest.approx(1, abs=1e-9)
    assert member.explained(record(member, constant), y) == pytest.approx(0, abs=1e-9)
    halfway = member.explained(record(member, (perfect + constant) / 2), y)
    assert 0.3 < halfway < 0.95
    parts = SimpleNamespace(parts=(record(member, perfect), record(member, constant)))
    several = Several((member, member))
    assert several.explained(parts, np.stack([y, y], axis=1)) == pytest.approx(0.5, abs=1e-9)


@every
@pytest.mark.parametrize("value", [0.0, 1.0, 0.3])
def test_of_constant_targets_nothing_is_explained_and_the_likelihood_is_finite(member, value):
    # By rounding, the variance of a constant 0.3 is not zero.
    if value == 0.3 and member not in REAL:
        value = 1.0
    perfect = targets_and_means(member)[1]
    assert member.explained(record(member, perfect), np.full(200, value)) == 0
    assert np.isfinite(member.constant_log_likelihood(np.full(200, value)))


def test_the_deviance_and_the_log_loss_by_hand():
    y, rates = np.array([0.0, 1.0, 5.0]), np.array([0.5, 1.5, 4.0])

    def deviance(rate):
        return 2 * np.sum(special.xlogy(y, np.where(y > 0, y, 1) / rate) - (y - rate))

    poisson = Poisson().prediction(np.zeros((3, 1)), np.log(rates)[None, None], np.zeros((1, 0)), UNITS)
    assert Poisson().explained(poisson, y) == pytest.approx(1 - deviance(rates) / deviance(2.0), rel=1e-9)
    classes = Bernoulli().prediction(None, special.logit([[[0.2, 0.7, 0.6]]]), np.zeros((1, 0)), UNITS)
    by_hand = 1 - np.log(0.8 * 0.7 * 0.6) / np.log(1 / 3 * (2 / 3) ** 2)
    assert Bernoulli().explained(classes, [0, 1, 1]) == pytest.approx(by_hand, rel=1e-9)
