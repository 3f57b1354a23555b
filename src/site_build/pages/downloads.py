"""Notebooks and scripts to take along, which run where they land; and the links that open one in Colab."""

import json
import posixpath
import re
from html import escape
from pathlib import Path
from urllib.parse import urljoin

from mkdocs.structure.files import File, Files
from mkdocs.utils import get_relative_url

from site_build.execution.cell_outputs import versions
from site_build.execution.example_runs import Example

LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]+)\]\((?P<path>[^)#:\s]+)(?P<fragment>#[^)\s]*)?\)")
CODE = re.compile(r"(`[^`]*`)")
COLAB = "https://colab.research.google.com/github/{repository}/blob/{branch}/{path}"
DOWNLOAD_LINKS = re.compile(r'<div id="download_links"></div>.*', re.DOTALL)


def publish(files: Files, examples: list[Example], config) -> Files:
    """Return `files` with the gallery's notebooks as readers need them: they install what they import, and
    their links lead back to the site."""
    for example in examples:
        uri = f"{example.generated.name}/{example.name}.ipynb"
        if file := files.get_file_from_path(uri):
            content = as_download(Path(file.abs_src_path), uri, files, config)
            files.remove(file)
            files.append(File.generated(config, uri, content=content))
    return files


def as_download(notebook: Path, uri: str, files: Files, config) -> str:
    """Return the JSON of a notebook that runs in an empty folder: `uri` is where it is told on the site."""
    content = json.loads(notebook.read_text(encoding="utf-8"))
    for cell in content["cells"]:
        if cell["cell_type"] == "markdown":
            cell["source"] = _with_full_links("".join(cell["source"]), uri, files, config)
    code = "\n".join("".join(cell["source"]) for cell in content["cells"] if cell["cell_type"] == "code")
    first = [_installation(config), *_fetching(notebook.parent, code, uri, config)]
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    if content["nbformat_minor"] >= 5:
        cell["id"] = "install"
    content["cells"].insert(0, {**cell, "source": "\n".join(first)})
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def requirement(config) -> str:
    """Return what pip installs: the package by version, or by commit where the repository is known."""
    package = f"bayesian-nn=={versions()['bayesian-nn']}"
    github = github_of(config)
    if not github:
        return package
    at = github.get("commit") or f"v{versions()['bayesian-nn']}"
    return f"bayesian-nn @ git+https://github.com/{github['repository']}@{at}"


def links(example: Example, page_url: str, config) -> list[tuple[str, str]]:
    """Return the texts and attributes of the links to an example's script and notebook, and to Colab."""
    folder = example.generated.name
    found = [
        (text, f'href="{get_relative_url(f"{folder}/{example.name}{suffix}", page_url)}" download')
        for text, suffix in (("script", ".py"), ("notebook", ".ipynb"))
    ]
    if colab := colab_link(f"{folder}/{example.name}.ipynb", config):
        found.append(("open in Colab", f'href="{escape(colab)}" rel="noopener"'))
    return found


def colab_link(path: str, config) -> str:
    """Return the address at which Colab opens the notebook that the site has at `path`; "" if mkdocs.yml
    names no repository, or no branch of it that holds the published notebooks."""
    github = github_of(config)
    if not github.get("notebooks"):
        return ""
    return COLAB.format(repository=github["repository"], branch=github["notebooks"], path=path)


def tidy_links(markdown: str, example: Example, config) -> str:
    """Return a gallery page's Markdown with its downloads, and Colab, at its end."""
    buttons = [
        f'[Script: {example.name}.py]({example.name}.py){{ .md-button download="" }}',
        f'[Notebook: {example.name}.ipynb]({example.name}.ipynb){{ .md-button download="" }}',
    ]
    if colab := colab_link(f"{example.generated.name}/{example.name}.ipynb", config):
        buttons.append(f'[Open in Colab]({colab}){{ .md-button rel="noopener" }}')
    end = (
        '<div class="take-along" markdown="1">\n\n'
        + "\n".join(buttons)
        + "\n\nBoth run as they are, where the library is installed.\n\n</div>\n"
    )
    return DOWNLOAD_LINKS.sub(lambda _: end, markdown)


def github_of(config) -> dict:
    """Return the repository that mkdocs.yml names under extra: github, {} if it names none."""
    github = config.extra.get("github") or {}
    return github if github.get("repository") else {}


def _installation(config) -> str:
    return (
        "# Installs the library where it is missing, as on Colab.\n"
        "try:\n    import bayesian_nn\nexcept ModuleNotFoundError:\n"
        f'    %pip install --quiet "{requirement(config)}"'
    )


def _fetching(folder: Path, code: str, uri: str, config) -> list[str]:
    """Return the code that fetches what a notebook reads from beside itself."""
    beside = [path.name for path in sorted(folder.iterdir()) if path.suffix == ".csv" and path.name in code]
    if not beside:
        return []
    lines = ["", "# And the data, where they do not lie beside this notebook.", "from pathlib import Path"]
    lines.append("from urllib.request import urlretrieve\n")
    for name in beside:
        address = urljoin(config.site_url, posixpath.join(posixpath.dirname(uri), name))
        lines.append(f'if not Path("{name}").exists():\n    urlretrieve("{address}", "{name}")')
    return lines


def _with_full_links(text: str, uri: str, files: Files, config) -> str:
    def full(match: re.Match) -> str:
        path = posixpath.normpath(posixpath.join(posixpath.dirname(uri), match["path"]))
        target = files.get_file_from_path(path)
        address = urljoin(config.site_url, target.url if target else path)
        return f"[{match['text']}]({address}{match['fragment'] or ''})"

    # Odd parts are code.
    parts = CODE.split(text)
    parts[::2] = [LINK.sub(full, part) for part in parts[::2]]
    return "".join(parts)
