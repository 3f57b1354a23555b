"""Variational inference: maximises the ELBO, records how it got there, and says whether it learned."""

from pathlib import Path

import numpy as np

from bayesian_nn.data.images import LabelledImages, check_every_class
from bayesian_nn.data.tables import Dataset
from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import check_data, checked_batch_size, parts_of
from bayesian_nn.objectives.elbo import Elbo
from bayesian_nn.objectives.per_example_noise import LocalReparameterisation
from bayesian_nn.posteriors.family import Family
from bayesian_nn.posteriors.mean_field import MeanField
from bayesian_nn.runtime.checks import finite_numbers, fraction, instance, shown, whole_number
from bayesian_nn.runtime.random_streams import checked_seed
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.batches import Batches
from bayesian_nn.training.driver import DivergedError, drive, say_interrupted
from bayesian_nn.training.method import Job, block_length, normal_noise
from bayesian_nn.training.optimizer import Adam, WarmupCosine
from bayesian_nn.training.record import steps_to_record
from bayesian_nn.training.run import Run, Settings, data_digest
from bayesian_nn.training.run_file import load_run, save_run
from bayesian_nn.training.stopping import HeldOut, HeldOutWatch, Plateau, PlateauWatch
from bayesian_nn.variational.flat_fit import warn_if_flat
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
    settings = _settings(model, data, seed, n_steps, n_epochs, posterior, objective, optimizer, batch_size)
    settings = settings._replace(
        kl_warmup=_checked_warmup(settings, data, kl_warmup),
        n_restarts=whole_number("n_restarts", n_restarts),
    )
    _check(settings, data, stop, resume, strategy)
    digest = data_digest(data)
    earlier, argument = _earlier(resume, checkpoint, start)
    if earlier is not None:
        _check_same(settings, digest, earlier, argument)
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


def _settings(model, data, seed, n_steps, n_epochs, posterior, objective, optimizer, batch_size):
    images = isinstance(data, LabelledImages)
    n_points = len(parts_of(data)[1])
    if batch_size is None and images:
        batch_size = min(256, n_points)
    batch_size = checked_batch_size(batch_size, data)
    if n_steps is not None and n_epochs is not None:
        raise ValueError(f"Give n_steps or n_epochs, not both; got {n_steps} and {n_epochs}.")
    if n_steps is None and (images or n_epochs is not None):
        epochs = 20 if n_epochs is None else whole_number("n_epochs", n_epochs)
        n_steps = epochs * (n_points // (batch_size or n_points))
    posterior = MeanField() if posterior is None else posterior
    if objective is None and images:
        objective = LocalReparameterisation() if isinstance(posterior, MeanField) else Elbo(1)
    if optimizer is None:
        optimizer = Adam(WarmupCosine(0.01, 0.05), beta2=0.999) if images else Adam()
    return Settings(
        model=model,
        posterior=posterior,
        objective=Elbo() if objective is None else objective,
        optimizer=optimizer,
        seed=checked_seed(seed),
        n_steps=whole_number("n_steps", 1000 if n_steps is None else n_steps),
        batch_size=batch_size,
        kl_warmup=0.0,
        n_restarts=1,
    )


def _checked_warmup(settings, data, kl_warmup):
    weighted = hasattr(settings.objective, "kl_weight")
    if kl_warmup is None:
        return 0.5 if isinstance(data, LabelledImages) and weighted else 0.0
    kl_warmup = fraction("kl_warmup", kl_warmup, but=1)
    if kl_warmup and not weighted:
        raise ValueError(
            f"kl_warmup: {type(settings.objective).__name__} has no kl_weight that could rise. Use "
            "kl_warmup=0, or Elbo() or LocalReparameterisation()."
        )
    return kl_warmup


def _schedules(settings) -> np.ndarray:
    """Returns the learning rates and the weights of the KL `[n_steps, 2]`."""
    n_steps = settings.n_steps
    risen = (np.arange(n_steps) + 1) / max(1.0, settings.kl_warmup * n_steps)
    kl_weights = getattr(settings.objective, "kl_weight", 1.0) * np.minimum(risen, 1)
    rates = settings.optimizer.learning_rate.rates(n_steps)
    return np.stack([rates, kl_weights], axis=1).astype(np.float32)


def _job(settings, data, record_at):
    method = variational_step(*settings[:4], warmed=settings.kl_warmup > 0)
    batches = Batches.in_epochs(settings.model, data, seed=settings.seed, batch_size=settings.batch_size)
    noise_shape = method.noise_shape(settings.n_restarts, batches.n_batch)
    return method, Job(
        schedules=_schedules(settings),
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


def _check(settings, data, stop, resume, strategy):
    instance("optimizer", settings.optimizer, Adam, "A schedule goes into one: Adam(learning_rate=...).")
    if isinstance(data, LabelledImages):
        check_every_class(data)
    if stop is not None and not isinstance(stop, Plateau | HeldOut):
        raise ValueError(f"stop must be Plateau() or HeldOut(data); got {shown(stop)}.")
    if isinstance(stop, HeldOut):
        check_data(settings.model, stop.data)
    if resume is not None:
        instance("resume", resume, Run, "A saved one is read with load(path).")
    if strategy is not None:
        instance("strategy", strategy, tf.distribute.Strategy, "None is a single device.")
    # Other families and objectives need not be of a kind known here.
    for argument, usual in (("posterior", "MeanField()"), ("objective", "Elbo()")):
        value = getattr(settings, argument)
        missing = [member for member in _MEMBERS[argument] if not hasattr(value, member)]
        if missing or isinstance(value, type):
            lacks = f" It has no {', '.join(missing)}." if missing else ""
            raise ValueError(f"{argument} must be {usual} or have its members; got {shown(value)}.{lacks}")


_MEMBERS = {
    "posterior": ("noise_shape", "initial", "distribution", "draw", "marginals", "entropy"),
    "objective": ("n_draws", "analytic_kl", "__call__"),
}


def _earlier(resume, checkpoint, start):
    """Returns the run to go on from, if any, and what the caller calls it."""
    if checkpoint is not None and Path(checkpoint).exists():
        if resume is not None:
            raise ValueError(
                f"resume: the checkpoint {checkpoint} exists, and the fit goes on from it. Give one of "
                "the two."
            )
        resume, argument = load_run(checkpoint), f"checkpoint: {checkpoint}"
    else:
        argument = "resume: this run"
        if resume is not None and start is not None:
            raise ValueError("start: a resumed run goes on from its own end; give start or resume, not both.")
    if resume is not None and resume.state is None:
        raise ValueError(f"{argument} was saved without its state (with_state=False), and cannot go on.")
    return resume, argument


def _check_same(settings, digest, earlier, argument):
    """A resumed fit must be the fit that was interrupted; anything else is a new one."""
    remedy = " Name another file, or delete it." if argument.startswith("checkpoint") else ""
    if earlier.outcome == "diverged":
        raise ValueError(
            f"{argument} diverged at step {earlier.n_steps_done}, and would again. Begin a new one with a "
            "smaller learning rate."
        )
    for name, now, then in zip(Settings._fields, settings, earlier.settings, strict=True):
        if now != then and (name != "n_steps" or remedy):
            raise ValueError(f"{argument} was made with {name}={then}, and not {now}.{remedy}")
    if digest != earlier.digest:
        raise ValueError(f"{argument} was made from other data.{remedy}")
    if settings.n_steps < earlier.n_steps_done:
        raise ValueError(
            f"{argument.replace(': this run', '')}: n_steps={settings.n_steps}, but the run has "
            f"{earlier.n_steps_done} behind it."
        )
    now, then = (_schedules(part)[: earlier.n_steps_done] for part in (settings, earlier.settings))
    if not np.array_equal(now, then):
        raise ValueError(
            f"resume: with n_steps={settings.n_steps} the learning rates, or the weights of the KL, would "
            f"have been others than with n_steps={earlier.settings.n_steps}. Keep n_steps, or use "
            "schedules that do not depend on it."
        )


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
