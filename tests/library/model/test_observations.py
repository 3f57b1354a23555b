"""What inference starts with, and what every method refuses."""

import numpy as np
import pytest
import tensorflow as tf
from truths.linear_regression import problem

import bayesian_nn as bnn
from bayesian_nn.model.initial_weights import first_latents
from bayesian_nn.model.observations import checked_batch_size, observe

MODEL, DATA = problem()
NETWORK = bnn.Model((2, 2, 1), bnn.Gaussian(1.0), scaling=DATA.scaling)
STARTS = {"seed": 2, "counted": "n_chains", "n_starts": 3}
# The methods that take a model and data, with as little work as they can do.
METHODS = {
    "fit": lambda *what, **more: bnn.fit(*what, n_steps=1, **more),
    "find_map": lambda *what, **more: bnn.find_map(*what, n_steps=1, **more),
    "fit_laplace": lambda *what, seed: bnn.fit_laplace(*what, np.zeros(3)),
    "fit_ensemble": lambda *what, **more: bnn.fit_ensemble(*what, n_members=2, n_steps=1, **more),
    "fit_dropout": lambda *what, **more: bnn.fit_dropout(*what, n_steps=1, **more),
    "fit_ivon": lambda *what, **more: bnn.fit_ivon(*what, n_steps=1, **more),
    "sample_hmc": lambda *what, **more: bnn.sample_hmc(*what, n_chains=1, n_draws=1, n_warmup=1, **more),
    "sample_sgld": lambda *what, **more: bnn.sample_sgld(*what, step_size=0.1, n_steps=20, **more),
    "sample_sghmc": lambda *what, **more: bnn.sample_sghmc(*what, step_size=0.1, n_steps=20, **more),
}


def test_the_data_are_in_the_model_s_units():
    observations = observe(MODEL, DATA, tf.float64)
    np.testing.assert_array_equal(observations.inputs, MODEL.inputs(DATA.x))
    np.testing.assert_array_equal(
        observations.targets[:, 0], (DATA.y - DATA.scaling.y_shift) / DATA.scaling.y_scale
    )
    np.testing.assert_array_equal(observations.y_scale, [DATA.scaling.y_scale])
    part = observations.rows([3, 0])
    np.testing.assert_array_equal(part.inputs, observations.inputs.numpy()[[3, 0]])
    np.testing.assert_array_equal(part.targets, observations.targets.numpy()[[3, 0]])
    assert (observations.n_points, part.n_points) == (30, 2)
    # No weights were given.
    assert {each.dtype for each in observe(MODEL, DATA)[:3]} == {tf.float32}


def test_the_first_latents_are_those_given_or_the_mean_field_s():
    model = bnn.Model((1, 4, 1), bnn.Gaussian(bnn.LearnedNoise(0.3)))
    start = first_latents(model, None, **STARTS)
    expected = bnn.MeanField().initial(model, seed=2, n_restarts=3)[:, : model.n_latents]
    np.testing.assert_array_equal(start, expected)
    np.testing.assert_allclose(start[:, -1], np.log(0.3), rtol=1e-6)
    np.testing.assert_array_equal(first_latents(model, start + 1, **STARTS), start + 1)


def test_a_batch_may_be_all_observations_or_fewer():
    assert [checked_batch_size(size, DATA) for size in (None, 1, 30)] == [None, 1, 30]
    for size, message in (
        (31, "at most 30, the observations; got 31"),
        (0, "a whole number, 1 or more; got 0"),
    ):
        with pytest.raises(ValueError, match=f"batch_size must be {message}"):
            checked_batch_size(size, DATA)


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize(
    ("model", "data", "message"),
    [
        ("net", DATA, r"model must be a Model; got 'net'\. Make one as in Model\(\(1, 10, 10, 1\)"),
        (
            MODEL,
            (DATA.x, DATA.y),
            r"data must be a Dataset or LabelledImages; got .* Make one of arrays with dataset\(x, y\)",
        ),
        (
            bnn.Model((1, 2, 1), bnn.Gaussian(1.0)),
            DATA,
            "The data have 2 inputs and the model 1: layer_sizes must begin with 2",
        ),
        # NumPy would repeat the one input.
        (MODEL, bnn.data.cosine_with_gap(seed=0), "The data have 1 inputs and the model 2"),
    ],
)
def test_every_method_refuses_data_that_do_not_fit_its_model(method, model, data, message):
    with pytest.raises(ValueError, match=message):
        method(model, data, seed=0)


@pytest.mark.parametrize("method", [name for name in METHODS if name != "fit_laplace"])
@pytest.mark.parametrize("seed", [-1, 0.5, None, True])
def test_every_method_refuses_a_seed_that_is_none(method, seed):
    with pytest.raises(ValueError, match=f"seed must be a whole number, 0 or more; got {seed}"):
        METHODS[method](NETWORK, DATA, seed=seed)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (np.zeros(3), r"start must be \[n_chains, n_latents\] = \[3, 3\]; got \[3\]"),
        (np.zeros((2, 3)), r"start must be .* = \[3, 3\]; got \[2, 3\]"),
        ([[0, np.inf, 0]] * 3, "start has 3 values that are not finite"),
        ("zero", "start must be an array of numbers"),
    ],
)
def test_wrong_starts_are_refused(start, message):
    with pytest.raises(ValueError, match=message):
        first_latents(MODEL, start, **STARTS)
