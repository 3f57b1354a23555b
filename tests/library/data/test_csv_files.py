"""Tables from files: what is recognised, what is refused with which remedy, and what a reader is told."""

import numpy as np
import pytest

import bayesian_nn as bnn
from bayesian_nn.data import TableWarning, read_frame

GOOD = "width,height,price\n1,2,3\n4,5,6.5\n7,8,1e1\n"


@pytest.fixture
def csv_file(tmp_path):
    def write(content):
        path = tmp_path / "houses.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_a_csv_file_keeps_its_names(csv_file):
    data = bnn.read_csv(csv_file(GOOD), y="price")
    np.testing.assert_array_equal(data.x, [[1, 2], [4, 5], [7, 8]])
    np.testing.assert_array_equal(data.y, [3, 6.5, 10])
    assert (data.name, data.x_names, data.y_name) == ("houses", ("width", "height"), "price")
    some = bnn.read_csv(csv_file(GOOD), y="width", x=["price"])
    np.testing.assert_array_equal(some.x, [[3], [6.5], [10]])
    several = bnn.read_csv(csv_file(GOOD), y=["price", "width"])
    np.testing.assert_array_equal(several.y, [[3, 1], [6.5, 4], [10, 7]])
    assert several.y_name == ("price", "width")


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + GOOD.encode(),
        GOOD.replace("\n", "\r\n"),
        "\n" + GOOD.replace("\n", "\n\n"),
        GOOD.replace("width", '" width "'),
        GOOD.replace("1,2,3", '"1", 2 ,3'),
        GOOD.rstrip("\n"),
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        GOOD.replace(",", "|"),
        GOOD.replace(",", "  "),
        GOOD.replace(",", ";").replace("6.5", "6,5"),
        "# made by hand\n#\n" + GOOD,
        "# " + GOOD,
        GOOD.replace("\n", ",\n"),
        GOOD.replace("\n", ",\n").replace("price,", "price"),
        GOOD + ",,\n",
    ],
    ids=[
        "byte order mark",
        "Windows",
        "blank lines",
        "spaces",
        "quotes",
        "no last newline",
        "semicolons",
        "tabs",
        "bars",
        "blanks",
        "decimal commas",
        "comments",
        "the header in a comment",
        "trailing commas",
        "trailing commas below the header",
        "an empty row",
    ],
)
def test_a_csv_file_of_another_make_reads_the_same(csv_file, content):
    data = bnn.read_csv(csv_file(content), y="price")
    np.testing.assert_array_equal(np.column_stack([data.x, data.y]), [[1, 2, 3], [4, 5, 6.5], [7, 8, 10]])
    assert data.x_names == ("width", "height")


@pytest.mark.parametrize(
    ("content", "settings", "expected"),
    [
        ('a,y\n"1,234",1\n"5,678",2\n', {}, [1234, 5678]),
        ('a,y\n"1,5",1\n"2,25",2\n', {}, [1.5, 2.25]),
        ("a;y\n1,234,567;1\n5,678,901;2\n", {}, [1234567, 5678901]),
        ("a;y\n1.234,5;1\n2.000;2\n", {}, [1234.5, 2000]),
        ("a;y\n1.234;1\n2.5;2\n", {}, [1.234, 2.5]),
        ("a;y\n1,234;1\n5,678;2\n", {"decimal": ","}, [1.234, 5.678]),
        ("a;y\n1,234;1\n5,678;2\n", {"thousands": ","}, [1234, 5678]),
        ("a;y\n1'234;1\n5'678;2\n", {"thousands": "'"}, [1234, 5678]),
        ("a;y\n0,123;1\n5,678;2\n", {}, [0.123, 5.678]),
        ("a,y\n5 %,1\n7.5%,2\n", {}, [5, 7.5]),
        ("a;y\n5 %;1\n7,5%;2\n", {}, [5, 7.5]),
        ("a,y\nTrue,1\nFALSE,2\n", {}, [1, 0]),
        ("day,y\n1970-01-02,1\n2024-01-01 12:00,2\n", {}, [1, 19723.5]),
        ("% no comment\n%a,y\n1,1\n2,2\n", {"comment": "%"}, [1, 2]),
        ("a:y\n1:1\n2:2\n", {"separator": ":"}, [1, 2]),
        ("# a,y\n1,1\n2,2\n", {"comment": None, "x": ["# a"]}, [1, 2]),
    ],
)
def test_numbers_are_read_where_they_leave_no_doubt(csv_file, content, settings, expected):
    data = bnn.read_csv(csv_file(content), y="y", **settings)
    np.testing.assert_array_equal(data.x[:, 0], expected)
    np.testing.assert_array_equal(data.y, [1, 2])


def test_what_the_file_s_form_adds_is_left_out_with_a_warning(csv_file):
    with pytest.warns(TableWarning, match=r"houses.csv: line 2 is left out: it holds units \(m, EUR\)"):
        data = bnn.read_csv(csv_file("a,y\nm,EUR\n1,2\n3,4\n"), y="y")
    np.testing.assert_array_equal(data.x, [[1], [3]])
    with pytest.warns(TableWarning, match="The first column has no name and is left out"):
        data = bnn.read_csv(csv_file(",a,y\n0,5,2\n1,9,4\n"), y="y")
    assert data.x_names == ("a",)


@pytest.mark.parametrize(
    ("content", "arguments", "message"),
    [
        (GOOD, {"y": "prize"}, r"houses.csv: There is no column 'prize'; .* 'price'\. Is 'price' meant\?"),
        (GOOD, {"y": "price", "x": ["depth"]}, "no column 'depth'"),
        (GOOD, {"y": "cost", "x": ["width"]}, "no column 'cost'; the columns are 'width', 'height', 'price'"),
        (GOOD, {"y": "price", "x": "width"}, r"x must be a list .* write x=\['width'\]"),
        (GOOD, {"y": "price", "x": ["width", "price"]}, "'price' cannot be both the target y and an input"),
        (GOOD, {"y": "price", "x": []}, "no input columns; name at least one in x"),
        (GOOD, {"y": "price", "separator": ", "}, "separator must be one character, .*; got ', '"),
        (
            GOOD,
            {"y": "price", "decimal": ""},
            "decimal must be one character, or None to recognise it; got ''",
        ),
        ("price\n1\n2\n", {"y": "price"}, "no input columns"),
        (
            GOOD.replace("6.5", "six"),
            {"y": "price"},
            "'price' holds no number in 1 of 3 rows, such as 'six' in",
        ),
        (GOOD.replace("8", "x"), {"y": "price"}, "'height' holds no number in 1 .* 'x' in line 4: correct"),
        (
            GOOD.replace("6.5", ""),
            {"y": "price"},
            r"1 of 3 rows have missing cells \('price' 1\): missing='drop'",
        ),
        (GOOD.replace("6.5", "NA"), {"y": "price"}, r"\('price' 1\)"),
        (GOOD.replace("8", "inf"), {"y": "price"}, "'height' is not finite in 1 rows, the first line 4"),
        (GOOD.replace("6.5", "inf"), {"y": "price"}, "'price' is not finite in 1 rows, the first line 3"),
        (
            GOOD.replace("4,5", "4,5,5"),
            {"y": "price"},
            "1 of 3 rows .* in line 3: 4 cells, .* the header has 3",
        ),
        (GOOD.replace("4,5,", "4,"), {"y": "price"}, "line 3: 2 cells, but the header has 3"),
        (GOOD.replace("height", "width"), {"y": "price"}, "more than one column 'width'; rename all but one"),
        (GOOD.replace("height", "price"), {"y": "price"}, "more than one column 'price'"),
        ("", {"y": "price"}, "houses.csv: a header row and at least one row of data"),
        ("\n\n", {"y": "price"}, "a header row and at least one row"),
        ("width,price\n", {"y": "price"}, "a header row and at least one row"),
        ("width,price\n1,2\n", {"y": "price"}, "At least two observations are needed; got 1"),
        ("1,2\n3,4\n", {"y": "price"}, r"line 1 holds numbers \(1,2\) where the columns' names should be"),
        (
            "a;y\n1,234;2\n5,678;4\n",
            {"y": "y"},
            "such as '1,234', .* two ways: give decimal=',' .* thousands=','",
        ),
        ("a,y\n1,5,2,5\n7,5,4,5\n", {"y": "y"}, "2 of 2 rows .* Are these decimal commas"),
        ("a,y\nx,1,2\nz,3,4\n", {"y": "y"}, "2 of 2 rows .* Does the first column have no name"),
        ("a;y\n1.5;2\n2,5;4\n", {"y": "y"}, "'a' holds numbers in several forms, .* such as '1.5' in line 2"),
        (
            "d,y\n01/02/2024,2\n03/02/2024,4\n",
            {"y": "y"},
            "'d' holds dates such as '01/02/2024' in line 2: write",
        ),
        (
            "d,y\n5 kg,2\n7 kg,4\n8 kg,5",
            {"y": "y"},
            "'d' holds numbers with a unit, such as '5 kg' in line 2",
        ),
        (
            GOOD.replace("width", "größe").encode("latin-1"),
            {"y": "price"},
            "houses.csv: .* no CSV file in UTF-8",
        ),
        (GOOD.replace("4", '"4'), {"y": "price"}, "houses.csv: .* no CSV file .* are its quotes closed"),
    ],
)
def test_a_wrong_csv_file_is_refused(csv_file, content, arguments, message):
    with pytest.raises(ValueError, match=message):
        bnn.read_csv(csv_file(content), **arguments)


def test_every_column_at_fault_is_named_at_once(csv_file):
    content = "n,part,day,y\n" + "".join(f"{i},n{i},{i}.2.24,{i}\n" for i in range(1, 29)) + "x,,,six\n"
    with pytest.raises(ValueError, match="This table needs a decision first") as error:
        bnn.read_csv(csv_file(content), y="y")
    for said in (
        "'n' holds no number in 1 of 29 rows, such as 'x' in line 30",
        "'part' holds 28 different words in 28 rows",
        "'day' holds dates such as '1.2.24' in line 2",
        "'y' holds no number in 1 of 29 rows, such as 'six' in line 30",
        "1 of 29 rows have missing cells ('part' 1, 'day' 1)",
    ):
        assert said in str(error.value)


def test_a_missing_csv_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"houses\.csv"):
        bnn.read_csv(tmp_path / "houses.csv", y="price")


def test_a_frame_is_the_table_as_it_stands_labelled_by_lines(csv_file):
    frame = read_frame(csv_file("# made by hand\nn,mass,kind,gone\n1,1.5,red,\n\n2,NA,?,\n"))
    assert frame.index.name == "line"
    assert frame.index.tolist() == [3, 5]
    assert frame.columns.tolist() == ["n", "mass", "kind", "gone"]
    assert frame.n.tolist() == [1, 2]
    assert frame.n.dtype == np.int64
    np.testing.assert_array_equal(frame.mass, [1.5, np.nan])
    assert frame.kind[3] == "red"
    assert frame.isna().to_numpy().tolist() == [[False, False, False, True], [False, True, True, True]]


@pytest.mark.parametrize("values", [[0.1, 1 / 3, 1e-300], [-1e22, 2**60 + 1, 123456789.123456789]])
def test_numbers_come_back_to_the_bit(csv_file, values):
    frame = read_frame(csv_file("a,y\n" + "".join(f"{value!r},1.5\n" for value in values)))
    assert frame.a.tolist() == [float(value) for value in values]
