"""The record of each example's last good run, and what a new run needs: room, and a way back."""

import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from site_build.files.fingerprint import digests, files_below, fingerprint, own_modules
from site_build.files.json_files import read_json, write_json

# These shape the figures and pages that an execution leaves behind.
SHAPING = (
    "execution/scraper.py",
    "execution/cell_outputs.py",
    "execution/dark_figures.py",
    "html/media.py",
    "execution/gallery_patches.py",
    "execution/worker_process.py",
)


class Example(NamedTuple):
    """One script of the gallery and every place where its files are."""

    name: str
    root: Path
    scripts: Path  # <root>/examples
    generated: Path  # <root>/docs/gallery

    @property
    def outputs(self) -> Path:
        return self.root / "outputs" / self.name

    @property
    def state(self) -> Path:
        # Under docs/ a stamp file would make `mkdocs serve` build again.
        return self.root / ".cache" / "gallery" / self.name

    def pages(self) -> list[Path]:
        """Return the files that mkdocs-gallery generated for this example."""
        name = re.escape(self.name)
        mine = re.compile(
            rf"{name}(\.py|\.md|\.ipynb|\.py\.md5|_codeobj\.pickle)(\.new)?|mkd_glr_{name}_(\d+|thumb)\.\w+"
        )
        return [path for path in files_below(self.generated) if mine.fullmatch(path.name)]

    def published(self) -> list[Path]:
        """Return every file that the last run left: its pages and its outputs."""
        return [*self.pages(), *files_below(self.outputs)]


def examples_in(root: Path, scripts: Path, generated: Path) -> list[Example]:
    """Return the examples that the gallery executes, by name."""
    return [Example(path.stem, root, scripts, generated) for path in sorted(scripts.glob("plot_*.py"))]


def inputs_of(example: Example, gallery_options: dict) -> str:
    """Return the fingerprint of everything that the example's outputs depend on."""
    beside = [
        path
        for path in files_below(example.scripts)
        if path.name != "README.md" and not (path.parent == example.scripts and path.match("plot_*.py"))
    ]
    script = example.scripts / f"{example.name}.py"
    return fingerprint(example.root, [script, *beside], gallery=gallery_options, build=own_modules(*SHAPING))


def is_fresh(example: Example, inputs: str) -> bool:
    """Return whether the last good run had these inputs, read what is there now, and left what is there."""
    record = read_json(example.state / "record.json") or {}
    return (
        record.get("inputs") == inputs
        and record.get("published") == digests(example.published(), example.root)
        and record.get("read") == digests((example.root / name for name in record["read"]), example.root)
    )


def stale(inputs: dict[Example, str]) -> list[Example]:
    """Return the examples that must run: those that are not fresh, and those that read their outputs."""
    found = {example for example in inputs if not is_fresh(example, inputs[example])}
    while more := {example for example in inputs.keys() - found if read_by(example, found)}:
        found |= more
    return [example for example in inputs if example in found]


def read_by(example: Example, others: Iterable[Example]) -> set[Example]:
    """Return those of the other examples whose outputs this one read in its last good run."""
    record = read_json(example.state / "record.json") or {}
    owners = {name.split("/")[1] for name in record.get("read", {}) if name.startswith("outputs/")}
    return {other for other in others if other.name in owners and other != example}


def begin(example: Example, inputs: str) -> None:
    """Set the last good run's files aside, to come back if the new one fails."""
    aside = example.state / "last-good"
    shutil.rmtree(aside, ignore_errors=True)
    _move(example.published(), example.root, aside)
    make_room(example)
    example.state.mkdir(parents=True, exist_ok=True)
    write_json(example.state / "running.json", {"inputs": inputs})


def make_room(example: Example) -> None:
    """Delete the example's files: a run starts with none, so none can outlive it unnoticed."""
    shutil.rmtree(example.outputs, ignore_errors=True)
    for path in example.pages():
        path.unlink()


def is_running(example: Example) -> bool:
    """Return whether a run was begun and neither accepted nor undone: to come, under way, or interrupted."""
    return (example.state / "running.json").exists()


def seconds_of_last_run(example: Example) -> float:
    """Return how long the last good run took; infinity if nobody knows."""
    return (read_json(example.state / "record.json") or {}).get("seconds", float("inf"))


def accept(example: Example, read: dict[str, str | None], seconds: float) -> None:
    """Record a good run: its inputs when it began, the files it read as it found them, its duration."""
    running = example.state / "running.json"
    # An unreadable one makes the run stale.
    inputs = (read_json(running) or {}).get("inputs")
    published = digests(example.published(), example.root)
    record = {"inputs": inputs, "published": published, "read": read, "seconds": seconds}
    write_json(example.state / "record.json", record)
    running.unlink()
    shutil.rmtree(example.state / "last-good", ignore_errors=True)


def distrust(example: Example) -> None:
    """Forget the record of an example whose outputs another one touched: they stay, and it runs again."""
    for name in ("record.json", "running.json"):
        (example.state / name).unlink(missing_ok=True)
    shutil.rmtree(example.state / "last-good", ignore_errors=True)


def undo(example: Example) -> None:
    """Put the last good run's files back in place of what a failed or interrupted run left."""
    aside = example.state / "last-good"
    make_room(example)
    _move([path for path in aside.rglob("*") if path.is_file()], aside, example.root)
    shutil.rmtree(aside, ignore_errors=True)
    (example.state / "running.json").unlink()


def forget_removed(examples: list[Example], root: Path, generated: Path) -> None:
    """Delete what removed or renamed examples left: generated files, and the outputs that a build made."""
    names = {example.name for example in examples}
    for state in _folders(root / ".cache" / "gallery"):
        if state.name not in names:
            shutil.rmtree(root / "outputs" / state.name, ignore_errors=True)
            shutil.rmtree(state)
    kept = {path for example in examples for path in example.pages()} | {generated / "index.md"}
    for path in files_below(generated):
        if path not in kept:
            path.unlink()


def _folders(parent: Path) -> Iterator[Path]:
    return (path for path in parent.glob("*") if path.is_dir())


def _move(paths: list[Path], from_root: Path, to_root: Path) -> None:
    for path in paths:
        target = to_root / path.relative_to(from_root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, target)
