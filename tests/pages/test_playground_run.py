"""The playground's run in a real browser: trained, paused, rewound, gone on with, and ended."""

import numpy as np
import pytest
from readers import elements
from readers.playground_pages import evaluate
from readers.playground_reader import (
    PLAY,
    POINTS,
    SMALL,
    band,
    button,
    drag,
    says,
    set_to,
    state_of,
    train,
    until,
    until_step,
    until_workers,
    wait,
)

pytestmark = pytest.mark.browser

folder, address, open_page, element = elements.fixtures("bayes-playground")


def test_the_browser_gets_the_builds_own_run_and_says_so(open_page):
    page = open_page()
    train(page)
    page.get_by_text("Your browser got the same run as the build, bit for bit.").wait_for()
    assert int(page.get_attribute("bayes-playground", "data-steps-per-second")) > 0
    page = open_page("wrong")
    train(page)
    page.get_by_text("Your browser did not get the build's own numbers").wait_for()
    assert page.get_attribute("bayes-playground", "data-same") == "false"


def test_only_the_builds_own_run_is_held_against_its_fingerprint(open_page):
    page = open_page("?v=1&steps=200")
    train(page)
    page.wait_for_selector("bayes-playground[data-digest]")
    assert page.get_attribute("bayes-playground", "data-same") is None
    # The same settings, come to on another way.
    page = open_page("?v=1&prior=2")
    button(page, "Step").click()
    until(page, f"{PLAY}.trainer.step === 1")
    set_to(page, "Prior sd", 5)
    assert state_of(page)["priorStd"] == 1
    train(page)
    page.wait_for_timeout(200)
    assert "bit for bit" not in says(page)
    assert page.get_attribute("bayes-playground", "data-digest") is None


def test_the_numbers_are_those_of_a_run_in_node(open_page):
    page = open_page(SMALL + "&seed=5")
    train(page)
    found = page.evaluate(
        f"(({{ logLikelihood, kl, step }}) => [[...logLikelihood], [...kl], step])({PLAY}.trainer)"
    )
    expected = evaluate(
        """(() => {
            const state = fromLink(given, namedPoints([]), NAMES).state;
            const training = new Training({ ...state, ...inNetworkUnits(state) });
            training.advance(60);
            return [[...training.logLikelihood], [...training.kl], training.step];
        })()""",
        SMALL + "&seed=5",
        modules=("playground/state.js", "playground/data.js", "numerics/variational.js"),
    )
    assert found == expected
    likelihood, kl = (np.array(part) for part in found[:2])
    shown = page.locator(".play__elbos b").all_inner_texts()
    numbers = [float(text.replace("\N{MINUS SIGN}", "-").replace(",", "")) for text in shown]
    for number, history in zip(numbers, (likelihood - kl, likelihood, -kl), strict=False):
        assert history[-8:].min() - 1 < number < history[-8:].max() + 1
    best = evaluate(
        "bestConstant(fromLink(given, namedPoints([]), NAMES).state)",
        SMALL,
        modules=("playground/state.js", "playground/data.js"),
    )
    assert numbers[3] == round(best)


def test_in_units_of_its_own_a_run_is_the_same_and_its_nats_are_of_y(open_page):
    scaled = "_".join(f"{1000 + 10 * x:g},{500 + 100 * y:g}" for x, y in [(0, 1), (4, -0.5), (8, 0.25)])
    plain, other = (
        open_page(f"?v=1&width=2&depth=1&steps=40&{points}")
        for points in (
            "points=0,1_4,-0.5_8,0.25",
            f"points={scaled}&units=1040,40,500,100&noise=10",
        )
    )
    for page in (plain, other):
        train(page)
    np.testing.assert_allclose(band(other), [[500], [0]] + 100 * band(plain), rtol=1e-9)
    last = [page.evaluate(f"{PLAY}.trainer.logLikelihood[39]") for page in (plain, other)]
    assert last[1] == pytest.approx(last[0] - 3 * np.log(100), rel=1e-9)


def test_train_pause_step_and_rewind_to_the_same_start(open_page):
    page = open_page("?v=1&steps=20000")
    start = band(page)
    button(page, "Train").click()
    until(page, f"{PLAY}.trainer.step > 20")
    button(page, "Pause").click()
    # Once the worker has said so.
    wait(page, "paused")
    step = page.evaluate(f"{PLAY}.trainer.step")
    page.wait_for_timeout(150)
    assert page.evaluate(f"{PLAY}.trainer.step") == step
    button(page, "Step").click()
    until_step(page, step + 1, 20_000)
    assert not np.array_equal(band(page), start)
    button(page, "Rewind").click()
    until_step(page, 0, 20_000)
    np.testing.assert_array_equal(band(page), start)
    assert says(page) == "Back at the same start."
    button(page, "New seed").click()
    until(page, f"{PLAY}.trainer.mean[0] !== {float(start[0, 0])!r}")
    assert state_of(page)["seed"] == 1


def test_points_that_move_while_it_trains_are_learned_from_where_it_is(open_page):
    # So slow that it cannot be over before the test is.
    page = open_page("?v=1&steps=20000&rate=0.03&draws=50&width=20")
    button(page, "Train").click()
    until(page, f"{PLAY}.trainer.step > 10")
    before = page.evaluate(f"{PLAY}.trainer.step")
    drag(page, POINTS[-1], (8, 2))
    assert says(page) == "Training goes on from this posterior; Rewind begins anew."
    until(page, f"{PLAY}.trainer.step > {before + 10}")
    assert page.get_attribute("bayes-playground", "data-run") == "running"
    # No step is missing from the history.
    history = page.evaluate(f"[...{PLAY}.trainer.kl.slice(0, {PLAY}.trainer.step)]")
    assert min(history) > 0
    # What the network is cannot change under way.
    set_to(page, "Width", 2)
    assert says(page) == "With this setting the run begins again from its start."
    assert page.evaluate(f"{PLAY}.trainer.kl[{before}]") != history[before]
    until(page, f"{PLAY}.trainer.step > 0")


def test_a_run_that_is_over_goes_on_from_its_end_with_other_points(open_page):
    page = open_page(SMALL)
    train(page)
    end = band(page)
    page.keyboard.press("Escape")
    drag(page, (8, -0.1), (8, 1))
    assert "Train goes on from this posterior, with as many steps again" in says(page)
    until_step(page, 0, 60)
    np.testing.assert_array_equal(band(page), end)
    train(page)
    assert np.abs(band(page) - end).max() > 0.01


def test_who_prefers_less_motion_gets_the_same_end(open_page):
    page = open_page("?v=1&steps=300", moving=False)
    page.evaluate(f"""() => {{
        window.pictures = 0;
        const {{ told }} = {PLAY}.trainer, {{ picture }} = told;
        told.picture = () => {{ window.pictures++; picture(); }};
    }}""")
    train(page)
    other = open_page("?v=1&steps=300")
    train(other)
    np.testing.assert_array_equal(band(page), band(other))


def test_its_workers_end_with_it_and_begin_again(open_page):
    page = open_page(SMALL)
    button(page, "Lay HMC over it").click()
    until(page, f"{PLAY}.compare.exact.workers.length > 0")
    page.evaluate(f"window.gone = {PLAY}; window.parent_ = gone.parentElement; gone.remove()")
    until_workers(page, 0)
    page.evaluate("parent_.append(gone)")
    train(page)
    until_workers(page, 1)
    assert page.get_attribute("bayes-playground", "data-exact") == "none"
    assert page.locator(".play").count() == 1
