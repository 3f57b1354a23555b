"""The benchmark's committed results on a page: means, order, and whether the code has moved on."""

import json

import pytest
from readers.site_build_project import write
from repository import ROOT

from site_build.files.fingerprint import code_digest
from site_build.html import benchmark_tables

NOTICE = "The code has moved on"
SOURCE = '''"""What it says."""

SLOPE = 2  # Steep.


def line(x):
    """Returns a line."""
    return SLOPE * x
'''


def row(group, table, method, number, **scores):
    return {"group": group, "table": table, "method": method, "number": number} | scores


ROWS = [
    *(
        row("published", "airfoil", "default", seed, nll=-0.5 - seed, rmse=0.2, seconds=50.0)
        for seed in (0, 1)
    ),
    row("published", "airfoil", "linear regression", 0, rmse=0.66),
    *(row("uci", "Wine", "default", split, log_density=-0.9 - 0.1 * split) for split in (0, 1, 2)),
    row("gap", "Wine", "default", 0, log_density=-3.5, line=-1.0, coverage=0.5),
    row("gap", "Power", "default", 0, log_density=-2.5, line=-1.0, coverage=0.8),
    *(row("classes", "iris", "default", fold, log_loss=0.1) for fold in (0, 1)),
    *(row("classes", "iris", "random forest", fold, log_loss=0.2) for fold in (0, 1)),
    *(row("classes", "iris", "logistic regression", fold, log_loss=0.05) for fold in (0, 1)),
]


@pytest.fixture
def project(tmp_path):
    """A project whose results were measured with its present code."""
    for room in benchmark_tables.ROOMS:
        write(tmp_path / "src" / "bayesian_nn" / room / "line.py", SOURCE)
    write(tmp_path / benchmark_tables.PUBLISHED, (ROOT / benchmark_tables.PUBLISHED).read_text("utf-8"))
    code = benchmark_tables.measured_code(tmp_path)
    rows = [each | {"commit": "abc1234", "code": code, "day": "2026-11-27"} for each in ROWS]
    write(tmp_path / benchmark_tables.RESULTS, json.dumps({"machine": "x86_64, 2 cores", "rows": rows}))
    return tmp_path


def cells(table):
    heads, _, *rows = [line.strip("| ").split(" | ") for line in table.splitlines()]
    return [dict(zip(heads, row, strict=True)) for row in rows]


def test_a_page_says_when_where_and_at_which_commit(project):
    note = benchmark_tables.benchmark_note(project)
    assert "on 27 November 2026, at commit `abc1234`, on x86_64, 2 cores" in note
    assert NOTICE not in note


@pytest.mark.parametrize("room", benchmark_tables.ROOMS)
def test_a_page_says_that_the_code_has_moved_on_when_it_has(project, room):
    file = project / "src" / "bayesian_nn" / room / "line.py"
    file.write_text(SOURCE.replace("SLOPE * x", "SLOPE * x + 1"))
    note = benchmark_tables.benchmark_note(project)
    assert NOTICE in note
    assert f"{len(ROWS)} of {len(ROWS)} rows" in note


def test_comments_and_docstrings_are_no_code(project):
    file = project / "src" / "bayesian_nn" / "model" / "line.py"
    file.write_text(
        SOURCE.replace("  # Steep.", "").replace("What it says", "A line").replace("Returns", "Has")
    )
    assert NOTICE not in benchmark_tables.benchmark_note(project)
    file.write_text(SOURCE.replace("SLOPE = 2", "SLOPE = '2'  # '"))
    assert NOTICE in benchmark_tables.benchmark_note(project)


def test_a_file_that_is_renamed_is_other_code(tmp_path):
    files = [tmp_path / name for name in ("a.py", "b.py")]
    digests = set()
    for file in files:
        write(file, SOURCE)
        digests.add(code_digest([file], tmp_path))
    assert len(digests) == 2


def test_rows_that_name_no_code_count_as_moved_on(project):
    file = project / benchmark_tables.RESULTS
    results = json.loads(file.read_text())
    del results["rows"][0]["code"]
    file.write_text(json.dumps(results))
    assert f"1 of {len(ROWS)} rows" in benchmark_tables.benchmark_note(project)


def test_methods_stand_beside_the_published_ones_the_best_first(project):
    rows = cells(benchmark_tables.benchmark_table(project, "published", "airfoil"))
    assert [each["method"] for each in rows][:4] == [
        "**default**",
        "TabPFN v2",
        "BDE",
        "CatBoost with uncertainty",
    ]
    # The mean of -0.5 and -1.5, and its standard error.
    assert rows[0]["NLL"] == "\N{MINUS SIGN}1.000\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}0.500"
    assert (rows[0]["seconds"], rows[0]["seeds"]) == ("50", "2")
    lines = [each for each in rows if each["method"] == "linear regression"]
    assert {each["seeds"] for each in lines} == {"published", "1"}
    assert {each["NLL"] for each in lines} == {"\N{EN DASH}"}


def test_a_group_has_its_tables_with_the_number_of_splits(project):
    (wine,) = cells(benchmark_tables.benchmark_table(project, "uci"))
    assert (wine["table"], wine["splits"]) == ("Wine", "3")
    # The sd of 0.9, 1.0 and 1.1 over the root of 3.
    assert wine["log density"] == "\N{MINUS SIGN}1.00\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}0.06"


def test_who_is_better_is_said(project):
    said = benchmark_tables.benchmark_ranking(project, "classes", "iris")
    assert said == (
        "The lowest log loss on iris is that of logistic regression (0.050). *default* reaches 0.100, behind "
        "logistic regression, and is ahead of random forest."
    )
    said = benchmark_tables.benchmark_ranking(project, "published", "airfoil")
    assert said == ("The lowest NLL on airfoil is that of this library's *default* (\N{MINUS SIGN}1.000).")
    assert "has not been measured" in benchmark_tables.benchmark_ranking(project, "published", "bike sharing")


def test_gaps_are_counted_and_named(project):
    said = benchmark_tables.benchmark_gaps(project)
    assert "In 1 of 2 of these splits (50%)" in said
    assert said.endswith("on Wine.")


def test_without_results_a_page_says_so(project):
    (project / benchmark_tables.RESULTS).unlink()
    assert "Not measured" in benchmark_tables.benchmark_note(project)
    assert "BDE" in benchmark_tables.benchmark_table(project, "published", "airfoil")
    assert benchmark_tables.benchmark_table(project, "uci") == "*Not measured.*"
    assert "have not been measured" in benchmark_tables.benchmark_gaps(project)


def test_the_committed_results_are_of_this_code_or_the_page_says_that_they_are_not():
    file = ROOT / benchmark_tables.RESULTS
    if not file.exists():
        pytest.skip("benchmarks/tables.py has not been run.")
    codes = {each.get("code") for each in json.loads(file.read_text("utf-8"))["rows"]}
    moved_on = codes != {benchmark_tables.measured_code(ROOT)}
    assert (NOTICE in benchmark_tables.benchmark_note(ROOT)) == moved_on
    if moved_on:
        pytest.skip("The code has moved on since benchmarks/results/tables.json, and the page says so.")
