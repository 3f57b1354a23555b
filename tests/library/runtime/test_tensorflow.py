"""TensorFlow's import: silent when it works, and its complaint shown when it does not."""

import os
import subprocess
import sys

import pytest


def imported(**environment):
    plain = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    script = "from bayesian_nn.runtime.tensorflow import tf; print(tf.reduce_sum([1.0, 2.0]).numpy())"
    return subprocess.run(
        [sys.executable, "-c", script], env={**plain, **environment}, capture_output=True, text=True
    )


def test_tensorflow_is_imported_without_its_greeting():
    done = imported()
    assert (done.stdout, done.stderr) == ("3.0\n", "")


def test_what_a_failing_import_wrote_is_shown(tmp_path):
    (tmp_path / "tensorflow.py").write_text("import os; os.write(2, b'no such library\\n'); 1 / 0\n")
    done = imported(PYTHONPATH=str(tmp_path))
    assert done.returncode
    assert done.stderr.startswith("no such library\n")
    assert "ZeroDivisionError" in done.stderr


SIX_MODELS = """
import bayesian_nn as bnn
from bayesian_nn.runtime.tensorflow import tf
data = bnn.Dataset([[0.0], [1.0]], [1.0, 1.0], bnn.data.Scaling((0.0,), (1.0,)))
for noise_std in range(1, 7):
    bnn.fit(bnn.Model((1, 1), bnn.Gaussian(noise_std)), data, seed=0, n_steps=1)
for number in range(6):
    {and_then}
"""


@pytest.mark.parametrize(
    ("and_then", "told"), [("pass", False), ("tf.function(lambda: number)()", True)], ids=["fits", "others"]
)
def test_a_program_for_each_model_is_no_news_but_another_s_retracing_is(and_then, told):
    script = SIX_MODELS.format(and_then=and_then)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert ("triggered tf.function retracing" in done.stderr) == told
    assert "_compiled_block" not in done.stderr


FORKED = """
import os, sys
import bayesian_nn as bnn
data = bnn.dataset([0.0, 1.0, 2.0], [1.0, 3.0, 2.0])
model = bnn.Model((1, 1), bnn.Gaussian(1.0), scaling=data.scaling)
arguments = {{"seed": 0, "n_steps": 3}}
if {used}:
    run = bnn.fit(model, data, **arguments)
    mode = bnn.find_map(model, data, **arguments)
child = os.fork()
if child == 0:
    try:
        {work}
        print("done", flush=True)
    except RuntimeError as error:
        print(error, flush=True)
    os._exit(0)
os.waitpid(child, 0)
"""
WORK = {
    "fit": "bnn.fit(model, data, **arguments)",
    "chains": "bnn.sample_hmc(model, data, seed=0, n_chains=2, n_draws=4, n_warmup=6)",
    "Laplace": "bnn.fit_laplace(model, data, mode)",
    "predict a run": "bnn.predict(run, [1.0], n_draws=2, seed=0)",
    "predict a prior": "bnn.predict_prior(model, [1.0], n_draws=2, seed=0)",
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.parametrize("work", WORK)
def test_a_process_forked_after_work_says_so_and_does_not_wait_for_ever(work):
    script = FORKED.format(used=True, work=WORK[work])
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert "This process was forked from one in which" in done.stdout, done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_process_forked_before_any_work_does_it():
    script = FORKED.format(used=False, work=WORK["fit"])
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", script], capture_output=True, text=True, timeout=60
    )
    assert done.stdout == "done\n", done.stderr
