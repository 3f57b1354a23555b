"""The player of a classifier of two inputs as a reader meets it, in a real browser."""

import numpy as np
import pytest
from readers import plane_player_reader
from readers.plane_player_reader import (
    LAST,
    LIMITS,
    STEPS,
    axes_box,
    colours_of,
    picture_of,
    pixels_of,
    point,
    values_apart,
    values_of,
    words_at,
)
from readers.player_reader import BLUE, DARK_BLUE, MINUS, ORANGE, PHONE, count, frame_of, number_of, query_of
from readers.player_reader import point as point_on_elbo

pytestmark = pytest.mark.browser

address, folder = plane_player_reader.address, plane_player_reader.folder
open_page, record = plane_player_reader.open_page, plane_player_reader.record
EDGES = (0.1, 0.05)


# --- what it shows


@pytest.mark.parametrize("kind", [0, 1], ids=["probability", "epistemic"])
def test_a_place_has_the_figure_s_colour_of_what_the_record_says(open_page, record, kind):
    seen = set()
    for name, ratio in (("plane", 2), ("plane-dark", 1)):
        page = open_page(name, device_scale_factor=ratio)
        for t in (9, 25, LAST):
            page.locator(".player__scrub").fill(str(t))
            picture = picture_of(page, kind)
            rows, columns, values = values_apart(record, kind, t, picture.shape[:2])
            # At the edge of a step a rounding decides.
            clear = np.abs(values / EDGES[kind] - np.rint(values / EDGES[kind])) > 1e-6
            expected = colours_of(kind, values)[clear]
            np.testing.assert_array_equal(picture[rows, columns][clear], expected)
            seen |= set(map(tuple, expected))
    assert len(seen) >= 8


def test_points_have_their_class_s_colour_and_mark_and_a_white_edge(open_page, record):
    page = open_page(device_scale_factor=4)
    box = page.locator(".player__map").first.bounding_box()
    shown = pixels_of(page, 0)[..., :3]

    def at(k, *shift):
        x, y = point(page, 0, *record.x[k])
        return shown[round(4 * (y - box["y"] + shift[1])), round(4 * (x - box["x"] + shift[0]))]

    apart = np.hypot(*(record.x[:, None] - record.x).T) + 9 * np.eye(len(record.x))
    alone = np.flatnonzero(apart.min(axis=0) > 0.15)
    assert set(record.labels[alone]) == {0, 1}
    for k in alone:
        np.testing.assert_allclose(at(k, 0, 0.5), (BLUE, ORANGE)[record.labels[k]], atol=3)
        # The corner of a triangle, and beside a disc; the edge of a disc.
        is_white = np.abs(at(k, 2.9, 3) - 255).max() < 40
        assert is_white == (record.labels[k] == 1), k
        if record.labels[k] == 0:
            np.testing.assert_allclose(at(k, 3, 0), 255, atol=40)


def test_both_inputs_have_one_scale_and_the_bars_have_the_map_s_colours(open_page):
    for viewport in ({"width": 1280, "height": 844}, PHONE):
        page = open_page(viewport=viewport)
        left, top, right, bottom = axes_box(page, 1)
        assert (right - left) / 5 == pytest.approx((bottom - top) / 3.5, rel=0.02)
        for kind, n in enumerate((10, 14)):
            middles = EDGES[kind] * (np.arange(n) + 0.5)
            row = pixels_of(page, kind, "scale")[3, :, :3]
            columns = np.linspace(26, len(row) - 3.6, 2 * n + 1)[1::2].astype(int)
            np.testing.assert_array_equal(row[columns], colours_of(kind, middles))


def test_reading_a_place_by_pointer_and_by_key_follows_the_time(open_page, record):
    page = open_page()
    x1, x2 = (np.linspace(*limits, n) for limits, n in zip(LIMITS, (21, 15), strict=True))
    readout, (first, second) = page.locator(".player__readout"), page.locator(".player__place").all()

    def expected(column, row, t):
        place = f"x1 {x1[column]:.3g}, x2 {x2[row]:.3g}".replace("-", MINUS)
        p, nats = (values_of(record, kind, t)[row, column] for kind in (0, 1))
        return f"{place}: probability of class 1 {p:.2f} · epistemic part {nats:.2f} nats"

    assert readout.inner_text().startswith("Point at a map")
    assert first.get_attribute("aria-valuetext") == "nothing is read yet"
    for kind, column, row in ((0, 16, 9), (1, 3, 2)):
        page.mouse.move(*point(page, kind, x1[column] + 0.08, x2[row] - 0.08))
        assert readout.inner_text() == expected(column, row, LAST)
    page.locator(".player__scrub").fill("12")
    assert readout.inner_text() == expected(3, 2, 12)
    first.press("ArrowRight")
    second.press("ArrowRight")
    second.press("ArrowRight")
    assert readout.inner_text() == expected(4, 4, 12) == second.get_attribute("aria-valuetext")
    assert frame_of(page) == 12
    page.keyboard.press("End")
    assert readout.inner_text() == expected(4, 14, 12)


def test_the_table_has_the_values_of_the_frame(open_page, record):
    page = open_page()
    page.get_by_text("Numbers behind the picture").click()
    page.wait_for_selector(".player__table td")
    columns, rows = np.rint(np.linspace(0, 20, 7)).astype(int), np.rint(np.linspace(14, 0, 6)).astype(int)
    for t in (LAST, 7):
        page.locator(".player__scrub").fill(str(t))
        for kind in (0, 1):
            table = page.locator(".player__table").nth(kind)
            cells = np.array(table.locator("td").all_inner_texts(), float).reshape(6, 7)
            np.testing.assert_allclose(cells, values_of(record, kind, t)[np.ix_(rows, columns)], atol=0.00501)
            assert table.locator("caption").inner_text().endswith(", ".join(words_at(record, t)))
    heads = page.locator(".player__table").first.locator("th").all_inner_texts()
    assert (heads[0], heads[1], heads[7]) == ("x2", f"x1 {MINUS}2", "x1 3")
    assert [number_of(heads[8]), number_of(heads[13])] == [2, -1.5]


# --- time


def test_slider_keys_and_the_elbo_s_chart_move_one_time(open_page, record):
    page = open_page()
    page.locator(".player__scrub").fill("9")
    assert page.locator(".player__head span").all_inner_texts() == words_at(record, 9)
    page.locator(".player").focus()
    for key, t in {"Home": 0, "ArrowRight": 1, "End": LAST, "ArrowLeft": LAST - 1}.items():
        page.keyboard.press(key)
        assert frame_of(page) == t
        assert page.locator(".player__spoken").text_content() == ", ".join(words_at(record, t))
    page.mouse.move(*point_on_elbo(page, 0.99, "elbo"))
    page.mouse.down()
    assert frame_of(page) >= LAST - 1
    page.mouse.move(*point_on_elbo(page, 0.01, "elbo"))
    page.mouse.up()
    assert frame_of(page) == 0
    page = open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    page.locator(".player__elbo").scroll_into_view_if_needed()
    page.touchscreen.tap(*point_on_elbo(page, 0.5, "elbo"))
    assert 0 < frame_of(page) < LAST


def test_a_link_and_the_address_lead_to_a_step(open_page):
    page = open_page(query=f"?player=fit&step={STEPS[12]}", moving=True)
    page.wait_for_timeout(300)
    assert frame_of(page) == 12
    page.locator("#link").click()
    expected = np.flatnonzero(STEPS <= 40)[-1]
    page.wait_for_function(f"() => location.search.includes('step={STEPS[expected]}')")
    assert frame_of(page) == expected
    assert query_of(page)["player"] == "fit"


def test_who_prefers_less_motion_has_stills_of_the_map(open_page):
    page = open_page()
    assert frame_of(page) == LAST
    stills = page.locator(".player__stills button")
    expected = [f"step {STEPS[round(k * LAST / 4)]:,}" for k in range(5)]
    assert [text.strip() for text in stills.all_inner_texts()] == expected
    first, last = (pixels_of(page, k, "stills canvas")[..., :3].reshape(-1, 3) for k in (0, 4))
    deep = colours_of(0, np.array([0.01]))
    assert np.sum(np.all(first == deep, axis=1)) == 0 < np.sum(np.all(last == deep, axis=1))
    stills.nth(2).click()
    assert frame_of(page) == round(LAST / 2)


# --- the page


def test_the_switch_to_dark_draws_points_and_chart_anew(open_page):
    page = open_page()
    panels = [("map", 1, BLUE, DARK_BLUE), ("elbo", 0, BLUE, DARK_BLUE)]
    for panel, nth, light, dark in panels:
        assert count(page, light, panel, nth) > 20 > 0 == count(page, dark, panel, nth)
    page.evaluate("document.body.setAttribute('data-md-color-scheme', 'slate')")
    for panel, nth, light, dark in panels:
        assert count(page, dark, panel, nth) > 20 > 0 == count(page, light, panel, nth)


def test_all_controls_have_names_and_can_be_reached_by_key(open_page):
    page = open_page(moving=True, query="?player=fit&step=0")
    page.locator("#link").focus()
    name = "each => (each.ariaLabel || each.closest('label')?.innerText || each.innerText).trim()"
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(page.locator(":focus").evaluate(name))
    places, bar = ["Read at x1", "Read at x2"], ["Play", "One record back", "One record on"]
    named = [*places, *bar, "Training step", "Speed", "Numbers behind the picture"]
    assert reached == ["Player of a training run", *named]
    for canvas in page.locator("plane-player canvas").all():
        assert canvas.get_attribute("aria-label").startswith(("Colours of", "Map of", "ELBO over"))
