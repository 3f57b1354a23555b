"""A run on disk: what comes back is what was saved, and nothing else is taken for it."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from truths import made_by_hand

import bayesian_nn as bnn

SCALING = bnn.data.Scaling((0.1,), (1 / 3,), 2e-9, 7.7)
SETTINGS = {
    "defaults": ({}, {}),
    "nothing a default": (
        {"noise_std": bnn.LearnedNoise(0.3, 0.7), "activation": "sin", "prior_std": 0.9, "scaling": SCALING},
        {
            "posterior": bnn.MeanField(initial_std=0.05),
            "objective": bnn.Elbo(n_draws=2, analytic_kl=False),
            "optimizer": bnn.Adam(bnn.StepDecay(0.1, 0.9, 10), beta1=0.8, beta2=0.95, epsilon=1e-6),
            "seed": 2**40,
            "batch_size": 7,
        },
    ),
    "priors of each layer": ({"prior_std": [(1.0, 2.0), (0.5, 1.0)], "layer_sizes": (1, 3, 1)}, {}),
    "NumPy's numbers": (
        {"noise_std": np.float32(0.1), "layer_sizes": (np.int64(1), np.int32(2), 1)},
        {
            "objective": bnn.Elbo(np.int64(3), analytic_kl=np.bool_(True)),
            "optimizer": bnn.Adam(
                bnn.StepDecay(np.float32(0.1), np.float64(0.9), np.int64(10)), *np.float32([0.9, 0.98, 1e-7])
            ),
        },
    ),
    "NumPy's warm-up": ({}, {"optimizer": bnn.Adam(bnn.WarmupCosine(*np.float32([0.1, 0.2])))}),
}


def a_run(name="defaults"):
    arguments, settings = SETTINGS[name]
    model = bnn.Model(**{"layer_sizes": (1, 2, 1), "noise_std": 0.1} | arguments)
    mean = np.random.default_rng(1).normal(size=(4, 3, model.n_latents))
    return made_by_hand.run(model, mean=mean, std=np.exp(mean), best=1, **settings)


def saved(run, folder):
    path = Path(folder) / "run.npz"
    bnn.training.save_run(run, path)
    return path


@pytest.mark.parametrize("name", SETTINGS)
def test_what_comes_back_is_what_was_saved(tmp_path, name):
    run = a_run(name)
    again = bnn.training.load_run(saved(run, tmp_path))
    assert again.settings == run.settings
    assert type(again.settings.optimizer.learning_rate) is type(run.settings.optimizer.learning_rate)
    for field in ("recorded_steps", "recorded_parameters", "log_likelihoods", "kls", "final_elbos"):
        kept, was = getattr(again, field), getattr(run, field)
        np.testing.assert_array_equal(kept, was, err_msg=field, strict=True)
    for kept, was in zip(again.state, run.state, strict=True):
        np.testing.assert_array_equal(kept, was, strict=True)
    assert (again.outcome, again.explained, again.digest) == (run.outcome, run.explained, run.digest)
    assert again.end_scheduled is run.end_scheduled


@dataclass(frozen=True)
class OtherFamily(bnn.MeanField):
    """A family that another program has."""


@dataclass(frozen=True)
class OtherSchedule:
    initial: float

    def rates(self, n_steps):
        return np.full(n_steps, self.initial)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"posterior": OtherFamily()},
            "its posterior is of the kind OtherFamily, and this version knows MeanField",
        ),
        (
            {"optimizer": bnn.Adam(OtherSchedule(0.1))},
            "its learning_rate is of the kind OtherSchedule, .* WarmupCosine or StepDecay",
        ),
        ({"objective": print}, "its objective is of the kind builtin_function_or_method, .* knows Elbo"),
    ],
)
def test_a_run_of_an_unknown_kind_is_not_saved(tmp_path, settings, message):
    model = bnn.Model((1, 2, 1), bnn.Gaussian(0.1))
    run = made_by_hand.run(model, mean=np.zeros((1, 1, 7)), std=np.ones((1, 1, 7)), **settings)
    with pytest.raises(ValueError, match=f"This run cannot be saved: {message}"):
        saved(run, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_run_of_an_unknown_family_is_not_taken_for_another(tmp_path):
    path = saved(a_run(), tmp_path)
    with np.load(path) as file:
        arrays = dict(file)
    arrays["header"] = np.array(str(arrays["header"]).replace("MeanField", "Spike"))
    np.savez(path, **arrays)
    with pytest.raises(
        ValueError, match=r"cannot be loaded: its posterior is of the kind Spike, .* MeanField"
    ):
        bnn.training.load_run(path)


def test_the_same_run_is_the_same_bytes(tmp_path):
    first = saved(a_run(), tmp_path / "a").read_bytes()
    assert saved(a_run(), tmp_path / "b").read_bytes() == first
    again = saved(bnn.training.load_run(tmp_path / "a" / "run.npz"), tmp_path / "c").read_bytes()
    assert again == first


def test_the_best_restart_is_the_one_of_the_highest_elbo():
    run = a_run()
    assert (run.best, run.final_elbo, run.n_steps_done) == (1, -100.0, 4)
    np.testing.assert_array_equal(run.parameters, run.recorded_parameters[:, 1])
    np.testing.assert_array_equal(run.elbo, run.log_likelihoods[:, 1] - run.kls[:, 1])
    np.testing.assert_array_equal(run.recorded_steps, [0, 1, 2, 3])


@pytest.mark.parametrize("keep", [True, False], ids=["the same arrays", "other arrays"])
def test_a_run_of_another_version_is_refused(tmp_path, keep):
    path = saved(a_run(), tmp_path)
    with np.load(path) as file:
        arrays = dict(file)
    header = json.loads(str(arrays.pop("header"))) | {"format": 99}
    np.savez(path, header=np.array(json.dumps(header)), **arrays if keep else {})
    with pytest.raises(
        ValueError, match=r"run.npz holds a run of format 99, .* reads format 2: make the run again"
    ):
        bnn.training.load_run(path)


class Trap:
    """What makes a folder as soon as it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize(
    ("write", "reason"),
    [
        (lambda path: path.write_bytes(b""), "File is not a zip file"),
        (lambda path: path.write_text("x,y\n1,2\n"), "File is not a zip file"),
        (
            lambda path: np.save(path, np.ones(3)) or path.with_suffix(".npz.npy").rename(path),
            "not a zip file",
        ),
        (lambda path: np.savez(path, weights=np.ones(3)), "header"),
        (lambda path: np.savez(path, header=np.array("[1]")), "list indices"),
        (lambda path: np.savez(path, header=np.array("{")), "Expecting"),
        (lambda path: np.savez(path, header=np.array([Trap(path.parent / "trap")])), "Object arrays"),
    ],
    ids=["empty", "text", "one array", "other arrays", "other header", "no JSON", "pickled"],
)
def test_a_file_that_is_no_run_is_refused(tmp_path, write, reason):
    path = tmp_path / "run.npz"
    write(path)
    message = rf"run\.npz is not a saved run, or a damaged one \(.*{reason}.*\); make it again"
    with pytest.raises(ValueError, match=message):
        bnn.training.load_run(path)
    assert not (tmp_path / "trap").exists()


def test_a_truncated_or_damaged_run_is_refused(tmp_path):
    path = saved(a_run(), tmp_path)
    whole = path.read_bytes()
    for end in range(0, len(whole), 97):
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError, match="not a saved run, or a damaged one"):
            bnn.training.load_run(path)
    refused = 0
    for place in range(40, len(whole), 41):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            again = bnn.training.load_run(path)
        except (ValueError, OSError):
            refused += 1
        else:
            # Bytes that say nothing, such as a member's date: the run itself is the one saved.
            assert saved(again, tmp_path / "again").read_bytes() == whole
    assert refused > 20


def test_a_missing_run_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"run\.npz"):
        bnn.training.load_run(tmp_path / "run.npz")


def test_a_folder_that_cannot_be_written_is_named_with_the_remedy(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"cannot write .*run.npz \(.*\): choose another folder"):
        bnn.training.save_run(a_run(), tmp_path / "file" / "run.npz")


def test_a_save_that_fails_leaves_the_old_run_whole(tmp_path, monkeypatch):
    path = saved(a_run(), tmp_path)
    before = path.read_bytes()

    def full_disk(file, **arrays):
        file.write(b"half a run")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full_disk)
    with pytest.raises(OSError, match="No space left"):
        bnn.training.save_run(a_run("nothing a default"), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
