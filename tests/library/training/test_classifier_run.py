"""A classifier's run on disk, and what is read from it: moments, draws, the way there."""

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
from truths import made_by_hand

import bayesian_nn as bnn
from bayesian_nn.training.classifier_run import images_digest, load_checkpoint, save_classifier_run
from bayesian_nn.training.optimizer import AdamState

ARRAYS = ("parameters", "log_likelihood", "kl", "recorded_steps", "recorded_parameters")
SETTINGS = {
    "defaults": {},
    "nothing a default": {
        "model": bnn.Model(
            (4, 3, 2),
            bnn.Categorical(2),
            prior=bnn.priors.ScaleMixturePrior((0.3, 1e-3), (0.25, 0.75)),
            activation="tanh",
        ),
        "posterior": bnn.MeanField(0.05),
        "objective": bnn.objectives.Flipout(3, 0.1),
        "optimizer": bnn.Adam(bnn.StepDecay(0.1, 0.9, 10), beta1=0.8, beta2=0.95, epsilon=1e-6),
        "seed": 2**40,
        "kl_warmup": 0.0,
    },
    "a prior for each weight": {
        "model": bnn.Model(
            (4, 3, 2), bnn.Categorical(2), prior=bnn.priors.RelevancePrior(), activation="relu"
        )
    },
    "a prior for each layer, images of one norm": {
        "model": bnn.Model(
            (4, 3, 2),
            bnn.Categorical(2),
            prior=(bnn.priors.ScaleMixturePrior(), bnn.GaussianPrior(0.1)),
            activation="relu",
            scaling=bnn.data.PixelNorm(2),
        )
    },
    "NumPy's numbers": {
        "model": bnn.Model(
            (np.int64(4), 3, 2),
            bnn.Categorical((np.int64(4), 3, 2)[-1]),
            prior=bnn.GaussianPrior(np.float32(0.1)),
            activation="relu",
        ),
        "objective": bnn.LocalReparameterisation(np.int64(2), np.float32(0.1)),
    },
}


def a_run(name="defaults", **changes):
    return made_by_hand.classifier_run(**changes, **SETTINGS[name])


def saved(run, folder, state=None):
    path = folder / "run.npz"
    save_classifier_run(run, path, state=state)
    return path


# --- what is read from it


def test_moments_and_draws_are_the_posterior_s_at_the_end_or_at_a_recorded_step():
    run = a_run()
    for recorded, parameters in [
        (None, run.parameters),
        (1, run.recorded_parameters[1]),
        (-3, run.recorded_parameters[0]),
    ]:
        mean, rho = np.split(parameters.astype(np.float64), 2)
        std = np.logaddexp(0, rho)
        for ours, theirs in zip(run.moments(recorded), (mean, std), strict=True):
            assert ours.shape == (23,)
            np.testing.assert_allclose(ours, theirs, rtol=1e-6)
        draws = run.draw(1000, seed=1, recorded=recorded)
        assert draws.shape == (1000, 23)
        assert np.all(np.abs(draws.mean(axis=0) - mean) < 5 * std / np.sqrt(1000))
        np.testing.assert_allclose(draws.std(axis=0), std, rtol=5 / np.sqrt(2 * 1000))


def test_draws_are_a_seed_s_and_the_first_of_more_are_the_same():
    run = a_run()
    draws = run.draw(5, seed=1)
    np.testing.assert_array_equal(draws, run.draw(9, seed=1)[:5])
    np.testing.assert_array_equal(draws, list(run.draws(5, seed=1)))
    np.testing.assert_array_equal(draws, run.draw(5, seed=1))
    assert np.all(draws != run.draw(5, seed=2))
    assert len(np.unique(draws)) == draws.size
    # The same noise at every step, so that a film's frames differ by what was learned.
    noises = [
        (run.draw(5, seed=1, recorded=step) - run.moments(step)[0]) / run.moments(step)[1] for step in (0, 1)
    ]
    np.testing.assert_allclose(*noises, rtol=1e-3, atol=1e-3)


def test_its_properties_say_what_was_done():
    run = a_run()
    assert (run.model, run.posterior) == (run.settings.model, run.settings.posterior)
    assert (run.n_steps_done, run.steps_per_epoch) == (10, 2)
    np.testing.assert_array_equal(run.epochs, [0, 1.5, 5])
    np.testing.assert_array_equal(run.elbo, run.log_likelihood - run.kl)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_draws": 0}, "n_draws must be a whole number, 1 or more; got 0"),
        ({"recorded": 3}, "recorded must be one of the 3 recorded steps; got 3"),
        ({"recorded": -4}, "recorded must be one of the 3 recorded steps; got -4"),
        ({"recorded": 1.5}, "recorded must be one of the 3 recorded steps; got 1.5"),
        ({"seed": -1}, "seed must be a whole number"),
    ],
)
def test_what_a_run_does_not_have_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        a_run().draw(**{"n_draws": 2, "seed": 0} | arguments)


def test_the_digest_knows_images_and_labels():
    images, labels = np.random.default_rng(0).uniform(size=(4, 2, 3)), [0, 1, 1, 0]
    data = bnn.LabelledImages(images, labels, ("a", "b"))
    again = bnn.LabelledImages(images[::-1].copy()[::-1], np.array(labels, float), ("a", "b"), "another name")
    assert images_digest(data) == images_digest(again)
    others = [
        (images[::-1], labels),
        (images, [1, 1, 1, 0]),
        (images * 0.99, labels),
    ]
    digests = {images_digest(bnn.LabelledImages(*other, ("a", "b"))) for other in others}
    assert len(digests | {images_digest(data)}) == 4


# --- on disk


@pytest.mark.parametrize("name", SETTINGS)
def test_what_comes_back_is_what_was_saved(tmp_path, name):
    run = a_run(name)
    again = bnn.training.load_classifier_run(saved(run, tmp_path))
    assert again.settings == run.settings
    assert list(map(type, again.model.priors)) == list(map(type, run.model.priors))
    assert type(again.settings.optimizer.learning_rate) is type(run.settings.optimizer.learning_rate)
    for field in ARRAYS:
        np.testing.assert_array_equal(getattr(again, field), getattr(run, field), err_msg=field, strict=True)
    assert (again.n_images, again.digest, again.outcome) == (run.n_images, run.digest, run.outcome)


def test_a_checkpoint_is_a_run_with_what_the_next_step_needs(tmp_path):
    run = a_run(outcome="interrupted")
    assert load_checkpoint(saved(run, tmp_path))[1] is None
    moments = np.random.default_rng(1).normal(size=(2, 46)).astype(np.float32)
    path = saved(run, tmp_path, AdamState(np.int32(10), run.parameters, *moments))
    again, state = load_checkpoint(path)
    for part, expected in zip(state, (10, run.parameters, *moments), strict=True):
        np.testing.assert_array_equal(part, expected)
    np.testing.assert_array_equal(again.kl, run.kl)
    assert bnn.training.load_classifier_run(path).outcome == "interrupted"


def test_the_same_run_is_the_same_bytes(tmp_path):
    first = saved(a_run(), tmp_path / "a").read_bytes()
    assert saved(a_run(), tmp_path / "b").read_bytes() == first
    again = saved(bnn.training.load_classifier_run(tmp_path / "a" / "run.npz"), tmp_path / "c").read_bytes()
    assert again == first


@dataclass(frozen=True)
class OtherPrior(bnn.GaussianPrior):
    """A prior that another program has."""


@dataclass(frozen=True)
class OtherFamily(bnn.MeanField):
    """A family that another program has."""


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"model": bnn.Model((4, 3, 2), bnn.Categorical(2), prior=OtherPrior(), activation="relu")},
            "prior is of the kind OtherPrior, .* GaussianPrior or",
        ),
        (
            {"posterior": OtherFamily()},
            "posterior is of the kind OtherFamily, and this version knows MeanField",
        ),
        ({"objective": bnn.Elbo()}, "objective is of the kind Elbo, .* LocalReparameterisation or Flipout"),
    ],
)
def test_a_run_of_an_unknown_kind_is_not_saved(tmp_path, changes, message):
    run = a_run()
    run = replace(run, settings=run.settings._replace(**changes))
    with pytest.raises(ValueError, match=f"This run cannot be saved: its {message}"):
        saved(run, tmp_path)
    assert not list(tmp_path.iterdir())


def rewritten(path, change):
    """The file with its header changed."""
    with np.load(path) as file:
        arrays = dict(file)
    header = change(json.loads(str(arrays.pop("header"))))
    np.savez(path, header=np.array(json.dumps(header)), **arrays)


def test_a_run_of_an_unknown_kind_is_not_taken_for_another(tmp_path):
    path = saved(a_run(), tmp_path)
    rewritten(path, lambda header: json.loads(json.dumps(header).replace("GaussianPrior", "Laplace")))
    with pytest.raises(
        ValueError, match=r"^This run cannot be loaded: its prior is of the kind Laplace, .* knows"
    ):
        bnn.training.load_classifier_run(path)


def test_a_run_of_another_version_is_refused(tmp_path):
    path = saved(a_run(), tmp_path)
    rewritten(path, lambda header: header | {"format": 99, "settings": "of another form"})
    with pytest.raises(ValueError, match=r"run of format 99, and this version reads format 1: make it again"):
        bnn.training.load_classifier_run(path)


def test_runs_of_regression_and_of_classes_are_not_taken_for_each_other(tmp_path):
    path = saved(a_run(), tmp_path)
    with pytest.raises(ValueError, match=r"run\.npz"):
        bnn.training.load_run(path)
    model = bnn.Model((1, 1), bnn.Gaussian(0.1))
    bnn.training.save_run(made_by_hand.run(model, mean=np.zeros((1, 1, 2)), std=np.ones((1, 1, 2))), path)
    with pytest.raises(ValueError, match=r"run\.npz is no classifier's run"):
        bnn.training.load_classifier_run(path)


@pytest.mark.parametrize(
    "write",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("x,y\n1,2\n"),
        lambda path: np.savez(path, weights=np.ones(3)),
        lambda path: np.savez(path, header=np.array("[1]")),
        lambda path: np.savez(path, header=np.array("{")),
        lambda path: np.savez(path, header=np.array([print])),
    ],
    ids=["empty", "text", "other arrays", "other header", "no JSON", "pickled"],
)
def test_a_file_that_is_no_run_is_refused(tmp_path, write):
    write(tmp_path / "run.npz")
    with pytest.raises(
        ValueError, match=r"run\.npz is no classifier's run, or a damaged one \(.*make it again"
    ):
        bnn.training.load_classifier_run(tmp_path / "run.npz")


def test_a_truncated_or_damaged_run_is_refused(tmp_path):
    path = saved(a_run(), tmp_path)
    whole = path.read_bytes()
    for end in range(0, len(whole), 97):
        path.write_bytes(whole[:end])
        with pytest.raises(ValueError, match="no classifier's run, or a damaged one"):
            bnn.training.load_classifier_run(path)
    refused = 0
    for place in range(0, len(whole), 13):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            again = bnn.training.load_classifier_run(path)
        except (ValueError, OSError):
            refused += 1
        else:
            # Bytes that say nothing, such as a member's date: the run itself is the one saved.
            assert saved(again, tmp_path / "again").read_bytes() == whole
    assert refused > 100


def test_a_missing_run_and_a_folder_that_cannot_be_written_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"run\.npz"):
        bnn.training.load_classifier_run(tmp_path / "run.npz")
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"cannot write .*run.npz \(.*\): choose another folder"):
        saved(a_run(), tmp_path / "file")
