"""Progress bars: seen in a terminal and in a notebook, and nowhere else."""

import io
import sys
from types import SimpleNamespace

import pytest

from bayesian_nn.runtime.progress import progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def notebook(monkeypatch):
    """What a kernel has, and a terminal has not."""
    shell = SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


def count(**arguments):
    with progress(total=3, unit="step", **arguments) as bar:
        for _ in range(3):
            bar.update(1)
            bar.refresh()


def test_a_file_sees_nothing(capsys):
    count()
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_the_bar(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    count()
    assert "3/3" in sys.stderr.getvalue()


def test_a_notebook_sees_text_that_goes_when_it_is_done(notebook, capsys):
    count(delay=0)
    out, err = capsys.readouterr()
    assert "2/3" in out
    assert not err
    assert not out.split("\r")[-1].strip()


def test_what_takes_less_than_a_second_leaves_nothing_in_a_notebook(notebook, capsys):
    with progress(range(3)) as bar:
        list(bar)
    assert capsys.readouterr() == ("", "")


def test_ipython_in_a_terminal_is_no_notebook(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace()))
    count()
    assert capsys.readouterr() == ("", "")


def test_the_environment_silences_it(notebook, monkeypatch, capsys):
    monkeypatch.setenv("TQDM_DISABLE", "1")
    count(delay=0)
    assert capsys.readouterr() == ("", "")
