"""The built site as a server would show it, and the Chromium that looks at it."""

import contextlib
import functools
import http.server
import os
import shutil
import tempfile
import threading
from importlib.resources import files
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

DESKTOP = {"width": 1280, "height": 900}
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
MEASURE_CONTRAST = Path(__file__).parents[1].joinpath("contrast.js").read_text(encoding="utf-8")
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# The first two let Chromium start as root and in a container; the rest keep it from calling home.
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def find_chromium():
    """Path of the machine's Chromium (CHROMIUM names another), or None."""
    names = [os.environ["CHROMIUM"]] if os.environ.get("CHROMIUM") else CHROMIUM_NAMES
    return next(filter(None, map(shutil.which, names)), None)


def require_chromium():
    """Path of the machine's Chromium; without one the test is skipped, or fails where it is required."""
    executable = find_chromium()
    if executable is None:
        missing = "no Chromium on this machine: install one, or name it in the variable CHROMIUM"
        required = os.environ.get("REQUIRE_BROWSER") or os.environ.get("CI")
        (pytest.fail if required else pytest.skip)(missing)
    return executable


@contextlib.contextmanager
def serve(site, base):
    """The address of `site` served under the path `base`, such as "/bayesian-deep-learning/"."""
    with tempfile.TemporaryDirectory() as root:
        nest(site, base, root)
        handler = functools.partial(_Quiet, directory=root)
        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                yield f"http://127.0.0.1:{server.server_port}{base}"
            finally:
                server.shutdown()
                thread.join()


def nest(site, base, root):
    """The place of `site` in the folder `root`, such that a path from `root` is a path of the address."""
    place = Path(root) / base.strip("/")
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(site, target_is_directory=True)
    return place


@contextlib.contextmanager
def chromium(executable):
    """A headless Chromium, through Playwright."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(CHROMIUM_ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()


def watch(page, origin):
    """A list that fills with what goes wrong on a page of `origin`, and with what it tells the console."""
    wrong = []

    def on_request(request):
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https"} and parts.netloc != origin:
            wrong.append(f"asks elsewhere: {request.url}")

    def on_failure(request):
        # Chromium ends the download of a film once it has enough of it; an element ends what it fetches when
        # the reader leaves.
        if not (request.resource_type in {"media", "fetch"} and request.failure == "net::ERR_ABORTED"):
            wrong.append(f"failed: {request.url}: {request.failure}")

    page.on("request", on_request)
    page.on("requestfailed", on_failure)
    page.on(
        "response", lambda answer: answer.status >= 400 and wrong.append(f"{answer.status}: {answer.url}")
    )
    page.on("pageerror", lambda error: wrong.append(f"uncaught: {error}"))
    page.on("console", lambda message: wrong.append(f"console: {message.type}: {message.text}"))
    return wrong
