"""`bayesian-nn fit`: from a table to a report."""

import shlex
import time
import warnings
from pathlib import Path
from typing import NamedTuple

from bayesian_nn.command_line.folder import MADE_BY, staged
from bayesian_nn.command_line.methods import METHODS, why
from bayesian_nn.command_line.options import form_of
from bayesian_nn.command_line.predictions import write_predictions
from bayesian_nn.command_line.script import script_of, source_of
from bayesian_nn.command_line.target import likelihood_for, take
from bayesian_nn.data.csv_files import made_of_file, read_frame
from bayesian_nn.data.frames import TableWarning
from bayesian_nn.data.tables import Dataset, split_rows, train_test_split
from bayesian_nn.estimators.usual import usual_model
from bayesian_nn.prediction.saved import save
from bayesian_nn.report.report import versions, write_report
from bayesian_nn.report.rows import predict_rows, scores_of
from bayesian_nn.runtime.outputs import write_numbers
from bayesian_nn.verdict.check import check
from bayesian_nn.verdict.evidence import MIN_ROWS

__all__ = ["LEFT", "run"]

LEFT = "nothing was written, and an earlier report is as it was."


class Table(NamedTuple):
    """training: the rows of the fit, and judged, those it is judged by; lines: where these are in the
    file."""

    training: Dataset
    judged: Dataset
    lines: list[int]


def run(options) -> int:
    """Runs the command and returns its exit code."""
    path = Path(options.table)
    folder = Path(options.report or f"{path.stem}-report")
    with staged(folder) as stage:
        _say(f"Reading {path.name}.")
        frame = read_frame(path, **form_of(options))
        taken = take(frame, options.target, options.likelihood)
        reading = _reading(options, taken)
        table = _split(path, frame, options, reading)
        likelihood = likelihood_for(taken, table.training)
        model = usual_model(table.training, likelihood)
        name, reason = why(options.method, model, table.training.n_points)
        _say(f"{taken.why} The likelihood is {type(likelihood).__name__}.")
        _say(f"Fitting to {table.training.n_points:,} rows by the method {name}: {reason}")
        begun, method = time.monotonic(), METHODS[options.method]
        result = method.infer(model, table.training, seed=options.seed, **method.settings)
        if getattr(result, "outcome", "finished") == "interrupted":
            raise KeyboardInterrupt
        _say(f"Fitted in {time.monotonic() - begun:,.0f} s. The verdict:\n")
        verdict = check(result, table.judged, training=table.training, seed=options.seed)
        _say(f"{verdict}\n")
        rows = predict_rows(result, table.judged.x, table.judged.y, seed=options.seed)
        script = script_of(
            _command(options),
            reading,
            held_out=options.held_out,
            seed=options.seed,
            model=model,
            method=method,
        )
        save(result, stage / "result.npz")
        (stage / "fit.py").write_text(script, encoding="utf-8")
        write_predictions(stage / "predictions.csv", rows, table.lines, table.judged.classes, table.judged.y)
        write_report(
            stage / "report.html",
            result,
            table.judged,
            seed=options.seed,
            training=table.training,
            verdict=verdict,
            title=f"{options.target} in {path.name}",
            settings={"target": taken.why, "method": name, "why": reason},
            script=script,
            row_names=table.lines,
        )
        write_numbers(
            {
                "made_by": MADE_BY,
                "table": path.name,
                "target": options.target,
                "inputs": table.training.scaling.columns.names,
                "likelihood": source_of(likelihood),
                "method": name,
                "why": reason,
                "seed": options.seed,
                "n_training": table.training.n_points,
                "n_judged": table.judged.n_points,
                "held_out": options.held_out > 0,
                "scores": scores_of(rows, table.judged),
                "holds": verdict.holds,
                "verdict": verdict.table(),
                "settings": reading,
                "versions": versions(),
            },
            stage / "numbers.json",
        )
    _say(f"Wrote {folder}; open {folder / 'report.html'}.")
    return 0


def _split(path, frame, options, reading):
    arguments = {name: reading[name] for name in ("x", "missing", "categories") if name in reading}
    made = made_of_file(path, frame, y=options.target, **arguments)
    for note in made.notes:
        warnings.warn(f"{path.name}: {note}", TableWarning, stacklevel=2)
    lines, data = frame.index[made.kept].to_numpy(), made.data
    n_held_out = round(data.n_points * options.held_out)
    if options.held_out and n_held_out < MIN_ROWS:
        enough = f"--held-out 0.5 for {data.n_points // 2} rows, or " if data.n_points >= 2 * MIN_ROWS else ""
        raise ValueError(
            f"--held-out {options.held_out:g} leaves {n_held_out} of {data.n_points:,} rows to judge the fit "
            f"by, and {MIN_ROWS} are needed: give {enough}--held-out 0 to fit to all rows and judge by these."
        )
    if not options.held_out:
        return Table(data, data, lines.tolist())
    split = {"test_fraction": options.held_out, "seed": options.seed}
    training, judged = train_test_split(data, **split)
    return Table(training, judged, lines[split_rows(data.n_points, **split)[1]].tolist())


def _reading(options, taken):
    """Returns the arguments of `read_csv` that read the same table, those that are not its defaults."""
    numbered = taken.is_classes and options.target not in options.categories
    categories = [*options.categories, *([options.target] if numbered else [])]
    found = {"x": options.inputs, "categories": categories or None, **form_of(options)}
    found["missing"] = None if options.missing == "refuse" else options.missing
    asked = {name: value for name, value in found.items() if value is not None}
    return {"path": options.table, "y": options.target, **asked}


def _command(options):
    words = ["bayesian-nn", "fit", options.table, "--target", options.target]
    words += ["--inputs", *options.inputs] if options.inputs else []
    words += ["--categories", *options.categories] if options.categories else []
    usual = {
        "missing": "refuse",
        "likelihood": "auto",
        "held_out": 0.2,
        "method": "auto",
        "seed": 0,
        "separator": None,
        "decimal": None,
        "thousands": None,
    }
    for name, default in usual.items():
        value = getattr(options, name)
        words += [f"--{name.replace('_', '-')}", str(value)] if value != default else []
    return shlex.join(words)


def _say(text):
    print(text, flush=True)
