"""What a classifier's fit records while it runs, and the `ClassifierRun` it makes of it."""

from dataclasses import replace

import numpy as np

from bayesian_nn.training.recorder import log_spaced_steps

__all__ = ["ClassifierRecorder", "half_precision"]

# A record of a run is kept below this size, its recorded parameters in half precision.
MAX_BYTES = 19e6


def half_precision(parameters) -> np.ndarray:
    """Returns parameters as they are recorded: rounded to three digits, and to no more than 65,504."""
    # Infinity is what half precision would make of more.
    largest = np.finfo(np.float16).max
    return np.clip(np.asarray(parameters), -largest, largest).astype(np.float16)


class ClassifierRecorder:
    """What a fit has recorded so far; it begins with the record of the part before."""

    def __init__(self, run, n_steps):
        self.before, self.n_in_all = run, n_steps
        self.schedule = set(_schedule(run.model, n_steps))
        self._parts, self._on_device = [np.stack([run.log_likelihood, run.kl], axis=-1)], []
        self._recorded = dict(zip(run.recorded_steps.tolist(), run.recorded_parameters, strict=True))

    @property
    def n_steps(self):
        return sum(map(len, self._parts)) + len(self._on_device)

    def add(self, parts):
        # Reading it would wait for the device.
        self._on_device.append(parts)

    def keep(self, state):
        self._recorded[int(state.step)] = half_precision(state.parameters)

    def parts(self):
        """Returns the ELBO's parts of all steps `[n_steps, 2]`."""
        if self._on_device:
            self._parts = [
                np.concatenate([*self._parts, np.stack([part.numpy() for part in self._on_device])])
            ]
            self._on_device = []
        return self._parts[0]

    def run(self, state):
        """Returns the run until `state`, which may be a step behind what was added."""
        done = int(state.step)
        if done in self.schedule:
            self.keep(state)
        outcome = "finished" if done == self.n_in_all else "interrupted"
        return self._run(done, np.asarray(state.parameters), outcome)

    def run_until(self, step):
        """Returns the run until the ELBO left the finite numbers at `step`."""
        self._recorded = {each: kept for each, kept in self._recorded.items() if each < step or not each}
        last = self._recorded[max(self._recorded)].astype(np.float32)
        return self._run(step, last, "diverged")

    def _run(self, n_steps, parameters, outcome):
        steps = sorted(self._recorded)
        return replace(
            self.before,
            parameters=parameters,
            log_likelihood=self.parts()[:n_steps, 0],
            kl=self.parts()[:n_steps, 1],
            recorded_steps=np.array(steps),
            recorded_parameters=np.stack([self._recorded[step] for step in steps]),
            outcome=outcome,
        )


def _schedule(model, n_steps):
    """Returns the steps at which the parameters are recorded, dense at first."""
    of_each, of_parts = 2 * 2 * model.n_weights, 2 * 4 * n_steps
    # The last parameters are kept in single precision besides.
    n_records = int(np.clip((MAX_BYTES - of_parts) / of_each - 2, 2, 100))
    return log_spaced_steps(n_steps, n_records)
