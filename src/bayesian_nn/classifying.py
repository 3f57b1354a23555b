"""Variational inference for classifiers: streams minibatches, records the way, goes on where it was left."""

import sys
from pathlib import Path

import numpy as np
from tqdm import tqdm

from bayesian_nn.arguments import fraction, instance, shown, whole_number
from bayesian_nn.classifier import Classifier
from bayesian_nn.classifier_run import (
    ClassifierRun,
    ClassifierSettings,
    images_digest,
    load_checkpoint,
    save_classifier_run,
)
from bayesian_nn.images import LabelledImages, check_every_class
from bayesian_nn.layerwise import Flipout, LocalReparameterisation
from bayesian_nn.optimizer import Adam, WarmupCosine
from bayesian_nn.posterior import MeanField
from bayesian_nn.recorder import log_spaced_steps
from bayesian_nn.stream import stream_steps
from bayesian_nn.streams import checked_seed
from bayesian_nn.variational import NonFiniteElboError

__all__ = ["fit_classifier"]

# A record of a run is kept below this size, its recorded parameters in half precision.
MAX_BYTES = 19e6
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

    Kept of every step: the ELBO's parts. Of at most 100 steps, dense at first, the parameters: fewer for
    larger networks, so that a saved run stays below 20 MB. Raises ValueError for data that do not fit the
    model, for a class without images, and for a checkpoint of another fit; NonFiniteElboError, with the run
    until then, if the ELBO leaves the finite numbers. Ctrl-C ends the fit and keeps what was recorded.
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
    _check(settings, data)
    digest = images_digest(data)
    run, state = _begin_or_go_on(settings, data, digest, checkpoint)
    n_steps = settings.n_epochs * run.steps_per_epoch
    if run.n_steps == n_steps:
        return run
    record = _Record(run, n_steps)
    try:
        with tqdm(
            total=n_steps * settings.batch_size,
            initial=run.n_steps * settings.batch_size,
            unit=" images",
            unit_scale=True,
            disable=None,
        ) as bar:
            for reached, parts in stream_steps(settings, data, state, strategy):
                state = reached
                record.add(parts)
                done = record.n_steps
                if done in record.schedule:
                    record.keep(state)
                if done % LOOK_EVERY == 0 or done == n_steps:
                    _look(record, state, bar)
                if checkpoint is not None and done % run.steps_per_epoch == 0 and _writes(strategy):
                    outcome = "finished" if done == n_steps else "interrupted"
                    _save(record, state, outcome, checkpoint)
    except KeyboardInterrupt:
        if record.n_steps == 0:
            raise
        return _interrupted(record, state, checkpoint if _writes(strategy) else None, n_steps)
    return record.run(state, "finished")


class _Record:
    """What a fit has recorded so far; it begins with the record of the part before."""

    def __init__(self, run, n_steps):
        self.before = run
        self.schedule = set(_schedule(run.settings, n_steps))
        self._parts, self._on_device = [np.stack([run.log_likelihood, run.kl], axis=-1)], []
        self._recorded = dict(zip(run.recorded_steps.tolist(), run.recorded_parameters, strict=True))

    @property
    def n_steps(self):
        return sum(map(len, self._parts)) + len(self._on_device)

    def add(self, parts):
        # Reading it would wait for the device.
        self._on_device.append(parts)

    def keep(self, state):
        self._recorded[self.n_steps] = state.parameters.numpy().astype(np.float16)

    def parts(self):
        """Returns the ELBO's parts of all steps `[n_steps, 2]`."""
        if self._on_device:
            self._parts = [
                np.concatenate([*self._parts, np.stack([part.numpy() for part in self._on_device])])
            ]
            self._on_device = []
        return self._parts[0]

    def run(self, state, outcome):
        steps = sorted(self._recorded)
        return ClassifierRun(
            settings=self.before.settings,
            n_images=self.before.n_images,
            digest=self.before.digest,
            parameters=np.asarray(state.parameters),
            log_likelihood=self.parts()[:, 0],
            kl=self.parts()[:, 1],
            recorded_steps=np.array(steps),
            recorded_parameters=np.stack([self._recorded[step] for step in steps]),
            outcome=outcome,
        )


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
        recorded_parameters=parameters[None].astype(np.float16),
        outcome="interrupted",
    )
    return run, settings.optimizer.start(parameters)


def _look(record, state, bar):
    parts = record.parts()
    bar.update(len(parts) * record.before.settings.batch_size - bar.n)
    elbos = parts[:, 0] - parts[:, 1]
    bar.set_postfix(
        elbo_per_image=f"{elbos[-LOOK_EVERY:].mean() / record.before.n_images:.3f}", refresh=False
    )
    if not np.isfinite(elbos[-LOOK_EVERY:]).all():
        step = int(np.argmin(np.isfinite(elbos)))
        rate = record.before.settings.optimizer.learning_rate
        raise NonFiniteElboError(
            f"The ELBO became {elbos[step]} at step {step}. Use a smaller learning rate (now {rate}); the "
            "steps before it are in this error's `run`.",
            record.run(state, "diverged"),
        )


def _save(record, state, outcome, checkpoint):
    on_host = type(state)(*(np.asarray(part) for part in state))
    save_classifier_run(record.run(on_host, outcome), checkpoint, state=on_host)


def _interrupted(record, state, checkpoint, n_steps):
    way_on = "give fit_classifier a checkpoint to be able to go on"
    if checkpoint is not None:
        _save(record, state, "interrupted", checkpoint)
        way_on = "the same call goes on from the checkpoint"
    print(
        f"Interrupted after step {record.n_steps} of {n_steps}; what was recorded is kept, and {way_on}.",
        file=sys.stderr,
    )
    return record.run(state, "interrupted")


def _writes(strategy):
    return strategy is None or strategy.extended.should_checkpoint


def _schedule(settings, n_steps):
    """Returns the steps at which the parameters are recorded, dense at first."""
    of_each = 2 * 2 * settings.model.n_weights
    # The last parameters are kept in single precision besides.
    n_records = int(np.clip(MAX_BYTES / of_each - 2, 2, 100))
    return log_spaced_steps(n_steps, n_records)


def _check(settings, data):
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
    remedy = "A schedule goes into one: Adam(learning_rate=...)."
    instance("optimizer", settings.optimizer, Adam, remedy)
    instance("posterior", settings.posterior, MeanField, "Only mean-field posteriors are streamed.")
    if not isinstance(settings.objective, LocalReparameterisation | Flipout):
        raise ValueError(
            "objective must be LocalReparameterisation() or Flipout(), whose noise is an image's own; "
            f"got {shown(settings.objective)}."
        )
