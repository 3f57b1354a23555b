"""The rooms of what builds the site: their order, which way their imports point, and no circle."""

import ast
import graphlib

import pytest
from repository import ROOT

import site_build

PACKAGE = ROOT / "src" / "site_build"


def modules_in(package):
    """{dotted name: file} of a package's modules, those that say what a room is left out."""
    files = [file for file in sorted(package.rglob("*.py")) if file.name != "__init__.py"]
    return {".".join(file.relative_to(package).with_suffix("").parts): file for file in files}


def imports_of(file, modules):
    """Names of the package's own modules that a file imports, wherever in it; raises for any other name."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (
            node.level or (node.module or "").split(".")[0] == "site_build"
        ):
            module = "." * node.level + (node.module or "")
            names = [module, *(f"{module}.{alias.name}" for alias in node.names)]
            known = {name.removeprefix("site_build.") for name in names} & modules.keys()
            assert known, f"{file.name} imports {module}, which is no module: import a module, or from one"
            found |= known
        elif isinstance(node, ast.Import):
            names = {alias.name for alias in node.names if alias.name.split(".")[0] == "site_build"}
            assert not names, f"{file.name} has `import {names}`: write `from … import …`"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            # The name of a module that is imported, or started as a process, by name.
            found |= {node.value.removeprefix("site_build.")} & modules.keys()
    return found


def upward(package, rooms):
    """The imports of a package that point to a later room."""
    modules = modules_in(package)
    # What belongs to no room stands after all of them.
    place = {name: rooms.index(name.split(".")[0]) if "." in name else len(rooms) for name in modules}
    return [
        f"{name} imports {other}"
        for name, file in modules.items()
        for other in sorted(imports_of(file, modules))
        if place[other] > place[name]
    ]


def test_every_folder_is_a_room_with_its_place_in_the_order():
    folders = {file.parent.name for file in PACKAGE.rglob("*.py") if file.parent != PACKAGE}
    assert sorted(site_build.ROOMS) == sorted(folders)
    for room in site_build.ROOMS:
        text = (PACKAGE / room / "__init__.py").read_text(encoding="utf-8")
        assert len(ast.parse(text).body) == 1, f"{room}/__init__.py holds more than its docstring"
    # Rooms have no rooms, and beside them is only what mkdocs calls.
    assert all(name.count(".") == 1 for name in modules_in(PACKAGE) if name != "hooks")


def test_the_imports_between_rooms_point_one_way():
    assert not upward(PACKAGE, site_build.ROOMS)
    modules = modules_in(PACKAGE)
    n_imports = sum(len(imports_of(file, modules)) for file in modules.values())
    assert n_imports > len(modules), "almost no import was found: the test has gone blind"


def test_no_module_of_the_build_imports_in_a_circle():
    modules = modules_in(PACKAGE)
    graphlib.TopologicalSorter({name: imports_of(file, modules) for name, file in modules.items()}).prepare()


@pytest.mark.parametrize(
    "line",
    [
        "from site_build.pages.gallery import examples_of",
        "from site_build.pages import gallery",
        "def late():\n    from site_build.pages import gallery",
        "import_module('site_build.pages.gallery')",
    ],
)
def test_an_import_that_points_back_is_found(tmp_path, line):
    for name, text in {"files/disk": line, "pages/gallery": "", "hooks": ""}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.py").write_text(text)
    assert upward(tmp_path, ("files", "pages")) == ["files.disk imports pages.gallery"]
    assert not upward(tmp_path, ("pages", "files"))


@pytest.mark.parametrize(
    "line", ["from site_build.files import nowhere", "from . import x", "import site_build"]
)
def test_an_import_that_names_no_module_is_refused(tmp_path, line):
    (tmp_path / "hooks.py").write_text(line)
    with pytest.raises(AssertionError, match=r"hooks\.py"):
        upward(tmp_path, ())
