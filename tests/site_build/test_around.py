"""What stands around a page's content: provenance, downloads, citation, related posts, comments, cards."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup
from material.plugins.blog.structure import Archive
from mkdocs.exceptions import PluginError
from PIL import Image
from readers.browser import chromium, require_chromium, serve
from readers.site_build_project import ROOT, build, environment, make_project, write

from site_build.execution.example_runs import Example
from site_build.pages import cards, citation, downloads, page_context, provenance, reading_order

REPOSITORY, COMMIT = "ada/lines", "0123abc"
SITE_URL = "https://ada.example/lines/"
EXTRA = f"""
site_url: {SITE_URL}
extra:
  github: {{repository: {REPOSITORY}, commit: {COMMIT}, notebooks: notebooks}}
  comments: {{repo: {REPOSITORY}, repo_id: R_1, category: Comments, category_id: C_2}}
"""
SECOND_POST = """\
---
date: 2026-01-03
authors: [ada]
tags: [lines, 50% & more]
description: It only mentions a line.
---

# No figure: 50% & more

Words. [The film](../../gallery/plot_film.md)

<!-- more -->

More words.
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A tiny site that names a repository and has comments."""
    project = make_project(tmp_path_factory.mktemp("around") / "project")
    write(project / "docs/blog/posts/second.md", SECOND_POST)
    write(
        project / "examples/README.md", "# Gallery\n\n[A line](plot_line.md), then [a film](plot_film.md).\n"
    )
    with (project / "mkdocs.yml").open("a", encoding="utf-8") as file:
        file.write(EXTRA)
    result = build(project)
    assert result.returncode == 0, result.stdout
    return project


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A tiny site that names neither."""
    project = make_project(tmp_path_factory.mktemp("plain") / "project")
    result = build(project, GITHUB_REPOSITORY="", GITHUB_SHA="")
    assert result.returncode == 0, result.stdout
    return project


def soup(project: Path, path: str) -> BeautifulSoup:
    return BeautifulSoup((project / "site" / path).read_text(encoding="utf-8"), "html.parser")


# --- provenance


@pytest.mark.parametrize(
    "path", ["blog/a-line/index.html", "blog/index.html", "gallery/plot_line/index.html"]
)
def test_every_figure_leads_to_the_very_cell_that_drew_it(project, path):
    figures = soup(project, path).select("article figure")
    assert figures
    for figure in figures:
        shown = (figure.source or figure.img)["src"]
        name = re.search(r"outputs/(\w+)/", shown)[1]
        address, _, anchor = figure.select_one(".provenance a")["href"].partition("#")
        assert bool(address) == (name not in path)
        cell = soup(project, f"gallery/{name}/index.html").find(id=anchor)
        drawing = {"plot_line": "plt.subplots(num=label)", "plot_film": 'plt.imsave(folder / "turn.png"'}
        assert drawing[name] in cell.get_text()
        # The line that names it is the script's.
        script = (project / f"examples/{name}.py").read_text().splitlines()
        rest = script[int(anchor.removeprefix("line-")) - 1 :]
        assert next(filter(None, rest)).startswith(("for label", "from pathlib"))


def test_provenance_says_seed_seconds_versions_and_the_command(project):
    line = soup(project, "gallery/plot_line/index.html").select_one("figure .provenance")
    text = " ".join(line.get_text(" ").split())
    assert "seed 7" in text
    assert re.search(r"its script ran \d[\d.]* (ms|s)", text)
    assert "make example EXAMPLE=plot_line" in text
    assert f"Python {sys.version.split()[0]}" in text
    assert re.search(r"bayesian-nn \d[\d.]*, TensorFlow 2\.\d+", text)
    assert [link.get_text() for link in line.select("details a")] == ["script", "notebook", "open in Colab"]


def test_what_can_be_made_again_is_not_in_the_search(project):
    assert "Make it again" not in (project / "site/search/search_index.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "numbers", "expected"),
    [
        ("SEED = 3\n", None, "seed 3"),
        ("SEED, N_DRAWS = 0, 2000\n", None, "seed 0"),
        ("SEEDS, N = (0, 1, 2), 5\n", None, "seeds 0, 1, 2"),
        ("SEED = 3\n", {"seed": 4}, "seed 4"),
        ("SEED = 3\n", {"elbo": 4.0}, "seed 3"),
        ("N_SEEDS = 3\n", None, ""),
    ],
)
def test_the_seed_is_the_numbers_or_else_the_script_s(tmp_path, code, numbers, expected):
    example = Example("plot_line", tmp_path, tmp_path / "examples", tmp_path / "docs" / "gallery")
    write(example.scripts / "plot_line.py", code)
    if numbers:
        write(example.outputs / "numbers.json", json.dumps(numbers))
    assert provenance.seed_of(example) == expected


def test_a_seed_that_is_computed_is_named_with_its_line(tmp_path):
    example = Example("plot_line", tmp_path, tmp_path / "examples", tmp_path / "docs" / "gallery")
    write(example.scripts / "plot_line.py", "import time\n\nSEED = int(time.time())\n")
    with pytest.raises(PluginError, match=r"plot_line\.py, line 3: SEED = int\(time\.time\(\)\) is computed"):
        provenance.seed_of(example)


def test_a_figure_of_which_nobody_knows_the_cell_is_refused(tmp_path):
    example = Example("plot_line", tmp_path, tmp_path / "examples", tmp_path / "docs" / "gallery")
    page = SimpleNamespace(url="blog/", file=SimpleNamespace(src_uri="blog/index.md"))
    html = '<figure><img src="site:outputs/plot_line/rising.png"></figure>'
    with pytest.raises(
        PluginError, match=r"blog/index\.md shows rising\.png, and .*provenance\.json does not"
    ):
        provenance.complete(html, page, [example], SimpleNamespace(extra={}))


def test_a_figure_of_several_examples_leads_to_the_cell_of_each(tmp_path):
    line, film = (
        Example(name, tmp_path, tmp_path / "examples", tmp_path / "docs" / "gallery")
        for name in ("plot_line", "plot_film")
    )
    for example, lines in ((line, {"run.bin": 3, "run.npz": 9}), (film, {"run.bin": 5, "run.png": 8})):
        write(example.scripts / f"{example.name}.py", "SEED = 3\n")
        write(example.outputs / "provenance.json", json.dumps({"lines": lines, "versions": {"Python": "3"}}))
    page = SimpleNamespace(url="blog/post/", file=SimpleNamespace(src_uri="blog/post.md"))
    html = (
        '<figure><training-player src="site:outputs/plot_line/run.bin" '
        'beside="site:outputs/plot_film/run.bin">'
        '<img src="site:outputs/plot_film/run.png"></training-player>'
        '<a href="site:outputs/plot_line/run.npz"></a></figure>'
    )
    completed = provenance.complete(html, page, [line, film], SimpleNamespace(extra={}))
    cells = BeautifulSoup(completed, "html.parser").select(".provenance > span a")
    assert [(cell["href"], cell.get_text()) for cell in cells] == [
        ("../../gallery/plot_line/#line-3", "this cell"),
        ("../../gallery/plot_film/#line-5", "that of plot_film"),
    ]


# --- downloads


def test_a_notebook_installs_the_pinned_package_first_and_leads_back_to_the_site(project, plain):
    for where, pin in (
        (project, f"bayesian-nn @ git+https://github.com/{REPOSITORY}@{COMMIT}"),
        (plain, f"bayesian-nn=={_version()}"),
    ):
        notebook = json.loads((where / "site/gallery/plot_line.ipynb").read_text(encoding="utf-8"))
        assert f'%pip install --quiet "{pin}"' in "".join(notebook["cells"][0]["source"])
    own = json.loads((project / "site/downloads/own.ipynb").read_text(encoding="utf-8"))
    assert f"[home]({SITE_URL})" in "".join(own["cells"][1]["source"])
    assert "not `$z$`" in "".join(own["cells"][1]["source"])


def test_colab_opens_the_notebook_that_is_published(project, plain):
    links = soup(project, "gallery/plot_line/index.html").select('a[href^="https://colab."]')
    addresses = {link["href"] for link in links}
    assert addresses == {
        f"https://colab.research.google.com/github/{REPOSITORY}/blob/notebooks/gallery/plot_line.ipynb"
    }
    assert (project / "site/gallery/plot_line.ipynb").is_file()
    assert not [html for html in (plain / "site").rglob("*.html") if "colab" in html.read_text("utf-8")]


@pytest.mark.parametrize("path", ["gallery/plot_line.ipynb", "downloads/own.ipynb"])
def test_a_downloaded_notebook_runs_in_an_empty_folder(project, tmp_path, path):
    folder = tmp_path / "empty" / "folder"
    folder.mkdir(parents=True)
    notebook = (project / "site" / path).read_text(encoding="utf-8")
    # What the site would serve, from its folder.
    (folder / "taken.ipynb").write_text(notebook.replace(SITE_URL, (project / "site").as_uri() + "/"))
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "nbconvert",
            "--execute",
            "--to",
            "notebook",
            "--output",
            "done",
            "taken.ipynb",
        ],
        cwd=folder,
        env=environment(project),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert (
        "first" in (folder / "done.ipynb").read_text()
        or "the slope is 2" in (folder / "done.ipynb").read_text()
    )


def test_a_downloaded_script_runs_in_an_empty_folder(project, tmp_path):
    folder = tmp_path / "empty" / "folder"
    folder.mkdir(parents=True)
    script = project / "site/gallery/plot_line.py"
    ast.parse(script.read_text())
    done = subprocess.run(
        [sys.executable, script],
        cwd=folder,
        env={**environment(project), "MPLBACKEND": "agg"},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "empty/outputs/plot_line/numbers.json").is_file()


def test_links_of_a_notebook_are_full_but_for_its_code():
    files = SimpleNamespace(
        get_file_from_path={"gallery/plot_b.md": SimpleNamespace(url="gallery/plot_b/")}.get
    )
    config = SimpleNamespace(site_url="https://a.example/base/")
    text = "[b](plot_b.md#line-3), [c](https://c.example/), [d](#e), ![f](f.png), `a[0](x)`"
    assert downloads._with_full_links(text, "gallery/plot_a.ipynb", files, config) == text.replace(
        "plot_b.md", "https://a.example/base/gallery/plot_b/"
    )


# --- order, related posts, citation


def test_examples_come_in_the_order_in_which_the_gallery_tells_of_them(project):
    footer = soup(project, "gallery/plot_line/index.html").select(".md-footer__link")
    assert [link["href"] for link in footer] == ["../", "../plot_film/"]
    cards_ = soup(project, "gallery/index.html").select(".grid.cards a")
    assert [link["href"] for link in cards_] == ["plot_line/", "plot_film/"]


def test_posts_lead_to_the_one_before_the_one_after_and_the_ones_like_them(project):
    page = soup(project, "blog/a-line/index.html")
    assert [link["href"] for link in page.select(".related a")] == ["../no-figure-50--more/"]
    assert "It only mentions a line." in page.select_one(".related").get_text()
    links = {link["class"][-1]: link["href"] for link in page.select(".md-footer__link")}
    assert links == {"md-footer__link--next": "../no-figure-50--more/"}


def test_no_page_leads_to_the_list_of_a_years_posts():
    archive = Archive.__new__(Archive)
    before, after = SimpleNamespace(), SimpleNamespace()
    archive.previous_page, archive.next_page = before, after
    page = SimpleNamespace(previous_page=archive, next_page=archive)
    reading_order.skip_archives(page)
    assert page.previous_page is before
    assert page.next_page is after
    alone = SimpleNamespace(previous_page=None, next_page=None)
    reading_order.skip_archives(alone)
    assert alone.previous_page is alone.next_page is None


def test_the_three_posts_that_share_most_tags_are_related():
    def post(title, *tags, day=1):
        date = SimpleNamespace(created=datetime(2026, 1, day))
        config = SimpleNamespace(date=date)
        return SimpleNamespace(
            title=title, meta={"tags": tags}, config=config, file=SimpleNamespace(src_uri=title)
        )

    this, most, newer = post("this", "a", "b", "c"), post("z", "c", "b"), post("new", "a", day=9)
    old, older, other = post("old", "b", day=3), post("older", "c", day=2), post("other", "d")
    assert reading_order.related(this, [older, other, this, old, most, newer]) == [most, newer, old]
    assert reading_order.related(other, [this, most, other]) == []


def test_a_post_can_be_cited(project):
    page = soup(project, "blog/no-figure-50--more/index.html")
    entry = page.select_one(".cite pre > code").get_text()
    whole = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert entry.startswith("@misc{no-figure-50--more,\n")
    assert "title = {{No figure: 50\\% \\& more}}" in entry
    assert "author = {{Ada}}" in entry
    assert "year = {2026}" in entry
    assert "month = jan" in entry
    assert f"version {whole['version']}" in entry
    assert f"url = {{{SITE_URL}blog/no-figure-50--more/}}" in entry
    assert entry.count("{") - entry.count("\\{") == entry.count("}") - entry.count("\\}")
    assert (project / "site/CITATION.cff").read_bytes() == (ROOT / "CITATION.cff").read_bytes()
    assert page.select_one(".cite a")["href"] == "../../CITATION.cff"


def test_a_citation_keeps_the_characters_that_tex_reads_as_its_own():
    author = SimpleNamespace(name="~Ada ^ \\")
    page = SimpleNamespace(
        title="50% &amp; $1, a_b {#}",
        config=SimpleNamespace(date=SimpleNamespace(created=datetime(2026, 1, 2))),
        authors=[author],
        url="blog/post/",
        canonical_url=SITE_URL,
    )
    entry = citation.bibtex(page, ROOT)
    assert r"title = {{50\% \& \$1, a\_b \{\#\}}}" in entry
    assert r"author = {{\textasciitilde{}Ada \textasciicircum{} \textbackslash{}}}" in entry


def test_the_citation_says_of_the_project_what_the_project_says_of_itself():
    whole = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert whole["version"] == _version()
    assert f"site_name: {whole['title']}\n" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    authors = yaml.safe_load((ROOT / "docs/blog/.authors.yml").read_text(encoding="utf-8"))["authors"]
    assert {author["name"] for author in whole["authors"]} == {each["name"] for each in authors.values()}


def _version() -> str:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


# --- cards


def test_a_page_with_a_figure_has_a_card_that_others_can_fetch(project):
    head = soup(project, "blog/a-line/index.html").head
    tags = {tag.get("property") or tag.get("name"): tag["content"] for tag in head.select("meta[content]")}
    assert tags["og:title"] == "A line"
    assert tags["og:type"] == "article"
    assert tags["og:url"] == f"{SITE_URL}blog/a-line/"
    assert tags["og:image"] == tags["twitter:image"]
    assert tags["og:image"].startswith(SITE_URL)
    file = project / "site" / tags["og:image"].removeprefix(SITE_URL)
    with Image.open(file) as card:
        assert card.size == (1200, 630)
        # Its sheet is white, and the first figure, a film's black and white still, is on its right half.
        assert card.convert("RGB").getpixel((300, 600)) == (255, 255, 255)
        assert len(card.convert("L").crop((700, 100, 1100, 500)).getcolors()) > 10
    assert tags["twitter:card"] == "summary_large_image"
    without = soup(project, "blog/no-figure-50--more/index.html").head
    assert without.select_one('meta[name="twitter:card"]')["content"] == "summary"
    assert not without.select('meta[property="og:image"]')


def test_a_card_is_small_and_the_same_whenever_it_is_drawn(tmp_path):
    noise = tmp_path / "noise.png"
    Image.effect_noise((900, 1400), 90).convert("RGB").save(noise)
    title = "A very long title of a post " * 6
    drawn = cards.drawn(title, "A site", noise)
    assert len(drawn) <= cards.MOST_BYTES
    assert drawn == cards.drawn(title, "A site", noise)
    assert drawn != cards.drawn("Another", "A site", noise)


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
def address(project):
    with serve(project / "site", "/lines/") as where:
        yield where


@pytest.fixture(scope="module")
def browser():
    with chromium(require_chromium()) as running:
        yield running


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
def test_a_lost_reader_is_shown_the_nearest_addresses(page, address, project, asked, expected):
    body = (project / "site/404.html").read_text(encoding="utf-8")
    page.route(f"**/{asked}", lambda route: route.fulfill(status=404, content_type="text/html", body=body))
    page.goto(address + asked, wait_until="networkidle")
    nearest = page.locator(".not-found__nearest a")
    assert nearest.first.evaluate("link => link.pathname") == expected
    assert nearest.count() <= 3
    assert page.asked == []


@pytest.mark.browser
def test_an_address_like_no_other_gets_no_suggestion(page, address, project):
    body = (project / "site/404.html").read_text(encoding="utf-8")
    page.route("**/wp-xyzzy/", lambda route: route.fulfill(status=404, content_type="text/html", body=body))
    page.goto(address + "wp-xyzzy/", wait_until="networkidle")
    assert page.locator(".not-found__nearest").count() == 0
    listed = set(page.eval_on_selector_all("not-found a", "all => all.map((link) => link.pathname)"))
    assert {"/lines/blog/a-line/", "/lines/gallery/plot_film/"} <= listed
