"""A player on its page, in a real browser: its colours, its sharpness, its keys, and what does not come."""

import pytest
from readers import player_reader
from readers.player_reader import BLUE, DARK_BLUE, DESKTOP, count, settle

pytestmark = pytest.mark.browser

address, folder, open_page = player_reader.address, player_reader.folder, player_reader.open_page


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


def test_a_record_that_does_not_come_is_said_and_the_still_stays(browser, address):
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.goto(f"{address}missing.html")
    why = "status 404"
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
