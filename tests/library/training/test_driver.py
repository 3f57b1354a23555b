"""The driver's laws, in both its programs: seeds, resuming, recording, Ctrl-C, divergence, progress."""

import functools
import io
import os
import signal
import sys
from dataclasses import dataclass

import numpy as np
import pytest

import bayesian_nn as bnn
from bayesian_nn.training import driver, programs
from bayesian_nn.training.record import log_spaced_steps
from bayesian_nn.training.run_file import save_run
from bayesian_nn.variational.step import variational_step

# These fits are too short to be good, and their flatness says nothing.
pytestmark = pytest.mark.filterwarnings("ignore::bayesian_nn.FlatFitWarning")

DATA = bnn.data.cosine_with_gap(seed=1, n_points=8)
MODEL = bnn.Model((1, 3, 1), bnn.Gaussian(0.1), scaling=DATA.scaling)
# Blocks have 250 steps here.
N_STEPS, BLOCK = 300, 250
CASES = {"blocks": {"n_restarts": 2}, "steps": {"batch_size": 3, "kl_warmup": 0.0}}


def fit(**arguments):
    defaults = {"seed": 0, "n_steps": N_STEPS, "optimizer": bnn.Adam(0.05), "record_at": range(0, 301, 50)}
    return bnn.fit(MODEL, DATA, **defaults | arguments)


@pytest.fixture(params=CASES)
def program(request, monkeypatch):
    """Each of the two programs in turn: the arguments of a fit that runs in it."""
    if request.param == "steps":
        monkeypatch.setattr(programs, "LARGE_STEP", 0)
    return CASES[request.param]


@functools.cache
def unbroken(**case):
    return fit(**case)


@pytest.fixture
def content(tmp_path):
    """All that a run is, as bytes."""

    def content(run):
        save_run(run, tmp_path / "content.npz")
        return (tmp_path / "content.npz").read_bytes()

    return content


@pytest.fixture
def press_after(monkeypatch):
    """A function that has Ctrl-C pressed when so many steps are done."""

    def press_after(n_steps):
        def reached(step):
            if step >= n_steps:
                monkeypatch.setattr(driver, "reached", lambda step: None)
                os.kill(os.getpid(), signal.SIGINT)

        monkeypatch.setattr(driver, "reached", reached)

    return press_after


# --- seeds, resuming, recording


def test_a_seed_is_a_run(program, content):
    whole, again, other = unbroken(**program), fit(**program), fit(seed=1, **program)
    assert content(whole) == content(again)
    assert np.all(whole.log_likelihoods != other.log_likelihoods)
    # Every step has noise of its own, in the second block, too.
    assert len(np.unique(whole.log_likelihood)) > 0.99 * N_STEPS


@pytest.mark.parametrize("stop", [1, 130, BLOCK, 260])
def test_a_resumed_run_is_the_unbroken_one_bit_for_bit(program, content, stop):
    part = fit(n_steps=stop, **program)
    assert part.n_steps_done == stop
    assert content(fit(resume=part, **program)) == content(unbroken(**program))


@pytest.mark.parametrize("record_at", [None, [], [7, 299], range(301)], ids=str)
def test_recording_does_not_change_the_path(program, record_at):
    whole, run = unbroken(**program), fit(record_at=record_at, **program)
    np.testing.assert_array_equal(run.log_likelihoods, whole.log_likelihoods)
    np.testing.assert_array_equal(run.final_parameters, whole.final_parameters)
    # The end is always kept.
    wanted = log_spaced_steps(300) if record_at is None else record_at
    np.testing.assert_array_equal(run.recorded_steps, sorted({*wanted, 300}))


def test_what_does_not_fit_into_the_slots_is_recorded_in_parts(monkeypatch):
    monkeypatch.setattr(programs, "SLOT_NUMBERS", 3 * 40)
    run = fit(record_at=range(301), **CASES["blocks"])
    whole = fit(record_at=range(301), **CASES["blocks"] | {"start": run.recorded_parameters[0]})
    monkeypatch.undo()
    usual = fit(record_at=range(301), **CASES["blocks"])
    for each in (run, whole):
        np.testing.assert_array_equal(each.recorded_parameters, usual.recorded_parameters)


def test_what_is_recorded_at_a_step_is_what_a_fit_of_so_many_steps_ends_with(program):
    whole, short = unbroken(**program), fit(n_steps=50, **program)
    np.testing.assert_array_equal(whole.recorded_parameters[1], short.final_parameters)
    np.testing.assert_array_equal(short.recorded_parameters[-1], short.final_parameters)


def test_models_that_differ_by_their_scaling_share_one_program():
    programs._compiled_block.cache_clear()
    scalings = set()
    for fold in range(10):
        random = np.random.default_rng(fold)
        data = bnn.dataset(random.normal(fold, 1 + fold, 9), random.normal(size=9))
        model = bnn.Model((1, 4, 1), bnn.Gaussian(0.1), scaling=data.scaling)
        run = bnn.fit(model, data, seed=0, n_steps=3, optimizer=bnn.Adam(0.1 + fold))
        scalings.add(model.scaling)
    assert len(scalings) == 10
    assert programs._compiled_block.cache_info().currsize == 1
    method = variational_step(*run.settings[:4], warmed=False)
    assert programs._compiled_block(method, BLOCK).experimental_get_tracing_count() == 1


# --- Ctrl-C


@pytest.mark.parametrize("pressed", [7, BLOCK])
def test_ctrl_c_keeps_what_was_recorded_and_a_resumed_run_is_whole(
    program, press_after, capsys, content, pressed
):
    press_after(pressed)
    run = fit(**program)
    done = pressed if "batch_size" in program else BLOCK
    assert (run.outcome, run.n_steps_done, run.recorded_steps[-1]) == ("interrupted", done, done)
    message = f"Interrupted after step {done} of 300; what was recorded is kept, and fit(..., resume=run)"
    assert message in capsys.readouterr().err
    np.testing.assert_array_equal(run.log_likelihoods, unbroken(**program).log_likelihoods[:done])
    assert content(fit(resume=run, **program)) == content(unbroken(**program))


def test_ctrl_c_before_anything_is_done_ends_the_script(monkeypatch, capsys):
    def pressed(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(programs.Blocks, "run", pressed)
    with pytest.raises(KeyboardInterrupt):
        fit(**CASES["blocks"])
    assert "Interrupted" not in capsys.readouterr().err


def test_ctrl_c_after_the_last_step_is_too_late(program, press_after):
    press_after(N_STEPS)
    assert fit(**program).outcome == "finished"


# --- divergence


@dataclass(frozen=True)
class Explosion:
    """A rate that is small until it is not."""

    step: int

    def rates(self, n_steps):
        rates = np.full(n_steps, 0.01)
        rates[self.step :] = 1e30
        return rates


@pytest.mark.parametrize("burst", [0, 9, 249, 250, 270, 298])
def test_a_diverging_fit_is_ended_with_what_was_finite(program, burst):
    optimizer = bnn.Adam(Explosion(burst))
    with pytest.raises(
        bnn.DivergedError, match=f"NaN or infinite at step {burst + 1}. Use a smaller"
    ) as caught:
        fit(optimizer=optimizer, **program)
    run = caught.value.result
    assert (run.outcome, run.n_steps_done) == ("diverged", burst + 1)
    assert np.isfinite(run.log_likelihoods - run.kls).all()
    # The last parameters that were finite are those before the burst.
    assert run.recorded_steps[-1] == burst
    steady = fit(optimizer=bnn.Adam(0.01), n_steps=max(burst, 1), record_at=[burst], **program)
    np.testing.assert_array_equal(run.final_parameters, steady.recorded_parameters[0])
    with pytest.raises(ValueError, match=r"resume: this run diverged at step .* a smaller learning rate"):
        fit(optimizer=optimizer, resume=run, **program)


def test_one_restart_that_diverges_does_not_stop_the_others():
    start = bnn.MeanField().initial(MODEL, seed=0, n_restarts=3)
    broken = start.copy()
    broken[0, :10] = 1e30
    run, whole = fit(start=broken, n_restarts=3), fit(start=start, n_restarts=3)
    assert (run.outcome, run.final_elbos[0]) == ("finished", -np.inf)
    assert run.best != 0
    np.testing.assert_array_equal(run.log_likelihoods[:, 1:], whole.log_likelihoods[:, 1:])


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
    assert "300/300" in shown
    # The mean over the last block.
    assert f"elbo={run.elbo[BLOCK:].mean():.1f}" in shown
