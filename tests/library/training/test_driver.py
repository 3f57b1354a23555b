"""The loop's bookkeeping: resuming, recording, restarts, minibatches, Ctrl-C and the progress bar."""

import functools
import io
import sys

import numpy as np
import pytest
import tensorflow as tf
from tqdm import tqdm

import bayesian_nn as bnn
from bayesian_nn.model.model import log_likelihood
from bayesian_nn.objectives.elbo import ElboParts, analytic_kl
from bayesian_nn.runtime.tensorflow import tfp
from bayesian_nn.training import driver as loop
from bayesian_nn.training.recorder import log_spaced_steps

# These fits are too short to be good, and their flatness says nothing.
pytestmark = pytest.mark.filterwarnings("ignore::bayesian_nn.FlatFitWarning")

DATA = bnn.data.cosine_with_gap(seed=1, n_points=8)
MODEL = bnn.Model((1, 3, 1), bnn.Gaussian(0.1), scaling=DATA.scaling)
CONSTANT_RATE = bnn.Adam(bnn.StepDecay(0.05))
CASES = {"full batch": {}, "minibatches, restarts": {"batch_size": 3, "n_restarts": 3}}
# The loop's blocks have 250 steps here.
N_STEPS, BLOCK = 600, 250


def fit(*, data=DATA, **arguments):
    defaults = {"seed": 0, "n_steps": N_STEPS, "optimizer": CONSTANT_RATE, "record_at": range(0, 601, 50)}
    return bnn.fit(MODEL, data, **defaults | arguments)


@functools.cache
def unbroken(case):
    return fit(**CASES[case])


@pytest.fixture
def content(tmp_path):
    """All that a run is, as bytes."""

    def content(run):
        bnn.training.save_run(run, tmp_path / "run.npz")
        return (tmp_path / "run.npz").read_bytes()

    return content


# --- seeds, resuming, recording


def test_a_seed_is_a_run(content):
    first, again, other = (fit(seed=seed) for seed in (4, 4, 5))
    assert content(first) == content(again)
    assert np.all(first.log_likelihoods != other.log_likelihoods)
    # Not only another start: from the same one, other noise.
    start = first.recorded_parameters[0]
    same_start = [fit(seed=seed, start=start).log_likelihoods for seed in (4, 5)]
    np.testing.assert_array_equal(same_start[0], first.log_likelihoods)
    assert np.all(same_start[0] != same_start[1])


def test_every_step_has_noise_of_its_own():
    start = bnn.MeanField().parameters(np.zeros((1, 10)), np.ones((1, 10)))
    run = fit(start=start, optimizer=bnn.Adam(bnn.StepDecay(1e-30)))
    # Two of 600 numbers in single precision may agree by chance, but not a block with the one before.
    assert len(np.unique(run.log_likelihood)) > 0.99 * N_STEPS


@pytest.mark.parametrize("stop", [1, 130, BLOCK, 400])
@pytest.mark.parametrize("case", CASES)
def test_a_resumed_run_is_the_unbroken_one_bit_for_bit(content, tmp_path, case, stop):
    part = fit(n_steps=stop, **CASES[case])
    bnn.training.save_run(part, tmp_path / "part.npz")
    for earlier in (part, bnn.training.load_run(tmp_path / "part.npz")):
        assert content(fit(resume=earlier, **CASES[case])) == content(unbroken(case))


def test_a_run_may_be_resumed_again_and_again_and_after_its_end(content):
    run = None
    for n_steps in (3, 249, 251, 251, 600, 600):
        run = fit(n_steps=n_steps, resume=run)
    assert content(run) == content(unbroken("full batch"))


@pytest.mark.parametrize("record_at", [None, [], [0], [7, 599], range(601)], ids=str)
def test_recording_does_not_change_the_path(record_at):
    whole, run = unbroken("full batch"), fit(record_at=record_at)
    np.testing.assert_array_equal(run.log_likelihoods, whole.log_likelihoods)
    np.testing.assert_array_equal(run.recorded_parameters[-1], whole.recorded_parameters[-1])
    # The end is always kept.
    wanted = log_spaced_steps(600) if record_at is None else record_at
    np.testing.assert_array_equal(run.recorded_steps, sorted({*wanted, 600}))


@pytest.mark.parametrize("stop", [50, BLOCK, 300])
def test_what_is_recorded_at_a_step_is_what_a_fit_of_so_many_steps_ends_with(stop):
    whole, short = unbroken("full batch"), fit(n_steps=stop)
    np.testing.assert_array_equal(whole.parameters[whole.steps.tolist().index(stop)], short.parameters[-1])
    np.testing.assert_array_equal(short.state.parameters, short.recorded_parameters[-1])
    # And the ELBO of a step is that of its parameters, before the update.
    parameters = whole.parameters[0]
    np.testing.assert_allclose(whole.kl[0], analytic_kl(MODEL, whole.posterior, parameters), rtol=1e-6)


@pytest.mark.parametrize("n_steps", [1, 2, 50, 1000, 100_000])
def test_the_usual_record_begins_at_every_step_and_thins_out(n_steps):
    steps = log_spaced_steps(n_steps)
    assert (steps[0], steps[1], steps[-1]) == (0, 1, n_steps)
    assert len(steps) <= 100
    assert np.all(np.diff(steps) > 0)
    if n_steps >= 1000:
        np.testing.assert_array_equal(steps[:8], np.arange(8))
        assert len(steps) >= 60
        assert np.diff(steps)[-1] > 0.04 * n_steps


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": 1}, "resume: this run was made with seed=0, and not 1"),
        ({"n_restarts": 2}, "resume: this run was made with n_restarts=1, and not 2"),
        ({"batch_size": 4}, "resume: .* batch_size=None, and not 4"),
        ({"objective": bnn.Elbo(n_draws=4)}, r"resume: .* objective=Elbo\(n_draws=5"),
        ({"posterior": bnn.MeanField(0.1)}, r"resume: .* posterior=MeanField\(initial_std=0.02\)"),
        ({"optimizer": bnn.Adam()}, "resume: .* optimizer=Adam"),
        ({"data": bnn.data.cosine_with_gap(seed=2, n_points=8)}, "resume: this run was made from other data"),
        ({"n_steps": 599}, "resume: n_steps=599, but the run has 600 behind it"),
        ({"start": np.zeros((1, 20))}, "start: a resumed run .* start or resume, not both"),
    ],
)
def test_another_fit_cannot_resume_a_run(arguments, message):
    with pytest.raises(ValueError, match=message):
        fit(resume=unbroken("full batch"), **arguments)


def test_a_schedule_that_depends_on_n_steps_keeps_its_n_steps():
    short = fit(optimizer=bnn.Adam(), n_steps=50)
    with pytest.raises(ValueError, match=r"resume: with n_steps=60 the learning rates .* Keep n_steps"):
        fit(optimizer=bnn.Adam(), n_steps=60, resume=short)


def test_a_resumed_run_keeps_the_record_of_the_earlier_one(content, tmp_path):
    part = fit(n_steps=100, record_at=[0, 7, 33])
    np.testing.assert_array_equal(part.steps, [0, 7, 33, 100])
    bnn.training.save_run(part, tmp_path / "part.npz")
    whole = fit(record_at=[0, 7, 33, 100, 300])
    for earlier in (part, bnn.training.load_run(tmp_path / "part.npz")):
        run = fit(resume=earlier, record_at=[300])
        # 100 was there only because the earlier run ended there.
        np.testing.assert_array_equal(run.recorded_steps, [0, 7, 33, 300, 600])
        kept = np.isin(whole.steps, run.recorded_steps)
        np.testing.assert_array_equal(run.recorded_parameters, whole.recorded_parameters[kept])
    asked = fit(n_steps=100, record_at=[0, 7, 33, 100])
    assert content(fit(resume=asked, record_at=[300])) == content(whole)


def test_a_run_resumed_with_more_steps_has_the_usual_record_of_both():
    part = fit(n_steps=100, record_at=None)
    run = fit(resume=part, record_at=None)
    later = log_spaced_steps(600)
    np.testing.assert_array_equal(run.recorded_steps, np.union1d(log_spaced_steps(100), later[later > 100]))
    np.testing.assert_array_equal(run.log_likelihoods, unbroken("full batch").log_likelihoods)


def test_numpy_s_whole_numbers_count(content):
    plain, other = (fit(seed=kind(4), n_steps=kind(60), n_restarts=kind(1)) for kind in (int, np.int64))
    assert content(plain) == content(other)


# --- Ctrl-C


@pytest.mark.parametrize(("place", "blocks_done"), [("block", 1), ("bar", 1)])
def test_ctrl_c_keeps_what_was_recorded_and_a_resumed_run_is_whole(
    monkeypatch, capsys, content, place, blocks_done
):
    with monkeypatch.context() as patch:
        interrupt(patch, place, blocks_done)
        run = fit()
    done = blocks_done * BLOCK
    assert (run.outcome, run.n_steps_done, run.recorded_steps[-1]) == ("interrupted", done, done)
    message = f"Interrupted after step {done} of 600; what was recorded is kept, and fit(..., resume=run)"
    assert message in capsys.readouterr().err
    np.testing.assert_array_equal(run.log_likelihoods, unbroken("full batch").log_likelihoods[:done])
    assert content(fit(resume=run)) == content(unbroken("full batch"))


def test_ctrl_c_before_anything_is_done_ends_the_script(monkeypatch, capsys):
    with monkeypatch.context() as patch:
        interrupt(patch, "block", 0)
        with pytest.raises(KeyboardInterrupt):
            fit()
    assert "Interrupted" not in capsys.readouterr().err


def test_ctrl_c_at_once_leaves_a_resumed_run_as_it_was(monkeypatch):
    part = fit(n_steps=BLOCK)
    with monkeypatch.context() as patch:
        interrupt(patch, "block", 0)
        run = fit(resume=part)
    assert (run.outcome, run.n_steps_done) == ("interrupted", BLOCK)
    np.testing.assert_array_equal(run.recorded_steps, part.steps)


def interrupt(patch, place, blocks_done):
    calls = []

    def call(function, *arguments, **keywords):
        calls.append(1)
        if len(calls) > blocks_done - (place == "bar"):
            raise KeyboardInterrupt
        return function(*arguments, **keywords)

    if place == "bar":
        patch.setattr(tqdm, "set_postfix", functools.partialmethod(lambda bar, **_: call(tqdm.refresh, bar)))
    else:
        compiled = loop._compiled_block
        patch.setattr(loop, "_compiled_block", lambda *key: functools.partial(call, compiled(*key)))


# --- progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_sees_the_elbo_and_anything_else_nothing(monkeypatch, capsys):
    run = fit()
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys, "stderr", Terminal())
    fit()
    shown = sys.stderr.getvalue().split("\r")[-1]
    assert "600/600" in shown
    # The mean over the last block, 500 to 600.
    assert f"elbo={run.elbo[500:].mean():.1f}" in shown
    interrupt(monkeypatch, "block", 1)
    fit()
    assert "\nInterrupted after step 250" in sys.stderr.getvalue()


# --- restarts


def test_the_best_restart_is_kept():
    run = unbroken("minibatches, restarts")
    estimate = bnn.objectives.estimate_elbo(
        MODEL, run.posterior, run.recorded_parameters[-1], DATA, seed=9, n_draws=5000
    )
    assert run.best == np.argmax(estimate.elbo)
    np.testing.assert_allclose(
        run.final_elbos, estimate.elbo, atol=6 * estimate.standard_error.max() * np.sqrt(5)
    )
    assert len(np.unique(run.final_elbos)) == 3


def test_restarts_do_not_see_each_other():
    start = bnn.MeanField().initial(MODEL, seed=0, n_restarts=3)
    other = start + np.array([[3.0], [0.0], [-2.0]], np.float32)
    first, second = (fit(start=each, n_restarts=3) for each in (start, other))
    np.testing.assert_array_equal(first.log_likelihoods[:, 1], second.log_likelihoods[:, 1])
    np.testing.assert_array_equal(first.recorded_parameters[:, 1], second.recorded_parameters[:, 1])
    assert np.all(first.kls[:, 0] != second.kls[:, 0])


def test_one_restart_that_leaves_the_finite_numbers_does_not_stop_the_others():
    start = bnn.MeanField().initial(MODEL, seed=0, n_restarts=3)
    broken = start.copy()
    broken[0, :10] = 1e30
    run, whole = fit(start=broken, n_restarts=3), fit(start=start, n_restarts=3)
    assert run.outcome == "finished"
    assert run.final_elbos[0] == -np.inf
    assert run.best != 0
    np.testing.assert_array_equal(run.log_likelihoods[:, 1:], whole.log_likelihoods[:, 1:])
    # What the run explains is what its best restart does.
    mean = bnn.predict(run, DATA.x, n_draws=2000, seed=0).mean
    assert run.explained == pytest.approx(bnn.scores.explained_variance(mean, DATA.y), abs=0.02)


# --- minibatches


class RowsSeen:
    """An objective whose log-likelihood is the batch's sum of y: with y = 2ⁱ it tells which rows it has."""

    n_draws = 1
    analytic_kl = True

    def __call__(self, model, posterior, parameters, noise, inputs, targets, *, n_points=None):
        nothing = 0 * tf.reduce_sum(parameters, axis=-1)
        return ElboParts(nothing + tf.reduce_sum(targets), nothing + n_points)


@pytest.mark.parametrize("batch_size", [5, 4, 3])
def test_an_epoch_sees_every_observation_at_most_once_and_the_next_in_another_order(batch_size):
    data = bnn.Dataset(np.linspace(0, 8, 10)[:, None], 2.0 ** np.arange(10), DATA.scaling)
    per_epoch = 10 // batch_size
    run = fit(data=data, objective=RowsSeen(), batch_size=batch_size, n_steps=510)
    seen = run.log_likelihood.astype(int)[:, None] >> np.arange(10) & 1
    np.testing.assert_array_equal(seen.sum(axis=1), batch_size)
    # 250 steps are no whole number of epochs of three: one of them goes from block to block.
    in_epoch = seen.reshape(-1, per_epoch, 10).sum(axis=1)
    assert in_epoch.max() == 1
    # How often each was seen is binomial: sd below 8 for some 250 epochs.
    assert np.all(np.abs(seen.sum(axis=0) - 510 * batch_size / 10) < 5 * 8)
    first, second = run.log_likelihood[:BLOCK], run.log_likelihood[BLOCK : 2 * BLOCK]
    assert np.mean(first == second) < 0.1
    # The objective was told how many observations there are, not how many the batch has.
    np.testing.assert_array_equal(run.kl, 10)


def test_an_epoch_s_log_likelihoods_average_to_that_of_all_the_data():
    mean = np.random.default_rng(0).normal(size=(1, 10))
    start = bnn.MeanField().parameters(mean, np.full((1, 10), 1e-12))
    run = fit(start=start, batch_size=2, n_steps=12, optimizer=bnn.Adam(bnn.StepDecay(1e-30)))
    truth = log_likelihood(MODEL, mean[0], MODEL.inputs(DATA.x), MODEL.targets(DATA.y)).numpy()
    np.testing.assert_allclose(run.log_likelihood.reshape(3, 4).mean(axis=1), truth, rtol=1e-5)
    assert np.ptp(run.log_likelihood) > 0.1 * abs(truth)
    np.testing.assert_allclose(run.kl, analytic_kl(MODEL, run.posterior, start)[0], rtol=1e-6)


# --- other families


class Scaled(bnn.MeanField):
    """A family of which TensorFlow Probability knows no closed form."""

    def distribution(self, parameters):
        gaussian = super().distribution(parameters)
        return tfp.distributions.Independent(
            tfp.distributions.TransformedDistribution(gaussian.distribution, tfp.bijectors.Identity()), 1
        )


def test_a_family_without_a_closed_form_is_fitted_by_monte_carlo():
    sampled = bnn.Elbo(analytic_kl=False)
    run, usual = (fit(posterior=family, objective=sampled) for family in (Scaled(), bnn.MeanField()))
    np.testing.assert_allclose(run.final_elbos, usual.final_elbos, rtol=1e-3)
    with pytest.raises(NotImplementedError, match="No KL"):
        fit(posterior=Scaled())
