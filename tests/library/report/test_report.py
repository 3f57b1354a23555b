"""A report is one page: it asks for nothing, says the verdict first, and shows what its result predicts."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from readers.browser import AXE, DESKTOP
from truths.hand_made_results import Result, drawn, regression

import bayesian_nn as bnn
from bayesian_nn.report import write_report

PHONE = {"width": 390, "height": 800}
HOSTILE = '</script><b>"&'


def chance(frame, likelihood):
    """A result of chance for a table, and its rows."""
    data = bnn.dataset(frame, "y")
    model = bnn.Model((data.x.shape[1], likelihood.n_outputs), likelihood, scaling=data.scaling)
    latents = np.random.default_rng(0).normal(0, 0.3, (60, model.n_latents))
    return Result(model, latents), data


def mixed_frame():
    random = np.random.default_rng(0)
    kinds = [HOSTILE, "flat", "house"]
    columns = {"kind": random.choice(kinds, 60), "age": random.normal(50, 9, 60), "y": random.normal(size=60)}
    return pd.DataFrame(columns)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Reports of a line, of several inputs, of counts and of classes."""
    folder = tmp_path_factory.mktemp("reports")
    result, training, data = regression(0, n_inputs=1)
    write_report(folder / "line.html", result, data, training=training, seed=0, script="print(1 < 2)")
    result, data = chance(mixed_frame(), bnn.Gaussian(1.0))
    write_report(folder / "many.html", result, data, seed=0, settings={"why": HOSTILE})
    for name, likelihood in (("counts", bnn.likelihoods.Poisson()), ("classes", bnn.Categorical(3))):
        result, data = drawn(0, likelihood, spread=0.1)
        write_report(folder / f"{name}.html", result, data, seed=0)
    return folder


@pytest.fixture(params=["line", "many", "counts", "classes"])
def page(request, folder):
    return BeautifulSoup((folder / f"{request.param}.html").read_text(encoding="utf-8"), "html.parser")


def test_a_page_has_all_that_a_page_needs_and_asks_for_nothing(page):
    assert page.html["lang"] == "en"
    assert page.title.text
    assert len(page.find_all("h1")) == 1
    for element in page.find_all(src=True):
        assert element["src"].startswith("data:image/png;base64,")
    assert not page.find_all(["link", "iframe", "object", "base"])
    for image in page.find_all("img"):
        assert len(image["alt"]) > 30
    policy = page.find("meta", {"http-equiv": "Content-Security-Policy"})["content"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert not page.find_all(style=True)


def test_the_verdict_comes_first_in_the_words_of_check(page, folder):
    sections = [heading.text for heading in page.find_all("h2")]
    assert sections[0] == "Verdict"
    assert sections[-1] in ("Settings and versions", "The same in Python")


def test_every_finding_is_told_with_its_remedy(folder):
    result, training, data = regression(0, n_inputs=1)
    verdict = bnn.check(result, data, training=training, seed=0)
    page = BeautifulSoup((folder / "line.html").read_text(encoding="utf-8"), "html.parser")
    told = [item.text for item in page.select(".findings li")]
    assert len(told) == len(verdict.findings)
    for finding in verdict.findings:
        assert any(finding.sentence in text and finding.remedy in text for text in told)
    # The numbers of verdict and scores are of the same draws.
    held = re.search(r"The 90 % band holds (.*?) of the rows", str(verdict))[1]
    scores = {row.th.text: row.td.text for row in page.find_all("section")[1].select("tbody tr")}
    assert scores["the band holds"] == held
    assert "print(1 < 2)" in page.find("pre").text


def test_names_end_no_script_and_become_no_markup(folder):
    html = (folder / "many.html").read_text(encoding="utf-8")
    assert HOSTILE not in html
    page = BeautifulSoup(html, "html.parser")
    data = json.loads(page.find(id="viewer-data").text)
    assert HOSTILE in next(view for view in data["views"] if view["input"] == "kind")["values"]
    assert not page.find("b")
    assert any(HOSTILE in cell.text for cell in page.find_all("td"))


def test_the_same_result_gives_the_same_bytes(folder, tmp_path):
    result, data = chance(mixed_frame(), bnn.Gaussian(1.0))
    write_report(tmp_path / "again.html", result, data, seed=0, settings={"why": HOSTILE})
    assert (tmp_path / "again.html").read_bytes() == (folder / "many.html").read_bytes()


def test_rows_that_are_doubted_most_are_named(folder):
    result, data = drawn(0, bnn.Categorical(3), spread=0.1)
    doubt = bnn.predict(result, data.x, n_draws=400, seed=0).epistemic
    page = BeautifulSoup((folder / "classes.html").read_text(encoding="utf-8"), "html.parser")
    section = next(each for each in page.find_all("section") if "doubts most" in each.h2.text)
    assert int(section.select_one("tbody th").text) == np.argmax(doubt)


@pytest.fixture
def opened(browser, folder):
    """A function that opens a report, and a list of what went wrong there."""
    contexts, wrong = [], []

    def open_report(name, *, viewport=DESKTOP, **preferences):
        contexts.append(browser.new_context(viewport=viewport, **preferences))
        page = contexts[-1].new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: request.url[:5] in ("file:", "data:") or wrong.append(request.url))
        page.goto((folder / f"{name}.html").as_uri())
        return page

    yield open_report, wrong
    for context in contexts:
        context.close()


@pytest.mark.browser
@pytest.mark.parametrize("name", ["line", "many", "counts", "classes"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_breaks_no_policy_and_satisfies_axe(opened, name, scheme):
    open_report, wrong = opened
    page = open_report(name, viewport=PHONE, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert page.locator(".viewer svg").count() == 1
    assert not wrong
    # The policy keeps scripts out that are not the page's: axe's, too.
    page.close()
    page = open_report(name, color_scheme=scheme, bypass_csp=True)
    page.evaluate(AXE)
    found = page.evaluate(
        "axe.run().then(found => found.violations.map(each => [each.id, each.nodes[0].html]))"
    )
    assert not found


@pytest.mark.browser
def test_the_viewer_reads_the_prediction_at_the_slider_s_place(opened, folder):
    open_report, _ = opened
    page = open_report("many")
    data = json.loads(page.locator("#viewer-data").inner_text())
    slider, told = page.locator(".viewer input"), page.locator(".viewer output")
    names = page.locator(".viewer select option").all_inner_texts()
    assert names == [view["input"] for view in data["views"]]
    place = names.index("age")
    page.locator(".viewer select").select_option(str(place))
    view = data["views"][place]
    slider.focus()
    page.keyboard.press("End")
    assert slider.input_value() == str(len(view["values"]) - 1)
    number = float(f"{view['curves'][0]['mean'][-1]:.4g}")
    assert f"average y {number:g}," in told.inner_text().replace("\u2212", "-")
    page.locator(".viewer summary").click()
    cells = page.locator(".viewer tbody tr").last.locator("td").all_inner_texts()
    assert float(cells[0].replace("\u2212", "-")) == number
    page.locator(".viewer select").select_option(str(names.index("kind")))
    assert page.locator(".viewer tbody tr").count() == 3


@pytest.mark.browser
def test_without_a_script_there_is_a_still(opened):
    open_report, _ = opened
    page = open_report("line", java_script_enabled=False)
    assert page.locator(".viewer img").is_visible()
