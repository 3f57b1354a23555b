"""The loop that climbs the log joint density, against the closed form and its own parts."""

import numpy as np
import pytest
from truths.linear_regression import exact, problem

import bayesian_nn as bnn
from bayesian_nn.model.observations import in_network_units
from bayesian_nn.training.ascent import ascend

MODEL, DATA = problem()
INPUTS, TARGETS = in_network_units(MODEL, DATA)
OPTIMIZER = bnn.Adam(bnn.WarmupCosine(0.05))


def climb(start, targets=TARGETS, **arguments):
    return ascend(MODEL, start, INPUTS, targets, **{"n_steps": 600, "optimizer": OPTIMIZER} | arguments)


def optimum(targets, shifts=0.0):
    """The mode `[..., n_latents]` with these targets, and the prior moved by these shifts."""
    truth = exact(MODEL, DATA)
    noise_std = MODEL.likelihood.noise_std / MODEL.scaling.y_scale
    linear = targets @ truth.design / noise_std**2 + shifts / MODEL.prior.std**2
    return linear @ truth.covariance


def test_every_vector_climbs_to_its_own_top():
    random = np.random.default_rng(0)
    start, shifts, noise = random.normal(size=(4, 3)), random.normal(size=(4, 3)), random.normal(size=(4, 30))
    np.testing.assert_allclose(optimum(TARGETS), exact(MODEL, DATA).mean, atol=1e-12)
    np.testing.assert_allclose(climb(start), np.tile(optimum(TARGETS), (4, 1)), atol=1e-4)
    tops = optimum(TARGETS + noise, shifts)
    assert np.all(np.std(tops, axis=0) > 0.01)
    np.testing.assert_allclose(climb(start, TARGETS + noise, shifts=shifts), tops, atol=1e-4)


def test_vectors_share_nothing():
    start = np.random.default_rng(0).normal(size=(5, 3))
    together = climb(start, n_steps=50)
    np.testing.assert_allclose(climb(start[3:4], n_steps=50), together[3:4], rtol=1e-5)


def test_factors_multiply_the_latents_and_are_asked_for_block_by_block():
    blocks, start = [], np.random.default_rng(0).normal(size=(2, 3))

    def halves(block):
        blocks.append(block)
        return np.full((250, 2, 3), 0.5)

    # The top of the product is where the product, and not the vector, is at the top.
    halved = climb(start, n_steps=1000, optimizer=bnn.Adam(bnn.WarmupCosine(0.1)), factors=halves)
    assert blocks == [0, 1, 2, 3]
    np.testing.assert_allclose(halved / 2, np.tile(optimum(TARGETS), (2, 1)), atol=1e-4)


def test_one_step_of_adam_goes_up_by_the_rate():
    start = optimum(TARGETS)[None] + [[1.0, -1.0, 1.0]]
    optimizer = bnn.Adam(bnn.StepDecay(0.01))
    np.testing.assert_allclose(
        climb(start, n_steps=1, optimizer=optimizer) - start, [[-0.01, 0.01, -0.01]], atol=1e-5
    )


def test_an_optimizer_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"optimizer must be an Adam; got 0\.1"):
        climb(np.zeros((1, 3)), optimizer=0.1)


def test_a_climb_that_leaves_the_finite_numbers_says_so():
    with pytest.raises(
        ArithmeticError, match=r"After 5 steps no latents .* smaller learning rate .*scaling=data\.scal"
    ):
        climb(np.zeros((2, 3)), n_steps=5, optimizer=bnn.Adam(1e38))
