"""The record of a classifier's fit: every step's ELBO, the posterior at some of them, and the checkpoint."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bayesian_nn.data.images import LabelledImages
from bayesian_nn.model.classifier import Classifier
from bayesian_nn.objectives.per_example_noise import Flipout, LocalReparameterisation
from bayesian_nn.posteriors.mean_field import MeanField
from bayesian_nn.priors.weights import GaussianPrior, RelevancePrior, ScaleMixturePrior
from bayesian_nn.runtime.checks import whole_number
from bayesian_nn.runtime.files import replacing
from bayesian_nn.runtime.random_streams import POSTERIOR, key
from bayesian_nn.runtime.tagged_json import from_json, to_json
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.optimizer import Adam, AdamState
from bayesian_nn.training.run import UNREADABLE, optimizer_as_json, optimizer_from_json

__all__ = [
    "ClassifierRun",
    "ClassifierSettings",
    "images_digest",
    "load_classifier_run",
    "save_classifier_run",
]

FORMAT = 1


class ClassifierSettings(NamedTuple):
    """What a classifier's fit was asked to do. Two with equal settings and data are equal bit for bit."""

    model: Classifier
    posterior: MeanField
    objective: LocalReparameterisation | Flipout
    optimizer: Adam
    seed: int
    n_epochs: int
    batch_size: int
    kl_warmup: float


@dataclass(frozen=True, eq=False)
class ClassifierRun:
    """A recorded fit of a classifier.

    parameters: the posterior's at the end `[n_parameters]`, or the last recorded ones of a run that diverged;
    log_likelihood and kl: the ELBO's parts before each step's update `[n_steps_done]`, in nats, of all
    images, estimated from the step's batch; recorded_steps `[n_recorded]` and recorded_parameters
    `[n_recorded, n_parameters]`: the parameters after so many steps, 0 for the start, in half precision
    (three digits: for pictures of the way there, not to go on from); n_images: of the training data; outcome:
    "finished", "interrupted" or "diverged"; digest: a fingerprint of the data.
    """

    settings: ClassifierSettings
    n_images: int
    digest: str
    parameters: np.ndarray
    log_likelihood: np.ndarray
    kl: np.ndarray
    recorded_steps: np.ndarray
    recorded_parameters: np.ndarray
    outcome: str

    @property
    def model(self) -> Classifier:
        return self.settings.model

    @property
    def posterior(self) -> MeanField:
        return self.settings.posterior

    @property
    def n_steps(self) -> int:
        """The number of steps done."""
        return len(self.kl)

    @property
    def steps_per_epoch(self) -> int:
        return self.n_images // self.settings.batch_size

    @property
    def epochs(self) -> np.ndarray:
        """The recorded steps in epochs `[n_recorded]`."""
        return self.recorded_steps / self.steps_per_epoch

    @property
    def elbo(self) -> np.ndarray:
        """The ELBO before each step `[n_steps_done]`, in nats, whatever the weight of the KL in the fit."""
        return self.log_likelihood - self.kl

    def moments(self, recorded: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Returns the means and sds of the weights, each `[n_weights]`: at the end, or at the given one of
        the recorded steps."""
        gaussian = self.posterior.distribution(tf.constant(self._parameters(recorded)))
        return gaussian.mean().numpy(), gaussian.stddev().numpy()

    def draw(self, n_draws: int, *, seed: int, recorded: int | None = None) -> np.ndarray:
        """Returns draws of the weights `[n_draws, n_weights]` from the posterior at the end, or at the given
        one of the recorded steps. A seed gives the same noise at every step."""
        return np.stack(list(self.draws(n_draws, seed=seed, recorded=recorded)))

    def draws(self, n_draws: int, *, seed: int, recorded: int | None = None) -> Iterator[np.ndarray]:
        """Yields what `draw` returns, one `[n_weights]` at a time: a hundred of a large network's are more
        than is good to hold at once."""
        mean, std = self.moments(recorded)
        stream = key(seed, POSTERIOR)
        for index in range(whole_number("n_draws", n_draws)):
            noise = tf.random.stateless_normal(
                mean.shape, tf.random.experimental.stateless_fold_in(stream, index)
            )
            yield mean + std * noise.numpy()

    def _parameters(self, recorded):
        if recorded is None:
            return self.parameters
        n_recorded = len(self.recorded_steps)
        if recorded not in range(-n_recorded, n_recorded):
            raise ValueError(f"recorded must be one of the {n_recorded} recorded steps; got {recorded}.")
        return self.recorded_parameters[recorded].astype(np.float32)


def images_digest(data: LabelledImages) -> str:
    """Returns a fingerprint of images and labels, by which a resumed fit knows its data."""
    digest = hashlib.sha256(np.ascontiguousarray(data.images))
    digest.update(np.ascontiguousarray(data.labels))
    return digest.hexdigest()[:16]


def save_classifier_run(run: ClassifierRun, path, *, state: AdamState | None = None) -> None:
    """Writes the run to one `.npz` file, whole or not at all; with `state`, what the next step needs, the
    file is a checkpoint. Same run, same bytes."""
    header = {
        "format": FORMAT,
        "settings": _settings_as_json(run.settings),
        "n_images": run.n_images,
        "digest": run.digest,
        "outcome": run.outcome,
    }
    arrays = {name: getattr(run, name) for name in _ARRAYS}
    if state is not None:
        # Its parameters are the run's.
        arrays |= {name: getattr(state, name) for name in _MOMENTS}
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez(file, header=np.array(json.dumps(header)), **arrays)


def load_classifier_run(path) -> ClassifierRun:
    """Returns the run in a file that `save_classifier_run` wrote, a checkpoint or not. Raises ValueError for
    any other file, and for a run of another version of the format."""
    return load_checkpoint(path)[0]


def load_checkpoint(path) -> tuple[ClassifierRun, AdamState | None]:
    """Returns the run in a file, and the state it goes on from; None for a file that is no checkpoint."""
    path = Path(path)
    try:
        with path.open("rb") as opened, np.lib.npyio.NpzFile(opened, allow_pickle=False) as file:
            header = json.loads(str(file["header"]))
            version = header["format"]
            # Another version keeps other arrays.
            arrays = {name: file[name] for name in _ARRAYS} if version == FORMAT else {}
            moments = [file[name] for name in _MOMENTS if name in file]
            rest = {name: header[name] for name in ("n_images", "digest", "outcome")}
    except UNREADABLE as error:
        raise ValueError(
            f"{path} is no classifier's run, or a damaged one ({error}): make it again."
        ) from None
    if version != FORMAT:
        raise ValueError(
            f"{path} holds a classifier's run of format {version}, and this version reads format "
            f"{FORMAT}: make it again with this version, or read it with the version that wrote it."
        )
    run = ClassifierRun(settings=_settings_from_json(header["settings"]), **arrays, **rest)
    return run, AdamState(np.int32(run.n_steps), run.parameters, *moments) if moments else None


_ARRAYS = ("parameters", "log_likelihood", "kl", "recorded_steps", "recorded_parameters")
_MOMENTS = ("first_moment", "second_moment")
# What a file may name.
_PRIORS = (GaussianPrior, ScaleMixturePrior, RelevancePrior)
_OBJECTIVES = (LocalReparameterisation, Flipout)


def _settings_as_json(settings):
    return settings._asdict() | {
        "model": asdict(settings.model) | {"prior": _prior_as_json(settings.model.prior)},
        "posterior": to_json("posterior", settings.posterior, (MeanField,)),
        "objective": to_json("objective", settings.objective, _OBJECTIVES),
        "optimizer": optimizer_as_json(settings.optimizer),
    }


def _settings_from_json(fields):
    prior = _prior_from_json(fields["model"]["prior"])
    return ClassifierSettings(
        **fields
        | {
            "model": Classifier(**fields["model"] | {"prior": prior}),
            "posterior": from_json("posterior", fields["posterior"], (MeanField,)),
            "objective": from_json("objective", fields["objective"], _OBJECTIVES),
            "optimizer": optimizer_from_json(fields["optimizer"]),
        }
    )


def _prior_as_json(prior):
    if isinstance(prior, tuple):
        return [_prior_as_json(each) for each in prior]
    return to_json("prior", prior, _PRIORS)


def _prior_from_json(fields):
    if isinstance(fields, list):
        return tuple(map(_prior_from_json, fields))
    return from_json("prior", fields, _PRIORS)
