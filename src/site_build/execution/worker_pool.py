"""The processes that execute the examples, seen from the build: started when needed, ended with it."""

import atexit
import json
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

from mkdocs.exceptions import PluginError

from site_build.execution.worker_process import NEXT_JOB

# What an example that trains networks needs at most.
MEMORY_OF_ONE = 2 * 2**30

_idle: list["Worker"] = []
_all: list["Worker"] = []


class Worker:
    """A process that executes one example at a time; its output is shown after the example's name."""

    def __init__(self, root: Path):
        self._name = ""
        # In a session of its own, out of reach of Ctrl-C, at which a fit would stop and pass for done.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "site_build.execution.worker_process"],
            cwd=root,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self._shown = threading.Event()
        self._thread = threading.Thread(target=self._show, daemon=True)
        self._thread.start()

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def execute(self, job: dict) -> dict:
        """Return worker_process.answer(job), or the failure that the process has ended."""
        self._name = job["name"]
        self._shown.clear()
        try:
            self._process.stdin.write(json.dumps(job, default=str) + "\n")  # Paths become text.
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            ended = self._process.wait()
            how = signal.Signals(-ended).name if ended < 0 else f"exit code {ended}"
            return {"failure": f"its process ended before it did: {how} (SIGKILL: was there memory enough?)"}
        self._shown.wait()
        return json.loads(line)

    def end(self) -> None:
        """Kill the process and what it has started."""
        if self.is_alive:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._thread.join(timeout=5)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            with suppress(BrokenPipeError):
                pipe.close()

    def _show(self) -> None:
        for line in self._process.stderr:
            text = line.removesuffix(NEXT_JOB).rstrip("\n")
            if text:
                print(f"{self._name} | {text}", file=sys.stderr, flush=True)
            if line.endswith(NEXT_JOB):
                self._shown.set()
        self._shown.set()


def execute(job: dict, root: Path) -> dict:
    """Return the answer of an idle worker, of a new one if there is none, to a job."""
    worker = _idle.pop() if _idle else start(root)
    result = worker.execute(job)
    if worker.is_alive and not result.get("waits_for"):
        _idle.append(worker)
    return result


def start(root: Path) -> Worker:
    """Return a new worker."""
    worker = Worker(root)
    _all.append(worker)
    return worker


def keep(n_idle: int, root: Path) -> None:
    """Have `n_idle` idle workers, and no other."""
    while len(_idle) < n_idle:
        _idle.append(start(root))
    for worker in [worker for worker in _all if worker not in _idle[:n_idle]]:
        worker.end()
        _all.remove(worker)
    del _idle[n_idle:]


def end_all() -> None:
    """Kill every worker, busy or idle."""
    _idle.clear()
    while _all:
        _all.pop().end()


atexit.register(end_all)


def n_at_once() -> int:
    """Return how many examples may run side by side: $JOBS, or as many as there are cores and memory."""
    if asked := os.environ.get("JOBS", ""):
        if not re.fullmatch("[1-9][0-9]*", asked):
            raise PluginError(f"JOBS is {asked!r}: give the number of examples that may run side by side.")
        return int(asked)
    n_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return max(1, min(n_cores, memory // MEMORY_OF_ONE))
