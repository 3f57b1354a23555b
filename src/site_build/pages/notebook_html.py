"""The HTML that mkdocs-jupyter makes of a notebook, in the form of this site's other pages."""

import posixpath
import re
from html import escape, unescape

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files

# 575 kB of JupyterLab's CSS, scripts (one loads from another origin) and a second copy button.
FOREIGN = re.compile(
    r"<!--.*?-->|<style.*?</style>|<script.*?</script>|<clipboard-copy.*?</clipboard-copy>"
    r'|<div[^>]*\bclipboard-copy-txt\b.*?</div>| tabindex="0"',
    re.DOTALL,
)
CODE = re.compile(r'<div class="highlight-ipynb[^"]*"><pre>(?:<span></span>)?(.*?)</pre></div>', re.DOTALL)
VERBATIM = re.compile(r"(<pre\b.*?</pre>|<code\b.*?</code>)", re.DOTALL)
TEX = re.compile(r"\$\$(?P<display>.+?)\$\$|\$(?P<inline>[^$\n]+?)\$", re.DOTALL)
CELL = re.compile(r'id="cell-id=([^"]+)"')
# nbconvert's text for every figure.
NO_TEXT = "No description has been provided for this image"
STDERR = re.compile(r'<div[^>]*data-mime-type="application/vnd.jupyter.stderr"[^>]*>(.*?)</div>', re.DOTALL)
# What TensorFlow's C++ code writes before it can be told to be quiet.
GREETING = re.compile(
    r"^([IWE]\d{4} \d\d:.*|WARNING: All log messages before absl.*|To enable the following.*)$\n?",
    re.MULTILINE,
)
EMPTY = re.compile(r'<div class="jp-OutputArea-child">\s*</div>\s*')
# What a cell prints comes in as many pieces as the moment has it.
SEAM = re.compile(
    r'</pre>\s*</div>\s*</div>\s*<div class="jp-OutputArea-child">\s*'
    r'<div class="jp-RenderedText jp-OutputArea-output" data-mime-type="text/plain">\s*<pre>'
)
LINK = re.compile(r'(?P<attribute>href|src)="(?P<path>[^"#:/?][^"#:?]*)(?P<fragment>#[^"]*)?"')


def tidied(html: str, name: str) -> str:
    """Return HTML with material's code blocks and marked formulas; raises for warnings and missing texts."""
    html = FOREIGN.sub("", html)
    for shown in STDERR.findall(html):
        if complaint := GREETING.sub("", unescape(re.sub("<[^>]+>", "", shown)).strip()).strip():
            raise PluginError(f"{name} shows a warning or an error:\n{complaint}")
    html = SEAM.sub("", EMPTY.sub("", STDERR.sub("", html)))
    if NO_TEXT in html:
        raise PluginError(
            f'{name} has a figure without text: give its cell the metadata {{"alt": "what it shows"}}.'
        )
    html = CODE.sub(r'<div class="highlight language-python"><pre><code>\1</code></pre></div>', html)
    # Odd parts are the verbatim ones: a dollar in code is a dollar.
    parts = VERBATIM.split(html)
    parts[::2] = [TEX.sub(_marked, part) for part in parts[::2]]
    return "".join(parts).replace('class="anchor-link"', 'class="headerlink"')


def described(html: str, notebook: dict, name: str) -> str:
    """Return a notebook's HTML with each cell's "alt", from its metadata, on the figure of that cell; raises
    where a text describes a figure that is not there."""
    parts = CELL.split(html)
    texts = {cell.get("id"): cell["metadata"].get("alt") for cell in notebook["cells"]}
    # After each split come a cell's id and its HTML.
    for number in range(1, len(parts), 2):
        if text := texts.pop(parts[number], None):
            if NO_TEXT not in parts[number + 1]:
                raise PluginError(f"{name}: a cell's text describes a figure, but it shows none: {text!r}.")
            parts[number + 1] = parts[number + 1].replace(NO_TEXT, escape(text, quote=True))
        parts[number] = f'id="cell-id={parts[number]}"'
    return "".join(parts)


def checked(html: str, notebook: File, files: Files) -> str:
    """Return HTML with its relative links made the site's, as in Markdown; raises for a broken one."""

    def rewritten(match: re.Match) -> str:
        uri = posixpath.normpath(posixpath.join(posixpath.dirname(notebook.src_uri), unescape(match["path"])))
        target = files.get_file_from_path(uri)
        if target is None or target.inclusion.is_excluded():
            raise PluginError(f"{notebook.src_uri} links to {match['path']}, which does not exist.")
        return f'{match["attribute"]}="{escape(target.url_relative_to(notebook))}{match["fragment"] or ""}"'

    parts = VERBATIM.split(html)
    parts[::2] = [LINK.sub(rewritten, part) for part in parts[::2]]
    return "".join(parts)


def _marked(match: re.Match) -> str:
    # The form of pymdownx.arithmatex, so that mathematics.py finds formulas of every origin.
    if match["display"]:
        return f'<div class="arithmatex">\\[{match["display"]}\\]</div>'
    return f'<span class="arithmatex">\\({match["inline"]}\\)</span>'
