"""What a reader does on a page with a player, in a real browser, and what the reader sees."""

import re
from urllib.parse import parse_qs, urlsplit

import numpy as np
from readers import player_pages

import bayesian_nn as bnn
from bayesian_nn.browser.run_record import read_player_record

MINUS = "\N{MINUS SIGN}"
LAST = len(player_pages.STEPS) - 1


def step_of(page, nth=0):
    words = page.locator(".player__head").nth(nth).inner_text().split("\n")[0]
    return int(words.removeprefix("step ").replace(",", ""))


def frame_of(page, nth=0):
    return page.locator(".player").nth(nth).evaluate("board => board.parentElement.t")


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
