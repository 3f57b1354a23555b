"""Every page as axe judges it, light and dark, wide and narrow, and the theme's dialogs open."""

from importlib.resources import files

import pytest
from conftest import DESKTOP

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
# Of a page that was judged whole, only these can change with its colours.
COLOURS = "{ runOnly: ['color-contrast', 'link-in-text-block'] }"
TAKE = """(scheme) => {
  document.body.dataset.mdColorScheme = scheme;
  document.body.dataset.mdColorPrimary = document.body.dataset.mdColorAccent = "custom";
  document.getAnimations().forEach((animation) => animation.finish());
}"""


def _judge(page, options="{}"):
    """What axe finds wrong: one line each."""
    judged = page.evaluate(f"axe.run({{ ...{options}, resultTypes: ['violations'] }})")
    return [
        f"{finding['id']}: {node['html'][:150]}"
        for finding in judged["violations"]
        for node in finding["nodes"]
    ]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["wide", "narrow"])
def test_axe_finds_nothing_on_any_page(browser, address, pages, viewport):
    context = browser.new_context(viewport=viewport, reduced_motion="reduce")
    wrong = []
    for page_address in [*pages, "404.html"]:
        page = context.new_page()
        page.goto(address + page_address, wait_until="load")
        page.evaluate(AXE)
        page.evaluate(TAKE, "default")
        # What depends on the width has been judged on a desk, what depends on it alone is judged again.
        found = _judge(page)
        page.evaluate(TAKE, "slate")
        found += [f"dark: {each}" for each in _judge(page, COLOURS)]
        wrong += [f"{page_address or 'home'}: {each}" for each in found]
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
