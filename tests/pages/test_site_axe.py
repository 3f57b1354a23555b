"""Every page as axe judges it, light and dark, wide and narrow, and the theme's dialogs open."""

from urllib.parse import urlsplit

import pytest
from readers.browser import AXE, DESKTOP
from readers.element_reader import PHONE

from site_build.files.pages_server import serve

pytestmark = pytest.mark.browser

# The coloured words of code are thousands, and most of axe's time: they become one text each. Their contrast
# test_site_browser.py measures, as that of all text.
PLAIN_CODE = """document.querySelectorAll(".highlight code").forEach((code) => {
  code.textContent = code.textContent;
})"""
# Of a page that was judged whole, all that can change with its colours, and with its width.
COLOURS = "runOnly: ['color-contrast', 'link-in-text-block']"
ALL_BUT_COLOURS = "rules: { 'color-contrast': { enabled: false } }"
TAKE = """(scheme) => {
  document.body.dataset.mdColorScheme = scheme;
  document.body.dataset.mdColorPrimary = document.body.dataset.mdColorAccent = "custom";
  document.getAnimations().forEach((animation) => animation.finish());
}"""


def _judge(page, option="rules: {}"):
    """What axe finds wrong: one line each."""
    judged = page.evaluate(f"axe.run({{ {option}, resultTypes: ['violations'] }})")
    return [
        f"{finding['id']}: {node['html'][:150]}"
        for finding in judged["violations"]
        for node in finding["nodes"]
    ]


@pytest.fixture
def all_addresses(address, pages, site, site_url):
    """Addresses of all pages, and of the one for lost readers, whose links count from the root."""
    with serve(site, urlsplit(site_url).path) as root:
        yield [*(address + page_address for page_address in pages), root + "404.html"]


def test_axe_finds_nothing_on_any_page(browser, all_addresses):
    context = browser.new_context(reduced_motion="reduce")
    wrong = []
    for where in all_addresses:
        page = context.new_page()
        page.set_viewport_size(DESKTOP)
        page.goto(where, wait_until="load")
        page.evaluate(AXE)
        page.evaluate(PLAIN_CODE)
        page.evaluate(TAKE, "default")
        found = _judge(page)
        page.evaluate(TAKE, "slate")
        found += [f"dark: {each}" for each in _judge(page, COLOURS)]
        page.set_viewport_size(PHONE)
        page.wait_for_timeout(50)
        found += [f"narrow: {each}" for each in _judge(page, ALL_BUT_COLOURS)]
        wrong += [f"{where}: {each}" for each in found]
        page.close()
    context.close()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_search_and_the_drawer(open_page, scheme):
    page = open_page("how-to-choose/", color_scheme=scheme, reduced_motion="reduce")
    page.evaluate(AXE)
    page.locator(".md-search__input").click()
    page.keyboard.type("posterior")
    page.wait_for_selector(".md-search-result__link")
    page.wait_for_timeout(400)
    assert not _judge(page)
    page = open_page("how-to-choose/", viewport=PHONE, color_scheme=scheme, reduced_motion="reduce")
    page.evaluate(AXE)
    page.locator(".md-header__button[for=__drawer]").click()
    page.wait_for_timeout(400)
    assert not _judge(page)
