"""The player as a reader meets it, in a real browser: what it shows, and how it is played and scrubbed."""

import re

import numpy as np
import pytest
from readers import player_pages, player_reader
from readers.player_reader import (
    BLUE,
    COUNT,
    DESKTOP,
    LAST,
    MINUS,
    ORANGE,
    count,
    expected_film,
    settle,
    step_of,
)

from bayesian_nn.browser.run_record import read_player_record

pytestmark = pytest.mark.browser

address, folder, open_page = player_reader.address, player_reader.folder, player_reader.open_page
FRAMES = """async ({ source, frames }) => {
    const { Frames, fetchRun } = await import(new URL("player/run-record.js", document.baseURI));
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


def test_the_page_computes_what_the_library_says(open_page, folder):
    page = open_page()
    record = read_player_record(folder / "fit.bin")
    frames = [0, 17, LAST]
    found = page.evaluate(FRAMES, {"source": "fit.bin", "frames": frames})
    np.testing.assert_array_equal(found["parameters"], record.parameters)
    for t, shown in zip(frames, found["frames"], strict=True):
        film = expected_film(folder, t, record.places)
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
    assert count(page, ORANGE) == 0
    slider.fill("10")
    ten = count(page, ORANGE)
    slider.fill("20")
    assert count(page, ORANGE) > ten > 0
    slider.fill("100")
    settle(page)
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
        assert step_of(page) == step
        words = scrub.get_attribute("aria-valuetext")
        assert re.fullmatch(rf"step {step:,}, ELBO {MINUS}[\d,]+ nats", words)
        assert spoken.text_content() == words
    assert spoken.get_attribute("aria-live") == "polite"
    # The slider is the browser's own.
    scrub.focus()
    page.keyboard.press("Home")
    assert step_of(page) == 0
    page.keyboard.press("ArrowRight")
    assert step_of(page) == steps[1]
    # And speaks for itself: what is said twice would be heard twice.
    assert scrub.get_attribute("aria-valuetext").startswith(f"step {steps[1]}, ELBO")
    assert spoken.text_content() == ""
    page.get_by_role("button", name="One record on").click()
    assert spoken.text_content() == scrub.get_attribute("aria-valuetext")
    page.get_by_role("button", name="One record on").click()
    page.get_by_role("button", name="One record back").click()
    assert step_of(page) == steps[2]


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
    paused = step_of(page)
    page.wait_for_timeout(400)
    assert step_of(page) == paused
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
    assert step_of(page) == player_pages.STEPS[7]


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
    assert step_of(page) == 1000
    page.wait_for_timeout(300)
    assert step_of(page) == 1000
    stills = page.locator(".player__stills button")
    assert stills.count() == 5
    last = stills.all_inner_texts()
    assert (last[0].strip(), last[-1].strip()) == ("step 0", "step 1,000")
    stills.nth(2).click()
    assert step_of(page) == player_pages.STEPS[int(LAST / 2 + 0.5)]
    drawn = [page.locator(".player__stills canvas").nth(k).evaluate(COUNT, BLUE) for k in range(5)]
    assert min(drawn) > 50


def test_who_saves_data_sees_the_end(browser, address):
    context = browser.new_context(viewport=DESKTOP)
    context.add_init_script("Object.defineProperty(navigator, 'connection', { value: { saveData: true } })")
    page = context.new_page()
    page.goto(f"{address}fit.html")
    page.wait_for_selector(".player")
    page.wait_for_timeout(300)
    assert step_of(page) == 1000
    context.close()
