"""What every page passes last: the theme mended, one style sheet, lighter figures, a policy."""

import base64
import hashlib
import io
import re
from types import SimpleNamespace

import numpy as np
import pytest
from mkdocs.exceptions import PluginError
from PIL import Image
from readers.site_build_project import write
from repository import ROOT

from site_build.pages import webp
from site_build.theme import preload, security, styles, theme_patches

PAGE = """<!doctype html><html><head>
<meta charset="utf-8"><title>A page</title>
<link rel="stylesheet" href="../assets/stylesheets/main.1.min.css">
<link rel="icon" href="../assets/logo.svg">
<link rel="stylesheet" href="../assets/style.css">
<script>__md_scope=new URL("..",location),run()</script></head><body>
<div class="md-search" data-md-component="search" role="dialog"></div>
<div class="md-progress" data-md-component="progress" role="progressbar"></div>
<script id="__config" type="application/json">{}</script><script src="../assets/bundle.js"></script>
</body></html>"""
PARTS = ["assets/stylesheets/main.1.min.css", "assets/style.css"]


def _published(html):
    return security.with_policy(styles.linked_once(theme_patches.mended(html, "a page"), []))


def test_policy_allows_the_scripts_of_a_page_and_no_other():
    policy = security.policy(PAGE, False, False)
    digest = hashlib.sha256(b'__md_scope=new URL("..",location),run()').digest()
    assert policy.count("sha256") == 1
    assert f"'sha256-{base64.b64encode(digest).decode()}'" in policy
    assert "unsafe" not in policy


def test_policy_is_the_same_at_every_depth():
    policies = {
        _published(PAGE.replace('"../', f'"{root}').replace('URL(".."', f'URL("{root[:-1]}"')).split(
            "<title>"
        )[0]
        for root in ("", "../", "../../", "/somewhere/")
    }
    assert len(policies) == 1


def test_policy_lets_mkdocs_serve_reload_and_comments_load_where_they_are_wanted():
    assert "'unsafe-inline'" in security.policy(PAGE, True, False).split(";")[1]
    assert "sha256" not in security.policy(PAGE, True, False)
    assert "giscus" not in security.policy(PAGE, False, False)
    rules = dict(rule.strip().split(" ", 1) for rule in security.policy(PAGE, False, True).split(";"))
    assert {name for name, sources in rules.items() if "https://giscus.app" in sources} == {
        "script-src",
        "style-src",
        "frame-src",
    }


def test_a_theme_that_has_changed_fails_the_build(tmp_path):
    with pytest.raises(PluginError, match="mkdocs-material has changed"):
        theme_patches.mended(PAGE.replace('role="dialog"', 'role="search"'), "a page")
    script = tmp_path / "assets" / "javascripts" / "bundle.1.min.js"
    script.parent.mkdir(parents=True)
    script.write_text(
        '$(location.protocol!=="file:");x("nav",{class:"md-code__nav"})\n//# sourceMappingURL=bundle.1.js.map'
    )
    theme_patches.mend_script(tmp_path)
    assert script.read_text() == '$(!1);x("div",{class:"md-code__nav"})\n'
    with pytest.raises(PluginError, match="0 times"):
        theme_patches.mend_script(tmp_path)


def test_parts_of_a_navigation_have_names_or_are_none():
    part = """<nav class="md-nav" data-md-level="1" aria-labelledby="__nav_2_label" aria-expanded="true">
      <label class="md-nav__title" for="__nav_2">
        <span class="md-nav__icon md-icon"></span>
        Blog
      </label></nav><nav class="md-nav" aria-label="A heading"></nav><nav class="md-tags"></nav>"""
    html = theme_patches.mended(PAGE.replace("</body>", f"{part}</body>"), "a page")
    assert 'aria-labelledby="__nav_2_label" aria-label="Blog" aria-expanded' in html
    assert html.count('role="presentation"') == 2
    assert "A heading" not in html


def test_one_style_sheet_holds_all_in_their_order(tmp_path):
    parts = []
    html = styles.linked_once(PAGE, parts)
    assert parts == PARTS
    assert html.count("stylesheet") == 1
    assert 'href="../assets/site.css"' in html
    for part, text in zip(
        parts, ("a{}/*# sourceMappingURL=main.css.map*/", 'b{src:url("x.woff2")}'), strict=True
    ):
        (tmp_path / part).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / part).write_text(text)
    styles.write(parts, tmp_path)
    assert (tmp_path / styles.NAME).read_text() == 'a{}\nb{src:url("x.woff2")}\n'
    with pytest.raises(PluginError, match="one file serves all"):
        styles.linked_once(PAGE.replace("style.css", "other.css"), parts)


def test_a_style_sheet_that_names_a_neighbour_is_not_moved(tmp_path):
    (tmp_path / "assets" / "stylesheets").mkdir(parents=True)
    (tmp_path / PARTS[0]).write_text("a{background:url(paper.png)}")
    with pytest.raises(PluginError, match="relative to its own folder"):
        styles.write(PARTS[:1], tmp_path)


def test_a_page_asks_at_once_for_its_font_and_for_the_modules_of_its_elements(tmp_path):
    modules = {
        "page/load-elements.js": 'const MODULES = {\n  "run-player": "player/run.js",\n'
        '  "map-maker": "maker.js",\n};',
        "maker.js": "",
        "player/run.js": 'import { a,\n  b } from "../drawing/chart.js";\nimport { c } from "./number.js";',
        "drawing/chart.js": 'export { c } from "../player/number.js";\nimport "./bare.js";',
        "drawing/bare.js": 'const later = () => import("../maker.js");',
        "player/number.js": "export const c = 1;",
    }
    for name, text in modules.items():
        write(tmp_path / name, text)
    page = styles.linked_once(PAGE, [])
    assert preload.with_hints(page, tmp_path) == page
    html = preload.with_hints(
        page.replace("<body>", "<body><run-player></run-player><math></math>"), tmp_path
    )
    asked = re.findall(r'<link rel="(?:module)?preload" href="../assets/([^"]*)"', html)
    assert asked == [
        *("math.woff2", "player/run.js", "drawing/chart.js", "player/number.js", "drawing/bare.js")
    ]


def test_every_page_asks_for_all_that_its_elements_import_and_for_nothing_else(tmp_path):
    assets = ROOT / "docs" / "assets"
    # Of each module, what an independent reading finds: lines that begin with `import` and end with a path.
    imports = {
        file.resolve(): {
            (file.parent / line.split('"')[1]).resolve()
            for line in file.read_text(encoding="utf-8").splitlines()
            if line.startswith("import ") and line.endswith('.js";')
        }
        for file in assets.rglob("*.js")
    }
    elements = re.findall(r'"([a-z-]+)": "(.*)"', (assets / preload.LOADER).read_text(encoding="utf-8"))
    assert len(elements) > 4
    for element, module in elements:
        wanted = [(assets / module).resolve()]
        for file in wanted:
            wanted += imports[file] - set(wanted)
        page = styles.linked_once(PAGE, []).replace("<body>", f"<body><{element}></{element}>")
        html = preload.with_hints(page, assets)
        asked = re.findall(r'<link rel="modulepreload" href="../assets/([^"]*)"', html)
        assert len(asked) == len(set(asked))
        assert {(assets / name).resolve() for name in asked} == set(wanted)


@pytest.mark.parametrize(
    ("loader", "text", "named"),
    [
        ('"run-player": "run.js"', 'import { a } from "./nowhere.js";', "run.js imports './nowhere.js'"),
        ('"run-player": "run.js"', 'import { a } from "../other/a.js";', "run.js imports '../other/a.js'"),
        ('"run-player": "run.js"', 'import { a,\n  b } from "chart";', "run.js imports 'chart'"),
        (
            '"run-player": "run.js"',
            'import "https://a.example/b.js";',
            "run.js imports 'https://a.example/b.js'",
        ),
        ('"run-player": "run.js"', 'export { a } from "./nowhere.js";', "run.js imports './nowhere.js'"),
        ('"run-player": "player.js"', "", "names player.js, which is no file"),
        ("", "", "names no module of an element"),
    ],
)
def test_a_module_that_does_not_exist_is_not_left_out_in_silence(tmp_path, loader, text, named):
    write(tmp_path / "assets" / preload.LOADER, f"const MODULES = {{ {loader} }};")
    write(tmp_path / "assets" / "run.js", text)
    write(tmp_path / "other" / "a.js", "")
    page = styles.linked_once(PAGE, []).replace("<body>", "<body><run-player></run-player>")
    with pytest.raises(PluginError, match=re.escape(named)):
        preload.with_hints(page, tmp_path / "assets")


def _figure(tmp_path):
    """A PNG file of paper, a plain shape and an edge of many colours."""
    pixels = np.full((200, 300, 3), (0x1E, 0x21, 0x29), np.uint8)
    pixels[50:100, 50:100] = (3, 97, 154)
    pixels[150, :, 0] = np.arange(300) % 251
    file = tmp_path / "outputs" / "plot_line" / "rising.png"
    file.parent.mkdir(parents=True)
    Image.fromarray(pixels).save(file, compress_level=0)
    return file, pixels


def test_a_lighter_figure_keeps_its_paper_and_shows_the_same(tmp_path):
    png, pixels = _figure(tmp_path)
    with Image.open(io.BytesIO(webp.as_webp(png))) as opened:
        seen = np.asarray(opened.convert("RGB")).astype(int)
    assert (seen[:150] == pixels[:150]).all()
    difference = abs(seen - pixels).max()
    assert 0 < difference <= webp.COARSENESS // 2
    assert len(webp.as_webp(png)) < png.stat().st_size / 3


def test_a_page_shows_the_lighter_figure_and_links_lead_to_the_file_itself(tmp_path):
    (tmp_path / "requirements.lock").write_text("")
    png, _ = _figure(tmp_path)
    config = SimpleNamespace(config_file_path=str(tmp_path / "mkdocs.yml"), site_dir=str(tmp_path / "site"))
    path = "outputs/plot_line/rising.png"
    assert webp.lighter(path, png, config) == "outputs/plot_line/rising.webp"
    assert (tmp_path / "site/outputs/plot_line/rising.webp").is_file()
    Image.new("RGB", (1, 1)).save(png)
    assert webp.lighter(path, png, config) == path
    assert webp.lighter("outputs/plot_line/turn.mp4", png, config) == "outputs/plot_line/turn.mp4"
