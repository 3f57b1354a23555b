"""The reference posterior: the sampler's own chains, whether sampled now or found on disk."""

import importlib
from dataclasses import fields

import numpy as np
import pytest
from truths import linear_regression

import bayesian_nn as bnn

# Its room's face has a function of the module's name.
reference = importlib.import_module("bayesian_nn.sampling.reference_chains")
MODEL, DATA = linear_regression.problem()
SHORT = {"n_chains": 4, "n_draws": 10, "n_warmup": 10}


def test_they_are_the_sampler_s_own(tmp_path, monkeypatch):
    expected = bnn.sample_hmc(MODEL, DATA, seed=3, **SHORT)
    first = bnn.sampling.reference_chains(MODEL, DATA, seed=3, folder=tmp_path, **SHORT)
    monkeypatch.setattr(reference, "sample_hmc", None)
    again = bnn.sampling.reference_chains(MODEL, DATA, seed=3, folder=tmp_path, **SHORT)
    for chains in (first, again):
        assert chains.model == MODEL
        for field in fields(chains)[1:]:
            value = getattr(chains, field.name)
            np.testing.assert_array_equal(value, getattr(expected, field.name))
            assert np.ndim(value) == 0 or isinstance(value, np.ndarray)


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 4},
        {"n_draws": 11},
        {"model": bnn.Model((2, 1), bnn.Gaussian(4.1), prior=bnn.GaussianPrior(1.5), scaling=DATA.scaling)},
        {"data": bnn.dataset(DATA.x, DATA.y + 1)},
    ],
)
def test_another_question_is_sampled_anew(change, tmp_path, monkeypatch):
    question = {"model": MODEL, "data": DATA, "seed": 3, "folder": tmp_path} | SHORT
    bnn.sampling.reference_chains(question.pop("model"), question.pop("data"), **question)
    question = {"model": MODEL, "data": DATA} | question | change
    asked = []

    def sample(*arguments, **settings):
        asked.append(settings)
        return bnn.sample_hmc(*arguments, **settings)

    monkeypatch.setattr(reference, "sample_hmc", sample)
    bnn.sampling.reference_chains(question.pop("model"), question.pop("data"), **question)
    assert len(asked) == 1
