"""The command `bayesian-nn`, and what it says when something is wrong."""

import importlib
import re
import shlex
import sys
import warnings

from bayesian_nn.command_line.options import parser

__all__ = ["main"]

WRONG, INTERRUPTED = 1, 130
# Of an argument in a message of the library, as in missing='drop' or categories=['a'].
ARGUMENT = re.compile(r"\b(missing|categories|separator|decimal|thousands)=\[?('([^']*)')?\]?")


def main(arguments: list[str] | None = None) -> int:
    """Runs the command with these arguments, by default the program's own, and returns its exit code."""
    options = parser().parse_args(arguments)
    # Imported here, as TensorFlow takes seconds, and --help needs none.
    command = importlib.import_module(f"bayesian_nn.command_line.{options.command}")
    with warnings.catch_warnings():
        warnings.simplefilter("always", UserWarning)
        warnings.showwarning = _show
        try:
            return command.run(options)
        except KeyboardInterrupt:
            print(f"Interrupted: {command.LEFT}", file=sys.stderr)
            return INTERRUPTED
        except (ValueError, OSError, ArithmeticError) as error:
            print(f"bayesian-nn: error: {_said(error)}", file=sys.stderr)
            return WRONG


def _show(message, category, filename, lineno, file=None, line=None):
    if issubclass(category, UserWarning):
        print(f"Note: {_as_options(str(message))}", file=sys.stderr)


def _said(error):
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return _as_options(str(error))


def _as_options(message):
    """Returns a message of the library with its arguments written as options of the command."""

    def as_option(found):
        return f"--{found[1]}" + (f" {shlex.quote(found[3])}" if found[3] else "")

    return ARGUMENT.sub(as_option, message)
