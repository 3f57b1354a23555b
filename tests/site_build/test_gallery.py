"""The gallery's traps, each sprung on a copy of a built tiny site."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
from mkdocs.exceptions import PluginError
from readers.site_build_project import (
    build_fails,
    build_passes,
    change,
    copy_of,
    environment,
    make_project,
    wait_for,
    write,
)

with warnings.catch_warnings():
    # mkdocs-gallery imports a name that mkdocs deprecates.
    warnings.simplefilter("ignore", DeprecationWarning)
    from site_build.execution import gallery_patches
    from site_build.pages import gallery

TITLE = '"""\n# An example\n\nIt does one thing.\n"""\n\n'
FIGURE = TITLE + "import matplotlib.pyplot as plt\n\nfigure, axes = plt.subplots(num={label!r})\n"
NUMBERS = """from pathlib import Path

folder = Path.cwd().parent / "outputs" / "{name}"
folder.mkdir(exist_ok=True)
(folder / "numbers.json").write_text('{{"elbo": {value}}}')
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    project = make_project(tmp_path_factory.mktemp("gallery") / "project")
    # Notebooks have their own tests, and starting a kernel takes time.
    shutil.rmtree(project / "docs" / "notebooks")
    change(project / "mkdocs.yml", "  - Your own data: notebooks/own.ipynb\n", "")
    build_passes(project)
    return project


@pytest.fixture
def project(built, tmp_path):
    return copy_of(built, tmp_path / "project")


def snapshot(folder: Path) -> dict[Path, bytes]:
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_failing_example_fails_every_build_until_it_is_mended(project):
    outputs = snapshot(project / "outputs")
    line, film = project / "examples" / "plot_line.py", project / "examples" / "plot_film.py"
    good = line.read_text(), film.read_text()
    write(line, good[0] + "\nraise ValueError('the line broke')\n")
    write(film, good[1] + "\n1 / 0\n")
    for _ in range(2):
        said = build_fails(project)
        assert re.search(r"examples/plot_line\.py failed:\n(.*\n)*ValueError: the line broke", said)
        assert re.search(r"examples/plot_film\.py failed:\n(.*\n)*ZeroDivisionError", said)
        assert snapshot(project / "outputs") == outputs
        assert "the line broke" not in (project / "docs" / "gallery" / "plot_line.md").read_text()
    write(line, good[0])
    write(film, good[1])
    build_passes(project)
    assert snapshot(project / "outputs") == outputs


def test_a_change_of_the_library_runs_the_examples_again(project):
    change(project / "src" / "bayesian_nn" / "__init__.py", "SLOPE = 2", "SLOPE = 3")
    build_passes(project)
    assert "The slope is 3," in (project / "site" / "blog" / "a-line" / "index.html").read_text()
    assert "the slope is 3" in (project / "docs" / "gallery" / "plot_line.md").read_text()


def test_nothing_of_a_removed_example_is_published(project):
    (project / "examples" / "plot_film.py").unlink()
    change(project / "docs" / "blog" / "posts" / "line.md", '{{ film("plot_film/turn") }}', "")
    build_passes(project)
    left = [
        path for folder in ("site", "docs", "outputs") for path in (project / folder).rglob("*plot_film*")
    ]
    assert left == []
    assert "Does the film play" not in (project / "site" / "gallery" / "index.html").read_text()


def test_an_example_that_leaves_a_fault_unsaid_fails(project):
    examples = {
        "plot_no_label": FIGURE.format(label="") + "figure.alt = 'a figure'\n",
        "plot_no_text": FIGURE.format(label="bare"),
        "plot_warns": TITLE + "import warnings\n\nwarnings.warn('it wobbles')\n",
        "plot_exits": TITLE + "raise SystemExit(0)\n",
        "plot_infinite": TITLE + NUMBERS.format(name="plot_infinite", value="Infinity"),
    }
    for name, text in examples.items():
        write(project / "examples" / f"{name}.py", text)
    said = build_fails(project)
    report = said[said.rindex("ERROR") :]
    for name, complaint in {
        "plot_no_label": "name it in small letters",
        "plot_no_text": "figure 'bare' has no text alternative",
        "plot_warns": "it wobbles",
        "plot_exits": "an example ends by reaching its end",
        "plot_infinite": r"numbers\.plot_infinite\.elbo is inf",
    }.items():
        assert re.search(rf"examples/{name}\.py failed:\n((?!examples/).*\n)*.*{complaint}", report), name


def test_a_page_that_quotes_without_asking_for_it_is_named(project):
    post = project / "docs" / "blog" / "posts" / "line.md"
    change(post, "render_macros: true\n", "")
    write(project / "docs" / "index.md", "# Home\n\n`{{ numbers.plot_line.slope }}`\n\n    {{ film('x') }}\n")
    said = build_fails(project)
    assert "blog/posts/line.md would show '{{ numbers'" in said
    change(post, "tags: [lines]", "tags: [lines]\nrender_macros: true")
    build_passes(project)


@pytest.mark.parametrize("name", ["plot_a", "plot_z"])
def test_an_example_that_touches_anothers_outputs_or_nobodys_fails(project, name):
    script = project / "examples" / f"{name}.py"
    for victim in ("plot_line", "nobody"):
        write(script, TITLE + NUMBERS.format(name=victim, value=1))
        # The victim runs in the same build, before or after.
        write(
            project / "examples" / "plot_line.py", (project / "examples" / "plot_line.py").read_text() + "\n"
        )
        for _ in range(2):
            said = build_fails(project)
            assert re.search(
                rf"examples/{name}\.py failed:\n(.*\n)+.*may not change outputs/{victim}/numbers",
                said,
            )
    script.unlink()
    shutil.rmtree(project / "outputs" / "nobody")
    build_passes(project)
    assert '"slope": 2' in (project / "outputs" / "plot_line" / "numbers.json").read_text()


def test_an_example_leaves_nothing_behind_for_the_next_one(project):
    leak = "import os, random, sys, warnings\n\nimport numpy as np\n\n"
    alter = "random.seed(1)\nnp.random.seed(1)\nos.environ['LEAK'] = 'x'\nsys.path.insert(0, 'leak')\n"
    check = "assert 'LEAK' not in os.environ\nassert 'leak' not in sys.path\n"
    unseeded = "random.seed(1)\nfirst = random.random()\n"
    write(project / "examples" / "plot_a.py", TITLE + leak + alter + "warnings.simplefilter('ignore')\n")
    write(
        project / "examples" / "plot_b.py",
        TITLE
        + leak
        + "drawn = random.random(), np.random.rand()\n"
        + check
        + unseeded
        + "assert drawn[0] != first\nnp.random.seed(1)\nassert drawn[1] != np.random.rand()\n"
        + "warnings.warn('still heard')\n",
    )
    said = build_fails(project)
    assert re.search(r"examples/plot_b\.py failed:\n(.*\n)*.*still heard", said)


def test_an_example_runs_again_when_a_file_that_it_read_changed(project):
    write(project / "data" / "points.csv", "1")
    read = "' + Path('../data/points.csv').read_text() + '"
    write(project / "examples" / "plot_a.py", TITLE + NUMBERS.format(name="plot_a", value=read))
    # Another one reads what that one made.
    reader = "from pathlib import Path\n\nprint(Path('../outputs/plot_a/numbers.json').read_text())\n"
    # mkdocs-gallery knows its pages by their titles.
    write(project / "examples" / "plot_b.py", TITLE.replace("An example", "Another") + reader)
    build_passes(project)
    assert "successfully executed 0 out of 0" in build_passes(project)
    write(project / "data" / "points.csv", "2")
    said = build_passes(project)
    assert "successfully executed 2 out of 2" in said
    assert '{"elbo": 2}' in (project / "docs" / "gallery" / "plot_b.md").read_text()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_run_costs_nothing_and_is_repeated(project, end):
    outputs = snapshot(project / "outputs")
    line = project / "examples" / "plot_line.py"
    good = line.read_text()
    write(line, good.replace("import json", "import json, time; print('begun')\ntime.sleep(60)", 1))
    process = subprocess.Popen(
        [sys.executable, "-m", "mkdocs", "build"],
        cwd=project,
        env=environment(project),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    running = project / ".cache" / "gallery" / "plot_line" / "running.json"
    assert wait_for(running.exists)
    assert wait_for(lambda: not (project / "outputs" / "plot_line").exists())
    process.send_signal(end)
    assert process.wait(30) != 0
    if end == signal.SIGINT:
        assert snapshot(project / "outputs") == outputs
    write(line, good)
    said = build_passes(project)
    # The good script's outputs are back, and nothing had to run for them.
    assert "successfully executed 0 out of 0" in said
    assert snapshot(project / "outputs") == outputs


def test_serve_runs_a_changed_library_and_then_rests(project):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    process_file = 'import os\n(folder / "process.txt").write_text(str(os.getpid()))\n'
    line = project / "examples" / "plot_line.py"
    write(line, line.read_text() + process_file)
    log = project / "serve.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-u", "-m", "mkdocs", "serve", "--strict", "-a", address],
            cwd=project,
            env={**environment(project), "JOBS": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
        )

    def shows(text: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://{address}/blog/a-line/", timeout=5) as page:
                return text in page.read().decode()
        except OSError:
            return False

    def n_builds() -> int:
        return log.read_text().count("Building documentation...")

    try:
        assert wait_for(lambda: shows("The slope is 2,")), log.read_text()
        worker = (project / "outputs" / "plot_line" / "process.txt").read_text()
        # The second change meets a library that the first one loaded.
        for old, new in ((2, 5), (5, 7)):
            change(project / "src" / "bayesian_nn" / "__init__.py", f"SLOPE = {old}", f"SLOPE = {new}")
            assert wait_for(lambda new=new: shows(f"The slope is {new},")), log.read_text()
        # One that has loaded what takes long to load.
        assert (project / "outputs" / "plot_line" / "process.txt").read_text() == worker
        # Files that the runs themselves made may cause one more build each, which finds nothing to do.
        assert not wait_for(lambda: n_builds() > 5, seconds=4), log.read_text()
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.parametrize(
    ("name", "value"), [("KNOWN_VERSIONS", {"0.9"}), ("gen_single.CODE_OUTPUT", "Out: {0}")]
)
def test_another_mkdocs_gallery_is_refused(monkeypatch, name, value):
    owner, _, attribute = name.rpartition(".")
    monkeypatch.setattr(gallery_patches.gen_single if owner else gallery_patches, attribute, value)
    with pytest.raises(PluginError, match="has changed"):
        gallery_patches.apply(Path(os.curdir))


@pytest.mark.parametrize(("use_directory_urls", "plugins"), [(False, {}), (True, {"material/offline": None})])
def test_options_that_break_the_gallerys_links_are_refused(use_directory_urls, plugins):
    config = SimpleNamespace(use_directory_urls=use_directory_urls, plugins=plugins)
    with pytest.raises(PluginError, match="use_directory_urls"):
        gallery.configure(config)


def test_a_deprecation_is_an_error_only_where_the_projects_own_code_causes_it(tmp_path):
    with warnings.catch_warnings(), gallery_patches._run_strictly(tmp_path):
        warnings.simplefilter("always")
        warnings.warn_explicit("old", DeprecationWarning, "/somewhere/else.py", 1)
        with pytest.raises(DeprecationWarning, match="old"):
            warnings.warn_explicit("old", DeprecationWarning, str(tmp_path / "src" / "own.py"), 1)
        with pytest.raises(UserWarning, match="wobbles"):
            warnings.warn_explicit("wobbles", UserWarning, "/somewhere/else.py", 1)
