"""A tiny project with the real mkdocs.yml's mechanisms, for the tests of what builds the site."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from repository import ROOT

CONFIG = f"""\
INHERIT: {ROOT / "mkdocs.yml"}
hooks: [{ROOT / "src/site_build/hooks.py"}]
nav:
  - Home: index.md
  - Blog:
      - blog/index.md
  - Gallery: gallery/index.md
  - Your own data: notebooks/own.ipynb
  - Reference: reference/index.md
"""

EXAMPLE = '''\
"""
# Does the line rise?

A line that rises, and one that falls.
"""

import json
from pathlib import Path

import matplotlib.pyplot as plt

from bayesian_nn import SLOPE

SEED, N_POINTS = 7, 2

# %%
# The two lines of $y = ax$, with $a < 0$ in one of them.

for label, slope in (("rising", SLOPE), ("falling", -SLOPE)):
    figure, axes = plt.subplots(num=label)
    figure.alt = f'A line "{label}" from 0 to {slope} & [no further]'
    axes.plot([0, slope], color="black")
print("a fence: ``` and one more: ````")

# %%
folder = Path.cwd().parent / "outputs" / "plot_line"
folder.mkdir(parents=True, exist_ok=True)
(folder / "numbers.json").write_text(json.dumps({"slope": SLOPE, "elbo": -1234.56}))
print("the slope is", SLOPE)
'''

FILM = '''\
"""
# Does the film play?

A film that pauses.
"""

from pathlib import Path

import matplotlib.pyplot as plt

folder = Path.cwd().parent / "outputs" / "plot_film"
folder.mkdir(parents=True)
plt.imsave(folder / "turn.png", [[0, 1], [1, 0]])
(folder / "turn.mp4").write_bytes(b"not a real film")
(folder / "turn.gif").write_bytes(b"GIF89a")
(folder / "turn.txt").write_text("A square turns.")
'''

PIXEL = (
    "89504e470d0a1a0a0000000d4948445200000001000000010800000000"
    "3a7e9b550000000a49444154789c63600000000200015d0b2ab40000000049454e44ae426082"
)

POST = """\
---
date: 2026-01-02
authors: [ada]
tags: [lines]
render_macros: true
description: A post about a line.
---

# A line

The slope is {{ numbers.plot_line.slope | number }}, worth {{ numbers.plot_line.elbo | nats }},
and $p(w \\mid x)$ too.

{{ film("plot_film/turn") }}

<!-- more -->

{{ figure("plot_line/rising", "It **rises**.") }}

$$
\\operatorname{KL}(q \\,\\|\\, p) \\ge 0
$$

[the numbers](../../outputs/plot_line/numbers.json)
"""

AUTHORS = """\
authors:
  ada: {name: Ada, description: Author, avatar: assets/ada.png}
"""


def make_project(root: Path) -> Path:
    """Return `root`, filled with two examples, a notebook, a post and a library of one number."""
    files = {
        "mkdocs.yml": CONFIG,
        "requirements.lock": "",
        "src/bayesian_nn/__init__.py": "SLOPE = 2\n",
        "examples/README.md": "# Gallery\n\nExamples.\n",
        "examples/plot_line.py": EXAMPLE,
        "examples/plot_film.py": FILM,
        "docs/index.md": "# Home\n\n## About $z^2$\n\nA formula: $x_1 \\le \\mathbb{E}[w]$.\n",
        "docs/assets/ada.png": "",
        "docs/blog/index.md": "# Blog\n",
        "docs/reference/index.md": "# Reference\n",
        "docs/blog/.authors.yml": AUTHORS,
        "docs/blog/posts/line.md": POST,
        "docs/notebooks/own.ipynb": notebook(
            "# Own data\n\nThe [home](../index.md), the [data](own.csv), and $z^2$; not `$z$`.",
            "from bayesian_nn import SLOPE\nprint('rows:', open('own.csv').read().count(','), SLOPE)",
            "import time\nprint('first', flush=True)\ntime.sleep(0.5)\nprint('second')",
            f"from IPython.display import Image\nImage(bytes.fromhex('{PIXEL}'))",
            alt='One "dark" pixel.',
        ),
        "docs/notebooks/own.csv": "1,2\n",
    }
    for name, text in files.items():
        write(root / name, text)
    # mkdocs.yml names styles, scripts, a logo, and perhaps templates.
    for name in ("docs/assets", "docs/overrides"):
        if (ROOT / name).exists():
            shutil.copytree(ROOT / name, root / name, dirs_exist_ok=True)
    shutil.copy(ROOT / "CITATION.cff", root)
    return root


def copy_of(project: Path, root: Path) -> Path:
    """Return a copy of a project as it stands: built, if it was."""
    return shutil.copytree(project, root)


def notebook(markdown: str, *code: str, alt: str = "") -> str:
    """Return the JSON of a notebook with one text cell and some code cells, the last with the text `alt`."""
    cells = [{"cell_type": "markdown", "id": "text", "metadata": {}, "source": markdown}]
    for number, source in enumerate(code):
        cell = {"cell_type": "code", "id": f"code-{number}", "metadata": {}, "source": source}
        cells.append({**cell, "outputs": [], "execution_count": None})
    cells[-1]["metadata"] = {"alt": alt}
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return json.dumps(
        {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    )


def write(path: Path, text: str) -> None:
    """Write a file, and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def change(path: Path, old: str, new: str) -> None:
    """Replace text in a file; the text must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def environment(project: Path) -> dict[str, str]:
    """Return the environment of a project's build: its own library, and this repository's build code."""
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(project / "src"), str(ROOT / "src")]),
        "NO_MKDOCS_2_WARNING": "1",
        "DISABLE_MKDOCS_2_WARNING": "true",
        "SOURCE_DATE_EPOCH": "1767225600",
    }


def build(project: Path, *, command=("-m", "mkdocs"), **variables: str) -> subprocess.CompletedProcess:
    """Return the finished strict build of a project, with `variables` set; stdout has its text."""
    return subprocess.run(
        [sys.executable, *command, "build", "--strict"],
        cwd=project,
        env={**environment(project), **variables},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=120,
    )


def build_passes(project: Path, **variables: str) -> str:
    """Return what the strict build of a project says; it must succeed."""
    result = build(project, **variables)
    assert result.returncode == 0, result.stdout
    return result.stdout


def build_fails(project: Path, **variables: str) -> str:
    """Return what the strict build of a project says; it must fail."""
    result = build(project, **variables)
    assert result.returncode != 0, result.stdout
    return result.stdout


def timeless(content: bytes) -> bytes:
    """Return a file without how long a script ran, which a page says and which differs from run to run."""
    return re.sub(rb'(class="provenance__seconds">)[^<]*', rb"\1", content)


def wait_for(condition, seconds: float = 30) -> bool:
    """Return whether `condition()` became true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.1)
    return False
