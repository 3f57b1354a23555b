"""The options of `bayesian-nn`, and the help that explains them. Nothing here imports TensorFlow."""

import argparse
from importlib.metadata import version

__all__ = ["LIKELIHOODS", "METHODS", "form_of", "parser"]

LIKELIHOODS = ("auto", "gaussian", "noise-of-x", "student-t", "poisson", "negative-binomial", "classes")
METHODS = ("auto", "sampled-ensemble", "hmc", "ensemble", "vi")

EXIT_CODES = """\
exit codes:
  0    done
  1    a file, a column or a value cannot be used; what and why is said in one line
  2    the command itself is wrong
  3    check: a finding does not hold
  130  interrupted with Ctrl-C; nothing was written
"""
OVERVIEW = f"""\
examples:
  bayesian-nn fit houses.csv --target price
  bayesian-nn predict houses-report new-houses.csv
  bayesian-nn check houses-report sold-since.csv

{EXIT_CODES}"""
FIT = f"""\
what is written, all of it at the end or nothing:
  report.html      the verdict, its figures, and a viewer of the prediction; opens from the disk
  result.npz       the fit itself, for predict, check and bnn.load
  numbers.json     the scores, the verdict as a table, settings and versions
  predictions.csv  the held-out rows: what was predicted, and what came true
  fit.py           the Python program that does the same

A report that is there already is replaced; a folder of anything else is not touched.

examples:
  bayesian-nn fit houses.csv --target price
  bayesian-nn fit houses.csv --target price --inputs rooms area --missing impute
  bayesian-nn fit flowers.csv --target species --report flowers --seed 1

{EXIT_CODES}"""
PREDICT = f"""\
what is written: for each row its line in the file and
  numbers and counts   mean, std, lower and upper (the ends of the interval) and doubt (the sd of the mean)
  classes              the class named, the probability of each, and doubt (in nats: how far draws disagree)
The doubt is what more rows would settle. Columns may come in any order; more of them are ignored.

{EXIT_CODES}"""
CHECK = f"""\
The file must have the target's column, and 20 rows or more. The verdict is printed; nothing is written.

{EXIT_CODES}"""


def parser() -> argparse.ArgumentParser:
    """Returns the parser of all three commands."""
    whole = _parser_of(
        argparse.ArgumentParser,
        prog="bayesian-nn",
        description="Fit a Bayesian neural network to a table, and say where its uncertainty holds.",
        epilog=OVERVIEW,
    )
    whole.add_argument("--version", action="version", version=f"bayesian-nn {version('bayesian-nn')}")
    commands = whole.add_subparsers(dest="command", required=True, metavar="fit | predict | check")
    _add_fit(commands)
    _add_predict(commands)
    _add_check(commands)
    return whole


def _add_fit(commands):
    fit = _parser_of(
        commands.add_parser,
        "fit",
        help="fit to a table, judge the fit by rows held out, write a report",
        description="Fit a network to a table (CSV, a header row), judge it by rows that are held out, and "
        "write a report.",
        epilog=FIT,
    )
    fit.add_argument("table", help="the file; separators and decimal commas are recognised")
    fit.add_argument("--target", required=True, metavar="NAME", help="the column to be predicted")
    fit.add_argument(
        "--inputs", nargs="+", metavar="NAME", help="the columns to predict from (default: all the others)"
    )
    fit.add_argument(
        "--missing",
        choices=("refuse", "drop", "impute"),
        default="refuse",
        help="rows with empty cells: refuse the table, leave them out, or fill them in with a mark of where "
        "(default: refuse)",
    )
    fit.add_argument(
        "--categories",
        nargs="+",
        default=[],
        metavar="NAME",
        help="columns that are categories although they hold numbers",
    )
    fit.add_argument(
        "--likelihood",
        choices=LIKELIHOODS,
        default="auto",
        help="what the target is, given the prediction; auto looks at the target and says what it took: "
        "noise-of-x for numbers, negative-binomial for counts, classes for words and for whole numbers of at "
        "most five values (default: auto)",
    )
    fit.add_argument(
        "--held-out",
        type=_share,
        default=0.2,
        metavar="SHARE",
        help="the share of rows that the fit is judged by and does not see, 20 rows or more; 0 fits to all "
        "rows, and judges by these (default: 0.2)",
    )
    fit.add_argument(
        "--method",
        choices=METHODS,
        default="auto",
        help="how to infer; auto takes what the table's size affords in about a minute, and says which "
        "(default: auto)",
    )
    fit.add_argument("--seed", type=_whole, default=0, help="of everything random (default: 0)")
    fit.add_argument("--report", metavar="FOLDER", help="where to write (default: the table's name-report)")
    _add_form(fit)


def _add_predict(commands):
    predict = _parser_of(
        commands.add_parser,
        "predict",
        help="predict the rows of another table",
        description="Predict the rows of another table with a fit.",
        epilog=PREDICT,
    )
    predict.add_argument("folder", help="the report's folder, as fit wrote it")
    predict.add_argument("table", help="the file with new rows")
    predict.add_argument(
        "--output",
        metavar="FILE",
        help="where to write (default: predictions.csv, unless a file of something else has that name)",
    )
    predict.add_argument(
        "--level", type=_inner, default=0.9, help="the probability that the interval holds (default: 0.9)"
    )
    _add_form(predict)


def _add_check(commands):
    check = _parser_of(
        commands.add_parser,
        "check",
        help="judge a fit by rows that it has not seen",
        description="Judge a fit by a table of rows that it has not seen.",
        epilog=CHECK,
    )
    check.add_argument("folder", help="the report's folder, as fit wrote it")
    check.add_argument("table", help="the file with rows whose target is known")
    _add_form(check)


def _parser_of(make, *arguments, **settings):
    return make(*arguments, formatter_class=argparse.RawDescriptionHelpFormatter, **settings)


def form_of(options) -> dict[str, str | None]:
    """Returns what the options say of the form of the file, as arguments of `read_frame` and `read_csv`."""
    return {name: getattr(options, name) for name in ("separator", "decimal", "thousands")}


def _add_form(command):
    form = command.add_argument_group("the form of the file, where it is not recognised")
    form.add_argument("--separator", metavar="MARK", help="between cells")
    form.add_argument("--decimal", metavar="MARK", help="within numbers, such as ,")
    form.add_argument("--thousands", metavar="MARK", help="between thousands")


def _number(text, holds, required):
    try:
        value = float(text)
    except ValueError:
        value = None
    if value is None or not holds(value):
        raise argparse.ArgumentTypeError(f"must be {required}; got {text!r}")
    return value


def _share(text):
    return _number(text, lambda value: 0 <= value < 1, "from 0 on and below 1")


def _inner(text):
    return _number(text, lambda value: 0 < value < 1, "between 0 and 1")


def _whole(text):
    if not text.isdecimal() or int(text) >= 2**32:
        raise argparse.ArgumentTypeError(f"must be a whole number from 0 on, below 2**32; got {text!r}")
    return int(text)
