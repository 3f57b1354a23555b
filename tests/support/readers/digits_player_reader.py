"""What a reader does on a page with a player of a classifier, in a real browser, and what the reader sees."""

from readers import digits_player_pages

STEPS, EPOCHS = digits_player_pages.STEPS, digits_player_pages.EPOCHS
LAST = len(STEPS) - 1


def epoch_name(t):
    epoch = EPOCHS[t]
    return f"epoch {epoch:.{0 if epoch == 0 or epoch >= 10 else 2 if epoch < 1 else 1}f}"


def spoken_at(record, t):
    error = 100 * record.errors[t]
    return f"{epoch_name(t)}, test error {error:.{2 if error < 10 else 1}f} %"


def point(page, across, panel, nth=0, margins=(2.2, 0.1)):
    """The place on the page of a fraction of the width of a panel's axes."""
    box = page.locator(f".player__{panel}").nth(nth).bounding_box()
    left, right = (round(12 * margin) for margin in margins)
    x = box["x"] + left + across * (box["width"] - left - right)
    return x, box["y"] + box["height"] / 2
