"""A tiny site, built once from cold: what its pages hold, and that building it again executes nothing."""

import json
import re
from html import unescape
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from readers.site_build_project import (
    build_fails,
    build_passes,
    change,
    copy_of,
    make_project,
    timeless,
    write,
)

HEAVY = (
    "tensorflow",
    "matplotlib.pyplot",
    "nbconvert",
    "nbclient",
    "jupyter_client",
    "fontTools.subset",
    "PIL.Image",
)


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = make_project(tmp_path_factory.mktemp("site") / "project")
    build_passes(project)
    return project


def page(project: Path, path: str) -> str:
    return (project / "site" / path / "index.html").read_text(encoding="utf-8")


def contents(folder: Path) -> dict[str, bytes]:
    # The compressed site map holds the time of its making.
    files = (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".gz")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_only_what_readers_want_is_published(project):
    published = {
        path for path in contents(project / "site") if path.startswith(("gallery/", "outputs/", "sg_"))
    }
    assert published == {
        "gallery/index.html",
        *(
            f"gallery/plot_{name}{end}"
            for name in ("film", "line")
            for end in (".py", ".ipynb", "/index.html")
        ),
        *(f"outputs/plot_film/turn{end}" for end in (".gif", ".mp4", ".png", ".txt")),
        *(f"outputs/plot_{name}/provenance.json" for name in ("film", "line")),
        *(
            f"outputs/plot_line/{name}{end}"
            for name in ("rising", "falling")
            for end in (".png", "-dark.png", ".webp", "-dark.webp", ".txt")
        ),
        "outputs/plot_line/numbers.json",
    }


def test_every_address_on_every_page_leads_to_a_file_of_the_site(project):
    site = project / "site"
    found = 0
    for html in site.rglob("*.html"):
        base = f"/{html.relative_to(site).parent.as_posix()}/"
        attributes = re.findall(r'\b(?:src|href|poster|srcset)="([^"]+)"', html.read_text(encoding="utf-8"))
        for address in map(unescape, attributes):
            url = urlsplit(urljoin(base, address) if html.name != "404.html" else address)
            if url.scheme or url.netloc:
                continue
            target = site / url.path.lstrip("/")
            assert target.is_file() or (target / "index.html").is_file(), f"{html}: {address}"
            found += 1
    assert found > 200


def test_no_page_asks_another_origin_for_anything(project):
    for html in (project / "site").rglob("*.html"):
        text = html.read_text(encoding="utf-8")
        for tag in re.findall(r"<(?:script|img|source|video|iframe|link)\b[^>]*>", text):
            addresses = re.findall(r'(?:src|href|poster)="(https?://[^"]+)"', tag)
            assert all(
                address.startswith("https://bayesian-deep-learning.example/") for address in addresses
            ), tag
        assert "cdnjs" not in text


def test_an_example_can_be_downloaded_as_a_notebook(project):
    notebook = json.loads((project / "site" / "gallery" / "plot_line.ipynb").read_text(encoding="utf-8"))
    assert "# Does the line rise?" in "".join(notebook["cells"][1]["source"])


def test_two_figures_of_one_cell_have_their_texts_and_dark_twins(project):
    html = page(project, "gallery/plot_line")
    for name, end in (("rising", 2), ("falling", -2)):
        for file in (f"{name}.webp#only-light", f"{name}-dark.webp#only-dark"):
            tag = re.search(rf'<img src="../../outputs/plot_line/{file}"[^>]*>', html)[0]
            assert f'alt="A line &quot;{name}&quot; from 0 to {end} &amp; [no further]"' in tag
            assert 'width="640" height="480"' in tag
    outputs = project / "outputs" / "plot_line"
    assert (outputs / "rising.png").read_bytes() != (outputs / "rising-dark.png").read_bytes()


def test_what_an_example_prints_stays_in_its_block_and_nothing_else_is_shown(project):
    html = page(project, "gallery/plot_line")
    blocks = [
        unescape(re.sub("<[^>]+>", "", block)) for block in re.findall(r"<pre>.*?</pre>", html, re.DOTALL)
    ]
    assert [block.strip() for block in blocks if not re.search(r"import|plt|json", block)] == [
        "a fence: ``` and one more: ````",
        "the slope is 2",
    ]
    assert "Click here" not in html
    assert '<meta name="description" content="A line that rises, and one that falls.">' in html
    assert "Total running time" not in html


@pytest.mark.parametrize("path", ["gallery/plot_film", "blog/a-line", "blog"])
def test_a_film_can_be_paused_and_has_a_text(project, path):
    video = re.search(r"<video[^>]*>", page(project, path))[0]
    assert "controls" in video
    assert "autoplay" not in video
    assert 'aria-label="A square turns."' in video


@pytest.mark.parametrize("path", ["", "gallery/plot_line", "blog/a-line", "blog", "notebooks/own"])
def test_formulas_are_mathml_on_every_kind_of_page(project, path):
    html = page(project, path)
    assert "<math>" in html
    assert "arithmatex" not in html
    assert "MathJax" not in html


def test_formulas_can_be_searched_and_stand_in_headings(project):
    index = json.loads((project / "site" / "search" / "search_index.json").read_text(encoding="utf-8"))
    texts = " ".join(f"{entry['title']} {entry['text']}" for entry in index["docs"])
    assert "\\(" not in texts
    html = page(project, "")
    heading = "About <math><msup><mi>z</mi><mn>2</mn></msup></math>"
    assert heading in re.search(r'<h2 id="about-z2">.*?</h2>', html, re.DOTALL)[0]
    assert "\\(" not in html


def test_the_font_of_the_formulas_is_small_and_has_their_letters(project):
    from fontTools.ttLib import TTFont

    assets = project / "site" / "assets"
    font = TTFont(assets / "math.woff2")
    # p and x as variables, the expectation's E, ≤ and the parentheses that grow.
    assert {0x1D45D, 0x1D465, 0x1D53C, ord("≤"), ord("(")} <= set(font.getBestCmap())
    assert "MATH" in font
    assert (assets / "math.woff2").stat().st_size < 15_000
    assert "SIL OPEN FONT LICENSE" in (assets / "math-font-licence.txt").read_text()
    assert 'src: url("math.woff2")' in (assets / "site.css").read_text(encoding="utf-8")


def test_numbers_and_captions_reach_the_post_and_its_excerpt(project):
    quoted = "The slope is 2, worth \N{MINUS SIGN}1,234.6\N{NO-BREAK SPACE}nats,"
    assert quoted in unescape(page(project, "blog/a-line"))
    assert quoted in unescape(page(project, "blog"))
    assert "<figcaption>It <strong>rises</strong>.<div " in page(project, "blog/a-line")


def test_a_notebook_is_a_page_of_this_site(project):
    html = page(project, "notebooks/own")
    assert "rows: 1 2" in html
    assert '<a href="../../">home</a>' in html
    assert '<a href="../own.csv">data</a>' in html
    assert "<code>$z$</code>" in html
    assert "<pre>first\nsecond\n</pre>" in html
    assert 'alt="One &quot;dark&quot; pixel."' in html
    assert len(html) < 60_000
    article = html[html.index("<article") : html.index("</article>")]
    assert "<script" not in article
    assert "<style" not in article


def test_the_feeds_hold_the_post_with_its_date(project):
    feed = (project / "site" / "feed_rss_created.xml").read_text(encoding="utf-8")
    assert "Fri, 02 Jan 2026" in feed
    assert "A post about a line." in feed
    assert "None" not in feed
    (item,) = json.loads((project / "site" / "feed_json_created.json").read_text())["items"]
    assert item["title"] == "A line"


def test_an_unchanged_site_is_rebuilt_without_executing_or_importing_anything_heavy(project):
    before = contents(project / "site")
    made = {path: path.stat().st_mtime_ns for path in (project / "outputs").rglob("*")}
    report = f"atexit.register(lambda: print('heavy:', [m for m in {HEAVY} if m in sys.modules]))"
    run = (
        "import runpy; sys.argv = ['mkdocs', *sys.argv[1:]]; runpy.run_module('mkdocs', run_name='__main__')"
    )
    said = build_passes(project, command=("-c", f"import atexit, sys; {report}; {run}"))
    assert "heavy: []" in said
    assert {path: path.stat().st_mtime_ns for path in (project / "outputs").rglob("*")} == made
    assert contents(project / "site") == before


def test_two_cold_builds_are_the_same_to_the_byte_wherever_they_are_made(project, tmp_path):
    other = make_project(tmp_path / "elsewhere" / "in-another-folder")
    build_passes(other)
    first, second = contents(project / "site"), contents(other / "site")
    assert first.keys() == second.keys()
    assert [path for path in first if timeless(first[path]) != timeless(second[path])] == []


def test_a_number_or_a_file_that_no_example_made_fails_the_build_and_names_its_page(project, tmp_path):
    copy = copy_of(project, tmp_path / "copy")
    post = copy / "docs/blog/posts/line.md"
    change(post, "../../outputs/plot_line/numbers.json", "../../outputs/plot_line/nombres.json")
    said = build_fails(copy)
    assert "nombres.json" in said
    change(post, "numbers.plot_line.slope", "numbers.plot_line.slop")
    write(copy / "docs/index.md", "---\nrender_macros: true\n---\n# Home\n\n{{ never_defined }}\n")
    said = build_fails(copy)
    assert "blog/posts/line.md" in said
    assert "'never_defined' is undefined" in said
    assert "numbers.plot_line.slop does not exist; there is slope" in said
