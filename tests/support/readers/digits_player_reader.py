"""What a reader does on a page with a player of a classifier, in a real browser, and what the reader sees."""

import pytest
from readers import digits_player_pages
from readers.browser import serve
from readers.player_reader import opening, settle

from bayesian_nn.browser.class_record import read_class_record

STEPS, EPOCHS = digits_player_pages.STEPS, digits_player_pages.EPOCHS
LAST = len(STEPS) - 1
# How many pixels of a canvas are nearly of a colour.
COUNT = """(canvas, [r, g, b]) => {
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let found = 0;
    for (let k = 0; k < data.length; k += 4) {
        const near = Math.abs(data[k] - r) + Math.abs(data[k + 1] - g) + Math.abs(data[k + 2] - b) < 16;
        if (data[k + 3] > 60 && near) found++;
    }
    return found;
}"""
ORANGE, BLUE, GREEN, VERMILION = (230, 159, 0), (0, 114, 178), (0, 158, 115), (213, 94, 0)
DARK_ORANGE, DARK_GREEN, DARK_VERMILION = (255, 186, 31), (31, 255, 194), (255, 130, 31)


# Fixtures, for the test files to take by their names.
@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return digits_player_pages.make_pages(tmp_path_factory.mktemp("pages"))


@pytest.fixture(scope="module")
def record(folder):
    return read_class_record(folder / "classes.bin")


@pytest.fixture(scope="module")
def address(folder):
    with serve(folder, "/blog/") as where:
        yield where


@pytest.fixture
def open_page(browser, address):
    with opening(browser, address, "digits-player", "digits") as opened:
        yield opened


def epoch_name(t):
    epoch = EPOCHS[t]
    return f"epoch {epoch:.{0 if epoch == 0 or epoch >= 10 else 2 if epoch < 1 else 1}f}"


def spoken_at(record, t):
    error = 100 * record.errors[t]
    return f"{epoch_name(t)}, test error {error:.{2 if error < 10 else 1}f} %"


def count(page, colour, panel="classes", nth=0):
    settle(page)
    return page.locator(f".player__{panel}").nth(nth).evaluate(COUNT, colour)


def point(page, across, panel, nth=0, margins=(2.2, 0.1)):
    """The place on the page of a fraction of the width of a panel's axes."""
    box = page.locator(f".player__{panel}").nth(nth).bounding_box()
    left, right = (round(12 * margin) for margin in margins)
    x = box["x"] + left + across * (box["width"] - left - right)
    return x, box["y"] + box["height"] / 2
