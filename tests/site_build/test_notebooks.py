"""Notebooks: one that raises fails every build, an unchanged one is not executed, none hides a fault."""

import json
import re
import shutil

import pytest
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from readers.site_build_project import (
    build,
    build_fails,
    build_passes,
    change,
    copy_of,
    make_project,
    notebook,
    write,
)

from site_build.pages.notebook_html import checked, described, tidied

IMAGE = '<img alt="No description has been provided for this image" src="data:image/png;base64,AA">'
STDERR = (
    '<div class="jp-OutputArea-output" data-mime-type="application/vnd.jupyter.stderr">'
    "<pre>/somewhere/model.py:3: FitWarning: flat &amp; wide\n</pre></div>"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    project = make_project(tmp_path_factory.mktemp("notebooks") / "project")
    # Examples have their own tests.
    for script in (project / "examples").glob("*.py"):
        script.unlink()
    shutil.rmtree(project / "docs" / "blog" / "posts")
    post = "---\ndate: 2026-01-02\ndescription: Short.\n---\n# A post\n\nShort.\n"
    write(project / "docs" / "blog" / "posts" / "short.md", post)
    build_passes(project)
    return project


@pytest.fixture
def project(built, tmp_path):
    return copy_of(built, tmp_path / "project")


def executions(output: str) -> int:
    return output.count("Converting notebook (execute=True)")


def test_a_notebook_that_raises_fails_every_build_until_it_is_mended(project):
    own = project / "docs" / "notebooks" / "own.ipynb"
    good = own.read_text()
    write(own, notebook("# Own data", "1 / 0"))
    for _ in range(2):
        said = build_fails(project)
        assert re.search(r"notebooks/own\.ipynb failed:\n(.*\n)*ZeroDivisionError", said)
    write(own, good)
    build_passes(project)


def test_a_notebook_runs_again_when_the_library_or_its_data_changed_and_else_not(project):
    result = build(project)
    assert (result.returncode, executions(result.stdout)) == (0, 0), result.stdout
    change(project / "src" / "bayesian_nn" / "__init__.py", "SLOPE = 2", "SLOPE = 3")
    assert executions(build_passes(project)) == 1
    write(project / "docs" / "notebooks" / "own.csv", "1,2,3\n")
    assert executions(build_passes(project)) == 1
    assert "rows: 2 3" in (project / "site" / "notebooks" / "own" / "index.html").read_text()
    assert len(list((project / ".cache" / "notebooks").rglob("*.json"))) == 1


def test_a_notebook_that_writes_beside_itself_would_be_built_endlessly(project):
    own = project / "docs" / "notebooks" / "own.ipynb"
    write(own, notebook("# Own data", "print(open('made.txt', 'w').write('x'))"))
    said = build_fails(project)
    assert "changes files beside itself" in said


def test_a_warning_in_a_notebook_is_an_error():
    with pytest.raises(PluginError, match=r"own.ipynb shows a warning.*\n.*FitWarning: flat & wide"):
        tidied(STDERR, "own.ipynb")


def test_the_greeting_of_tensorflow_is_no_warning_and_is_not_shown():
    greeting = "I0000 00:00:1795427071.79 27806 port.cc:153] oneDNN custom operations are on.\n"
    html = STDERR.replace("/somewhere/model.py:3: FitWarning: flat &amp; wide\n", greeting)
    assert tidied(html, "own.ipynb") == ""


def test_what_a_cell_prints_is_one_block_however_it_came():
    def piece(html: str) -> str:
        return f'<div class="jp-OutputArea-child">\n{html}\n</div>\n'

    def printed(text: str) -> str:
        kind = 'class="jp-RenderedText jp-OutputArea-output" data-mime-type="text/plain"'
        return piece(f"<div {kind}>\n<pre>{text}\n</pre>\n</div>")

    greeting = STDERR.replace(
        "/somewhere/model.py:3: FitWarning: flat &amp; wide", "I0000 00:00:1 port.cc] hello"
    )
    assert tidied(printed("a") + piece(greeting) + printed("b"), "own.ipynb") == printed("a\nb")


def test_a_notebook_can_be_downloaded_with_its_code_as_it_was_written(built):
    written = json.loads((built / "docs" / "notebooks" / "own.ipynb").read_text(encoding="utf-8"))
    taken = json.loads((built / "site" / "downloads" / "own.ipynb").read_text(encoding="utf-8"))
    assert taken["cells"][2:] == written["cells"][1:]
    assert taken["metadata"] == written["metadata"]


def test_a_kernel_shows_figures_though_the_build_draws_without_a_screen_and_no_bars(project, monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    write(
        project / "docs" / "notebooks" / "own.ipynb",
        notebook("# Own data", "import os", "print(os.environ['MPLBACKEND'], os.environ['TQDM_DISABLE'])"),
    )
    build_passes(project)
    page = (project / "site" / "notebooks" / "own" / "index.html").read_text()
    assert re.search(r"matplotlib_inline\S* 1\n", page)


def test_a_figure_without_text_is_an_error():
    with pytest.raises(PluginError, match=r'give its cell the metadata {"alt"'):
        tidied(IMAGE, "own.ipynb")


def test_a_cells_text_is_given_to_its_own_figure_only():
    html = "".join(f'<div id="cell-id={name}">{IMAGE}</div>' for name in ("one", "two"))
    cells = [{"id": "one", "metadata": {"alt": "a <line>"}}, {"id": "two", "metadata": {}}]
    first, second = described(html, {"cells": cells}, "own.ipynb").split("</div>")[:2]
    assert first == '<div id="cell-id=one">' + IMAGE.replace(
        "No description has been provided for this image", "a &lt;line&gt;"
    )
    assert second == f'<div id="cell-id=two">{IMAGE}'


def test_a_text_for_a_figure_that_is_not_there_is_an_error():
    cells = [{"id": "one", "metadata": {"alt": "a line"}}]
    with pytest.raises(PluginError, match="shows none: 'a line'"):
        described('<div id="cell-id=one">text</div>', {"cells": cells}, "own.ipynb")


def test_scripts_styles_and_formulas_of_a_notebook_become_the_sites_own():
    html = (
        "<style>x</style><script src='https://cdn'></script><p>$a < b$ and <code>$c$</code></p><p>$$d$$</p>"
    )
    assert tidied(html, "own.ipynb") == (
        r'<p><span class="arithmatex">\(a < b\)</span> and <code>$c$</code></p>'
        r'<p><div class="arithmatex">\[d\]</div></p>'
    )


@pytest.fixture
def files(tmp_path):
    uris = ("notebooks/own.ipynb", "notebooks/own.csv", "notation.md")
    return Files([File(uri, str(tmp_path), str(tmp_path / "site"), use_directory_urls=True) for uri in uris])


def test_links_in_a_notebook_are_rewritten_and_left_alone_where_they_lead_away(files):
    own = files.get_file_from_path("notebooks/own.ipynb")
    html = '<a href="../notation.md#kl">n</a> <a href="#top">t</a> <a href="https://example.org">e</a>'
    assert checked(html, own, files) == html.replace("../notation.md#kl", "../notation/#kl")


def test_a_broken_link_in_a_notebook_is_an_error(files):
    own = files.get_file_from_path("notebooks/own.ipynb")
    with pytest.raises(PluginError, match=r"own.ipynb links to ../gone.md, which does not exist"):
        checked('<a href="../gone.md">gone</a>', own, files)
