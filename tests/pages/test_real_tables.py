"""What the post on real tables says in words, held against what was measured and published."""

import json

import pytest

from site_build.html import benchmark_tables

ADDRESS = "blog/real-tables/"


@pytest.fixture(scope="module")
def numbers(root, site):
    return json.loads((root / "outputs" / "plot_real_tables" / "numbers.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def published(root):
    rows = json.loads((root / benchmark_tables.PUBLISHED).read_text(encoding="utf-8"))["rows"]
    return {(row["table"], row["method"]): row for row in rows}


def best(published, table, score):
    rows = [row for (name, _), row in published.items() if name == table and score in row]
    return min(rows, key=lambda row: row[score])["method"]


def test_the_page_says_that_the_code_has_moved_on_exactly_when_it_has(root, posts):
    text = posts[ADDRESS].select_one(".md-content").get_text()
    assert ("The code has moved on" in text) == bool(benchmark_tables.moved_on(root))
    measured = (root / benchmark_tables.RESULTS).exists()
    assert ("not in the build of this page" in text) == measured


def test_nobody_is_far_ahead_on_the_small_table_and_bands_hold(numbers):
    densities = {row["method"]: row["log_density"] for row in numbers["diabetes"]}
    assert max(densities.values()) - min(densities.values()) < 0.3
    assert densities["Bayesian network"] > densities["Bayesian line"] - 0.05
    (ours,) = (row for row in numbers["diabetes"] if row["method"] == "Bayesian network")
    assert 0.82 < ours["coverage"] < 0.97


def test_a_plain_logistic_regression_is_the_one_to_beat(numbers):
    loss = {(row["table"], row["method"]): row["log_loss"] for row in numbers["classes"]}
    for table in ("breast cancer", "wine"):
        line = loss[table, "logistic regression"]
        assert line < min(loss[table, "boosting"], loss[table, "random forest"])
        assert loss[table, "Bayesian network"] < line + 0.05


def test_the_published_rows_are_as_the_post_tells_them(published):
    assert best(published, "airfoil", "nll") == best(published, "bike sharing", "rmse") == "TabPFN v2"
    assert best(published, "airfoil", "rmse") == best(published, "bike sharing", "nll") == "BDE"
    for table in ("airfoil", "bike sharing"):
        seconds = {name: row.get("seconds", 0) for (where, name), row in published.items() if where == table}
        assert max(seconds, key=seconds.get) == "BDE"
        boosted = published[table, "CatBoost with uncertainty"]
        assert seconds["CatBoost with uncertainty"] < 3
        assert published[table, "BDE"]["nll"] < boosted["nll"]
        assert (
            max(boosted["rmse"], published[table, "XGBoost"]["rmse"])
            < (published[table, "deep ensemble"]["rmse"])
        )
    assert published["airfoil", "TabPFN v2"]["seconds"] < 10
    assert published["bike sharing", "TabPFN v2"]["seconds"] > 600
