"""The rooms of the site's own scripts: which way their imports point, and that each names a file."""

import graphlib
import posixpath
import re

import pytest
from repository import ROOT

ASSETS = ROOT / "docs" / "assets"
# A module loads from its own room and from those before it; of two that stand apart none knows the other.
ORDER = ["numerics", "drawing", "player", "digits", "playground", "page"]
APART = {"digits", "playground"}
# What a module loads: at once, when it is needed, or as a worker.
LOADS = [
    r"""^(?:(?:import|export)\b[^;"'=]*?\bfrom\b|import)\s*["']([^"']*)["']""",
    r"""\bimport\(\s*["'`]([^"'`]*)["'`]""",
    r"""\bnew URL\(\s*["']([^"']*)["'],\s*import\.meta\.url""",
]
# By the element that is on the page: its names are in a table, which is looked at instead.
BY_NAME = "../${module}"
LOADER = "page/load-elements.js"


def loaded_by(assets):
    """{module: paths below `assets` of the modules that it loads}; raises for one that is no file."""
    found = {}
    for file in sorted(assets.rglob("*.js")):
        text, name = file.read_text(encoding="utf-8"), file.relative_to(assets).as_posix()
        named = [other for pattern in LOADS for other in re.findall(pattern, text, re.MULTILINE)]
        if name == LOADER:
            assert named.count(BY_NAME) == 1, f"{LOADER} does not load modules by their names"
            named.remove(BY_NAME)
            named += [f"../{module}" for module in re.findall(r'": "([^"]*\.js)"', text)]
        found[name] = {posixpath.normpath(posixpath.join(posixpath.dirname(name), other)) for other in named}
        for other in found[name]:
            assert (assets / other).is_file(), f"{name} loads {other}, which is no file"
    return found


def upward(loaded):
    """What a module loads from a later room, or from a room that it stands apart from."""
    wrong = []
    for name, others in loaded.items():
        room = name.split("/")[0]
        for other in sorted(others):
            theirs = other.split("/")[0]
            if ORDER.index(theirs) > ORDER.index(room) or {room, theirs} == APART:
                wrong.append(f"{name} loads {other}")
    return wrong


def test_every_folder_of_scripts_is_a_room_with_its_place_in_the_order():
    assert sorted(folder.name for folder in ASSETS.iterdir() if folder.is_dir()) == sorted(ORDER)
    scripts_and_styles = [*ASSETS.rglob("*.js"), *ASSETS.rglob("*.css")]
    assert {file.parent for file in scripts_and_styles} == {ASSETS / room for room in ORDER}


def test_what_a_script_loads_exists_and_lies_in_no_later_room():
    loaded = loaded_by(ASSETS)
    assert not upward(loaded)
    assert sum(map(len, loaded.values())) > len(loaded), "almost no import was found: the test has gone blind"
    # Each is needed by another, or by a page.
    assert set(loaded) - {LOADER} == set().union(*loaded.values())


def test_no_scripts_import_each_other_in_a_circle():
    graphlib.TopologicalSorter(loaded_by(ASSETS)).prepare()


@pytest.mark.parametrize(
    "line",
    [
        'import { a } from "../player/run.js";',
        'import {\n  a,\n} from "../player/run.js";',
        'import "../player/run.js";',
        'export { a } from "../player/run.js";',
        'const { a } = await import("../player/run.js");',
        'new Worker(new URL("../player/run.js", import.meta.url));',
    ],
)
def test_an_import_that_points_back_is_found(tmp_path, line):
    for name, text in {"drawing/chart.js": line, "player/run.js": ""}.items():
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    assert upward(loaded_by(tmp_path)) == ["drawing/chart.js loads player/run.js"]
    (tmp_path / "player" / "run.js").unlink()
    with pytest.raises(AssertionError, match=r"player/run\.js, which is no file"):
        loaded_by(tmp_path)


def test_the_digits_and_the_playground_stand_apart():
    assert upward({"playground/data.js": {"digits/posterior.js"}}) == [
        "playground/data.js loads digits/posterior.js"
    ]
