"""The built site as files: links, images, feeds, titles, and nothing that should not be there."""

import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from bs4 import BeautifulSoup
from fontTools.ttLib import TTFont
from readers.browser import nest

# Every kind of file that a page needs or offers; another kind is one that a build left lying about.
PUBLISHED = {
    *(".html", ".xml", ".json", ".js", ".css", ".xsl", ".map", ".txt", ".ico", ".woff2"),
    *(".png", ".jpg", ".svg", ".webp", ".gif", ".mp4", ".webm"),
    *(".py", ".ipynb", ".zip", ".csv", ".npz", ".gz", ".inv", ".bin", ".cff"),
}
LEFTOVER = re.compile(
    r"\.md5$|\.pickle$|codeobj|\.py[co]$|__pycache__|execution_times|\.examples$|/\.|\.DS_Store"
)
LOADED = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "iframe": ("src",),
    "embed": ("src",),
    "object": ("data",),
}
LINKED = {
    "stylesheet",
    "preload",
    "modulepreload",
    "prefetch",
    "preconnect",
    "dns-prefetch",
    "icon",
    "manifest",
}


def test_links_images_and_anchors_resolve(site, site_url, base, tmp_path):
    place = nest(site, base, tmp_path)
    # The site's own full addresses (canonical, feeds) are looked up in the folder as well.
    own = f"^{re.escape(site_url)}(.*)$ file://{place}/$1"
    # Addresses that begin with a slash count from where the site is published.
    root = tmp_path if urlsplit(site_url).path == base else place
    done = subprocess.run(
        [
            Path(sys.executable).with_name("lychee"),
            *("--offline", "--include-fragments", "--no-progress", "--format", "json"),
            *("--root-dir", root, "--index-files", "index.html", "--remap", own),
            *sorted(place.rglob("*.html")),
        ],
        capture_output=True,
        text=True,
    )
    report = json.loads(done.stdout)
    wrong = [
        f"{Path(page).relative_to(place)}: {link['url']}: {link['status']['text']}"
        for page, links in report["error_map"].items()
        for link in links
    ]
    assert not wrong, "\n".join(wrong)
    assert not done.returncode, done.stderr
    assert report["successful"] > 100, f"only {report['successful']} links were checked"


def test_every_image_says_what_it_shows(pages):
    wrong = []
    for address, page in pages.items():
        for image in page.select(".md-content img"):
            text = image.get("alt", "").strip()
            link = image.find_parent("a")
            # Read aloud, it would only repeat the text of the link that it belongs to.
            if image.get("alt") == "" and link and link.get_text(strip=True):
                continue
            # A file's name, or what mkdocs-gallery writes where an example gave no text of its own.
            if (
                not text
                or re.fullmatch(r"(plot|sphx|mkd_glr)[ _].*", text)
                or re.search(r"\.(png|gif|svg)$", text)
            ):
                wrong.append(f"{address}: {image.get('src')}: {text!r}")
    assert not wrong, "\n".join(wrong)


def test_every_page_says_what_it_is(pages):
    wrong, titles = [], {}
    for address, page in pages.items():
        title = page.title.get_text(strip=True) if page.title else ""
        description = page.select_one('meta[name="description"]')
        headings = page.select("h1")
        if not title:
            wrong.append(f"{address or 'home'} has no title")
        if not description or not description.get("content", "").strip():
            wrong.append(f"{address or 'home'} has no description")
        if len(headings) != 1:
            wrong.append(f"{address or 'home'} has {len(headings)} first-level headings")
        titles.setdefault(title, []).append(address)
    wrong += [
        f"one title, several pages: {title!r}: {where}" for title, where in titles.items() if len(where) > 1
    ]
    assert not wrong, "\n".join(wrong)


def test_nothing_is_loaded_from_elsewhere(site, site_url):
    wrong = []
    for file in sorted(site.rglob("*.html")):
        page = BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")
        for address in _loaded(page):
            if urlsplit(address).netloc and not address.startswith(site_url):
                wrong.append(f"{file.relative_to(site)}: {address}")
    for file in sorted(site.rglob("*.css")):
        wrong += [
            f"{file.relative_to(site)}: {address}" for address in _loaded_by_css(file.read_text("utf-8"))
        ]
    assert not wrong, "\n".join(wrong)


def _loaded(page):
    for tag, attributes in LOADED.items():
        for element in page.find_all(tag):
            for attribute in attributes:
                for candidate in element.get(attribute, "").split(","):
                    yield candidate.strip().split(" ")[0]
    for link in page.find_all("link"):
        if LINKED & set(link.get("rel", [])):
            yield link.get("href", "")
    styles = [style.get_text() for style in page.find_all("style")]
    styles += [element["style"] for element in page.select("[style]")]
    yield from _loaded_by_css("\n".join(styles))


def _loaded_by_css(text):
    return re.findall(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]+)""", text)


def test_no_file_is_published_that_no_reader_wants(site):
    files = [file.relative_to(site).as_posix() for file in site.rglob("*") if file.is_file()]
    wrong = [name for name in files if LEFTOVER.search(f"/{name}") or Path(name).suffix not in PUBLISHED]
    assert not wrong


# --- the feeds


def _feeds(site, suffix):
    found = sorted(site.glob(f"feed*.{suffix}"))
    assert found, f"the site has no feed*.{suffix}"
    return found


def _check_entry(link, date, *, site_url, posts):
    """The address of the post that a feed's entry names."""
    assert link.startswith(site_url), f"{link} is not an address of this site"
    address = urlsplit(link)._replace(query="", fragment="").geturl().removeprefix(site_url)
    assert address in posts, f"the feed names {address}, which is no post"
    dates = {element["datetime"][:10] for element in posts[address].select("time[datetime]")}
    assert date in dates, f"{address}: the feed says {date}, the post {dates}"
    return address


def test_rss_feeds_have_every_post_with_its_date(site, site_url, posts):
    for file in _feeds(site, "xml"):
        named = set()
        for item in ElementTree.parse(file).iter("item"):
            assert item.findtext("title").strip()
            assert item.findtext("description").strip()
            date = parsedate_to_datetime(item.findtext("pubDate")).date().isoformat()
            named.add(_check_entry(item.findtext("link"), date, site_url=site_url, posts=posts))
        assert named == set(posts), file.name


def test_json_feeds_have_every_post_with_its_date(site, site_url, posts):
    for file in _feeds(site, "json"):
        feed = json.loads(file.read_text(encoding="utf-8"))
        assert feed["version"].startswith("https://jsonfeed.org/version/1")
        assert feed["home_page_url"] == site_url
        named = set()
        for item in feed["items"]:
            assert item["title"].strip()
            date = (item.get("date_published") or item["date_modified"])[:10]
            named.add(_check_entry(item["url"], date, site_url=site_url, posts=posts))
        assert named == set(posts), file.name


def test_feeds_are_found_from_the_home_page(site, site_url, pages):
    links = pages[""].select('link[rel="alternate"][type="application/rss+xml"]')
    names = {urljoin(site_url, link["href"]).removeprefix(site_url) for link in links}
    assert names, "the home page names no feed"
    assert all((site / name).is_file() for name in names), names


# --- the numbers


def test_post_quotes_what_its_example_computed(root, posts):
    numbers = json.loads((root / "outputs" / "plot_bnn" / "numbers.json").read_text(encoding="utf-8"))
    elbos = {name: value for name, value in numbers.items() if "elbo" in name and isinstance(value, float)}
    assert elbos, "numbers.json holds no ELBO"
    minus = str.maketrans({"\N{MINUS SIGN}": "-", "\N{NON-BREAKING HYPHEN}": "-", "\N{NO-BREAK SPACE}": " "})
    texts = " ".join(page.get_text(" ").translate(minus) for page in posts.values())
    quoted = {
        name
        for name, value in elbos.items()
        if any(re.search(rf"(?<![\d.,]){value:.{digits}f}(?![\d.]*\d)", texts) for digits in (0, 1, 2))
    }
    assert quoted, f"no post quotes any of {elbos}"


@pytest.mark.parametrize("suffix", [".gif", ".mp4", ".png"])
def test_outputs_of_the_example_are_published_as_they_are(root, site, suffix):
    made = sorted((root / "outputs" / "plot_bnn").glob(f"*{suffix}"))
    assert made, f"plot_bnn left no {suffix}"
    for file in made:
        published = site / "outputs" / "plot_bnn" / file.name
        assert published.is_file(), f"{published} is missing"
        assert published.read_bytes() == file.read_bytes(), f"{file.name} is an older one"


def test_the_font_of_formulas_hangs_all_indices_alike(site):
    constants = TTFont(site / "assets" / "math.woff2")["MATH"].table.MathConstants
    # With the font's own value, an index after a round letter hangs deeper than one after a straight letter.
    assert constants.SubscriptBaselineDropMin.Value < 0 < constants.SubscriptShiftDown.Value


# --- the comparison of the methods


@pytest.fixture(scope="module")
def methods(root):
    """What `plot_methods` measured."""
    return json.loads((root / "outputs" / "plot_methods" / "numbers.json").read_text(encoding="utf-8"))


def test_methods_are_sorted_by_distance_and_lead_to_their_code(pages, methods):
    rows = [row.select("td") for row in pages["how-to-choose/"].select(".methods tbody tr")]
    assert {cells[0].get_text() for cells in rows} == {method["name"] for method in methods["methods"]}
    distances = [float(cells[1].get_text()) for cells in rows]
    assert distances == sorted(distances)
    headings = {heading["id"] for heading in pages["gallery/plot_methods/"].select("h2[id]")}
    for cells in rows:
        address, _, anchor = cells[0].a["href"].partition("#")
        assert address == "../gallery/plot_methods/"
        assert anchor in headings, f"{cells[0].get_text()} leads to #{anchor}, which is not in {headings}"


def test_how_to_choose_says_of_the_methods_what_was_measured(methods):
    measured = {method["name"]: method for method in methods["methods"]}
    assert measured["MAP"]["density"] > measured["mean-field VI"]["density"]
    for name in ("HMC, cut short", "SGHMC"):
        assert measured[name]["distance_gap"] < 2 * methods["floor_gap"], f"{name} is far from HMC"
    assert max(measured.values(), key=lambda method: method["distance_gap"])["name"] == "Laplace, sampled"
    for region in ("gap", "outside"):
        assert measured["deep ensemble"][f"width_{region}"] < 0.5
        assert abs(measured["anchored ensemble"][f"width_{region}"] - 1) < 0.25
        for name in ("mean-field VI", "low-rank VI", "full-covariance VI", "IVON"):
            assert measured[name][f"width_{region}"] < 0.9, f"{name} is not too sure {region}"


def test_home_leads_to_the_comparison(pages):
    linked = {link["href"] for link in pages[""].select("article a[href]")}
    assert {"how-to-choose/", "blog/what-the-gap-knows/"} <= linked
    assert "How to choose" in {link.get_text(strip=True) for link in pages[""].select(".md-tabs a")}
