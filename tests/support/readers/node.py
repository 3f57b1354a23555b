"""JavaScript modules run where a reader runs them, in Chromium, and in the Node that Playwright brings."""

import contextlib
import json
import subprocess
from pathlib import Path

import playwright
import pytest
from readers.browser import chromium, require_chromium, serve
from repository import ROOT

ASSETS = ROOT / "docs" / "assets"
NODE = Path(playwright.__file__).parent / "driver" / "node"
ENGINES = ["node", pytest.param("chromium", marks=pytest.mark.browser)]


@contextlib.contextmanager
def engine(name):
    """A function that evaluates in an engine an async JavaScript function of one object, in which `assets`
    is the address of the site's modules, and returns what it returned."""
    if name == "node":
        yield lambda function, **arguments: evaluate_in_node(
            function, assets=f"{ASSETS.as_uri()}/", **arguments
        )
        return
    with chromium(require_chromium()) as browser, serve(ASSETS, "/assets/") as address:
        page = browser.new_page()
        page.goto(address)
        yield lambda function, **arguments: page.evaluate(function, {"assets": address, **arguments})


def evaluate_in_node(function, **arguments):
    script = f"console.log(JSON.stringify(await ({function})({json.dumps(arguments)})))"
    command = [NODE, "--input-type=module", "-"]
    done = subprocess.run(command, input=script, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    return json.loads(done.stdout)
