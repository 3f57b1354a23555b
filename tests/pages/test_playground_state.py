"""What the playground keeps, in Node: links, CSV and sets of points."""

import re

import numpy as np
import pytest
from readers.playground_state import ODD, POINTS, PRESETS, ask, open_link

import bayesian_nn as bnn
from bayesian_nn.model.network import ACTIVATIONS

ORIGINAL = bnn.data.cosine_with_gap(seed=42)


# --- the link


def test_the_start_is_an_address_without_anything(tmp_path):
    assert ask("toLink(startState(named))") == ""
    opened = open_link("")
    assert opened["troubles"] == []
    assert opened["state"]["points"] == POINTS


def test_the_start_is_the_librarys_own():
    state = open_link("")["state"]
    learner = bnn.Model((1, 10, 10, 1), bnn.Gaussian(0.1), scaling=ORIGINAL.scaling)
    usual = bnn.fit(learner, ORIGINAL, seed=0, record_at=[])
    assert state["nSteps"] == usual.settings.n_steps
    assert state["initialStd"] == bnn.MeanField().initial_std
    assert state["learningRate"] == bnn.WarmupCosine().peak
    assert (state["nDraws"], state["klWeight"]) == (bnn.Elbo().n_draws, bnn.Elbo().kl_weight)
    model = bnn.Model((1, 10, 10, 1), bnn.Gaussian(ORIGINAL.noise_std))
    assert (state["priorStd"], state["activation"]) == (model.prior.std, model.activation)
    assert state["noiseStd"] == ORIGINAL.noise_std
    assert ask("sizesOf(given)", state) == list(model.layer_sizes)
    assert set(ask("SETTINGS.activation.choices")) <= set(ACTIVATIONS)
    x = (ORIGINAL.x[:, 0] - ORIGINAL.scaling.x_shift[0]) / ORIGINAL.scaling.x_scale[0]
    inputs = ask("Array.from(inNetworkUnits(given).data.x)", state)
    np.testing.assert_array_equal(inputs, x)


@pytest.mark.parametrize("data", PRESETS)
def test_a_link_brings_back_every_setting_and_the_points(data):
    state = ask("({ ...startState(named, given[0]), ...given[1] })", [data, ODD])
    link = ask("toLink(given)", state)
    assert link.startswith("?v=1&")
    assert len(link) < 250
    assert open_link(link) == {"state": state, "troubles": []}


@pytest.mark.parametrize(
    ("points", "units"),
    [
        ([], [4, 4, 0, 1]),
        ([[0.5, -1.2]], [4, 4, 0, 1]),
        ([[1970, 1.2e6], [2020, -3.1e6], [1999.5, 0]], [1995, 25, 1e5, 2.2e6]),
    ],
)
def test_a_readers_own_points_travel_with_their_units(points, units):
    names = ["x0", "xScale", "y0", "yScale"]
    state = open_link("")["state"] | {
        "data": "own",
        "points": points,
        "units": dict(zip(names, units, strict=True)),
        "noiseStd": 0.1 * units[3],
    }
    link = ask("toLink(given)", state)
    assert open_link(link) == {"state": state, "troubles": []}
    # It can be read, and needs no escapes on its way.
    assert re.fullmatch(r"\?[\w=&.,-]*", link)


def test_a_rate_far_beyond_reason_is_read_back_as_it_was_written():
    link = ask("toLink({ ...startState(named), learningRate: 1e100 })")
    opened = open_link(link)
    assert opened["troubles"] == []
    assert opened["state"]["learningRate"] == 1e100


def test_points_in_tiny_units_travel_too():
    csv = "x,y\n1e-12,2e-12\n3e-12,1e-12\n5e-12,4e-12\n"
    own = "toLink({ ...startState(named), data: 'own', points, units: unitsFor(points) })"
    link = ask(f"(points => {own})(fromCsv(given))", csv)
    opened = open_link(link)
    assert opened["troubles"] == []
    assert len(opened["state"]["points"]) == 3


def test_moved_points_are_what_their_link_says():
    point = ask("roundedPoint([1.23456789, -0.98765432], UNITS)")
    assert point == [1.235, -0.9877] or point == [1.235, -0.988]
    assert ask("rounded(123456.789, 2200)") == 123457
    assert ask("rounded(0.000123456, 0.0021)") == pytest.approx(0.000123, abs=1e-6)


@pytest.mark.parametrize(
    ("search", "says"),
    [
        (
            "?v=1&noise=abc",
            "Noise sd is “abc” in the link, and must be a number from 0.001 to 10: it is 0.1 here.",
        ),
        ("?v=1&noise=0", "Noise sd is “0”"),
        ("?v=1&noise=-1", "must be a number from"),
        ("?v=1&noise=NaN", "Noise sd is “NaN”"),
        ("?v=1&prior=1e99", "Prior sd is “1e99”"),
        ("?v=1&prior=", "Prior sd is “”"),
        (
            "?v=1&width=2.5",
            "Width is “2.5” in the link, and must be a whole number from 1 to 40: it is 10 here.",
        ),
        ("?v=1&depth=9", "Depth is “9”"),
        ("?v=1&rate=Infinity", "Learning rate is “Infinity”"),
        ("?v=1&seed=-1", "Seed is “-1”"),
        ("?v=1&activation=constructor", "must be one of tanh, relu"),
        ("?v=1&data=__proto__", "The link asks for the points “__proto__”, and there are original, one-gap"),
        ("?v=1&points=1,2_3", "Point 2 of the link is “3”, and not two numbers"),
        ("?v=1&points=1,NaN", "Point 1 of the link is “1,NaN”"),
        ("?v=1&points=1,2_", "Point 2 of the link is “”"),
        ("?v=1&points=1,2&units=4,0,0,1", "The link's units are “4,0,0,1”"),
        ("?v=1&points=1,2&units=4", "The link's units are “4”"),
        ("?v=1&points=" + "_".join(["1,2"] * 301), "These are 301 points, and the playground takes 300"),
        ("?v=2&noise=0.2", "This link is of version “2”, and this page reads version 1"),
        ("?v=%E0%A4%A", "This link is of version"),
    ],
)
def test_a_damaged_link_ends_in_a_sentence_and_the_start(search, says):
    opened = open_link(search)
    assert says in " ".join(opened["troubles"])
    assert opened["state"] == open_link("")["state"]


def test_what_is_not_damaged_in_a_link_is_kept_and_what_is_not_ours_passed_over():
    opened = open_link("?utm_source=x&v=1&noise=abc&prior=3&data=step")
    assert len(opened["troubles"]) == 1
    assert (opened["state"]["priorStd"], opened["state"]["data"]) == (3, "step")


def test_every_slider_stays_within_what_a_link_may_say():
    for name, setting in ask("SETTINGS").items():
        for value in setting.get("values", setting.get("choices")):
            checked = f"checkedSetting({name!r}, {str(value)!r})"
            assert ask(checked) == value, name


# --- points


@pytest.mark.parametrize("name", PRESETS)
def test_a_set_of_points_is_within_its_axes_and_as_many_as_allowed(name):
    points = np.array(ask(f"named({name!r}).points"))
    window = ask("windowOf(UNITS)")
    for column, axis in zip(points.T, "xy", strict=True):
        assert window[axis][0] < column.min() < column.max() < window[axis][1]
    assert 20 <= len(points) <= ask("MAX_POINTS") / 2


def test_the_sets_differ_as_their_names_say():
    gaps = {name: np.diff(np.sort(np.array(ask(f"named({name!r}).points"))[:, 0])) for name in PRESETS}
    assert [int(np.sum(gaps[name] > 1.5)) for name in PRESETS] == [1, 1, 2, 0, 0]
    x, y = np.array(ask("named('growing-noise').points")).T
    residuals = np.abs(y - 0.8 * np.cos(0.8 * x))
    assert residuals[x > 5].mean() > 2 * residuals[x < 3].mean()


def test_the_best_constant_is_the_librarys():
    state = open_link("")["state"] | {"noiseStd": 0.3}
    expected = bnn.scores.constant_log_likelihood(ORIGINAL.y, 0.3)
    assert ask("bestConstant(given)", state) == pytest.approx(expected, rel=1e-12)


def test_csv_there_and_back():
    assert ask("fromCsv(toCsv(given))", POINTS) == POINTS


@pytest.mark.parametrize(
    "text",
    [
        "1,2\n3,4.5\n",
        "x,y\r\n1,2\r\n\r\n3,4.5",
        "# a remark\n  x ; y\n1;2\n3;4.5\n",
        "x\ty\n1\t2\n3\t4,5\n",
        "1;2,0\n3;4,5",
        "\ufeffa,b\n1,2\n3,4.5",
        "1 2\n3   4.5",
        "1,2\n3,45e-1",
        '"1","2"\n"3","4.5"',
    ],
)
def test_csv_of_many_kinds(text):
    assert ask("fromCsv(given)", text) == [[1, 2], [3, 4.5]]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "There is nothing to read: paste lines of two numbers"),
        ("x,y\n", "Below the header there is no line"),
        (
            "x,y\n1,2\n3,NaN",
            "Line 3: “NaN” is no finite number below a billion. Correct it or remove the line.",
        ),
        ("1,2\n\n3,inf", "Line 3: “inf”"),
        ("nan,2", "Line 1: “nan”"),
        ("1,2\n3,", "Line 2: “”"),
        ("1,2\n3,1e12", "Line 2: “1e12”"),
        ("1,2\n3", "Line 2 has 1 column, and must have two, x and y."),
        ("a,b,c\n1,2,3", "Line 1 has 3 columns, and must have two"),
        ("1,2\n" * 301, "These are 301 points, and the playground takes 300, for every step"),
        ("hello", "Line 1 has 1 column"),
    ],
)
def test_csv_that_cannot_be_read_names_its_line(text, says):
    with pytest.raises(AssertionError, match=re.escape(says)):
        ask("fromCsv(given)", text)


def test_points_that_suit_the_axes_keep_the_originals_units_and_others_get_their_own():
    usual = {"x0": 4, "xScale": 4, "y0": 0, "yScale": 1}
    assert ask("unitsFor(given)", POINTS) == usual
    assert ask("unitsFor([])") == usual
    assert ask("unitsFor([[1, 1]])") == usual
    years = ask("unitsFor([[1970, 1e6], [2020, 3e6]])")
    assert years == {"x0": 1995, "xScale": 25, "y0": 2e6, "yScale": 1e6}
    # Of a constant column, and of one far point, something that can be divided by.
    for points in ([[1970, 5], [1970, 5], [1970, 5]], [[0, 0], [0, 0], [1e-30, 0]], [[1e9, -1e9]]):
        units = ask("unitsFor(given)", points)
        assert min(units["xScale"], units["yScale"]) > 0
        assert np.isfinite(list(units.values())).all()
