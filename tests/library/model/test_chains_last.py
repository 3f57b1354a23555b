"""The density with chains last: the same numbers as the model's own, in another layout."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

import bayesian_nn as bnn
from bayesian_nn.likelihoods.heteroscedastic import HeteroscedasticGaussian
from bayesian_nn.likelihoods.several import Several
from bayesian_nn.model.chains_last import log_joint_and_gradient, log_likelihood_and_gradient
from bayesian_nn.model.log_joint import log_joint, log_likelihood
from bayesian_nn.model.observations import in_units

SCALING = bnn.data.Scaling((0.5, -1.0), (2.0, 3.0), 1.5, 2.5)
LEARNED = bnn.Gaussian(bnn.LearnedNoise(0.5, 0.8))
BY_LAYER = (
    (bnn.GaussianPrior(2.0), bnn.GaussianPrior(1.0)),
    (bnn.GaussianPrior(0.5), bnn.GaussianPrior(3.0)),
)
MODELS = {
    "one hidden layer": bnn.Model((2, 5, 1), bnn.Gaussian(0.7), scaling=SCALING),
    "two, relu, learned noise": bnn.Model(
        (2, 4, 3, 1), LEARNED, prior=bnn.GaussianPrior(1.3), activation="relu", scaling=SCALING
    ),
    "none": bnn.Model((2, 1), bnn.Gaussian(0.7), scaling=SCALING),
    "priors of each layer": bnn.Model((2, 5, 1), bnn.Gaussian(0.7), prior=BY_LAYER, scaling=SCALING),
    "learned scales": bnn.Model((2, 5, 1), LEARNED, prior=bnn.priors.HalfNormalScale(2.0), scaling=SCALING),
    "scale mixture": bnn.Model(
        (2, 5, 1), LEARNED, prior=bnn.priors.ScaleMixturePrior((1.0, 0.3), (0.4, 0.6)), scaling=SCALING
    ),
    "classes": bnn.Model((2, 5, 3), bnn.Categorical(3)),
    "noise that depends on x": bnn.Model((2, 5, 2), HeteroscedasticGaussian(0.7), scaling=SCALING),
    "several targets": bnn.Model((2, 5, 2), Several((LEARNED, bnn.Gaussian(0.7)))),
}


def example(name, n_chains=3, n_points=7):
    rng = np.random.default_rng(2)
    model = MODELS[name]
    n_targets = model.likelihood.n_targets
    y = np.arange(n_points) % 3 if name == "classes" else rng.normal(size=(n_points, n_targets))
    targets = model.targets(y if n_targets > 1 else y.reshape(n_points))
    observations = in_units(model, model.inputs(rng.normal(size=(n_points, 2))), targets, tf.float64)
    return model, rng.normal(size=(n_chains, model.n_latents)), observations


@pytest.mark.parametrize("n_chains", [1, 3])
@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(
    ("function", "chains_last"),
    [(log_joint, log_joint_and_gradient), (log_likelihood, log_likelihood_and_gradient)],
    ids=["joint", "likelihood"],
)
def test_value_and_gradient_are_the_model_s(function, chains_last, name, n_chains):
    model, latents, observations = example(name, n_chains)
    variable = tf.constant(latents)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        expected = function(model, variable, observations)
        total = tf.reduce_sum(expected)
    values, gradient = chains_last(model, tf.constant(latents.T), observations)
    np.testing.assert_allclose(values, expected, rtol=1e-11)
    np.testing.assert_allclose(
        gradient.numpy().T, tape.gradient(total, variable).numpy(), rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("function", [log_joint_and_gradient, log_likelihood_and_gradient])
def test_the_mean_over_all_minibatches_is_that_of_all_data(name, function):
    model, latents, observations = example(name, n_points=6)
    latents = tf.constant(latents.T)
    estimates = [
        function(model, latents, observations.rows(list(rows)), n_points=6)
        for rows in itertools.combinations(range(6), 2)
    ]
    values, gradients = (np.mean(parts, axis=0) for parts in zip(*estimates, strict=True))
    expected, exact = function(model, latents, observations)
    np.testing.assert_allclose(values, expected, rtol=1e-10)
    np.testing.assert_allclose(gradients, exact, rtol=1e-9, atol=1e-9)
    # And a minibatch alone says something else.
    assert np.abs(estimates[0][1] - exact).max() > 0.1 * np.abs(exact).max()


@pytest.mark.parametrize("name", ["one hidden layer", "several targets"])
def test_every_chain_may_have_data_of_its_own(name):
    model, latents, observations = example(name)
    targets = tf.constant(np.random.default_rng(3).normal(size=(7, model.likelihood.n_targets, 3)))
    values, _ = log_joint_and_gradient(model, tf.constant(latents.T), observations._replace(targets=targets))
    expected = [
        log_joint(model, latents[chain], observations._replace(targets=targets[..., chain]))
        for chain in range(3)
    ]
    np.testing.assert_allclose(values, expected, rtol=1e-11)
    # As vectors in the first axis have them.
    together = log_joint(model, latents, observations._replace(targets=targets))
    np.testing.assert_allclose(together, expected, rtol=1e-11)
