"""What holds for each player of a run, in a real browser; a new one is a row in `readers.elements`."""

from urllib.parse import urlsplit

import numpy as np
import pytest
from readers import elements
from readers.element_reader import PHONE
from readers.elements import ELEMENTS, ROWS
from readers.player_reader import query_of

pytestmark = pytest.mark.browser

folder, address, open_page = elements.folder, elements.address, elements.open_page


@pytest.fixture(scope="module", params=[row.tag for row in ROWS if row.frame_name])
def element(request):
    return ELEMENTS[request.param]


def frame_of(page, tag, nth=0):
    """The frame that a player is at, once what is said of it begins with its name."""
    t = page.locator(tag).nth(nth).evaluate("player => player.t")
    words = page.locator(f"{tag} .player__scrub").nth(nth).get_attribute("aria-valuetext")
    assert words.startswith(f"{ELEMENTS[tag].frame_name(t)}, ")
    return t


def until(page, tag, condition):
    page.wait_for_function(f"() => (({{ t, last }}) => {condition})(document.querySelector('{tag}'))")


# --- time


def test_keys_step_and_are_spoken(open_page, element):
    page = open_page()
    player, scrub, spoken = (page.locator(f".player{name}") for name in ("", "__scrub", "__spoken"))
    last = len(element.steps) - 1
    player.focus()
    for key, t in {"Home": 0, "ArrowRight": 1, "End": last, "ArrowLeft": last - 1}.items():
        page.keyboard.press(key)
        assert frame_of(page, element.tag) == t
        words = scrub.get_attribute("aria-valuetext")
        assert ", ".join(page.locator(".player__head > *").all_inner_texts()) == words
        assert spoken.text_content() == words
    assert spoken.get_attribute("aria-live") == "polite"
    # The slider is the browser's own.
    scrub.focus()
    page.keyboard.press("Home")
    assert frame_of(page, element.tag) == 0
    page.keyboard.press("ArrowRight")
    assert frame_of(page, element.tag) == 1
    # And speaks for itself: what is said twice would be heard twice.
    assert spoken.text_content() == ""
    page.get_by_role("button", name="One record on").click()
    assert spoken.text_content() == scrub.get_attribute("aria-valuetext")
    page.get_by_role("button", name="One record on").click()
    page.get_by_role("button", name="One record back").click()
    assert frame_of(page, element.tag) == 2


def test_it_plays_once_when_it_is_first_seen_and_pauses_and_goes_on(open_page, element):
    page = open_page(element.far, ready=False, moving=True)
    page.locator(element.tag).scroll_into_view_if_needed()
    page.wait_for_selector(".player__play--on")
    until(page, element.tag, "t > 2")
    spoken = page.locator(".player__spoken")
    assert spoken.text_content() == ""
    page.get_by_role("button", name="Pause").click()
    paused = frame_of(page, element.tag)
    page.wait_for_timeout(400)
    assert frame_of(page, element.tag) == paused
    assert spoken.text_content().startswith(f"{element.frame_name(paused)}, ")
    page.locator(".player__speed").select_option("4")
    page.locator(".player").focus()
    page.keyboard.press(" ")
    until(page, element.tag, "t === last")
    page.get_by_role("button", name="Play").wait_for()
    # From its end it begins again; and who scrubs stops it.
    page.get_by_role("button", name="Play").click()
    until(page, element.tag, "t < last")
    page.locator(".player__scrub").fill("7")
    page.wait_for_timeout(300)
    assert frame_of(page, element.tag) == 7


def test_no_frame_is_skipped(open_page, element):
    page = open_page(moving=True)
    page.locator(element.tag).evaluate("""player => {
        const { show } = player;
        window.shown = [];
        player.show = (t) => { window.shown.push(t); show.call(player, t); };
    }""")
    page.locator(".player__speed").select_option("4")
    page.wait_for_function(f"() => window.shown.at(-1) === {len(element.steps) - 1}", timeout=60_000)
    shown = page.evaluate("window.shown")
    assert np.all(np.diff(shown) == 1)


def test_who_prefers_less_motion_sees_the_end_and_a_strip_of_stills(open_page, element):
    page = open_page()
    page.wait_for_timeout(300)
    last = len(element.steps) - 1
    assert frame_of(page, element.tag) == last
    stills = page.locator(".player__stills button")
    frames = [int(k * last / 4 + 0.5) for k in range(5)]
    assert [text.strip() for text in stills.all_inner_texts()] == list(map(element.frame_name, frames))
    stills.nth(2).click()
    assert frame_of(page, element.tag) == frames[2]


def test_who_saves_data_sees_the_end(browser, address, element):
    context = browser.new_context()
    context.add_init_script("Object.defineProperty(navigator, 'connection', { value: { saveData: true } })")
    page = context.new_page()
    page.goto(f"{address}{element.pages[0]}.html")
    page.wait_for_selector(".player")
    page.wait_for_timeout(300)
    assert frame_of(page, element.tag) == len(element.steps) - 1
    context.close()


def test_it_may_go_and_come_back_while_it_plays_and_its_copy_has_its_own_time(open_page, element):
    page = open_page(moving=True)
    page.wait_for_selector(".player__play--on")
    page.locator(element.tag).evaluate("""first => {
        const parent = first.parentElement;
        first.remove();
        parent.append(first, Object.assign(first.cloneNode(true), { id: "copy" }));
    }""")
    page.locator("#copy").scroll_into_view_if_needed()
    page.wait_for_function("() => document.getElementById('copy').board")
    page.locator("#fit .player__scrub").fill("2")
    page.locator("#copy .player__scrub").fill("5")
    assert [frame_of(page, element.tag, nth) for nth in (0, 1)] == [2, 5]
    assert page.locator(".player").count() == 2


# --- the address


def test_the_state_is_in_the_address_and_a_link_can_be_opened_afresh(open_page, element):
    page = open_page("?h=word#top")
    assert query_of(page) == {"h": "word"}
    page.locator(".player__scrub").fill("12")
    page.wait_for_function("() => location.search.includes('player=fit')")
    assert query_of(page).items() >= {"h": "word", "player": "fit", "step": str(element.steps[12])}.items()
    assert page.url.endswith("#fit")
    again = open_page("?" + urlsplit(page.url).query, moving=True)
    again.wait_for_timeout(300)
    assert frame_of(again, element.tag) == 12


def test_a_sentence_drives_the_figure_as_do_its_link_and_the_page_itself(open_page, element):
    page = open_page(viewport=PHONE)
    at_40 = np.flatnonzero(element.steps <= 40)[-1]
    marked = page.evaluate("window.same = 1")
    page.locator("#link").click()
    assert frame_of(page, element.tag) == at_40
    assert page.evaluate("window.same") == marked
    assert page.locator(".player__spoken").text_content().startswith(element.frame_name(at_40))
    page.wait_for_function("() => location.search.includes('step=')")
    afresh = open_page("?player=fit&step=40#fit", moving=True)
    given = open_page(element.given, moving=True)
    given.wait_for_timeout(300)
    assert frame_of(afresh, element.tag) == at_40
    step = int(given.locator(element.tag).get_attribute("step"))
    assert frame_of(given, element.tag) == np.flatnonzero(element.steps <= step)[-1]
    # A link of before the record has come.
    far = open_page(element.far, ready=False)
    far.locator("#link").click()
    far.wait_for_selector(".player")
    assert frame_of(far, element.tag) == at_40
