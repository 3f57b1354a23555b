"""What benchmarks/tables.py measured, as tables and sentences: on its day and machine, never in a build."""

import json
from datetime import date
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev
from typing import NamedTuple

from site_build.files.fingerprint import code_digest

RESULTS = "benchmarks/results/tables.json"
PUBLISHED = "benchmarks/published.json"
# The library's rooms that decide on what was measured.
ROOMS = ("estimators", "sampling", "modes", "model", "likelihoods", "priors", "training")
# Measured here, and not this library's.
RIVALS = {"linear regression", "logistic regression", "random forest"}
# More than so many nats a row below a straight line is a failure in a gap.
FAR_BELOW = 2.0
MINUS, NONE = "\N{MINUS SIGN}", "\N{EN DASH}"
PLUS_MINUS = "\N{NO-BREAK SPACE}\N{PLUS-MINUS SIGN}\N{NO-BREAK SPACE}"


class Score(NamedTuple):
    """A number of a row: its name, its head in a table, its decimals, and whether more of it is better."""

    name: str
    head: str
    decimals: int
    up: bool = False


COVERAGE, SECONDS = Score("coverage", "90 % band holds", 3), Score("seconds", "seconds", 0)
# By group, the first of them what methods are sorted by.
SCORES = {
    "published": (Score("nll", "NLL", 3), Score("rmse", "RMSE", 3), COVERAGE, SECONDS),
    "uci": (Score("log_density", "log density", 2, up=True), Score("rmse", "RMSE", 3), COVERAGE, SECONDS),
    "gap": (
        Score("log_density", "log density", 2, up=True),
        Score("line", "a straight line's", 2, up=True),
        COVERAGE,
    ),
    "classes": (Score("log_loss", "log loss", 3), SECONDS),
}


class Line(NamedTuple):
    """A method on a table: the mean and the standard error of each score, over how many splits or seeds."""

    table: str
    method: str
    n_rows: int
    scores: dict
    here: bool

    @property
    def ours(self) -> bool:
        return self.here and self.method not in RIVALS


def benchmark_note(root: Path) -> str:
    """Return when, where and at which commit the results were measured, and a warning where the code that
    they depend on has changed since."""
    results = _results(root)
    rows = results["rows"]
    if not rows:
        return _admonition("Not measured", f"There is no {RESULTS}: `python benchmarks/tables.py` writes it.")
    days = sorted({date.fromisoformat(row["day"]) for row in rows})
    shown = [f"{day.day} {day:%B %Y}" for day in (days[0], days[-1])]
    when = f"on {shown[0]}" if len(days) == 1 else f"between {shown[0]} and {shown[1]}"
    commits = sorted({row["commit"] for row in rows})
    at = f"commit{'s' if len(commits) > 1 else ''} {_listed([f'`{each}`' for each in commits])}"
    note = f"Measured {when}, at {at}, on {results['machine']}: not in the build of this page."
    if moved := moved_on(root):
        changed = (
            f"{len(moved):,} of {len(rows):,} rows were measured with other code than this page's. What the "
            "library reaches now may differ; `python benchmarks/tables.py` measures it again."
        )
        note += "\n\n" + _admonition("The code has moved on", changed)
    return note


def moved_on(root: Path) -> list[dict]:
    """Return the rows that were measured with other code than there is now."""
    now = measured_code(root)
    return [row for row in _results(root)["rows"] if row.get("code") != now]


def measured_code(root: Path) -> str:
    """Return the digest of the code that decides on what benchmarks/tables.py measures."""
    package = root / "src" / "bayesian_nn"
    return code_digest([file for room in ROOMS for file in (package / room).glob("*.py")], root)


def benchmark_table(root: Path, group: str, table: str = "") -> str:
    """Return the Markdown table of a group of results, or of one of its tables, the best method first; this
    library's are bold."""
    lines = _lines(root, group, table)
    if not lines:
        return "*Not measured.*"
    scores = [score for score in SCORES[group] if any(score.name in line.scores for line in lines)]
    heads = ([] if table else ["table"]) + ["method", *(score.head for score in scores)]
    heads.append("seeds" if group == "published" else "splits")
    marks = ["---"] * (1 if table else 2) + ["---:"] * (len(scores) + 1)
    rows = [
        ([] if table else [line.table])
        + [f"**{line.method}**" if line.ours else line.method]
        + [_cell(line.scores.get(score.name), score) for score in scores]
        + [str(line.n_rows) if line.here else "published"]
        for line in lines
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [heads, marks, *rows])


def benchmark_ranking(root: Path, group: str, table: str) -> str:
    """Return in a sentence or two which method is best on a table, and which are ahead of this library's."""
    score = SCORES[group][0]
    lines = [line for line in _lines(root, group, table) if score.name in line.scores]
    if not any(line.ours for line in lines):
        return "This library has not been measured here."
    best = "highest" if score.up else "lowest"
    said = [f"The {best} {score.head} on {table} is that of {_with_value(lines[0], score)}."]
    for number, line in enumerate(lines):
        if line.ours and number:
            ahead = _listed([each.method for each in lines[:number]])
            behind = _listed([each.method for each in lines[number + 1 :]])
            rest = f", and is ahead of {behind}" if behind else ""
            said.append(f"*{line.method}* reaches {_number(line, score)}, behind {ahead}{rest}.")
    return " ".join(said)


def benchmark_gaps(root: Path) -> str:
    """Return in a sentence how often the default falls far below a straight line in a gap, and where."""
    rows = [row for row in _results(root)["rows"] if row["group"] == "gap"]
    if not rows:
        return "The gap splits have not been measured."
    far = [row for row in rows if row["log_density"] < row["line"] - FAR_BELOW]
    tables = _listed(sorted({row["table"] for row in far}))
    return (
        f"In {len(far)} of {len(rows)} of these splits ({len(far) / len(rows):.0%}) the log density is more "
        f"than {FAR_BELOW:.0f} nats a row below that of a straight line with the same likelihood"
        + (f": on {tables}." if far else ".")
    )


def _results(root: Path) -> dict:
    file = root / RESULTS
    return json.loads(file.read_text("utf-8")) if file.exists() else {"machine": "", "rows": []}


def _lines(root: Path, group: str, table: str) -> list[Line]:
    """Return the lines of a group, or of one of its tables: of each table the best first."""
    by_key: dict[tuple[str, str], list[dict]] = {}
    for row in _results(root)["rows"]:
        if row["group"] == group and table in ("", row["table"]):
            by_key.setdefault((row["table"], row["method"]), []).append(row)
    names = [score.name for score in SCORES[group]]
    lines = [
        Line(*key, len(rows), {name: _mean(rows, name) for name in names if name in rows[0]}, here=True)
        for key, rows in by_key.items()
    ]
    if group == "published":
        lines += [
            Line(
                row["table"],
                row["method"],
                0,
                {name: (row[name], None) for name in names if name in row},
                False,
            )
            for row in json.loads((root / PUBLISHED).read_text("utf-8"))["rows"]
            if table in ("", row["table"])
        ]
    first, second = SCORES[group][:2]

    def place(line: Line):
        values = [
            (-1 if score.up else 1) * line.scores[score.name][0]
            if score.name in line.scores
            else float("inf")
            for score in (first, second)
        ]
        return line.table, *values, line.method

    return sorted(lines, key=place)


def _mean(rows, name):
    values = [row[name] for row in rows]
    return fmean(values), stdev(values) / sqrt(len(values)) if len(values) > 1 else None


def _cell(value, score: Score) -> str:
    if value is None:
        return NONE
    mean, error = value
    spread = "" if error is None or score is SECONDS else f"{PLUS_MINUS}{error:,.{score.decimals}f}"
    decimals = 1 if score is SECONDS and mean < 10 else score.decimals
    return f"{mean:,.{decimals}f}{spread}".replace("-", MINUS)


def _number(line: Line, score: Score) -> str:
    return _cell((line.scores[score.name][0], None), score)


def _with_value(line: Line, score: Score) -> str:
    name = f"this library's *{line.method}*" if line.ours else line.method
    return f"{name} ({_number(line, score)})"


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _admonition(title: str, text: str) -> str:
    return f'!!! warning "{title}"\n\n    {text}'
