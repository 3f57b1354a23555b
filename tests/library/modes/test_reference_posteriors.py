"""Hamiltonian Monte Carlo against a posterior from elsewhere: a long run of NUTS, in double precision."""

import json

import numpy as np
import pytest
from repository import ROOT

import bayesian_nn as bnn

FILE = ROOT.parent / "shared" / "data" / "reference-posteriors" / "toy1d.npz"

# The file's network has weights of prior sd 1, which it multiplies by 4, 4, 1/sqrt(50) and 1.
MODEL = bnn.Model((1, 50, 1), bnn.Gaussian(0.1), prior=gaussian_priors([(4.0, 4.0), (50**-0.5, 1.0)]))

pytestmark = pytest.mark.skipif(not FILE.is_file(), reason=f"there is no {FILE.name} beside the repository")


@pytest.fixture(scope="module")
def reference():
    with np.load(FILE) as file:
        return dict(file)


@pytest.fixture(scope="module")
def data(reference):
    return bnn.Dataset(reference["x_train"], reference["y_train"], MODEL.scaling)


def apart(draws, reference):
    """How far the mean and the sd of f are from the reference's, in standard errors: `[n_points]` each."""
    # In double precision: squares of squares are averaged.
    draws = draws.astype(np.float64)
    ess, known = bnn.sampling.effective_sample_size(draws), json.loads(str(reference["meta"]))["ess_min"]
    mean, std = draws.mean(axis=(0, 1)), draws.std(axis=(0, 1))
    squares = ((draws - mean) / std) ** 2
    # A sample variance has the relative variance (kurtosis - 1) / n, and an sd a quarter of that.
    kurtosis = (squares**2).mean(axis=(0, 1))
    error = np.sqrt((kurtosis - 1) / 4 * (1 / bnn.sampling.effective_sample_size(squares) + 1 / known))
    # Errors small enough to notice a bug.
    assert ess.min() > 1000
    assert error.max() < 0.06
    of_mean = np.abs(mean - reference["f_mean"]) / (reference["f_sd"] * np.sqrt(1 / ess + 1 / known))
    return of_mean, np.abs(np.log(std / reference["f_sd"])) / error


def test_hmc_has_the_mean_and_the_sd_of_a_long_run_of_nuts(data, reference):
    chains = bnn.sample_hmc(MODEL, data, seed=1, n_chains=64, n_draws=50)
    draws = bnn.prediction.predict_draws(
        MODEL, chains.latents.reshape(-1, MODEL.n_latents), reference["x_test"]
    ).draws
    of_mean, of_std = apart(draws.reshape(64, 50, -1), reference)
    assert of_mean.max() < 5
    assert of_std.max() < 5


def test_mean_field_inference_has_neither(data, reference):
    run = bnn.fit(MODEL, data, seed=1, record_at=[])
    draws = bnn.predict(run, reference["x_test"], n_draws=4000, seed=1).draws
    of_mean, of_std = apart(draws.reshape(4, 1000, -1), reference)
    assert of_mean.max() > 50
    assert of_std.max() > 20
