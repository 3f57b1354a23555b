"""Comments, and the page for addresses that do not exist, as a reader meets them."""

from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from mkdocs.exceptions import PluginError
from readers.around_project import REPOSITORY
from readers.browser import serve

from site_build.pages import page_context

# --- comments


def test_comments_are_off_until_they_are_configured(plain):
    assert not [
        html for html in (plain / "site").rglob("*.html") if "reader-comments" in html.read_text("utf-8")
    ]


def test_half_a_configuration_of_comments_is_named():
    config = SimpleNamespace(extra={"comments": {"repo": REPOSITORY, "category": "Comments"}})
    with pytest.raises(PluginError, match="has no repo_id, category_id"):
        page_context.comments_of(config)


@pytest.fixture(scope="module")
def address(around):
    with serve(around / "site", "/lines/") as where:
        yield where


@pytest.fixture
def page(browser):
    """A page in a browser in which giscus.app is a stand-in; `page.asked` has what it asks other origins."""
    context = browser.new_context(color_scheme="light")
    page = context.new_page()
    page.asked = []
    page.on(
        "request",
        lambda request: urlsplit(request.url).hostname != "127.0.0.1" and page.asked.append(request.url),
    )
    client = (
        "const frame = document.createElement('iframe'); frame.src = 'https://giscus.app/widget';"
        "document.querySelector('.giscus').replaceChildren(frame);"
    )
    widget = (
        "<script>window.told = []; addEventListener('message', (event) => told.push(event.data));</script>"
    )
    page.route(
        "https://giscus.app/client.js",
        lambda route: route.fulfill(content_type="text/javascript", body=client),
    )
    page.route(
        "https://giscus.app/widget", lambda route: route.fulfill(content_type="text/html", body=widget)
    )
    yield page
    context.close()


@pytest.mark.browser
def test_nothing_is_asked_of_giscus_before_the_click_and_the_right_things_after(page, address):
    page.goto(address + "blog/a-line/", wait_until="networkidle")
    button = page.get_by_role("button", name="Load the comments (from giscus.app / GitHub)")
    button.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    assert page.asked == []
    button.click()
    page.wait_for_selector("reader-comments iframe")
    assert page.asked == ["https://giscus.app/client.js", "https://giscus.app/widget"]
    script = page.locator("reader-comments script")
    assert script.evaluate("script => ({ ...script.dataset })") == {
        **{"repo": REPOSITORY, "repoId": "R_1", "category": "Comments", "categoryId": "C_2"},
        **{"mapping": "specific", "term": "blog/a-line/", "strict": "1", "theme": "light", "lang": "en"},
        **{"reactionsEnabled": "1", "emitMetadata": "0", "inputPosition": "top"},
    }
    frame = page.frame(url="https://giscus.app/widget")
    frame.wait_for_load_state()
    page.evaluate("document.body.dataset.mdColorScheme = 'slate'")
    frame.wait_for_function("told.length")
    assert frame.evaluate("told") == [{"giscus": {"setConfig": {"theme": "dark"}}}]


@pytest.mark.browser
def test_comments_survive_instant_navigation_and_say_when_they_do_not_come(page, address):
    page.route("https://giscus.app/client.js", lambda route: route.abort())
    page.goto(address + "blog/a-line/", wait_until="networkidle")
    page.locator(".related a").click()
    page.wait_for_url("**/no-figure-50--more/")
    page.wait_for_selector('reader-comments[term="blog/no-figure-50--more/"] button')
    assert page.locator("reader-comments button").count() == 1
    page.locator("reader-comments button").click()
    page.get_by_text("giscus.app cannot be reached from here").wait_for()


# --- the page for addresses that do not exist


def _lose(page, address, around, asked):
    """Opens an address that does not exist, as GitHub Pages would answer."""
    body = (around / "site/404.html").read_text(encoding="utf-8")
    page.route(f"**/{asked}", lambda route: route.fulfill(status=404, content_type="text/html", body=body))
    page.goto(address + asked, wait_until="networkidle")


@pytest.mark.browser
@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("blog/a-lime/", "/lines/blog/a-line/"),
        ("plot_line.html", "/lines/gallery/plot_line/"),
        ("gallery/plot-film", "/lines/gallery/plot_film/"),
        ("references/", "/lines/reference/"),
    ],
)
def test_a_lost_reader_is_shown_the_nearest_addresses(page, address, around, asked, expected):
    _lose(page, address, around, asked)
    nearest = page.locator(".not-found__nearest a")
    assert nearest.first.evaluate("link => link.pathname") == expected
    assert nearest.count() <= 3
    assert page.asked == []


@pytest.mark.browser
def test_an_address_like_no_other_gets_no_suggestion(page, address, around):
    _lose(page, address, around, "wp-xyzzy/")
    assert page.locator(".not-found__nearest").count() == 0
    listed = set(page.eval_on_selector_all("not-found a", "all => all.map((link) => link.pathname)"))
    assert {"/lines/blog/a-line/", "/lines/gallery/plot_film/"} <= listed
