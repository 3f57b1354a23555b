"""What the page of the small digits says in words, held against the numbers of the build."""

import json

import pytest


@pytest.fixture(scope="module")
def numbers(root, site):
    return json.loads((root / "outputs" / "plot_digits" / "numbers.json").read_text(encoding="utf-8"))


def test_at_weight_one_averaging_is_too_cautious_and_less_so_at_smaller_weights(numbers):
    for score in ("log_loss", "ece"):
        average = [numbers[f"validation_{score}_average_at_{weight}"] for weight in ("1", "0.3", "0.1")]
        assert average == sorted(average, reverse=True)
        assert average[0] > 1.2 * numbers[f"validation_{score}_means_at_1"]
    assert numbers["kl_weight"] < 1


def test_the_average_is_better_calibrated_than_its_mean_weights_and_no_worse_than_an_ordinary_network(
    numbers,
):
    assert numbers["log_loss_average"] < 0.9 * numbers["log_loss_means"]
    assert numbers["ece_average"] < numbers["ece_means"]
    assert numbers["log_loss_average"] < 1.05 * numbers["log_loss_ordinary"]
    standard_error = (numbers["error_ordinary"] / numbers["n_test"]) ** 0.5
    for key in ("average", "means"):
        assert abs(numbers[f"error_{key}"] - numbers["error_ordinary"]) < 2 * standard_error


def test_only_the_average_knows_noise_and_nothing_knows_turned_digits_well(numbers):
    assert numbers["auroc_noise_average"] > 0.98
    for key in ("ordinary", "means"):
        assert numbers[f"auroc_noise_{key}"] < 0.95
        assert numbers[f"auroc_turned_{key}"] < 0.52
    assert 0.6 < numbers["auroc_turned_average"] < numbers["auroc_turned_epistemic"] < 0.9


def test_priors_with_narrow_weights_score_better_on_digits_and_know_noise_less_well(numbers):
    for name in ("mixture", "relevance"):
        assert numbers[f"prior_{name}_log_loss"] < numbers["prior_gaussian_log_loss"]
        assert numbers[f"prior_{name}_ece"] < numbers["prior_gaussian_ece"]
        assert numbers[f"prior_{name}_auroc"] < numbers["prior_gaussian_auroc"]
        assert numbers[f"prior_{name}_std_blank"] < 0.1 < 0.9 < numbers["prior_gaussian_std_blank"]


def test_errors_are_where_the_doubt_is(numbers):
    assert numbers["error_most_doubted"] > 3 * numbers["error_average"]
