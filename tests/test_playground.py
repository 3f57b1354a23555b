"""The playground as a reader meets it, in a real browser: points moved, trained, shared, held against HMC."""

import json
import re
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from browser import serve
from mkdocs.exceptions import PluginError
from PIL import Image
from playground_pages import evaluate, make_pages, original_points

import bayesian_nn as bnn
from bayesian_nn.backend import tfp
from site_build.playground_html import playground_html

pytestmark = pytest.mark.browser

DESKTOP, PHONE, NARROW = ({"width": width, "height": 844} for width in (1280, 390, 320))
CONTRAST = 4.5
MEASURE_CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
PLAY = "document.querySelector('bayes-playground')"
POINTS = original_points()
# Few and quick: for what asks only how things go together.
SMALL = "?v=1&points=0,1_1,0.5_2,-0.4_6,0.9_7,0.7_8,-0.1&width=2&depth=1&steps=60"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with serve(make_pages(tmp_path_factory.mktemp("pages")), "/blog/") as where:
        yield where


@pytest.fixture
def open_page(browser, address):
    """A function that opens a page of `playground_pages`; an error, or another's server, fails the test."""
    contexts, wrong = [], []

    def opened(search="", *, name="light", viewport=DESKTOP, ready=True, **preferences):
        contexts.append(browser.new_context(viewport=viewport, **preferences))
        page = contexts[-1].new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith((address, "data:")) or wrong.append(asked.url))
        page.goto(f"{address}{name}.html{search}")
        if ready:
            page.wait_for_selector("bayes-playground[data-run]")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not wrong


def _settle(page):
    page.evaluate(
        "() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))"
    )


def _state(page):
    return page.evaluate(f"{PLAY}.state")


def _band(page):
    """The mean and the sd that the picture shows `[2, n_places]`."""
    return np.array(page.evaluate(f"[[...{PLAY}.trainer.mean], [...{PLAY}.trainer.std]]"))


def _says(page):
    return page.inner_text(".play__says")


def _until(page, expression):
    # The pages' policy refuses what would have to be compiled from a text.
    page.wait_for_function(f"() => {expression}")


def _button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def _wait(page, run="over"):
    page.wait_for_selector(f'bayes-playground[data-run="{run}"]')


def _train(page):
    _button(page, "Train").click()
    _wait(page)


def _place(page, x, y):
    """Where a value is on the screen."""
    box = page.locator(".play__layer").bounding_box()
    at = page.evaluate(f"([x, y]) => [{PLAY}.charts[0].px(x), {PLAY}.charts[0].py(y)]", [x, y])
    return box["x"] + at[0], box["y"] + at[1]


def _drag(page, start, end):
    page.mouse.move(*_place(page, *start))
    page.mouse.down()
    page.mouse.move(*_place(page, *end), steps=5)
    page.mouse.up()


def _set(page, label, value):
    page.get_by_label(label).first.evaluate(
        "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }", value
    )


# --- the run


def test_the_browser_gets_the_builds_own_run_and_says_so(open_page):
    page = open_page()
    _train(page)
    page.get_by_text("Your browser got the same run as the build, bit for bit.").wait_for()
    assert int(page.get_attribute("bayes-playground", "data-steps-per-second")) > 0
    page = open_page(name="wrong")
    _train(page)
    page.get_by_text("Your browser did not get the build's own numbers").wait_for()
    assert page.get_attribute("bayes-playground", "data-same") == "false"


def test_only_the_builds_own_run_is_held_against_its_fingerprint(open_page):
    page = open_page("?v=1&steps=200")
    _train(page)
    page.wait_for_selector("bayes-playground[data-digest]")
    assert page.get_attribute("bayes-playground", "data-same") is None
    # The same settings, come to on another way.
    page = open_page("?v=1&prior=2")
    _button(page, "Step").click()
    _until(page, f"{PLAY}.trainer.step === 1")
    _set(page, "Prior sd", 5)
    assert _state(page)["priorStd"] == 1
    _train(page)
    page.wait_for_timeout(200)
    assert "bit for bit" not in _says(page)
    assert page.get_attribute("bayes-playground", "data-digest") is None


def test_the_numbers_are_those_of_a_run_in_node(open_page):
    page = open_page(SMALL + "&seed=5")
    _train(page)
    found = page.evaluate(
        f"(({{ logLikelihood, kl, step }}) => [[...logLikelihood], [...kl], step])({PLAY}.trainer)"
    )
    expected = evaluate(
        """(() => {
            const state = fromLink(given, namedPoints([]), NAMES).state;
            const training = new Training({ ...state, ...inNetworkUnits(state) });
            training.advance(60);
            return [[...training.logLikelihood], [...training.kl], training.step];
        })()""",
        SMALL + "&seed=5",
        modules=("playground-state.js", "playground-data.js", "variational.js"),
    )
    assert found == expected
    likelihood, kl = (np.array(part) for part in found[:2])
    shown = page.locator(".play__elbos b").all_inner_texts()
    numbers = [float(text.replace("\N{MINUS SIGN}", "-").replace(",", "")) for text in shown]
    for number, history in zip(numbers, (likelihood - kl, likelihood, -kl), strict=False):
        assert history[-8:].min() - 1 < number < history[-8:].max() + 1
    best = evaluate(
        "bestConstant(fromLink(given, namedPoints([]), NAMES).state)",
        SMALL,
        modules=("playground-state.js", "playground-data.js"),
    )
    assert numbers[3] == round(best)


def test_in_units_of_its_own_a_run_is_the_same_and_its_nats_are_of_y(open_page):
    scaled = "_".join(f"{1000 + 10 * x:g},{500 + 100 * y:g}" for x, y in [(0, 1), (4, -0.5), (8, 0.25)])
    plain, other = (
        open_page(f"?v=1&width=2&depth=1&steps=40&{points}")
        for points in (
            "points=0,1_4,-0.5_8,0.25",
            f"points={scaled}&units=1040,40,500,100&noise=10",
        )
    )
    for page in (plain, other):
        _train(page)
    np.testing.assert_allclose(_band(other), [[500], [0]] + 100 * _band(plain), rtol=1e-9)
    last = [page.evaluate(f"{PLAY}.trainer.logLikelihood[39]") for page in (plain, other)]
    assert last[1] == pytest.approx(last[0] - 3 * np.log(100), rel=1e-9)


def test_train_pause_step_and_rewind_to_the_same_start(open_page):
    page = open_page("?v=1&steps=20000")
    start = _band(page)
    _button(page, "Train").click()
    _until(page, f"{PLAY}.trainer.step > 20")
    _button(page, "Pause").click()
    _until(page, f"{PLAY}.dataset.run === 'paused'")
    page.wait_for_timeout(150)
    step = page.evaluate(f"{PLAY}.trainer.step")
    page.wait_for_timeout(150)
    assert page.evaluate(f"{PLAY}.trainer.step") == step
    _button(page, "Step").click()
    _until(page, f"{PLAY}.trainer.step === {step + 1}")
    assert page.inner_text(".play__count b") == f"step {step + 1:,} of 20,000"
    assert not np.array_equal(_band(page), start)
    _button(page, "Rewind").click()
    _until(page, f"{PLAY}.trainer.step === 0")
    np.testing.assert_array_equal(_band(page), start)
    assert _says(page) == "Back at the same start."
    _button(page, "New seed").click()
    _until(page, f"{PLAY}.trainer.mean[0] !== {float(start[0, 0])!r}")
    assert _state(page)["seed"] == 1


def test_points_that_move_while_it_trains_are_learned_from_where_it_is(open_page):
    page = open_page("?v=1&steps=20000&rate=0.03")
    _button(page, "Train").click()
    _until(page, f"{PLAY}.trainer.step > 50")
    before = page.evaluate(f"{PLAY}.trainer.step")
    _drag(page, POINTS[-1], (8, 2))
    assert _says(page) == "Training goes on from this posterior; Rewind begins anew."
    _until(page, f"{PLAY}.trainer.step > {before + 300}")
    assert page.get_attribute("bayes-playground", "data-run") == "running"
    # No step is missing from the history.
    history = page.evaluate(f"[...{PLAY}.trainer.kl.slice(0, {PLAY}.trainer.step)]")
    assert min(history) > 0
    # What the network is cannot change under way.
    _set(page, "Width", 2)
    assert _says(page) == "With this setting the run begins again from its start."
    _until(page, f"{PLAY}.trainer.step < {before + 300}")
    assert page.get_attribute("bayes-playground", "data-run") == "running"


def test_a_run_that_is_over_goes_on_from_its_end_with_other_points(open_page):
    page = open_page(SMALL)
    _train(page)
    end = _band(page)
    page.keyboard.press("Escape")
    _drag(page, (8, -0.1), (8, 1))
    _until(page, f"{PLAY}.trainer.step === 0")
    assert "Train goes on from this posterior, with as many steps again" in _says(page)
    _settle(page)
    np.testing.assert_array_equal(_band(page), end)
    _train(page)
    assert np.abs(_band(page) - end).max() > 0.01


# --- points


def test_a_point_is_dragged_by_mouse(open_page):
    page = open_page()
    _drag(page, POINTS[20], (5, -1))
    x, y = _state(page)["points"][20]
    assert abs(x - 5) < 0.05
    assert abs(y + 1) < 0.05
    others = np.delete(_state(page)["points"], 20, axis=0)
    np.testing.assert_allclose(others, np.delete(POINTS, 20, axis=0), atol=6e-4)
    assert _state(page)["data"] == "own"
    assert page.locator(".play__data").input_value() == "own"
    # Not beyond the axes.
    _drag(page, (x, y), (30, 30))
    assert _state(page)["points"][20] == [12, 2.4]
    _button(page, "Undo").click()
    assert _state(page)["points"][20] == [x, y]
    _button(page, "Undo").click()
    assert _state(page)["points"] == POINTS
    assert _state(page)["data"] == "original"
    assert _button(page, "Undo").is_disabled()


def test_a_point_is_dragged_added_and_removed_by_finger(open_page):
    page = open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    session = page.context.new_cdp_session(page)
    page.locator(".play__stage").scroll_into_view_if_needed()
    top = page.evaluate("scrollY")

    def touch(kind, *points):
        at = [dict(zip("xy", _place(page, *point), strict=True)) for point in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    # Upwards, which would scroll down.
    touch("touchStart", POINTS[-1])
    for y in np.linspace(POINTS[-1][1], 2, 8):
        touch("touchMove", (10, y))
    touch("touchEnd")
    moved = _state(page)["points"][-1]
    assert abs(moved[0] - 10) < 0.1
    assert abs(moved[1] - 2) < 0.1
    assert page.evaluate("scrollY") == top
    page.wait_for_timeout(400)
    page.touchscreen.tap(*_place(page, 4, -1))
    _until(page, f"{PLAY}.state.points.length === 41")
    # Once more on the same place takes hold of it.
    page.touchscreen.tap(*_place(page, 4, -1))
    page.wait_for_timeout(200)
    assert len(_state(page)["points"]) == 41
    _button(page, "Remove").click()
    assert len(_state(page)["points"]) == 40


def test_points_are_moved_added_and_removed_by_keys_and_spoken(open_page):
    page = open_page()
    spoken = page.locator(".play__spoken")
    first = page.get_by_role("button", name="1 of 40: x 0, y 1.05")
    first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    np.testing.assert_allclose(_state(page)["points"][0], [0.1, 1.3], atol=1e-3)
    assert spoken.inner_text() == "x 0.1, y 1.3"
    assert page.locator(".play__keys").is_visible()
    # In the order of x, whatever that of the points is.
    for key, index in [("n", 1), ("PageDown", 2), ("p", 1), ("PageUp", 0), ("PageUp", 0)]:
        page.keyboard.press(key)
        name = page.evaluate("document.activeElement.getAttribute('aria-label')")
        assert name.startswith(f"{index + 1} of 40: ")
    page.keyboard.press("a")
    assert len(_state(page)["points"]) == 41
    assert spoken.inner_text().startswith("Added point 41: x 0.3")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Delete")
    assert len(_state(page)["points"]) == 40
    assert "40 left" in spoken.inner_text()
    assert page.evaluate("document.activeElement.getAttribute('class')").startswith("play__point")
    assert spoken.get_attribute("aria-live") == "polite"
    # One stop for Tab, however many they are.
    assert page.locator(".play__point[tabindex='0']").count() == 1


def test_a_click_adds_a_double_click_removes_and_a_button_fills_the_gap(open_page):
    page = open_page(SMALL)
    page.mouse.click(*_place(page, 4, -1.5))
    points = _state(page)["points"]
    assert len(points) == 7
    np.testing.assert_allclose(points[6], [4, -1.5], atol=0.05)
    page.mouse.dblclick(*_place(page, 10, 1.5))
    assert len(_state(page)["points"]) == 8
    page.wait_for_timeout(650)
    page.mouse.dblclick(*_place(page, 10, 1.5))
    assert _state(page)["points"] == points
    _button(page, "Undo").click()
    _button(page, "Undo").click()
    _button(page, "Undo").click()
    assert len(_state(page)["points"]) == 6
    _button(page, "Add").click()
    assert _state(page)["points"][6] == [4, 0]
    page.keyboard.press("ArrowUp")
    assert _state(page)["points"][6] == [4, 0.05]
    for left in range(6, -1, -1):
        page.keyboard.press("Delete")
        assert len(_state(page)["points"]) == left
    assert "There are no points" in _says(page)
    assert page.evaluate("document.activeElement.className") == "play__add"
    assert _button(page, "Remove").is_disabled()


def test_other_sets_of_points_can_be_chosen(open_page):
    page = open_page()
    for name in ("one-gap", "two-gaps", "step", "growing-noise", "original"):
        page.locator(".play__data").select_option(name)
        state = _state(page)
        assert state["data"] == name
        assert page.locator(".play__point").count() == len(state["points"])
    assert _state(page)["points"] == POINTS


# --- the link, CSV, Python


def test_a_link_is_kept_and_opens_what_was_seen(open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    _set(page, "Noise sd", 0)
    _set(page, "Depth", 1)
    page.locator(".play__settings select").select_option("relu")
    _drag(page, POINTS[0], (-2, -1))
    _button(page, "Copy link").click()
    page.get_by_text("The link is copied").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.url
    other = open_page(link.partition(".html")[2])
    assert _state(other) == _state(page)
    assert (_state(other)["noiseStd"], _state(other)["depth"], _state(other)["activation"]) == (
        0.01,
        1,
        "relu",
    )
    shown = other.locator(".play__settings b").all_inner_texts()
    assert shown[:4] == ["1", "0.01", "10", "1"]
    _button(other, "Start over").click()
    other.wait_for_url("**/light.html")


def test_a_damaged_link_says_what_it_lacks(open_page):
    page = open_page("?v=1&noise=NaN&points=1,2_x,3")
    assert "Point 2 of the link is “x,3”" in _says(page)
    assert "Noise sd is “NaN”" in _says(page)
    assert _state(page)["points"] == POINTS
    _train(page)


def test_a_sentences_link_is_opened_in_place_and_trained(open_page):
    page = open_page()
    page.evaluate("window.stays = true")
    page.locator("#wide").click()
    _wait(page)
    assert page.evaluate("window.stays")
    assert (_state(page)["initialStd"], _state(page)["nSteps"]) == (0.8, 200)
    assert "This is a flat line" in _says(page)
    assert "try a starting sd of 0.02" in _says(page)
    page.wait_for_url("**/light.html?v=1&start=0.8&steps=200")


def test_points_are_pasted_as_csv_and_taken_along(open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.get_by_text("Your points as CSV").click()
    box = page.get_by_label("Points as CSV")
    lines = box.input_value().splitlines()
    assert lines[0] == "x,y"
    assert [list(map(float, line.split(","))) for line in lines[1:]] == POINTS
    box.fill("year;price\n1970;1,5\n1980;NaN\n")
    _button(page, "Use these points").click()
    assert "Line 3: “NaN” is no finite number" in _says(page)
    assert _state(page)["points"] == POINTS
    box.fill("year;price\n1970;150\n1980;250,5\n2000;900\n")
    _button(page, "Use these points").click()
    state = _state(page)
    assert state["points"] == [[1970, 150], [1980, 250.5], [2000, 900]]
    assert state["noiseStd"] == pytest.approx(0.1 * state["units"]["yScale"])
    assert "3 points of your own" in _says(page)
    _train(page)
    assert np.abs(_band(page)[0]).max() < 5000
    page.locator(".play__csv").get_by_role("button", name="Copy").click()
    page.get_by_text("The points are copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "x,y\n1970,150\n1980,250.5\n2000,900\n"
    _button(page, "Undo").click()
    assert _state(page)["noiseStd"] == 0.1


def test_the_script_is_that_of_the_state_and_can_be_saved(open_page, tmp_path):
    page = open_page("?v=1&width=7&data=step")
    page.get_by_text("The same in Python").click()
    script = page.inner_text(".play__python code")
    assert "layer_sizes=(1, 7, 7, 1)" in script
    assert "bnn.Dataset(" in script
    with page.expect_download() as download:
        _button(page, "Save as playground.py").click()
    assert download.value.suggested_filename == "playground.py"
    assert download.value.path().read_text(encoding="utf-8").strip() == script.strip()


# --- bad states


@pytest.mark.parametrize(
    ("search", "says"),
    [
        ("rate=1e100", "The ELBO left the finite numbers at step 1, and training stopped. The learning rate"),
        ("rate=30&steps=300", "a learning rate of 30 is too large. Try 0.1."),
        ("points=&steps=50", "There are no points, so training leads back to the prior."),
        ("points=1,1&steps=50", "One point says what f is there, and nothing else."),
        ("noise=5&steps=50", "A noise sd of 5 is more than the points' own spread of 0.478"),
        ("noise=0.001&steps=200", "so the noise is set too small"),
        ("depth=0&steps=200", "Without a hidden layer it can only be straight"),
        ("prior=0.1&steps=300", "try a prior sd of 1."),
        ("kl=30&steps=300", "try a KL weight of 1."),
        ("points=1e9,-1e9_-1e9,1e9_1,1&steps=50", "The points lie"),
    ],
)
def test_a_bad_state_ends_in_a_sentence_and_in_numbers(open_page, search, says):
    page = open_page("?v=1&" + search)
    _button(page, "Train").click()
    page.wait_for_selector('bayes-playground:is([data-run="over"], [data-run="failed"])')
    assert says in _says(page)
    _settle(page)
    axes = page.evaluate(f"{PLAY}.charts.map(({{ x, y }}) => [x.low, x.high, y.low, y.high])")
    assert np.isfinite(np.array(axes, float)).all()
    assert all(low < high for low, high in np.reshape(axes, (-1, 2)))
    assert "NaN" not in page.inner_text(".play")
    # It can be left.
    _button(page, "Start over").click()
    _until(page, f"{PLAY}.dataset.run === 'paused'")
    assert _says(page) == "This is the start again."


def test_too_many_points_are_refused_with_the_limit_and_the_reason(open_page):
    points = "_".join(f"{k / 50},{k % 3}" for k in range(300))
    page = open_page(f"?v=1&points={points}&width=2&depth=1")
    assert page.locator(".play__point").count() == 300
    _button(page, "Add").click()
    assert "These are 301 points, and the playground takes 300, for every step goes through all" in _says(
        page
    )
    assert len(_state(page)["points"]) == 300


def test_what_cannot_be_loaded_is_said_beside_the_still(browser, address):
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}missing.html")
    page.get_by_text("The playground could not be loaded (status 404)").wait_for()
    assert page.locator("bayes-playground img").is_visible()
    context.close()


# --- HMC, and the reader's own guess


def _lay_over(page):
    _button(page, "Lay HMC over it").click()
    page.wait_for_selector('bayes-playground[data-exact="done"]', timeout=120_000)


def test_hmc_is_laid_over_says_how_far_it_can_be_trusted_and_goes_with_its_points(open_page):
    page = open_page(SMALL + "&seed=3")
    _train(page)
    assert page.locator(".play__key--exact").is_hidden()
    _lay_over(page)
    told = re.match(
        r"(\d+) chains of (\d+) draws: R-hat ([\d.]+) at most, at least ([\d,]+) effective draws of f",
        page.inner_text(".play__honest"),
    )
    assert int(told[1]) >= 8
    assert 0.9 < float(told[3]) < 2
    exact = page.evaluate(f"[...{PLAY}.compare.exact.std]")
    own = _band(page)[1]
    # A pointer, and a slider for who has none, read both.
    page.mouse.move(*_place(page, 4, 0))
    read = re.search(
        r"x 4 · .*HMC's sd ([\d.]+): (as sure|([\d.]+) times too (sure|cautious))",
        page.inner_text(".play__read"),
    )
    assert float(read[1]) == pytest.approx(exact[60], rel=0.01)
    if read[3]:
        times = max(exact[60] / own[60], own[60] / exact[60])
        assert (float(read[3]), read[4]) == (
            pytest.approx(times, abs=0.06),
            "sure" if own[60] < exact[60] else "cautious",
        )
    page.mouse.move(0, 0)
    assert "Point at the picture" in page.inner_text(".play__read")
    _set(page, "Place along x to read", 60)
    assert page.inner_text(".play__read").startswith("x 4 ·")
    draws = page.evaluate(f"{PLAY}.compare.exact.wanted")
    _button(page, "More draws").click()
    _until(page, f"{PLAY}.dataset.exact === 'done' && {PLAY}.compare.exact.wanted === {2 * draws}")
    # Its band is the posterior's: what the training does changes nothing, what the model is does.
    _set(page, "KL weight", 0)
    assert page.get_attribute("bayes-playground", "data-exact") == "done"
    _drag(page, (8, -0.1), (8, 1))
    assert page.get_attribute("bayes-playground", "data-exact") == "none"
    assert page.inner_text(".play__honest").startswith("HMC's band was of other points")
    assert len(page.workers) == 1


def test_hmc_in_the_browser_finds_what_a_straight_lines_posterior_is(open_page):
    # Without a hidden layer it is Bayesian linear regression.
    points = [[0, 0.2], [3, 0.6], [8, -0.3]]
    page = open_page("?v=1&depth=0&noise=0.3&points=" + "_".join(f"{x},{y}" for x, y in points))
    _lay_over(page)
    mean, std, x, ess = page.evaluate(
        f"(({{ mean, std, x, ess }}) => [[...mean], [...std], [...x], ess])({PLAY}.compare.exact)"
    )
    x, (seen, y) = (np.array(x) - 4) / 4, np.array(points).T
    features = np.column_stack([(seen - 4) / 4, np.ones(3)])
    covariance = np.linalg.inv(features.T @ features / 0.09 + np.eye(2))
    along = np.column_stack([x, np.ones(len(x))])
    expected = along @ covariance @ features.T @ y / 0.09
    stds = np.sqrt(np.sum(along @ covariance * along, axis=1))
    assert ess > 200
    assert (np.abs(mean - expected) < 5 * stds / np.sqrt(ess)).all()
    np.testing.assert_allclose(std, stds, rtol=5 / np.sqrt(2 * ess))


def test_predict_then_reveal_by_mouse_and_keys_with_a_score_that_is_true(open_page):
    page = open_page(SMALL)
    _button(page, "Predict, then reveal").click()
    assert "Drag the two edges" in _says(page)
    assert not page.evaluate(f"{PLAY}.compare.sees('training')")
    handles = page.get_by_role("slider", name=re.compile("edge at x"))
    assert handles.count() == 18
    places = page.evaluate(f"{PLAY}.compare.guess.x")
    edges = lambda: np.array(page.evaluate(f"{PLAY}.compare.guess.edges"))  # noqa: E731
    before = edges()
    _drag(page, (places[4], before[1][4]), (places[4], 2))
    assert edges()[1][4] == pytest.approx(2, abs=0.05)
    # Along x the same edge goes on.
    _drag(page, (places[0], before[0][0]), (places[2], -1.5))
    assert (edges()[0][:3] < before[0][:3]).all()
    assert (edges()[1][:3] == before[1][:3]).all()
    page.get_by_role("slider", name="upper edge at x 11.1").focus()
    page.keyboard.press("PageUp")
    page.keyboard.press("ArrowUp")
    assert edges()[1][8] == pytest.approx(before[1][8] + 6 * 4.8 / 80)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("End")
    assert edges()[1][7] == 2.4
    # An edge does not pass the other, and the points stay where they are.
    page.keyboard.press("Home")
    assert edges()[1][7] > edges()[0][7]
    points = _state(page)["points"]
    page.mouse.click(*_place(page, 4, 0))
    assert _state(page)["points"] == points
    drawn = edges()
    _button(page, "Reveal the training").click()
    _wait(page)
    _settle(page)

    def factor(std):
        x = np.linspace(-4, 12, 121)
        return np.exp(np.mean(np.abs(np.log((drawn[1] - drawn[0]) / (4 * np.interp(places, x, std))))))

    assert float(page.get_attribute("bayes-playground", "data-score")) == pytest.approx(
        factor(_band(page)[1]), rel=1e-3
    )
    assert "Against the training's" in _says(page)
    _button(page, "Reveal HMC").click()
    page.wait_for_selector('bayes-playground[data-exact="done"]', timeout=120_000)
    exact = page.evaluate(f"[...{PLAY}.compare.exact.std]")
    assert float(page.get_attribute("bayes-playground", "data-score")) == pytest.approx(
        factor(exact), rel=1e-3
    )
    assert "Against HMC's" in _says(page)
    _button(page, "Done").click()
    assert handles.count() == 0
    _drag(page, (8, -0.1), (8, 1))
    assert _state(page)["points"] != points


def test_hmc_is_as_honest_as_the_library_is_about_the_same_chains(open_page):
    page = open_page(SMALL)
    _lay_over(page)
    exact = f"{PLAY}.compare.exact"
    seen = "[...draw].filter((_, k) => k % 121 % 4 === 0)"
    workers = page.evaluate(f"{exact}.draws.map((draws) => draws.map((draw) => {seen}))")
    r_hat, ess = page.evaluate(f"[{exact}.rHat, {exact}.ess]")
    # From workers, draws, and a worker's chains with their places, to chains, draws, places.
    chains = np.concatenate([np.reshape(each, (len(each), -1, 31)).swapaxes(0, 1) for each in workers])
    expected = tfp.mcmc.potential_scale_reduction(
        chains.swapaxes(0, 1), independent_chain_ndims=1, split_chains=True
    )
    assert r_hat == pytest.approx(np.max(expected), rel=1e-6)
    assert ess == pytest.approx(bnn.effective_sample_size(chains).min(), rel=1e-6)


# --- the page


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE, NARROW], ids=lambda viewport: viewport["width"])
def test_nothing_overflows_and_nothing_moves_when_it_arrives(open_page, viewport):
    page = open_page(ready=False, viewport=viewport)
    page.evaluate("""() => {
        window.moved = 0;
        const add = (list) => list.getEntries().forEach((entry) => (window.moved += entry.value));
        new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
    }""")
    page.wait_for_selector("bayes-playground[data-run]")
    after = page.locator("#after").bounding_box()["y"]
    _train(page)
    page.get_by_text("bit for bit").wait_for()
    _settle(page)
    assert page.evaluate("window.moved") < 0.01
    assert page.locator("#after").bounding_box()["y"] == after
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    board, reserved = (page.locator(name).bounding_box()["height"] for name in (".play", "bayes-playground"))
    assert reserved - 60 < board <= reserved


@pytest.mark.parametrize("name", ["light", "dark"])
def test_axe_finds_nothing_and_text_can_be_read_in_light_and_dark(open_page, name):
    page = open_page("?v=1&steps=200&start=0.8", name=name, bypass_csp=True)
    page.get_by_text("The same in Python").click()
    page.get_by_text("Your points as CSV").click()
    _train(page)
    page.evaluate(AXE)
    for stage in ("Predict, then reveal", "Leave"):
        found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
        assert not [f"{each['id']}: {each['nodes'][0]['html'][:150]}" for each in found]
        _button(page, stage).click()
    measured = page.evaluate(MEASURE_CONTRAST)
    assert {"Train", "Prior sd", "Lay HMC over it"} <= {text for _, _, text, _ in measured}
    faint = [each for each in measured if each[0] < CONTRAST and each[2] not in ("Undo", "More draws")]
    assert not faint


def test_what_is_touched_is_large_enough(open_page):
    page = open_page(viewport=PHONE, has_touch=True)
    small = page.evaluate("""() =>
        [...document.querySelectorAll(".play :is(button, select, input, summary), .play__point")]
            .filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < 24)
            .map((each) => each.outerHTML.slice(0, 80))""")
    assert not small


def test_everything_can_be_reached_by_key_and_its_focus_is_seen(open_page):
    page = open_page()
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        if not page.evaluate("document.activeElement.closest('.play')"):
            break
        name = "(document.activeElement.ariaLabel || document.activeElement.textContent || '').trim()"
        reached.append(page.evaluate(name))
        assert page.evaluate("""() => {
            const at = document.activeElement;
            const ring = at.querySelector?.(".play__ring");
            if (ring) return getComputedStyle(ring).stroke !== "rgba(0, 0, 0, 0)";
            return getComputedStyle(at).outlineStyle !== "none";
        }"""), page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
    wanted = ["Add", "Train", "Step", "Rewind", "Lay HMC over it", "Predict, then reveal", "Copy link"]
    assert set(wanted) <= set(reached)
    assert any(name.startswith("1 of 40") for name in reached)
    assert [label for label in reached if label.startswith("Noise sd")] == ["Noise sd, in units of y"]
    assert page.get_by_label("Noise sd").get_attribute("aria-valuetext") == "0.1 in units of y"


def test_who_prefers_less_motion_gets_the_same_end(open_page):
    page = open_page("?v=1&steps=300", reduced_motion="reduce")
    page.evaluate(f"""() => {{
        window.pictures = 0;
        const {{ told }} = {PLAY}.trainer, {{ picture }} = told;
        told.picture = () => {{ window.pictures++; picture(); }};
    }}""")
    _train(page)
    other = open_page("?v=1&steps=300")
    _train(other)
    np.testing.assert_array_equal(_band(page), _band(other))


def test_without_scripts_and_in_print_there_is_a_still_and_no_gap(browser, open_page, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}light.html")
    still = page.locator("bayes-playground img").bounding_box()
    assert page.locator("bayes-playground").bounding_box()["height"] < still["height"] + 40
    context.close()
    page = open_page()
    assert page.locator("bayes-playground img").is_hidden()
    page.emulate_media(media="print")
    assert page.locator("bayes-playground img").is_visible()
    assert page.locator(".play").is_hidden()


def test_its_workers_end_with_it_and_begin_again(open_page):
    page = open_page(SMALL)
    _button(page, "Lay HMC over it").click()
    _until(page, f"{PLAY}.compare.exact.workers.length > 0")
    page.evaluate(f"window.gone = {PLAY}; window.parent_ = gone.parentElement; gone.remove()")
    for _ in range(50):
        if not page.workers:
            break
        page.wait_for_timeout(50)
    assert not page.workers
    page.evaluate("parent_.append(gone)")
    _train(page)
    assert len(page.workers) == 1
    assert page.get_attribute("bayes-playground", "data-exact") == "none"
    assert page.locator(".play").count() == 1


# --- on the site


def test_the_pages_experiments_show_what_it_says_of_them(open_page, root):
    links = re.findall(r"\]\((\?v=[^)]+)\)", (root / "docs" / "playground.md").read_text(encoding="utf-8"))
    found = []
    for link in ["", *links]:
        page = open_page(link)
        _train(page)
        trainer = f"{PLAY}.trainer"
        likelihood, kl = np.array(page.evaluate(f"[[...{trainer}.logLikelihood], [...{trainer}.kl]]"))
        found.append(
            {
                "says": _says(page),
                "likelihood": np.median(likelihood[-50:]),
                "elbo": np.median((likelihood - kl)[-50:]),
                "trembling": (likelihood - kl)[-50:].std(),
                "mean": _band(page)[0],
                "std": _band(page)[1],
                "points": np.array(_state(page)["points"]),
            }
        )
        page.close()
    usual, wide, one, cold, quiet, growing, straight = found
    x = np.linspace(-4, 12, 121)
    at_points = (x < 2) & (x > 0) | (x > 6) & (x < 8)
    assert "This is a flat line" in wide["says"]
    best = evaluate(
        "bestConstant(startState(namedPoints(given)))",
        POINTS,
        modules=("playground-state.js", "playground-data.js"),
    )
    assert wide["elbo"] < best < one["elbo"]
    assert one["trembling"] > usual["trembling"]
    assert cold["likelihood"] > usual["likelihood"]
    assert cold["elbo"] < usual["elbo"]
    assert cold["std"][at_points].mean() < usual["std"][at_points].mean()
    assert "noise sds from the mean" in quiet["says"]
    seen, y = growing["points"].T
    residuals = np.abs(y - np.interp(seen, x, growing["mean"]))
    assert residuals[seen < 2].mean() < 0.1 < residuals[seen > 6].mean()
    assert straight["std"][-1] > 3 * usual["std"][-1]


def test_the_macro_shows_what_starts_it_and_what_stands_in(tmp_path):
    for file in ("start.json", "fit-dark.png"):
        (tmp_path / file).write_text("{}")
    Image.new("RGB", (160, 80)).save(tmp_path / "fit.png")
    with pytest.raises(PluginError, match=r"other\.json is missing: no playground starts from this"):
        playground_html(tmp_path, "other", still="fit")
    with pytest.raises(PluginError, match=r"fit\.txt is missing"):
        playground_html(tmp_path, "start", still="fit")
    (tmp_path / "fit.txt").write_text('A band, and "points".')
    html = playground_html(tmp_path, "start", still="fit", caption="Try it.")
    assert f'<bayes-playground src="site:outputs/{tmp_path.name}/start.json"><img ' in html
    assert html.count("&quot;points&quot;") == 2
    assert ">Try it.</figcaption>" in html


def test_the_page_starts_as_the_build_did(root):
    """What the example leaves, and what the playground begins with, are one."""
    start = json.loads((root / "outputs" / "plot_playground" / "start.json").read_text(encoding="utf-8"))
    state = evaluate(
        "startState(namedPoints(given))",
        start["points"],
        modules=("playground-state.js", "playground-data.js"),
    )
    model = evaluate("inNetworkUnits(given).model", state, modules=("playground-state.js",))
    assert model == start["model"]
    assert (state["seed"], state["nSteps"]) == (start["seed"], start["nSteps"])
    scaling = start["scaling"]
    units = state["units"]
    assert [units["x0"], units["xScale"]] == [*scaling["x_shift"], *scaling["x_scale"]]
    assert (units["y0"], units["yScale"]) == (scaling["y_shift"], scaling["y_scale"])
    assert start["points"] == POINTS
