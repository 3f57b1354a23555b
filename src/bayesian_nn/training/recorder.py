"""What a fit records while it runs, and the `Run` it makes of it."""

from collections.abc import Iterable

import numpy as np

from bayesian_nn.model.log_joint import network_outputs
from bayesian_nn.model.observations import parts_of
from bayesian_nn.objectives.elbo import estimate_elbo
from bayesian_nn.runtime.checks import shown, whole_number
from bayesian_nn.runtime.random_streams import EXPLAINED, key
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.optimizer import AdamState
from bayesian_nn.training.run import Run, data_digest

__all__ = ["Recorder", "log_spaced_steps"]


def log_spaced_steps(n_steps: int, n_records: int = 100) -> np.ndarray:
    """Returns at most `n_records` steps from 0 to `n_steps` `[n_recorded]`, dense at first, log-spaced."""
    return np.unique(np.round(np.geomspace(1, n_steps + 1, n_records)).astype(int)) - 1


class Recorder:
    """What a fit has recorded so far."""

    def __init__(self, settings, data, record_at):
        self.settings, self.data = settings, data
        steps = log_spaced_steps(settings.n_steps) if record_at is None else record_at
        if not isinstance(steps, Iterable):
            raise ValueError(f"record_at must be a list of steps, as in [0, 10, 100]; got {shown(steps)}.")
        self.schedule = {whole_number("record_at", step, at_least=0) for step in steps}
        self.state = None
        self.diverged = False
        # The first step without a finite ELBO, and the ELBOs `[n_restarts]` there.
        self.bad = None
        self._history = []
        self._recorded = {}

    @property
    def step(self):
        return int(self.state.step)

    @property
    def latest_elbo(self):
        log_likelihoods, kls = self._history[-1]
        elbos = (log_likelihoods - kls).mean(axis=0)
        return np.nanmax(elbos) if np.isfinite(elbos).any() else np.nan

    def elbos(self):
        log_likelihoods, kls = self._histories()
        return log_likelihoods - kls

    def begin(self, state):
        self.state = _on_device(state)

    def go_on_from(self, run):
        self._history = [(run.log_likelihoods, run.kls)]
        kept = len(run.recorded_steps) - (not run.end_scheduled)
        self._recorded = dict(
            zip(run.recorded_steps[:kept].tolist(), run.recorded_parameters[:kept], strict=True)
        )
        self.begin(run.state)

    def add(self, result, begin, end):
        state, parts, parameters = result
        log_likelihoods, kls = np.moveaxis(parts.numpy()[begin:end], 1, 0)
        first = self.step
        recorded = dict(self._recorded)
        parameters = parameters.numpy()
        wanted = [step for step in range(first, first + end - begin) if step in self.schedule]
        # Copies: a view would keep its whole block in memory.
        recorded |= {step: parameters[begin + step - first].copy() for step in wanted}
        finite = np.isfinite(log_likelihoods - kls).any(axis=1)
        diverged = not finite.all()
        if diverged:
            stop = int(np.argmin(finite))
            self.bad = first + stop, (log_likelihoods - kls)[stop]
            recorded = {step: value for step, value in recorded.items() if step < first + stop}
            if stop or not recorded:
                last_good = max(stop - 1, 0)
                recorded[first + last_good] = parameters[begin + last_good].copy()
            log_likelihoods, kls = log_likelihoods[:stop], kls[:stop]
            # That of the block's first step, the last that is known whole.
            state = self.state
        # One statement, so that Ctrl-C finds either the old record or the new.
        history = [*self._history, (log_likelihoods, kls)]
        self._recorded, self.state, self._history, self.diverged = recorded, state, history, diverged

    def run(self, outcome):
        state = AdamState(*(np.asarray(part) for part in self.state))
        recorded = dict(self._recorded)
        end_scheduled = self.step in self.schedule or self.step in recorded or outcome == "diverged"
        if outcome != "diverged":
            recorded[self.step] = state.parameters
        steps = sorted(recorded)
        log_likelihoods, kls = self._histories()
        final_elbos, explained = _assess(self.settings, self.data, recorded[steps[-1]])
        return Run(
            settings=self.settings,
            recorded_steps=np.array(steps),
            recorded_parameters=np.stack([recorded[step] for step in steps]),
            log_likelihoods=log_likelihoods,
            kls=kls,
            state=state,
            outcome=outcome,
            end_scheduled=end_scheduled,
            final_elbos=final_elbos,
            explained=explained,
            digest=data_digest(self.data),
        )

    def _histories(self):
        empty = np.zeros((0, self.settings.n_restarts), np.float32)
        history = self._history or [(empty, empty)]
        return tuple(np.concatenate(part) for part in zip(*history, strict=True))


def _assess(settings, data, parameters):
    """Returns the restarts' ELBOs `[n_restarts]` in nats, and the fraction of y's variance that the best one
    explains."""
    model, posterior = settings.model, settings.posterior
    estimate = estimate_elbo(
        model,
        posterior,
        parameters,
        data,
        seed=settings.seed,
        analytic_kl=settings.objective.analytic_kl,
    )
    elbos = np.where(np.isfinite(estimate.elbo), estimate.elbo, -np.inf)
    noise = tf.random.stateless_normal([200, *posterior.noise_shape(model)], key(settings.seed, EXPLAINED))
    latents = posterior.draw(tf.constant(parameters[np.argmax(elbos)]), noise).numpy()
    x, y = parts_of(data)
    unknowns = latents[:, model.n_weights : model.n_weights + len(model.likelihood.unknowns)]
    prediction = model.likelihood.prediction(x, network_outputs(model, latents, x), unknowns, model.scaling)
    return elbos, model.likelihood.explained(prediction, y)


def _on_device(state):
    return AdamState(
        tf.constant(state.step, tf.int32), *(tf.constant(part, tf.float32) for part in state[1:])
    )
