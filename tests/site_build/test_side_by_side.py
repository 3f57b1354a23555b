"""Examples side by side: several processes at the same time, and yet as if one ran after the other."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from mkdocs.exceptions import PluginError
from readers.site_build_project import (
    build,
    build_fails,
    build_passes,
    change,
    copy_of,
    environment,
    make_project,
    timeless,
    wait_for,
    write,
)

from site_build.execution import isolation, worker_pool

HEAD = '''"""
# Example {name}

It does one thing.
"""

import json, os, subprocess, time
from pathlib import Path

outputs = Path.cwd().parent / "outputs"
folder = outputs / "plot_{name}"
folder.mkdir(parents=True, exist_ok=True)

# %%
# Then the work.

'''
# Each example goes on when the other has come.
MEET = """
meeting = Path(os.environ["MEETING"])
(meeting / "{name}").write_text("here")
end = time.monotonic() + 30
while not (meeting / "{other}").exists():
    assert time.monotonic() < end, "the other one never came"
    time.sleep(0.05)
(folder / "numbers.json").write_text(json.dumps(dict(process=os.getpid())))
"""
MAKE = '(folder / "numbers.json").write_text(json.dumps(dict(made={value})))\n'
READ = 'print("read", json.loads((outputs / "plot_{other}" / "numbers.json").read_text()))\n'


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    project = make_project(tmp_path_factory.mktemp("side-by-side") / "project")
    for name in (
        "docs/notebooks",
        "examples/plot_line.py",
        "examples/plot_film.py",
        "docs/blog/posts/line.md",
    ):
        path = project / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    change(project / "mkdocs.yml", "  - Your own data: notebooks/own.ipynb\n", "")
    write(
        project / "docs" / "blog" / "posts" / "one.md",
        "---\ndate: 2026-01-02\n---\n\n# One\n\nText.\n\n<!-- more -->\n",
    )
    return project


@pytest.fixture
def project(empty, tmp_path):
    return copy_of(empty, tmp_path / "project")


def example(project: Path, name: str, body: str) -> Path:
    script = project / "examples" / f"plot_{name}.py"
    write(script, HEAD.format(name=name) + body)
    return script


def numbers(project: Path, name: str) -> dict:
    return json.loads((project / "outputs" / f"plot_{name}" / "numbers.json").read_text(encoding="utf-8"))


def made(project: Path) -> dict[str, bytes]:
    folders = [project / name for name in ("site", "docs/gallery", "outputs")]
    files = (path for folder in folders for path in folder.rglob("*") if path.is_file())
    # The compressed site map holds the time of its making, and the pickles (which nobody reads) sets.
    wanted = (path for path in files if path.suffix not in {".gz", ".pickle"})
    return {path.relative_to(project).as_posix(): timeless(path.read_bytes()) for path in wanted}


def failure_of(name: str, output: str) -> str:
    found = re.search(rf"examples/plot_{name}\.py failed:\n(.*?)(?=^\S*examples/|\Z)", output, re.M | re.S)
    assert found, output
    return found[1]


def test_two_examples_run_at_the_same_time_in_two_processes_and_a_third_may_fail(project, tmp_path):
    (tmp_path / "meeting").mkdir()
    example(project, "a", MEET.format(name="a", other="b"))
    example(project, "b", MEET.format(name="b", other="a"))
    broken = example(project, "c", "print('about to break')\n1 / 0\n")
    said = build_fails(project, JOBS="2", MEETING=str(tmp_path / "meeting"))
    assert "ZeroDivisionError" in failure_of("c", said)
    assert said.count(".py failed:") == 1
    assert "plot_c | " in said
    processes = numbers(project, "a")["process"], numbers(project, "b")["process"]
    assert processes[0] != processes[1]

    change(broken, "1 / 0", "")
    said = build_passes(project, MEETING=str(tmp_path / "nowhere"))
    assert "successfully executed 1 out of 1" in said
    assert (numbers(project, "a")["process"], numbers(project, "b")["process"]) == processes


def test_side_by_side_or_not_the_files_are_the_same_to_the_byte(project, tmp_path):
    figure = (
        "import matplotlib.pyplot as plt\n\nfigure, axes = plt.subplots(num='line')\nfigure.alt = 'A line.'\n"
    )
    for place, name in enumerate("abcd"):
        example(
            project, name, figure + f"axes.plot([0, {place}])\nprint({place})\n" + MAKE.format(value=place)
        )
    example(project, "ba", READ.format(other="d"))
    other = copy_of(project, tmp_path / "other")
    for folder, jobs in ((project, "1"), (other, "3")):
        said = build_passes(folder, JOBS=jobs)
        assert f"5 examples to run, {jobs} at a time" in said
    assert made(project) == made(other)
    assert any(name.endswith("plot_c/line-dark.png") for name in made(project))


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_example_that_reads_anothers_outputs_runs_after_it(project, jobs):
    maker = example(project, "z", "time.sleep(1)\n" + MAKE.format(value=1))
    reader = example(project, "a", READ.format(other="z"))
    said = build_passes(project, JOBS=jobs)
    assert "plot_a waits for the outputs of plot_z" in said
    change(maker, "made=1", "made=2")
    said = build_passes(project, JOBS=jobs)
    assert "waits" not in said  # What the last run read is known.
    assert "{'made': 2}" in (project / "docs" / "gallery" / "plot_a.md").read_text()

    # The other way round, against what the last runs read.
    write(maker, HEAD.format(name="z") + READ.format(other="a"))
    write(reader, HEAD.format(name="a") + MAKE.format(value=3))
    build_passes(project, JOBS=jobs)
    assert "{'made': 3}" in (project / "docs" / "gallery" / "plot_z.md").read_text()


def test_the_longest_example_runs_first_once_its_duration_is_known(project):
    scripts = [example(project, name, MAKE.format(value=1)) for name in "az"]
    for expected in ("az", "za"):
        result = build(project, JOBS="1")
        assert re.findall(r"plot_([az]) ran in", result.stdout) == list(expected), result.stdout
        for script, seconds in zip(scripts, (1, 100), strict=True):
            record = project / ".cache" / "gallery" / script.stem / "record.json"
            write(record, json.dumps({**json.loads(record.read_text()), "seconds": seconds}))
            write(script, script.read_text() + "\n# edited\n")


def test_examples_that_wait_for_each_other_fail(project):
    for name, other in ("ab", "ba"):
        example(project, name, READ.format(other=other) + MAKE.format(value=1))
    said = build_fails(project, JOBS="2")
    for name in "ab":
        assert "wait for each other's outputs" in failure_of(name, said)


def test_what_no_hook_of_python_sees_is_found_out_too(project):
    example(project, "z", MAKE.format(value=1))
    build_passes(project)
    native = "subprocess.run(['sh', '-c', 'echo 7 > ../outputs/plot_z/numbers.json'], check=True)\n"
    intruder = example(project, "a", native)
    said = build_fails(project)
    assert "it wrote or deleted outputs/plot_z/numbers.json" in failure_of("a", said)
    write(intruder, HEAD.format(name="a"))
    build_passes(project)
    assert numbers(project, "z") == {"made": 1}


def test_an_error_that_an_example_catches_is_still_one(project):
    example(project, "z", MAKE.format(value=1))
    caught = "try:\n    (outputs / 'plot_z' / 'more.txt').write_text('x')\nexcept OSError:\n    pass\n"
    example(project, "a", caught + "os.makedirs(outputs / 'plot_z', exist_ok=True)\n")
    said = build_fails(project)
    assert "it wanted to change outputs/plot_z/more.txt" in failure_of("a", said)
    assert numbers(project, "z") == {"made": 1}


def test_a_cache_is_neither_an_input_nor_an_output(tmp_path):
    watch = isolation.Watch("plot_a", tmp_path)
    write(tmp_path / "data" / "points.csv", "1")
    with isolation.watched(watch):
        write(tmp_path / ".cache" / "reference" / "truth.npz", "1")
        (tmp_path / ".cache" / "reference" / "other.npz").unlink(missing_ok=True)
        (tmp_path / ".cache" / "reference" / "truth.npz").read_bytes()
        assert watch.read == {}
        (tmp_path / "data" / "points.csv").read_bytes()
    assert list(watch.read) == ["data/points.csv"]
    assert watch.refused == []


def test_an_example_whose_process_dies_fails(project):
    example(project, "a", "print('so far')\nos.kill(os.getpid(), 9)\n")
    example(project, "b", MAKE.format(value=1))
    said = build_fails(project, JOBS="1")
    assert "SIGKILL" in failure_of("a", said)
    assert numbers(project, "b") == {"made": 1}


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_the_build(project, tmp_path, end):
    # Also what an example has started, as a film's encoder.
    body = "child = subprocess.Popen(['sleep', '60'])\nnote = Path(os.environ['NOTE'])\n"
    body += "note.with_suffix('.part').write_text(f'{os.getpid()} {child.pid}')\n"
    example(project, "a", body + "note.with_suffix('.part').rename(note)\ntime.sleep(60)\n")
    note = tmp_path / "processes"
    process = subprocess.Popen(
        [sys.executable, "-m", "mkdocs", "build"],
        cwd=project,
        env={**environment(project), "NOTE": str(note)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert wait_for(note.exists)
    process.send_signal(end)
    assert process.wait(30) != 0
    for number in note.read_text().split():
        assert wait_for(lambda number=int(number): not is_alive(number), seconds=10)


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # One that has ended and whom nobody has asked is a zombie.
    status = Path(f"/proc/{process}/stat")
    return not (status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z")


def test_an_idle_worker_is_used_again_and_ended_when_no_longer_wanted(tmp_path):
    worker_pool.keep(2, tmp_path)
    first, second = worker_pool._idle
    try:
        assert "edited" in worker_pool.execute({"name": "plot_a", "build": "another"}, tmp_path)["failure"]
        assert worker_pool._idle == [first, second]
        worker_pool.keep(1, tmp_path)
        assert worker_pool._idle == [first]
        assert first.is_alive
        assert not second.is_alive
    finally:
        worker_pool.end_all()
    assert not first.is_alive


def test_the_number_of_examples_side_by_side_can_be_chosen(monkeypatch):
    monkeypatch.setenv("JOBS", "3")
    assert worker_pool.n_at_once() == 3
    monkeypatch.setenv("JOBS", "two")
    with pytest.raises(PluginError, match="JOBS is 'two': give the number"):
        worker_pool.n_at_once()
    monkeypatch.delenv("JOBS")
    assert 1 <= worker_pool.n_at_once() <= os.cpu_count()
