"""Networks trained elsewhere come in as latents that predict the same, or are refused by what differs."""

import warnings

import numpy as np
import pytest
import tensorflow as tf
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

import bayesian_nn as bnn
from bayesian_nn.data import Scaling
from bayesian_nn.likelihoods import Bernoulli, HeteroscedasticGaussian, Poisson, Several
from bayesian_nn.model import by_layer, latents_of
from bayesian_nn.prediction import predict_draws

keras = tf.keras
random = np.random.default_rng(0)
X = random.normal([3.0, -200.0], [2.0, 50.0], (60, 2))
Y = 1000 + 40 * np.sin(X[:, 0]) + 0.3 * X[:, 1] + random.normal(0, 1, 60)
DATA = bnn.dataset(X, Y)
RAW = Scaling((0.0, 0.0), (1.0, 1.0))


def fitted(network, x, y):
    with warnings.catch_warnings():
        # It need not converge.
        warnings.simplefilter("ignore")
        return network.fit(x, y)


def model_of(sizes=(2, 5, 4, 1), likelihood=None, activation="tanh", scaling=DATA.scaling):
    return bnn.Model(sizes, likelihood or bnn.Gaussian(1.0), activation=activation, scaling=scaling)


def mean_of(model, latents, x=X):
    return predict_draws(model, latents[None], x).mean


@pytest.mark.parametrize(("theirs", "ours"), [("tanh", "tanh"), ("relu", "relu"), ("logistic", "sigmoid")])
def test_scikit_learn_s_regressor_in_the_model_s_units(theirs, ours):
    model = model_of(activation=ours)
    network = fitted(
        MLPRegressor(hidden_layer_sizes=(5, 4), activation=theirs, max_iter=20),
        model.inputs(X),
        model.targets(Y)[:, 0],
    )
    latents = latents_of(model, network)
    assert latents.shape == (model.n_latents,)
    expected = DATA.scaling.y_shift + DATA.scaling.y_scale * network.predict(model.inputs(X))
    np.testing.assert_allclose(mean_of(model, latents), expected, rtol=1e-9)


def test_units_are_folded_in():
    model = model_of(activation="relu")
    raw = fitted(MLPRegressor(hidden_layer_sizes=(5, 4), max_iter=20), X, Y)
    np.testing.assert_allclose(mean_of(model, latents_of(model, raw, scaling=RAW)), raw.predict(X), rtol=1e-9)
    scaler = StandardScaler().fit(X - 1)
    standardised = fitted(
        MLPRegressor(hidden_layer_sizes=(5, 4), max_iter=20), scaler.transform(X), Y / 7 - 3
    )
    scaling = Scaling(scaler.mean_, scaler.scale_, y_shift=21.0, y_scale=7.0)
    expected = 7 * (standardised.predict(scaler.transform(X)) + 3)
    np.testing.assert_allclose(
        mean_of(model, latents_of(model, standardised, scaling=scaling)), expected, rtol=1e-9
    )
    # The same units leave it as it is.
    np.testing.assert_allclose(
        latents_of(model, raw, scaling=DATA.scaling), latents_of(model, raw), rtol=1e-12
    )


def test_scikit_learn_s_classifier_of_two_classes_and_of_several():
    two, three = (Y > 1000).astype(int), np.digitize(X[:, 0], [2, 4])
    network = fitted(MLPClassifier(hidden_layer_sizes=(5, 4), max_iter=20), X, two)
    model = model_of(likelihood=Bernoulli(), activation="relu")
    predicted = predict_draws(model, latents_of(model, network, scaling=RAW)[None], X)
    np.testing.assert_allclose(predicted.mean, network.predict_proba(X), atol=1e-9)
    several = fitted(MLPClassifier(hidden_layer_sizes=(5, 4), max_iter=20), X, three)
    model = model_of((2, 5, 4, 3), bnn.Categorical(3), "relu")
    predicted = predict_draws(model, latents_of(model, several, scaling=RAW)[None], X)
    np.testing.assert_allclose(predicted.mean, several.predict_proba(X), atol=1e-9)
    with pytest.raises(ValueError, match=r"for the one output of two classes use Bernoulli\(\)"):
        latents_of(model_of((2, 5, 4, 2), bnn.Categorical(2), "relu"), network)


def functional():
    inputs = keras.Input((2,))
    hidden = keras.layers.Dropout(0.5)(keras.layers.Dense(5, "tanh")(inputs))
    hidden = keras.layers.Activation("tanh")(keras.layers.Dense(4, use_bias=False)(hidden))
    return keras.Model(inputs, keras.layers.Dense(1, bias_initializer="ones")(hidden))


def sequential(activation="tanh", n_outputs=1, last=None):
    dense = keras.layers.Dense
    return keras.Sequential(
        [keras.Input((2,)), dense(5, activation), dense(4, activation), dense(n_outputs, last)]
    )


@pytest.mark.parametrize(
    ("network", "activation"),
    [(functional, "tanh"), (sequential, "tanh"), (lambda: sequential("swish"), "silu")],
)
def test_keras_networks_one_layer_after_the_other(network, activation):
    network, model = network(), model_of(activation=activation)
    expected = np.asarray(network(model.inputs(X)))[:, 0] * DATA.scaling.y_scale + DATA.scaling.y_shift
    np.testing.assert_allclose(mean_of(model, latents_of(model, network)), expected, rtol=1e-6)
    outer = keras.Sequential([keras.Input((2,)), network])
    np.testing.assert_array_equal(latents_of(model, outer), latents_of(model, network))


@pytest.mark.parametrize(
    ("likelihood", "n_outputs", "last"),
    [
        (Bernoulli(), 1, "sigmoid"),
        (bnn.Categorical(3), 3, "softmax"),
        (bnn.Categorical(3), 3, None),
        (Poisson(), 1, "exponential"),
    ],
)
def test_a_last_activation_that_is_the_likelihood_s_is_left_to_it(likelihood, n_outputs, last):
    model = model_of((2, 5, 4, n_outputs), likelihood)
    network = sequential("tanh", n_outputs, last)
    expected = np.asarray(network(model.inputs(X)))
    if last is None:
        expected = np.asarray(tf.nn.softmax(expected))
    found = mean_of(model, latents_of(model, network))
    found = found[:, 1:] if isinstance(likelihood, Bernoulli) else found.reshape(expected.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_what_the_network_does_not_know_starts_at_its_prior_and_the_mode_is_reached_from_there():
    model = model_of((2, 3, 1), bnn.Gaussian(bnn.LearnedNoise(5.0)))
    network = fitted(
        MLPRegressor(hidden_layer_sizes=(3,), activation="tanh", max_iter=2000, random_state=0),
        model.inputs(X),
        model.targets(Y)[:, 0],
    )
    latents = latents_of(model, network)
    assert latents[-1] == pytest.approx(np.log(5.0))
    with pytest.raises(ValueError, match=r"not at a mode.*start=estimate\[None\], n_steps=0"):
        bnn.fit_laplace(model, DATA, latents)
    estimate = bnn.find_map(model, DATA, seed=0, n_restarts=1, start=latents[None], n_steps=0)
    laplace = bnn.fit_laplace(model, DATA, estimate)
    assert np.isfinite(laplace.log_evidence)


def test_pairs_come_in_and_go_out_and_several_targets_have_units_of_their_own():
    two = bnn.dataset(X, np.stack([Y, np.round(np.abs(X[:, 0]))], axis=1))
    model = bnn.Model((2, 3, 2), Several((bnn.Gaussian(1.0), Poisson())), scaling=two.scaling)
    pairs = [(random.normal(size=(2, 3)), random.normal(size=3)), (random.normal(size=(3, 2)), [0.1, 0.2])]
    latents = latents_of(model, pairs)
    for (weights, biases), (found, of_biases) in zip(pairs, by_layer(model, latents), strict=True):
        np.testing.assert_array_equal(found, weights)
        np.testing.assert_array_equal(of_biases, biases)
    scaling = Scaling((0.0, 0.0), (1.0, 100.0), (5.0, 0.0), (2.0, 1.0))
    outputs = np.tanh(X / [1, 100] @ pairs[0][0] + pairs[0][1]) @ pairs[1][0] + pairs[1][1]
    record = predict_draws(model, latents_of(model, pairs, scaling=scaling)[None], X)
    np.testing.assert_allclose(record.parts[0].mean, 5 + 2 * outputs[:, 0], rtol=1e-9)
    np.testing.assert_allclose(record.parts[1].mean, np.exp(outputs[:, 1]), rtol=1e-9)


def test_moments_by_layer_are_those_of_the_latents_of_any_result():
    model = model_of((2, 3, 1))
    draws = random.normal(size=(7, model.n_latents))
    (weights, biases), last = by_layer(model, draws)
    assert (weights.shape, biases.shape, last[0].shape) == ((7, 2, 3), (7, 3), (7, 3, 1))
    np.testing.assert_allclose(weights.std(axis=0), by_layer(model, draws.std(axis=0))[0][0])
    with pytest.raises(ValueError, match=r"latents must be \[..., 13\] for this model; got \[7, 12\]"):
        by_layer(model, draws[:, 1:])


PAIRS = [(np.zeros((2, 5)), np.zeros(5)), (np.zeros((5, 4)), np.zeros(4)), (np.zeros((4, 1)), np.zeros(1))]
HEADS = keras.Input((2,))


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (MLPRegressor(hidden_layer_sizes=(5, 4)), "this MLPRegressor has not been fitted"),
        (sequential("relu"), "the activation 'relu', and the model 'tanh'"),
        (sequential(last="sigmoid"), r"the activation 'sigmoid', which Gaussian\(.*\) does not undo"),
        (PAIRS[:2], r"shapes \[\[2, 5\], \[5, 4\]\], and the model .*: layer_sizes and likelihood must be"),
        ([(w.T, b) for w, b in PAIRS], r"transpose each layer's weights: PyTorch keeps"),
        ([*PAIRS[:2], (np.zeros((4, 1)), np.zeros(2))], r"biases of layer 2 must be \[1\]; got \[2\]"),
        ([(np.full((2, 5), np.nan), np.zeros(5)), *PAIRS[1:]], "weights of layer 0 has 10 values"),
        (keras.Sequential([keras.layers.Dense(5)]), "no weights yet; call it on some x first"),
        (keras.Sequential([keras.Input((2,)), keras.layers.BatchNormalization()]), "of the kind BatchNorm"),
        (keras.Model(HEADS, [keras.layers.Dense(1)(HEADS)] * 2), "network has several outputs"),
        (np.zeros(45), "network must be a fitted MLPRegressor or .*; got array"),
        ("net", "network must be a fitted"),
        ([], "network must be a fitted"),
    ],
)
def test_a_network_that_is_not_the_model_s_is_refused(network, message):
    with pytest.raises(ValueError, match=message):
        latents_of(model_of(), network)


def test_units_that_cannot_be_folded_in_are_refused():
    pairs = [(np.zeros((2, 2)), np.zeros(2))]
    with pytest.raises(ValueError, match="y's units cannot be folded into the outputs of Heteroscedastic"):
        latents_of(model_of((2, 2), HeteroscedasticGaussian(1.0)), pairs, scaling=RAW)
    units = RAW._replace(y_shift=DATA.scaling.y_shift, y_scale=DATA.scaling.y_scale)
    latents_of(model_of((2, 2), HeteroscedasticGaussian(1.0)), pairs, scaling=units)
    images = model_of((2, 2), bnn.Categorical(2), scaling=bnn.data.PixelNorm())
    with pytest.raises(ValueError, match="units of pixels cannot be folded in"):
        latents_of(images, pairs, scaling=RAW)
    with pytest.raises(ValueError, match="scaling has 1 shifts and 1 scales for inputs"):
        latents_of(model_of((2, 1)), [(np.zeros((2, 1)), np.zeros(1))], scaling=Scaling((0.0,), (1.0,)))
