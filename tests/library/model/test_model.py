"""The network and the likelihood of the data, against NumPy and SciPy in float64."""

import math

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import expit, log_softmax
from scipy.stats import norm

import bayesian_nn as bnn
from bayesian_nn.likelihoods.several import Several
from bayesian_nn.model.log_joint import log_joint, log_likelihood, network_outputs
from bayesian_nn.model.network import ACTIVATIONS, outputs
from bayesian_nn.model.observations import observe

BY_HAND = {
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": expit,
    "softplus": lambda z: np.logaddexp(0, z),
    "elu": lambda z: np.where(z > 0, z, np.exp(np.minimum(z, 0)) - 1),
    # TensorFlow's default is the exact form, not the approximation by tanh.
    "gelu": lambda z: z * norm.cdf(z),
    "silu": lambda z: z * expit(z),
    "sin": np.sin,
    tf.math.softsign: lambda z: z / (1 + np.abs(z)),
}


def by_hand(model, latents, x):
    """The outputs `[n_outputs, n_points]` of one vector of latents, in the network's units."""
    scaling, start = model.scaling, 0
    hidden = (x - np.array(scaling.x_shift)) / np.array(scaling.x_scale)
    for place, (n_in, n_out) in enumerate(model.layers):
        weights = latents[start : start + n_in * n_out].reshape(n_in, n_out)
        biases = latents[start + n_in * n_out : start + (n_in + 1) * n_out]
        start += (n_in + 1) * n_out
        hidden = hidden @ weights + biases
        if place < len(model.layers) - 1:
            hidden = BY_HAND[model.activation](hidden)
    return hidden.T


def scaled(n_inputs):
    shift, scale = np.linspace(-3, 5, n_inputs), np.linspace(0.5, 20, n_inputs)
    return bnn.data.Scaling(tuple(shift), tuple(scale), y_shift=-7.0, y_scale=30.0)


def example(sizes, leading=(), likelihood=None, **arguments):
    """A model, latents, x, and a data set there."""
    random = np.random.default_rng(1)
    likelihood = likelihood or (bnn.Gaussian(2.5) if sizes[-1] == 1 else bnn.Categorical(sizes[-1]))
    model = bnn.Model(sizes, likelihood, **{"scaling": scaled(sizes[0])} | arguments)
    latents = random.normal(0, 0.7, (*leading, model.n_latents))
    x = random.normal(scaled(sizes[0]).x_shift, scaled(sizes[0]).x_scale, (6, sizes[0]))
    y = np.arange(6) % sizes[-1] if sizes[-1] > 1 else random.normal(-7, 30, 6)
    return model, latents, x, bnn.Dataset(x, y, model.scaling)


# --- the network


@pytest.mark.parametrize("leading", [(), (4,), (2, 3)], ids=str)
@pytest.mark.parametrize(
    "sizes", [(1, 1), (3, 1), (1, 10, 10, 1), (2, 1, 4, 1), (5, 4, 3), (5, 4, 3, 2, 2)], ids=str
)
def test_the_network_is_a_few_lines_of_numpy(sizes, leading):
    model, latents, x, _ = example(sizes, leading)
    expected = [by_hand(model, one, x) for one in latents.reshape(-1, model.n_latents)]
    found = outputs(model, latents, model.inputs(x))
    np.testing.assert_allclose(found, np.reshape(expected, (*leading, sizes[-1], 6)), rtol=1e-10)


@pytest.mark.parametrize(
    "activation", [*ACTIVATIONS, tf.math.softsign], ids=lambda each: getattr(each, "__name__", each)
)
def test_the_activation_is_the_one_named_or_the_function_given(activation):
    model, latents, x, _ = example((2, 5, 4, 1), activation=activation)
    found = outputs(model, latents, model.inputs(x))
    # TensorFlow's gelu rounds its √2 to single precision.
    np.testing.assert_allclose(found, by_hand(model, latents, x), rtol=1e-7)


def test_outputs_in_parts_are_the_outputs_at_once():
    model, latents, *_ = example((1, 20, 1), (10,))
    # 2**21 numbers a layer: three draws of 20 units at 30,000 points.
    x = np.linspace(0, 8, 30_000)[:, None]
    found = network_outputs(model, latents, x)
    assert found.shape == (10, 1, 30_000)
    np.testing.assert_allclose(found, outputs(model, latents, model.inputs(x)), rtol=1e-10)


def test_time_stamps_keep_their_seconds():
    # In float32 these 100 seconds are one and the same number.
    seconds = np.arange(100.0)
    data = bnn.dataset(1.7e9 + seconds, 1e9 + np.sin(seconds))
    near = bnn.dataset(seconds, np.sin(seconds))
    model, same = (bnn.Model((1, 10, 1), bnn.Gaussian(0.1), scaling=each.scaling) for each in (data, near))
    latents = np.random.default_rng(0).normal(size=(3, model.n_latents)).astype(np.float32)
    found = network_outputs(model, latents, data.x)
    np.testing.assert_allclose(found, network_outputs(same, latents, near.x), atol=1e-5)
    assert np.ptp(found, axis=-1).min() > 0.1
    np.testing.assert_allclose(model.targets(data.y), same.targets(near.y), atol=1e-6)


# --- the density of the data


@pytest.mark.parametrize("leading", [(), (4,), (2, 3)], ids=str)
@pytest.mark.parametrize("noise_std", [2.5, bnn.LearnedNoise(2.0, 0.5)], ids=["known", "learned"])
def test_the_likelihood_is_scipy_s_in_the_data_s_units(noise_std, leading):
    model, latents, x, data = example((2, 4, 1), leading, bnn.Gaussian(noise_std))
    expected = [
        norm.logpdf(data.y, -7 + 30 * by_hand(model, one, x), 2.5 if noise_std == 2.5 else np.exp(one[-1]))
        for one in latents.reshape(-1, model.n_latents)
    ]
    values = log_likelihood(model, latents, observe(model, data, tf.float64))
    np.testing.assert_allclose(values, np.reshape(np.sum(expected, axis=(1, 2)), leading), rtol=1e-10)


@pytest.mark.parametrize("leading", [(), (4,), (2, 3)], ids=str)
def test_the_likelihood_of_classes_is_that_of_softmax(leading):
    model, latents, x, data = example((6, 5, 3), leading)
    logits = np.stack([by_hand(model, one, x) for one in latents.reshape(-1, model.n_latents)])
    expected = log_softmax(logits, axis=1)[:, data.y.astype(int), np.arange(6)].sum(axis=1)
    values = log_likelihood(model, latents, observe(model, data, tf.float64))
    np.testing.assert_allclose(values, np.reshape(expected, leading), rtol=1e-10)


def test_several_targets_have_the_sum_of_their_log_likelihoods():
    random = np.random.default_rng(2)
    x, y = random.normal(size=(6, 2)), np.column_stack([random.normal(3, 2, 6), random.normal(size=6)])
    together = bnn.Model(
        (2, 2),
        Several((bnn.Gaussian(bnn.LearnedNoise(0.5)), bnn.Gaussian(0.2))),
        scaling=bnn.data.Scaling((0.0, 0.0), (1.0, 1.0), (3.0, 0.0), (2.0, 1.0)),
    )
    weights, log_noise = random.normal(size=(3, 3, 2)), random.normal(size=(3, 1))
    latents = np.concatenate([weights.reshape(3, 6), log_noise], axis=1)
    outputs = np.column_stack([x, np.ones(6)]) @ weights
    expected = norm.logpdf(y[:, 0], 3 + 2 * outputs[..., 0], np.exp(log_noise)).sum(axis=1)
    expected += norm.logpdf(y[:, 1], outputs[..., 1], 0.2).sum(axis=1)
    observations = observe(together, bnn.Dataset(x, y, together.scaling), tf.float64)
    np.testing.assert_allclose(log_likelihood(together, latents, observations), expected, rtol=1e-10)


def test_a_change_of_units_leaves_the_density_consistent():
    model, latents, x, data = example((2, 4, 1))
    scaling = model.scaling._replace(y_shift=-700.0, y_scale=3000.0)
    in_cm = bnn.Model(model.layer_sizes, bnn.Gaussian(250.0), scaling=scaling)
    metres = log_likelihood(model, latents, observe(model, data, tf.float64))
    centimetres = observe(in_cm, bnn.Dataset(x, 100 * data.y, scaling), tf.float64)
    expected = metres.numpy() - len(data.y) * np.log(100)
    np.testing.assert_allclose(log_likelihood(in_cm, latents, centimetres), expected, rtol=1e-12)


def test_the_joint_density_is_prior_times_likelihood():
    model, latents, _, data = example((1, 3, 1), (5,), prior=bnn.GaussianPrior(1.7))
    observations = observe(model, data, tf.float64)
    expected = log_likelihood(model, latents, observations) + norm.logpdf(latents, 0, 1.7).sum(axis=1)
    np.testing.assert_allclose(log_joint(model, latents, observations), expected, rtol=1e-12)


# --- the record


def test_the_latents_are_the_weights_and_all_that_is_unknown_beside_them():
    sizes, learned = (1, 10, 10, 1), bnn.Gaussian(bnn.LearnedNoise(0.1))
    assert bnn.Model(sizes, bnn.Gaussian(0.1)).n_latents == 141
    assert bnn.Model(sizes, learned).n_latents == 142
    both = bnn.Model(sizes, learned, prior=bnn.priors.HalfNormalScale())
    assert (both.n_weights, both.n_latents) == (141, 145)
    assert [unknown.name for unknown in both.unknowns][1:] == [
        f"log prior sd of layer {i}" for i in (1, 2, 3)
    ]


def test_numpy_s_numbers_and_lists_make_the_same_model():
    plain = bnn.Model((2, 3, 1), bnn.Gaussian(0.5), scaling=bnn.data.Scaling((1.0, 2.0), (3.0, 4.0)))
    scaling = bnn.data.Scaling(np.array([1, 2]), np.array([3.0, 4.0], np.float32), np.float64(0), np.int64(1))
    sizes, prior = list(np.array([2, 3, 1])), [bnn.GaussianPrior(np.float64(1)), bnn.GaussianPrior(1)]
    other = bnn.Model(sizes, bnn.Gaussian(np.float32(0.5)), prior=bnn.GaussianPrior(1), scaling=scaling)
    assert other == plain
    assert hash(other) == hash(plain)
    layered = bnn.Model(sizes, bnn.Gaussian(0.5), prior=prior)
    assert layered == bnn.Model(sizes, bnn.Gaussian(0.5), prior=tuple(prior))
    hash(layered)


def test_models_that_differ_by_their_units_share_a_program():
    model, *_ = example((2, 4, 1))
    other = bnn.Model((2, 4, 1), bnn.Gaussian(2.5), scaling=bnn.data.Scaling((0, 0), (1, 2), 3, 4))
    assert model.program == other.program
    assert model != other
    assert model.program != bnn.Model((2, 4, 1), bnn.Gaussian(2.6)).program


@pytest.mark.parametrize("x", [np.zeros((4, 1)), np.zeros((4, 3)), np.zeros(2), np.zeros((1, 4, 2))])
def test_inputs_of_another_shape_are_refused(x):
    # NumPy would repeat a single column.
    with pytest.raises(ValueError, match=r"x must be \[n_points, 2\] for this model, .*; got \["):
        bnn.Model((2, 3, 1), bnn.Gaussian(0.1)).inputs(x)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"layer_sizes": ()}, r"layer_sizes must name at least the inputs and the output, as .*; got \(\)"),
        ({"layer_sizes": (1,)}, r"layer_sizes must name .* got \(1,\)"),
        ({"layer_sizes": 10}, "layer_sizes must name .* got 10"),
        ({"layer_sizes": (1, 0, 1)}, r"layer_sizes\[1\] must be a whole number, 1 or more; got 0"),
        ({"layer_sizes": (1, 2.5, 1)}, r"layer_sizes\[1\] must be a whole number, 1 or more; got 2.5"),
        ({"layer_sizes": (True, 1)}, r"layer_sizes\[0\] .* got True"),
        ({"layer_sizes": (1, 10, 2)}, r"must end in 1, the outputs that Gaussian\(.*; got \(1, 10, 2\)"),
        ({"likelihood": bnn.Categorical(3)}, r"must end in 3, the outputs that Categorical\(n_classes=3\)"),
        ({"likelihood": 0.1}, r"likelihood must be one such as Gaussian\(0.1\) or .*; got 0.1"),
        ({"likelihood": bnn.Gaussian}, "likelihood must be one such as .*; got <class"),
        ({"activation": "tan"}, "activation must be one of tanh, relu, .*; got 'tan'"),
        ({"activation": ["tanh"]}, r"activation must be .* or a function of a tensor; got \['tanh'\]"),
        ({"activation": tf.nn.relu6, "layer_sizes": 1}, "layer_sizes must name"),
        ({"activation": math.sin}, "activation must take a tensor, and sin does not .* TensorFlow's"),
        ({"activation": np.tanh}, "activation must take a tensor, and tanh does not"),
        ({"activation": tf.reduce_sum}, r"a tensor of the shape and type .* \(2, 3\); reduce_sum returned"),
        ({"activation": lambda units: 0.0}, "<lambda> returned 0.0"),
        ({"activation": tf.keras.layers.Dense}, "activation must be one of"),
        ({"activation": 1}, "activation must be .* or a function of a tensor; got 1"),
        ({"prior": 1.0}, r"prior must be one such as GaussianPrior\(1.0\), .*; got 1.0"),
        ({"prior": (bnn.GaussianPrior(),) * 3}, "or one for each of the 2 layers, .*; got"),
        ({"scaling": 2.0}, "scaling must be a data set's scaling, or a PixelNorm; got 2.0"),
        ({"scaling": scaled(2)}, "scaling has 2 shifts and 2 scales for inputs, but layer_sizes begins .* 1"),
        ({"scaling": bnn.data.Scaling((0,), (0,))}, "scaling.x_scale must be .* above zero; got 0"),
        ({"scaling": bnn.data.Scaling((np.nan,), (1,))}, "scaling.x_shift has 1 values that are not finite"),
        ({"scaling": bnn.data.Scaling((0,), (1,), 0, -2.0)}, "scaling.y_scale must be .* zero; got -2.0"),
        (
            {"scaling": bnn.data.Scaling((0,), (1,), (0, 0), (1, 1))},
            "scaling has 2 shifts and 2 scales for targets, but Gaussian.* has 1",
        ),
    ],
)
def test_a_wrong_model_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        bnn.Model(**{"layer_sizes": (1, 10, 1), "likelihood": bnn.Gaussian(0.1)} | arguments)
