"""Variational inference for classifiers: streams minibatches, records the way, goes on where it was left."""

import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from bayesian_nn.data.images import LabelledImages, check_every_class
from bayesian_nn.model.classifier import Classifier
from bayesian_nn.objectives.per_example_noise import Flipout, LocalReparameterisation
from bayesian_nn.posteriors.mean_field import MeanField
from bayesian_nn.runtime.checks import fraction, instance, shown, whole_number
from bayesian_nn.runtime.interrupts import interrupts_held_back
from bayesian_nn.runtime.random_streams import checked_seed
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.classifier_recorder import ClassifierRecorder, half_precision
from bayesian_nn.training.classifier_run import (
    ClassifierRun,
    ClassifierSettings,
    images_digest,
    load_checkpoint,
    save_classifier_run,
)
from bayesian_nn.training.optimizer import Adam, WarmupCosine
from bayesian_nn.training.replicas import stream_steps
from bayesian_nn.variational.fit import NonFiniteElboError

__all__ = ["fit_classifier"]

# Steps between two looks at what the device has done.
LOOK_EVERY = 50


def fit_classifier(
    model: Classifier,
    data: LabelledImages,
    *,
    seed: int,
    n_epochs: int = 20,
    batch_size: int = 256,
    kl_warmup: float = 0.5,
    objective: LocalReparameterisation | Flipout | None = None,
    optimizer: Adam | None = None,
    posterior: MeanField | None = None,
    strategy=None,
    checkpoint=None,
) -> ClassifierRun:
    """Returns the `ClassifierRun` that maximises the ELBO of a mean-field posterior on labelled images.

    In every step the log-likelihood of a batch counts n_images / batch_size times and the KL once, times the
    objective's `kl_weight`. kl_warmup: the part of the steps, from 0 to 1, over which that weight rises from
    zero along a line, so that weights learn something before they are pruned (Sønderby et al. 2016, section
    2.3); what is climbed at the end is the same. optimizer: by default Adam at 0.01, with warm-up and cosine
    decay over all epochs. strategy: a `tf.distribute.Strategy` among whose replicas every batch is divided;
    the result is that of a single device, but for rounding. checkpoint: a file that is written after every
    epoch and at Ctrl-C, and from which the same call goes on; the result is then that of the unbroken fit,
    bit for bit. With several machines each must be able to read it; the first writes it.

    Kept of every step: the ELBO's parts. Of at most 100 steps, dense at first, the parameters: of fewer, but
    two, for larger networks, so that a saved run stays below 20 MB. Raises ValueError for data that do not
    fit the model, for a class without images, and for a checkpoint of another fit; NonFiniteElboError if the
    ELBO leaves the finite numbers, with the run until then, whose parameters are the last that were recorded.
    Ctrl-C ends the fit after the step and keeps what was recorded; pressed again, it does not wait.
    """
    settings = ClassifierSettings(
        model=instance("model", model, Classifier, "Make one as in Classifier((784, 400, 400, 10))."),
        posterior=MeanField() if posterior is None else posterior,
        objective=LocalReparameterisation() if objective is None else objective,
        optimizer=Adam(WarmupCosine(0.01, 0.05), beta2=0.999) if optimizer is None else optimizer,
        seed=checked_seed(seed),
        n_epochs=whole_number("n_epochs", n_epochs),
        batch_size=whole_number("batch_size", batch_size),
        kl_warmup=fraction("kl_warmup", kl_warmup, but=1),
    )
    _check(settings, data, strategy)
    digest = images_digest(data)
    run, state = _begin_or_go_on(settings, data, digest, checkpoint)
    n_steps = settings.n_epochs * run.steps_per_epoch
    if run.n_steps == n_steps:
        return run
    return _climb(
        ClassifierRecorder(run, n_steps),
        state,
        stream_steps(settings, data, state, strategy),
        checkpoint if _writes(strategy) else None,
    )


def _climb(record, state, steps, checkpoint):
    """Returns the run that the steps make of the record, which reaches until `state`."""
    batch_size, steps_per_epoch = record.before.settings.batch_size, record.before.steps_per_epoch
    try:
        with (
            interrupts_held_back() as let_interrupt_through,
            tqdm(
                total=record.n_in_all * batch_size,
                initial=record.n_steps * batch_size,
                unit=" images",
                unit_scale=True,
                disable=None,
            ) as bar,
        ):
            for reached, parts in steps:
                # In this order, so that the parts of all steps until the state are there, come Ctrl-C or not.
                record.add(parts)
                state = reached
                done = record.n_steps
                if done in record.schedule:
                    record.keep(state)
                end_of_epoch = done % steps_per_epoch == 0
                if done % LOOK_EVERY == 0 or end_of_epoch:
                    _look(record, state, bar)
                if end_of_epoch and checkpoint is not None:
                    _save(record, state, checkpoint)
                let_interrupt_through()
    except KeyboardInterrupt:
        if state.step == 0:
            raise
        return _interrupted(record, state, checkpoint)
    return record.run(state)


def _begin_or_go_on(settings, data, digest, checkpoint):
    if checkpoint is not None and Path(checkpoint).exists():
        run, state = load_checkpoint(checkpoint)
        if state is None:
            raise ValueError(f"checkpoint: {checkpoint} is a saved run, not a checkpoint. Name another file.")
        for argument, now, then in zip(settings._fields, settings, run.settings, strict=True):
            if now != then:
                raise ValueError(
                    f"checkpoint: {checkpoint} is of a fit with {argument}={then}, and not {now}. "
                    "Name another file, or delete it."
                )
        if digest != run.digest:
            raise ValueError(
                f"checkpoint: {checkpoint} is of a fit to other data. Name another file, or delete it."
            )
        return run, state
    parameters = settings.posterior.initial(settings.model, seed=settings.seed)[0]
    nothing = np.zeros(0, np.float32)
    run = ClassifierRun(
        settings=settings,
        n_images=data.n_images,
        digest=digest,
        parameters=parameters,
        log_likelihood=nothing,
        kl=nothing,
        recorded_steps=np.array([0]),
        recorded_parameters=half_precision(parameters[None]),
        outcome="interrupted",
    )
    return run, settings.optimizer.start(parameters)


def _look(record, state, bar):
    parts = record.parts()
    bar.update(len(parts) * record.before.settings.batch_size - bar.n)
    elbo = np.mean(parts[-LOOK_EVERY:, 0] - parts[-LOOK_EVERY:, 1])
    bar.set_postfix(elbo_per_image=f"{elbo / record.before.n_images:.3f}", refresh=False)
    _check_finite(record, state)


def _check_finite(record, state):
    parts = record.parts()
    # The parameters tell of the ELBO of the step that comes.
    finite = np.append(np.isfinite(parts[:, 0] - parts[:, 1]), np.isfinite(state.parameters).all())
    if not finite.all():
        step = int(np.argmin(finite))
        rate = record.before.settings.optimizer.learning_rate
        raise NonFiniteElboError(
            f"The ELBO became infinite or NaN at step {step}. Use a smaller learning rate (now {rate}); the "
            "steps before it are in this error's `run`.",
            record.run_until(step),
        )


def _save(record, state, checkpoint):
    on_host = type(state)(*(np.asarray(part) for part in state))
    save_classifier_run(record.run(on_host), checkpoint, state=on_host)


def _interrupted(record, state, checkpoint):
    # What diverged since the last look must not take the last good checkpoint's place.
    _check_finite(record, state)
    way_on = "give fit_classifier a checkpoint to be able to go on"
    if checkpoint is not None:
        _save(record, state, checkpoint)
        way_on = "the same call goes on from the checkpoint"
    print(
        f"Interrupted after step {int(state.step)} of {record.n_in_all}; what was recorded is kept, and "
        f"{way_on}.",
        file=sys.stderr,
    )
    return record.run(state)


def _writes(strategy):
    """Whether this is the one of several machines that writes files."""
    strategy = tf.distribute.get_strategy() if strategy is None else strategy
    return strategy.extended.should_checkpoint


def _check(settings, data, strategy):
    instance("data", data, LabelledImages, "Make one as in LabelledImages(images, labels, class_names).")
    model = settings.model
    if data.n_classes != model.n_classes:
        raise ValueError(
            f"{data.name} has {data.n_classes} classes and the model {model.n_classes}: layer_sizes must end "
            f"with {data.n_classes}."
        )
    model.inputs(data.images[:1])
    check_every_class(data)
    if settings.batch_size > data.n_images:
        raise ValueError(
            f"batch_size must be at most {data.n_images}, the images there are; got {settings.batch_size}."
        )
    if strategy is not None:
        instance("strategy", strategy, tf.distribute.Strategy, "None is a single device.")
    remedy = "A schedule goes into one: Adam(learning_rate=...)."
    instance("optimizer", settings.optimizer, Adam, remedy)
    instance("posterior", settings.posterior, MeanField, "Only mean-field posteriors are streamed.")
    if not isinstance(settings.objective, LocalReparameterisation | Flipout):
        raise ValueError(
            "objective must be LocalReparameterisation() or Flipout(), whose noise is an image's own; "
            f"got {shown(settings.objective)}."
        )
