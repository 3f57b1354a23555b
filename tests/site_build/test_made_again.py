"""How a reader makes again what a page shows: the cell of each figure, notebooks and scripts."""

import ast
import json
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
from bs4 import BeautifulSoup
from mkdocs.exceptions import PluginError
from readers.around_project import COMMIT, REPOSITORY, SITE_URL, soup, version
from readers.site_build_project import environment, write

from site_build.execution.example_runs import Example
from site_build.pages import downloads, provenance


def example_in(folder, name="plot_line"):
    return Example(name, folder, folder / "examples", folder / "docs" / "gallery")


# --- provenance


@pytest.mark.parametrize(
    "path", ["blog/a-line/index.html", "blog/index.html", "gallery/plot_line/index.html"]
)
def test_every_figure_leads_to_the_very_cell_that_drew_it(around, path):
    figures = soup(around, path).select("article figure")
    assert figures
    for figure in figures:
        shown = (figure.source or figure.img)["src"]
        name = re.search(r"outputs/(\w+)/", shown)[1]
        address, _, anchor = figure.select_one(".provenance a")["href"].partition("#")
        assert bool(address) == (name not in path)
        cell = soup(around, f"gallery/{name}/index.html").find(id=anchor)
        drawing = {"plot_line": "plt.subplots(num=label)", "plot_film": 'plt.imsave(folder / "turn.png"'}
        assert drawing[name] in cell.get_text()
        # The line that names it is the script's.
        script = (around / f"examples/{name}.py").read_text().splitlines()
        rest = script[int(anchor.removeprefix("line-")) - 1 :]
        assert next(filter(None, rest)).startswith(("for label", "from pathlib"))


def test_provenance_says_seed_seconds_versions_and_the_command(around):
    line = soup(around, "gallery/plot_line/index.html").select_one("figure .provenance")
    text = " ".join(line.get_text(" ").split())
    assert "seed 7" in text
    assert re.search(r"its script ran \d[\d.]* (ms|s)", text)
    assert "make example EXAMPLE=plot_line" in text
    assert f"Python {sys.version.split()[0]}" in text
    assert re.search(r"bayesian-nn \d[\d.]*, TensorFlow 2\.\d+", text)
    assert [link.get_text() for link in line.select("details a")] == ["script", "notebook", "open in Colab"]


def test_what_can_be_made_again_is_not_in_the_search(around):
    assert "Make it again" not in (around / "site/search/search_index.json").read_text(encoding="utf-8")


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
    example = example_in(tmp_path)
    write(example.scripts / "plot_line.py", code)
    if numbers:
        write(example.outputs / "numbers.json", json.dumps(numbers))
    assert provenance.seed_of(example) == expected


def test_a_seed_that_is_computed_is_named_with_its_line(tmp_path):
    example = example_in(tmp_path)
    write(example.scripts / "plot_line.py", "import time\n\nSEED = int(time.time())\n")
    with pytest.raises(PluginError, match=r"plot_line\.py, line 3: SEED = int\(time\.time\(\)\) is computed"):
        provenance.seed_of(example)


def test_a_figure_of_which_nobody_knows_the_cell_is_refused(tmp_path):
    example = example_in(tmp_path)
    page = SimpleNamespace(url="blog/", file=SimpleNamespace(src_uri="blog/index.md"))
    html = '<figure><img src="site:outputs/plot_line/rising.png"></figure>'
    with pytest.raises(
        PluginError, match=r"blog/index\.md shows rising\.png, and .*provenance\.json does not"
    ):
        provenance.complete(html, page, [example], SimpleNamespace(extra={}))


def test_a_figure_of_several_examples_leads_to_the_cell_of_each(tmp_path):
    line, film = (example_in(tmp_path, name) for name in ("plot_line", "plot_film"))
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


def test_a_notebook_installs_the_pinned_package_first_and_leads_back_to_the_site(around, plain):
    for where, pin in (
        (around, f"bayesian-nn @ git+https://github.com/{REPOSITORY}@{COMMIT}"),
        (plain, f"bayesian-nn=={version()}"),
    ):
        notebook = json.loads((where / "site/gallery/plot_line.ipynb").read_text(encoding="utf-8"))
        assert f'%pip install --quiet "{pin}"' in "".join(notebook["cells"][0]["source"])
    own = json.loads((around / "site/downloads/own.ipynb").read_text(encoding="utf-8"))
    assert f"[home]({SITE_URL})" in "".join(own["cells"][1]["source"])
    assert "not `$z$`" in "".join(own["cells"][1]["source"])


def test_colab_opens_the_notebook_that_is_published(around, plain):
    links = soup(around, "gallery/plot_line/index.html").select('a[href^="https://colab."]')
    addresses = {link["href"] for link in links}
    assert addresses == {
        f"https://colab.research.google.com/github/{REPOSITORY}/blob/notebooks/gallery/plot_line.ipynb"
    }
    assert (around / "site/gallery/plot_line.ipynb").is_file()
    assert not [html for html in (plain / "site").rglob("*.html") if "colab" in html.read_text("utf-8")]


@pytest.mark.parametrize("path", ["gallery/plot_line.ipynb", "downloads/own.ipynb"])
def test_a_downloaded_notebook_runs_in_an_empty_folder(around, tmp_path, path):
    folder = tmp_path / "empty" / "folder"
    folder.mkdir(parents=True)
    notebook = (around / "site" / path).read_text(encoding="utf-8")
    # What the site would serve, from its folder.
    (folder / "taken.ipynb").write_text(notebook.replace(SITE_URL, (around / "site").as_uri() + "/"))
    done = subprocess.run(
        [
            sys.executable,
            *["-m", "nbconvert", "--execute", "--to", "notebook", "--output", "done", "taken.ipynb"],
        ],
        cwd=folder,
        env=environment(around),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    text = (folder / "done.ipynb").read_text()
    assert "first" in text or "the slope is 2" in text


def test_a_downloaded_script_runs_in_an_empty_folder(around, tmp_path):
    folder = tmp_path / "empty" / "folder"
    folder.mkdir(parents=True)
    script = around / "site/gallery/plot_line.py"
    ast.parse(script.read_text())
    done = subprocess.run(
        [sys.executable, script],
        cwd=folder,
        env={**environment(around), "MPLBACKEND": "agg"},
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
