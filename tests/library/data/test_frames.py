"""Tables and their gaps: what is used, what is left out with a word, and what must be decided first."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest

import bayesian_nn as bnn
from bayesian_nn.data import TableWarning

N = 40
RANDOM = np.random.default_rng(0)
SIZE, PRICE = RANDOM.normal(size=N), RANDOM.normal(size=N)
LIBRARIES = {"pandas": pd.DataFrame, "polars": pl.DataFrame}
MAKE = pytest.mark.parametrize("make", LIBRARIES.values(), ids=LIBRARIES)


def with_gaps(values, gaps=(3, 5)):
    return [None if row in gaps else value for row, value in enumerate(values)]


@MAKE
def test_a_frame_and_the_name_of_its_target_make_a_data_set(make):
    frame = make(
        {"price": PRICE, "size": SIZE, "kind": ["flat", "house"] * (N // 2), "new": [True, False] * 20}
    )
    data = bnn.dataset(frame, "price")
    assert data.x_names == ("size", "kind=flat", "kind=house", "kind=unseen", "new")
    assert (data.y_name, data.scaling.columns.y_name, data.classes) == ("price", "price", None)
    np.testing.assert_array_equal(data.y, PRICE)
    # What is 0 or 1 by making stays so: in units of its sd, a rare level would be a large number.
    np.testing.assert_allclose(data.scaling.x_shift, [SIZE.mean(), 0, 0, 0, 0])
    np.testing.assert_allclose(data.scaling.x_scale, [SIZE.std(), 1, 1, 1, 1])
    same = bnn.dataset(frame[["size", "kind", "new"]], frame["price"])
    np.testing.assert_array_equal(same.x, data.x)
    assert same.scaling == data.scaling


@MAKE
def test_gaps_are_refused_by_default_with_the_ways(make):
    frame = make({"size": with_gaps(SIZE), "age": with_gaps(SIZE + 1, (5, 7)), "price": PRICE})
    said = r"3 of 40 rows have missing cells \('size' 2, 'age' 2\): missing='drop' .* missing='impute'"
    with pytest.raises(ValueError, match=said):
        bnn.dataset(frame, "price")


@MAKE
def test_rows_with_gaps_can_be_dropped(make):
    frame = make({"size": with_gaps(SIZE), "price": with_gaps(PRICE, (5, 7))})
    with pytest.warns(TableWarning, match=r"3 of 40 rows are left out, .* \('size' 2, 'price' 2\)"):
        data = bnn.dataset(frame, "price", missing="drop")
    rows = np.setdiff1d(np.arange(N), [3, 5, 7])
    np.testing.assert_array_equal(data.x[:, 0], SIZE[rows])
    np.testing.assert_array_equal(data.y, PRICE[rows])
    assert data.x_names == ("size",)


@MAKE
def test_gaps_can_be_filled_and_marked_but_not_the_target_s(make):
    words = with_gaps(["flat", "house"] * (N // 2))
    frame = make({"size": with_gaps(SIZE), "kind": words, "price": with_gaps(PRICE, (7,))})
    with pytest.warns(TableWarning, match=r"1 of 40 rows are left out, .* \('price' 1\)"):
        data = bnn.dataset(frame, "price", missing="impute")
    names = ("size", "size missing", "kind=flat", "kind=house", "kind=missing", "kind=unseen")
    assert data.x_names == names
    kept = np.delete(np.arange(N), 7)
    known = np.isin(kept, [3, 5], invert=True)
    np.testing.assert_array_equal(data.x[:, 0], np.where(known, SIZE[kept], np.median(SIZE[kept][known])))
    for place in (1, 4):
        np.testing.assert_array_equal(data.x[:, place], ~known)


@pytest.mark.parametrize(
    "values",
    [
        np.ma.masked_array(SIZE, mask=np.isin(np.arange(N), [3, 5])),
        np.where(np.isin(np.arange(N), [3, 5]), np.nan, SIZE),
        with_gaps(SIZE),
        [pd.NA if row in (3, 5) else value for row, value in enumerate(SIZE)],
        pd.Series(with_gaps(SIZE), dtype="Float64"),
        pl.Series(with_gaps(SIZE)),
    ],
    ids=["masked", "NaN", "None", "NA", "pandas", "polars"],
)
def test_gaps_of_every_kind_are_seen(values):
    with pytest.raises(ValueError, match=r"2 of 40 rows have missing cells \('x1' 2\)"):
        bnn.dataset(values, PRICE)
    with pytest.raises(ValueError, match=r"2 of 40 rows have missing cells \('y' 2\)"):
        bnn.dataset(PRICE, values)
    data = bnn.dataset(values, PRICE, missing="impute")
    np.testing.assert_array_equal(np.flatnonzero(data.x[:, 1]), [3, 5])


@MAKE
def test_a_missing_date_is_a_gap_and_no_early_day(make):
    days = with_gaps(pd.date_range("2024-01-01", periods=N).to_pydatetime().tolist())
    with pytest.raises(ValueError, match=r"2 of 40 rows have missing cells \('day' 2\)"):
        bnn.dataset(make({"day": days, "price": PRICE}), "price")
    data = bnn.dataset(make({"day": days, "price": PRICE}), "price", missing="impute")
    assert data.x[:, 0].min() == 19723


@MAKE
@pytest.mark.parametrize("stand_in", [-999, -9999.0, 9999])
def test_a_number_that_seems_to_stand_for_a_gap_is_named(make, stand_in):
    holed = np.where(np.arange(N) % 9 == 0, stand_in, SIZE)
    said = rf"'size' is {stand_in:g} in 5 of 40 rows. If this stands for a missing value"
    with pytest.warns(TableWarning, match=said):
        bnn.dataset(make({"size": holed, "price": PRICE}), "price")
    with pytest.warns(TableWarning, match=said.replace("size", "x1")):
        bnn.dataset(holed, PRICE)
    with pytest.warns(TableWarning, match=said.replace("size", "y")):
        bnn.dataset(PRICE, holed)
    with pytest.warns(TableWarning, match="is -999 in 1 of 40"):
        bnn.dataset(np.append(SIZE[1:], -999), PRICE)


@MAKE
def test_row_labels_and_columns_that_say_nothing_are_left_out_with_a_word(make):
    columns = {
        "Unnamed: 0": np.arange(N),
        "size": SIZE,
        "country": ["NL"] * N,
        "vat": [0.21] * N,
        "price": PRICE,
    }
    with pytest.warns(TableWarning) as noted:
        data = bnn.dataset(make(columns | {"gone": pd.Series([None] * N, dtype=object).tolist()}), "price")
    assert data.x_names == ("size",)
    said = " ".join(str(each.message) for each in noted)
    assert len(noted) == 4
    assert "The first column has no name and is left out" in said
    assert "'country' is 'NL' in every row" in said
    assert "'vat' is 0.21 in every row" in said
    assert "'gone' is empty and is left out" in said
    assert {each.filename for each in noted} == {__file__}


@MAKE
def test_a_column_that_counts_the_rows_is_named_and_kept(make):
    with pytest.warns(
        TableWarning, match="'id' counts the rows from 1 to 40. If it is a row number, leave it"
    ):
        data = bnn.dataset(make({"id": np.arange(1, N + 1), "size": SIZE, "price": PRICE}), "price")
    assert data.x_names == ("id", "size")


@MAKE
@pytest.mark.parametrize(
    "columns",
    [
        {"day": np.arange(N)},
        {"year": np.arange(1990, 1990 + N), "size": SIZE},
        {"day": RANDOM.permutation(N), "size": SIZE},
        {"day": np.arange(N) / 4, "size": SIZE},
        {"income": np.linspace(0, 9999, N), "depth": np.linspace(-3000, 999, N)},
        {"name": ["Ann", "Bob"] * (N // 2)},
        {"few": np.repeat([0, 9999], N // 2)},
        {"sold": np.r_[np.zeros(20), 999, 999, np.linspace(1, 990, 18)]},
    ],
    ids=[
        "time alone",
        "years",
        "shuffled",
        "quarters",
        "no stand-ins",
        "names that recur",
        "two values",
        "zeros",
    ],
)
def test_what_is_usual_is_not_warned_of(make, columns):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bnn.dataset(make(columns | {"price": PRICE}), "price")


@MAKE
@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            [f"house {i}" for i in range(N)],
            "holds 40 different words in 40 rows, .*an identifier, or free text",
        ),
        ([*["1"] * 30, *["3+"] * 10], "holds no number in 10 of 40 rows, such as '3[+]' in row 30"),
        (
            ["1,234"] * 20 + ["5,678"] * 20,
            "holds numbers .* or in one that can be read in two ways, such as '1,234'",
        ),
        (["5 %"] * 20 + ["0.05"] * 20, "holds numbers in several forms"),
        (["31.12.2024", "1.1.2025"] * 20, "holds dates such as '31.12.2024'"),
        (["$5", "$7", "$9", "$1"] * 10, r"holds numbers with a unit, such as '\$5'"),
    ],
)
def test_what_a_column_of_words_is_must_be_decided(make, values, said):
    frame = make({"column": values, "size": SIZE})
    with pytest.raises(ValueError, match=rf"(?s)'column' {said}.*categories=\['column'\]"):
        bnn.dataset(frame, SIZE)
    data = bnn.dataset(frame, SIZE, categories=["column"])
    assert len(data.x_names) == len(set(values)) + 2


@pytest.mark.parametrize(
    "words", [["1.5", "-2e3"], ["5 %", "7%"], ["1,234.5", "1,000,000"], ["2024-01-01", "2024-01-02"]]
)
def test_words_that_leave_no_doubt_are_numbers_and_dates(words):
    data = bnn.dataset(pd.DataFrame({"a": words * 3}), np.arange(6.0))
    expected = {"1.5": [1.5, -2000], "5 %": [5, 7], "1,234.5": [1234.5, 1e6], "2024-01-01": [19723, 19724]}
    np.testing.assert_array_equal(data.x[:2, 0], expected[words[0]])


def test_numbers_are_categories_where_their_reader_says_so():
    codes = [10, 2, 2, 10, 33, 2]
    for frame in (pd.DataFrame({"code": codes}), pl.DataFrame({"code": np.array(codes, float)})):
        assert bnn.dataset(frame, np.arange(6.0), categories=["code"]).x_names[:3] == (
            *("code=10", "code=2", "code=33"),
        )
    chosen = pd.DataFrame({"code": pd.Categorical(codes)})
    assert bnn.dataset(chosen, np.arange(6.0)).x_names[-1] == "code=unseen"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda f: bnn.dataset(f, "prize"),
            "no column 'prize'; the columns are 'size', 'price'. Is 'price' or 'size' meant",
        ),
        (lambda f: bnn.dataset(f[["price"]], "price"), "There are no input columns, only the target's"),
        (
            lambda f: bnn.dataset(f, "price", missing="zero"),
            "missing must be 'refuse', 'drop' or .*; got 'zero'",
        ),
        (lambda f: bnn.dataset(f, "price", categories="size"), r"write categories=\['size'\]"),
        (
            lambda f: bnn.dataset(f, "price", categories=["kind"]),
            "categories names 'kind'; the columns are 'size'",
        ),
        (lambda f: bnn.dataset(f, "price", x_names=["a", "b"]), "x_names is for arrays"),
        (lambda f: bnn.dataset(f, PRICE[:5]), r"same n_points; got x \[40, 2\] and y \[5\]"),
        (lambda f: bnn.dataset(SIZE, "price"), "y='price' names a column, but x is no data frame"),
        (lambda f: bnn.dataset(f.assign(size=1.0), "price"), "No column is left to predict from"),
        (
            lambda f: bnn.dataset(f.assign(size=np.inf), "price"),
            "'size' is not finite in 40 rows, the first row 0",
        ),
        (
            lambda f: bnn.dataset(f.assign(size=pd.to_timedelta(range(N), unit="D")), "price"),
            "column 'size' holds Timedelta, .* Give times between dates in a unit",
        ),
        (lambda f: bnn.dataset(f.assign(size=[[1]] * N), "price"), "column 'size' holds list"),
        (
            lambda f: bnn.dataset(f.assign(price=[None] * 39 + [1.0]), "price", missing="drop"),
            "missing='drop' leaves fewer than two rows: cells are missing in 'price' 39",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore::bayesian_nn.data.frames.TableWarning")
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(pd.DataFrame({"size": SIZE, "price": PRICE}))
