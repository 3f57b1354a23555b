"""What a reader sees and touches of any of the pages' elements, in a real browser."""

DESKTOP, PHONE, NARROW = VIEWPORTS = [{"width": width, "height": 844} for width in (1280, 390, 320)]
# WCAG 2.2, success criterion 1.4.3.
CONTRAST = 4.5
# The colours of charts, in light and in dark.
ORANGE, BLUE, GREEN, VERMILION = (230, 159, 0), (0, 114, 178), (0, 158, 115), (213, 94, 0)
DARK_ORANGE, DARK_BLUE, DARK_GREEN, DARK_VERMILION = (
    (255, 186, 31),
    (31, 174, 255),
    (31, 255, 194),
    (255, 130, 31),
)
GREY = (128, 128, 128)
# How many pixels of a canvas are nearly of a colour.
COUNT = """(canvas, [r, g, b]) => {
    const { width, height } = canvas;
    const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, width, height);
    let found = 0;
    for (let k = 0; k < data.length; k += 4) {
        const near = Math.abs(data[k] - r) + Math.abs(data[k + 1] - g) + Math.abs(data[k + 2] - b) < 30;
        if (data[k + 3] > 60 && near) found++;
    }
    return found;
}"""


def settle(page):
    page.evaluate(
        "() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))"
    )


def count(page, colour, canvas, nth=0):
    """How many pixels of the page's `nth` such canvas are nearly of a colour."""
    settle(page)
    return page.locator(canvas).nth(nth).evaluate(COUNT, colour)


def finger(page):
    """A function that touches the screen: with which kind of event, and at which places of the page."""
    session = page.context.new_cdp_session(page)

    def touch(kind, *places):
        points = [dict(zip("xy", place, strict=True)) for place in places]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    return touch
