"""Notebooks as pages: executed by mkdocs-jupyter when something that they depend on has changed."""

import json
import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.toc import get_toc

from site_build.files.fingerprint import digests, files_below, fingerprint, own_modules
from site_build.files.json_files import read_json, write_json
from site_build.pages.downloads import as_download
from site_build.pages.notebook_html import checked, described, tidied

OPTIONS = {
    "execute": True,
    "allow_errors": False,  # True is mkdocs-jupyter's default: a notebook that raises would be published.
    "kernel_name": "python3",
    "no_prompt": True,
    "toc_depth": 3,
}


class NotebookFile(File):
    """A notebook, which mkdocs takes for a page."""

    def is_documentation_page(self) -> bool:
        return True


def as_pages(files: Files, config) -> Files:
    """Return `files` with each notebook of docs/notebooks as a page, and as downloads/<name>.ipynb."""
    for file in list(files):
        if _is_notebook(file):
            files.remove(file)
            files.append(
                NotebookFile(file.src_uri, config.docs_dir, config.site_dir, config.use_directory_urls)
            )
            download = f"downloads/{Path(file.src_uri).name}"
            content = as_download(Path(file.abs_src_path), file.src_uri, files, config)
            files.append(File.generated(config, download, content=content))
    return files


def prepare(page, config, files):
    """Return a notebook's page, its content ready; raises PluginError where the notebook raises or warns."""
    if not _is_notebook(page.file):
        return page
    cached = _executed(page, config, files)

    def render(_config, _files):
        page.content, page.toc = cached["content"], get_toc(cached["toc_tokens"])
        page.title = cached["title"] or page.title

    page.render = render
    return page


def link(html: str, page, files) -> str:
    """Return a notebook's HTML with its links rewritten as in Markdown; raises for a broken one."""
    return checked(html, page.file, files) if _is_notebook(page.file) else html


def _is_notebook(file: File) -> bool:
    return file.src_uri.startswith("notebooks/") and file.src_uri.endswith(".ipynb")


def _executed(page, config, files) -> dict:
    root, notebook = Path(config.config_file_path).parent, Path(page.file.abs_src_path)
    beside = [path for path in files_below(notebook.parent) if path.suffix != ".ipynb"]
    key = fingerprint(
        root,
        [notebook, *beside],
        options=OPTIONS,
        build=own_modules("pages/notebooks.py", "pages/notebook_html.py"),
    )
    folder = root / ".cache" / "notebooks" / notebook.stem
    cache = folder / f"{key}.json"
    if (result := read_json(cache)) is None:
        before = digests(files_below(notebook.parent), root)
        result = _execute(page, config, files, folder)
        if digests(files_below(notebook.parent), root) != before:
            # Under mkdocs serve this would build again, and again.
            raise PluginError(f"{page.file.src_uri} changes files beside itself: let it write elsewhere.")
        shutil.rmtree(folder, ignore_errors=True)
        write_json(cache, result)
    return result


def _execute(page, config, files, folder: Path) -> dict:
    # Importing mkdocs-jupyter takes longer than building all pages, so it is no plugin of mkdocs.yml.
    from mkdocs_jupyter.plugin import Plugin
    from nbclient.exceptions import CellExecutionError

    plugin = Plugin()
    errors, warnings = plugin.load_config({**OPTIONS, "cache_dir": str(folder / "mkdocs-jupyter")})
    if errors or warnings:
        raise PluginError(f"mkdocs-jupyter refuses its options: {errors + warnings}")
    shutil.rmtree(folder / "mkdocs-jupyter", ignore_errors=True)
    plugin.on_pre_build(config)
    plugin.on_pre_page(page, config, files)
    try:
        with _environment_of_kernel():
            page.render(config, files)
    except CellExecutionError as error:
        raise PluginError(f"{page.file.src_uri} failed:\n{_tail(str(error))}") from error
    (result,) = (folder / "mkdocs-jupyter").glob("*.json")
    executed = json.loads(result.read_text(encoding="utf-8"))
    notebook = json.loads(Path(page.file.abs_src_path).read_text(encoding="utf-8"))
    html = described(executed["content"], notebook, page.file.src_uri)
    return {**executed, "content": tidied(html, page.file.src_uri)}


@contextmanager
def _environment_of_kernel():
    """The build's environment as a kernel needs it: figures on the page, TensorFlow's greeting not, and no
    progress bars, of which every state would stay on the page."""
    before = dict(os.environ)
    # The build draws without a screen (agg), and a kernel that inherited that would show no figure.
    os.environ.pop("MPLBACKEND", None)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["TQDM_DISABLE"] = "1"
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _tail(text: str, n_lines: int = 15) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    return "\n".join(text.rstrip().splitlines()[-n_lines:])
