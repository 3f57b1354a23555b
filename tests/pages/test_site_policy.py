"""What a page may load and run, what it weighs, and links that are followed without loading a page anew."""

import re
from urllib.parse import urlsplit

import pytest
from readers.browser import DESKTOP, watch

pytestmark = pytest.mark.browser

FLAGSHIP = "blog/watching-a-bayesian-neural-network-learn/"
MOST_KB, MOST_OWN_SCRIPT_KB = 350, 25
TOUR = ["", FLAGSHIP, "gallery/plot_bnn/", "playground/"]
# The theme takes a click on any link of the site.
FOLLOW = """(address) => {
  const link = Object.assign(document.createElement("a"), { href: address });
  document.body.append(link);
  link.click();
  link.remove();
}"""
IS_SHOWN = """(address) => location.href === address
  && new URL(document.querySelector("link[rel=canonical]").href).pathname.endsWith(
    new URL(address).pathname.replace(/^\\/[^/]*/, ""))"""
POLICY = 'meta[http-equiv="Content-Security-Policy"]'


def test_every_page_has_the_same_policy_before_anything_else(site):
    policies = set()
    for file in sorted(site.rglob("*.html")):
        html = file.read_text(encoding="utf-8")
        if file.relative_to(site).parts[0] == "outputs":
            # A page that an example has made has a stricter one of its own.
            assert "content=\"default-src 'none'; " in html
            assert "unsafe" not in html
            continue
        head = re.search(r'<head>\s*<meta charset="utf-8"><meta http-equiv="(.*?)" content="(.*?)">', html)
        assert head, f"{file.relative_to(site)} has no policy"
        assert head[1] == "Content-Security-Policy"
        policies.add(head[2])
    # The theme follows links without loading a page: the first page's policy holds, and any other besides.
    (policy,) = policies
    assert "unsafe" not in policy
    assert "http" not in policy


def test_every_page_can_be_reached_without_loading_and_breaks_no_policy(
    browser, site, site_url, address, pages
):
    page = browser.new_page(viewport=DESKTOP)
    # The theme follows the links that the site's map has, with the address where the site is published.
    sitemap = (site / "sitemap.xml").read_text(encoding="utf-8").replace(site_url, address)
    page.route("**/sitemap.xml", lambda route: route.fulfill(body=sitemap, content_type="text/xml"))
    page.goto(address, wait_until="networkidle")
    wrong, found = {}, watch(page, urlsplit(address).netloc)
    page.evaluate("globalThis.isFirst = true")
    for page_address in [*TOUR[1:], *pages, *TOUR[::-1]]:
        if page_address not in pages:
            continue
        page.evaluate(FOLLOW, address + page_address)
        page.wait_for_function(IS_SHOWN, arg=address + page_address)
        page.wait_for_load_state("networkidle")
        assert page.evaluate("globalThis.isFirst"), f"{page_address} was loaded anew"
        assert page.locator(POLICY).count() == 1
        if found:
            wrong[page_address or "home"] = list(found)
            found.clear()
    page.close()
    assert not wrong, "\n".join(f"{where}: {what}" for where, found in wrong.items() for what in found)


def test_a_script_that_is_put_into_a_page_is_refused(open_page):
    page = open_page("")
    refused = []
    page.on("console", lambda message: refused.append(message.text))
    page.evaluate(
        """() => {
          const script = document.createElement("script");
          script.textContent = "globalThis.isBroken = true";
          document.body.append(script);
          const image = document.createElement("img");
          image.setAttribute("onerror", "globalThis.isBroken = true");
          image.src = "data:,";
          document.body.append(image);
        }"""
    )
    page.wait_for_timeout(300)
    assert page.evaluate("globalThis.isBroken") is None
    assert len(refused) == 2
    assert all("Content Security Policy" in text for text in refused), refused


def test_the_flagship_post_is_light(browser, address):
    sizes, own = {}, {}
    page = browser.new_page(viewport=DESKTOP)

    def weigh(request):
        path = urlsplit(request.url).path
        if request.url.startswith(address):
            size = request.sizes()
            sizes[path] = sizes.get(path, 0) + size["responseBodySize"] + size["responseHeadersSize"]
            if path.endswith(".js") and "/javascripts/" not in path:
                own[path] = sizes[path]

    page.on("requestfinished", weigh)
    page.goto(address + FLAGSHIP, wait_until="networkidle")
    page.wait_for_timeout(1000)
    page.close()
    heaviest = sorted(sizes.items(), key=lambda item: -item[1])
    assert sum(own.values()) <= MOST_OWN_SCRIPT_KB * 1000, own
    assert sum(sizes.values()) <= MOST_KB * 1000, heaviest[:12]


def test_the_search_finds_once_it_is_asked(open_page):
    page = open_page("")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if "search_index" in url], "the index came before it was wanted"
    page.locator(".md-search__input").click()
    page.keyboard.type("posterior")
    page.wait_for_selector(".md-search-result__link")
