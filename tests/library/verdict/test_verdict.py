"""A verdict in sentences and as a table, what it refuses, and the test of in-between."""

import json

import numpy as np
import pytest
from truths.hand_made_results import Result, regression, table

import bayesian_nn as bnn
from bayesian_nn import likelihoods
from bayesian_nn.data.images import PixelNorm
from bayesian_nn.verdict import evidence
from bayesian_nn.verdict.between import check_between, without_the_middle
from bayesian_nn.verdict.finding import Finding, Verdict, number, percent


def test_problems_come_first_with_their_remedy():
    fine = Finding("bands", "The band holds 90 % of the rows.", "", 0.9, 0.8)
    bad = Finding("units", "The units are wrong.", "Give a scaling.", np.inf, 0.0)
    verdict = Verdict((fine, bad), 1200)
    assert str(verdict).splitlines() == [
        "1 of 2 findings on 1,200 rows does not hold.",
        "Problem: The units are wrong. Give a scaling.",
        "Holds: The band holds 90 % of the rows.",
    ]
    assert not verdict.holds
    assert verdict.problems == (bad,)
    assert str(Verdict((fine,), 30)).startswith("All 1 findings on 30 rows hold.")


def test_the_table_is_json_and_says_what_the_sentences_say():
    result, _, rows = regression(0)
    verdict = bnn.check(result, rows)
    table = json.loads(json.dumps(verdict.table(), allow_nan=False))
    assert [row["sentence"] for row in table] == [finding.sentence for finding in verdict.findings]
    assert all(row["holds"] == (row["remedy"] == "") for row in table)
    endless = Verdict((Finding("a", "b", "c", np.inf, 1.0),), 20).table()
    assert endless[0]["value"] is None


def test_the_same_seed_gives_the_same_verdict():
    result, training, rows = regression(0)
    first, again = (bnn.check(result, rows, training=training, seed=3) for _ in range(2))
    assert first == again


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.12345, "0.123"), (1234.6, "1,235"), (12.0, "12"), (0.00012, "0.00012"), (2e10, "2e+10")],
)
def test_numbers_have_three_digits(value, text):
    assert number(value) == text


def test_percents_are_whole_but_near_none_and_all():
    assert [percent(share) for share in (0, 0.004, 0.5, 0.996, 0.99999, 1)] == [
        "0 %",
        "0.4 %",
        "50 %",
        "99.6 %",
        "100 %",
        "100 %",
    ]


def test_what_cannot_be_judged_is_refused():
    result, training, rows = regression(0)
    with pytest.raises(ValueError, match="20 rows or more"):
        bnn.check(result, table(rows.x[:19], rows.y[:19]))
    with pytest.raises(ValueError, match="training must be a Dataset"):
        bnn.check(result, rows, training=training.x)
    with pytest.raises(ValueError, match="layer_sizes must begin with 2"):
        bnn.check(result, table(rows.x[:, :2], rows.y))
    with pytest.raises(ValueError, match="result must be what fit"):
        bnn.check(result.model, rows)


def test_few_draws_and_one_network_are_judged_too():
    result, _, rows = regression(0)
    one = Result(result.model, result.latents.mean(axis=0, keepdims=True))
    assert bnn.check(one, rows, n_draws=50).n_rows == rows.n_points


def test_of_very_many_rows_a_random_part_is_looked_at(monkeypatch):
    result, _, rows = regression(0)
    monkeypatch.setattr(evidence, "MAX_NUMBERS", 400 * 50)
    assert bnn.check(result, rows).n_rows == 50


def test_a_class_that_was_given_no_probability_is_a_number_all_the_same():
    model = bnn.Model((1, 1), likelihoods.Bernoulli())
    x = np.linspace(-1, 1, 40)[:, None]
    verdict = bnn.check(Result(model, np.array([[2000.0, 0.0]])), table(x, x[:, 0] > -0.1))
    learned = next(finding for finding in verdict.problems if finding.topic == "learned")
    assert np.isfinite(learned.value)


def test_images_are_judged_as_tables_are_but_for_their_inputs():
    random = np.random.default_rng(0)
    images, labels = random.random((60, 2, 2)).astype(np.float32), random.integers(0, 2, 60)
    data = bnn.LabelledImages(images, labels, ("a", "b"))
    model = bnn.Model((4, 2), bnn.Categorical(2), scaling=PixelNorm(1.0))
    verdict = bnn.check(Result(model, np.zeros((1, 10))), data, training=data)
    assert [finding.topic for finding in verdict.findings] == [
        "rows",
        "learned",
        "line",
        "calibration",
        "rare class",
    ]


# The test of in-between.


@pytest.fixture(scope="module")
def bent():
    """Rows of a cosine of one input, and a second that says nothing."""
    random = np.random.default_rng(0)
    x = np.column_stack([random.uniform(-3, 3, 300), random.normal(size=300)])
    return table(x, np.cos(x[:, 0]) + random.normal(0, 0.1, 300))


def straight(noise_std):
    """A refit that is least squares, sure of itself, with this noise."""

    def refit(data):
        design = np.column_stack([data.x, np.ones(data.n_points)])
        fitted = np.linalg.lstsq(design, data.y, rcond=None)[0]
        return Result(bnn.Model((2, 1), bnn.Gaussian(noise_std)), fitted[None])

    return refit


def test_the_middle_third_is_left_out(bent):
    outer, middle = without_the_middle(bent, "a")
    assert outer.n_points + middle.n_points == 300
    assert middle.n_points == pytest.approx(100, abs=2)
    inside = (middle.x[:, 0].min() < outer.x[:, 0]) & (outer.x[:, 0] < middle.x[:, 0].max())
    assert not inside.any()
    np.testing.assert_allclose(outer.scaling.inputs(outer.x).std(axis=0), 1)
    assert middle.scaling == outer.scaling


def test_a_line_falls_by_nothing_below_a_line(bent):
    verdict = check_between(straight(1.0), bent, seed=0)
    assert [finding.topic for finding in verdict.findings] == ["between", "between"]
    assert verdict.holds
    for finding in verdict.findings:
        assert finding.value == pytest.approx(0, abs=0.02)


def test_a_sure_and_wrong_guess_in_between_falls_below_the_line(bent):
    def refit(data):
        # The opposite of the line, in the middle only.
        fitted = straight(1.0)(data)
        return Result(fitted.model, fitted.latents - [[0, 0, 4.0]])

    (finding,) = check_between(refit, bent, seed=0, inputs=["a"]).findings
    assert finding.value > 2
    assert "the 90 % band holds 0 %" in finding.sentence
    assert "sample_hmc" in finding.remedy


def test_an_input_without_a_middle_is_left_alone(bent):
    flag = table(np.column_stack([bent.x[:, 0], bent.x[:, 1] > 0]), bent.y)
    assert len(check_between(straight(1.0), flag, seed=0).findings) == 1
    with pytest.raises(ValueError, match="'b' has too few values"):
        check_between(straight(1.0), flag, seed=0, inputs=["b"])
    with pytest.raises(ValueError, match="inputs must be among a, b; got 'z'"):
        check_between(straight(1.0), flag, seed=0, inputs=["z"])
