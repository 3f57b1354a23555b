"""Variational inference: maximises the ELBO, records how it got there, and says whether it learned."""

import warnings

import numpy as np

from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import check_data, checked_batch_size, parts_of
from bayesian_nn.objectives.elbo import Elbo
from bayesian_nn.posteriors.mean_field import MeanField
from bayesian_nn.runtime.checks import finite_numbers, instance, shown, whole_number
from bayesian_nn.runtime.random_streams import checked_seed
from bayesian_nn.training.driver import Plateau, climb
from bayesian_nn.training.optimizer import Adam
from bayesian_nn.training.recorder import Recorder
from bayesian_nn.training.run import Run, Settings, data_digest

__all__ = ["FlatFitWarning", "NonFiniteElboError", "Plateau", "fit"]

# Below this fraction of explained variance a fit is called flat: the collapsed optima of the post's network
# explain 0 to 17 %, the half-collapsed ones above 50 %.
FLAT = 0.25


class FlatFitWarning(UserWarning):
    """A fit explains hardly more of y than a constant does."""


class NonFiniteElboError(ArithmeticError):
    """The ELBO of every restart became infinite or NaN. `run` holds what was recorded until then."""

    def __init__(self, message: str, run: Run):
        super().__init__(message)
        self.run = run


def fit(
    model: Model,
    data: Dataset,
    *,
    seed: int,
    n_steps: int = 1000,
    posterior: MeanField | None = None,
    objective: Elbo | None = None,
    optimizer: Adam | None = None,
    batch_size: int | None = None,
    n_restarts: int = 1,
    start=None,
    record_at=None,
    plateau: Plateau | None = None,
    resume: Run | None = None,
) -> Run:
    """Returns the `Run` that maximises the ELBO of `posterior` on `data`.

    n_steps: in all, those of a resumed run included. batch_size: observations per step, drawn without
    replacement within an epoch; None is all of them. n_restarts: independent fits from different starts, in
    one compiled loop; the best by ELBO is the run's result. start: parameters `[n_restarts, n_parameters]`
    to begin from instead of the posterior's own. record_at: steps at which to keep the parameters, by
    default at most 100, log-spaced. resume: an earlier run of the same settings and data, to go on with.

    A resumed run keeps the record of the earlier one and adds its own steps; only the earlier one's last
    record goes if it was there just because the run ended there. So an interrupted and resumed run is the
    unbroken one, bit for bit. With a larger `n_steps` (for a schedule that does not depend on it) the path
    is still the unbroken one's, but the usual record is not: its steps would have lain elsewhere.

    Ctrl-C ends the fit and keeps what was recorded, once there is something. Raises NonFiniteElboError if
    the ELBO of every restart leaves the finite numbers; warns with FlatFitWarning if the result explains no
    more than a constant.
    """
    settings = Settings(
        model=model,
        posterior=MeanField() if posterior is None else posterior,
        objective=Elbo() if objective is None else objective,
        optimizer=Adam() if optimizer is None else optimizer,
        seed=checked_seed(seed),
        n_steps=whole_number("n_steps", n_steps),
        batch_size=None if batch_size is None else whole_number("batch_size", batch_size),
        n_restarts=whole_number("n_restarts", n_restarts),
    )
    check_data(model, data)
    checked_batch_size(settings.batch_size, data)
    _check_kinds(settings, plateau, resume)
    recorder = Recorder(settings, data, record_at)
    if resume is None:
        recorder.begin(settings.optimizer.start(_checked_start(settings, start)))
    else:
        if start is not None:
            raise ValueError("start: a resumed run goes on from its own end; give start or resume, not both.")
        _check_same(settings, data, resume)
        recorder.go_on_from(resume)
    outcome = climb(settings, data, recorder, plateau)
    run = recorder.run(outcome)
    if outcome == "diverged":
        raise NonFiniteElboError(_divergence_message(run, *recorder.bad), run)
    if outcome in ("finished", "plateau") and _is_flat(run, data):
        started_wide = start is not None or getattr(settings.posterior, "initial_std", 0) > 0.1
        warnings.warn(_flat_message(run, data, started_wide), FlatFitWarning, stacklevel=2)
    return run


def _check_kinds(settings, plateau, resume):
    remedy = "A schedule goes into one: Adam(learning_rate=...)."
    instance("optimizer", settings.optimizer, Adam, remedy)
    if plateau is not None:
        instance("plateau", plateau, Plateau, "Write Plateau() for the usual one.")
    if resume is not None:
        instance("resume", resume, Run, "A saved one is read with load_run(path).")
    # Other families and objectives need not be of a kind known here.
    for argument, kind in (("posterior", MeanField), ("objective", Elbo)):
        value, members = getattr(settings, argument), _MEMBERS[argument]
        missing = [member for member in members if not hasattr(value, member)]
        if missing or isinstance(value, type):
            lacks = f" It has no {', '.join(missing)}." if missing else ""
            raise ValueError(
                f"{argument} must be {kind.__name__}() or have its members; got {shown(value)}.{lacks}"
            )


_MEMBERS = {
    "posterior": ("noise_shape", "initial", "parameters", "distribution", "draw"),
    "objective": ("n_draws", "analytic_kl", "__call__"),
}


def _check_same(settings, data, earlier):
    """A resumed fit must be the fit that was interrupted; anything else is a new one."""
    if earlier.outcome == "diverged":
        raise ValueError(
            f"resume: this run's ELBO left the finite numbers at step {earlier.n_steps_done}, and would again. "
            "Begin a new one with a smaller learning rate."
        )
    for argument, now, then in zip(Settings._fields, settings, earlier.settings, strict=True):
        if argument != "n_steps" and now != then:
            raise ValueError(f"resume: this run was made with {argument}={then}, and not {now}.")
    if data_digest(data) != earlier.digest:
        raise ValueError("resume: this run was made from other data.")
    if settings.n_steps < earlier.n_steps_done:
        raise ValueError(
            f"resume: n_steps={settings.n_steps}, but the run has {earlier.n_steps_done} behind it."
        )
    rates, earlier_rates = (
        part.optimizer.learning_rate.rates(part.n_steps)[: earlier.n_steps_done]
        for part in (settings, earlier.settings)
    )
    if not np.array_equal(rates, earlier_rates):
        raise ValueError(
            f"resume: with n_steps={settings.n_steps} the learning rates would have been others than with "
            f"n_steps={earlier.settings.n_steps}. Keep n_steps, or use a schedule that does not depend on it."
        )


def _checked_start(settings, start):
    if start is None:
        return settings.posterior.initial(settings.model, seed=settings.seed, n_restarts=settings.n_restarts)
    start = finite_numbers("start", start).astype(np.float32)
    n_parameters = settings.posterior.initial(settings.model, seed=0).shape[1]
    if start.shape != (settings.n_restarts, n_parameters):
        raise ValueError(
            f"start must be [n_restarts, n_parameters] = [{settings.n_restarts}, {n_parameters}]; "
            f"got {list(start.shape)}."
        )
    return start


def _divergence_message(run, step, values):
    if step == 0:
        return (
            f"The ELBO is {values[0]} at step 0, before anything was learned. Give the model the data's "
            "units (scaling=data.scaling), or begin with smaller parameters (initial_std, start)."
        )
    return (
        f"The ELBO became {values[0]} at step {step}. Use a smaller learning rate (now "
        f"{run.settings.optimizer.learning_rate}), or look for outliers in the data; the steps before it "
        "are in this error's `run`."
    )


def _is_flat(run, data):
    """Whether a fit explains hardly more than a constant. An ELBO above the constant's score would prove that
    it does; one below it proves nothing, for a network pays for its weights."""
    return run.explained < FLAT and run.final_elbo < _constant(run, data)


def _constant(run, data):
    return run.model.likelihood.constant_log_likelihood(parts_of(data)[1])


def _flat_message(run, data, started_wide):
    cause = (
        "Most often the posterior started too wide: try MeanField(initial_std=0.02)."
        if started_wide
        else "Try n_restarts=8, more steps, a smaller network, or a noise_std nearer to the truth."
    )
    return (
        f"After {run.n_steps_done} steps this fit explains {max(run.explained, 0):.0%} of the variance of y, "
        f"hardly more than a constant: its ELBO is {run.final_elbo:.0f} nats, and the best constant's "
        f"log-likelihood is {_constant(run, data):.0f}. {cause} "
        "If x really says so little of y, this is right."
    )
