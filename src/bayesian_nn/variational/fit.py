"""Variational inference: maximises the ELBO, records how it got there, and says whether it learned."""

import numpy as np

from bayesian_nn.data.images import LabelledImages
from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import check_data, warn_if_unscaled
from bayesian_nn.objectives.elbo import Elbo
from bayesian_nn.posteriors.family import Family
from bayesian_nn.runtime.checks import finite_numbers, whole_number
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.batches import Batches
from bayesian_nn.training.driver import DivergedError, drive, say_interrupted
from bayesian_nn.training.method import Job, block_length, normal_noise
from bayesian_nn.training.optimizer import Adam
from bayesian_nn.training.record import steps_to_record
from bayesian_nn.training.run import Run, data_digest
from bayesian_nn.training.run_file import save_run
from bayesian_nn.training.stopping import HeldOut, HeldOutWatch, Plateau, PlateauWatch
from bayesian_nn.variational.arguments import check, checked_warmup, schedules, settings_of
from bayesian_nn.variational.flat_fit import warn_if_flat
from bayesian_nn.variational.resuming import check_same, earlier_run
from bayesian_nn.variational.run_so_far import RunSoFar
from bayesian_nn.variational.step import variational_step

__all__ = ["fit"]


def fit(
    model: Model,
    data: Dataset | LabelledImages,
    *,
    seed: int,
    n_steps: int | None = None,
    n_epochs: int | None = None,
    posterior: Family | None = None,
    objective: Elbo | None = None,
    optimizer: Adam | None = None,
    batch_size: int | None = None,
    kl_warmup: float | None = None,
    n_restarts: int = 1,
    start=None,
    record_at=None,
    stop: Plateau | HeldOut | None = None,
    resume: Run | None = None,
    checkpoint=None,
    strategy=None,
) -> Run:
    """Returns the `Run` that maximises the ELBO of `posterior` on `data`.

    n_steps: in all, those of a resumed run included; or n_epochs, passes over the data. batch_size:
    observations per step, drawn without replacement within an epoch; their log-likelihood counts n_points /
    batch_size times. kl_warmup: the part of the steps, from 0 to 1, over which the weight of the KL rises
    from zero along a line to the objective's own, so that weights learn something before they are pruned
    (Sønderby et al. 2016, section 2.3). n_restarts: independent fits from different starts, in one compiled
    loop; the best by ELBO is the run's result. start: parameters `[n_restarts, n_parameters]` to begin from
    instead of the posterior's own. record_at: steps at which to keep the parameters, by default at most 100,
    log-spaced, and of large networks so few that the record stays below 19 MB. stop: `Plateau()`, or
    `HeldOut(data)`, with which the run's final parameters are the best seen.

    What is not given is, for a `Dataset`: 1,000 steps on all data with `Elbo()`, `Adam()` and no warm-up. For
    `LabelledImages`: 20 epochs of batches of 256 with `LocalReparameterisation()` (for `MeanField`, else one
    draw of `Elbo`), `Adam(WarmupCosine(0.01, 0.05), beta2=0.999)`, and warm-up over half the steps.

    resume: an earlier run of the same settings and data, to go on with. It keeps the record of the earlier
    one and adds its own steps; only the earlier one's last record goes if it was there just because the run
    ended there. So an interrupted and resumed run is the unbroken one, bit for bit. With a larger `n_steps`
    (for schedules that do not depend on it) the path is still the unbroken one's, but the usual record is
    not. checkpoint: a file that is written every half minute and at Ctrl-C, and from which the same call goes
    on.

    strategy: a `tf.distribute.Strategy` among whose replicas every batch is divided; the result is that of a
    single device, but for rounding. With several machines each must be able to read the checkpoint; the first
    writes it. Large networks and images are trained step by step on all cores, others in one compiled loop.

    Ctrl-C ends the fit and keeps what was recorded, once there is something; pressed again, it does not wait.
    Raises DivergedError, with the run until then, if the ELBO of every restart becomes NaN or infinite; warns
    with FlatFitWarning if the result explains no more than a constant.
    """
    check_data(model, data)
    settings = settings_of(model, data, seed, n_steps, n_epochs, posterior, objective, optimizer, batch_size)
    settings = settings._replace(
        kl_warmup=checked_warmup(settings, data, kl_warmup),
        n_restarts=whole_number("n_restarts", n_restarts),
    )
    check(settings, data, stop, resume, strategy)
    warn_if_unscaled(model, data)
    digest = data_digest(data)
    earlier, argument = earlier_run(resume, checkpoint, start)
    if earlier is not None:
        check_same(settings, digest, earlier, argument)
        if argument.startswith("checkpoint") and earlier.outcome != "interrupted":
            return earlier
    parameters = _start(settings, start) if earlier is None else earlier.state.parameters
    so_far = RunSoFar(
        settings, data, digest, earlier, steps_to_record(record_at, settings.n_steps, parameters.size)
    )
    watch = _watch(settings, stop, earlier)
    save = None
    if checkpoint is not None and _writes(strategy):
        save = lambda progress: save_run(so_far.run(progress, watch, final=False), checkpoint)  # noqa: E731
    method, job = _job(settings, data, so_far.record_at)
    progress = drive(
        method,
        job,
        so_far.begun(parameters),
        watch=watch,
        save=save,
        shown=lambda parts: f"elbo={_mean_elbo(parts):.1f}",
        strategy=strategy,
    )
    run = so_far.run(progress, watch, final=True)
    if progress.outcome == "diverged":
        raise DivergedError(_divergence_message(run, progress.diverged_at), run)
    if save is not None:
        save_run(run, checkpoint)
    if progress.outcome == "interrupted":
        way_on = "fit(..., resume=run)" if checkpoint is None else "the same call, from the checkpoint,"
        say_interrupted(run.n_steps_done, settings.n_steps, f", and {way_on} goes on from there")
    else:
        started_wide = start is not None or getattr(settings.posterior, "initial_std", 0) > 0.1
        warn_if_flat(run, data, started_wide=started_wide, stacklevel=3)
    return run


def _job(settings, data, record_at):
    method = variational_step(*settings[:4], warmed=settings.kl_warmup > 0)
    batches = Batches.in_epochs(settings.model, data, seed=settings.seed, batch_size=settings.batch_size)
    noise_shape = method.noise_shape(settings.n_restarts, batches.n_batch)
    return method, Job(
        schedules=schedules(settings),
        batches=batches,
        noise=normal_noise(settings.seed, noise_shape),
        length=block_length(noise_shape),
        record_at=record_at,
        n_networks=settings.n_restarts * getattr(settings.objective, "n_draws", 1),
    )


def _watch(settings, stop, earlier):
    if isinstance(stop, Plateau):
        return PlateauWatch(stop)
    if stop is None:
        return None
    seen = None
    if earlier is not None and len(earlier.held_out):
        seen = earlier.held_out_steps.tolist(), earlier.held_out, earlier.final_parameters
    return HeldOutWatch(stop, settings.model, settings.posterior, seed=settings.seed, seen=seen)


def _start(settings, start):
    usual = settings.posterior.initial(settings.model, seed=settings.seed, n_restarts=settings.n_restarts)
    if start is None:
        return usual
    start = finite_numbers("start", start).astype(np.float32)
    if start.shape != usual.shape:
        raise ValueError(
            f"start must be [n_restarts, n_parameters] = {list(usual.shape)}; got {list(start.shape)}."
        )
    return start


def _mean_elbo(parts):
    elbos = (parts[:, 0] - parts[:, 1]).mean(axis=0)
    return np.nanmax(elbos) if np.isfinite(elbos).any() else np.nan


def _writes(strategy):
    """Whether this is the one of several machines that writes files."""
    strategy = tf.distribute.get_strategy() if strategy is None else strategy
    return strategy.extended.should_checkpoint


def _divergence_message(run, step):
    if step == 0:
        return (
            "The ELBO is NaN or infinite at step 0, before anything was learned. Give the model the data's "
            "units (scaling=data.scaling), or begin with smaller parameters (initial_std, start)."
        )
    return (
        f"The fit diverged: the ELBO became NaN or infinite at step {step}. Use a smaller learning rate (now "
        f"{run.settings.optimizer.learning_rate}), or look for outliers in the data; the steps before it are "
        "in this error's `result`."
    )
