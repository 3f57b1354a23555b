"""The library's rooms: imports point one way, and each name has one home. All is read from the folders."""

import ast
import graphlib
import subprocess
import sys

import pytest
from imports import imported_names
from repository import ROOT

import bayesian_nn as bnn

LIBRARY = ROOT / "src" / "bayesian_nn"
TENSORFLOW = {"tensorflow", "tensorflow_probability", "tf_keras", "keras"}
# The rooms whose modules must all do without TensorFlow, and so what builds pages can use.
NUMPY_ROOMS = ("data", "predictions", "scores", "figures", "browser")


def modules():
    """{dotted name below the library: file} of every module that is no room's face."""
    return {
        ".".join(file.relative_to(LIBRARY).with_suffix("").parts): file
        for file in sorted(LIBRARY.rglob("*.py"))
        if file.name not in ("__init__.py", "__main__.py")
    }


def imports_of(file, known):
    """The library's modules that a file imports. An import that names no module of it fails: it would be
    left out of all that these tests see."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module]
        for name in names:
            package, _, module = name.partition(".")
            if package == "bayesian_nn":
                assert module in known, f"{file} imports {name}: name the module that defines what it needs"
                found.add(module)
    return found


def test_the_rooms_are_the_folders():
    folders = {file.parent.name for file in LIBRARY.glob("*/__init__.py")}
    assert folders == {file.parent.name for file in LIBRARY.glob("*/*.py")}
    assert sorted(bnn.ROOMS) == sorted(folders)


def test_imports_between_rooms_point_down_the_pipeline():
    known = modules()
    assert len(known) > 50
    arrows = {(module, other) for module, file in known.items() for other in imports_of(file, known)}
    assert len(arrows) > 200
    place = bnn.ROOMS.index
    upward = [
        f"{module} imports {other}"
        for module, other in sorted(arrows)
        if place(module.split(".")[0]) < place(other.split(".")[0])
    ]
    assert not upward


def test_no_module_imports_in_a_circle():
    known = modules()
    graphlib.TopologicalSorter({module: imports_of(file, known) for module, file in known.items()}).prepare()


@pytest.mark.parametrize("planted", ["from bayesian_nn.model import Model", "import bayesian_nn as bnn"])
def test_an_import_whose_module_cannot_be_told_is_noticed(tmp_path, planted):
    file = tmp_path / "planted.py"
    file.write_text(planted)
    with pytest.raises(AssertionError, match="name the module that defines"):
        imports_of(file, modules())


def test_a_room_holds_at_most_about_ten_modules():
    sizes = {room: len(list((LIBRARY / room).glob("[!_]*.py"))) for room in bnn.ROOMS}
    # A module for each likelihood and for each finding: there a longer list is no harder to read.
    most = {"likelihoods": 14, "verdict": 20}
    too_full = {room: size for room, size in sizes.items() if size > most.get(room, 12)}
    assert not too_full


def test_what_draws_and_builds_imports_no_tensorflow():
    names = [f"bayesian_nn.{module}" for module in modules() if module.split(".")[0] in NUMPY_ROOMS]
    site_build = ROOT / "src" / "site_build"
    names += [
        ".".join(file.relative_to(site_build.parent).with_suffix("").parts)
        for file in sorted(site_build.rglob("[!_]*.py"))
    ]
    script = "import sys; [__import__(name) for name in sys.argv[1:]]; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script, *names], cwd=ROOT, capture_output=True, text=True)
    assert not loaded.returncode, loaded.stderr
    found = TENSORFLOW & set(loaded.stdout.split())
    assert not found


def test_the_build_never_imports_the_library():
    for file in (ROOT / "src" / "site_build").rglob("*.py"):
        found = {name.split(".")[0] for name in imported_names(file)} & (TENSORFLOW | {"bayesian_nn"})
        assert not found, f"{file.name} imports {found}"


def faces():
    """{dotted name of a package: the names that its stub offers, each with the module it comes from}."""
    found = {}
    for stub in sorted(LIBRARY.rglob("__init__.pyi")):
        package = ".".join(("bayesian_nn", *stub.parent.relative_to(LIBRARY).parts))
        nodes = [node for node in ast.parse(stub.read_text()).body if isinstance(node, ast.ImportFrom)]
        found[package] = {alias.name: node.module for node in nodes for alias in node.names if node.module}
    return found


def test_each_public_name_has_one_home():
    homes = {}
    for package, names in faces().items():
        for name in names:
            homes.setdefault(name, []).append(package)
    assert not {name: packages for name, packages in homes.items() if len(packages) > 1}
    assert len(faces()["bayesian_nn"]) <= 45


def test_each_face_offers_what_its_modules_call_public():
    for package, names in faces().items():
        for name, module in names.items():
            source = __import__(f"{package}.{module}", fromlist=[name])
            assert name in source.__all__, f"{package}.{name} is not in the __all__ of {module}"
            assert getattr(sys.modules[package], name) is getattr(source, name)


def test_what_the_library_has_not_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such_name"):
        bnn.no_such_name  # noqa: B018
