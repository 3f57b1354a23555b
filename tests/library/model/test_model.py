"""The network, the likelihood and the prior, against NumPy and SciPy in float64."""

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import norm

import bayesian_nn as bnn
from bayesian_nn.model.model import log_joint, log_likelihood, network, observation_std, prior, prior_stds
from bayesian_nn.model.network import ACTIVATIONS

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
}


def by_hand(model, latents, x):
    """The network of one vector of latents, in y's units."""
    scaling, start = model.scaling, 0
    hidden = (x - np.array(scaling.x_shift)) / np.array(scaling.x_scale)
    for place, (n_in, n_out) in enumerate(model.layers):
        weights = latents[start : start + n_in * n_out].reshape(n_in, n_out)
        biases = latents[start + n_in * n_out : start + (n_in + 1) * n_out]
        start += (n_in + 1) * n_out
        hidden = hidden @ weights + biases
        if place < len(model.layers) - 1:
            hidden = BY_HAND[model.activation](hidden)
    return scaling.y_shift + scaling.y_scale * hidden[:, 0]


def scaled(n_inputs):
    shift, scale = np.linspace(-3, 5, n_inputs), np.linspace(0.5, 20, n_inputs)
    return bnn.data.Scaling(tuple(shift), tuple(scale), y_shift=-7.0, y_scale=30.0)


def example(sizes, leading=(), **arguments):
    random = np.random.default_rng(1)
    model = bnn.Model(sizes, **{"noise_std": 2.5, "scaling": scaled(sizes[0])} | arguments)
    latents = random.normal(0, 0.7, (*leading, model.n_latents))
    x = random.normal(scaled(sizes[0]).x_shift, scaled(sizes[0]).x_scale, (6, sizes[0]))
    return model, latents, x, random.normal(-7, 30, 6)


@pytest.mark.parametrize("leading", [(), (4,), (2, 3)], ids=str)
@pytest.mark.parametrize("sizes", [(1, 1), (3, 1), (1, 10, 10, 1), (2, 1, 4, 1), (5, 4, 3, 2, 1)], ids=str)
def test_the_network_is_a_few_lines_of_numpy(sizes, leading):
    model, latents, x, _ = example(sizes, leading)
    expected = [by_hand(model, one, x) for one in latents.reshape(-1, model.n_latents)]
    outputs = model.in_y_units(network(model, latents, model.inputs(x)))
    np.testing.assert_allclose(outputs, np.reshape(expected, (*leading, 6)), rtol=1e-10)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_the_activation_is_the_one_named(activation):
    model, latents, x, _ = example((2, 5, 4, 1), activation=activation)
    outputs = model.in_y_units(network(model, latents, model.inputs(x)))
    # TensorFlow's gelu rounds its √2 to single precision.
    np.testing.assert_allclose(outputs, by_hand(model, latents, x), rtol=1e-7)


@pytest.mark.parametrize(
    "noise_std", [2.5, bnn.LearnedNoise(median=2.0, log_std=0.5)], ids=["known", "learned"]
)
@pytest.mark.parametrize("leading", [(), (4,), (2, 3)], ids=str)
def test_the_likelihood_is_scipy_s_in_the_data_s_units(noise_std, leading):
    model, latents, x, y = example((2, 4, 1), leading, noise_std=noise_std)
    values = log_likelihood(model, latents, model.inputs(x), model.targets(y)).numpy()
    expected = [
        norm.logpdf(y, by_hand(model, one, x), 2.5 if noise_std == 2.5 else np.exp(one[-1])).sum()
        for one in latents.reshape(-1, model.n_latents)
    ]
    np.testing.assert_allclose(values, np.reshape(expected, leading), rtol=1e-10)


def test_a_change_of_units_leaves_the_density_consistent():
    model, latents, x, y = example((2, 4, 1))
    scaling = model.scaling._replace(y_shift=-700.0, y_scale=3000.0)
    in_cm = bnn.Model(model.layer_sizes, bnn.Gaussian(250.0), scaling=scaling)
    metres = log_likelihood(model, latents, model.inputs(x), model.targets(y)).numpy()
    centimetres = log_likelihood(in_cm, latents, in_cm.inputs(x), in_cm.targets(100 * y)).numpy()
    np.testing.assert_allclose(centimetres, metres - len(y) * np.log(100), rtol=1e-12)


def test_time_stamps_keep_their_seconds():
    # In float32 these 100 seconds are one and the same number.
    seconds = np.arange(100.0)
    data = bnn.dataset(1.7e9 + seconds, 1e9 + np.sin(seconds))
    model = bnn.Model((1, 10, 1), bnn.Gaussian(0.1), scaling=data.scaling)
    near = bnn.dataset(seconds, np.sin(seconds))
    latents = np.random.default_rng(0).normal(size=(3, model.n_latents)).astype(np.float32)
    outputs = network(model, latents, model.inputs(data.x)).numpy()
    expected = network(
        model, latents, bnn.Model((1, 10, 1), bnn.Gaussian(0.1), scaling=near.scaling).inputs(near.x)
    ).numpy()
    np.testing.assert_allclose(outputs, expected, atol=1e-5)
    assert np.ptp(outputs, axis=1).min() > 0.1
    np.testing.assert_allclose(model.in_y_units(model.targets(data.y)) - 1e9, np.sin(seconds), atol=1e-6)


def test_the_noise_is_in_y_s_units():
    model, latents, _, _ = example((2, 1), (2, 3))
    np.testing.assert_allclose(observation_std(model, latents), np.full((2, 3, 1), 2.5))
    learned = bnn.Model((2, 1), bnn.Gaussian(bnn.LearnedNoise(1.0)), scaling=scaled(2))
    np.testing.assert_allclose(observation_std(learned, [[0, 0, 0, np.log(7.0)]]), [[7.0]], rtol=1e-6)


def test_the_prior_is_scipy_s():
    model, latents, _, _ = example((1, 3, 1), (5,), prior_std=1.7)
    np.testing.assert_allclose(
        prior(model, np.float64).log_prob(latents), norm.logpdf(latents, 0, 1.7).sum(axis=1), rtol=1e-12
    )
    learned = bnn.Model((1, 3, 1), bnn.Gaussian(bnn.LearnedNoise(0.2, 0.6)), prior=bnn.GaussianPrior(1.7))
    latents = np.column_stack([latents, [-3, -2, -1, 0, 1]])
    expected = norm.logpdf(latents[:, :-1], 0, 1.7).sum(axis=1) + norm.logpdf(
        latents[:, -1], np.log(0.2), 0.6
    )
    np.testing.assert_allclose(prior(learned, np.float64).log_prob(latents), expected, rtol=1e-12)


def test_each_layer_may_have_priors_of_its_own():
    model = bnn.Model(
        (2, 3, 1),
        bnn.Gaussian(bnn.LearnedNoise(0.2, 0.6)),
        prior=gaussian_priors([(0.5, 1), np.array([2.0, 3.0])]),
    )
    stds = [*[0.5] * 6, *[1.0] * 3, *[2.0] * 3, 3.0, 0.6]
    np.testing.assert_array_equal(prior_stds(model), stds)
    assert model.prior.std == ((0.5, 1.0), (2.0, 3.0))
    np.testing.assert_allclose(prior(model, np.float64).stddev(), stds)


@pytest.mark.parametrize("x", [np.zeros((4, 1)), np.zeros((4, 3)), np.zeros(2), np.zeros((1, 4, 2))])
def test_inputs_of_another_shape_are_refused(x):
    # NumPy would repeat a single column.
    with pytest.raises(ValueError, match=r"x must be \[n_points, 2\] for this model; got \["):
        bnn.Model((2, 3, 1), bnn.Gaussian(0.1)).inputs(x)


def test_the_joint_density_is_prior_times_likelihood():
    model, latents, x, y = example((1, 3, 1), (5,), prior_std=1.7)
    inputs, targets = model.inputs(x), model.targets(y)
    expected = log_likelihood(model, latents, inputs, targets) + norm.logpdf(latents, 0, 1.7).sum(axis=1)
    np.testing.assert_allclose(log_joint(model, latents, inputs, targets), expected, rtol=1e-12)


def test_the_post_s_network_has_141_weights():
    assert bnn.Model((1, 10, 10, 1), bnn.Gaussian(0.1)).n_weights == 141
    assert bnn.Model((1, 10, 10, 1), bnn.Gaussian(0.1)).n_latents == 141
    assert bnn.Model((1, 10, 10, 1), bnn.Gaussian(bnn.LearnedNoise(0.1))).n_latents == 142


def test_numpy_s_numbers_make_the_same_model():
    plain = bnn.Model((2, 3, 1), bnn.Gaussian(0.5), scaling=bnn.data.Scaling((1.0, 2.0), (3.0, 4.0)))
    scaling = bnn.data.Scaling(np.array([1, 2]), np.array([3.0, 4.0], np.float32), np.float64(0), np.int64(1))
    other = bnn.Model(
        list(np.array([2, 3, 1])), bnn.Gaussian(np.float32(0.5)), prior=bnn.GaussianPrior(1), scaling=scaling
    )
    assert other == plain
    assert hash(other) == hash(plain)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"layer_sizes": ()},
            r"layer_sizes must name at least the inputs and the output, as in .*; got \(\)",
        ),
        ({"layer_sizes": (1,)}, r"layer_sizes must name .* got \(1,\)"),
        ({"layer_sizes": 10}, "layer_sizes must name .* got 10"),
        ({"layer_sizes": (1, 0, 1)}, r"layer_sizes\[1\] must be a whole number, 1 or more; got 0"),
        ({"layer_sizes": (1, 2.5, 1)}, r"layer_sizes\[1\] must be a whole number, 1 or more; got 2.5"),
        ({"layer_sizes": (True, 1)}, r"layer_sizes\[0\] .* got True"),
        ({"layer_sizes": (1, 10, 2)}, r"layer_sizes must end in 1, the one target y; got \(1, 10, 2\)"),
        ({"activation": "tan"}, "activation must be one of tanh, relu, .*; got 'tan'"),
        ({"noise_std": 0}, "noise_std must be a finite number above zero; got 0"),
        ({"noise_std": -0.1}, "noise_std must be a finite number above zero; got -0.1"),
        ({"noise_std": np.nan}, "noise_std must be a finite number above zero; got nan"),
        ({"noise_std": None}, "noise_std must be a finite number above zero; got None"),
        ({"noise_std": bnn.LearnedNoise(-1)}, "noise_std.median must be .* above zero; got -1"),
        ({"noise_std": bnn.LearnedNoise(1, 0)}, "noise_std.log_std must be .* above zero; got 0"),
        ({"prior_std": -1}, "prior_std must be a finite number above zero; got -1"),
        ({"prior_std": "1"}, "prior_std must be a finite number above zero; got '1'"),
        ({"prior_std": [(1, 1)]}, r"prior_std must be one number, or 2 pairs .* got \[\(1, 1\)\]"),
        ({"prior_std": [1, 1]}, "prior_std must be one number, or 2 pairs"),
        ({"prior_std": [(1, 1), (1, 0)]}, r"prior_std\[1\] of biases must be .* above zero; got 0"),
        (
            {"scaling": scaled(2)},
            "scaling has 2 shifts and 2 scales for inputs, but layer_sizes begins with 1",
        ),
        ({"scaling": bnn.data.Scaling((0,), (0,))}, "scaling.x_scale must be .* above zero; got 0"),
        ({"scaling": bnn.data.Scaling((np.nan,), (1,))}, "scaling.x_shift has 1 values that are not finite"),
        (
            {"scaling": bnn.data.Scaling((0,), (1,), 0.0, -2.0)},
            "scaling.y_scale must be .* above zero; got -2.0",
        ),
    ],
)
def test_a_wrong_model_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        bnn.Model(**{"layer_sizes": (1, 10, 1), "noise_std": 0.1} | arguments)
