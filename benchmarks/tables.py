"""Measures what the estimators reach on real tables, beside what others published.

    .venv/bin/python benchmarks/tables.py                  # the two published tables
    .venv/bin/python benchmarks/tables.py uci gap classes  # the others; --splits and --repeats shorten them

Data lie in ../shared/data. Every result is written to benchmarks/results/tables.json as soon as it is there,
with the commit, the day, the machine and a digest of the code that decides on it, and is not measured again
for the same code: an interrupted run goes on. The page real-tables shows what there is. Scores of the
published tables are in standardised units, and the negative log-likelihood is that of a Gaussian with the
predictive mean and sd, as published; log densities of the UCI tables are in y's units.
"""

import argparse
import datetime
import functools
import json
import os
import platform
import subprocess
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import RepeatedStratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import bayesian_nn as bnn
from bayesian_nn.verdict.straight_line import line_log_density
from site_build.html import benchmark_tables

HERE = Path(__file__).resolve().parent
DATA = HERE.parent.parent / "shared" / "data"
RESULTS = HERE.parent / benchmark_tables.RESULTS

PUBLISHED = {"airfoil": "airfoil.csv", "bike sharing": "bikesharing_hour.csv"}
NOT_INPUTS = ["cnt", "casual", "registered", "instant", "dteday"]
UCI = {
    "Boston": "bostonHousing",
    "Concrete": "concrete",
    "Energy": "energy",
    "Naval": "naval-propulsion-plant",
    "Power": "power-plant",
    "Wine": "wine-quality-red",
}
CLASSES = {"breast cancer": load_breast_cancer, "iris": load_iris, "wine": load_wine}


def published(results, options):
    """The protocol of the published comparison: one split, several seeds of the model."""
    for table in PUBLISHED:
        x, x_test, y, y_test = published_split(table)
        line = LinearRegression().fit(x, y)
        rmse = float(np.sqrt(np.mean((line.predict(x_test) - y_test) ** 2)))
        results.add(("published", table, "linear regression", 0), lambda rmse=rmse: {"rmse": rmse})
        for name, estimator in estimators(table).items():
            for seed in range(options.seeds):
                estimator.set_params(random_state=seed)
                results.add(
                    ("published", table, name, seed),
                    functools.partial(scores, estimator, x, y, x_test, y_test),
                )


def estimators(table):
    """What is measured: the default, and the method that takes longer."""
    found = {"default": bnn.BayesianRegressor()}
    if table == "airfoil":
        longer = functools.partial(bnn.fit_sampled_ensemble, n_members=12, n_climbing=5000, n_steps=24_000)
        found["sampled ensemble, longer"] = bnn.BayesianRegressor(hidden=(16, 16, 16, 16), infer=longer)
    return found


def uci(results, options):
    """The standard splits."""
    for table, folder in UCI.items():
        for split in range(options.splits):
            results.add(("uci", table, "default", split), functools.partial(uci_scores, folder, split))


def gap(results, options):
    """The splits that leave out the middle third of an input."""
    for table, folder in UCI.items():
        n_splits = len(list((DATA / "uci" / folder / "gap").glob("index_test_*.txt")))
        for split in range(min(n_splits, options.splits)):
            results.add(("gap", table, "default", split), functools.partial(gap_scores, folder, split))


def classes(results, options):
    """Log loss in repeated ten-fold cross-validation, beside scikit-learn's."""
    for table, load in CLASSES.items():
        x, y = load(return_X_y=True)
        folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=options.repeats, random_state=0)
        rivals = {
            "default": bnn.BayesianClassifier(),
            "logistic regression": make_pipeline(StandardScaler(), LogisticRegression()),
            "random forest": RandomForestClassifier(500, random_state=0),
        }
        for number, (train, test) in enumerate(folds.split(x, y)):
            for name, rival in rivals.items():
                results.add(
                    ("classes", table, name, number),
                    functools.partial(log_loss, rival, x[train], y[train], x[test], y[test]),
                )


GROUPS = {"published": published, "uci": uci, "gap": gap, "classes": classes}


def published_split(table):
    """Returns standardised `(x, x_test, y, y_test)`."""
    frame = pd.read_csv(DATA / "tables" / PUBLISHED[table])
    y = frame["cnt" if table == "bike sharing" else frame.columns[-1]].to_numpy(float)
    dropped = NOT_INPUTS if table == "bike sharing" else frame.columns[-1:]
    x = frame.drop(columns=dropped).to_numpy(float)
    x, x_test, y, y_test = train_test_split(x, y, test_size=0.2, random_state=0)
    of_x = StandardScaler().fit(x)
    return of_x.transform(x), of_x.transform(x_test), (y - y.mean()) / y.std(), (y_test - y.mean()) / y.std()


def uci_split(folder, split, kind=""):
    """Returns `(x, x_test, y, y_test)` in original units."""
    root = DATA / "uci" / folder
    rows = np.loadtxt(root / "data.txt")
    inputs = np.loadtxt(root / "index_features.txt").astype(int)
    target = int(np.loadtxt(root / "index_target.txt"))
    test = np.loadtxt(root / kind / f"index_test_{split}.txt").astype(int)
    train = np.setdiff1d(np.arange(len(rows)), test)
    return rows[train][:, inputs], rows[test][:, inputs], rows[train, target], rows[test, target]


def scores(estimator, x, y, x_test, y_test):
    """Returns the scores of a fit on rows that it has not seen, and its seconds."""
    start = time.perf_counter()
    with warnings.catch_warnings():
        # Some columns are constant, and some are running numbers: of no account here.
        warnings.simplefilter("ignore", bnn.data.TableWarning)
        estimator.fit(x, y)
    seconds = time.perf_counter() - start
    mean, std = estimator.predict(x_test, return_std=True)
    low, high = estimator.predict_interval(x_test).T
    z = (y_test - mean) / std
    return {
        "rmse": float(np.sqrt(np.mean((y_test - mean) ** 2))),
        "nll": float(np.mean(0.5 * np.log(2 * np.pi * std**2) + 0.5 * z**2)),
        "log_density": estimator.score(x_test, y_test),
        "coverage": float(np.mean((low <= y_test) & (y_test <= high))),
        "seconds": seconds,
        "chosen": estimator.method_,
    }


def uci_scores(folder, split):
    return scores(bnn.BayesianRegressor(), *reordered(uci_split(folder, split)))


def gap_scores(folder, split):
    x, y, x_test, y_test = reordered(uci_split(folder, split, "gap"))
    estimator = bnn.BayesianRegressor()
    found = scores(estimator, x, y, x_test, y_test)
    test = bnn.dataset(x_test, y_test)
    line = line_log_density(estimator.result_.model, estimator.data_, test)
    return found | {"line": float(line.mean())}


def log_loss(estimator, x, y, x_test, y_test):
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", bnn.data.TableWarning)
        estimator.fit(x, y)
    probabilities = estimator.predict_proba(x_test)
    # A forest may be sure of what is wrong.
    of_truth = np.clip(probabilities[np.arange(len(y_test)), y_test], 1e-15, 1)
    return {"log_loss": float(-np.log(of_truth).mean()), "seconds": time.perf_counter() - start}


def reordered(split):
    x, x_test, y, y_test = split
    return x, y, x_test, y_test


class Results:
    """What was measured, in a file: a row for each group, table, method and split or seed."""

    def __init__(self):
        self.commit = subprocess.check_output(
            ["git", "describe", "--always", "--dirty"], cwd=HERE, text=True
        ).strip()
        self.code = benchmark_tables.measured_code(HERE.parent)
        self.rows = json.loads(RESULTS.read_text())["rows"] if RESULTS.exists() else []

    def add(self, key, measure):
        """Measures and writes a row, unless it was measured with this code, and prints it."""
        group, table, method, number = key
        place = {"group": group, "table": table, "method": method, "number": number}
        row = next((each for each in self.rows if place.items() <= each.items()), None)
        if row is None or row.get("code") != self.code:
            found = measure()
            self.rows = [each for each in self.rows if each is not row]
            day = datetime.date.today().isoformat()
            row = place | found | {"commit": self.commit, "code": self.code, "day": day}
            self.rows.append(row)
            self.write()
        values = [f"{name} {value:.3f}" for name, value in row.items() if isinstance(value, float)]
        print(f"{group:9} {table:13} {method:25} {number:3}  {'  '.join(values)}", flush=True)

    def write(self):
        RESULTS.parent.mkdir(exist_ok=True)
        rows = sorted(self.rows, key=lambda row: (row["group"], row["table"], row["method"], row["number"]))
        lines = ",\n  ".join(json.dumps(row) for row in rows)
        machine = f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores"
        RESULTS.write_text(f'{{"machine": "{machine}",\n "rows": [\n  {lines}\n]}}\n')


def summary(rows):
    """Prints the means of each group, table and method, with the spread over splits or seeds."""
    frame = pd.DataFrame(rows)
    for (group, table, method), part in frame.groupby(["group", "table", "method"]):
        means = []
        for name in ("rmse", "nll", "log_density", "coverage", "log_loss", "line", "seconds"):
            values = part[name].dropna() if name in part else []
            if len(values):
                error = f" ± {values.std() / len(values) ** 0.5:.3f}" if len(values) > 1 else ""
                means.append(f"{name} {values.mean():.3f}{error}")
        print(f"{group:9} {table:13} {method:25} of {len(part):3}: {'  '.join(means)}")
    if (frame["group"] == "gap").any():
        gaps = frame[frame["group"] == "gap"]
        share = np.mean(gaps["log_density"] < gaps["line"] - benchmark_tables.FAR_BELOW)
        print(f"gap splits more than {benchmark_tables.FAR_BELOW:g} nats below a straight line: {share:.1%}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("groups", nargs="*", default=["published"], choices=[*GROUPS, []])
    parser.add_argument("--seeds", type=int, default=1, help="of the model, on the published tables")
    parser.add_argument("--splits", type=int, default=20, help="of each UCI table")
    parser.add_argument("--repeats", type=int, default=10, help="of the ten-fold cross-validation")
    options = parser.parse_args()
    results = Results()
    for group in options.groups:
        GROUPS[group](results, options)
    summary(results.rows)


if __name__ == "__main__":
    main()
