"""Every method with every likelihood: without a hidden layer it finds the posterior of long HMC chains."""

import contextlib
import warnings

import numpy as np
import pytest
from contracts.methods import LIKELIHOODS, METHODS, N_POINTS, problem

import bayesian_nn as bnn
from bayesian_nn.model.observations import scaling_was_forgotten

SEED = 0
# Of so few points a straight line may explain little, and the posterior is right all the same.
pytestmark = pytest.mark.filterwarnings("ignore::bayesian_nn.variational.flat_fit.FlatFitWarning")


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    """A folder that all processes of this test run share."""
    folder = tmp_path_factory.getbasetemp()
    return (folder.parent if folder.name.startswith("popen-") else folder) / "references"


def reference(model, data, folder):
    # Few chains and long ones: of short ones R-hat is large, however well they mix.
    return bnn.sampling.reference_chains(model, data, seed=SEED, n_chains=16, n_draws=1000, folder=folder)


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("method", METHODS)
def test_a_method_finds_the_posterior(method, likelihood, shared):
    model, data = problem(LIKELIHOODS[likelihood])
    truth = reference(model, data, shared).latents.reshape(-1, model.n_latents)
    infer, off, (narrowest, widest) = METHODS[method]
    draws = infer(model, data, SEED).draw(2000, seed=1)
    assert draws.shape == (2000, model.n_latents)
    distance = np.abs(draws.mean(axis=0) - truth.mean(axis=0)) / truth.std(axis=0)
    widths = draws.std(axis=0) / truth.std(axis=0)
    assert distance.max() < off, distance
    assert narrowest <= widths.min(), widths
    assert widths.max() <= widest, widths


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_the_reference_itself_has_converged(likelihood, shared):
    model, data = problem(LIKELIHOODS[likelihood])
    chains = reference(model, data, shared)
    convergence = bnn.sampling.function_space_convergence(chains, data.x)
    assert convergence.r_hat.max() < 1.01
    assert convergence.ess_bulk.min() > 2000
    assert not chains.n_divergences


@pytest.mark.parametrize("method", METHODS)
def test_a_method_says_that_the_scaling_was_forgotten(method):
    x = np.linspace(1990, 2020, N_POINTS)
    data = bnn.dataset(x, 1e5 + 3e3 * (x - 1990))
    # What a method makes of such data is its own business: it is told before it begins.
    with (
        np.errstate(all="ignore"),
        pytest.warns(bnn.model.UnscaledDataWarning, match="give the model scaling=data.scaling"),
        contextlib.suppress(ValueError, bnn.DivergedError),
    ):
        METHODS[method].infer(bnn.Model((1, 1), bnn.Gaussian(1000.0)), data, SEED)


def test_nothing_is_said_of_data_in_a_network_s_own_units():
    scaled = bnn.dataset(np.linspace(1990, 2020, N_POINTS), np.linspace(1e5, 2e5, N_POINTS))
    counts = bnn.dataset(np.linspace(-1, 1, N_POINTS), np.arange(0, 40 * N_POINTS, 40))
    likelihood = bnn.Gaussian(1000.0)
    for model, data in (
        (bnn.Model((1, 3, 1), likelihood, scaling=scaled.scaling), scaled),
        # Counts have no units.
        (bnn.Model((1, 3, 1), bnn.likelihoods.Poisson()), counts),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            bnn.find_map(model, data, seed=0, n_steps=2, n_restarts=1)


def test_dropout_says_so_too_and_several_targets_have_their_own_units():
    scaled = bnn.dataset(np.linspace(1990, 2020, N_POINTS), np.linspace(-1, 1, N_POINTS))
    with pytest.warns(bnn.model.UnscaledDataWarning):
        bnn.fit_dropout(bnn.Model((1, 3, 1), bnn.Gaussian(1.0)), scaled, seed=0, n_steps=2)
    x, far = np.linspace(-1, 1, N_POINTS), 1000 + np.arange(N_POINTS)
    parts = bnn.Gaussian(1.0), bnn.likelihoods.Poisson()
    for y, forgotten in ((np.c_[far, far], True), (np.c_[x, far], False)):
        model = bnn.Model((1, 2), bnn.likelihoods.Several(parts))
        assert scaling_was_forgotten(model, bnn.dataset(x, y)) == forgotten
