"""TensorFlow and TensorFlow Probability, imported without the lines that their C++ code greets with."""

import os
import sys
import tempfile
from contextlib import contextmanager

__all__ = ["refuse_after_fork", "tf", "tfp"]


@contextmanager
def _stderr_held_back():
    """Keeps back what is written to the error stream, by C++ too, and shows it after all on an error."""
    sys.stderr.flush()
    shown = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(shown, held.read())
            raise
        finally:
            os.dup2(shown, 2)
            os.close(shown)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# Some of those lines come before TensorFlow has read its own log level.
with _stderr_held_back():
    import tensorflow as tf
    import tensorflow_probability as tfp


# The processes that have used TensorFlow: this one, or those that it was forked from.
_users: set[int] = set()


def refuse_after_fork() -> None:
    """Raises RuntimeError in a process that was forked from one that has used TensorFlow: a fork leaves its
    threads behind, and the process would wait for them for ever. Called wherever work begins."""
    if _users and os.getpid() not in _users:
        raise RuntimeError(
            "This process was forked from one in which the library had computed something, and TensorFlow "
            'would wait in it for ever. Start processes afresh, as multiprocessing.get_context("spawn") and '
            "joblib do, or fork before anything is computed."
        )
    _users.add(os.getpid())


def _is_news(record):
    # One program for each model is meant; TensorFlow takes them for one function traced again and again.
    message = record.getMessage()
    return not ("triggered tf.function retracing" in message and "_compiled_" in message)


tf.get_logger().addFilter(_is_news)
