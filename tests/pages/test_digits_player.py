"""The player of a classifier's training as a reader meets it, in a real browser."""

import numpy as np
import pytest
from readers import elements
from readers.digits_player_reader import LAST, STEPS, point, spoken_at
from readers.element_reader import BLUE, COUNT, DARK_GREEN, GREEN, ORANGE, PHONE, count, settle
from readers.player_reader import frame_of

from bayesian_nn.browser.class_record import read_class_record

pytestmark = pytest.mark.browser

folder, address, open_page, element = elements.fixtures("digits-player")


@pytest.fixture(scope="module")
def record(folder):
    return read_class_record(folder / "classes.bin")


# --- what it shows


def test_the_page_reads_what_the_record_holds(open_page, record):
    page = open_page()
    found = page.evaluate("""async () => {
        const { fetchClasses } = await import(new URL("player/digits-player.js", document.baseURI));
        const { means, at, steps } = await fetchClasses("classes.bin");
        const draws = [0, 17, 40].map((t) => [0, 4, 9].map((draw) => [0, 3, 5].map((image) =>
            Array.from({ length: 10 }, (_, k) => at(t, image, draw, k)))));
        return { means, draws, steps: [...steps] };
    }""")
    assert found["steps"] == STEPS.tolist()
    expected = record.probabilities
    np.testing.assert_allclose(found["means"], expected.mean(axis=1), atol=1e-12)
    np.testing.assert_array_equal(found["draws"], expected[np.ix_([0, 17, 40], [0, 4, 9], [0, 3, 5])])


def test_head_and_readings_follow_the_scrubber(open_page, record):
    page = open_page()
    means = record.probabilities.mean(axis=1)
    for t in (0, 9, 25, LAST):
        page.locator(".player__scrub").fill(str(t))
        words = spoken_at(record, t)
        assert ", ".join(page.locator(".player__head span").all_inner_texts()) == words
        assert page.locator(".player__scrub").get_attribute("aria-valuetext") == words
        shown = page.locator(".player__reading").all_inner_texts()
        for text, label, mean in zip(shown, record.labels, means[t], strict=True):
            assert text.split("\n") == [str(label), f"read as {mean.argmax()}, {mean.max():.2f}"]


def test_bars_are_as_high_as_the_means(open_page, record):
    # Sharp, so that the first column of a bar has no dot.
    page = open_page(device_scale_factor=4)
    for t in (4, 30):
        page.locator(".player__scrub").fill(str(t))
        settle(page)
        drawn = page.evaluate("""() => {
            const heights = (chart) => Array.from({ length: 10 }, (_, k) => {
                const column = Math.ceil(4 * chart.px(k - 0.4));
                const { data } = chart.context.getImageData(column, 0, 1, chart.canvas.height);
                let top = 0;
                while (data[4 * top + 3] < 90) top++;
                return (chart.py(0) - top / 4) / (chart.py(0) - chart.py(1));
            });
            return document.querySelector("digits-player").charts.slice(0, 6).map(heights);
        }""")
        mean = record.probabilities[t].mean(axis=0)
        np.testing.assert_allclose(drawn, mean, atol=0.015)
    # The true class is green, and the first image is read as another.
    assert count(page, GREEN, ".player__classes") > 20
    assert count(page, BLUE, ".player__classes") > 20
    assert count(page, ORANGE, ".player__classes") > 100


def test_pointing_reads_a_class_of_an_image_and_keeps_reading(open_page, record):
    page = open_page()
    for image, k in ((0, 3), (5, 9), (2, 0)):
        page.mouse.move(*point(page, (k + 0.6) / 10.2, "classes", image))
        for t in (LAST, 12):
            page.locator(".player__scrub").fill(str(t))
            draws = record.probabilities[t, :, image, k]
            assert page.locator(".player__readout").inner_text().split(" \u00b7 ") == [
                f"Image {image + 1}, of class {record.labels[image]}",
                f"class {k}: mean {draws.mean():.2f}",
                f"draws from {draws.min():.2f} to {draws.max():.2f}",
            ]


def test_the_table_has_the_means_of_the_frame(open_page, record):
    page = open_page()
    page.get_by_text("Numbers behind the picture").click()
    page.wait_for_selector(".player__table td")
    for t in (LAST, 3):
        page.locator(".player__scrub").fill(str(t))
        cells = page.locator(".player__table td").all_inner_texts()
        shown = np.array(cells, float).reshape(6, 10)
        np.testing.assert_allclose(shown, record.probabilities[t].mean(axis=0), atol=0.00501)
        assert page.locator(".player__table caption").inner_text().endswith(spoken_at(record, t))
    rows = page.locator(".player__table th[scope=row]").all_inner_texts()
    assert rows == [str(label) for label in record.labels]


def test_the_stills_show_what_is_learnt(open_page):
    page = open_page()
    drawn = [page.locator(".player__stills canvas").nth(k).evaluate(COUNT, GREEN) for k in (0, 4)]
    assert 0 < 3 * drawn[0] < drawn[1]


def test_the_error_s_panel_is_a_scrubber_too_for_mouse_and_finger(open_page):
    page = open_page()
    margins = (2.8, 0.8)
    page.mouse.move(*point(page, 0.99, "errors", margins=margins))
    page.mouse.down()
    assert frame_of(page) >= LAST - 1
    page.mouse.move(*point(page, 0.01, "errors", margins=margins))
    page.mouse.up()
    assert frame_of(page) == 0
    page = open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    page.locator(".player__errors").scroll_into_view_if_needed()
    page.touchscreen.tap(*point(page, 0.5, "errors", margins=margins))
    assert 0 < frame_of(page) < LAST
    page.locator(".player__classes").nth(1).scroll_into_view_if_needed()
    page.touchscreen.tap(*point(page, 0.5, "classes", 1))
    assert page.locator(".player__readout").inner_text().startswith("Image 2, of class")


def test_beside_a_player_of_another_kind_each_has_its_own_time(open_page):
    page = open_page("digits-and-run")
    page.locator("#run").scroll_into_view_if_needed()
    page.wait_for_selector("#run .player")
    last = page.locator("#run .player__head").inner_text()
    page.locator("#link").click()
    assert frame_of(page) < LAST
    assert page.locator("#run .player__head").inner_text() == last


def test_the_images_and_their_true_classes_follow_the_theme(open_page):
    page = open_page()
    page.evaluate("document.body.setAttribute('data-md-color-scheme', 'slate')")
    assert count(page, DARK_GREEN, ".player__classes") > 20
    assert page.locator(".player__pixels").first.evaluate("each => getComputedStyle(each).filter") != "none"


def test_the_name_of_a_class_is_text_and_each_canvas_has_a_name(open_page):
    page = open_page("digits-odd")
    assert page.locator(".player__reading b").first.inner_text() == '<b>&"0'
    for canvas, kind in {"pixels": "Image", "classes": "Probabilities", "errors": "Error"}.items():
        names = [each.get_attribute("aria-label") for each in page.locator(f".player__{canvas}").all()]
        assert all(name.startswith(kind) for name in names)
    name = page.locator(".player__pixels").first.get_attribute("aria-label")
    assert name.startswith("Image 1, of class")
    assert name.endswith('<b>&"0')
