"""Targets: the same in every shape that has one meaning, and recognised for what they are."""

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pandas as pd
import polars as pl
import pytest

import bayesian_nn as bnn
from bayesian_nn.data import kind_of_target

X = np.linspace(0, 1, 6)
NUMBERS = [1.5, 2.0, 0.5, 4.0, 3.0, 2.5]
WORDS = ["red", "blue", "red", "green", "blue", "red"]


@pytest.mark.parametrize(
    "y",
    [
        NUMBERS,
        tuple(NUMBERS),
        np.array(NUMBERS)[:, None],
        np.array(NUMBERS, object),
        pd.Series(NUMBERS),
        pd.DataFrame({"y": NUMBERS}),
        pl.Series(NUMBERS),
        pl.DataFrame({"y": NUMBERS}),
        [str(value) for value in NUMBERS],
    ],
)
def test_one_target_means_the_same_in_every_shape(y):
    data = bnn.dataset(X, y)
    np.testing.assert_array_equal(data.y, NUMBERS)
    assert data.classes is None


@pytest.mark.parametrize(
    "y",
    [WORDS, np.array(WORDS), np.array(WORDS)[:, None], pd.Series(WORDS, dtype="category"), pl.Series(WORDS)],
)
def test_words_become_the_numbers_of_named_classes(y):
    data = bnn.dataset(X, y)
    assert data.classes == ("blue", "green", "red")
    np.testing.assert_array_equal(data.y, [2, 0, 2, 1, 0, 2])


def test_truth_values_are_two_classes_and_numbers_are_where_their_reader_says_so():
    data = bnn.dataset(X, [True, False, False, True, True, False])
    assert data.classes == ("False", "True")
    np.testing.assert_array_equal(data.y, [1, 0, 0, 1, 1, 0])
    graded = bnn.dataset(X, [10, 2, 2, 10, 33, 2], y_name="grade", categories=["grade"])
    assert graded.classes == ("2", "10", "33")
    np.testing.assert_array_equal(graded.y, [1, 0, 0, 1, 2, 0])


@hypothesis.given(st.lists(st.integers(0, 3), min_size=6, max_size=6))
def test_one_hot_rows_are_class_numbers(numbers):
    one_hot = np.eye(4)[numbers]
    np.testing.assert_array_equal(bnn.dataset(X, one_hot).y, numbers)
    named = bnn.dataset(X, pl.DataFrame(one_hot, schema=["a", "b", "c", "d"]))
    np.testing.assert_array_equal(named.y, numbers)
    assert named.classes == ("a", "b", "c", "d")


def test_names_come_with_the_target():
    frame = pd.DataFrame({"x": X, "price": NUMBERS, "rent": NUMBERS[::-1]})
    assert bnn.dataset(frame[["x"]], frame.price).y_name == "price"
    assert bnn.dataset(frame[["x"]], frame.price, y_name="cost").y_name == "cost"
    for y in (["price", "rent"], frame[["price", "rent"]]):
        several = bnn.dataset(frame[["x"]] if y is not None and not isinstance(y, list) else frame, y)
        assert several.y_name == ("price", "rent")
        np.testing.assert_array_equal(several.y, np.column_stack([NUMBERS, NUMBERS[::-1]]))


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (pd.Series(pd.date_range("2024-01-01", periods=6)), "holds dates. Give days since a first one"),
        (np.arange(6).astype("M8[D]"), "y must be an array of numbers; got dates"),
        (["red"] * 6, "y must take two values or more; 'y' is 'red' throughout"),
        ([*map(str, NUMBERS[:5]), "many"], "(?s)decision first.*'y' holds no number in 1 .* 'many' in row 5"),
        ([{}] * 6, "y holds dict, such as .*: numbers, or the names of classes, are needed"),
        (
            pd.DataFrame({"a": NUMBERS, "b": WORDS}),
            "Of several targets each must be numbers; column 'b' is not",
        ),
        (np.ones((6, 1, 1)), r"y must be \[n_points\] or \[n_points, n_targets\]; got \[6, 1, 1\]"),
        ([[1], [1, 2]], r"y must be \[n_points\]"),
        (3.0, r"y must be \[n_points\] or .*; got \[\]"),
    ],
)
def test_what_is_no_target_is_refused(y, message):
    with pytest.raises(ValueError, match=message):
        bnn.dataset(X, y)


@pytest.mark.parametrize(
    ("y", "kind"),
    [
        (NUMBERS, "real"),
        (np.linspace(-3, 3, 50), "real"),
        ([0, 1, 0, 1], "binary"),
        ([0.0, 1.0, np.nan], "binary"),
        ([1, 2, 2, 1], "binary"),
        (["yes", "no", "no"], "binary"),
        ([True, False], "binary"),
        (pd.Series([True, None, False], dtype="boolean"), "binary"),
        (WORDS, "classes"),
        (pd.Series([1, 2, 3], dtype="category"), "classes"),
        ([1, 2, 3, 1, 2, 3], "classes"),
        ([-1, 0, 1], "classes"),
        (np.eye(3), "classes"),
        (np.random.default_rng(0).poisson(3.0, 200), "count"),
        (np.random.default_rng(0).negative_binomial(1, 0.01, 200), "count"),
        (np.random.default_rng(0).integers(3, 9, 200), "real"),
        (np.random.default_rng(0).integers(200_000, 900_000, 200), "real"),
        (np.random.default_rng(0).integers(-20, 40, 200), "real"),
        ([str(value) for value in NUMBERS], "real"),
    ],
)
def test_a_target_is_recognised(y, kind):
    assert kind_of_target(y) == kind
    if not isinstance(y, pd.Series):
        assert kind_of_target(pl.Series(np.asarray(y).tolist()) if np.ndim(y) == 1 else y) == kind


@pytest.mark.parametrize("mean", [0.5, 2.0, 20.0])
def test_counts_of_a_poisson_process_are_recognised_unless_far_from_zero(mean):
    counts = np.random.default_rng(1).poisson(mean, 2000)
    found = kind_of_target(counts)
    assert found == ("count" if len(np.unique(counts)) > 5 and counts.min() <= 10 else "classes")


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.ones((3, 2)), "y must be a single target; got 2 columns"),
        (pd.Series(pd.date_range("2024-01-01", periods=6)), "y must be numbers or classes; got dates"),
    ],
)
def test_a_kind_of_nothing_is_refused(y, message):
    with pytest.raises(ValueError, match=message):
        kind_of_target(y)


def test_other_rows_are_encoded_as_those_of_training():
    train = pd.DataFrame({"size": NUMBERS, "kind": ["a", "b", "a", "b", "a", "b"], "colour": WORDS})
    data = bnn.dataset(train, "colour")
    other = pl.DataFrame({"colour": ["red", "red"], "kind": ["c", "b"], "size": [7.0, 8.0]})
    held_out = bnn.dataset(other, "colour", like=data, name="held out")
    np.testing.assert_array_equal(held_out.y, [2, 2])
    np.testing.assert_array_equal(held_out.x, [[7, 0, 0, 1], [8, 0, 1, 0]])
    assert (held_out.scaling, held_out.classes, held_out.name) == (data.scaling, data.classes, "held out")
    with pytest.raises(ValueError, match=r"'colour' is 'pink', which is none of the classes"):
        bnn.dataset(other.with_columns(colour=pl.lit("pink")), "colour", like=data)
    with pytest.raises(ValueError, match="'colour' is missing in 2 rows"):
        bnn.dataset(other.with_columns(colour=pl.lit("NA")), "colour", like=data)
    with pytest.raises(ValueError, match="like is for a data frame x"):
        bnn.dataset(X, NUMBERS, like=data)
