"""What passes for numbers: nothing that NumPy would make one of in silence."""

import datetime

import numpy as np
import pytest

import bayesian_nn as bnn
from bayesian_nn.runtime.checks import (
    finite_numbers,
    fraction,
    is_missing,
    not_negative,
    numbers_with_gaps,
    positive,
    whole_number,
)

DAYS = np.array(["2024-01-01", "NaT", "2024-01-04"], "M8[D]")


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (DAYS, "got dates. Leave out the missing ones, and give days"),
        (DAYS.astype(object), "must be an array of numbers"),
        ([np.datetime64("NaT"), np.datetime64("2024-01-04")], "got dates"),
        (np.array([np.datetime64("2024-01-04"), 1.0], object), "got dates"),
        (DAYS - DAYS[0], "got times between dates. Divide by a unit"),
        ([datetime.date(2024, 1, 1), 2.0], "must be an array of numbers"),
        (np.array([1 + 2j, 1]), "got complex numbers. Give real and imaginary part"),
        (["007", "12"], "got text. If it holds numbers, and no identifiers"),
        (np.array([1.0, "2"], object), "got text"),
        (np.array([b"1"]), "got text"),
        (np.ma.masked_equal([[1.0, -999.0]], -999.0), r"1 values that are masked, .* index \(0, 1\): -999"),
        ([1.0, None], r"1 values that are not finite, the first at index \(1,\): nan"),
        (np.array([1.0, np.nan, np.inf]), r"2 values that are not finite, the first at index \(1,\)"),
        ([[1.0], [1.0, 2.0]], "must be an array of numbers"),
        ([10**400], "must be an array of numbers"),
        (object(), "must be an array of numbers"),
    ],
)
def test_what_is_no_number_is_refused_by_what_it_is(values, said):
    with pytest.raises(ValueError, match=f"x .*{said}"):
        finite_numbers("x", values)


@pytest.mark.parametrize(
    "values",
    [[1, 2], [True, False], np.array([1, 2.5], object), np.float32([1, 2]), np.ma.masked_array([1.0]), 3],
)
def test_numbers_of_any_kind_are_kept(values):
    numbers = finite_numbers("x", values)
    assert numbers.dtype == np.float64
    np.testing.assert_array_equal(numbers, np.asarray(values, float))


def test_what_is_missing_by_another_name_is_missing():
    pandas = pytest.importorskip("pandas")
    marks = [
        None,
        np.nan,
        np.float32("nan"),
        pandas.NA,
        pandas.NaT,
        np.datetime64("NaT"),
        np.timedelta64("NaT"),
    ]
    assert all(map(is_missing, marks))
    assert not any(map(is_missing, [0, "", np.inf, "nan", np.datetime64("2024-01-01"), False]))
    with pytest.raises(ValueError, match=r"x has 1 values that are not finite, the first at index \(1,\)"):
        finite_numbers("x", [1.0, pandas.NA])
    gaps = numbers_with_gaps("x", np.ma.masked_array([1.0, 2.0, np.nan], mask=[False, True, False]))
    np.testing.assert_array_equal(gaps, [1, np.nan, np.nan])
    with pytest.raises(ValueError, match=r"x has 1 values that are not finite, .*: inf"):
        numbers_with_gaps("x", [np.nan, np.inf])


def test_a_table_with_a_missing_date_is_refused():
    with pytest.raises(ValueError, match="x must be an array of numbers; got dates"):
        bnn.dataset(DAYS, [1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"1 of 3 rows have missing cells \('y' 1\)"):
        bnn.dataset([1.0, 2.0, 3.0], np.ma.masked_less([1.0, -1.0, 2.0], 0))


HUGE = 10**400


@pytest.mark.parametrize("value", [HUGE, -HUGE])
@pytest.mark.parametrize(
    "check", [positive, not_negative, whole_number, lambda name, value: fraction(name, value, but=1)]
)
def test_an_int_that_no_float_or_array_can_hold_is_refused_in_a_short_message(check, value):
    with pytest.raises(ValueError, match=r"^rate must be .*; got -?1000+\.\.\.0+\.$"):
        check("rate", value)


@pytest.mark.parametrize(
    ("argument", "make"),
    [
        (r"layer_sizes\[1\]", lambda: bnn.Model((1, HUGE, 1), bnn.Gaussian(0.1))),
        ("noise_std", lambda: bnn.Gaussian(HUGE)),
        ("noise_std.median", lambda: bnn.Gaussian(bnn.LearnedNoise(HUGE))),
        ("learning_rate", lambda: bnn.Adam(HUGE)),
        ("initial", lambda: bnn.StepDecay(HUGE)),
        ("std", lambda: bnn.GaussianPrior(HUGE)),
        ("n_draws", lambda: bnn.Elbo(HUGE)),
    ],
)
def test_a_huge_number_is_refused_under_its_own_name(argument, make):
    with pytest.raises(ValueError, match=f"{argument} must be"):
        make()
