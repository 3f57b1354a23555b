"""Predictions as a CSV file, a line for each row."""

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bayesian_nn.report.rows import Rows
from bayesian_nn.runtime.files import replacing

__all__ = ["holds_predictions", "write_predictions"]

FIRST, LAST = "line", "doubt"
# Of single precision, which is the network's.
DIGITS = 9


def write_predictions(path: Path, rows: Rows, lines, classes: Sequence[str] | None, y=None) -> None:
    """Writes the predictions, whole or not at all. lines: where each row is in its file `[n_points]`; y: what
    came true, None if it is not known."""
    columns = {FIRST: [str(line) for line in lines]}
    if rows.of_classes:
        names = classes or [str(number) for number in range(rows.mean.shape[1])]
        if y is not None:
            columns["y"] = [names[int(label)] for label in y]
        columns["class"] = [names[label] for label in rows.mean.argmax(axis=1)]
        columns |= {
            f"probability of {name}": _shown(column) for name, column in zip(names, rows.mean.T, strict=True)
        }
    else:
        columns |= {} if y is None else {"y": _shown(y)}
        columns |= {name: _shown(getattr(rows, name)) for name in ("mean", "std", "lower", "upper")}
    columns[LAST] = _shown(rows.doubt)
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        table.writerows(zip(*columns.values(), strict=True))


def holds_predictions(path: Path) -> bool:
    """Whether a file is one that `write_predictions` wrote."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            header = next(csv.reader(file), [])
    except (UnicodeDecodeError, csv.Error):
        return False
    return len(header) > 2 and (header[0], header[-1]) == (FIRST, LAST)


def _shown(values):
    return [f"{value:.{DIGITS}g}" for value in np.asarray(values, float)]
