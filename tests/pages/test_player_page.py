"""A player on its page, in a real browser: its room, colours and keys, and what stands in for it."""

import pytest
from readers import player_pages, player_reader
from readers.browser import MEASURE_CONTRAST
from readers.player_reader import (
    BLUE,
    CONTRAST,
    DARK_BLUE,
    DESKTOP,
    NARROW,
    PHONE,
    count,
    point,
    settle,
    step_of,
)

pytestmark = pytest.mark.browser

address, folder, open_page = player_reader.address, player_reader.folder, player_reader.open_page
AFTER = "() => document.getElementById('after').getBoundingClientRect().top + scrollY"


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE, NARROW], ids=lambda viewport: viewport["width"])
@pytest.mark.parametrize("name", ["fit", "pair"])
@pytest.mark.parametrize("moving", [True, False], ids=["moving", "calm"])
def test_nothing_overflows_and_nothing_moves_when_it_arrives(open_page, name, viewport, moving):
    page = open_page(name, ready=False, viewport=viewport, moving=moving)
    page.evaluate("""() => {
        window.moved = 0;
        const add = (list) => list.getEntries().forEach((entry) => (window.moved += entry.value));
        new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
    }""")
    page.wait_for_selector(".player")
    settle(page)
    after = page.evaluate(AFTER)
    page.mouse.move(*point(page, 0.5))
    page.locator(".player__scrub").fill("4")
    settle(page)
    assert page.evaluate("window.moved") < 0.01
    assert page.evaluate(AFTER) == after
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    # Not its height, which grows with what is in it.
    reserved = page.locator("training-player").evaluate(
        "each => parseFloat(getComputedStyle(each).minHeight)"
    )
    board = page.locator(".player").bounding_box()["height"]
    assert reserved - 60 < board <= reserved


@pytest.mark.parametrize("name", ["fit", "dark"])
def test_text_can_be_read_in_light_and_dark(open_page, name):
    page = open_page(name)
    page.get_by_text("Numbers behind the picture").click()
    page.wait_for_selector(".player__table td")
    measured = page.evaluate(MEASURE_CONTRAST)
    assert {"truth", "ELBO", "Numbers behind the picture"} <= {text.strip() for _, _, text, _ in measured}
    assert not [each for each in measured if each[0] < CONTRAST]


def test_the_switch_to_dark_draws_anew(open_page):
    page = open_page()
    assert count(page, DARK_BLUE) == 0
    page.evaluate("document.body.setAttribute('data-md-color-scheme', 'slate')")
    settle(page)
    for panel in ("predictive", "elbo", "weights"):
        assert count(page, DARK_BLUE, panel) > 20
        assert count(page, BLUE, panel) == 0


def test_it_is_sharp_on_a_fine_screen_and_follows_its_size(open_page):
    page = open_page(device_scale_factor=2)
    size = "canvas => [canvas.width, canvas.height, 2 * canvas.clientWidth, 2 * canvas.clientHeight]"
    for width in (1280, 700, 360):
        page.set_viewport_size({"width": width, "height": 800})
        settle(page)
        for panel in ("predictive", "elbo", "weights"):
            drawn = page.locator(f".player__{panel}").evaluate(size)
            assert drawn[:2] == drawn[2:]
        assert count(page, BLUE) > 100


def test_in_print_and_without_scripts_there_is_the_still_and_no_gap(browser, open_page, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}fit.html")
    still = page.locator("training-player img").bounding_box()
    assert page.locator("training-player").bounding_box()["height"] < still["height"] + 40
    context.close()
    page = open_page()
    assert page.locator("training-player img").is_hidden()
    page.emulate_media(media="print")
    assert page.locator("training-player img").is_visible()
    assert page.locator(".player").is_hidden()


@pytest.mark.parametrize(
    ("name", "why"), [("missing", "status 404"), ("broken", "it is not the record of a run")]
)
def test_a_record_that_does_not_come_is_said_and_the_still_stays(browser, address, name, why):
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.goto(f"{address}{name}.html")
    page.get_by_text(f"The player could not be loaded ({why}); this picture stands in for it.").wait_for()
    assert page.locator("training-player img").is_visible()
    context.close()


def test_a_band_that_does_not_come_is_said(browser, address):
    context = browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{address}bandless.html")
    page.wait_for_selector(".player")
    page.locator(".player__overlay").click()
    why = page.get_by_text("HMC\u2019s band could not be loaded (status 404).")
    why.first.wait_for()
    assert [each.get_attribute("class") for each in why.all()] == ["player__readout", "player__spoken"]
    assert not page.locator(".player__overlay").is_checked()
    context.close()


def test_it_may_go_come_back_and_come_twice(open_page):
    page = open_page(moving=True)
    page.wait_for_selector(".player__play--on")
    page.evaluate("""() => {
        const first = document.querySelector("training-player");
        const parent = first.parentElement;
        first.remove();
        window.stopped = first.t;
        parent.append(first, Object.assign(first.cloneNode(true), { id: "copy" }));
    }""")
    page.wait_for_function("() => document.querySelectorAll('.player').length === 2")
    page.locator("#copy").scroll_into_view_if_needed()
    page.wait_for_function("() => document.getElementById('copy').board")
    page.locator("#fit .player__scrub").fill("2")
    page.locator("#copy .player__scrub").fill("5")
    assert [step_of(page, k) for k in (0, 1)] == list(player_pages.STEPS[[2, 5]])
    assert page.locator(".player").count() == 2
    page.evaluate("document.body.setAttribute('data-md-color-scheme', 'slate')")
    assert count(page, DARK_BLUE) > 20


def test_all_controls_have_names_and_can_be_reached_by_key(open_page):
    page = open_page()
    page.locator("#link").focus()
    reached = []
    for _ in range(15):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("""() => {
            const at = document.activeElement;
            const seen = getComputedStyle(at).outlineStyle !== "none";
            const name = at.ariaLabel || at.closest("label")?.innerText || at.innerText;
            return seen && name.trim();
        }""")
        )
    assert reached[:7] == [
        "Player of a training run",
        "Read at x",
        "Play",
        "One record back",
        "One record on",
        "Training step",
        "Speed",
    ]
    assert reached[7:12][0] == "step 0"
    assert reached[12:15] == ["Curves", "Lay HMC over it", "Numbers behind the picture"]
