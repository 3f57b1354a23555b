"""What the page on MNIST says in words, held against the numbers that its build left."""

import json

import pytest


@pytest.fixture(scope="module")
def numbers(root, site):
    return json.loads((root / "outputs" / "plot_mnist" / "numbers.json").read_text(encoding="utf-8"))


def test_the_post_says_which_digits_it_was_made_with(numbers, posts):
    text = posts["blog/mnist-finally/"].select_one(".md-content").get_text()
    assert ("Made without MNIST" in text) == (not numbers["is_mnist"])
    assert numbers["data"] in ("MNIST", "8x8 digits")


def test_the_average_of_draws_is_the_better_posterior(numbers):
    assert numbers["average_log_loss_mean"] < numbers["cold_log_loss_mean"]
    average = next(row for row in numbers["methods"] if row["key"] == "average")
    for row in numbers["methods"]:
        if row["key"] in ("plain", "ensemble", "dropout"):
            assert average["error"] < row["error"]
            assert average["log_loss"] < row["log_loss"]
            assert average["auroc"] > row["auroc"]


def test_noise_and_other_things_are_doubted_more_than_digits(numbers):
    kinds = {row["name"]: row for row in numbers["uncertainty"]}
    digits, other, noise = (kinds[name] for name in ("digits", numbers["other"], "noise"))
    for part in ("entropy", "epistemic"):
        assert 2 * digits[part] < min(other[part], noise[part])
    for row in kinds.values():
        assert row["entropy"] == pytest.approx(row["aleatoric"] + row["epistemic"])


def test_mnist_s_scores_are_those_that_the_page_is_about(numbers):
    """Far from the edge: chance among machines moves a tenth of a point, and a mistake much more."""
    if not numbers["is_mnist"]:
        # Of the small digits only what holds for them: far better than one in ten.
        assert numbers["average_error_mean"] < 15
        return
    assert numbers["one_error_mean"] < 2.2
    assert numbers["cold_error_mean"] < 1.8
    assert numbers["average_log_loss_mean"] < 0.05
    assert numbers["average_auroc_mean"] > 0.94
    removed = {row["removed"]: row for row in numbers["pruning"]}
    assert removed[95.0]["one"] < removed[0.0]["one"] + 0.1
