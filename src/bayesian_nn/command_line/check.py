"""`bayesian-nn check`: the verdict on a report's fit, by rows that it has not seen."""

from pathlib import Path

from bayesian_nn.command_line.folder import read_folder
from bayesian_nn.command_line.options import form_of
from bayesian_nn.data.csv_files import read_frame
from bayesian_nn.data.tables import dataset
from bayesian_nn.verdict.check import check

__all__ = ["LEFT", "run"]

LEFT = "there is no verdict."
DOES_NOT_HOLD = 3


def run(options) -> int:
    """Runs the command and returns its exit code."""
    table = Path(options.table)
    result, numbers = read_folder(Path(options.folder))
    frame = read_frame(table, **form_of(options))
    try:
        data = dataset(frame, numbers["target"], like=result.model, name=table.stem)
        verdict = check(result, data, seed=numbers["seed"])
    except ValueError as error:
        raise ValueError(f"{table.name}: {error}") from None
    print(verdict)
    return 0 if verdict.holds else DOES_NOT_HOLD
