"""A run on disk: what comes back is what was saved, and nothing else is taken for it."""

import json
import os
from dataclasses import dataclass, fields, replace

import numpy as np
import pytest
import tensorflow as tf
from truths import made_by_hand

import bayesian_nn as bnn
from bayesian_nn.data.images import PixelNorm
from bayesian_nn.runtime import record_file
from bayesian_nn.training.run_file import load_run, save_run

LIKELIHOODS = bnn.likelihoods
SCALING = bnn.data.Scaling((0.1,), (1 / 3,), 2e-9, 7.7)
MODELS = {
    "defaults": bnn.Model((1, 2, 1), bnn.Gaussian(0.1)),
    "nothing a default": bnn.Model(
        (1, 2, 1), bnn.Gaussian(bnn.LearnedNoise(0.3, 0.7)), bnn.GaussianPrior(0.9), "sin", SCALING
    ),
    "a prior for weights and biases of each layer": bnn.Model(
        (1, 2, 1),
        LIKELIHOODS.StudentT(0.1, 3.0),
        (
            (bnn.GaussianPrior(1.0), bnn.priors.ScaleMixturePrior((0.3, 1e-3), (0.25, 0.75))),
            (bnn.priors.LogNormalScale(0.5, 0.1), bnn.priors.HalfNormalScale(2.0)),
        ),
    ),
    "a prior for each layer": bnn.Model(
        (1, 2, 1), LIKELIHOODS.Poisson(), (bnn.priors.RelevancePrior(), bnn.GaussianPrior(0.5))
    ),
    "noise that depends on x": bnn.Model((1, 2, 2), LIKELIHOODS.HeteroscedasticGaussian(0.1)),
    "counts": bnn.Model((1, 2, 1), LIKELIHOODS.NegativeBinomial(LIKELIHOODS.LearnedDispersion(2.0))),
    "several": bnn.Model(
        (1, 2, 4), LIKELIHOODS.Several((bnn.Gaussian(0.1), LIKELIHOODS.Bernoulli(), bnn.Categorical(2)))
    ),
    "images": bnn.Model((4, 3, 2), bnn.Categorical(2), scaling=PixelNorm(9.2)),
    "NumPy's numbers": bnn.Model((np.int64(1), np.int32(2), 1), bnn.Gaussian(np.float32(0.1))),
}
SETTINGS = {
    "posterior": bnn.LowRank(2, initial_std=0.05),
    "objective": bnn.objectives.Flipout(np.int64(2), np.float32(0.1)),
    "optimizer": bnn.Adam(bnn.StepDecay(np.float32(0.1), 0.9, 10), beta1=0.8, beta2=0.95, epsilon=1e-6),
    "seed": 2**40,
    "batch_size": 7,
    "kl_warmup": 0.25,
}


def a_run(name="defaults", **settings):
    model = MODELS[name]
    mean = np.random.default_rng(1).normal(size=(4, 3, model.n_latents))
    return made_by_hand.run(model, mean=mean, std=np.exp(mean), best=1, **settings)


def saved(run, folder, **arguments):
    path = folder / "run.npz"
    save_run(run, path, **arguments)
    return path


def assert_same(again, run):
    for field in fields(run):
        kept, was = getattr(again, field.name), getattr(run, field.name)
        if isinstance(was, np.ndarray):
            np.testing.assert_array_equal(kept, was, err_msg=field.name, strict=True)
        elif field.name != "state":
            assert kept == was, field.name
    for kept, was in zip(again.state, run.state, strict=True):
        np.testing.assert_array_equal(kept, was, strict=True)


@pytest.mark.parametrize("settings", [{}, SETTINGS], ids=["usual settings", "other settings"])
@pytest.mark.parametrize("name", MODELS)
def test_what_comes_back_is_what_was_saved(tmp_path, name, settings):
    run = a_run(name, **settings)
    again = load_run(saved(run, tmp_path))
    assert_same(again, run)
    assert list(map(type, again.settings)) == list(map(type, run.settings))


def test_a_run_of_held_out_data_and_one_in_half_precision_come_back(tmp_path):
    for run in (
        replace(a_run(), held_out_steps=np.array([2, 4]), held_out=np.ones((2, 3))),
        # Not the last parameters but the best.
        replace(a_run(), final_parameters=a_run().recorded_parameters[1]),
        made_by_hand.image_run(),
    ):
        assert_same(load_run(saved(run, tmp_path)), run)


def test_without_its_state_a_run_is_smaller_and_cannot_be_resumed(tmp_path):
    run = a_run()
    size = saved(run, tmp_path).stat().st_size
    path = saved(run, tmp_path, with_state=False)
    assert path.stat().st_size < size
    again = load_run(path)
    assert again.state is None
    np.testing.assert_array_equal(again.draw(2, seed=0), run.draw(2, seed=0))
    data = bnn.dataset([1.0, 2.0], [0.0, 1.0])
    with pytest.raises(ValueError, match=r"was saved without its state \(with_state=False\)"):
        bnn.fit(run.model, data, seed=3, resume=again)


def test_the_same_run_is_the_same_bytes(tmp_path):
    first = saved(a_run(), tmp_path).read_bytes()
    assert saved(a_run(), tmp_path).read_bytes() == first
    assert saved(load_run(tmp_path / "run.npz"), tmp_path).read_bytes() == first


# --- what cannot be saved


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
        ({"posterior": OtherFamily()}, "its posterior is of the kind OtherFamily, and this version knows"),
        (
            {"optimizer": bnn.Adam(OtherSchedule(0.1))},
            "its learning_rate is of the kind OtherSchedule, .* Warmup",
        ),
        ({"objective": print}, "its objective is the function print"),
        (
            {"model": bnn.Model((1, 2, 1), bnn.Gaussian(0.1), activation=tf.math.sin)},
            "its activation is the function sin, .* Use the name of one .* activation='tanh'",
        ),
    ],
)
def test_what_no_file_can_hold_is_not_saved(tmp_path, settings, message):
    run = a_run()
    run = replace(run, settings=run.settings._replace(**settings))
    with pytest.raises(ValueError, match=f"This cannot be saved: {message}"):
        saved(run, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_named_with_the_remedy(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"cannot write .*run.npz \(.*\): choose another folder"):
        saved(a_run(), tmp_path / "file")


def test_a_full_disk_is_named_and_leaves_the_old_run_whole(tmp_path, monkeypatch):
    path = saved(a_run(), tmp_path)
    before = path.read_bytes()

    def full(content):
        raise OSError(28, "No space left on device")

    # The first half is written, the second is not.
    monkeypatch.setattr(record_file, "_digest", full)
    with pytest.raises(OSError, match=r"cannot write .*run\.npz \(No space left .*\): free some space"):
        saved(a_run("nothing a default"), tmp_path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


# --- what is no run


def test_any_single_bit_that_is_changed_is_noticed(tmp_path):
    path = saved(a_run(), tmp_path)
    whole = path.read_bytes()
    for bit in range(0, 8 * len(whole), 29):
        damaged = bytearray(whole)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"run\.npz is not a result .*damaged or edited: make it again"):
            load_run(path)
    for end in range(0, len(whole), 97):
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError, match=r"run\.npz is not a result"):
            load_run(path)


def test_an_edited_header_is_noticed(tmp_path):
    path = saved(a_run(), tmp_path)
    with np.load(path) as file:
        arrays = dict(file)
    arrays["header"] = np.array(str(arrays["header"]).replace('"seed": 3', '"seed": 4'))
    np.savez(path, **arrays)
    with pytest.raises(ValueError, match="damaged or edited"):
        load_run(path)


class Trap:
    """What makes a folder as soon as it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("x,y\n1,2\n"),
        lambda path: np.savez(path, weights=np.ones(3)),
        lambda path: np.savez(path, header=np.array([Trap(path.parent / "trap")])),
    ],
    ids=["empty", "text", "other arrays", "pickled"],
)
def test_a_file_that_is_no_run_is_refused(tmp_path, write):
    write(tmp_path / "run.npz")
    with pytest.raises(ValueError, match=r"run\.npz is not a result that this version saved"):
        load_run(tmp_path / "run.npz")
    assert not (tmp_path / "trap").exists()


def test_another_version_and_another_kind_are_named(tmp_path, monkeypatch):
    path = tmp_path / "other.npz"
    record_file.write_record(path, "chains", {"a": 1}, {"b": np.ones(2)})
    with pytest.raises(ValueError, match=r"other\.npz holds a chains, not a run"):
        load_run(path)
    record = record_file.read_record(path, "chains")
    assert (record.fields, record.arrays["b"].tolist()) == ({"a": 1}, [1, 1])
    with monkeypatch.context() as patch:
        patch.setattr(record_file, "FORMAT", 99)
        record_file.write_record(path, "run", json.loads("{}"), {})
    with pytest.raises(
        ValueError,
        match=r"saved by version 0\.\S+ in format 99, and this is version 0\.\S+, which reads format 3",
    ):
        load_run(path)


def test_a_missing_run_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"run\.npz"):
        load_run(tmp_path / "run.npz")
