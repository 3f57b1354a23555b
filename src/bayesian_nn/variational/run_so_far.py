"""A fit on its way, as a run: what came before, what the driver has done, and what both are worth."""

import numpy as np

from bayesian_nn.model.observations import parts_of
from bayesian_nn.training.driver import Progress
from bayesian_nn.training.optimizer import AdamState
from bayesian_nn.training.record import half_precision, needs_half_precision
from bayesian_nn.training.run import Run, Settings
from bayesian_nn.variational.flat_fit import assess

__all__ = ["RunSoFar"]


class RunSoFar:
    """Makes runs of a fit's progress. earlier: the run that is resumed, or None; record_at: the steps to
    record."""

    def __init__(self, settings: Settings, data, digest: str, earlier: Run | None, record_at: frozenset[int]):
        self.settings, self.data, self.digest, self.earlier = settings, data, digest, earlier
        self.record_at = record_at
        n_numbers = settings.n_restarts * settings.posterior.initial(settings.model, seed=0).shape[1]
        self.halved = needs_half_precision(len(record_at), n_numbers) or (
            earlier is not None and earlier.recorded_parameters.dtype == np.float16
        )

    def begun(self, parameters) -> Progress:
        """Returns where the driver is to begin, with these parameters if nothing is resumed."""
        earlier, n_restarts = self.earlier, self.settings.n_restarts
        if earlier is None:
            state = self.settings.optimizer.start(np.asarray(parameters, np.float32))
            return Progress(state, np.zeros((0, 2, n_restarts), np.float32))
        n_kept = len(earlier.recorded_steps) - (not earlier.end_scheduled)
        steps = earlier.recorded_steps[:n_kept].tolist()
        recorded = dict(zip(steps, earlier.recorded_parameters[:n_kept], strict=True))
        return Progress(earlier.state, np.stack([earlier.log_likelihoods, earlier.kls], axis=1), recorded)

    def run(self, progress: Progress, watch, *, final: bool) -> Run:
        """Returns the run so far: of a checkpoint, which is not final, without the work of an assessment."""
        state = AdamState(*(np.asarray(part) for part in progress.state))
        recorded, diverged = dict(progress.recorded), progress.outcome == "diverged"
        end = int(state.step)
        end_scheduled = end in self.record_at or end in recorded or diverged
        if not diverged or not recorded:
            recorded[end] = state.parameters
        steps = sorted(recorded)
        kept = half_precision if self.halved else np.asarray
        final_parameters = recorded[steps[-1]].astype(np.float32) if diverged else state.parameters
        held_out = np.zeros((0, self.settings.n_restarts))
        if getattr(watch, "best", None) is not None:
            final_parameters, held_out = watch.best, np.array(watch.values)
        log_likelihoods, kls = progress.parts[:, 0], progress.parts[:, 1]
        if final:
            elbos, explained = assess(self.settings, self.data, final_parameters, log_likelihoods, kls)
        else:
            elbos, explained = (log_likelihoods - kls)[-100:].mean(axis=0), 0.0
        return Run(
            settings=self.settings,
            recorded_steps=np.array(steps),
            recorded_parameters=np.stack([kept(recorded[step]) for step in steps]),
            final_parameters=final_parameters,
            log_likelihoods=log_likelihoods,
            kls=kls,
            state=state,
            # Not assessed, a run is not finished.
            outcome=progress.outcome if final else "interrupted",
            final_elbos=elbos,
            explained=explained,
            n_points=self.n_points,
            digest=self.digest,
            held_out_steps=np.array(watch.steps if len(held_out) else [], int),
            held_out=held_out,
            end_scheduled=end_scheduled,
        )

    @property
    def n_points(self) -> int:
        """The observations that there are."""
        return len(parts_of(self.data)[1])
