"""From a table to a report, predictions and a verdict: all or nothing, and the same in a new process."""

import csv
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import bayesian_nn as bnn
from bayesian_nn.command_line import fit, folder
from bayesian_nn.command_line.main import main
from bayesian_nn.command_line.methods import METHODS, Method

N = 150


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setitem(METHODS, "auto", Method("a quick fit", bnn.fit, {"n_steps": 150, "record_at": [0]}))
    monkeypatch.setattr(fit, "why", lambda option, model, n_rows: ("a quick fit", "it is quick."))


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """A folder with tables: of numbers, with a category and gaps; and of classes."""
    place, random = tmp_path_factory.mktemp("tables"), np.random.default_rng(0)
    kinds, age = random.choice(["flat", "house"], N), random.uniform(0, 10, N)
    price = 3 * age + 10 * (kinds == "house") + random.normal(size=N)
    frame = pd.DataFrame({"kind": kinds, "age": age, "price": price})
    frame.to_csv(place / "houses.csv", index=False)
    frame.assign(age=frame["age"].where(frame.index % 10 != 3)).to_csv(place / "gaps.csv", index=False)
    frame.assign(kind=np.where(frame["age"] + random.normal(size=N) > 5, 1, 7)).to_csv(
        place / "won.csv", index=False, sep=";", decimal=","
    )
    return place


@pytest.fixture
def here(tables, tmp_path, monkeypatch):
    for file in tables.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lines(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_fit_writes_a_folder_whose_parts_agree(here, capsys):
    assert main(["fit", "houses.csv", "--target", "price"]) == 0
    said = capsys.readouterr().out
    report = here / "houses-report"
    assert {file.name for file in report.iterdir()} == set(folder.FILES)
    numbers = json.loads((report / "numbers.json").read_text())
    assert (numbers["n_training"], numbers["n_judged"], numbers["seed"]) == (120, 30, 0)
    assert all(row["sentence"] in said for row in numbers["verdict"])
    rows, table = lines(report / "predictions.csv"), lines("houses.csv")
    assert len(rows) == 30
    for row in rows:
        # The header is line 1.
        assert float(table[int(row["line"]) - 2]["price"]) == pytest.approx(float(row["y"]), rel=1e-8)
    inside = [float(row["lower"]) <= float(row["y"]) <= float(row["upper"]) for row in rows]
    assert np.mean(inside) == pytest.approx(numbers["scores"]["coverage"])
    # Nothing is left beside it.
    assert {file.name for file in here.iterdir()} == {*("houses.csv", "gaps.csv", "won.csv", "houses-report")}


def test_a_saved_fit_predicts_the_same_in_a_new_process_and_its_program_does_the_same(here):
    assert main(["fit", "gaps.csv", "--target", "price", "--missing", "impute", "--seed", "3"]) == 0
    assert main(["predict", "gaps-report", "gaps.csv", "--output", "here.csv"]) == 0
    command = [sys.executable, "-m", "bayesian_nn", "predict", "gaps-report", "gaps.csv"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    assert (here / "predictions.csv").read_bytes() == (here / "here.csv").read_bytes()
    told, found = lines("gaps-report/predictions.csv"), {row["line"]: row for row in lines("here.csv")}
    for row in told:
        assert float(found[row["line"]]["mean"]) == pytest.approx(float(row["mean"]), rel=1e-5)
    done = subprocess.run([sys.executable, "gaps-report/fit.py"], capture_output=True, text=True)
    assert not done.returncode, done.stderr
    saved, again = bnn.load("gaps-report/result.npz"), bnn.load("result.npz")
    np.testing.assert_array_equal(again.final_parameters, saved.final_parameters)
    assert again.model == saved.model
    numbers = json.loads((here / "gaps-report" / "numbers.json").read_text())
    assert all(row["sentence"] in done.stdout for row in numbers["verdict"])


def test_classes_of_numbers_in_a_file_of_another_form(here, capsys):
    assert main(["fit", "won.csv", "--target", "kind", "--report", "deep/won"]) == 0
    assert "kind is 2 classes, for it holds 2 whole numbers" in capsys.readouterr().out
    assert main(["predict", "deep/won", "won.csv"]) == 0
    row = lines("predictions.csv")[0]
    assert list(row) == ["line", "class", "probability of 1", "probability of 7", "doubt"]
    assert row["class"] in ("1", "7")
    # A file of predictions may be written again; one of something else may not.
    assert main(["predict", "deep/won", "won.csv"]) == 0
    (here / "predictions.csv").write_text("my,own\n1,2\n")
    assert main(["predict", "deep/won", "won.csv"]) == 1
    assert "predictions.csv is there and holds something else" in capsys.readouterr().err
    assert (here / "predictions.csv").read_text() == "my,own\n1,2\n"


def test_check_says_whether_it_holds_by_its_exit_code(here, capsys):
    main(["fit", "houses.csv", "--target", "price", "--held-out", "0"])
    verdict = str(bnn.check(*_saved_and_rows("houses.csv"), seed=0))
    capsys.readouterr()
    code = main(["check", "houses-report", "houses.csv"])
    assert capsys.readouterr().out.strip() == verdict
    assert code == (0 if verdict.startswith("All") else 3)
    frame = pd.read_csv("houses.csv")
    frame["price"] += 100
    frame.to_csv("others.csv", index=False)
    assert main(["check", "houses-report", "others.csv"]) == 3
    assert "Problem: " in capsys.readouterr().out


def _saved_and_rows(path):
    result = bnn.load("houses-report/result.npz")
    return result, bnn.dataset(pd.read_csv(path), "price", like=result.model)


def test_an_earlier_report_is_replaced_and_what_is_beside_it_stays(here):
    main(["fit", "houses.csv", "--target", "price"])
    (here / "houses-report" / "notes.txt").write_text("mine")
    first = (here / "houses-report" / "result.npz").read_bytes()
    assert main(["fit", "houses.csv", "--target", "price", "--seed", "1"]) == 0
    assert (here / "houses-report" / "result.npz").read_bytes() != first
    assert (here / "houses-report" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError("no"), OSError(28, "No space left", "x")])
@pytest.mark.parametrize("at", ["check", "write_report"])
def test_what_is_broken_off_leaves_the_last_good_report(here, monkeypatch, capsys, error, at):
    main(["fit", "houses.csv", "--target", "price"])
    before = {file.name: file.read_bytes() for file in (here / "houses-report").iterdir()}

    def broken(*arguments, **settings):
        raise error

    monkeypatch.setattr(fit, at, broken)
    code = main(["fit", "houses.csv", "--target", "price", "--seed", "1"])
    assert code == (130 if error is KeyboardInterrupt else 1)
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert {file.name: file.read_bytes() for file in (here / "houses-report").iterdir()} == before
    assert len(list(here.iterdir())) == 4


def test_an_interrupted_result_is_no_report(here, monkeypatch, capsys):
    class Interrupted:
        outcome = "interrupted"

    stopped = Method("stopped", lambda model, data, *, seed: Interrupted(), {})
    monkeypatch.setitem(METHODS, "auto", stopped)
    assert main(["fit", "houses.csv", "--target", "price"]) == 130
    assert "nothing was written" in capsys.readouterr().err
    assert not (here / "houses-report").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["fit", "none.csv", "--target", "price"], "none.csv: No such file or directory"),
        (["fit", "houses.csv", "--target", "prize"], "There is no column 'prize'"),
        (["fit", "houses.csv", "--target", "price", "--inputs", "rooms"], "There is no column 'rooms'"),
        (["fit", "gaps.csv", "--target", "price"], "--missing drop leaves these rows out"),
        (["fit", "houses.csv", "--target", "price", "--held-out", ".1"], "--held-out 0.1 leaves 15 of 150"),
        (["fit", "houses.csv", "--target", "price", "--report", "."], "holds something else than a report"),
        (["fit", "houses.csv", "--target", "price", "--report", "won.csv"], "won.csv is a file"),
        (["predict", ".", "houses.csv"], "is no report: give the folder"),
        (["check", "nowhere", "houses.csv"], "nowhere is no report"),
    ],
)
def test_what_cannot_be_used_ends_with_1_and_no_traceback(here, capsys, arguments, said):
    assert main(arguments) == 1
    told = capsys.readouterr().err
    assert told.startswith("bayesian-nn: error: ")
    assert said in told
    assert {file.name for file in here.iterdir()} == {"houses.csv", "gaps.csv", "won.csv"}
