"""What a computation depends on, as one digest: arguments, code, versions, the machine."""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import json
import os
import platform
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from types import CodeType, FunctionType

import numpy as np

from bayesian_nn.runtime.checks import shown

__all__ = ["computation_key", "is_edited", "plain", "sources"]

PACKAGE = Path(__file__).parents[1]
NUMERICAL = ("numpy", "tensorflow", "tensorflow-probability", "tf-keras")
# They choose among kernels and devices, and so among roundings.
VARIABLES = ("TF_", "XLA_", "OMP_", "CUDA_", "MKL_")


def computation_key(name: str, compute: Callable, depends_on: Sequence, modules: Sequence[str]) -> str:
    """Returns one SHA-256 of all that the arrays of `cached_arrays` depend on; raises where it does."""
    if not re.fullmatch(r"[\w-]+", name):
        raise ValueError(
            f"name must be of letters, digits, - and _, as in 'reference-cosine'; got {shown(name)}."
        )
    if not isinstance(compute, FunctionType):
        raise TypeError(f"compute must be a function, as in lambda: {{...}}; got {shown(compute)}.")
    if isinstance(depends_on, str) or isinstance(modules, str):
        raise TypeError('depends_on and modules must be lists or tuples, as in modules=["sampling.hmc"].')
    content = {
        "name": name,
        "compute": _plain_code(compute.__code__),
        "depends_on": [plain(value) for value in depends_on],
        "sources": {file.relative_to(PACKAGE).as_posix(): _digest(file) for file in sources(modules)},
        "versions": {package: version(package) for package in NUMERICAL},
        "python": platform.python_version(),
        "machine": _machine(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def plain(value) -> object:
    """Returns JSON that is the same for two values only if they are."""
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return ["int", str(value)]
    if isinstance(value, float):
        return ["float", value.hex()]
    if isinstance(value, np.ndarray | np.generic) and not value.dtype.hasobject:
        return ["array", value.dtype.descr, value.shape, hashlib.sha256(value.tobytes()).hexdigest()]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return [type(value).__qualname__, plain(parts)]
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        return ["dict", {name: plain(part) for name, part in value.items()}]
    if isinstance(value, tuple | list):
        return [type(value).__qualname__, [plain(part) for part in value]]
    if isinstance(value, FunctionType):
        held = [cell.cell_contents for cell in value.__closure__ or ()]
        return [
            "function",
            _plain_code(value.__code__),
            plain([held, value.__defaults__, value.__kwdefaults__]),
        ]
    raise TypeError(
        f"depends_on has {shown(value)}, and only numbers, texts, arrays, dataclasses, functions, and "
        "tuples, lists and dicts of them can be told apart: give what it is made of."
    )


def sources(modules: Sequence[str]) -> list[Path]:
    """Returns the files of the library's `modules`, such as "sampling.hmc", and of all that they import from
    it, directly or not.

    Raises ValueError for a module that the library has not, and for an import whose file cannot be told: a
    room's face hides which of its modules is meant.
    """
    found: set[Path] = set()
    left = []
    for name in modules:
        file = _file_of(name)
        if file is None:
            path = f"{PACKAGE.name}/{name.replace('.', '/')}.py"
            raise ValueError(f"modules names {name!r}, but there is no {path}.")
        left.append(file)
    while left:
        file = left.pop()
        if file not in found:
            found.add(file)
            left.extend(_imported_by(file))
    return sorted(found)


def is_edited(modules: Sequence[str]) -> bool:
    """Whether this process may have loaded another version of these modules, or of what they import, than the
    files now hold."""
    return any(_loaded.setdefault(file, digest := _digest(file)) != digest for file in sources(modules))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _imported_by(file: Path) -> Iterator[Path]:
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level:
            raise ValueError(f"{file} imports relatively; write {PACKAGE.name}. and the module.")
        elif isinstance(node, ast.ImportFrom):
            names = _modules_of(node)
        else:
            continue
        for name in names:
            package, _, module = name.partition(".")
            if package != PACKAGE.name:
                continue
            imported = _file_of(module)
            if imported is None:
                raise ValueError(
                    f"{file} imports {name}, which is no module of {PACKAGE.name}: import from the module "
                    "that defines it, not from the room."
                )
            yield imported


def _modules_of(node: ast.ImportFrom) -> list[str]:
    """Returns the modules that `from a.b import c` reads: a.b, or a.b.c where b is a room."""
    if (PACKAGE.parent / node.module.replace(".", "/")).is_dir():
        return [f"{node.module}.{alias.name}" for alias in node.names]
    return [node.module]


def _file_of(module: str) -> Path | None:
    file = PACKAGE / f"{module.replace('.', '/')}.py"
    return file if file.is_file() else None


def _plain_code(code: CodeType) -> object:
    # Where in its file a function stands, and what its file is called, changes nothing that it computes.
    constants = [
        _plain_code(part) if isinstance(part, CodeType) else _plain_constant(part) for part in code.co_consts
    ]
    names = [code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars]
    return [code.co_code.hex(), constants, [list(part) for part in names]]


def _plain_constant(value) -> object:
    # The order of a set is another one in each process.
    return sorted(map(repr, value)) if isinstance(value, frozenset) else repr(value)


def _machine() -> list:
    # XLA compiles for the processor that it finds, and sums are split among its cores.
    variables = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(VARIABLES) and not name.startswith("TF_CPP_")
    }
    processor = platform.processor()
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        processor = sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))})
    return [platform.system(), platform.machine(), processor, os.cpu_count(), variables]


# The library's files as they were when this module was imported.
_loaded = {file: _digest(file) for file in PACKAGE.rglob("*.py")}
