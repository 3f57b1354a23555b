"""Checkpoints: after Ctrl-C, or a full disk, the same call makes the unbroken run; no other call does."""

import functools
import os
import signal

import numpy as np
import pytest

import bayesian_nn as bnn
from bayesian_nn.runtime import record_file
from bayesian_nn.training import driver, programs
from bayesian_nn.training.run_file import load_run, save_run

pytestmark = pytest.mark.filterwarnings("ignore::bayesian_nn.FlatFitWarning")

RANDOM = np.random.default_rng(0)
IMAGES = bnn.LabelledImages(RANDOM.uniform(size=(20, 2, 2)), np.arange(20) % 3, ("a", "b", "c"))
TABLE = bnn.dataset(RANDOM.normal(size=(20, 4)), RANDOM.poisson(2, size=20))
CASES = {
    "images": (bnn.Model((4, 5, 3), bnn.Categorical(3), activation="relu"), IMAGES),
    "counts": (bnn.Model((4, 5, 1), bnn.likelihoods.Poisson(), scaling=TABLE.scaling), TABLE),
}
N_STEPS = 24


def fit(case="images", **arguments):
    model, data = CASES[case]
    return bnn.fit(model, data, **{"seed": 0, "n_epochs": 6, "batch_size": 5, "kl_warmup": 0.5} | arguments)


@functools.cache
def unbroken(case="images"):
    return fit(case)


@pytest.fixture(autouse=True)
def steps(monkeypatch):
    """Every fit runs step by step, and looks at its checkpoint after every block."""
    monkeypatch.setattr(programs, "LARGE_STEP", 0)
    monkeypatch.setattr(driver, "CHECKPOINT_SECONDS", 0.0)


@pytest.fixture
def content(tmp_path):
    """All that a run is, as bytes."""

    def content(run):
        save_run(run, tmp_path / "content.npz")
        return (tmp_path / "content.npz").read_bytes()

    return content


def press_after(patch, n_steps):
    def reached(step):
        if step == n_steps:
            os.kill(os.getpid(), signal.SIGINT)

    patch.setattr(driver, "reached", reached)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("pressed", [1, 7, 23])
def test_after_ctrl_c_the_same_call_makes_the_unbroken_run(
    monkeypatch, capsys, tmp_path, content, case, pressed
):
    checkpoint = tmp_path / "fit.npz"
    with monkeypatch.context() as patch:
        press_after(patch, pressed)
        run = fit(case, checkpoint=checkpoint)
    message = f"Interrupted after step {pressed} of {N_STEPS}; what was recorded is kept, and the same call,"
    assert message in capsys.readouterr().err
    assert (run.outcome, run.n_steps_done) == ("interrupted", pressed)
    assert content(load_run(checkpoint)) == content(run)
    assert content(fit(case, checkpoint=checkpoint)) == content(unbroken(case))
    # Finished, it is the run at once.
    with monkeypatch.context() as patch:
        patch.setattr(programs.Steps, "run", None)
        assert content(fit(case, checkpoint=checkpoint)) == content(unbroken(case))


def test_a_fit_may_be_interrupted_again_and_again(monkeypatch, tmp_path, content):
    for pressed in (5, 6, 20):
        with monkeypatch.context() as patch:
            press_after(patch, pressed)
            assert fit(checkpoint=tmp_path / "fit.npz").n_steps_done == pressed
    assert content(fit(checkpoint=tmp_path / "fit.npz")) == content(unbroken())


def test_a_fit_that_is_killed_goes_on_from_its_last_checkpoint(monkeypatch, tmp_path, content):
    # Blocks of five steps; killed in the third.
    monkeypatch.setattr("bayesian_nn.training.method.BLOCK_STEPS", 5)
    whole = fit()
    with monkeypatch.context() as patch:

        def killed(step):
            if step == 12:
                raise MemoryError

        patch.setattr(driver, "reached", killed)
        with pytest.raises(MemoryError):
            fit(checkpoint=tmp_path / "fit.npz")
    assert load_run(tmp_path / "fit.npz").n_steps_done == 10
    assert content(fit(checkpoint=tmp_path / "fit.npz")) == content(whole)


def test_a_checkpoint_that_cannot_be_written_leaves_the_last_good_one(monkeypatch, tmp_path, content):
    monkeypatch.setattr("bayesian_nn.training.method.BLOCK_STEPS", 5)
    digest, good = record_file._digest, []

    def full(whole):
        if len(good) == 2:
            raise OSError(28, "No space left on device")
        good.append(whole)
        return digest(whole)

    with monkeypatch.context() as patch:
        patch.setattr(record_file, "_digest", full)
        with pytest.raises(OSError, match=r"cannot write .*fit\.npz \(No space left"):
            fit(checkpoint=tmp_path / "fit.npz")
    assert list(tmp_path.iterdir()) == [tmp_path / "fit.npz"]
    assert load_run(tmp_path / "fit.npz").n_steps_done == 10
    whole = content(fit())
    assert content(fit(checkpoint=tmp_path / "fit.npz")) == whole


def test_a_diverging_fit_leaves_the_last_good_checkpoint(monkeypatch, tmp_path):
    monkeypatch.setattr("bayesian_nn.training.method.BLOCK_STEPS", 5)
    usual = bnn.StepDecay.rates
    monkeypatch.setattr(
        bnn.StepDecay, "rates", lambda decay, n: np.where(np.arange(n) == 12, 1e30, usual(decay, n))
    )
    with pytest.raises(bnn.DivergedError) as caught:
        fit(optimizer=bnn.Adam(1e-3), checkpoint=tmp_path / "fit.npz")
    assert caught.value.result.n_steps_done == 13
    kept = load_run(tmp_path / "fit.npz")
    assert (kept.n_steps_done, kept.outcome) == (10, "interrupted")
    assert np.isfinite(kept.parameters).all()


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished fit's checkpoint."""
    path = tmp_path_factory.mktemp("finished") / "fit.npz"
    fit(checkpoint=path)
    return path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": 1}, "was made with seed=0, and not 1. Name another file, or delete it"),
        ({"n_epochs": 7}, "n_steps=24, and not 28"),
        ({"batch_size": 4}, "n_steps=24, and not 30"),
        ({"kl_warmup": 0}, "kl_warmup=0.5, and not 0.0"),
        ({"objective": bnn.objectives.Flipout()}, r"objective=LocalReparameterisation\(.*, and not Flipout"),
        ({"optimizer": bnn.Adam(0.1)}, r"optimizer=Adam\("),
    ],
)
def test_a_checkpoint_of_another_fit_is_refused(finished, arguments, message):
    with pytest.raises(ValueError, match=rf"checkpoint: .*fit\.npz .*{message}"):
        fit(checkpoint=finished, **arguments)


def test_a_checkpoint_of_other_data_is_refused(finished):
    other = bnn.LabelledImages(IMAGES.images, IMAGES.labels[::-1], IMAGES.class_names)
    with pytest.raises(ValueError, match=r"checkpoint: .*fit\.npz was made from other data"):
        bnn.fit(CASES["images"][0], other, seed=0, n_epochs=6, batch_size=5, checkpoint=finished)


def test_what_is_no_checkpoint_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "fit.npz"
    path.write_bytes(b"else")
    with pytest.raises(ValueError, match=r"fit\.npz is not a result"):
        fit(checkpoint=path)
    assert path.read_bytes() == b"else"
    with pytest.raises(ValueError, match=r"resume: the checkpoint .* exists, .* Give one of the two"):
        fit(checkpoint=path, resume=unbroken())
