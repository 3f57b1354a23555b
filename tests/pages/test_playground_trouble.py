"""What can go wrong in the playground's run, in a real browser: each ends in a sentence, and in numbers."""

import re

import numpy as np
import pytest
from readers import elements
from readers.element_reader import settle
from readers.playground_reader import (
    PLAY,
    SMALL,
    button,
    place,
    says,
    set_to,
    until,
    until_says,
    until_step,
    until_workers,
    wait,
)

pytestmark = pytest.mark.browser

folder, address, open_page, element = elements.fixtures("bayes-playground")


@pytest.mark.parametrize(
    ("search", "sentence"),
    [
        ("rate=1e100", "The ELBO left the finite numbers at step 1, and training stopped. The learning rate"),
        ("rate=30&steps=300", "a learning rate of 30 is too large. Try 0.1."),
        ("points=&steps=50", "There are no points, so training leads back to the prior."),
        ("points=1,1&steps=50", "One point says what f is there, and nothing else."),
        ("noise=5&steps=50", "A noise sd of 5 is more than the points' own spread of 0.478"),
        ("noise=0.001&steps=200", "so the noise is set too small"),
        ("depth=0&steps=200", "Without a hidden layer it can only be straight"),
        ("prior=0.1&steps=300", "try a prior sd of 1."),
        ("kl=30&steps=300", "try a KL weight of 1."),
        ("points=1e9,-1e9_-1e9,1e9_1,1&steps=50", "The points lie"),
        # Of points that are as flat as the line it says nothing ill.
        ("points=0,1_4,1_8,1&steps=1", "Trained: the ELBO ends at"),
    ],
)
def test_a_bad_state_ends_in_a_sentence_and_in_numbers(open_page, search, sentence):
    page = open_page("?v=1&" + search)
    button(page, "Train").click()
    page.wait_for_selector('bayes-playground:is([data-run="over"], [data-run="failed"])')
    assert sentence in says(page)
    settle(page)
    axes = page.evaluate(f"{PLAY}.charts.map(({{ x, y }}) => [x.low, x.high, y.low, y.high])")
    assert np.isfinite(np.array(axes, float)).all()
    assert all(low < high for low, high in np.reshape(axes, (-1, 2)))
    assert "NaN" not in page.inner_text(".play")
    # It can be left.
    button(page, "Start over").click()
    until(page, f"{PLAY}.dataset.run === 'paused'")
    assert says(page) == "This is the start again."


def _hold_back(page):
    """Keeps what the worker says on its way, in order, until `letGo()`."""
    page.evaluate(f"""() => {{
        const {{ trainer }} = {PLAY};
        window.held = [];
        trainer.picture = (data) => window.held.push(data);
        window.letGo = () => {{
            delete trainer.picture;
            for (const data of window.held) {{
                trainer.worker.dispatchEvent(new MessageEvent("message", {{ data }}));
            }}
        }};
    }}""")


def test_what_is_pressed_as_the_last_picture_is_on_its_way_changes_nothing_of_the_end(open_page):
    page = open_page(SMALL)
    _hold_back(page)
    button(page, "Train").click()
    until(page, "window.held.some(({ over }) => over)")
    assert page.get_attribute("bayes-playground", "data-run") == "running"
    button(page, "Pause").click()
    button(page, "Step").click()
    until(page, "window.held.filter(({ over }) => over).length === 3")
    page.evaluate("letGo()")
    wait(page)
    assert says(page).startswith("This is a flat line")


def test_a_change_that_comes_as_the_run_ends_carries_it_on_and_the_page_hears_of_it(open_page):
    page = open_page(SMALL)
    _hold_back(page)
    button(page, "Train").click()
    until(page, "window.held.some(({ over }) => over)")
    # What the page knows of it by then: half of its steps.
    sentence = page.evaluate(f"""() => {{
        const play = {PLAY}, {{ trainer }} = play, {{ picture }} = trainer.told;
        delete trainer.picture;
        trainer.step = 30;
        window.pictures = [];
        trainer.told.picture = (again) => {{
            picture(again);
            const says = document.querySelector(".play__says").textContent;
            window.pictures.push({{ again, says, step: trainer.step, mean: [...trainer.mean] }});
        }};
        play.set({{ klWeight: 1.5 }});
        // What was on its way is of the run before.
        window.letGo();
        return document.querySelector(".play__says").textContent;
    }}""")
    assert sentence == "Training goes on from this posterior; Rewind begins anew."
    wait(page)
    first = page.evaluate("window.pictures[0]")
    assert first["says"].startswith("The run had just ended: it goes on from this posterior")
    assert (first["again"], first["step"]) == (True, 0)
    assert first["mean"] == page.evaluate("""() => {
        const { mean } = window.held.find(({ over }) => over);
        return [...mean];
    }""")
    assert page.evaluate(f"{PLAY}.trainer.carried")
    assert min(page.evaluate(f"[...{PLAY}.trainer.kl]")) > 0


def test_pictures_that_come_while_points_move_leave_no_hole_in_the_history(open_page):
    page = open_page("?v=1&steps=20000&draws=50&width=20")
    button(page, "Train").click()
    until(page, f"{PLAY}.trainer.step > 3")
    # Half of what the worker says is of before a change, and is not heard.
    page.evaluate(f"""() => new Promise((resolve) => {{
        const play = {PLAY}, {{ trainer }} = play;
        let left = 12;
        const change = () => {{
            play.set({{ klWeight: 1 + left / 100 }});
            left-- ? setTimeout(change, 15) : resolve();
        }};
        change();
    }})""")
    step = page.evaluate(f"{PLAY}.trainer.step")
    until(page, f"{PLAY}.trainer.step > {step + 3}")
    assert min(page.evaluate(f"[...{PLAY}.trainer.kl.slice(0, {PLAY}.trainer.step)]")) > 0


def test_a_worker_that_breaks_is_told_of_and_replaced(open_page):
    page = open_page("?v=1&steps=20000", sound=False)
    button(page, "Train").click()
    until(page, f"{PLAY}.trainer.step > 3")
    page.evaluate(f"{PLAY}.trainer.worker.postMessage({{ type: 'nonsense' }})")
    until_says(
        page, "Training has stopped (Uncaught TypeError: told[data.type] is not a function). Rewind begins"
    )
    assert page.get_attribute("bayes-playground", "data-run") == "paused"
    button(page, "Train").click()
    until(page, f"{PLAY}.trainer.step > 3")
    page.evaluate(f"{PLAY}.trainer.worker.postMessage({{ type: 'nonsense' }})")
    until_says(page, "Training has stopped")
    button(page, "Rewind").click()
    until_step(page, 0, 20_000)
    button(page, "Step").click()
    until_step(page, 1, 20_000)
    until_workers(page, 1)


@pytest.mark.parametrize("search", ["rate=1e100", "rate=1e100&activation=relu&depth=4"])
def test_of_a_run_that_left_the_finite_numbers_nothing_is_said_and_nothing_drawn(open_page, search):
    page = open_page("?v=1&" + search)
    button(page, "Train").click()
    wait(page, "failed")
    page.mouse.move(*place(page, 4, 0))
    set_to(page, "Place along x to read", 60)
    _assert_finite(page)
    button(page, "Predict, then reveal").click()
    button(page, "Reveal the training").click()
    page.wait_for_selector('bayes-playground[data-run="failed"]')
    until_says(page, "The ELBO left the finite numbers")
    _assert_finite(page)
    # The rate, of a hundred zeros, has room beside its slider.
    label = page.get_by_text("Learning rate", exact=True).locator("xpath=..")
    assert label.locator("b").inner_text() == "1E100"


def _assert_finite(page):
    shown = page.inner_text(".play") + page.get_by_label("Place along x").get_attribute("aria-valuetext")
    assert not re.search(r"NaN|Infinity|∞|undefined", shown)


def test_no_sentence_of_the_end_disturbs_who_predicts(open_page):
    page = open_page(SMALL)
    # The last picture comes while the reader draws.
    _hold_back(page)
    button(page, "Train").click()
    until(page, "window.held.some(({ over }) => over)")
    button(page, "Predict, then reveal").click()
    page.evaluate("letGo()")
    wait(page)
    assert "Drag the two edges" in says(page)
    button(page, "Reveal the training").click()
    until_says(page, "the training's")
