"""The player of a classifier's training on its page, in a real browser: its colours, names and keys."""

import re

import pytest
from readers import digits_player_reader
from readers.digits_player_reader import DARK_GREEN, DARK_ORANGE, DARK_VERMILION, ORANGE, VERMILION, count

pytestmark = pytest.mark.browser

address, folder = digits_player_reader.address, digits_player_reader.folder
open_page, record = digits_player_reader.open_page, digits_player_reader.record


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


def test_the_name_of_a_class_is_text(open_page):
    page = open_page("digits-odd")
    assert page.locator(".player__reading b").first.inner_text() == '<b>&"0'
    for canvas, kind in (("pixels", "Image 1, of class"), ("classes", "Probabilities")):
        assert page.locator(f".player__{canvas}").first.get_attribute("aria-label").startswith(kind)
    assert page.locator(".player__pixels").first.get_attribute("aria-label").endswith('<b>&"0')


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
