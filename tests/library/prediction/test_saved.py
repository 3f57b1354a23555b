"""Every result of inference goes to a file and comes back: the same draws, and no file that was altered."""

import os
from dataclasses import fields

import numpy as np
import pytest
from truths import linear_regression

import bayesian_nn as bnn
from bayesian_nn.runtime import record_file
from bayesian_nn.runtime.outputs import write_numbers
from bayesian_nn.runtime.record_file import read_record, write_record

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


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A file of each kind of result, by its name in `RESULTS`."""
    folder = tmp_path_factory.mktemp("results")
    found = {kind: folder / f"{number}.npz" for number, kind in enumerate(RESULTS)}
    for kind, path in found.items():
        bnn.save(RESULTS[kind](), path)
    return found


@pytest.mark.parametrize("kind", RESULTS)
def test_any_flipped_bit_is_noticed(kind, files, tmp_path):
    path, content = tmp_path / "result.npz", files[kind].read_bytes()
    for place in np.random.default_rng(0).integers(8 * len(content), size=200):
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"result\.npz is not a result .* make it again"):
            bnn.load(path)


def rewritten(path, other, edit):
    """Writes a file's record after an edit, with a digest of its own, as another version would."""
    record = read_record(path)
    fields, arrays = dict(record.fields), dict(record.arrays)
    edit(fields, arrays)
    write_record(other, record.kind, fields, arrays)
    return other


def model_in(fields):
    return fields["settings"]["model"] if "settings" in fields else fields["model"]


EDITS = {
    "other layers": lambda fields, arrays: model_in(fields).update(layer_sizes=[2, 5, 1]),
    "an array less": lambda fields, arrays: arrays.pop(min(arrays)),
    "an array more": lambda fields, arrays: arrays.update(other=np.zeros(3)),
    "a field less": lambda fields, arrays: fields.pop("settings" if "settings" in fields else "model"),
    "no kind": lambda fields, arrays: model_in(fields)["likelihood"].pop("kind"),
    "a field that no version knows": lambda fields, arrays: model_in(fields).update(width=3),
    "an impossible value": lambda fields, arrays: model_in(fields)["likelihood"].update(noise_std=-1),
}


@pytest.mark.parametrize("kind", RESULTS)
@pytest.mark.parametrize("edit", EDITS)
def test_a_record_that_does_not_fit_together_is_named(kind, edit, files, tmp_path):
    path = rewritten(files[kind], tmp_path / "edited.npz", EDITS[edit])
    with pytest.raises(
        ValueError, match=r"edited\.npz holds a \w+ that does not fit together \(.*make it again"
    ):
        bnn.load(path)


def test_another_version_is_named_where_its_results_have_other_parts(files, tmp_path, monkeypatch):
    monkeypatch.setattr(record_file, "VERSION", "9.8.7")
    path = rewritten(files["chains"], tmp_path / "newer.npz", EDITS["a field that no version knows"])
    monkeypatch.undo()
    with pytest.raises(ValueError, match=r"newer\.npz holds a Chains of version 9\.8\.7, and this is 0\."):
        bnn.load(path)
    # Where nothing differs it is read.
    monkeypatch.setattr(record_file, "VERSION", "9.8.7")
    path = rewritten(files["chains"], tmp_path / "newer.npz", lambda fields, arrays: None)
    monkeypatch.undo()
    bnn.load(path)


@pytest.mark.parametrize("write", [bnn.save, lambda result, path: write_numbers({"elbo": 1.0}, path)])
def test_a_full_disk_is_named_with_the_remedy(write, files, tmp_path, monkeypatch):
    result = bnn.load(files["chains"])

    def full(temporary, path):
        raise OSError(28, "No space left on device", temporary)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(
        OSError, match=r"cannot write .*full\.npz \(No space left .*\): free some space there"
    ):
        write(result, tmp_path / "full.npz")
    assert not list(tmp_path.iterdir())


def test_what_is_no_result_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"result must be what an inference method returned .*; got Model"):
        bnn.save(MODEL, tmp_path / "model.npz")
    own = bnn.Model((2, 3, 1), MODEL.likelihood, activation=abs, scaling=DATA.scaling)
    with pytest.raises(ValueError, match=r"its activation is the function abs, .* activation='tanh'"):
        bnn.save(bnn.fit_dropout(own, DATA, seed=0, n_steps=3), tmp_path / "own.npz")
    assert not list(tmp_path.iterdir())
