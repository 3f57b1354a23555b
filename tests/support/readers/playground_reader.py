"""What a reader does on a page with a playground, in a real browser, and what the reader sees."""

import time

import numpy as np
from readers.playground_pages import original_points

PLAY = "document.querySelector('bayes-playground')"
POINTS = original_points()
# Few and quick: for what asks only how things go together.
SMALL = "?v=1&points=0,1_1,0.5_2,-0.4_6,0.9_7,0.7_8,-0.1&width=2&depth=1&steps=60"


def until_drawn(page):
    """Until the charts are: a slow page may be drawn later than its worker answers."""
    until(page, f"{PLAY}.charts.every(({{ box }}) => box)")


def state_of(page):
    return page.evaluate(f"{PLAY}.state")


def band(page):
    """The mean and the sd that the picture shows `[2, n_places]`."""
    return np.array(page.evaluate(f"[[...{PLAY}.trainer.mean], [...{PLAY}.trainer.std]]"))


def says(page):
    return page.inner_text(".play__says")


def until(page, expression):
    # The pages' policy refuses what would have to be compiled from a text.
    page.wait_for_function(f"() => {expression}")


def until_says(page, text):
    page.locator(".play__says", has_text=text).wait_for()


def until_step(page, step, n_steps):
    """Until the picture that is shown is that of a step: what was asked of the worker, it has answered."""
    page.locator(".play__count b").get_by_text(f"step {step:,} of {n_steps:,}", exact=True).wait_for()


def until_workers(page, n_workers):
    """Until a page has as many workers; those that ended may take a while to go."""
    deadline = time.monotonic() + 30
    while len(page.workers) != n_workers:
        assert time.monotonic() < deadline, f"{len(page.workers)} workers, and not {n_workers}"
        page.wait_for_timeout(50)


def button(page, name):
    return page.get_by_role("button", name=name, exact=True)


def wait(page, run="over"):
    page.wait_for_selector(f'bayes-playground[data-run="{run}"]')


def train(page):
    button(page, "Train").click()
    wait(page)


def lay_over(page):
    button(page, "Lay HMC over it").click()
    page.wait_for_selector('bayes-playground[data-exact="done"]', timeout=120_000)


def place(page, x, y):
    """Where a value is on the screen."""
    box = page.locator(".play__layer").bounding_box()
    at = page.evaluate(f"([x, y]) => [{PLAY}.charts[0].px(x), {PLAY}.charts[0].py(y)]", [x, y])
    return box["x"] + at[0], box["y"] + at[1]


def drag(page, start, end):
    page.mouse.move(*place(page, *start))
    page.mouse.down()
    page.mouse.move(*place(page, *end), steps=5)
    page.mouse.up()


def set_to(page, label, value):
    page.get_by_label(label).first.evaluate(
        "(input, value) => { input.value = value; input.dispatchEvent(new Event('input')); }", value
    )
