"""What every kind of player keeps to on its page, in a real browser: its room, its colours and its still."""

import pytest
from readers import digits_player_pages, plane_player_reader
from readers.browser import MEASURE_CONTRAST, serve
from readers.player_reader import (
    CONTRAST,
    DESKTOP,
    NARROW,
    PHONE,
    WATCH_SHIFTS,
    frame_of,
    opening,
    settle,
)

pytestmark = pytest.mark.browser

# Of each kind its page, the same in dark, one that names a record of another kind, what is said there, and a
# panel to be pointed at.
KINDS = {
    "training-player": ("fit", "dark", "broken", "the record of a run", "predictive"),
    "digits-player": ("digits", "digits-dark", "digits-wrong", "the record of a classifier", "classes"),
    "plane-player": ("plane", "plane-dark", "plane-wrong", "the record of a classifier of two inputs", "map"),
}
AFTER = "() => document.getElementById('after').getBoundingClientRect().top + scrollY"
PAGES = [*((kind, pages[0]) for kind, pages in KINDS.items()), ("training-player", "pair")]
every_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = digits_player_pages.make_pages(tmp_path_factory.mktemp("pages"))
    return plane_player_reader.add_pages(folder)


@pytest.fixture(scope="module")
def address(folder):
    with serve(folder, "/blog/") as where:
        yield where


@pytest.fixture
def open_page(browser, address):
    with opening(browser, address, ".player-frame", "fit") as opened:
        yield opened


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE, NARROW], ids=lambda viewport: viewport["width"])
@pytest.mark.parametrize("moving", [True, False], ids=["moving", "calm"])
@pytest.mark.parametrize(("kind", "name"), PAGES)
def test_nothing_overflows_and_nothing_moves_when_it_arrives(open_page, kind, name, viewport, moving):
    page = open_page(name, ready=False, viewport=viewport, moving=moving)
    page.evaluate(WATCH_SHIFTS)
    page.wait_for_selector(".player")
    settle(page)
    after = page.evaluate(AFTER)
    page.locator(f".player__{KINDS[kind][-1]}").first.hover()
    page.locator(".player__scrub").fill("4")
    settle(page)
    assert page.evaluate("window.moved") < 0.01
    assert page.evaluate(AFTER) == after
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    # Not its height, which grows with what is in it.
    reserved = page.locator(kind).evaluate("each => parseFloat(getComputedStyle(each).minHeight)")
    board = page.locator(".player").bounding_box()["height"]
    assert reserved - 60 < board <= reserved


@every_kind
@pytest.mark.parametrize("is_dark", [False, True], ids=["light", "dark"])
def test_text_can_be_read_in_light_and_dark(open_page, kind, is_dark):
    page = open_page(KINDS[kind][is_dark])
    page.get_by_text("Numbers behind the picture").click()
    page.wait_for_selector(".player__table td")
    measured = page.evaluate(MEASURE_CONTRAST)
    key = page.locator(".player__key span").first.inner_text().strip()
    assert {key, "Numbers behind the picture"} <= {text.strip() for _, _, text, _ in measured}
    assert not [each for each in measured if each[0] < CONTRAST]


@every_kind
def test_in_print_and_without_scripts_there_is_the_still_and_no_gap(browser, open_page, address, kind):
    # There the room of a player is higher than the still.
    context = browser.new_context(java_script_enabled=False, viewport=PHONE)
    page = context.new_page()
    page.goto(f"{address}{KINDS[kind][0]}.html")
    still = page.locator(f"{kind} img").bounding_box()
    assert page.locator(kind).bounding_box()["height"] < still["height"] + 40
    context.close()
    page = open_page(KINDS[kind][0])
    assert page.locator(f"{kind} img").is_hidden()
    page.emulate_media(media="print")
    assert page.locator(f"{kind} img").is_visible()
    assert page.locator(".player").is_hidden()


@every_kind
def test_the_record_of_another_kind_is_said_and_the_still_stays(open_page, kind):
    page = open_page(KINDS[kind][2], ready=False)
    why = f"it is not {KINDS[kind][3]}"
    page.get_by_text(f"The player could not be loaded ({why}); this picture stands in for it.").wait_for()
    assert page.locator(f"{kind} img").is_visible()


@every_kind
def test_it_may_go_come_back_and_come_twice(open_page, kind):
    page = open_page(KINDS[kind][0], moving=True)
    page.wait_for_selector(".player__play--on")
    page.evaluate("""() => {
        const first = document.getElementById("fit");
        const parent = first.parentElement;
        first.remove();
        parent.append(first, Object.assign(first.cloneNode(true), { id: "copy" }));
    }""")
    page.locator("#copy").scroll_into_view_if_needed()
    page.wait_for_function("() => document.getElementById('copy').board")
    page.locator("#fit .player__scrub").fill("2")
    page.locator("#copy .player__scrub").fill("5")
    assert [frame_of(page, k) for k in (0, 1)] == [2, 5]
    assert page.locator(f"{kind} .player").count() == 2
    # Both are drawn anew for the dark.
    draws = """() => {
        window.drawn = new Set();
        for (const player of document.querySelectorAll("#fit, #copy")) {
            const [chart] = player.charts, draw = chart.draw;
            chart.draw = () => (window.drawn.add(player.id), draw.call(chart));
        }
        document.body.setAttribute("data-md-color-scheme", "slate");
    }"""
    page.evaluate(draws)
    page.wait_for_function("() => window.drawn.size === 2")
