"""What stands around a page's content: the order of reading, related posts, citation, cards."""

from datetime import datetime
from types import SimpleNamespace

import yaml
from material.plugins.blog.structure import Archive
from PIL import Image
from readers.around_project import SITE_URL, soup, version
from readers.site_build_project import ROOT

from site_build.pages import cards, citation, reading_order

# --- order and related posts


def test_examples_come_in_the_order_in_which_the_gallery_tells_of_them(around):
    footer = soup(around, "gallery/plot_line/index.html").select(".md-footer__link")
    assert [link["href"] for link in footer] == ["../", "../plot_film/"]
    cards_ = soup(around, "gallery/index.html").select(".grid.cards a")
    assert [link["href"] for link in cards_] == ["plot_line/", "plot_film/"]


def test_posts_lead_to_the_one_before_the_one_after_and_the_ones_like_them(around):
    page = soup(around, "blog/a-line/index.html")
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


def test_a_post_can_be_cited(around):
    page = soup(around, "blog/no-figure-50--more/index.html")
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
    assert (around / "site/CITATION.cff").read_bytes() == (ROOT / "CITATION.cff").read_bytes()
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
    assert whole["version"] == version()
    assert f"site_name: {whole['title']}\n" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    authors = yaml.safe_load((ROOT / "docs/blog/.authors.yml").read_text(encoding="utf-8"))["authors"]
    assert {author["name"] for author in whole["authors"]} == {each["name"] for each in authors.values()}


# --- cards


def test_a_page_with_a_figure_has_a_card_that_others_can_fetch(around):
    head = soup(around, "blog/a-line/index.html").head
    tags = {tag.get("property") or tag.get("name"): tag["content"] for tag in head.select("meta[content]")}
    assert tags["og:title"] == "A line"
    assert tags["og:type"] == "article"
    assert tags["og:url"] == f"{SITE_URL}blog/a-line/"
    assert tags["og:image"] == tags["twitter:image"]
    assert tags["og:image"].startswith(SITE_URL)
    file = around / "site" / tags["og:image"].removeprefix(SITE_URL)
    with Image.open(file) as card:
        assert card.size == (1200, 630)
        # Its sheet is white, and the first figure, a film's black and white still, is on its right half.
        assert card.convert("RGB").getpixel((300, 600)) == (255, 255, 255)
        assert len(card.convert("L").crop((700, 100, 1100, 500)).getcolors()) > 10
    assert tags["twitter:card"] == "summary_large_image"
    without = soup(around, "blog/no-figure-50--more/index.html").head
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
