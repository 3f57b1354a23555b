"""What `fit` is asked for: its arguments checked, and what was not given filled in for the data."""

import numpy as np

from bayesian_nn.data.images import LabelledImages, check_every_class
from bayesian_nn.model.observations import check_data, checked_batch_size, parts_of
from bayesian_nn.objectives.elbo import Elbo
from bayesian_nn.objectives.per_example_noise import LocalReparameterisation
from bayesian_nn.posteriors.mean_field import MeanField
from bayesian_nn.runtime.checks import fraction, instance, shown, whole_number
from bayesian_nn.runtime.random_streams import checked_seed
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.optimizer import Adam, WarmupCosine
from bayesian_nn.training.run import Run, Settings
from bayesian_nn.training.stopping import HeldOut, Plateau

__all__ = ["check", "checked_warmup", "schedules", "settings_of"]

MEMBERS = {
    "posterior": ("noise_shape", "initial", "distribution", "draw", "marginals", "entropy"),
    "objective": ("n_draws", "analytic_kl", "__call__"),
}


def settings_of(model, data, seed, n_steps, n_epochs, posterior, objective, optimizer, batch_size):
    """Returns the `Settings` of a fit, without warm-up and with one start, by what suits the data where an
    argument is None."""
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


def checked_warmup(settings, data, kl_warmup) -> float:
    """Returns the part of the steps over which the weight of the KL rises."""
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


def schedules(settings) -> np.ndarray:
    """Returns the learning rates and the weights of the KL `[n_steps, 2]`."""
    n_steps = settings.n_steps
    risen = (np.arange(n_steps) + 1) / max(1.0, settings.kl_warmup * n_steps)
    kl_weights = getattr(settings.objective, "kl_weight", 1.0) * np.minimum(risen, 1)
    rates = settings.optimizer.learning_rate.rates(n_steps)
    return np.stack([rates, kl_weights], axis=1).astype(np.float32)


def check(settings, data, stop, resume, strategy) -> None:
    """Raises ValueError for an argument of another kind than `fit` takes."""
    instance("optimizer", settings.optimizer, Adam, "A schedule goes into one: Adam(learning_rate=...).")
    if isinstance(data, LabelledImages):
        check_every_class(data)
    if stop is not None and not isinstance(stop, Plateau | HeldOut):
        raise ValueError(f"stop must be Plateau() or HeldOut(data); got {shown(stop)}.")
    rate = settings.optimizer.learning_rate
    if isinstance(stop, Plateau) and np.any(np.diff(rate.rates(settings.n_steps)) < 0):
        raise ValueError(
            f"stop=Plateau() needs a learning rate that does not fall, and {rate} does: the ELBO would stop "
            "rising because the steps become small. Use a constant one, as in optimizer=Adam(0.01), or "
            "stop=HeldOut(data)."
        )
    if isinstance(stop, HeldOut):
        check_data(settings.model, stop.data)
    if resume is not None:
        instance("resume", resume, Run, "A saved one is read with load(path).")
    if strategy is not None:
        instance("strategy", strategy, tf.distribute.Strategy, "None is a single device.")
    # Other families and objectives need not be of a kind known here.
    for argument, usual in (("posterior", "MeanField()"), ("objective", "Elbo()")):
        value = getattr(settings, argument)
        missing = [member for member in MEMBERS[argument] if not hasattr(value, member)]
        if missing or isinstance(value, type):
            lacks = f" It has no {', '.join(missing)}." if missing else ""
            raise ValueError(f"{argument} must be {usual} or have its members; got {shown(value)}.{lacks}")
