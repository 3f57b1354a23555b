"""What a reader does on a page with a player, in a real browser, and what the reader sees."""

import contextlib
import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from readers import player_pages
from readers.browser import serve

import bayesian_nn as bnn
from bayesian_nn.browser.run_record import read_player_record

DESKTOP, PHONE, NARROW = ({"width": width, "height": 844} for width in (1280, 390, 320))
CONTRAST = 4.5
MINUS = "\N{MINUS SIGN}"
LAST = len(player_pages.STEPS) - 1
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
WATCH_SHIFTS = """() => {
    window.moved = 0;
    const add = (list) => list.getEntries().forEach((entry) => (window.moved += entry.value));
    new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
}"""
ORANGE, BLUE, GREY = (230, 159, 0), (0, 114, 178), (128, 128, 128)
DARK_BLUE = (31, 174, 255)


# Fixtures, for the test files to take by their names.
@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return player_pages.make_pages(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def address(folder):
    with serve(folder, "/blog/") as where:
        yield where


@pytest.fixture
def open_page(browser, address):
    with opening(browser, address, "training-player", "fit") as opened:
        yield opened


@contextlib.contextmanager
def opening(browser, address, element, first):
    """A function that opens a page, by default `first`, and waits for its player; an error, or another's
    server, fails the test. Motion is not wanted unless it is asked for, so that nothing plays by itself."""
    contexts, wrong = [], []

    def opened(name=first, query="", *, ready=True, viewport=DESKTOP, moving=False, **preferences):
        motion = "no-preference" if moving else "reduce"
        contexts.append(browser.new_context(viewport=viewport, reduced_motion=motion, **preferences))
        page = contexts[-1].new_page()
        # That a canvas is read often is the test's doing.
        page.on("console", lambda said: "getImageData" in said.text or wrong.append(said.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: asked.url.startswith((address, "data:")) or wrong.append(asked.url))
        page.goto(f"{address}{name}.html{query}")
        if ready:
            page.wait_for_selector(f"{element} .player")
            settle(page)
        return page

    try:
        yield opened
    finally:
        for context in contexts:
            context.close()
    assert not wrong


def settle(page):
    page.evaluate(
        "() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))"
    )


def step_of(page, nth=0):
    words = page.locator(".player__head").nth(nth).inner_text().split("\n")[0]
    return int(words.removeprefix("step ").replace(",", ""))


def frame_of(page, nth=0):
    return page.locator(".player").nth(nth).evaluate("board => board.parentElement.t")


def count(page, colour, panel="predictive", nth=0):
    settle(page)
    return page.locator(f".player__{panel}").nth(nth).evaluate(COUNT, colour)


def point(page, across, panel="predictive", up=0.5):
    """The place on the page of a fraction of the panel's axes."""
    box = page.locator(f".player__{panel}").first.bounding_box()
    em = 12
    left, right = box["x"] + round(4.2 * em), box["x"] + box["width"] - 0.8 * em
    return left + across * (right - left), box["y"] + up * box["height"]


def query_of(page):
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def values_in(text):
    number = rf"{MINUS}?[\d.,]+(?:E{MINUS}?\d+)?"
    pairs = re.findall(rf"([a-zA-Z\u2019 ]+?) ({number})(?: \u00b7 |: |$)", text)
    return {name.strip(): number_of(value) for name, value in pairs}


def number_of(text):
    return float(text.replace(MINUS, "-").replace(",", ""))


def expected_film(folder, t, places):
    """What the library says of the record as it is read back, mean, sd of f, sd with noise and curves."""
    record = read_player_record(folder / "fit.bin")
    run = player_pages.run()
    fields = {**vars(run), "recorded_parameters": record.parameters[:, None].astype(np.float32)}
    return bnn.prediction.predict_film(type(run)(**fields), places, seed=player_pages.NOISE_SEED, frames=[t])
