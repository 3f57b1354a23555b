"""`bayesian-nn predict`: the rows of another table, predicted by a report's fit."""

from pathlib import Path

from bayesian_nn.command_line.folder import read_folder
from bayesian_nn.command_line.options import form_of
from bayesian_nn.command_line.predictions import holds_predictions, write_predictions
from bayesian_nn.data.csv_files import read_frame
from bayesian_nn.report.rows import predict_rows

__all__ = ["LEFT", "run"]

LEFT = "nothing was written."
OUTPUT = Path("predictions.csv")


def run(options) -> int:
    """Runs the command and returns its exit code."""
    output, table = Path(options.output or OUTPUT), Path(options.table)
    if options.output is None and output.exists() and not holds_predictions(output):
        raise ValueError(f"{output} is there and holds something else: name a file with --output.")
    result, numbers = read_folder(Path(options.folder))
    frame = read_frame(table, **form_of(options))
    try:
        rows = predict_rows(result, frame, seed=numbers["seed"], level=options.level)
    except ValueError as error:
        raise ValueError(f"{table.name}: {error}") from None
    write_predictions(output, rows, frame.index, result.model.scaling.columns.classes)
    print(f"Wrote the predictions of {len(frame):,} rows to {output}.")
    return 0
