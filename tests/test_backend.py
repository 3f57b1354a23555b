"""TensorFlow's import: silent when it works, and its complaint shown when it does not."""

import os
import subprocess
import sys


def imported(**environment):
    plain = {name: value for name, value in os.environ.items() if name != "TF_CPP_MIN_LOG_LEVEL"}
    script = "from bayesian_nn.backend import tf; print(tf.reduce_sum([1.0, 2.0]).numpy())"
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
