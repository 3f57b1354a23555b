"""A classifier's fit: a known optimum, what Ctrl-C and checkpoints leave, records, progress, refusals."""

import functools
import os
import pty
import re
import select
import signal
import subprocess
import sys
import termios
import time

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_expit, roots_hermitenorm
from tqdm import tqdm

import bayesian_nn as bnn
from bayesian_nn.data.images import split
from bayesian_nn.training import classifier_recorder
from bayesian_nn.variational import fit_classifier as classifying

RANDOM = np.random.default_rng(0)
DATA = bnn.LabelledImages(RANDOM.uniform(size=(20, 2, 2)), np.arange(20) % 3, ("a", "b", "c"))
MODEL = bnn.Model((4, 5, 3), bnn.Categorical(3), prior=bnn.GaussianPrior(0.1), activation="relu")
# Steps in an epoch, and in all.
EPOCH, N_STEPS = 4, 24


def fit(data=DATA, model=MODEL, **arguments):
    return bnn.fit_classifier(model, data, **{"seed": 0, "n_epochs": 6, "batch_size": 5} | arguments)


@functools.cache
def unbroken():
    return fit()


@pytest.fixture
def content(tmp_path):
    """All that a run is, as bytes."""

    def content(run):
        bnn.training.save_classifier_run(run, tmp_path / "run.npz")
        return (tmp_path / "run.npz").read_bytes()

    return content


# --- what is found


def two_classes():
    """Images of three pixels, the last always black, of two classes."""
    images = np.random.default_rng(3).uniform(size=(30, 1, 3)) * [1, 1, 0]
    logits = 6 * images[:, 0, 0] - 6 * images[:, 0, 1]
    labels = np.random.default_rng(4).uniform(size=30) < 1 / (1 + np.exp(-logits))
    return bnn.LabelledImages(images, labels, ("a", "b"))


def exact_elbo(data, prior_std, mean, std):
    """The ELBO of softmax regression with two classes, in float64: the logits' difference is Gaussian, so
    that its expected log-likelihood is one integral, by quadrature."""
    design = np.concatenate([data.images.reshape(30, 3), np.ones((30, 1))], axis=1)
    mean, std = mean.reshape(4, 2), std.reshape(4, 2)
    centre = design @ (mean[:, 1] - mean[:, 0])
    spread = np.sqrt(design**2 @ (std**2).sum(axis=1))
    nodes, weights = roots_hermitenorm(40)
    signs = 2 * data.labels - 1
    values = log_expit(signs[:, None] * (centre[:, None] + spread[:, None] * nodes))
    kl = np.sum(np.log(prior_std / std) + (mean**2 + std**2) / (2 * prior_std**2) - 0.5)
    return np.sum(values @ weights) / np.sqrt(2 * np.pi) - kl


@pytest.mark.parametrize(
    ("objective", "kl_warmup"),
    [(bnn.LocalReparameterisation(5), 0.5), (bnn.objectives.Flipout(5), 0.0)],
    ids=repr,
)
def test_a_fit_finds_the_mean_field_optimum_of_softmax_regression(objective, kl_warmup):
    data, prior_std = two_classes(), 1.0

    def loss(parameters):
        return -exact_elbo(data, prior_std, parameters[:8], np.exp(parameters[8:]))

    optimum = minimize(loss, np.zeros(16), method="L-BFGS-B")
    run = bnn.fit_classifier(
        bnn.Model((3, 2), bnn.Categorical(2), prior=bnn.GaussianPrior(prior_std), activation="relu"),
        data,
        seed=0,
        n_epochs=300,
        batch_size=15,
        objective=objective,
        kl_warmup=kl_warmup,
        optimizer=bnn.Adam(bnn.WarmupCosine(0.1, 0.05)),
    )
    mean, std = run.moments()
    best_mean, best_std = optimum.x[:8], np.exp(optimum.x[8:])
    assert abs(-optimum.fun - exact_elbo(data, prior_std, mean, std)) < 0.05
    assert np.all(np.abs(mean - best_mean) < 0.2 * best_std)
    np.testing.assert_allclose(std, best_std, rtol=0.1)
    # Of a pixel that is always black nothing is learned: its weights keep the prior.
    np.testing.assert_allclose(best_std[4:6], prior_std, rtol=1e-3)
    # What a run says of its ELBO is of the same size: the mean over the last epochs.
    assert run.elbo[-100:].mean() == pytest.approx(-optimum.fun, abs=0.5)


def test_a_network_learns_the_digits():
    training, test = split(bnn.data.load_digits(), 360)
    run = fit(
        training,
        bnn.Model((64, 30, 10), bnn.Categorical(10), prior=bnn.priors.RelevancePrior(), activation="relu"),
        n_epochs=20,
        batch_size=64,
    )
    predicted = bnn.predict(run, test.images, n_draws=20, seed=1)
    assert bnn.scores.error_rate(predicted.mean, test.labels) < 0.2
    assert run.elbo[-22:].mean() > run.elbo[:22].mean() + 0.5 * run.n_images
    # Of the corners' pixels, which are always black, nothing is learned: their weights cost nothing.
    mean, std = run.moments()
    assert np.all(np.abs(mean[:30]) < 0.1 * std[:30])


# --- seeds and records


def test_a_seed_is_a_run(content):
    whole, again, other = unbroken(), fit(), fit(seed=1)
    assert content(whole) == content(again)
    assert np.all(whole.log_likelihood != other.log_likelihood)
    assert np.mean(whole.parameters != other.parameters) > 0.9


def test_a_larger_network_s_run_is_the_same_bit_for_bit_too(content):
    data = bnn.LabelledImages(RANDOM.uniform(size=(200, 28, 28)), np.arange(200) % 10, "0123456789")
    model = bnn.Model(
        (784, 50, 10), bnn.Categorical(10), prior=bnn.priors.ScaleMixturePrior(), activation="relu"
    )
    first, again = (fit(data, model, n_epochs=2, batch_size=100) for _ in range(2))
    assert content(first) == content(again)


def test_looking_and_recording_does_not_change_the_path(monkeypatch):
    whole = unbroken()
    np.testing.assert_array_equal(whole.recorded_steps, range(N_STEPS + 1))
    monkeypatch.setattr(classifier_recorder, "MAX_BYTES", 0)
    monkeypatch.setattr(classifying, "LOOK_EVERY", 1)
    run = fit()
    np.testing.assert_array_equal(run.recorded_steps, [0, N_STEPS])
    np.testing.assert_array_equal(run.recorded_parameters, whole.recorded_parameters[[0, -1]])
    for name in ("parameters", "log_likelihood", "kl"):
        np.testing.assert_array_equal(getattr(run, name), getattr(whole, name))


def test_the_record_is_the_parameters_rounded_to_three_digits():
    run = unbroken()
    assert run.recorded_parameters.dtype == np.float16
    np.testing.assert_allclose(run.recorded_parameters[-1], run.parameters, rtol=2**-11, atol=1e-7)
    start = run.posterior.initial(MODEL, seed=0)[0]
    np.testing.assert_allclose(run.recorded_parameters[0], start, rtol=2**-11, atol=1e-7)
    np.testing.assert_array_equal(run.epochs, np.arange(N_STEPS + 1) / EPOCH)
    assert (run.n_steps_done, run.steps_per_epoch, run.outcome) == (N_STEPS, EPOCH, "finished")


def test_a_run_of_the_usual_network_takes_less_than_20_mb(content):
    data = bnn.LabelledImages(RANDOM.uniform(size=(20, 28, 28)), np.arange(20) % 10, "0123456789")
    run = fit(
        data,
        bnn.Model((784, 400, 400, 10), bnn.Categorical(10), prior=bnn.GaussianPrior(0.1), activation="relu"),
        n_epochs=15,
        batch_size=10,
    )
    assert len(run.recorded_steps) >= 6
    # Of more steps only the ELBO's parts are more, four bytes each: of 100 epochs of 600 batches, say.
    assert len(content(run)) + 100 * 600 * 2 * 4 < 20e6


# --- Ctrl-C and checkpoints


def interrupt(patch, place, steps_done):
    """Presses Ctrl-C once, after so many steps."""
    calls = {"left": steps_done}

    def pressed():
        calls["left"] -= 1
        if calls["left"] == 0:
            raise KeyboardInterrupt

    if place == "step":
        stream = classifying.stream_steps

        def steps(*arguments):
            for step in stream(*arguments):
                yield step
                pressed()

        patch.setattr(classifying, "stream_steps", steps)
        return
    # Where it waits for the device, before and after what it was about to do.
    recorder = classifier_recorder.ClassifierRecorder
    owner, name = {
        "add": (recorder, "add"),
        "added": (recorder, "add"),
        "keep": (recorder, "keep"),
        "look": (tqdm, "set_postfix"),
        "read": (recorder, "parts"),
        "save": (np, "savez"),
        "saved": (np, "savez"),
    }[place]
    function = getattr(owner, name)

    def call(*arguments, **keywords):
        if place in ("added", "saved"):
            function(*arguments, **keywords)
            pressed()
        else:
            pressed()
            return function(*arguments, **keywords)

    patch.setattr(owner, name, call)


@pytest.mark.parametrize(
    ("place", "steps_done", "kept"),
    [
        ("step", 7, 7),
        ("step", EPOCH, EPOCH),
        ("step", N_STEPS, N_STEPS),
        ("add", 7, 6),
        ("added", 7, 6),
        ("keep", 7, 6),
        ("look", 2, 2 * EPOCH),
        ("read", 1, EPOCH),
        ("save", 2, 2 * EPOCH),
        ("saved", 2, 2 * EPOCH),
        ("saved", 6, N_STEPS),
    ],
)
def test_after_ctrl_c_the_same_call_makes_the_unbroken_run(
    monkeypatch, capsys, tmp_path, content, place, steps_done, kept
):
    checkpoint = tmp_path / "fit.npz"
    with monkeypatch.context() as patch:
        interrupt(patch, place, steps_done)
        run = fit(checkpoint=checkpoint)
    message = (
        f"Interrupted after step {kept} of {N_STEPS}; what was recorded is kept, and the same call goes on"
    )
    assert message in capsys.readouterr().err
    assert run.n_steps_done == kept
    assert run.outcome == ("finished" if kept == N_STEPS else "interrupted")
    np.testing.assert_array_equal(run.recorded_steps, range(kept + 1))
    assert content(bnn.training.load_classifier_run(checkpoint)) == content(run)
    assert content(fit(checkpoint=checkpoint)) == content(unbroken())


def test_a_signal_ends_the_fit_after_its_step(monkeypatch, capsys):
    add, read = classifier_recorder.ClassifierRecorder.add, []

    def pressed(record, parts):
        add(record, parts)
        if record.n_steps == 7:
            os.kill(os.getpid(), signal.SIGINT)
            read.append("on")

    monkeypatch.setattr(classifier_recorder.ClassifierRecorder, "add", pressed)
    run = fit()
    assert (run.n_steps_done, run.outcome, read) == (7, "interrupted", ["on"])
    assert "Interrupted after step 7 of 24" in capsys.readouterr().err


def test_a_fit_may_be_interrupted_again_and_again(monkeypatch, tmp_path, content):
    for _ in range(3):
        with monkeypatch.context() as patch:
            interrupt(patch, "step", 5)
            assert fit(checkpoint=tmp_path / "fit.npz").outcome == "interrupted"
    assert content(fit(checkpoint=tmp_path / "fit.npz")) == content(unbroken())


def test_ctrl_c_without_a_checkpoint_keeps_the_record(monkeypatch, capsys):
    interrupt(monkeypatch, "step", 7)
    run = fit()
    assert (run.outcome, run.n_steps_done) == ("interrupted", 7)
    np.testing.assert_array_equal(run.log_likelihood, unbroken().log_likelihood[:7])
    np.testing.assert_array_equal(run.recorded_parameters, unbroken().recorded_parameters[:8])
    message = "after step 7 of 24; what was recorded is kept, and give fit_classifier a checkpoint to be able"
    assert message in capsys.readouterr().err


def test_ctrl_c_before_anything_is_done_ends_the_script(monkeypatch, capsys, tmp_path):
    interrupt(monkeypatch, "add", 1)
    with pytest.raises(KeyboardInterrupt):
        fit(checkpoint=tmp_path / "fit.npz")
    assert capsys.readouterr().err == ""
    assert not list(tmp_path.iterdir())


def test_a_finished_checkpoint_is_the_run_at_once(monkeypatch, finished, content):
    monkeypatch.setattr(classifying, "stream_steps", None)
    assert content(fit(checkpoint=finished)) == content(unbroken())


def test_a_checkpoint_that_cannot_be_written_leaves_the_last_good_one(monkeypatch, tmp_path, content):
    good, savez = [], np.savez

    def full_disk(file, **arrays):
        if len(good) == 2:
            file.write(b"half a run")
            raise OSError(28, "No space left on device")
        savez(file, **arrays)
        good.append(arrays["kl"])

    with monkeypatch.context() as patch:
        patch.setattr(np, "savez", full_disk)
        with pytest.raises(OSError, match="No space left"):
            fit(checkpoint=tmp_path / "fit.npz")
    assert list(tmp_path.iterdir()) == [tmp_path / "fit.npz"]
    assert bnn.training.load_classifier_run(tmp_path / "fit.npz").n_steps == len(good[-1]) == 2 * EPOCH
    assert content(fit(checkpoint=tmp_path / "fit.npz")) == content(unbroken())


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished fit's checkpoint."""
    path = tmp_path_factory.mktemp("finished") / "fit.npz"
    fit(checkpoint=path)
    return path


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": 1}, "is of a fit with seed=0, and not 1. Name another file, or delete it"),
        ({"n_epochs": 7}, "n_epochs=6, and not 7"),
        ({"batch_size": 4}, "batch_size=5, and not 4"),
        ({"kl_warmup": 0}, "kl_warmup=0.5, and not 0.0"),
        ({"objective": bnn.objectives.Flipout()}, r"objective=LocalReparameterisation\(.*, and not Flipout"),
        ({"optimizer": bnn.Adam(0.1)}, r"optimizer=Adam\("),
        ({"posterior": bnn.MeanField(0.1)}, r"posterior=MeanField\(initial_std=0.02\)"),
        (
            {"model": bnn.Model((4, 3), bnn.Categorical(3), prior=bnn.GaussianPrior(0.1), activation="relu")},
            r"model=Classifier\(",
        ),
        (
            {
                "model": bnn.Model(
                    (4, 5, 3), bnn.Categorical(3), prior=bnn.priors.RelevancePrior(), activation="relu"
                )
            },
            "GaussianPrior.* and not .*Relevance",
        ),
        ({"data": bnn.LabelledImages(DATA.images, DATA.labels[::-1], DATA.class_names)}, "to other data"),
        ({"data": bnn.LabelledImages(DATA.images**2, DATA.labels, DATA.class_names)}, "to other data"),
    ],
)
def test_a_checkpoint_of_another_fit_is_refused(finished, arguments, message):
    with pytest.raises(ValueError, match=rf"checkpoint: .*fit\.npz .*{message}"):
        fit(checkpoint=finished, **arguments)


def test_what_is_no_checkpoint_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "fit.npz"
    bnn.training.save_classifier_run(unbroken(), path)
    whole = path.read_bytes()
    for damaged, message in [
        (whole, "is a saved run, not a checkpoint. Name another file"),
        (whole[:-50], "is no classifier's run, or a damaged one"),
        (b"", "is no classifier's run, or a damaged one"),
    ]:
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=rf"fit\.npz {message}"):
            fit(checkpoint=path)
        assert path.read_bytes() == damaged


# --- a fit that diverges


@pytest.mark.parametrize(
    ("burst", "rate", "saved_steps"),
    [(9, 1e30, 8), (10, 1e30, 8), (1, 1e30, None), (11, np.inf, 8), (N_STEPS - 1, np.inf, 20)],
)
@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_a_diverging_fit_is_ended_with_what_was_finite(monkeypatch, tmp_path, burst, rate, saved_steps):
    checkpoint, steady = tmp_path / "fit.npz", bnn.Adam(bnn.StepDecay(1e-3))
    usual = bnn.StepDecay.rates
    monkeypatch.setattr(
        bnn.StepDecay, "rates", lambda decay, n: np.where(np.arange(n) == burst, rate, usual(decay, n))
    )
    message = rf"infinite or NaN at step {burst + 1}\. .*smaller learning rate \(now StepDecay.*error's `run`"
    with pytest.raises(bnn.NonFiniteElboError, match=message) as caught:
        fit(optimizer=steady, checkpoint=checkpoint)
    run = caught.value.run
    assert (run.outcome, run.n_steps_done) == ("diverged", burst + 1)
    assert np.all(np.isfinite(run.elbo))
    np.testing.assert_array_equal(run.recorded_steps, range(burst + 1))
    assert np.all(np.isfinite(run.recorded_parameters))
    np.testing.assert_array_equal(run.parameters, run.recorded_parameters[-1])
    bnn.training.save_classifier_run(run, tmp_path / "run.npz")
    assert bnn.training.load_classifier_run(tmp_path / "run.npz").outcome == "diverged"
    # The checkpoint is from before.
    assert checkpoint.exists() == (saved_steps is not None)
    if saved_steps:
        assert bnn.training.load_classifier_run(checkpoint).n_steps == saved_steps
        assert np.all(np.isfinite(bnn.training.load_classifier_run(checkpoint).parameters))


@pytest.mark.filterwarnings("ignore:overflow encountered:RuntimeWarning")
def test_ctrl_c_before_a_divergence_is_seen_keeps_the_last_good_checkpoint(monkeypatch, tmp_path):
    usual = bnn.StepDecay.rates
    monkeypatch.setattr(
        bnn.StepDecay, "rates", lambda decay, n: np.where(np.arange(n) == 9, 1e30, usual(decay, n))
    )
    interrupt(monkeypatch, "step", 11)
    with pytest.raises(bnn.NonFiniteElboError, match="infinite or NaN at step 10") as caught:
        fit(optimizer=bnn.Adam(bnn.StepDecay(1e-3)), checkpoint=tmp_path / "fit.npz")
    assert np.all(np.isfinite(caught.value.run.parameters))
    kept = bnn.training.load_classifier_run(tmp_path / "fit.npz")
    assert kept.n_steps == 2 * EPOCH
    assert np.all(np.isfinite(kept.parameters))


def test_an_elbo_that_is_infinite_from_the_start_is_said_so():
    with pytest.raises(bnn.NonFiniteElboError, match="at step 0") as caught:
        fit(posterior=bnn.MeanField(1e30))
    run = caught.value.run
    assert (run.n_steps_done, run.recorded_steps.tolist()) == (0, [0])
    assert np.all(np.isfinite(run.parameters))


# --- progress


PROGRAM = """
import numpy as np, bayesian_nn as bnn
data = bnn.LabelledImages(np.zeros((20, 2, 2)), np.arange(20) % 2, ("a", "b"))
run = bnn.fit_classifier(
    bnn.Classifier((4, 2)), data, seed=0, n_epochs=100_000, batch_size=5, checkpoint="fit.npz"
)
print(run.outcome, run.n_steps_done, run.n_steps_done == bnn.training.load_classifier_run("fit.npz").n_steps)
"""


def test_a_terminal_shows_images_per_second_and_the_time_left_until_ctrl_c(tmp_path):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 120))
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    try:
        shown = read_until(ours, "elbo_per_image")
        process.send_signal(signal.SIGINT)
        shown += read_until(ours, "True")
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
        os.close(ours)
    # As in 1.20k/2.00M [00:01<25:11, 1.32k images/s, elbo_per_image=-2.1].
    assert re.search(r"[\d.]+k?/2\.00M \[\d\d:\d\d<[\d:]+, [\d.]+k? images/s, elbo_per_image=-\d", shown)
    assert re.search(r"Interrupted after step (\d+) of 400000; .*\s+interrupted \1 True", shown)


def read_until(terminal, text):
    shown, end = "", time.monotonic() + 100
    while text not in shown:
        assert time.monotonic() < end, f"no {text!r} in {shown!r}"
        if select.select([terminal], [], [], 1)[0]:
            shown += os.read(terminal, 4096).decode()
    return shown


def test_anything_but_a_terminal_sees_nothing(capfd):
    fit()
    assert capfd.readouterr() == ("", "")


# --- refusals


def without(label):
    kept = DATA.labels != label
    return bnn.LabelledImages(DATA.images[kept], DATA.labels[kept], DATA.class_names, "letters")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"model": bnn.Model((4, 1), bnn.Gaussian(0.1))},
            r"model must be a Classifier; got Model.*Classifier\(\(784",
        ),
        (
            {"data": bnn.data.cosine_with_gap(seed=0)},
            "data must be a LabelledImages; got Dataset.*Make one as in",
        ),
        (
            {
                "model": bnn.Model(
                    (64, 3), bnn.Categorical(3), prior=bnn.GaussianPrior(0.1), activation="relu"
                )
            },
            r"images must be .* height · width = 64, .* got \[1, 2, 2\]",
        ),
        (
            {
                "model": bnn.Model(
                    (4, 10), bnn.Categorical(10), prior=bnn.GaussianPrior(0.1), activation="relu"
                )
            },
            "images has 3 classes and the model 10: .* must end with 3",
        ),
        ({"data": without(1)}, r"letters has no image of class 1 \('b'\)\. Add images of it"),
        ({"batch_size": 21}, "batch_size must be at most 20, the images there are; got 21"),
        ({"batch_size": 0}, "batch_size must be a whole number, 1 or more; got 0"),
        ({"n_epochs": 0.5}, "n_epochs must be a whole number, 1 or more; got 0.5"),
        ({"seed": -1}, "seed must be a whole number, 0 or more; got -1"),
        ({"kl_warmup": 1}, "kl_warmup must be a number from 0 to 1, and not 1; got 1"),
        (
            {"objective": bnn.Elbo()},
            r"objective must be LocalReparameterisation\(\) or Flipout\(\).*got Elbo",
        ),
        ({"optimizer": 0.1}, r"optimizer must be an Adam; got 0.1. A schedule goes into one"),
        ({"optimizer": bnn.WarmupCosine()}, "optimizer must be an Adam; got WarmupCosine"),
        ({"posterior": bnn.FullCovariance()}, "posterior must be a MeanField; got FullCovariance"),
        ({"posterior": bnn.MeanField}, "posterior must be a MeanField; got <class"),
        (
            {
                "model": bnn.Model(
                    (4, 3), bnn.Categorical(3), prior=bnn.GaussianPrior(0.1), activation="relu"
                ),
                "strategy": "two",
            },
            "strategy must be a Strategy; got 'two'",
        ),
    ],
)
def test_what_a_fit_cannot_use_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        fit(**arguments)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (
            np.full((20, 2, 2), 255),
            DATA.labels,
            "images must have pixels from 0 to 1; got 255 .*divide by 255",
        ),
        (
            DATA.images.reshape(20, 4),
            DATA.labels,
            r"images must be \[n_images, height, width\]; got \[20, 4\]",
        ),
        (DATA.images, DATA.labels + 1, "labels must be whole numbers from 0 to 2, .*; got 3 for image 2"),
        (DATA.images, DATA.labels[1:], r"labels must be \[n_images\], one for each of the 20 images"),
    ],
    ids=["255", "flat", "labels", "fewer labels"],
)
def test_images_that_are_none_do_not_get_so_far(images, labels, message):
    with pytest.raises(ValueError, match=message):
        fit(bnn.LabelledImages(images, labels, DATA.class_names))
