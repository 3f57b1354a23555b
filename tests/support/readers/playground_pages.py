"""The playground's modules in Node, and a folder of pages with a playground each."""

import json

from readers.node import ASSETS, evaluate_in_node
from readers.theme_pages import STILL, dress, page_of

import bayesian_nn as bnn
from bayesian_nn.browser.training_twin import Network, digest, train
from site_build.theme.security import with_policy

STYLES = ("page/style.css", "player/player.css", "playground/playground.css")
PAGE = page_of(
    f"""
<figure class="playground-frame"><bayes-playground src="{{source}}">{STILL}</bayes-playground></figure>
<p id="after">What follows: <a id="wide" href="?v=1&amp;start=0.8&amp;steps=200">a wide start</a>.</p>
""",
    module="playground/playground.js",
)


def original_points():
    data = bnn.data.cosine_with_gap(seed=42)
    return [list(point) for point in zip(data.x[:, 0].tolist(), data.y.tolist(), strict=True)]


def evaluate(expression, given=None, *, modules):
    """What a JavaScript expression of `given` and of the names that the assets' `modules` export comes to."""
    function = f"""async ({{ assets, modules, given }}) => {{
        for (const name of modules) Object.assign(globalThis, await import(assets + name));
        return {expression};
    }}"""
    return evaluate_in_node(function, assets=f"{ASSETS.as_uri()}/", modules=modules, given=given)


def write_start(path, *, wrong=False):
    """Writes what the build's own run begins with and comes to."""
    points = original_points()
    run = train(Network(), *zip(*[((x - 4) / 4, y) for x, y in points], strict=True), seed=0, n_steps=1000)
    found = digest(run.parameters)
    path.write_text(json.dumps({"points": points, "digest": found[::-1] if wrong else found}))


def make_pages(folder):
    """Returns `folder`, filled with pages, the site's assets and the theme's own styles."""
    links = dress(folder, *STYLES)
    pages = {
        "light": ("start.json", "default"),
        "dark": ("start.json", "slate"),
        "wrong": ("wrong.json", "default"),
        "missing": ("nowhere.json", "default"),
    }
    for name, (source, scheme) in pages.items():
        html = PAGE.format(styles=links, source=source, scheme=scheme)
        (folder / f"{name}.html").write_text(with_policy(html), encoding="utf-8")
    write_start(folder / "start.json")
    write_start(folder / "wrong.json", wrong=True)
    return folder
