"""Runs examples in several processes, each after those whose outputs it reads."""

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from mkdocs.plugins import get_plugin_logger

from site_build.execution import example_runs, isolation, worker_pool
from site_build.execution.example_runs import Example
from site_build.html.macros import read_numbers

log = get_plugin_logger("gallery")


def run(
    inputs: dict[Example, str], stale: list[Example], job_of: Callable[[Example], dict]
) -> dict[str, str]:
    """Run the stale examples; accept good runs, undo failed ones, and return the failures by name."""
    try:
        return _SideBySide(inputs, stale, job_of).run()
    except BaseException:
        # Ctrl-C must leave the last good outputs in place; what this cannot reach, the next build mends.
        for example in filter(example_runs.is_running, stale):
            example_runs.undo(example)
        raise


class _SideBySide:
    def __init__(self, inputs: dict[Example, str], stale: list[Example], job_of: Callable[[Example], dict]):
        self._examples, self._job_of, self._root = list(inputs), job_of, stale[0].root
        for example in stale:
            example_runs.begin(example, inputs[example])
        # The longest first: the other processes then have work while it runs.
        self._order = {
            example: (-example_runs.seconds_of_last_run(example), example.name) for example in stale
        }
        self._waiting = sorted(stale, key=self._order.get)
        # By example, those that must finish first: as its last good run had it, and as this build has found.
        self._guessed = {example: example_runs.read_by(example, stale) for example in stale}
        self._found: dict[Example, set[Example]] = {example: set() for example in stale}
        self._running: dict[Future, Example] = {}
        self._failures: dict[str, str] = {}
        # By example, the files of others that changed without their own runs while it ran, and how many did.
        self._suspected: dict[Example, dict[Path, int]] = {}
        self._victims: set[str] = set()
        self._written = isolation.outputs_written(self._root)

    def run(self) -> dict[str, str]:
        n_at_once = min(worker_pool.n_at_once(), len(self._waiting))
        log.info(f"{len(self._waiting)} examples to run, {n_at_once} at a time (JOBS={n_at_once}).")
        with ThreadPoolExecutor(n_at_once) as threads:
            try:
                while self._waiting or self._running:
                    for example in self._ready()[: n_at_once - len(self._running)]:
                        self._start(example, threads)
                    done, _ = wait(self._running, return_when=FIRST_COMPLETED)
                    for future in done:
                        self._finish(future)
            except BaseException:
                worker_pool.end_all()  # Or the threads would wait for them.
                raise
        for example in self._examples:
            if example.name in self._victims:
                example_runs.distrust(example)
        return self._failures

    def _ready(self) -> list[Example]:
        unfinished = {*self._waiting, *self._running.values()}
        possible = [example for example in self._waiting if not self._found[example] & unfinished]
        ready = [example for example in possible if not self._guessed[example] & unfinished]
        if ready or self._running:
            return ready
        if possible:
            return possible[:1]  # A script may have been edited since its last run, and the guess be wrong.
        names = ", ".join(example.name for example in self._waiting)
        for example in self._waiting:
            self._fail(
                example, f"{names} wait for each other's outputs: none of them can be the first to run."
            )
        self._waiting.clear()
        return []

    def _start(self, example: Example, threads: ThreadPoolExecutor) -> None:
        self._look_for_changes()
        self._waiting.remove(example)
        example_runs.make_room(example)
        self._accept_changes_of(example)
        self._suspected[example] = {}
        self._running[threads.submit(_timed, self._job_of(example), self._root)] = example

    def _finish(self, future: Future) -> None:
        self._look_for_changes()
        example = self._running.pop(future)
        result, seconds = future.result()
        if other := result.get("waits_for"):
            log.info(f"{example.name} waits for the outputs of {other}.")
            self._found[example] |= {known for known in self._examples if known.name == other}
            self._waiting = sorted([*self._waiting, example], key=self._order.get)
            example_runs.make_room(example)
        elif failure := self._fault_in(example, result):
            log.info(f"{example.name} failed after {seconds:.1f} s.")
            self._fail(example, failure)
        else:
            n_left = len(self._waiting) + len(self._running)
            log.info(f"{example.name} ran in {seconds:.1f} s, {n_left or 'none'} left.")
            example_runs.accept(example, result["read"], seconds)
        self._accept_changes_of(example)

    def _fail(self, example: Example, failure: str) -> None:
        self._failures[example.name] = failure
        example_runs.undo(example)

    def _fault_in(self, example: Example, result: dict) -> str:
        remedy = f"the outputs of {example.name} belong into outputs/{example.name}/"
        faults = [result["failure"]]
        if (refused := result.get("refused")) and not result["failure"]:  # It caught the error.
            faults.append(f"it wanted to change {', '.join(refused)}: {remedy}")
        if suspected := self._suspected[example]:
            who = "it" if max(suspected.values()) == 1 else "it, or an example that ran beside it,"
            names = ", ".join(path.relative_to(self._root).as_posix() for path in suspected)
            faults.append(f"{who} wrote or deleted {names}: {remedy}")
        return "\n".join(filter(None, faults)) or _fault_in_numbers(example)

    def _look_for_changes(self) -> None:
        """Note whom the changes since the last look may come from that no run of their own can have made."""
        before, self._written = self._written, isolation.outputs_written(self._root)
        owners = {example.name for example in self._running.values()}
        for path in isolation.changed(before, self._written):
            if owners and self._owner(path) not in owners:
                self._victims.add(self._owner(path))
                for example in self._running.values():
                    self._suspected[example][path] = len(owners)

    def _accept_changes_of(self, example: Example) -> None:
        theirs = {path: when for path, when in self._written.items() if self._owner(path) != example.name}
        now = isolation.outputs_written(self._root)
        own = {path: when for path, when in now.items() if self._owner(path) == example.name}
        self._written = {**theirs, **own}

    def _owner(self, path: Path) -> str:
        return path.relative_to(self._root / "outputs").parts[0]


def _timed(job: dict, root: Path) -> tuple[dict, float]:
    start = time.perf_counter()
    result = worker_pool.execute(job, root)
    return result, time.perf_counter() - start


def _fault_in_numbers(example: Example) -> str:
    file = example.outputs / "numbers.json"
    try:
        if file.exists():
            read_numbers(file)
    except ValueError as error:
        return str(error)
    return ""
