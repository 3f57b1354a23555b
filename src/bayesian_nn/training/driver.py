"""The loop of every iterative method: blocks, progress, Ctrl-C, divergence, records, checkpoints."""

import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from bayesian_nn.runtime.interrupts import interrupts_held_back
from bayesian_nn.runtime.progress import progress
from bayesian_nn.training.method import Job, Method, finite_vectors
from bayesian_nn.training.programs import program_for

__all__ = ["DivergedError", "Progress", "drive", "reached", "say_interrupted"]

# At least so many seconds between two checkpoints.
CHECKPOINT_SECONDS = 30.0


class DivergedError(ArithmeticError):
    """An iterative method diverged: its numbers became NaN or infinite. `result` is what was finite until
    then, of the kind that the method returns; None if nothing was."""

    def __init__(self, message: str, result=None):
        super().__init__(message)
        self.result = result


@dataclass(frozen=True, eq=False)
class Progress:
    """How far a method has come.

    state: what the next step needs, as arrays; parts: what is kept of every step `[n_steps_done, n_parts,
    n_vectors]`; recorded: the vectors, by step; outcome: "begun", "finished", "interrupted", "diverged", or
    what the watch said; diverged_at: the first step whose parts, or vectors, are not finite.
    """

    state: tuple
    parts: np.ndarray
    recorded: dict[int, np.ndarray] = field(default_factory=dict)
    outcome: str = "begun"
    diverged_at: int | None = None

    @property
    def n_steps(self) -> int:
        """The steps done, or of a run that diverged, the finite ones."""
        return len(self.parts)


def reached(step: int) -> None:
    """Called whenever a stretch of steps, the last of them `step`, is done: where tests press Ctrl-C."""


def say_interrupted(n_done: int, n_steps: int, way_on: str = "") -> None:
    """Says on the error stream what Ctrl-C left, and how to go on."""
    print(
        f"Interrupted after step {n_done} of {n_steps}; what was recorded is kept{way_on}.", file=sys.stderr
    )


def drive(
    method: Method,
    job: Job,
    begun: Progress,
    *,
    watch=None,
    save: Callable[[Progress], None] | None = None,
    shown: Callable[[np.ndarray], str] | None = None,
    strategy=None,
) -> Progress:
    """Returns how far the method comes from where it has begun: to the end of the job, to where the watch
    stops it, to Ctrl-C or to where it diverges.

    watch: looks at every stretch of steps, `watch(step, vectors, parts)`, and says why to stop, if so; its
    `every`, if not None, is a number of steps after whose multiples it wants to look. save: writes a
    checkpoint. shown: makes the bar's text of the last parts. Raises KeyboardInterrupt if it comes before any
    step is done.
    """
    return _Drive(method, job, begun, watch, save, shown, strategy).to_the_end()


class _Now(NamedTuple):
    """Where a method is: its state on the device, and what was recorded on the way there."""

    state: tuple
    n_steps: int
    recorded: dict[int, np.ndarray]
    diverged_at: int | None = None


class _Drive:
    def __init__(self, method, job, begun, watch, save, shown, strategy):
        self.method, self.job, self.watch, self.save, self.shown = method, job, watch, save, shown
        self.program = program_for(method, job, begun.state, strategy)
        self.now = _Now(self.program.place(begun.state), begun.n_steps, begun.recorded)
        # One array for each stretch.
        self.history = [begun.parts]
        # The state and the steps of the stretch before: where to begin again if the next diverges at once.
        self.behind, self.saved_at = None, time.monotonic()

    def to_the_end(self):
        try:
            with (
                ThreadPoolExecutor(1) as beside,
                interrupts_held_back() as let_through,
                progress(total=self.job.n_steps, initial=self.now.n_steps, unit="step") as bar,
            ):

                def pause(step):
                    reached(step)
                    let_through()

                outcome = self._through_blocks(beside, pause, bar)
        except KeyboardInterrupt:
            # Pressed twice, or after the last step.
            outcome = "interrupted"
        if outcome == "interrupted":
            if not self.now.n_steps:
                raise KeyboardInterrupt
            outcome = "finished" if self.now.n_steps == self.job.n_steps else outcome
        result = self._fetched(outcome)
        if self.save is not None and outcome != "diverged":
            self.save(result)
        return result

    def _through_blocks(self, beside, pause, bar):
        n_steps, length = self.job.n_steps, self.job.length
        if self.now.n_steps >= n_steps:
            return "finished"
        prepared = beside.submit(self.program.prepare, self.now.n_steps // length)
        for index in range(self.now.n_steps // length, -(-n_steps // length)):
            inputs = prepared.result()
            if (index + 1) * length < n_steps:
                # Drawn while this block runs: with many restarts noise is a third of all the work.
                prepared = beside.submit(self.program.prepare, index + 1)
            for interval in self._intervals(index):
                stretch = self.program.run(self.now.state, inputs, interval, pause)
                if outcome := self._add(stretch, interval, bar):
                    return outcome
        return "finished"

    def _intervals(self, index):
        """Yields the parts of a block that are still to do: each records no more than there are slots, and
        ends where the watch wants to look."""
        end = min((index + 1) * self.job.length, self.job.n_steps)
        every = getattr(self.watch, "every", None)
        while (begin := self.now.n_steps) < end:
            stop = end if every is None else min(end, (begin // every + 1) * every)
            wanted = [step for step in range(begin, stop) if step in self.job.record_at]
            if len(wanted) > self.program.n_slots:
                stop = wanted[self.program.n_slots]
            yield range(begin, stop)

    def _add(self, stretch, interval, bar):
        """Takes a stretch in, and returns why to stop, if so."""
        vectors = self.program.vectors(stretch.state)
        # Vectors that are not finite will have parts that are not.
        finite = np.vstack(
            [np.isfinite(stretch.parts).all(axis=1), finite_vectors(self.method, vectors)[None]]
        )
        finite = finite.any(axis=1) if self.method.lost_allowed else finite.all(axis=1)
        if not finite.all():
            return self._diverge(stretch, interval, int(np.argmin(finite)))
        self.history.append(stretch.parts)
        n_steps, before = interval.start + len(stretch.parts), (self.now.state, interval)
        # One statement, so that a second Ctrl-C finds either the old record or the new.
        self.now, self.behind = _Now(stretch.state, n_steps, self.now.recorded | stretch.recorded), before
        bar.update(n_steps - bar.n)
        if self.shown is not None:
            bar.set_postfix_str(self.shown(stretch.parts), refresh=False)
        if self.watch is not None and (why := self.watch(n_steps, vectors, self._parts)):
            return why
        if stretch.interrupted:
            return "interrupted"
        if self.save is not None and time.monotonic() - self.saved_at >= CHECKPOINT_SECONDS:
            self.save(self._fetched("interrupted"))
            self.saved_at = time.monotonic()
        return None

    def _diverge(self, stretch, interval, n_finite):
        """Keeps the `n_finite` steps of the stretch that were finite, and the vectors before the last."""
        at, state = interval.start + n_finite, self.now.state
        self.history.append(stretch.parts[:n_finite])
        recorded = self.now.recorded | stretch.recorded
        recorded = {step: kept for step, kept in recorded.items() if step < at or not step}
        if at and (n_finite or self.behind):
            # Done again, up to the last vectors whose parts were finite.
            state, steps = (state, interval) if n_finite else self.behind
            if again := range(steps.start, at - 1):
                inputs = self.program.prepare(again.start // self.job.length)
                state = self.program.run(state, inputs, again, lambda step: None).state
            recorded[at - 1] = self.program.vectors(state)
        self.now = _Now(state, at, recorded, diverged_at=at)
        return "diverged"

    def _parts(self):
        self.history = [np.concatenate(self.history)]
        return self.history[0][: self.now.n_steps]

    def _fetched(self, outcome):
        state = self.program.fetch(self.now.state)
        return Progress(state, self._parts(), self.now.recorded, outcome, self.now.diverged_at)
