"""The playground's points in a real browser: dragged, added and removed by mouse, touch and keyboard."""

import numpy as np
import pytest
from readers import elements
from readers.element_reader import PHONE, finger
from readers.playground_reader import PLAY, POINTS, SMALL, button, drag, place, says, state_of, until

pytestmark = pytest.mark.browser

folder, address, open_page, element = elements.fixtures("bayes-playground")


def test_a_point_is_dragged_by_mouse(open_page):
    page = open_page()
    drag(page, POINTS[20], (5, -1))
    x, y = state_of(page)["points"][20]
    assert abs(x - 5) < 0.05
    assert abs(y + 1) < 0.05
    others = np.delete(state_of(page)["points"], 20, axis=0)
    np.testing.assert_allclose(others, np.delete(POINTS, 20, axis=0), atol=6e-4)
    assert state_of(page)["data"] == "own"
    assert page.locator(".play__data").input_value() == "own"
    # Not beyond the axes.
    drag(page, (x, y), (30, 30))
    assert state_of(page)["points"][20] == [12, 2.4]
    button(page, "Undo").click()
    assert state_of(page)["points"][20] == [x, y]
    button(page, "Undo").click()
    assert state_of(page)["points"] == POINTS
    assert state_of(page)["data"] == "original"
    assert button(page, "Undo").is_disabled()


def test_a_point_is_dragged_added_and_removed_by_finger(open_page):
    page = open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    page.locator(".play__stage").scroll_into_view_if_needed()
    touch, top = finger(page), page.evaluate("scrollY")
    # Upwards, which would scroll down.
    touch("touchStart", place(page, *POINTS[-1]))
    for y in np.linspace(POINTS[-1][1], 2, 8):
        touch("touchMove", place(page, 10, y))
    touch("touchEnd")
    moved = state_of(page)["points"][-1]
    assert abs(moved[0] - 10) < 0.1
    assert abs(moved[1] - 2) < 0.1
    assert page.evaluate("scrollY") == top
    page.wait_for_timeout(400)
    page.touchscreen.tap(*place(page, 4, -1))
    until(page, f"{PLAY}.state.points.length === 41")
    # Once more on the same place takes hold of it.
    page.touchscreen.tap(*place(page, 4, -1))
    page.wait_for_timeout(200)
    assert len(state_of(page)["points"]) == 41
    button(page, "Remove").click()
    assert len(state_of(page)["points"]) == 40


def test_points_are_moved_added_and_removed_by_keys_and_spoken(open_page):
    page = open_page()
    spoken = page.locator(".play__spoken")
    first = page.get_by_role("button", name="1 of 40: x 0, y 1.05")
    first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    np.testing.assert_allclose(state_of(page)["points"][0], [0.1, 1.3], atol=1e-3)
    assert spoken.inner_text() == "x 0.1, y 1.3"
    assert page.locator(".play__keys").is_visible()
    # In the order of x, whatever that of the points is.
    for key, index in [("n", 1), ("PageDown", 2), ("p", 1), ("PageUp", 0), ("PageUp", 0)]:
        page.keyboard.press(key)
        name = page.evaluate("document.activeElement.getAttribute('aria-label')")
        assert name.startswith(f"{index + 1} of 40: ")
    page.keyboard.press("a")
    assert len(state_of(page)["points"]) == 41
    assert spoken.inner_text().startswith("Added point 41: x 0.3")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Delete")
    assert len(state_of(page)["points"]) == 40
    assert "40 left" in spoken.inner_text()
    assert page.evaluate("document.activeElement.getAttribute('class')").startswith("play__point")
    assert spoken.get_attribute("aria-live") == "polite"
    # One stop for Tab, however many they are.
    assert page.locator(".play__point[tabindex='0']").count() == 1


def test_a_click_adds_a_double_click_removes_and_a_button_fills_the_gap(open_page):
    page = open_page(SMALL)
    page.mouse.click(*place(page, 4, -1.5))
    points = state_of(page)["points"]
    assert len(points) == 7
    np.testing.assert_allclose(points[6], [4, -1.5], atol=0.05)
    page.mouse.dblclick(*place(page, 10, 1.5))
    assert len(state_of(page)["points"]) == 8
    page.mouse.dblclick(*place(page, 10, 1.5))
    assert state_of(page)["points"] == points
    button(page, "Undo").click()
    button(page, "Undo").click()
    button(page, "Undo").click()
    assert len(state_of(page)["points"]) == 6
    button(page, "Add").click()
    assert state_of(page)["points"][6] == [4, 0]
    page.keyboard.press("ArrowUp")
    assert state_of(page)["points"][6] == [4, 0.05]
    for left in range(6, -1, -1):
        page.keyboard.press("Delete")
        assert len(state_of(page)["points"]) == left
    assert "There are no points" in says(page)
    assert page.evaluate("document.activeElement.className") == "play__add"
    assert button(page, "Remove").is_disabled()


def test_other_sets_of_points_can_be_chosen(open_page):
    page = open_page()
    for name in ("one-gap", "two-gaps", "step", "growing-noise", "original"):
        page.locator(".play__data").select_option(name)
        chosen = state_of(page)
        assert chosen["data"] == name
        assert page.locator(".play__point").count() == len(chosen["points"])
    assert state_of(page)["points"] == POINTS


def test_too_many_points_are_refused_with_the_limit_and_the_reason(open_page):
    points = "_".join(f"{k / 50},{k % 3}" for k in range(300))
    page = open_page(f"?v=1&points={points}&width=2&depth=1")
    assert page.locator(".play__point").count() == 300
    button(page, "Add").click()
    assert "These are 301 points, and the playground takes 300, for every step goes through all" in says(page)
    assert len(state_of(page)["points"]) == 300


def test_a_point_that_is_removed_while_it_is_dragged_is_gone_and_nothing_breaks(open_page):
    page = open_page(SMALL)
    page.mouse.move(*place(page, 8, -0.1))
    page.mouse.down()
    page.mouse.move(*place(page, 8, 1), steps=4)
    page.keyboard.press("Delete")
    page.mouse.move(*place(page, 7, 2), steps=4)
    page.mouse.up()
    assert [x for x, _ in state_of(page)["points"]] == [0, 1, 2, 6, 7]
    # The next drag is one again.
    drag(page, (7, 0.7), (7, -1))
    assert state_of(page)["points"][4] == [7, pytest.approx(-1, abs=0.05)]


def test_after_starting_over_the_points_of_before_are_a_step_back(open_page):
    page = open_page("?v=1&noise=0.2&prior=2")
    drag(page, POINTS[-1], (8, 2))
    moved = state_of(page)["points"]
    button(page, "Start over").click()
    assert state_of(page)["points"] == POINTS
    assert (state_of(page)["noiseStd"], state_of(page)["priorStd"]) == (0.1, 1)
    button(page, "Undo").click()
    assert state_of(page)["points"] == moved
    # What belongs to the points comes back with them, and no other setting.
    assert (state_of(page)["noiseStd"], state_of(page)["priorStd"]) == (0.2, 1)
    button(page, "Undo").click()
    assert state_of(page)["points"] == POINTS
    # A button that is spent leaves the focus to another.
    assert button(page, "Undo").is_disabled()
    assert page.evaluate("document.activeElement.className") == "play__add"
