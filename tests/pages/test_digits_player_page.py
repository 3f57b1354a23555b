"""The player of a classifier's training on its page, in a real browser: its room, colours and keys."""

import re

import pytest
from readers import digits_player_reader
from readers.browser import MEASURE_CONTRAST
from readers.digits_player_reader import (
    DARK_GREEN,
    DARK_ORANGE,
    DARK_VERMILION,
    ORANGE,
    VERMILION,
    count,
    frame_of,
    point,
)
from readers.player_reader import CONTRAST, DESKTOP, NARROW, PHONE, settle

pytestmark = pytest.mark.browser

address, folder = digits_player_reader.address, digits_player_reader.folder
open_page, record = digits_player_reader.open_page, digits_player_reader.record


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
    settle(page)
    after = page.locator("#after").bounding_box()["y"]
    page.mouse.move(*point(page, 0.5, "classes"))
    page.locator(".player__scrub").fill("4")
    settle(page)
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
        assert (count(page, dark, panel), count(page, light, panel) > 20) == (0, True)
    page.evaluate("document.body.setAttribute('data-md-color-scheme', 'slate')")
    for panel, (dark, light) in colours.items():
        assert (count(page, dark, panel) > 20, count(page, light, panel)) == (True, 0)
    assert count(page, DARK_GREEN) > 20
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


def test_the_name_of_a_class_is_text(open_page):
    page = open_page("digits-odd")
    assert page.locator(".player__reading b").first.inner_text() == '<b>&"0'
    for canvas, kind in (("pixels", "Image 1, of class"), ("classes", "Probabilities")):
        assert page.locator(f".player__{canvas}").first.get_attribute("aria-label").startswith(kind)
    assert page.locator(".player__pixels").first.get_attribute("aria-label").endswith('<b>&"0')


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
    assert [frame_of(page, k) for k in (0, 1)] == [2, 5]
    assert page.locator("digits-player .player").count() == 2
    page.evaluate("document.body.setAttribute('data-md-color-scheme', 'slate')")
    assert count(page, DARK_ORANGE) > 20


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
