"""The encoding of columns: that of scikit-learn, in any order of columns, whatever library holds them."""

import subprocess
import sys

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import OneHotEncoder

import bayesian_nn as bnn
from bayesian_nn.data import BooleanColumn, CategoryColumn, Columns, DateColumn, NumberColumn

LIBRARIES = {"pandas": pd.DataFrame, "polars": pl.DataFrame}
MAKE = pytest.mark.parametrize("make", LIBRARIES.values(), ids=LIBRARIES)
COLUMNS = Columns(
    (
        NumberColumn("mass"),
        NumberColumn("age", fill=40.0),
        BooleanColumn("paid"),
        DateColumn("day"),
        CategoryColumn("colour", ("blue", "red")),
        CategoryColumn("size", ("L", "S"), takes_gaps=True),
    ),
    "price",
)


def cells(**changed):
    return {
        "mass": [1.5, 2.0],
        "age": [None, 30.0],
        "paid": [True, False],
        "day": np.array(["1970-01-02", "2024-01-01T12:00"], "M8[us]"),
        "colour": ["red", "green"],
        "size": ["S", None],
    } | changed


EXPECTED = [[1.5, 40, 1, 1, 1.0, 0, 1, 0, 0, 1, 0, 0], [2, 30, 0, 0, 19723.5, 0, 0, 1, 0, 0, 1, 0]]


@MAKE
def test_each_kind_of_column_has_its_inputs(make):
    np.testing.assert_array_equal(COLUMNS.encode(make(cells())), EXPECTED)
    assert COLUMNS.input_names == (
        *("mass", "age", "age missing", "paid", "day", "colour=blue", "colour=red", "colour=unseen"),
        *("size=L", "size=S", "size=missing", "size=unseen"),
    )
    assert COLUMNS.indicators == (False, False, True, True, False, *(True,) * 7)


@MAKE
@hypothesis.given(order=st.permutations(list(COLUMNS.names)))
def test_the_order_of_columns_and_what_else_there_is_do_not_matter(make, order):
    frame = make({"more": ["x", "y"]} | {name: cells()[name] for name in order})
    np.testing.assert_array_equal(COLUMNS.encode(frame), EXPECTED)


@MAKE
def test_cells_written_in_another_way_mean_the_same(make):
    changed = {
        "mass": ["1.5", "2"],
        "age": [np.nan, 30],
        "paid": [1, 0],
        "day": ["1970-01-02", "2024-01-01 12:00"],
        "size": [" S ", "n/a"],
    }
    np.testing.assert_array_equal(COLUMNS.encode(make(cells(**changed))), EXPECTED)
    zoned = (
        pd.to_datetime(["1970-01-02T00:00", "2024-01-01T12:00"]).tz_localize("UTC").tz_convert("Asia/Tokyo")
    )
    np.testing.assert_array_equal(COLUMNS.encode(make(cells(day=zoned.to_pydatetime().tolist()))), EXPECTED)


def test_pandas_own_types_mean_the_same():
    frame = pd.DataFrame(cells())
    frame["age"] = frame.age.astype("Int64")
    frame["paid"] = frame.paid.astype("boolean")
    frame["size"] = frame["size"].astype("category")
    frame["colour"] = frame.colour.astype("string")
    np.testing.assert_array_equal(COLUMNS.encode(frame), EXPECTED)


@MAKE
@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"mass": [None, 1.0]}, "'mass' is missing in 1 of 2 rows, and was in none of training"),
        (
            {"day": [None, "2024-01-01"], "colour": [None, "red"]},
            "'day' is missing .*; column 'colour' is miss",
        ),
        ({"mass": ["heavy", "2"]}, "'mass' holds 'heavy' or the like in 1 rows, where training had a number"),
        ({"mass": [np.inf, 1.0]}, "'mass' has 1 infinite cells"),
        ({"paid": [2, 1]}, "'paid' holds 2.0 or the like in 1 rows, where training had True or False"),
        (
            {"day": ["1.2.24", "2.2.24"]},
            "'day' holds '1.2.24' or the like in 2 rows, where training had a date",
        ),
        ({"day": [1.0, 2.0]}, "'day' holds 1.0 .* where training had a date such as 2024-12-31"),
    ],
)
def test_a_frame_that_does_not_fit_is_refused_with_all_that_is_wrong(make, changed, message):
    with pytest.raises(ValueError, match=f"The frame cannot be predicted from: .*{message}"):
        COLUMNS.encode(make(cells(**changed)))


@MAKE
def test_a_frame_that_lacks_columns_is_refused(make):
    frame = make({name: cells()[name] for name in ("mass", "paid", "day", "size")})
    with pytest.raises(
        ValueError, match="lacks 'age', 'colour', which the model was trained on; it has 'mass'"
    ):
        COLUMNS.encode(frame)


def test_what_is_no_frame_is_refused():
    for wrong in (np.ones((2, 6)), [1, 2], pd.Series([1.0, 2.0])):
        with pytest.raises(ValueError, match="frame must be a data frame with the columns 'mass', 'age'"):
            COLUMNS.encode(wrong)
    with pytest.raises(ValueError, match=r"not computed yet: call its collect\(\)"):
        COLUMNS.encode(pl.LazyFrame(cells()))
    with pytest.raises(ValueError, match="names that occur twice"):
        COLUMNS.encode(pd.DataFrame([[1, 2]], columns=["mass", "mass"]))


@MAKE
def test_categories_and_gaps_are_those_of_scikit_learn(make):
    random = np.random.default_rng(0)
    words = random.choice(["red", "green", "blue"], 60)
    numbers = np.where(random.random(60) < 0.3, np.nan, random.normal(size=60))
    frame = make({"colour": words.tolist(), "size": numbers})
    data = bnn.dataset(frame, random.normal(size=60), missing="impute")
    one_hot = OneHotEncoder(sparse_output=False).fit_transform(words[:, None])
    filled = SimpleImputer(strategy="median", add_indicator=True).fit_transform(numbers[:, None])
    np.testing.assert_array_equal(data.x, np.column_stack([one_hot, np.zeros(60), filled]))


@hypothesis.given(
    st.lists(
        st.one_of(st.none(), st.sampled_from(["a", "b", "?", "nan", "é", " a"])), min_size=4, max_size=30
    )
)
def test_a_row_has_one_level_and_no_training_row_an_unseen_one(words):
    words = [*words, "a", "b"]
    data = bnn.dataset(pd.DataFrame({"c": words}), np.arange(len(words)), missing="impute")
    np.testing.assert_array_equal(data.x.sum(axis=1), 1)
    np.testing.assert_array_equal(data.x[:, -1], 0)
    new = data.scaling.columns.encode(pd.DataFrame({"c": ["another", "a"]}))
    np.testing.assert_array_equal(new[0], np.eye(data.x.shape[1])[-1])


def test_a_split_fills_gaps_from_its_training_part_alone():
    ages = np.array([1.0, 2, 3, 4, np.nan, 6, 7, 1000, 2000, 3000])
    data = bnn.dataset(ages, np.arange(10.0), x_names=["age"], missing="impute")
    assert data.scaling.columns.inputs[0].fill == 6
    train, test = bnn.train_test_split(data, test_fraction=0.4, seed=1)
    known = train.x[train.x[:, 1] == 0, 0]
    for part in (train, test):
        assert part.scaling.columns.inputs[0].fill == np.median(known)
        np.testing.assert_array_equal(
            part.x[part.x[:, 1] == 1, 0], np.full(int(part.x[:, 1].sum()), np.median(known))
        )
    assert np.median(known) != 6


def test_neither_the_library_nor_its_data_import_pandas():
    script = "import sys, bayesian_nn as bnn; bnn.dataset([1, 2], [1, 2]); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert not done.returncode, done.stderr
    assert not {"pandas", "polars", "tensorflow"} & set(done.stdout.split())
