"""What the playground's training is held against, in a real browser: HMC, and the reader's own guess."""

import re

import numpy as np
import pytest
from readers import elements
from readers.element_reader import settle
from readers.playground_reader import (
    PLAY,
    SMALL,
    band,
    button,
    drag,
    lay_over,
    place,
    says,
    set_to,
    state_of,
    train,
    until,
    until_workers,
    wait,
)

from bayesian_nn.runtime.tensorflow import tfp

pytestmark = pytest.mark.browser

folder, address, open_page, element = elements.fixtures("bayes-playground")


def test_hmc_is_laid_over_says_how_far_it_can_be_trusted_and_goes_with_its_points(open_page):
    page = open_page(SMALL + "&seed=3")
    train(page)
    assert page.locator(".play__key--exact").is_hidden()
    lay_over(page)
    told = re.match(
        r"(\d+) chains of (\d+) draws: R-hat ([\d.]+) at most, at least ([\d,]+) effective draws of f",
        page.inner_text(".play__honest"),
    )
    assert int(told[1]) >= 8
    assert 0.9 < float(told[3]) < 2
    exact = page.evaluate(f"[...{PLAY}.compare.exact.std]")
    own = band(page)[1]
    # A pointer, and a slider for who has none, read both.
    page.mouse.move(*place(page, 4, 0))
    read = re.search(
        r"x 4 · .*HMC's sd ([\d.]+): (as sure|([\d.]+) times too (sure|cautious))",
        page.inner_text(".play__read"),
    )
    assert float(read[1]) == pytest.approx(exact[60], rel=0.01)
    if read[3]:
        times = max(exact[60] / own[60], own[60] / exact[60])
        assert (float(read[3]), read[4]) == (
            pytest.approx(times, abs=0.06),
            "sure" if own[60] < exact[60] else "cautious",
        )
    page.mouse.move(0, 0)
    assert "Point at the picture" in page.inner_text(".play__read")
    set_to(page, "Place along x to read", 60)
    assert page.inner_text(".play__read").startswith("x 4 ·")
    draws = page.evaluate(f"{PLAY}.compare.exact.wanted")
    button(page, "More draws").click()
    until(page, f"{PLAY}.dataset.exact === 'done' && {PLAY}.compare.exact.wanted === {2 * draws}")
    # Its band is the posterior's: what the training does changes nothing, what the model is does.
    set_to(page, "KL weight", 0)
    assert page.get_attribute("bayes-playground", "data-exact") == "done"
    drag(page, (8, -0.1), (8, 1))
    assert page.get_attribute("bayes-playground", "data-exact") == "none"
    assert page.inner_text(".play__honest").startswith("HMC's band was of other points")
    until_workers(page, 1)


def test_hmc_in_the_browser_finds_what_a_straight_lines_posterior_is(open_page):
    # Without a hidden layer it is Bayesian linear regression.
    points = [[0, 0.2], [3, 0.6], [8, -0.3]]
    page = open_page("?v=1&depth=0&noise=0.3&points=" + "_".join(f"{x},{y}" for x, y in points))
    lay_over(page)
    mean, std, x, ess = page.evaluate(
        f"(({{ mean, std, x, ess }}) => [[...mean], [...std], [...x], ess])({PLAY}.compare.exact)"
    )
    x, (seen, y) = (np.array(x) - 4) / 4, np.array(points).T
    features = np.column_stack([(seen - 4) / 4, np.ones(3)])
    covariance = np.linalg.inv(features.T @ features / 0.09 + np.eye(2))
    along = np.column_stack([x, np.ones(len(x))])
    expected = along @ covariance @ features.T @ y / 0.09
    stds = np.sqrt(np.sum(along @ covariance * along, axis=1))
    assert ess > 200
    assert (np.abs(mean - expected) < 5 * stds / np.sqrt(ess)).all()
    np.testing.assert_allclose(std, stds, rtol=5 / np.sqrt(2 * ess))


def test_hmc_is_as_honest_as_tensorflow_probability_is_about_the_same_chains(open_page):
    page = open_page(SMALL)
    lay_over(page)
    exact = f"{PLAY}.compare.exact"
    seen = "[...draw].filter((_, k) => k % 121 % 4 === 0)"
    workers = page.evaluate(f"{exact}.draws.map((draws) => draws.map((draw) => {seen}))")
    r_hat, ess = page.evaluate(f"[{exact}.rHat, {exact}.ess]")
    # From workers, draws, and a worker's chains with their places, to chains, draws, places.
    chains = np.concatenate([np.reshape(each, (len(each), -1, 31)).swapaxes(0, 1) for each in workers])
    expected = tfp.mcmc.potential_scale_reduction(
        chains.swapaxes(0, 1), independent_chain_ndims=1, split_chains=True
    )
    assert r_hat == pytest.approx(np.max(expected), rel=1e-6)
    independent = tfp.mcmc.effective_sample_size(
        chains.swapaxes(0, 1), filter_beyond_positive_pairs=True, cross_chain_dims=1
    )
    assert ess == pytest.approx(np.min(independent), rel=1e-6)


def test_predict_then_reveal_by_mouse_and_keys_with_a_score_that_is_true(open_page):
    page = open_page(SMALL)
    button(page, "Predict, then reveal").click()
    assert "Drag the two edges" in says(page)
    assert not page.evaluate(f"{PLAY}.compare.sees('training')")
    handles = page.get_by_role("slider", name=re.compile("edge at x"))
    assert handles.count() == 18
    places = page.evaluate(f"{PLAY}.compare.guess.x")
    edges = lambda: np.array(page.evaluate(f"{PLAY}.compare.guess.edges"))  # noqa: E731
    before = edges()
    drag(page, (places[4], before[1][4]), (places[4], 2))
    assert edges()[1][4] == pytest.approx(2, abs=0.05)
    # Along x the same edge goes on.
    drag(page, (places[0], before[0][0]), (places[2], -1.5))
    assert (edges()[0][:3] < before[0][:3]).all()
    assert (edges()[1][:3] == before[1][:3]).all()
    page.get_by_role("slider", name="upper edge at x 11.1").focus()
    page.keyboard.press("PageUp")
    page.keyboard.press("ArrowUp")
    assert edges()[1][8] == pytest.approx(before[1][8] + 6 * 4.8 / 80)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("End")
    assert edges()[1][7] == 2.4
    # An edge does not pass the other, and the points stay where they are.
    page.keyboard.press("Home")
    assert edges()[1][7] > edges()[0][7]
    points = state_of(page)["points"]
    page.mouse.click(*place(page, 4, 0))
    assert state_of(page)["points"] == points
    drawn = edges()
    button(page, "Reveal the training").click()
    wait(page)
    settle(page)

    def factor(std):
        x = np.linspace(-4, 12, 121)
        return np.exp(np.mean(np.abs(np.log((drawn[1] - drawn[0]) / (4 * np.interp(places, x, std))))))

    assert float(page.get_attribute("bayes-playground", "data-score")) == pytest.approx(
        factor(band(page)[1]), rel=1e-3
    )
    assert "Against the training's" in says(page)
    button(page, "Reveal HMC").click()
    page.wait_for_selector('bayes-playground[data-exact="done"]', timeout=120_000)
    exact = page.evaluate(f"[...{PLAY}.compare.exact.std]")
    assert float(page.get_attribute("bayes-playground", "data-score")) == pytest.approx(
        factor(exact), rel=1e-3
    )
    assert "Against HMC's" in says(page)
    button(page, "Done").click()
    assert handles.count() == 0
    drag(page, (8, -0.1), (8, 1))
    assert state_of(page)["points"] != points


def test_the_last_word_of_hmc_is_spoken_and_its_way_there_is_not(open_page):
    page = open_page(SMALL)
    page.evaluate("""() => {
        window.heard = [];
        const spoken = document.querySelector(".play__spoken");
        const note = () => window.heard.push(spoken.textContent);
        new MutationObserver(note).observe(spoken, { childList: true });
    }""")
    lay_over(page)
    until(page, "window.heard.length > 0")
    assert page.evaluate("window.heard") == [page.inner_text(".play__honest")]
    assert "effective draws of f" in page.inner_text(".play__honest")


def test_who_leaves_the_prediction_keeps_the_focus(open_page):
    page = open_page(SMALL)
    button(page, "Predict, then reveal").focus()
    page.keyboard.press("Enter")
    button(page, "Leave").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Predict, then reveal"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.getAttribute('role')") == "slider"
    # Other points end it too, wherever the focus is.
    page.locator(".play__data").evaluate(
        "(select) => (select.value = 'step', select.dispatchEvent(new Event('change')))"
    )
    assert page.evaluate("document.activeElement.textContent") == "Predict, then reveal"


@pytest.mark.parametrize(
    ("search", "sentence"),
    [
        # A point so far away that its square is beyond all numbers, and one that is just within them.
        (
            "points=1e9,0&units=0,1e-200,0,1",
            "HMC cannot begin: where its chains start, the points are so unlikely",
        ),
        ("points=1e9,0&units=0,1e-130,0,1", "HMC's chains do not move, or have left the finite numbers"),
    ],
)
def test_hmc_that_cannot_be_had_ends_in_a_sentence(open_page, search, sentence):
    page = open_page(f"?v=1&depth=0&{search}")
    button(page, "Lay HMC over it").click()
    page.locator(".play__honest--warning", has_text=sentence).wait_for(timeout=60_000)
    assert "lay it over again" in page.inner_text(".play__honest")
    assert page.inner_text(".play__spoken") == page.inner_text(".play__honest")
    assert page.get_attribute("bayes-playground", "data-exact") == "none"
    assert button(page, "Lay HMC over it").is_enabled()
    assert not re.search(r"NaN|Infinity|∞", page.inner_text(".play"))
    until_workers(page, 1)


def test_hmc_whose_worker_breaks_ends_in_a_sentence_and_can_be_had_again(open_page):
    page = open_page(SMALL, sound=False)
    button(page, "Lay HMC over it").click()
    page.evaluate(f"{PLAY}.compare.exact.workers[0].postMessage(null)")
    page.locator(".play__honest--warning", has_text="HMC has stopped (Uncaught TypeError").wait_for()
    assert page.get_attribute("bayes-playground", "data-exact") == "none"
    until_workers(page, 1)
    lay_over(page)
    assert "effective draws of f" in page.inner_text(".play__honest")


@pytest.mark.parametrize(
    "poison", ["rHat = NaN", "rHat = Infinity", "ess = NaN", "std[3] = NaN", "mean[0] = Infinity"]
)
def test_no_verdict_is_made_of_what_is_no_number(open_page, poison):
    page = open_page(SMALL)
    page.evaluate(f"""() => {{
        const exact = {PLAY}.compare.exact, {{ judge }} = exact;
        exact.judge = () => {{ judge.call(exact); exact.{poison}; }};
    }}""")
    button(page, "Lay HMC over it").click()
    page.locator(".play__honest--warning", has_text="so they say nothing").wait_for(timeout=120_000)
    assert not re.search(r"NaN|Infinity|∞", page.inner_text(".play"))


def test_sets_of_points_that_change_fast_leave_no_chain_behind(open_page):
    page = open_page(SMALL)
    for name in ("step", "one-gap", "two-gaps"):
        button(page, "Lay HMC over it").click()
        page.locator(".play__data").select_option(name)
        assert page.get_attribute("bayes-playground", "data-exact") == "none"
    button(page, "Lay HMC over it").click()
    until(page, f"{PLAY}.compare.exact.progress > 0")
    n_workers = page.evaluate(f"{PLAY}.compare.exact.workers.length")
    until_workers(page, 1 + n_workers)
