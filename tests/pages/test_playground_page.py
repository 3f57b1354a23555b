"""The playground's page, in a real browser: what axe finds, what can be touched, and what its text says."""

import json
import re

import numpy as np
import pytest
from mkdocs.exceptions import PluginError
from PIL import Image
from readers import elements
from readers.browser import AXE
from readers.element_reader import PHONE
from readers.playground_pages import evaluate
from readers.playground_reader import PLAY, POINTS, band, button, says, state_of, train

from site_build.html.playground_html import playground_html

pytestmark = pytest.mark.browser

folder, address, open_page, element = elements.fixtures("bayes-playground")


@pytest.mark.parametrize("name", ["light", "dark"])
def test_axe_finds_nothing_in_light_and_dark(open_page, name):
    page = open_page(f"{name}?v=1&steps=200&start=0.8", bypass_csp=True)
    page.get_by_text("The same in Python").click()
    page.get_by_text("Your points as CSV").click()
    train(page)
    page.evaluate(AXE)
    for stage in ("Predict, then reveal", "Leave"):
        found = page.evaluate("axe.run({ resultTypes: ['violations'] })")["violations"]
        assert not [f"{each['id']}: {each['nodes'][0]['html'][:150]}" for each in found]
        button(page, stage).click()


def test_a_slider_says_its_value_with_the_unit(open_page):
    assert open_page().get_by_label("Noise sd").get_attribute("aria-valuetext") == "0.1 in units of y"


def test_what_is_touched_is_large_enough(open_page):
    page = open_page(viewport=PHONE, has_touch=True)
    small = page.evaluate("""() =>
        [...document.querySelectorAll(".play :is(button, select, input, summary), .play__point")]
            .filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < 24)
            .map((each) => each.outerHTML.slice(0, 80))""")
    assert not small


def test_the_pages_experiments_show_what_it_says_of_them(open_page, root):
    links = re.findall(r"\]\((\?v=[^)]+)\)", (root / "docs" / "playground.md").read_text(encoding="utf-8"))
    found = []
    for link in ["", *links]:
        page = open_page(link)
        train(page)
        trainer = f"{PLAY}.trainer"
        likelihood, kl = np.array(page.evaluate(f"[[...{trainer}.logLikelihood], [...{trainer}.kl]]"))
        found.append(
            {
                "says": says(page),
                "likelihood": np.median(likelihood[-50:]),
                "elbo": np.median((likelihood - kl)[-50:]),
                "trembling": (likelihood - kl)[-50:].std(),
                "mean": band(page)[0],
                "std": band(page)[1],
                "points": np.array(state_of(page)["points"]),
            }
        )
        page.close()
    usual, wide, one, cold, quiet, growing, straight = found
    x = np.linspace(-4, 12, 121)
    at_points = (x < 2) & (x > 0) | (x > 6) & (x < 8)
    assert "This is a flat line" in wide["says"]
    best = evaluate(
        "bestConstant(startState(namedPoints(given)))",
        POINTS,
        modules=("playground/state.js", "playground/data.js"),
    )
    assert wide["elbo"] < best < one["elbo"]
    assert one["trembling"] > usual["trembling"]
    assert cold["likelihood"] > usual["likelihood"]
    assert cold["elbo"] < usual["elbo"]
    assert cold["std"][at_points].mean() < usual["std"][at_points].mean()
    assert "noise sds from the mean" in quiet["says"]
    seen, y = growing["points"].T
    residuals = np.abs(y - np.interp(seen, x, growing["mean"]))
    assert residuals[seen < 2].mean() < 0.1 < residuals[seen > 6].mean()
    assert straight["std"][-1] > 3 * usual["std"][-1]


def test_the_macro_shows_what_starts_it_and_what_stands_in(tmp_path):
    for file in ("start.json", "fit-dark.png"):
        (tmp_path / file).write_text("{}")
    Image.new("RGB", (160, 80)).save(tmp_path / "fit.png")
    with pytest.raises(PluginError, match=r"other\.json is missing: no playground starts from this"):
        playground_html(tmp_path, "other", still="fit")
    with pytest.raises(PluginError, match=r"fit\.txt is missing"):
        playground_html(tmp_path, "start", still="fit")
    (tmp_path / "fit.txt").write_text('A band, and "points".')
    html = playground_html(tmp_path, "start", still="fit", caption="Try it.")
    assert f'<bayes-playground src="site:outputs/{tmp_path.name}/start.json"><img ' in html
    assert html.count("&quot;points&quot;") == 2
    assert ">Try it.</figcaption>" in html


def test_the_page_starts_as_the_build_did(root):
    """What the example leaves, and what the playground begins with, are one."""
    start = json.loads((root / "outputs" / "plot_playground" / "start.json").read_text(encoding="utf-8"))
    state = evaluate(
        "startState(namedPoints(given))",
        start["points"],
        modules=("playground/state.js", "playground/data.js"),
    )
    model = evaluate("inNetworkUnits(given).model", state, modules=("playground/state.js",))
    assert model == start["model"]
    assert (state["seed"], state["nSteps"]) == (start["seed"], start["nSteps"])
    scaling = start["scaling"]
    units = state["units"]
    assert [units["x0"], units["xScale"]] == [*scaling["x_shift"], *scaling["x_scale"]]
    assert (units["y0"], units["yScale"]) == (scaling["y_shift"], scaling["y_scale"])
    assert start["points"] == POINTS
