"""The density with chains last: the same numbers as the model's own, in another layout."""

import numpy as np
import pytest
import tensorflow as tf

import bayesian_nn as bnn
from bayesian_nn.model.chains_last import log_joint_and_gradient
from bayesian_nn.model.model import log_joint

SCALING = bnn.data.Scaling((0.5, -1.0), (2.0, 3.0), 1.5, 2.5)
MODELS = {
    "one hidden layer": bnn.Model((2, 5, 1), bnn.Gaussian(0.7), scaling=SCALING),
    "two, relu, learned noise": bnn.Model(
        (2, 4, 3, 1),
        bnn.Gaussian(bnn.LearnedNoise(0.5, 0.8)),
        prior=bnn.GaussianPrior(1.3),
        activation="relu",
        scaling=SCALING,
    ),
    "none": bnn.Model((2, 1), bnn.Gaussian(0.7), scaling=SCALING),
    "priors of each layer": bnn.Model(
        (2, 5, 1), bnn.Gaussian(0.7), prior=gaussian_priors([(2.0, 1.0), (0.5, 3.0)]), scaling=SCALING
    ),
}


def example(name, n_chains=3):
    rng = np.random.default_rng(2)
    model = MODELS[name]
    latents = rng.normal(size=(n_chains, model.n_latents))
    return model, latents, model.inputs(rng.normal(size=(7, 2))), model.targets(rng.normal(size=7))


@pytest.mark.parametrize("n_chains", [1, 3])
@pytest.mark.parametrize("name", MODELS)
def test_value_and_gradient_are_the_model_s(name, n_chains):
    model, latents, inputs, targets = example(name, n_chains)
    variable = tf.constant(latents)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        expected = log_joint(model, variable, inputs, targets)
        total = tf.reduce_sum(expected)
    values, gradient = log_joint_and_gradient(model, tf.constant(latents.T), inputs, targets)
    np.testing.assert_allclose(values, expected, rtol=1e-11)
    np.testing.assert_allclose(
        gradient.numpy().T, tape.gradient(total, variable).numpy(), rtol=1e-9, atol=1e-9
    )


def test_every_chain_may_have_data_of_its_own():
    model, latents, inputs, _ = example("one hidden layer")
    targets = np.random.default_rng(3).normal(size=(7, 3))
    values, _ = log_joint_and_gradient(model, tf.constant(latents.T), inputs, targets)
    expected = [log_joint(model, latents[chain], inputs, targets[:, chain]) for chain in range(3)]
    np.testing.assert_allclose(values, expected, rtol=1e-11)
