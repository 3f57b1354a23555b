"""The fingerprint of the build's own code: it covers every module of every room, and knows no other name."""

import shutil
import subprocess
import sys

import pytest
from repository import ROOT

import site_build
from site_build.execution import example_runs
from site_build.files import fingerprint

SOURCES = ROOT / "src" / "site_build"


def digest_of(package, *names):
    """What a new process, which runs a copy of the package, gets for its own modules."""
    code = (
        "import sys; from site_build.files.fingerprint import own_modules; print(own_modules(*sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, *names]
    environment = {"PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def test_editing_any_module_changes_the_fingerprint_of_all(tmp_path):
    package = tmp_path / "site_build"
    shutil.copytree(SOURCES, package, ignore=shutil.ignore_patterns("__pycache__"))
    files = sorted(package.rglob("*.py"))
    assert {file.parent.name for file in files} > set(site_build.ROOMS)
    found = {digest_of(package)}
    for n_edited, file in enumerate(files, start=1):
        file.write_text(file.read_text(encoding="utf-8") + "# edited\n", encoding="utf-8")
        found.add(digest_of(package))
        assert len(found) == n_edited + 1, f"{file.relative_to(package)} is in no fingerprint"


def test_a_modules_fingerprint_is_its_own(tmp_path):
    package = tmp_path / "site_build"
    shutil.copytree(SOURCES, package, ignore=shutil.ignore_patterns("__pycache__"))
    before = digest_of(package, "html/media.py"), digest_of(package, "pages/webp.py")
    (package / "html" / "media.py").write_text("# edited\n", encoding="utf-8")
    after = digest_of(package, "html/media.py"), digest_of(package, "pages/webp.py")
    assert before[0] != after[0]
    assert before[1] == after[1]


@pytest.mark.parametrize("name", ["media.py", "html/medium.py", "html.media", "html"])
def test_a_name_that_is_no_module_is_refused(name):
    with pytest.raises(ValueError, match=f"no module {name}"):
        fingerprint.own_modules("html/media.py", name)


def test_what_shapes_an_examples_outputs_is_known():
    assert fingerprint.own_modules(*example_runs.SHAPING) != fingerprint.own_modules()
