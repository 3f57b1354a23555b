"""What a reader does on a page with a digit canvas, in a real browser, and what the reader sees."""

import numpy as np
from readers.element_reader import settle

SEVEN = [(0.3, 0.25), (0.7, 0.25), (0.45, 0.8)]
ALPHA = """canvas => {
    const { width, height } = canvas;
    const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    return Array.from(copy.getImageData(0, 0, width, height).data.filter((_, k) => k % 4 == 3));
}"""


def probabilities(page):
    settle(page)
    return page.locator(".digits__classes td:last-child").all_inner_texts()


def seen(page):
    """What the network sees, as the page shows it `[n_pixels]`, from 0 to 1."""
    settle(page)
    return np.array(page.locator(".digits__preview").evaluate(ALPHA)) / 255


def on_pad(page, point):
    box = page.locator(".digits__pad > canvas").bounding_box()
    return box["x"] + point[0] * box["width"], box["y"] + point[1] * box["height"]


def draw(page, points):
    page.mouse.move(*on_pad(page, points[0]))
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*on_pad(page, point), steps=6)
    page.mouse.up()


def turn(page, degrees):
    page.locator(".digits__turn input").fill(str(degrees))


def clear(page):
    page.get_by_role("button", name="Clear").click()
