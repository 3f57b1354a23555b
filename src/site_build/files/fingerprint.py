"""Fingerprints of files: what decides whether an example or a notebook is executed again."""

import ast
import hashlib
import io
import json
import os
import platform
import tokenize
from collections.abc import Iterable
from functools import cache
from pathlib import Path

# This package's sources by their paths in it, such as "html/media.py", as they were when this process began:
# a later edit changes nothing that it does.
PACKAGE = Path(__file__).parents[1]
SOURCES = {file.relative_to(PACKAGE).as_posix(): file.read_bytes() for file in sorted(PACKAGE.rglob("*.py"))}

# Written by tools beside the sources; nothing that is executed reads them.
IGNORED_FOLDERS = {"__pycache__", ".ipynb_checkpoints", ".ruff_cache", "outputs"}


def files_below(folder: Path) -> list[Path]:
    """Return every file below `folder`, sorted, without caches and outputs; empty if there is no folder."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not IGNORED_FOLDERS.intersection(path.relative_to(folder).parts)
    )


def digests(paths: Iterable[Path], root: Path) -> dict[str, str]:
    """Return the SHA-256 of each file's content by its name relative to `root`; None for a missing file."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else None
        for path in sorted(paths)
    }


def fingerprint(root: Path, paths: Iterable[Path], **settings) -> str:
    """Return one SHA-256 of `paths` (names and contents), the library, the lock, Python, the
    folder of data files and `settings`."""
    content = {
        "files": digests({*paths, *files_below(root / "src" / "bayesian_nn")}, root),
        "lock": lock_digest(root),
        # A folder of data files: what there is in it decides what a page is made with.
        "data": os.environ.get("BAYESIAN_NN_DATA"),
        "python": platform.python_version(),
        "settings": settings,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def code_digest(files: Iterable[Path], root: Path) -> str:
    """Return one SHA-256 of what Python files do: their comments, docstrings and empty lines are left out."""
    content = {file.relative_to(root).as_posix(): _code(file.read_text("utf-8")) for file in sorted(files)}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _code(source: str) -> list[str]:
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(source)):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        if documented and ast.get_docstring(node, clean=False) is not None:
            text = node.body[0]
            lines[text.lineno - 1 : text.end_lineno] = [""] * (text.end_lineno - text.lineno + 1)
    return [line.rstrip() for line in lines if line.strip()]


def own_modules(*names: str) -> str:
    """Return one SHA-256 of this package's named files, all without a name, as this process runs them.

    Raises ValueError for a name that is not the path of a module in this package.
    """
    if unknown := [name for name in names if name not in SOURCES]:
        raise ValueError(
            f"site_build has no module {', '.join(unknown)}: give paths below {PACKAGE.name}/, as in "
            '"html/media.py".'
        )
    return hashlib.sha256(b"".join(SOURCES[name] for name in names or SOURCES)).hexdigest()


@cache
def lock_digest(root: Path) -> str:
    """Return the SHA-256 of requirements.lock as it was first found: a process keeps what it has loaded."""
    return hashlib.sha256((root / "requirements.lock").read_bytes()).hexdigest()
