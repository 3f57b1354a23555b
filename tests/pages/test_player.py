"""The player of a training run as a reader meets it, in a real browser: what it shows."""

import numpy as np
import pytest
from readers import elements
from readers.element_reader import BLUE, COUNT, ORANGE, count, settle
from readers.player_reader import LAST, MINUS, expected_film

from bayesian_nn.browser.run_record import read_player_record

pytestmark = pytest.mark.browser

folder, address, open_page, element = elements.fixtures("training-player")
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
    assert count(page, ORANGE, ".player__predictive") == 0
    slider.fill("10")
    ten = count(page, ORANGE, ".player__predictive")
    slider.fill("20")
    assert count(page, ORANGE, ".player__predictive") > ten > 0
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


def test_every_still_is_drawn(open_page):
    stills = open_page().locator(".player__stills canvas")
    assert min(canvas.evaluate(COUNT, BLUE) for canvas in stills.all()) > 50
