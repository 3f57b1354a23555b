"""The help comes at once, and explains; a wrong command ends with 2; each choice stands for something."""

import subprocess
import sys

import pytest

from bayesian_nn.command_line import methods, options, target
from bayesian_nn.command_line.main import main

SLOW = {"tensorflow", "pandas", "sklearn", "matplotlib", "scipy"}


@pytest.mark.parametrize("arguments", [["--help"], ["fit", "--help"], ["--version"], ["fit"]])
def test_what_needs_no_fit_imports_nothing_slow(arguments):
    script = """if True:
        import sys
        from bayesian_nn.command_line.main import main
        try:
            main(sys.argv[1:])
        except SystemExit:
            print("MODULES", *sys.modules)
    """
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True)
    assert not done.returncode, done.stderr
    loaded = set(done.stdout.rpartition("MODULES")[2].split())
    assert "bayesian_nn.command_line.options" in loaded
    assert not loaded & SLOW


def test_the_module_is_the_command():
    done = subprocess.run([sys.executable, "-m", "bayesian_nn", "--help"], capture_output=True, text=True)
    assert not done.returncode
    assert "bayesian-nn fit houses.csv --target price" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "required: fit | predict | check"),
        (["fit", "a.csv"], "required: --target"),
        (["fit", "a.csv", "--target", "y", "--held-out", "1"], "--held-out: must be from 0 on and below 1"),
        (["fit", "a.csv", "--target", "y", "--held-out", "nan"], "must be from 0 on and below 1; got 'nan'"),
        (["fit", "a.csv", "--target", "y", "--seed", "-1"], "--seed: must be a whole number from 0 on"),
        (["fit", "a.csv", "--target", "y", "--method", "mcmc"], "invalid choice: 'mcmc'"),
        (["predict", "folder", "a.csv", "--level", "90"], "--level: must be between 0 and 1; got '90'"),
    ],
)
def test_a_wrong_command_ends_with_2_and_says_why(arguments, said, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_each_choice_stands_for_something():
    assert set(options.METHODS) == set(methods.METHODS)
    assert set(options.LIKELIHOODS) == {"auto", "classes", *target.OF_NUMBERS}
