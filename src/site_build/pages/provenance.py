"""Under every figure: the cell that drew it, its seed, its seconds, and how to make it again."""

import ast
import re
from html import escape
from math import isfinite
from pathlib import Path

from mkdocs.exceptions import PluginError
from mkdocs.utils import get_relative_url

from site_build.execution import cell_outputs, example_runs
from site_build.execution.example_runs import Example
from site_build.files.json_files import read_json
from site_build.html.macros import read_numbers, seconds
from site_build.pages import downloads

FIGURE = re.compile(r"<figure\b[^>]*>(?:(?!</figure>).)*</figure>", re.DOTALL)
SHOWN = re.compile(r'"site:outputs/(plot_\w+)/([^"#]+)')
CAPTION = re.compile(r"</figcaption>\s*</figure>$")
# What mkdocs-gallery writes above each block of a script, code or text.
BLOCK = re.compile(r"<!-- GENERATED FROM PYTHON SOURCE LINES (\d+)-\d+ -->")
CODE = re.compile(r"^(`{3,})\{\.python\}$", re.MULTILINE)


def with_anchors(markdown: str) -> str:
    """Return a gallery page's Markdown with an id on every cell: where it begins in the script."""
    start, *blocks = BLOCK.split(markdown)
    # After each split come a line's number and the block.
    named = (
        CODE.sub(rf"\g<1>{{.python #line-{line}}}", block, count=1)
        for line, block in zip(blocks[::2], blocks[1::2], strict=True)
    )
    return start + "".join(named)


def complete(html: str, page, examples: list[Example], config) -> str:
    """Return a page's HTML with the provenance of each figure under it; raises PluginError where the build
    does not know which cell wrote it."""
    by_name = {example.name: example for example in examples}

    def completed(figure: re.Match) -> str:
        # outputs.py says which page shows what no example has made.
        shown = [(by_name[name], file) for name, file in SHOWN.findall(figure[0]) if name in by_name]
        if not shown:
            return figure[0]
        line = f'<div class="provenance">{_provenance(shown, page, config)}</div>'
        if CAPTION.search(figure[0]):
            return CAPTION.sub(lambda _: f"{line}</figcaption>\n</figure>", figure[0])
        return figure[0].replace("</figure>", f"<figcaption>{line}</figcaption>\n</figure>")

    return FIGURE.sub(completed, html)


def _provenance(shown: list[tuple[Example, str]], page, config) -> str:
    example, file = shown[0]
    facts = [f'Drawn by <a href="{_cell(example, file, page)}">this cell</a>']
    # A player may lay what other examples made over it, or beside it.
    others = {other: _cell(other, file, page) for other, file in reversed(shown) if other != example}
    facts += [f'with <a href="{cell}">that of {other.name}</a>' for other, cell in sorted(others.items())]
    facts.append(seed_of(example))
    # It differs from run to run, and is all that does.
    took = example_runs.seconds_of_last_run(example)
    if isfinite(took):
        facts.append(f'its script ran <span class="provenance__seconds">{seconds(took)}</span>')
    built_upon = read_json(example.outputs / cell_outputs.FILE)["versions"]
    versions = ", ".join(f"{name} {version}" for name, version in built_upon.items())
    links = " · ".join(
        f"<a {attributes}>{text}</a>" for text, attributes in downloads.links(example, page.url, config)
    )
    return (
        f"<span>{' · '.join(filter(None, facts))}</span> <details><summary>Make it again</summary>"
        f"<p><code>make example EXAMPLE={example.name}</code></p><p>{escape(versions)}</p><p>{links}</p>"
        "</details>"
    )


def _cell(example: Example, file: str, page) -> str:
    """Return the address of the cell that wrote a file, relative to a page."""
    record = read_json(example.outputs / cell_outputs.FILE) or {}
    line = record.get("lines", {}).get(file)
    if line is None:
        raise PluginError(
            f"{page.file.src_uri} shows {file}, and outputs/{example.name}/{cell_outputs.FILE} does not say "
            f"which cell of examples/{example.name}.py wrote it: delete outputs/{example.name}/ and build "
            "again."
        )
    where = f"{example.generated.name}/{example.name}/"
    return f"#line-{line}" if page.url == where else f"{get_relative_url(where, page.url)}#line-{line}"


def seed_of(example: Example) -> str:
    """Return "seed 0" or "seeds 0, 1, 2": what the example's numbers.json says, else its constant SEED or
    SEEDS; "" if it has neither."""
    numbers = example.outputs / "numbers.json"
    script = example.scripts / f"{example.name}.py"
    seed = read_numbers(numbers).get("seed") if numbers.exists() else None
    if seed is None:
        seed = _constants(script).get("SEED", _constants(script).get("SEEDS"))
    if seed is None:
        return ""
    return f"seeds {', '.join(map(str, seed))}" if isinstance(seed, list | tuple) else f"seed {seed}"


def _constants(script: Path) -> dict:
    found = {}
    for node in ast.parse(script.read_text(encoding="utf-8")).body:
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        names, values = _pair(node.targets[0]), _pair(node.value)
        if len(names) == 1:
            values = [node.value]
        for name, value in zip(names, values, strict=False):
            if isinstance(name, ast.Name) and name.id in {"SEED", "SEEDS"}:
                found[name.id] = _literal(value, name.id, script)
    return found


def _literal(node: ast.expr, name: str, script: Path):
    try:
        return ast.literal_eval(node)
    except ValueError:
        raise PluginError(
            f"examples/{script.name}, line {node.lineno}: {name} = {ast.unparse(node)} is computed; the "
            "line under each figure tells the seed: write it as a number, or `seed` into numbers.json."
        ) from None


def _pair(node: ast.expr) -> list[ast.expr]:
    return node.elts if isinstance(node, ast.Tuple) else [node]
