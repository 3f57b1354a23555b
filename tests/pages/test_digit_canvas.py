"""The digit canvas as a reader meets it, in a real browser: drawn on, turned, cleared, read, printed."""

import re

import numpy as np
import pytest
from readers.browser import MEASURE_CONTRAST, chromium, require_chromium, serve
from readers.digit_pages import SIZES, images_of, make_pages

from bayesian_nn.browser.quantised_posterior import read_quantised_posterior
from bayesian_nn.data.image_changes import rotated

pytestmark = pytest.mark.browser

DESKTOP, PHONE, NARROW = ({"width": width, "height": 844} for width in (1280, 390, 320))
CONTRAST = 4.5
SEVEN = [(0.3, 0.25), (0.7, 0.25), (0.45, 0.8)]
ALPHA = """canvas => {
    const { width, height } = canvas;
    const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    return Array.from(copy.getImageData(0, 0, width, height).data.filter((_, k) => k % 4 == 3));
}"""
NOTHING = "\N{EN DASH}"
DRAWS = """async ({ pixels, source }) => {
    const digits = await import(new URL("digits/posterior.js", document.baseURI));
    const posterior = digits.readPosterior(await (await fetch(source)).arrayBuffer());
    const noise = digits.normals(1, 100 * digits.noisePerDraw(posterior));
    const found = digits.predict(posterior, Float32Array.from(pixels), noise);
    return [...digits.summary(found, 10).mean];
}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return make_pages(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def browser():
    with chromium(require_chromium()) as running:
        yield running


@pytest.fixture(scope="module")
def address(folder):
    with serve(folder, "/blog/") as where:
        yield where


@pytest.fixture
def open_page(browser, address):
    """A function that opens a page of `digit_pages` and waits for its network; an error fails the test."""
    contexts, wrong = [], []

    def opened(name="large", *, ready=True, viewport=DESKTOP, **preferences):
        contexts.append(browser.new_context(viewport=viewport, **preferences))
        page = contexts[-1].new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request", lambda request: request.url.startswith((address, "data:")) or wrong.append(request.url)
        )
        page.goto(f"{address}{name}.html")
        if ready:
            page.wait_for_selector(".digits__best")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not wrong


def _settle(page):
    page.evaluate(
        "() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))"
    )


def _probabilities(page):
    _settle(page)
    return page.locator(".digits__classes td:last-child").all_inner_texts()


def _seen(page):
    """What the network sees, as the page shows it `[n_pixels]`, from 0 to 1."""
    _settle(page)
    return np.array(page.locator(".digits__preview").evaluate(ALPHA)) / 255


def _on_pad(page, point):
    box = page.locator(".digits__pad > canvas").bounding_box()
    return box["x"] + point[0] * box["width"], box["y"] + point[1] * box["height"]


def _draw(page, points):
    page.mouse.move(*_on_pad(page, points[0]))
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*_on_pad(page, point), steps=6)
    page.mouse.up()


def _turn(page, degrees):
    page.locator(".digits__turn input").fill(str(degrees))


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
        np.testing.assert_allclose(_seen(page), image.ravel(), atol=1e-6)
        expected = page.evaluate(DRAWS, {"pixels": image.ravel().tolist(), "source": f"{kind}.bin"})
        assert _probabilities(page) == [f"{probability:.2f}" for probability in expected]
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
        _draw(page, points)
        _settle(page)
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
    example = _seen(page)
    _draw(page, SEVEN)
    drawn = _seen(page)
    assert 0.3 < drawn.max() <= 1
    answer = _probabilities(page)
    page.get_by_role("button", name="Clear").click()
    _draw(page, SEVEN)
    assert (_seen(page) == drawn).all()
    _draw(page, [(0.3, 0.55), (0.7, 0.55)])
    assert _seen(page).sum() > drawn.sum()
    assert _probabilities(page) != answer
    # An example that was asked for is drawn on.
    page.locator(".digits__examples button").first.click()
    assert (_seen(page) == example).all()
    _draw(page, [(0.48, 0.5), (0.52, 0.5)])
    assert np.corrcoef(_seen(page), example)[0, 1] > 0.5


def test_a_drawing_has_a_pen_as_thick_as_the_digits_that_were_learnt(open_page):
    # Of a straight stroke, as tall as its box: its ink per line is its width.
    for kind, size in {"large": 28, "small": 8}.items():
        if images_of(kind).name == "Enlarged digits":
            continue
        page = open_page(kind)
        _draw(page, [(0.5, 0.15), (0.5, 0.85)])
        learnt = images_of(kind).images
        ones = learnt[images_of(kind).labels == 1]
        width = _seen(page).reshape(size, size).sum(1).max()
        assert 0.6 < width / np.median(ones.sum(2).max(1)) < 1.6


def test_a_finger_draws_and_does_not_scroll(open_page):
    page = open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    before = _probabilities(page)
    session = page.context.new_cdp_session(page)
    top = page.evaluate("scrollY")

    def touch(kind, *points):
        at = [dict(zip("xy", _on_pad(page, point), strict=True)) for point in points]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    # Upwards, which would scroll down.
    touch("touchStart", (0.5, 0.9))
    for height in np.linspace(0.9, 0.1, 9):
        touch("touchMove", (0.5, height))
    touch("touchEnd")
    assert _probabilities(page) != before
    rows = np.flatnonzero(_seen(page).reshape(28, 28).max(1) > 0.5)
    assert len(rows) >= 19
    assert page.evaluate("scrollY") == top


def test_keys_draw_and_the_answer_is_spoken_after_a_pause(open_page):
    page = open_page()
    spoken = page.locator(".digits__spoken")
    page.locator(".digits__pad > canvas").focus()
    before = _probabilities(page)
    page.keyboard.press("ArrowUp")
    assert page.locator(".digits__cursor").is_visible()
    assert _probabilities(page) == before
    for key in ["Shift+ArrowUp", "Shift+ArrowUp", " ", *["Shift+ArrowDown"] * 5]:
        page.keyboard.press(key)
    assert spoken.inner_text() == "Pen down"
    drawn = _seen(page).reshape(28, 28)
    assert len(np.flatnonzero(drawn.max(1) > 0.5)) >= 19
    assert len(np.flatnonzero(drawn.max(0) > 0.5)) <= 5
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+ArrowRight")
    assert (_seen(page).reshape(28, 28) == drawn).all()
    page.wait_for_function("() => document.querySelector('.digits__spoken').textContent.includes('nats')")
    said = re.fullmatch(
        r"(\d) with probability ([\d.]+); epistemic ([\d.]+) of ([\d.]+) nats", spoken.inner_text()
    )
    assert said[2] == _probabilities(page)[int(said[1])]
    assert spoken.get_attribute("aria-live") == "polite"


def test_everything_can_be_reached_by_key_and_its_focus_is_seen(open_page):
    page = open_page()
    reached = []
    for _ in range(9):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.closest('[class^=digits__]').className"))
        assert page.evaluate("""() => {
            const seen = (at) => at && getComputedStyle(at).outlineStyle !== "none";
            return seen(document.activeElement) || seen(document.activeElement.parentElement);
        }""")
    assert reached == ["digits__pad", "digits__turn", "digits__clear", *["digits__examples"] * 6]


def test_a_turned_example_is_the_librarys_turned_image(open_page, folder):
    page = open_page()
    image = read_quantised_posterior(folder / "large.bin").examples.images[0]
    answer = _probabilities(page)
    for degrees in (30, -120, 180):
        _turn(page, degrees)
        np.testing.assert_allclose(_seen(page), rotated(image, degrees)[0].ravel(), atol=0.51 / 255)
    assert _probabilities(page) != answer
    assert page.inner_text(".digits__turn span") == "180°"
    _turn(page, 0)
    assert _probabilities(page) == answer


def test_a_turned_drawing_is_drawn_on_where_the_pen_is(open_page):
    page = open_page()
    _draw(page, [(0.5, 0.2), (0.5, 0.8)])
    _turn(page, 90)
    _settle(page)
    view = page.locator(".digits__pad > canvas")

    def ink():
        return np.reshape(view.evaluate(ALPHA), (400, 400))

    lying = ink()
    assert lying[200, 90:310].min() == 255
    assert lying[90, 200] == 0
    _draw(page, [(0.25, 0.3), (0.75, 0.3)])
    _settle(page)
    assert ink()[120, 110:290].min() == 255


def test_clear_leaves_nothing_and_no_angle(open_page):
    page = open_page()
    _draw(page, SEVEN)
    _turn(page, 40)
    page.get_by_role("button", name="Clear").click()
    assert set(_probabilities(page)) == {NOTHING}
    assert _seen(page).max() == 0
    assert page.inner_text(".digits__turn span") == "0°"
    assert page.get_by_text("Draw a digit here").is_visible()
    _draw(page, SEVEN)
    assert NOTHING not in _probabilities(page)


# --- the page


def test_the_network_is_not_fetched_before_it_is_about_to_be_seen(open_page):
    page = open_page("far", ready=False)
    asked = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    page.wait_for_timeout(400)
    assert not asked
    page.locator("digit-canvas").scroll_into_view_if_needed()
    page.wait_for_selector(".digits__best")
    assert sorted(asked) == ["large.bin", "posterior.js"]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE, NARROW], ids=lambda viewport: viewport["width"])
def test_nothing_overflows_and_nothing_moves_when_it_arrives(open_page, viewport):
    page = open_page(ready=False, viewport=viewport)
    page.evaluate("""() => {
        window.moved = 0;
        const add = (list) => list.getEntries().forEach((entry) => (window.moved += entry.value));
        new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
    }""")
    page.wait_for_selector(".digits__best")
    after = page.locator("#after").bounding_box()["y"]
    for points in (SEVEN, [(0.1, 0.1), (0.9, 0.9)]):
        _draw(page, points)
    page.get_by_role("button", name="Clear").click()
    _settle(page)
    assert page.evaluate("window.moved") < 0.01
    assert page.locator("#after").bounding_box()["y"] == after
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    board, reserved = (page.locator(name).bounding_box()["height"] for name in (".digits", "digit-canvas"))
    assert reserved - 40 < board <= reserved


@pytest.mark.parametrize("name", ["large", "dark"])
def test_text_and_ink_can_be_read_in_light_and_dark(open_page, name):
    page = open_page(name)
    page.locator(".digits__pad > canvas").focus()
    page.keyboard.press("ArrowUp")
    measured = page.evaluate(MEASURE_CONTRAST)
    assert {"Clear", "total", "epistemic"} <= {text for _, _, text, _ in measured}
    assert not [each for each in measured if each[0] < CONTRAST]
    colours = page.locator(".digits__pad > canvas").evaluate(
        "canvas => [getComputedStyle(canvas).filter, getComputedStyle(canvas.parentElement).backgroundColor]"
    )
    brightness = np.mean(list(map(int, re.findall(r"\d+", colours[1])[:3])))
    assert (colours[0], brightness > 128) == (("none", True) if name == "large" else ("invert(0.92)", False))


def test_a_network_that_does_not_come_is_said_and_asked_for_again(open_page, browser, address, folder):
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{address}missing.html")
    page.get_by_text("The network could not be loaded (status 404).").wait_for()
    answers = lambda route: route.fulfill(path=folder / "large.bin")  # noqa: E731
    page.route("**/nowhere.bin", answers)
    _draw(page, SEVEN)
    page.wait_for_selector(".digits__best")
    # What was drawn meanwhile is answered, and no example put in its place.
    assert page.locator(".digits__hint").is_hidden()
    context.close()


def test_without_scripts_and_in_print_there_is_a_still_and_no_gap(browser, open_page, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}large.html")
    still = page.locator("digit-canvas img").bounding_box()
    assert page.locator("digit-canvas").bounding_box()["height"] < still["height"] + 40
    context.close()
    page = open_page()
    assert page.locator("digit-canvas img").is_hidden()
    page.emulate_media(media="print")
    assert page.locator("digit-canvas img").is_visible()
    assert page.locator(".digits").is_hidden()


def test_it_may_come_twice_go_and_come_back(open_page):
    page = open_page()
    page.evaluate("""() => {
        const first = document.querySelector("digit-canvas");
        const parent = first.parentElement;
        first.remove();
        parent.append(first, first.cloneNode(false));
    }""")
    page.wait_for_function("() => document.querySelectorAll('.digits__best').length === 2")
    assert page.locator(".digits").count() == 2


def test_every_canvas_of_the_site_finds_its_network(browser, site, base, pages):
    found = [where for where, page in pages.items() if page.select_one(".md-content--post digit-canvas")]
    assert found, "no post shows a digit canvas"
    with serve(site, base) as where:
        for address in found:
            page = browser.new_page(viewport=PHONE)
            page.goto(where + address)
            page.locator("digit-canvas").first.scroll_into_view_if_needed()
            page.wait_for_selector(".digits__best")
            _draw(page, SEVEN)
            assert abs(sum(map(float, _probabilities(page))) - 1) < 0.06
            page.close()
