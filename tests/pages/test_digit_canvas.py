"""The digit canvas as a reader meets it, in a real browser: drawn on, turned, cleared, read, printed."""

import re

import numpy as np
import pytest
from readers import elements
from readers.browser import serve
from readers.digit_pages import SIZES, images_of
from readers.digit_reader import ALPHA, SEVEN, clear, draw, on_pad, probabilities, seen, turn
from readers.element_reader import PHONE, finger, settle

from bayesian_nn.browser.quantised_posterior import read_quantised_posterior
from bayesian_nn.data.images import rotated

pytestmark = pytest.mark.browser

folder, address, open_page, element = elements.fixtures("digit-canvas")

NOTHING = "\N{EN DASH}"
DRAWS = """async ({ pixels, source }) => {
    const digits = await import(new URL("digits/posterior.js", document.baseURI));
    const posterior = digits.readPosterior(await (await fetch(source)).arrayBuffer());
    const noise = digits.normals(1, 100 * digits.noisePerDraw(posterior));
    const found = digits.predict(posterior, Float32Array.from(pixels), noise);
    return [...digits.summary(found, 10).mean];
}"""


# --- the answer


@pytest.mark.parametrize("kind", SIZES)
def test_an_example_is_seen_as_it_is_and_answered_by_the_posterior(open_page, folder, kind):
    page = open_page(kind)
    examples = read_quantised_posterior(folder / f"{kind}.bin").examples
    assert page.locator(".digits__examples button").count() == examples.n_images
    for index, image in enumerate(examples.images):
        button = page.locator(".digits__examples button").nth(index)
        assert button.get_attribute("aria-label").endswith(f": {examples.labels[index]}")
        button.click()
        np.testing.assert_allclose(seen(page), image.ravel(), atol=1e-6)
        expected = page.evaluate(DRAWS, {"pixels": image.ravel().tolist(), "source": f"{kind}.bin"})
        assert probabilities(page) == [f"{probability:.2f}" for probability in expected]
        best = int(np.argmax(expected))
        assert page.inner_text(".digits__best th") == str(best)
        assert page.inner_text(".digits__headline") == f"{best} with probability {expected[best]:.2f}"


def test_a_hundred_draws_are_dots_and_their_mean_is_the_bar(open_page):
    page = open_page("small")
    for row in page.locator(".digits__classes tr").all():
        dots = re.findall(r"M([\d.]+) ", row.locator(".digits__dots").get_attribute("d"))
        assert len(dots) == 100
        length = float(re.search(r"h([\d.]+)", row.locator(".digits__bar").get_attribute("d"))[1])
        assert np.mean(np.array(dots, float)) == pytest.approx(length, abs=2e-4)
        assert row.locator("td").last.inner_text() == f"{length:.2f}"


def test_the_two_parts_of_the_entropy_add_up_side_by_side(open_page):
    page = open_page("large")
    for points in (SEVEN, [(0.1, 0.5), (0.9, 0.5)]):
        draw(page, points)
        settle(page)
        total, aleatoric, epistemic = map(
            float, page.locator(".digits__entropies td:last-child").all_inner_texts()
        )
        assert total > 0.05
        assert total == pytest.approx(aleatoric + epistemic, abs=0.0101)
        bars = [
            list(map(float, re.match(r"M(\S+) 0h(\S+)v", bar.get_attribute("d")).groups()))
            for bar in page.locator(".digits__entropies .digits__bar").all()
        ]
        assert bars[0][1] == pytest.approx(total / np.log(10), abs=0.003)
        assert bars[2][0] == pytest.approx(bars[1][1], abs=2e-4)
        assert bars[2][0] + bars[2][1] == pytest.approx(bars[0][1], abs=2e-4)


# --- the drawing


@pytest.mark.parametrize("kind", SIZES)
def test_the_first_stroke_replaces_the_first_example_and_later_ones_add(open_page, kind):
    page = open_page(kind)
    example = seen(page)
    draw(page, SEVEN)
    drawn = seen(page)
    assert 0.3 < drawn.max() <= 1
    answer = probabilities(page)
    clear(page)
    draw(page, SEVEN)
    assert (seen(page) == drawn).all()
    draw(page, [(0.3, 0.55), (0.7, 0.55)])
    assert seen(page).sum() > drawn.sum()
    assert probabilities(page) != answer
    # An example that was asked for is drawn on.
    page.locator(".digits__examples button").first.click()
    assert (seen(page) == example).all()
    draw(page, [(0.48, 0.5), (0.52, 0.5)])
    assert np.corrcoef(seen(page), example)[0, 1] > 0.5


def test_a_drawing_has_a_pen_as_thick_as_the_digits_that_were_learnt(open_page):
    # Of a straight stroke, as tall as its box: its ink per line is its width.
    for kind, size in {"large": 28, "small": 8}.items():
        if images_of(kind).name == "Enlarged digits":
            continue
        page = open_page(kind)
        draw(page, [(0.5, 0.15), (0.5, 0.85)])
        learnt = images_of(kind).images
        ones = learnt[images_of(kind).labels == 1]
        width = seen(page).reshape(size, size).sum(1).max()
        assert 0.6 < width / np.median(ones.sum(2).max(1)) < 1.6


def test_a_finger_draws_and_does_not_scroll(open_page):
    page = open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    before = probabilities(page)
    touch, top = finger(page), page.evaluate("scrollY")
    # Upwards, which would scroll down.
    touch("touchStart", on_pad(page, (0.5, 0.9)))
    for height in np.linspace(0.9, 0.1, 9):
        touch("touchMove", on_pad(page, (0.5, height)))
    touch("touchEnd")
    assert probabilities(page) != before
    rows = np.flatnonzero(seen(page).reshape(28, 28).max(1) > 0.5)
    assert len(rows) >= 19
    assert page.evaluate("scrollY") == top


def test_keys_draw_and_the_answer_is_spoken_after_a_pause(open_page):
    page = open_page()
    spoken = page.locator(".digits__spoken")
    page.locator(".digits__pad > canvas").focus()
    before = probabilities(page)
    page.keyboard.press("ArrowUp")
    assert page.locator(".digits__cursor").is_visible()
    assert probabilities(page) == before
    for key in ["Shift+ArrowUp", "Shift+ArrowUp", " ", *["Shift+ArrowDown"] * 5]:
        page.keyboard.press(key)
    assert spoken.inner_text() == "Pen down"
    drawn = seen(page).reshape(28, 28)
    assert len(np.flatnonzero(drawn.max(1) > 0.5)) >= 19
    assert len(np.flatnonzero(drawn.max(0) > 0.5)) <= 5
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+ArrowRight")
    assert (seen(page).reshape(28, 28) == drawn).all()
    page.wait_for_function("() => document.querySelector('.digits__spoken').textContent.includes('nats')")
    said = re.fullmatch(
        r"(\d) with probability ([\d.]+); epistemic ([\d.]+) of ([\d.]+) nats", spoken.inner_text()
    )
    assert said[2] == probabilities(page)[int(said[1])]
    assert spoken.get_attribute("aria-live") == "polite"


def test_a_turned_example_is_the_librarys_turned_image(open_page, folder):
    page = open_page()
    image = read_quantised_posterior(folder / "large.bin").examples.images[0]
    answer = probabilities(page)
    for degrees in (30, -120, 180):
        turn(page, degrees)
        np.testing.assert_allclose(seen(page), rotated(image, degrees)[0].ravel(), atol=0.51 / 255)
    assert probabilities(page) != answer
    assert page.inner_text(".digits__turn span") == "180°"
    turn(page, 0)
    assert probabilities(page) == answer


def test_a_turned_drawing_is_drawn_on_where_the_pen_is(open_page):
    page = open_page()
    draw(page, [(0.5, 0.2), (0.5, 0.8)])
    turn(page, 90)
    settle(page)
    view = page.locator(".digits__pad > canvas")

    def ink():
        return np.reshape(view.evaluate(ALPHA), (400, 400))

    lying = ink()
    assert lying[200, 90:310].min() == 255
    assert lying[90, 200] == 0
    draw(page, [(0.25, 0.3), (0.75, 0.3)])
    settle(page)
    assert ink()[120, 110:290].min() == 255


def test_clear_leaves_nothing_and_no_angle(open_page):
    page = open_page()
    draw(page, SEVEN)
    turn(page, 40)
    clear(page)
    assert set(probabilities(page)) == {NOTHING}
    assert seen(page).max() == 0
    assert page.inner_text(".digits__turn span") == "0°"
    assert page.get_by_text("Draw a digit here").is_visible()
    draw(page, SEVEN)
    assert NOTHING not in probabilities(page)


# --- the page


@pytest.mark.parametrize(
    ("name", "filtered", "is_bright"), [("large", "none", True), ("dark", "invert(0.92)", False)]
)
def test_ink_can_be_seen_in_light_and_dark(open_page, name, filtered, is_bright):
    pad = open_page(name).locator(".digits__pad > canvas")
    found, paper = pad.evaluate(
        "canvas => [getComputedStyle(canvas).filter, getComputedStyle(canvas.parentElement).backgroundColor]"
    )
    brightness = np.mean(list(map(int, re.findall(r"\d+", paper)[:3])))
    assert (found, brightness > 128) == (filtered, is_bright)


def test_a_network_that_does_not_come_is_asked_for_again(open_page, folder):
    page = open_page("missing", ready=False, sound=False)
    page.get_by_text("The network could not be loaded").wait_for()
    page.route("**/nowhere.bin", lambda route: route.fulfill(path=folder / "large.bin"))
    draw(page, SEVEN)
    page.wait_for_selector(".digits__best")
    # What was drawn meanwhile is answered, and no example put in its place.
    assert page.locator(".digits__hint").is_hidden()


def test_every_canvas_of_the_site_finds_its_network(browser, site, base, pages):
    found = [where for where, page in pages.items() if page.select_one(".md-content--post digit-canvas")]
    assert found, "no post shows a digit canvas"
    with serve(site, base) as where:
        for address in found:
            page = browser.new_page(viewport=PHONE)
            page.goto(where + address)
            page.locator("digit-canvas").first.scroll_into_view_if_needed()
            page.wait_for_selector(".digits__best")
            draw(page, SEVEN)
            assert abs(sum(map(float, probabilities(page))) - 1) < 0.06
            page.close()
