"""The player of a classifier of two inputs as a reader meets it, in a real browser."""

import numpy as np
import pytest
from readers import elements
from readers.element_reader import BLUE, ORANGE, PHONE
from readers.plane_player_pages import LIMITS
from readers.plane_player_reader import (
    axes_box,
    colours_of,
    picture_of,
    pixels_of,
    point,
    values_apart,
    values_of,
    words_at,
)
from readers.player_reader import LAST, MINUS, frame_of, number_of
from readers.player_reader import point as point_on_elbo

from bayesian_nn.browser.plane_record import read_plane_record

pytestmark = pytest.mark.browser

folder, address, open_page, element = elements.fixtures("plane-player")
EDGES = (0.1, 0.05)


@pytest.fixture(scope="module")
def record(folder):
    return read_plane_record(folder / "plane.bin")


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


def test_the_head_says_the_frame_and_the_elbo_s_chart_is_a_scrubber_too(open_page, record):
    page = open_page()
    for t in (0, LAST, 9):
        page.locator(".player__scrub").fill(str(t))
        assert page.locator(".player__head span").all_inner_texts() == words_at(record, t)
    page.locator(".player__elbo").scroll_into_view_if_needed()
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


def test_the_stills_show_what_is_learnt(open_page):
    page = open_page()
    first, last = (pixels_of(page, k, "stills canvas")[..., :3].reshape(-1, 3) for k in (0, 4))
    deep = colours_of(0, np.array([0.01]))
    assert np.sum(np.all(first == deep, axis=1)) == 0 < np.sum(np.all(last == deep, axis=1))


# --- the page


def test_each_canvas_has_a_name(open_page):
    page = open_page()
    for canvas, kind in {"scale": "Colours of", "map": "Map of", "elbo": "ELBO over"}.items():
        names = [each.get_attribute("aria-label") for each in page.locator(f".player__{canvas}").all()]
        assert names
        assert all(name.startswith(kind) for name in names)
