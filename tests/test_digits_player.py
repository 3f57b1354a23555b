"""The player of a classifier's training as a reader meets it, in a real browser."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import digits_player_pages
import numpy as np
import pytest
from browser import chromium, require_chromium, serve

from bayesian_nn.class_record import read_class_record

pytestmark = pytest.mark.browser

DESKTOP, PHONE, NARROW = ({"width": width, "height": 844} for width in (1280, 390, 320))
CONTRAST = 4.5
TESTS = Path(__file__).parent
MEASURE_CONTRAST = (TESTS / "contrast.js").read_text(encoding="utf-8")
STEPS, EPOCHS = digits_player_pages.STEPS, digits_player_pages.EPOCHS
LAST = len(STEPS) - 1
# How many pixels of a canvas are nearly of a colour.
COUNT = """(canvas, [r, g, b]) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let found = 0;
    for (let k = 0; k < data.length; k += 4) {
        const near = Math.abs(data[k] - r) + Math.abs(data[k + 1] - g) + Math.abs(data[k + 2] - b) < 16;
        if (data[k + 3] > 60 && near) found++;
    }
    return found;
}"""
ORANGE, BLUE, GREEN, VERMILION = (230, 159, 0), (0, 114, 178), (0, 158, 115), (213, 94, 0)
DARK_ORANGE, DARK_GREEN, DARK_VERMILION = (255, 186, 31), (31, 255, 194), (255, 130, 31)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return digits_player_pages.make_pages(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def record(folder):
    return read_class_record(folder / "classes.bin")


@pytest.fixture(scope="module")
def browser():
    with chromium(require_chromium()) as running:
        yield running


@pytest.fixture(scope="module")
def address(folder):
    with serve(folder, "/blog/") as where:
        yield where


@pytest.fixture
def open_page(browser, address):
    """A function that opens a page of `digits_player_pages` and waits for its player; an error fails the
    test. Motion is not wanted unless it is asked for, so that nothing plays by itself."""
    contexts, wrong = [], []

    def opened(name="digits", query="", *, ready=True, viewport=DESKTOP, moving=False, **preferences):
        motion = "no-preference" if moving else "reduce"
        contexts.append(browser.new_context(viewport=viewport, reduced_motion=motion, **preferences))
        page = contexts[-1].new_page()
        # That a canvas is read often is the test's doing.
        page.on("console", lambda said: "getImageData" in said.text or wrong.append(said.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{address}{name}.html{query}")
        if ready:
            page.wait_for_selector("digits-player .player")
            _settle(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not wrong


def _settle(page):
    page.evaluate(
        "() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))"
    )


def _epoch(t):
    epoch = EPOCHS[t]
    return f"epoch {epoch:.{0 if epoch == 0 or epoch >= 10 else 2 if epoch < 1 else 1}f}"


def _frame(page, nth=0):
    return page.locator("digits-player").nth(nth).evaluate("player => player.t")


def _spoken(record, t):
    error = 100 * record.errors[t]
    return f"{_epoch(t)}, test error {error:.{2 if error < 10 else 1}f} %"


def _count(page, colour, panel="classes", nth=0):
    _settle(page)
    return page.locator(f".player__{panel}").nth(nth).evaluate(COUNT, colour)


def _point(page, across, panel, nth=0, margins=(2.2, 0.1)):
    """The place on the page of a fraction of the width of a panel's axes."""
    box = page.locator(f".player__{panel}").nth(nth).bounding_box()
    left, right = (round(12 * margin) for margin in margins)
    x = box["x"] + left + across * (box["width"] - left - right)
    return x, box["y"] + box["height"] / 2


def _query(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


# --- what it shows


def test_the_page_reads_what_the_record_holds(open_page, record):
    page = open_page()
    found = page.evaluate("""async () => {
        const { fetchClasses } = await import(new URL("digits-player.js", document.baseURI));
        const { means, at, steps } = await fetchClasses("classes.bin");
        const draws = [0, 17, 40].map((t) => [0, 4, 9].map((draw) => [0, 3, 5].map((image) =>
            Array.from({ length: 10 }, (_, k) => at(t, image, draw, k)))));
        return { means, draws, steps: [...steps] };
    }""")
    assert found["steps"] == STEPS.tolist()
    expected = record.probabilities
    np.testing.assert_allclose(found["means"], expected.mean(axis=1), atol=1e-12)
    np.testing.assert_array_equal(found["draws"], expected[np.ix_([0, 17, 40], [0, 4, 9], [0, 3, 5])])


def test_head_and_readings_follow_the_scrubber(open_page, record):
    page = open_page()
    means = record.probabilities.mean(axis=1)
    for t in (0, 9, 25, LAST):
        page.locator(".player__scrub").fill(str(t))
        words = _spoken(record, t)
        assert ", ".join(page.locator(".player__head span").all_inner_texts()) == words
        assert page.locator(".player__scrub").get_attribute("aria-valuetext") == words
        assert page.locator(".player__spoken").text_content() == words
        shown = page.locator(".player__reading").all_inner_texts()
        for text, label, mean in zip(shown, record.labels, means[t], strict=True):
            assert text.split("\n") == [str(label), f"read as {mean.argmax()}, {mean.max():.2f}"]


def test_bars_are_as_high_as_the_means(open_page, record):
    # Sharp, so that the first column of a bar has no dot.
    page = open_page(device_scale_factor=4)
    for t in (4, 30):
        page.locator(".player__scrub").fill(str(t))
        _settle(page)
        drawn = page.evaluate("""() => {
            const heights = (chart) => Array.from({ length: 10 }, (_, k) => {
                const column = Math.ceil(4 * chart.px(k - 0.4));
                const { data } = chart.context.getImageData(column, 0, 1, chart.canvas.height);
                let top = 0;
                while (data[4 * top + 3] < 90) top++;
                return (chart.py(0) - top / 4) / (chart.py(0) - chart.py(1));
            });
            return document.querySelector("digits-player").charts.slice(0, 6).map(heights);
        }""")
        mean = record.probabilities[t].mean(axis=0)
        np.testing.assert_allclose(drawn, mean, atol=0.015)
    # The true class is green, and the first image is read as another.
    assert _count(page, GREEN) > 20
    assert _count(page, BLUE) > 20
    assert _count(page, ORANGE) > 100


def test_pointing_reads_a_class_of_an_image_and_keeps_reading(open_page, record):
    page = open_page()
    for image, k in ((0, 3), (5, 9), (2, 0)):
        page.mouse.move(*_point(page, (k + 0.6) / 10.2, "classes", image))
        for t in (LAST, 12):
            page.locator(".player__scrub").fill(str(t))
            draws = record.probabilities[t, :, image, k]
            assert page.locator(".player__readout").inner_text().split(" \u00b7 ") == [
                f"Image {image + 1}, of class {record.labels[image]}",
                f"class {k}: mean {draws.mean():.2f}",
                f"draws from {draws.min():.2f} to {draws.max():.2f}",
            ]


def test_the_table_has_the_means_of_the_frame(open_page, record):
    page = open_page()
    page.get_by_text("Numbers behind the picture").click()
    page.wait_for_selector(".player__table td")
    for t in (LAST, 3):
        page.locator(".player__scrub").fill(str(t))
        cells = page.locator(".player__table td").all_inner_texts()
        shown = np.array(cells, float).reshape(6, 10)
        np.testing.assert_allclose(shown, record.probabilities[t].mean(axis=0), atol=0.00501)
        assert page.locator(".player__table caption").inner_text().endswith(_spoken(record, t))
    rows = page.locator(".player__table th[scope=row]").all_inner_texts()
    assert rows == [str(label) for label in record.labels]


# --- time


def test_keys_step_and_are_spoken(open_page, record):
    page = open_page()
    page.locator("digits-player .player").focus()
    for key, t in {"Home": 0, "ArrowRight": 1, "End": LAST, "ArrowLeft": LAST - 1}.items():
        page.keyboard.press(key)
        assert _frame(page) == t
        assert page.locator(".player__spoken").text_content() == _spoken(record, t)
    page.get_by_role("button", name="One record back").click()
    assert _frame(page) == LAST - 2


def test_it_plays_once_when_it_is_first_seen_and_pauses(open_page):
    page = open_page("digits-far", ready=False, moving=True)
    page.wait_for_timeout(200)
    assert not page.locator("digits-player .player").count()
    page.locator("digits-player").scroll_into_view_if_needed()
    page.wait_for_selector(".player__play--on")
    page.wait_for_function("() => document.querySelector('digits-player').t > 2")
    page.get_by_role("button", name="Pause").click()
    paused = _frame(page)
    page.wait_for_timeout(400)
    assert _frame(page) == paused
    page.locator(".player__speed").select_option("4")
    page.locator("digits-player .player").focus()
    page.keyboard.press(" ")
    page.wait_for_function(f"() => document.querySelector('digits-player').t === {LAST}")
    page.get_by_role("button", name="Play").wait_for()


def test_who_prefers_less_motion_sees_the_end_and_a_strip_of_stills(open_page):
    page = open_page()
    page.wait_for_timeout(300)
    assert _frame(page) == LAST
    stills = page.locator(".player__stills button")
    names = [_epoch(round(k * LAST / 4)) for k in range(5)]
    assert [text.strip() for text in stills.all_inner_texts()] == names
    drawn = [page.locator(".player__stills canvas").nth(k).evaluate(COUNT, GREEN) for k in (0, 4)]
    assert 0 < 3 * drawn[0] < drawn[1]
    stills.nth(2).click()
    assert _frame(page) == LAST // 2


def test_the_error_s_panel_is_a_scrubber_too_for_mouse_and_finger(open_page):
    page = open_page()
    margins = (2.8, 0.8)
    page.mouse.move(*_point(page, 0.99, "errors", margins=margins))
    page.mouse.down()
    assert _frame(page) >= LAST - 1
    page.mouse.move(*_point(page, 0.01, "errors", margins=margins))
    page.mouse.up()
    assert _frame(page) == 0
    page = open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    page.locator(".player__errors").scroll_into_view_if_needed()
    page.touchscreen.tap(*_point(page, 0.5, "errors", margins=margins))
    assert 0 < _frame(page) < LAST
    page.locator(".player__classes").nth(1).scroll_into_view_if_needed()
    page.touchscreen.tap(*_point(page, 0.5, "classes", 1))
    assert page.locator(".player__readout").inner_text().startswith("Image 2, of class")


# --- the address


def test_the_state_is_in_the_address_and_a_link_can_be_opened_afresh(open_page):
    page = open_page(query="?h=word#top")
    page.locator(".player__scrub").fill("12")
    page.wait_for_function("() => location.search.includes('player=fit')")
    assert _query(page) == {"h": "word", "player": "fit", "step": str(STEPS[12])}
    again = open_page(query="?" + urlsplit(page.url).query, moving=True)
    again.wait_for_timeout(300)
    assert _frame(again) == 12
    page.locator("#link").click()
    expected = np.flatnonzero(STEPS <= 40)[-1]
    assert _frame(page) == expected
    given = open_page("digits-given", moving=True)
    given.wait_for_timeout(300)
    assert _frame(given) == 20


def test_beside_a_player_of_another_kind_each_has_its_own_time(open_page):
    page = open_page("digits-and-run")
    page.locator("#run").scroll_into_view_if_needed()
    page.wait_for_selector("#run .player")
    last = page.locator("#run .player__head").inner_text()
    page.locator("#link").click()
    assert _frame(page) < LAST
    assert page.locator("#run .player__head").inner_text() == last


# --- the page


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE, NARROW], ids=lambda viewport: viewport["width"])
@pytest.mark.parametrize("moving", [True, False], ids=["moving", "calm"])
def test_nothing_overflows_and_nothing_moves_when_it_arrives(open_page, viewport, moving):
    page = open_page(ready=False, viewport=viewport, moving=moving)
    page.evaluate("""() => {
        window.moved = 0;
        const add = (list) => list.getEntries().forEach((entry) => (window.moved += entry.value));
        new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
    }""")
    page.wait_for_selector("digits-player .player")
    _settle(page)
    after = page.locator("#after").bounding_box()["y"]
    page.mouse.move(*_point(page, 0.5, "classes"))
    page.locator(".player__scrub").fill("4")
    _settle(page)
    assert page.evaluate("window.moved") < 0.01
    assert page.locator("#after").bounding_box()["y"] == after
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    # Not its height, which grows with what is in it.
    reserved = page.locator("digits-player").evaluate("each => parseFloat(getComputedStyle(each).minHeight)")
    board = page.locator("digits-player .player").bounding_box()["height"]
    assert reserved - 60 < board <= reserved


@pytest.mark.parametrize("name", ["digits", "digits-dark"])
def test_text_can_be_read_in_light_and_dark(open_page, name):
    page = open_page(name)
    page.get_by_text("Numbers behind the picture").click()
    page.wait_for_selector(".player__table td")
    measured = page.evaluate(MEASURE_CONTRAST)
    texts = {text.strip() for _, _, text, _ in measured}
    assert {"mean, true class", "Numbers behind the picture"} <= texts
    assert not [each for each in measured if each[0] < CONTRAST]


def test_the_switch_to_dark_draws_anew(open_page):
    page = open_page()
    colours = {"classes": (DARK_ORANGE, ORANGE), "errors": (DARK_VERMILION, VERMILION)}
    for panel, (dark, light) in colours.items():
        assert (_count(page, dark, panel), _count(page, light, panel) > 20) == (0, True)
    page.evaluate("document.body.setAttribute('data-md-color-scheme', 'slate')")
    for panel, (dark, light) in colours.items():
        assert (_count(page, dark, panel) > 20, _count(page, light, panel)) == (True, 0)
    assert _count(page, DARK_GREEN) > 20
    assert page.locator(".player__pixels").first.evaluate("each => getComputedStyle(each).filter") != "none"


def test_in_print_and_without_scripts_there_is_the_still_and_no_gap(browser, open_page, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}digits.html")
    still = page.locator("digits-player img").bounding_box()
    assert page.locator("digits-player").bounding_box()["height"] < still["height"] + 40
    context.close()
    page = open_page()
    assert page.locator("digits-player img").is_hidden()
    page.emulate_media(media="print")
    assert page.locator("digits-player img").is_visible()
    assert page.locator(".player").is_hidden()


def test_the_record_of_another_kind_is_said_and_the_still_stays(open_page):
    page = open_page("digits-wrong", ready=False)
    why = "it is not the record of a classifier"
    page.get_by_text(f"The player could not be loaded ({why}); this picture stands in for it.").wait_for()
    assert page.locator("digits-player img").is_visible()


def test_it_may_go_come_back_and_come_twice(open_page):
    page = open_page(moving=True)
    page.wait_for_selector(".player__play--on")
    page.evaluate("""() => {
        const first = document.querySelector("digits-player");
        const parent = first.parentElement;
        first.remove();
        parent.append(first, Object.assign(first.cloneNode(true), { id: "copy" }));
    }""")
    page.locator("#copy").scroll_into_view_if_needed()
    page.wait_for_function("() => document.getElementById('copy').board")
    page.locator("#fit .player__scrub").fill("2")
    page.locator("#copy .player__scrub").fill("5")
    assert [_frame(page, k) for k in (0, 1)] == [2, 5]
    assert page.locator("digits-player .player").count() == 2
    page.evaluate("document.body.setAttribute('data-md-color-scheme', 'slate')")
    assert _count(page, DARK_ORANGE) > 20


def test_all_controls_have_names_and_can_be_reached_by_key(open_page):
    page = open_page(moving=True, query="?player=fit&step=0")
    page.locator("#link").focus()
    reached = []
    for _ in range(7):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("""() => {
            const at = document.activeElement;
            const seen = getComputedStyle(at).outlineStyle !== "none";
            return seen && (at.ariaLabel || at.innerText).trim();
        }""")
        )
    bar = ["Play", "One record back", "One record on", "Epoch", "Speed"]
    assert reached == ["Player of a training run", *bar, "Numbers behind the picture"]
    canvases = page.locator("digits-player canvas").all()
    assert all(re.match("Image|Probabilities|Error", each.get_attribute("aria-label")) for each in canvases)
