"""What a reader brings to the playground and takes along, in a real browser: the link, CSV, the script."""

import numpy as np
import pytest
from readers import elements
from readers.playground_reader import POINTS, band, button, drag, says, set_to, state_of, train, wait

pytestmark = pytest.mark.browser

folder, address, open_page, element = elements.fixtures("bayes-playground")


def test_a_link_is_kept_and_opens_what_was_seen(open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    set_to(page, "Noise sd", 0)
    set_to(page, "Depth", 1)
    page.locator(".play__settings select").select_option("relu")
    drag(page, POINTS[0], (-2, -1))
    button(page, "Copy link").click()
    page.get_by_text("The link is copied").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    assert link == page.url
    other = open_page(link.partition(".html")[2])
    assert state_of(other) == state_of(page)
    assert (state_of(other)["noiseStd"], state_of(other)["depth"], state_of(other)["activation"]) == (
        0.01,
        1,
        "relu",
    )
    shown = other.locator(".play__settings b").all_inner_texts()
    assert shown[:4] == ["1", "0.01", "10", "1"]
    button(other, "Start over").click()
    other.wait_for_url("**/light.html")


def test_a_damaged_link_says_what_it_lacks(open_page):
    page = open_page("?v=1&noise=NaN&points=1,2_x,3")
    assert "Point 2 of the link is “x,3”" in says(page)
    assert "Noise sd is “NaN”" in says(page)
    assert state_of(page)["points"] == POINTS
    train(page)


def test_a_sentences_link_is_opened_in_place_and_trained(open_page):
    page = open_page()
    page.evaluate("window.stays = true")
    page.locator("#wide").click()
    wait(page)
    assert page.evaluate("window.stays")
    assert (state_of(page)["initialStd"], state_of(page)["nSteps"]) == (0.8, 200)
    assert "This is a flat line" in says(page)
    assert "try a starting sd of 0.02" in says(page)
    page.wait_for_url("**/light.html?v=1&start=0.8&steps=200")


def test_points_are_pasted_as_csv_and_taken_along(open_page):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    page.get_by_text("Your points as CSV").click()
    box = page.get_by_label("Points as CSV")
    lines = box.input_value().splitlines()
    assert lines[0] == "x,y"
    assert [list(map(float, line.split(","))) for line in lines[1:]] == POINTS
    box.fill("year;price\n1970;1,5\n1980;NaN\n")
    button(page, "Use these points").click()
    assert "Line 3: “NaN” is no finite number" in says(page)
    assert state_of(page)["points"] == POINTS
    box.fill("year;price\n1970;150\n1980;250,5\n2000;900\n")
    button(page, "Use these points").click()
    own = state_of(page)
    assert own["points"] == [[1970, 150], [1980, 250.5], [2000, 900]]
    assert own["noiseStd"] == pytest.approx(0.1 * own["units"]["yScale"])
    assert "3 points of your own" in says(page)
    train(page)
    assert np.abs(band(page)[0]).max() < 5000
    page.locator(".play__csv").get_by_role("button", name="Copy").click()
    page.get_by_text("The points are copied.").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == "x,y\n1970,150\n1980,250.5\n2000,900\n"
    button(page, "Undo").click()
    assert state_of(page)["noiseStd"] == 0.1


def test_the_script_is_that_of_the_state_and_can_be_saved(open_page, tmp_path):
    page = open_page("?v=1&width=7&data=step")
    page.get_by_text("The same in Python").click()
    script = page.inner_text(".play__python code")
    assert "layer_sizes=(1, 7, 7, 1)" in script
    assert "bnn.Dataset(" in script
    with page.expect_download() as download:
        button(page, "Save as playground.py").click()
    assert download.value.suggested_filename == "playground.py"
    assert download.value.path().read_text(encoding="utf-8").strip() == script.strip()
