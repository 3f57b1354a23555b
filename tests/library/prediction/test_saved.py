"""Every result of inference goes to a file and comes back: the same draws, and no file that was altered."""

from dataclasses import fields

import numpy as np
import pytest
from truths import linear_regression

import bayesian_nn as bnn

MODEL, DATA = linear_regression.problem()
HIDDEN = bnn.Model((2, 3, 1), MODEL.likelihood, scaling=DATA.scaling)


def mode():
    return bnn.find_map(MODEL, DATA, seed=0, n_restarts=2, n_steps=300)


RESULTS = {
    "a run": lambda: bnn.fit(MODEL, DATA, seed=0, n_steps=20),
    "a mixture": lambda: bnn.mixture_of(bnn.fit(MODEL, DATA, seed=0, n_steps=20, n_restarts=2)),
    "chains": lambda: bnn.sample_hmc(MODEL, DATA, seed=0, n_chains=4, n_draws=5, n_warmup=5),
    "Langevin chains": lambda: bnn.sample_sghmc(MODEL, DATA, seed=0, n_steps=40, n_chains=3),
    "microcanonical chains": lambda: bnn.sample_mclmc(MODEL, DATA, seed=0, n_steps=60, n_chains=3, thin=5),
    "a mode": mode,
    "Laplace": lambda: bnn.fit_laplace(MODEL, DATA, mode()),
    "diagonal Laplace": lambda: bnn.fit_laplace(MODEL, DATA, mode(), diagonal=True),
    "an ensemble": lambda: bnn.fit_ensemble(MODEL, DATA, seed=0, n_members=3, n_steps=20),
    "dropout": lambda: bnn.fit_dropout(HIDDEN, DATA, seed=0, n_steps=20),
    "IVON": lambda: bnn.fit_ivon(MODEL, DATA, seed=0, n_steps=20),
}


@pytest.mark.parametrize("kind", RESULTS)
def test_a_result_comes_back_as_it_was(kind, tmp_path):
    result = RESULTS[kind]()
    path = tmp_path / "result.npz"
    bnn.save(result, path)
    again = bnn.load(path)
    assert type(again) is type(result)
    for each in fields(result):
        before, after = getattr(result, each.name), getattr(again, each.name)
        if isinstance(before, np.ndarray):
            assert before.dtype == after.dtype
        if each.name != "state":
            np.testing.assert_equal(after, before)
    np.testing.assert_array_equal(result.draw(7, seed=3), again.draw(7, seed=3))
    first = path.read_bytes()
    bnn.save(again, path)
    assert path.read_bytes() == first


def test_any_flipped_bit_is_noticed(tmp_path):
    path = tmp_path / "result.npz"
    bnn.save(RESULTS["chains"](), path)
    content = path.read_bytes()
    for place in np.random.default_rng(0).integers(len(content), size=200):
        damaged = bytearray(content)
        damaged[place] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"result\.npz is not a result .* make it again"):
            bnn.load(path)


def test_what_is_no_result_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"result must be what an inference method returned .*; got Model"):
        bnn.save(MODEL, tmp_path / "model.npz")
    own = bnn.Model((2, 3, 1), MODEL.likelihood, activation=abs, scaling=DATA.scaling)
    with pytest.raises(ValueError, match=r"its activation is the function abs, .* activation='tanh'"):
        bnn.save(bnn.fit_dropout(own, DATA, seed=0, n_steps=3), tmp_path / "own.npz")
    assert not list(tmp_path.iterdir())
