"""The player as a reader meets it, in a real browser: played, scrubbed, read, linked to, printed."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import player_pages
import pytest
from browser import chromium, require_chromium, serve

import bayesian_nn as bnn
from bayesian_nn.player_record import read_player_record

pytestmark = pytest.mark.browser

DESKTOP, PHONE, NARROW = ({"width": width, "height": 844} for width in (1280, 390, 320))
CONTRAST = 4.5
MEASURE_CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")
LAST = len(player_pages.STEPS) - 1
MINUS = "\N{MINUS SIGN}"
FRAMES = """async ({ source, frames }) => {
    const { Frames, fetchRun } = await import(new URL("player.js", document.baseURI));
    const run = new Frames(await fetchRun(source));
    return {
        parameters: run.record.parameters.map((each) => [...each]),
        frames: frames.map((t) => {
            const { curves, ...along } = run.at(t);
            const plain = Object.entries(along).map(([name, values]) => [name, [...values]]);
            return { ...Object.fromEntries(plain), curves: curves.map((each) => [...each]) };
        }),
    };
}"""
# How many pixels of a canvas are nearly of a colour.
COUNT = """(canvas, [r, g, b]) => {
    const { width, height } = canvas;
    const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, width, height);
    let found = 0;
    for (let k = 0; k < data.length; k += 4) {
        const near = Math.abs(data[k] - r) + Math.abs(data[k + 1] - g) + Math.abs(data[k + 2] - b) < 40;
        if (data[k + 3] > 200 && near) found++;
    }
    return found;
}"""
AFTER = "() => document.getElementById('after').getBoundingClientRect().top + scrollY"
ORANGE, BLUE, GREY = (230, 159, 0), (0, 114, 178), (128, 128, 128)
DARK_BLUE, INK = (31, 174, 255), (20, 32, 43)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return player_pages.make_pages(tmp_path_factory.mktemp("pages"))


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
    """A function that opens a page of `player_pages` and waits for its player; an error fails the test.
    Motion is not wanted unless it is asked for, so that nothing plays by itself."""
    contexts, wrong = [], []

    def opened(name="fit", query="", *, ready=True, viewport=DESKTOP, moving=False, **preferences):
        motion = "no-preference" if moving else "reduce"
        contexts.append(browser.new_context(viewport=viewport, reduced_motion=motion, **preferences))
        page = contexts[-1].new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "request", lambda request: request.url.startswith((address, "data:")) or wrong.append(request.url)
        )
        page.goto(f"{address}{name}.html{query}")
        if ready:
            page.wait_for_selector(".player")
            _settle(page)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not wrong


def _settle(page):
    page.evaluate(
        "() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))"
    )


def _step(page, nth=0):
    words = page.locator(".player__head").nth(nth).inner_text().split("\n")[0]
    return int(words.removeprefix("step ").replace(",", ""))


def _count(page, colour, panel="predictive", nth=0):
    _settle(page)
    return page.locator(f".player__{panel}").nth(nth).evaluate(COUNT, colour)


def _point(page, across, panel="predictive", up=0.5):
    """The place on the page of a fraction of the panel's axes."""
    box = page.locator(f".player__{panel}").first.bounding_box()
    em = 12
    left, right = box["x"] + round(3.8 * em), box["x"] + box["width"] - 0.8 * em
    return left + across * (right - left), box["y"] + up * box["height"]


def _expected(folder, t, places):
    """What the library says of the record as it is read back, mean, sd of f, sd with noise and curves."""
    record = read_player_record(folder / "fit.bin")
    run = player_pages.run()
    fields = {**vars(run), "recorded_parameters": record.parameters[:, None].astype(np.float32)}
    return bnn.predict_film(type(run)(**fields), places, seed=player_pages.NOISE_SEED, frames=[t])


# --- what it shows


def test_the_page_computes_what_the_library_says(open_page, folder):
    page = open_page()
    record = read_player_record(folder / "fit.bin")
    frames = [0, 17, LAST]
    found = page.evaluate(FRAMES, {"source": "fit.bin", "frames": frames})
    np.testing.assert_array_equal(found["parameters"], record.parameters)
    for t, shown in zip(frames, found["frames"], strict=True):
        film = _expected(folder, t, record.places)
        for name, values in {"mean": film.mean, "std": film.epistemic_std, "total": film.std}.items():
            np.testing.assert_allclose(shown[name], values[0], atol=2e-5)
        np.testing.assert_allclose(shown["curves"][:10], film.curves[0], atol=2e-5)
        assert len(shown["curves"]) == 100


def test_the_picture_is_drawn_where_the_numbers_lie(open_page):
    page = open_page()
    # A band's and a dot's columns: the mean's line is where the library has it.
    found = page.evaluate("""() => {
        const { charts: [chart], runs, t } = document.querySelector("training-player");
        const { mean } = runs[0].at(t);
        const { width, height } = chart.canvas;
        const { data } = chart.context.getImageData(0, 0, width, height);
        return [10, 100, 150].map((k) => {
            const [x, y] = [Math.round(chart.px(runs[0].x[k])), Math.round(chart.py(mean[k]))];
            return [...data.slice(4 * (y * width + x), 4 * (y * width + x) + 4)];
        });
    }""")
    for pixel in found:
        assert np.abs(np.subtract(pixel[:3], BLUE)).max() < 60


def test_curves_from_none_to_all(open_page):
    page = open_page()
    slider = page.locator(".player__curves")
    slider.fill("0")
    assert _count(page, ORANGE) == 0
    slider.fill("10")
    ten = _count(page, ORANGE)
    slider.fill("20")
    assert _count(page, ORANGE) > ten > 0
    slider.fill("100")
    _settle(page)
    page.wait_for_function("() => location.search.includes('curves=100')")


def test_the_elbo_and_its_parts_follow_the_cursor(open_page, folder):
    page = open_page()
    record = read_player_record(folder / "fit.bin")
    page.locator(".player").focus()
    page.keyboard.press("Home")
    for t, press in ((0, "ArrowRight"), (1, "End"), (LAST, "Home")):
        shown = page.locator(".player__elbos b").all_inner_texts()
        found = [float(each.replace(MINUS, "-").replace(",", "")) for each in shown]
        expected = [record.elbo[t], record.log_likelihood[t], -record.kl[t], -400]
        np.testing.assert_allclose(found, expected, atol=0.51)
        head = page.locator(".player__head").inner_text()
        assert head.endswith(f"ELBO {shown[0]} nats")
        page.keyboard.press(press)


# --- time


def test_keys_step_and_are_spoken(open_page):
    page = open_page()
    player, scrub, spoken = (page.locator(f".player{name}") for name in ("", "__scrub", "__spoken"))
    player.focus()
    steps = player_pages.STEPS
    for key, step in {"Home": 0, "ArrowRight": steps[1], "End": 1000, "ArrowLeft": steps[-2]}.items():
        page.keyboard.press(key)
        assert _step(page) == step
        words = scrub.get_attribute("aria-valuetext")
        assert re.fullmatch(rf"step {step:,}, ELBO {MINUS}[\d,]+ nats", words)
        assert spoken.text_content() == words
    assert spoken.get_attribute("aria-live") == "polite"
    # The slider is the browser's own.
    scrub.focus()
    page.keyboard.press("Home")
    assert _step(page) == 0
    page.keyboard.press("ArrowRight")
    assert _step(page) == steps[1]
    page.get_by_role("button", name="One record on").click()
    page.get_by_role("button", name="One record on").click()
    page.get_by_role("button", name="One record back").click()
    assert _step(page) == steps[2]


def test_it_plays_once_when_it_is_first_seen_and_pauses_and_goes_on(open_page):
    page = open_page("far", ready=False, moving=True)
    page.wait_for_timeout(200)
    assert not page.locator(".player").count()
    page.locator("training-player").scroll_into_view_if_needed()
    page.wait_for_selector(".player__play--on")
    page.wait_for_function("() => document.querySelector('training-player').t > 2")
    spoken = page.locator(".player__spoken")
    assert spoken.text_content() == ""
    page.get_by_role("button", name="Pause").click()
    paused = _step(page)
    page.wait_for_timeout(400)
    assert _step(page) == paused
    assert spoken.text_content().startswith(f"step {paused:,}, ELBO")
    page.locator(".player__speed").select_option("4")
    page.locator(".player").focus()
    page.keyboard.press(" ")
    page.wait_for_function(f"() => document.querySelector('training-player').t === {LAST}")
    page.get_by_role("button", name="Play").wait_for()
    # From its end it begins again; and who scrubs stops it.
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(f"() => document.querySelector('training-player').t < {LAST}")
    page.locator(".player__scrub").fill("7")
    page.wait_for_timeout(300)
    assert _step(page) == player_pages.STEPS[7]


def test_all_frames_take_eight_seconds_and_none_is_skipped(open_page):
    page = open_page(moving=True)
    page.evaluate("""() => {
        const player = document.querySelector("training-player");
        const show = player.show;
        window.shown = [];
        player.show = (t) => { window.shown.push(t); show.call(player, t); };
    }""")
    page.locator(".player__speed").select_option("4")
    page.wait_for_function(f"() => document.querySelector('training-player').t === {LAST}", timeout=60_000)
    shown = page.evaluate("window.shown")
    assert np.all(np.diff(shown) == 1)


def test_who_prefers_less_motion_sees_the_end_and_a_strip_of_stills(open_page):
    page = open_page()
    assert _step(page) == 1000
    page.wait_for_timeout(300)
    assert _step(page) == 1000
    stills = page.locator(".player__stills button")
    assert stills.count() == 5
    last = stills.all_inner_texts()
    assert (last[0].strip(), last[-1].strip()) == ("step 0", "step 1,000")
    stills.nth(2).click()
    assert _step(page) == player_pages.STEPS[int(LAST / 2 + 0.5)]
    drawn = [page.locator(".player__stills canvas").nth(k).evaluate(COUNT, BLUE) for k in range(5)]
    assert min(drawn) > 50


def test_who_saves_data_sees_the_end(browser, address):
    context = browser.new_context(viewport=DESKTOP)
    context.add_init_script("Object.defineProperty(navigator, 'connection', { value: { saveData: true } })")
    page = context.new_page()
    page.goto(f"{address}fit.html")
    page.wait_for_selector(".player")
    page.wait_for_timeout(300)
    assert _step(page) == 1000
    context.close()


# --- reading


def _values(text):
    number = rf"{MINUS}?[\d.,]+(?:e{MINUS}?\d+)?"
    pairs = re.findall(rf"([a-zA-Z\u2019 ]+?) ({number})(?: \u00b7 |: |$)", text)
    return {name.strip(): float(value.replace(MINUS, "-").replace(",", "")) for name, value in pairs}


def test_pointing_reads_the_library_s_values(open_page, folder):
    page = open_page()
    page.locator(".player__scrub").fill("25")
    places = read_player_record(folder / "fit.bin").places
    film = _expected(folder, 25, places)
    for across in (0.2, 0.5, 0.9):
        page.mouse.move(*_point(page, across))
        _settle(page)
        page.wait_for_function("() => /mean/.test(document.querySelector('.player__readout').textContent)")
        _settle(page)
        values = _values(page.locator(".player__readout").inner_text())
        k = int(np.argmin(np.abs(places - values["x"])))
        assert abs(places[k] - (-4 + 16 * across)) < 0.06
        expected = {
            "x": places[k],
            "mean": film.mean[0, k],
            "sd of f": film.epistemic_std[0, k],
            "with noise": film.std[0, k],
            "truth": np.cos(places[k]),
        }
        assert values == pytest.approx(expected, rel=6e-3, abs=1e-4)


def test_hmc_s_band_is_fetched_when_it_is_asked_for_and_says_how_many_times_too_sure(open_page, folder):
    page = open_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    before = _count(page, GREY)
    assert page.get_by_text("HMC, ± 2 sd of f").is_hidden()
    page.get_by_label("Lay HMC over it").check()
    page.wait_for_selector(".player--hmc")
    assert "hmc.json" in asked
    assert page.get_by_text("HMC, ± 2 sd of f").is_visible()
    assert _count(page, GREY) > before + 200
    std = _expected(folder, LAST, read_player_record(folder / "fit.bin").places).epistemic_std[0]
    for across, right, words in ((0.25, 0.01, "too unsure"), (0.75, 1.0, "too sure")):
        page.mouse.move(*_point(page, across))
        page.wait_for_function(
            f"() => document.querySelector('.player__readout').textContent.endsWith('{words}')"
        )
        text = page.locator(".player__readout").inner_text()
        sd = std[round(160 * across)]
        assert float(re.search(r"([\d.]+) times too", text)[1]) == pytest.approx(
            max(sd / right, right / sd), rel=0.01
        )
        assert f"HMC\u2019s sd {right:g}:" in text
    page.get_by_label("Lay HMC over it").uncheck()
    assert _count(page, GREY) < before + 200


def test_the_table_has_the_numbers_of_the_step(open_page, folder):
    page = open_page()
    page.get_by_text("Numbers behind the picture").click()
    page.wait_for_selector(".player__table td")
    assert page.locator(".player__table th").all_inner_texts() == [
        "x",
        "mean",
        "sd of f",
        "sd with noise",
        "truth",
    ]
    places = read_player_record(folder / "fit.bin").places[::10]
    for t in (LAST, 3):
        page.locator(".player__scrub").fill(str(t))
        _settle(page)
        cells = page.locator(".player__table td").all_inner_texts()
        shown = np.array([float(cell.replace(MINUS, "-")) for cell in cells]).reshape(17, 5)
        film = _expected(folder, t, places)
        expected = np.column_stack([places, film.mean[0], film.epistemic_std[0], film.std[0], np.cos(places)])
        np.testing.assert_allclose(shown, expected, rtol=6e-3, atol=1e-4)


def test_the_elbo_s_panel_is_a_scrubber_too(open_page):
    page = open_page()
    page.mouse.move(*_point(page, 0.98, "elbo"))
    page.mouse.down()
    late = _step(page)
    for across in (0.6, 0.3):
        page.mouse.move(*_point(page, across, "elbo"))
    page.mouse.up()
    early = _step(page)
    page.mouse.move(*_point(page, 0.9, "elbo"))
    assert _step(page) == early
    assert 0 < early < 30 < 700 < late


def test_a_finger_scrubs_reads_and_can_still_scroll(open_page):
    page = open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    page.touchscreen.tap(*_point(page, 0.5))
    page.wait_for_function("() => /mean/.test(document.querySelector('.player__readout').textContent)")
    page.locator(".player__elbo").scroll_into_view_if_needed()
    page.touchscreen.tap(*_point(page, 0.4, "elbo"))
    assert 0 < _step(page) < 60
    session = page.context.new_cdp_session(page)
    top = page.evaluate("scrollY")
    x, y = _point(page, 0.5, "elbo")
    for kind, at in [
        ("touchStart", y),
        *(("touchMove", y + 20 * k) for k in range(1, 8)),
        ("touchEnd", None),
    ]:
        points = [] if at is None else [{"x": x, "y": at}]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    page.wait_for_function(f"() => scrollY < {top}")


# --- two runs


def test_two_runs_go_together_on_one_scale(open_page, folder):
    page = open_page("pair")
    assert page.locator(".player__title").all_inner_texts() == ["A small start", "The original start"]
    left, right = (page.locator(".player__predictive").nth(k).bounding_box() for k in (0, 1))
    assert left["y"] == right["y"]
    assert left["x"] < right["x"]
    ends = page.evaluate(
        "() => document.getElementById('fit').charts.map(({ x, y }) => [x.low, x.high, y.low, y.high])"
    )
    assert ends[0] == ends[1]
    assert ends[2] == ends[3]
    page.locator(".player__scrub").fill("9")
    records = [read_player_record(folder / f"{name}.bin") for name in ("fit", "flat")]
    shown = re.findall(rf"{MINUS}[\d,]+", page.locator(".player__head").inner_text())
    elbos = [float(each.replace(MINUS, "-").replace(",", "")) for each in shown]
    np.testing.assert_allclose(elbos, [record.elbo[9] for record in records], atol=0.51)
    page.mouse.move(*_point(page, 0.5))
    page.wait_for_function(
        "() => document.querySelectorAll('.player__readout')[1].textContent.includes('mean')"
    )
    first, second = (_values(text) for text in page.locator(".player__readout").all_inner_texts())
    assert first["x"] == second["x"]
    assert first["mean"] != second["mean"]


def test_two_players_of_a_page_do_not_disturb_each_other(open_page):
    page = open_page("two")
    page.locator("#flat").scroll_into_view_if_needed()
    page.wait_for_selector("#flat .player")
    page.locator("#flat .player__scrub").fill("3")
    assert (_step(page, 0), _step(page, 1)) == (1000, player_pages.STEPS[3])
    page.wait_for_function("() => location.search.includes('player=flat')")
    page.locator("#link").click()
    assert _step(page, 0) <= 40
    assert _step(page, 1) == player_pages.STEPS[3]


# --- the address


def _query(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def test_the_state_is_in_the_address_and_comes_back_from_it(open_page):
    page = open_page(query="?h=word#top")
    assert _query(page) == {"h": "word"}
    page.locator(".player__scrub").fill("12")
    page.locator(".player__curves").fill("33")
    page.get_by_label("Lay HMC over it").check()
    page.wait_for_function("() => location.search.includes('hmc=1')")
    step = str(player_pages.STEPS[12])
    assert _query(page) == {"h": "word", "player": "fit", "step": step, "curves": "33", "hmc": "1"}
    assert page.url.endswith("#top")
    again = open_page(query="?" + urlsplit(page.url).query)
    again.wait_for_selector(".player--hmc")
    assert _step(again) == int(step)
    assert again.locator(".player__curves").input_value() == "33"
    other = open_page("two", query="?player=flat&step=1")
    assert _step(other, 0) == 1000


def test_a_sentence_drives_the_figure_and_its_link_can_be_opened_afresh(open_page):
    page = open_page(viewport=PHONE)
    expected = player_pages.STEPS[player_pages.STEPS <= 40].max()
    marked = page.evaluate("window.same = 1")
    page.locator("#link").click()
    assert _step(page) == expected
    assert page.evaluate("window.same") == marked
    assert page.locator(".player__spoken").text_content().startswith(f"step {expected}, ELBO")
    page.wait_for_function("() => location.search.includes('step=')")
    afresh = open_page(query="?player=fit&step=40#fit", moving=True)
    afresh.wait_for_timeout(300)
    assert _step(afresh) == expected
    # One of before the record has come.
    far = open_page("far", ready=False)
    far.locator("#link").click()
    far.wait_for_selector(".player")
    assert _step(far) == expected


def test_a_player_may_begin_at_a_step(open_page):
    page = open_page("given", moving=True)
    page.wait_for_timeout(300)
    assert _step(page) == player_pages.STEPS[player_pages.STEPS <= 40].max()


# --- the page


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE, NARROW], ids=lambda viewport: viewport["width"])
@pytest.mark.parametrize("name", ["fit", "pair"])
@pytest.mark.parametrize("moving", [True, False], ids=["moving", "calm"])
def test_nothing_overflows_and_nothing_moves_when_it_arrives(open_page, name, viewport, moving):
    page = open_page(name, ready=False, viewport=viewport, moving=moving)
    page.evaluate("""() => {
        window.moved = 0;
        const add = (list) => list.getEntries().forEach((entry) => (window.moved += entry.value));
        new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
    }""")
    page.wait_for_selector(".player")
    _settle(page)
    after = page.evaluate(AFTER)
    page.mouse.move(*_point(page, 0.5))
    page.locator(".player__scrub").fill("4")
    _settle(page)
    assert page.evaluate("window.moved") < 0.01
    assert page.evaluate(AFTER) == after
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    # Not its height, which grows with what is in it.
    reserved = page.locator("training-player").evaluate(
        "each => parseFloat(getComputedStyle(each).minHeight)"
    )
    board = page.locator(".player").bounding_box()["height"]
    assert reserved - 60 < board <= reserved


@pytest.mark.parametrize("name", ["fit", "dark"])
def test_text_can_be_read_in_light_and_dark(open_page, name):
    page = open_page(name)
    page.get_by_text("Numbers behind the picture").click()
    page.wait_for_selector(".player__table td")
    measured = page.evaluate(MEASURE_CONTRAST)
    assert {"truth", "ELBO", "Numbers behind the picture"} <= {text.strip() for _, _, text, _ in measured}
    assert not [each for each in measured if each[0] < CONTRAST]


def test_the_switch_to_dark_draws_anew(open_page):
    page = open_page()
    assert _count(page, DARK_BLUE) == 0
    page.evaluate("document.body.setAttribute('data-md-color-scheme', 'slate')")
    _settle(page)
    for panel in ("predictive", "elbo", "weights"):
        assert _count(page, DARK_BLUE, panel) > 20
        assert _count(page, BLUE, panel) == 0


def test_it_is_sharp_on_a_fine_screen_and_follows_its_size(open_page):
    page = open_page(device_scale_factor=2)
    size = "canvas => [canvas.width, canvas.height, 2 * canvas.clientWidth, 2 * canvas.clientHeight]"
    for width in (1280, 700, 360):
        page.set_viewport_size({"width": width, "height": 800})
        _settle(page)
        for panel in ("predictive", "elbo", "weights"):
            drawn = page.locator(f".player__{panel}").evaluate(size)
            assert drawn[:2] == drawn[2:]
        assert _count(page, BLUE) > 100


def test_in_print_and_without_scripts_there_is_the_still_and_no_gap(browser, open_page, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{address}fit.html")
    still = page.locator("training-player img").bounding_box()
    assert page.locator("training-player").bounding_box()["height"] < still["height"] + 40
    context.close()
    page = open_page()
    assert page.locator("training-player img").is_hidden()
    page.emulate_media(media="print")
    assert page.locator("training-player img").is_visible()
    assert page.locator(".player").is_hidden()


@pytest.mark.parametrize(
    ("name", "why"), [("missing", "status 404"), ("broken", "it is not the record of a run")]
)
def test_a_record_that_does_not_come_is_said_and_the_still_stays(browser, address, name, why):
    context = browser.new_context(viewport=DESKTOP)
    page = context.new_page()
    page.goto(f"{address}{name}.html")
    page.get_by_text(f"The player could not be loaded ({why}); this picture stands in for it.").wait_for()
    assert page.locator("training-player img").is_visible()
    context.close()


def test_a_band_that_does_not_come_is_said(browser, address):
    context = browser.new_context(viewport=DESKTOP, reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{address}bandless.html")
    page.wait_for_selector(".player")
    page.locator(".player__overlay").click()
    page.get_by_text("HMC\u2019s band could not be loaded (status 404).").wait_for()
    assert not page.locator(".player__overlay").is_checked()
    context.close()


def test_it_may_go_come_back_and_come_twice(open_page):
    page = open_page(moving=True)
    page.wait_for_selector(".player__play--on")
    page.evaluate("""() => {
        const first = document.querySelector("training-player");
        const parent = first.parentElement;
        first.remove();
        window.stopped = first.t;
        parent.append(first, Object.assign(first.cloneNode(true), { id: "copy" }));
    }""")
    page.wait_for_function("() => document.querySelectorAll('.player').length === 2")
    page.locator("#copy").scroll_into_view_if_needed()
    page.wait_for_function("() => document.getElementById('copy').board")
    page.locator("#fit .player__scrub").fill("2")
    page.locator("#copy .player__scrub").fill("5")
    assert [_step(page, k) for k in (0, 1)] == list(player_pages.STEPS[[2, 5]])
    assert page.locator(".player").count() == 2
    page.evaluate("document.body.setAttribute('data-md-color-scheme', 'slate')")
    assert _count(page, DARK_BLUE) > 20


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
    assert reached[:6] == [
        "Player of a training run",
        "Play",
        "One record back",
        "One record on",
        "Training step",
        "Speed",
    ]
    assert reached[6:11][0] == "step 0"
    assert reached[11:14] == ["Curves", "Lay HMC over it", "Numbers behind the picture"]
