"""The state of a player in the address of its page, and the links that drive it, in a real browser."""

from urllib.parse import urlsplit

import pytest
from readers import elements, player_pages
from readers.element_reader import DESKTOP
from readers.player_reader import query_of, step_of

pytestmark = pytest.mark.browser

folder, address, open_page, element = elements.fixtures("training-player")


def test_the_state_is_in_the_address_and_comes_back_from_it(open_page):
    page = open_page("?h=word#top")
    assert query_of(page) == {"h": "word"}
    page.locator(".player__scrub").fill("12")
    page.locator(".player__curves").fill("33")
    page.get_by_label("Lay HMC over it").check()
    page.wait_for_function("() => location.search.includes('hmc=1')")
    step = str(player_pages.STEPS[12])
    assert query_of(page) == {"h": "word", "player": "fit", "step": step, "curves": "33", "hmc": "1"}
    assert page.url.endswith("#fit")
    again = open_page("?" + urlsplit(page.url).query)
    again.wait_for_selector(".player--hmc")
    assert step_of(again) == int(step)
    assert again.locator(".player__curves").input_value() == "33"
    other = open_page("two?player=flat&step=1")
    assert step_of(other, 0) == 1000


AT_REST = """() => new Promise((resolve) => {
    let [last, still] = [scrollY, 0];
    const look = () => {
        still = scrollY === last ? still + 1 : 0;
        last = scrollY;
        still > 20 ? resolve(scrollY) : requestAnimationFrame(look);
    };
    look();
})"""


def test_a_shared_link_leads_to_its_player_and_step(open_page):
    page = open_page("far", ready=False)
    page.locator("training-player").scroll_into_view_if_needed()
    page.wait_for_selector(".player")
    page.locator(".player__scrub").focus()
    before = page.evaluate(AT_REST)
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    page.wait_for_function("() => location.hash === '#fit'")
    assert page.evaluate(AT_REST) == before
    expected = step_of(page)
    parts = urlsplit(page.url)
    # As it is written; and as a theme that follows the reader's headings may leave it, at the page's top.
    for shared in (f"?{parts.query}#{parts.fragment}", f"?{parts.query}"):
        again = open_page(f"far{shared}")
        again.evaluate(AT_REST)
        assert step_of(again) == expected
        top = again.locator(".player").bounding_box()["y"]
        assert 0 <= top < DESKTOP["height"] / 4


def test_a_link_to_a_heading_leads_to_the_heading(open_page):
    page = open_page("far?player=fit&step=40#top", ready=False)
    assert page.evaluate(AT_REST) == 0
    # As a theme that changes pages in place puts it there.
    page.evaluate("() => document.querySelector('figure').append(document.querySelector('training-player'))")
    assert page.evaluate(AT_REST) == 0
    assert not page.locator(".player").count()
