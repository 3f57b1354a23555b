"""What several test files share: the built site, its pages, and a browser."""

import os
import sys
import xml.etree.ElementTree as ElementTree
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup
from readers.browser import DESKTOP, chromium, require_chromium
from repository import ROOT

from site_build.files.pages_server import serve

os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

SITEMAP = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest.fixture(autouse=True)
def _closed_figures():
    """Leave no figure open: the gallery's scraper would take it for the next test's."""
    yield
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")


@pytest.fixture(scope="session")
def root():
    """Path of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def site():
    """Path of the built site."""
    folder = ROOT / "site"
    if not (folder / "sitemap.xml").is_file():
        pytest.fail(f"{folder} holds no built site: run `make site` (or `make test`, which builds it first)")
    return folder


@pytest.fixture(scope="session")
def site_url(site):
    """The address at which the site is published, with a slash at its end."""
    return min(_locations(site), key=len)


@pytest.fixture(scope="session")
def base(site_url):
    """The path under which the tests lay the site: its own, or a made-up one where it has none."""
    path = urlsplit(site_url).path
    return path if path != "/" else "/anywhere/"


@pytest.fixture(scope="session")
def pages(site, site_url):
    """{address below the site's: parsed page} of every page in the site map."""
    addresses = sorted(location.removeprefix(site_url) for location in _locations(site))
    return {address: _parse(_file(site, address)) for address in addresses}


@pytest.fixture(scope="session")
def posts(pages):
    """{address: parsed page} of the blog's posts."""
    found = {address: page for address, page in pages.items() if page.select_one(".md-content--post")}
    assert found, "the site has no blog post"
    return found


@pytest.fixture(scope="module")
def browser():
    """The machine's Chromium, running."""
    with chromium(require_chromium()) as running:
        yield running


@pytest.fixture(scope="module")
def address(site, base):
    """Where the built site is served, as GitHub Pages would."""
    with serve(site, base) as where:
        yield where


@pytest.fixture
def open_page(browser, address):
    """A function that opens a page, given its address below the site's and the reader's preferences."""
    contexts = []

    def opened(page_address, *, viewport=DESKTOP, **preferences):
        contexts.append(browser.new_context(viewport=viewport, **preferences))
        page = contexts[-1].new_page()
        page.goto(address + page_address, wait_until="load")
        return page

    yield opened
    for context in contexts:
        context.close()


def _locations(site):
    tree = ElementTree.parse(site / "sitemap.xml")
    return [element.text.strip() for element in tree.iter(f"{SITEMAP}loc")]


def _file(site, address):
    return site / address / "index.html" if address.endswith("/") or not address else site / address


def _parse(file):
    return BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")
