"""The playground's modules in Node, and a folder of pages with a playground each."""

import json

from readers.node import ASSETS, evaluate_in_node
from readers.theme_pages import dress

import bayesian_nn as bnn
from bayesian_nn.browser.training_twin import Network, digest, train
from site_build.theme.security import with_policy

STYLES = ("page/style.css", "player/player.css", "playground/playground.css")
PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>A playground</title><link rel="icon" href="data:,">
{styles}
<body data-md-color-scheme="{scheme}" data-md-color-primary="custom" data-md-color-accent="custom">
<div class="md-container"><main class="md-content"><article class="md-content__inner md-typeset">
<h1>A playground</h1>
<figure class="playground-frame"><bayes-playground src="{source}"><img alt="A still." width="640" height="480"
src="data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="></bayes-playground></figure>
<p id="after">What follows: <a id="wide" href="?v=1&amp;start=0.8&amp;steps=200">a wide start</a>.</p>
</article></main></div>
<script type="module" src="playground/playground.js"></script>
"""


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
