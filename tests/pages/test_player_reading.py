"""What a player tells a reader who asks, in a real browser: values along x, tables, two runs at once."""

import re

import numpy as np
import pytest
from readers import elements, player_pages
from readers.element_reader import BLUE, GREY, NARROW, PHONE, count, finger, settle
from readers.player_reader import LAST, MINUS, expected_film, number_of, point, step_of, values_in

from bayesian_nn.browser.run_record import read_player_record

pytestmark = pytest.mark.browser

folder, address, open_page, element = elements.fixtures("training-player")


def test_pointing_reads_the_library_s_values(open_page, folder):
    page = open_page()
    page.locator(".player__scrub").fill("25")
    places = read_player_record(folder / "fit.bin").places
    film = expected_film(folder, 25, places)
    for across in (0.2, 0.5, 0.9):
        page.mouse.move(*point(page, across))
        settle(page)
        page.wait_for_function("() => /mean/.test(document.querySelector('.player__readout').textContent)")
        settle(page)
        values = values_in(page.locator(".player__readout").inner_text())
        k = int(np.argmin(np.abs(places - values["x"])))
        assert abs(places[k] - (-4 + 16 * across)) < 0.06
        expected = {
            "x": places[k],
            "mean": film.mean[0, k],
            "sd of f": film.epistemic_std[0, k],
            "with noise": film.std[0, k],
            "truth": np.cos(places[k]),
        }
        assert values == pytest.approx(expected, rel=6e-3, abs=1e-4)


def test_hmc_s_band_is_fetched_when_it_is_asked_for_and_says_how_many_times_too_sure(open_page, folder):
    page = open_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))
    before = count(page, GREY, ".player__predictive")
    assert page.get_by_text("HMC, ± 2 sd of f").is_hidden()
    page.get_by_label("Lay HMC over it").check()
    page.wait_for_selector(".player--hmc")
    assert "hmc.json" in asked
    assert page.get_by_text("HMC, ± 2 sd of f").is_visible()
    assert count(page, GREY, ".player__predictive") > before + 200
    std = expected_film(folder, LAST, read_player_record(folder / "fit.bin").places).epistemic_std[0]
    for across, right, words in ((0.25, 0.01, "too unsure"), (0.75, 1.0, "too sure")):
        page.mouse.move(*point(page, across))
        page.wait_for_function(
            f"() => document.querySelector('.player__readout').textContent.endsWith('{words}')"
        )
        text = page.locator(".player__readout").inner_text()
        sd = std[round(160 * across)]
        assert float(re.search(r"([\d.]+) times too", text)[1]) == pytest.approx(
            max(sd / right, right / sd), rel=0.01
        )
        assert f"HMC\u2019s sd {right:g}:" in text
    page.get_by_label("Lay HMC over it").uncheck()
    assert count(page, GREY, ".player__predictive") < before + 200


def test_a_band_that_does_not_come_is_said(open_page):
    page = open_page("bandless", sound=False)
    page.locator(".player__overlay").click()
    why = page.get_by_text("HMC\u2019s band could not be loaded (status 404).")
    why.first.wait_for()
    assert [each.get_attribute("class") for each in why.all()] == ["player__readout", "player__spoken"]
    assert not page.locator(".player__overlay").is_checked()


def test_a_place_is_read_by_key_as_by_pointer(open_page):
    page = open_page()
    place = page.get_by_label("Read at x")
    assert place.get_attribute("aria-valuetext") == "nothing is read yet"
    place.focus()
    readout = page.locator(".player__readout")
    for key, x in {"ArrowRight": 4.1, "Home": -4, "End": 12, "ArrowLeft": 11.9}.items():
        page.keyboard.press(key)
        page.wait_for_function(
            "(start) => document.querySelector('.player__place').ariaValueText.startsWith(start)",
            arg=f"x {x:g} ·".replace("-", MINUS),
        )
        assert readout.inner_text() == place.get_attribute("aria-valuetext")
        assert values_in(readout.inner_text())["x"] == x
    # Who moves along x has not moved in time; and what is spoken follows what a pointer reads, and the step.
    assert step_of(page) == 1000
    page.mouse.move(*point(page, 0.25))
    page.wait_for_function("() => document.querySelector('.player__place').value === '40'")
    text = readout.inner_text()
    page.locator(".player__scrub").fill("9")
    assert readout.inner_text() == place.get_attribute("aria-valuetext") != text
    assert values_in(readout.inner_text())["x"] == 0


def _rows(page, nth):
    """The heads and rows of a table behind the picture."""
    table = page.locator(".player__table").nth(nth)
    rows = [row.locator("th, td").all_inner_texts() for row in table.locator("tbody tr").all()]
    assert table.locator("tbody th[scope=row]").count() == len(rows)
    return table.locator("thead th[scope=col]").all_inner_texts(), rows


def test_the_tables_have_the_numbers_of_the_step(open_page, folder):
    page = open_page()
    page.get_by_text("Numbers behind the picture").click()
    page.wait_for_selector(".player__table td")
    record = read_player_record(folder / "fit.bin")
    places = record.places[::10]
    for t in (LAST, 3):
        page.locator(".player__scrub").fill(str(t))
        settle(page)
        step = f"step {record.steps[t]:,.0f}"
        captions = page.locator(".player__table caption").all_inner_texts()
        assert captions == [f"{name}, {step}" for name in ("Along x", "The ELBO", "Weights")]
        heads, rows = _rows(page, 0)
        assert heads == ["x", "mean", "sd of f", "sd with noise", "truth"]
        film = expected_film(folder, t, places)
        expected = np.column_stack([places, film.mean[0], film.epistemic_std[0], film.std[0], np.cos(places)])
        shown = [[number_of(cell) for cell in row] for row in rows]
        np.testing.assert_allclose(shown, expected, rtol=6e-3, atol=1e-4)
        parts = {"ELBO": record.elbo[t], "log-likelihood": record.log_likelihood[t]}
        parts |= {f"{MINUS}KL": -record.kl[t], "best constant": -400}
        shown = {name: number_of(value) for name, value in _rows(page, 1)[1]}
        assert shown == pytest.approx(parts, abs=0.51)


def test_the_weights_are_summed_up_layer_by_layer(open_page, folder):
    page = open_page()
    page.get_by_text("Numbers behind the picture").click()
    page.wait_for_selector(".player__table td")
    record = read_player_record(folder / "fit.bin")
    sizes = [6, 6, 36, 6, 6, 1]
    # A sd of some weights is the prior's, which is 1.
    page.evaluate("""() => {
        const player = document.querySelector("training-player");
        const { parameters } = player.runs[0].record;
        const n = parameters[0].length / 2;
        const stds = { 12: 0.91, 13: 1.09, 14: 1.12, 48: 1 };
        for (const i in stds) parameters[3][n + Number(i)] = Math.log(Math.expm1(stds[i]));
    }""")
    page.locator(".player__scrub").fill("3")
    settle(page)
    n = sum(sizes)
    mean, std = record.parameters[3, :n], np.log1p(np.exp(record.parameters[3, n:]))
    std[[12, 13, 14, 48]] = 0.91, 1.09, 1.12, 1
    heads, rows = _rows(page, 2)
    assert heads == ["of", "number", "mean |mean|", "median sd", "sd within 10% of the prior\u2019s"]
    ends = np.cumsum(sizes)
    assert [row[0] for row in rows] == ["W₁", "b₁", "W₂", "b₂", "W₃", "b₃"]
    for size, to, row in zip(sizes, ends, rows, strict=True):
        of = slice(to - size, to)
        expected = [size, np.abs(mean[of]).mean(), np.median(std[of]), (np.abs(std[of] - 1) <= 0.1).sum()]
        np.testing.assert_allclose([number_of(cell) for cell in row[1:]], expected, rtol=6e-3)
    assert [row[4] for row in rows] == ["0", "0", "2", "1", "0", "0"]


def test_under_hmc_s_band_the_table_says_how_many_times_too_sure(open_page, folder):
    page = open_page()
    page.get_by_text("Numbers behind the picture").click()
    page.get_by_label("Lay HMC over it").check()
    page.get_by_text("times too sure", exact=True).wait_for()
    places = read_player_record(folder / "fit.bin").places[::10]
    film = expected_film(folder, LAST, places)
    heads, rows = _rows(page, 0)
    assert heads[-2:] == ["HMC\u2019s sd", "times too sure"]
    right = np.where(places < 4, 0.01, 1)
    shown = [[number_of(cell) for cell in row[-2:]] for row in rows]
    np.testing.assert_allclose(shown, np.column_stack([right, right / film.epistemic_std[0]]), rtol=6e-3)
    page.get_by_label("Lay HMC over it").uncheck()
    page.get_by_text("times too sure", exact=True).wait_for(state="detached")


def test_the_elbo_s_panel_is_a_scrubber_too(open_page):
    page = open_page()
    page.mouse.move(*point(page, 0.98, "elbo"))
    page.mouse.down()
    late = step_of(page)
    for across in (0.6, 0.3):
        page.mouse.move(*point(page, across, "elbo"))
    page.mouse.up()
    early = step_of(page)
    page.mouse.move(*point(page, 0.9, "elbo"))
    assert step_of(page) == early
    assert 0 < early < 30 < 700 < late


def test_a_finger_scrubs_reads_and_can_still_scroll(open_page):
    page = open_page(viewport=PHONE, has_touch=True, is_mobile=True)
    page.touchscreen.tap(*point(page, 0.5))
    page.wait_for_function("() => /mean/.test(document.querySelector('.player__readout').textContent)")
    page.locator(".player__elbo").scroll_into_view_if_needed()
    page.touchscreen.tap(*point(page, 0.4, "elbo"))
    assert 0 < step_of(page) < 60
    touch = finger(page)
    top = page.evaluate("scrollY")
    x, y = point(page, 0.5, "elbo")
    touch("touchStart", (x, y))
    for k in range(1, 8):
        touch("touchMove", (x, y + 20 * k))
    touch("touchEnd")
    page.wait_for_function(f"() => scrollY < {top}")


# --- two runs


def test_two_runs_go_together_on_one_scale(open_page, folder):
    page = open_page("pair")
    titles = page.locator(".player__title").filter(visible=True).all_inner_texts()
    assert titles == ["A small start", "The original start"]
    left, right = (page.locator(".player__predictive").nth(k).bounding_box() for k in (0, 1))
    assert left["y"] == right["y"]
    assert left["x"] < right["x"]
    ends = page.evaluate(
        "() => document.getElementById('fit').charts.map(({ x, y }) => [x.low, x.high, y.low, y.high])"
    )
    assert ends[0] == ends[1]
    assert ends[2] == ends[3]
    page.locator(".player__scrub").fill("9")
    records = [read_player_record(folder / f"{name}.bin") for name in ("fit", "flat")]
    shown = re.findall(rf"{MINUS}[\d,]+", page.locator(".player__head").inner_text())
    elbos = [float(each.replace(MINUS, "-").replace(",", "")) for each in shown]
    np.testing.assert_allclose(elbos, [record.elbo[9] for record in records], atol=0.51)
    page.mouse.move(*point(page, 0.5))
    page.wait_for_function(
        "() => document.querySelectorAll('.player__readout')[1].textContent.includes('mean')"
    )
    first, second = (values_in(text) for text in page.locator(".player__readout").all_inner_texts())
    assert first["x"] == second["x"]
    assert first["mean"] != second["mean"]


@pytest.mark.parametrize("viewport", [PHONE, NARROW], ids=lambda viewport: viewport["width"])
def test_on_a_phone_two_runs_lie_under_each_other_with_all_their_panels(open_page, viewport):
    page = open_page("pair", viewport=viewport)
    for panel in ("predictive", "elbo", "weights"):
        first, second = page.locator(f".player__{panel}").all()
        assert second.bounding_box()["y"] > first.bounding_box()["y"] + first.bounding_box()["height"]
        assert min(count(page, BLUE, f".player__{panel}", nth) for nth in (0, 1)) > 20
    titles = page.locator(".player__title").all()
    assert [title.inner_text() for title in titles] == 3 * ["A small start", "The original start"]
    assert all(title.is_visible() for title in titles)
    page.get_by_text("Numbers behind the picture").click()
    page.wait_for_selector(".player__table td")
    page.locator(".player__overlay").check()
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_text_of_a_record_or_a_title_is_text(open_page):
    page = open_page("odd")
    title = 'a <b>&" title'
    assert page.locator(".player__title").first.inner_text() == title
    assert page.locator(".player__predictive").first.get_attribute("aria-label").startswith(title)
    assert page.locator(".player__reference").first.inner_text() == f'best <i>&" constant {MINUS}400'
    assert page.get_by_label('Read at x <u>&"').count() == 1


def test_two_players_of_a_page_do_not_disturb_each_other(open_page):
    page = open_page("two")
    page.locator("#flat").scroll_into_view_if_needed()
    page.wait_for_selector("#flat .player")
    page.locator("#flat .player__scrub").fill("3")
    assert (step_of(page, 0), step_of(page, 1)) == (1000, player_pages.STEPS[3])
    page.wait_for_function("() => location.search.includes('player=flat')")
    page.locator("#link").click()
    assert step_of(page, 0) <= 40
    assert step_of(page, 1) == player_pages.STEPS[3]
