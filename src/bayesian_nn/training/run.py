"""The record of a fit: what it was asked, what happened at every step, and what the next step needs."""

import hashlib
import json
import zipfile
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bayesian_nn.data.tables import Dataset, Scaling
from bayesian_nn.model.model import Model
from bayesian_nn.objectives.elbo import Elbo
from bayesian_nn.objectives.importance_weighted import ImportanceWeightedElbo
from bayesian_nn.objectives.per_example_noise import Flipout, LocalReparameterisation
from bayesian_nn.posteriors.full_covariance import FullCovariance
from bayesian_nn.posteriors.low_rank import LowRank
from bayesian_nn.posteriors.mean_field import MeanField
from bayesian_nn.runtime.checks import whole_number
from bayesian_nn.runtime.files import replacing
from bayesian_nn.runtime.random_streams import POSTERIOR, key
from bayesian_nn.runtime.tagged_json import from_json, to_json
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.optimizer import Adam, AdamState, StepDecay, WarmupCosine

__all__ = [
    "UNREADABLE",
    "Run",
    "Settings",
    "data_digest",
    "load_run",
    "optimizer_as_json",
    "optimizer_from_json",
    "save_run",
]

FORMAT = 2


class Settings(NamedTuple):
    """What a fit was asked to do. Two fits with equal settings and data are equal bit for bit."""

    model: Model
    posterior: MeanField
    objective: Elbo
    optimizer: Adam
    seed: int
    n_steps: int
    batch_size: int | None
    n_restarts: int


@dataclass(frozen=True, eq=False)
class Run:
    """A recorded fit. Arrays with `n_restarts` keep every restart; `best` is the one with the highest ELBO,
    and `elbo`, `log_likelihood`, `kl` and `parameters` are that one's.

    recorded_steps: the recorded steps `[n_recorded]`, 0 for the start; recorded_parameters: the posterior's
    parameters after that many steps `[n_recorded, n_restarts, n_parameters]`; log_likelihoods and kls: the
    ELBO's parts before each step's update `[n_steps_done, n_restarts]`, in nats, noisy estimates from
    `objective.n_draws` draws; state: what the next step needs (of a diverged run, that of the start of the
    block of steps in which it diverged, which may lie before the last recorded step); outcome: "finished",
    "plateau", "interrupted" or "diverged"; final_elbos: the ELBO at the end `[n_restarts]`, from 1,000 draws;
    explained: the fraction of y's variance that the best restart's mean prediction explains;
    end_scheduled: whether the last record was asked for, or is there only because the run ended there.
    """

    settings: Settings
    recorded_steps: np.ndarray
    recorded_parameters: np.ndarray
    log_likelihoods: np.ndarray
    kls: np.ndarray
    state: AdamState
    outcome: str
    final_elbos: np.ndarray
    explained: float
    digest: str
    end_scheduled: bool = True

    @property
    def model(self) -> Model:
        return self.settings.model

    @property
    def posterior(self) -> MeanField:
        return self.settings.posterior

    @property
    def n_steps_done(self) -> int:
        """The number of steps done."""
        return len(self.log_likelihoods)

    @property
    def best(self) -> int:
        return int(np.argmax(self.final_elbos))

    @property
    def final_elbo(self) -> float:
        """The best restart's ELBO at the end, in nats."""
        return float(self.final_elbos[self.best])

    @property
    def path(self) -> np.ndarray:
        """The best restart's parameters at the recorded steps `[n_recorded, n_parameters]`."""
        return self.recorded_parameters[:, self.best]

    @property
    def parameters(self) -> np.ndarray:
        """The best restart's parameters at the end `[n_parameters]`."""
        return self.path[-1]

    def draw(self, n_draws: int, *, seed: int, recorded: int = -1) -> np.ndarray:
        """Returns draws of the latents `[n_draws, n_latents]` from the best restart's posterior, at the given
        one of the recorded steps. A seed gives the same noise at every step."""
        shape = [whole_number("n_draws", n_draws), *self.posterior.noise_shape(self.model)]
        noise = tf.random.stateless_normal(shape, key(seed, POSTERIOR))
        return self.posterior.draw(tf.constant(self.path[recorded]), noise).numpy()

    @property
    def log_likelihood(self) -> np.ndarray:
        return self.log_likelihoods[:, self.best]

    @property
    def kl(self) -> np.ndarray:
        return self.kls[:, self.best]

    @property
    def elbo(self) -> np.ndarray:
        return self.log_likelihood - self.kl


def data_digest(data: Dataset) -> str:
    """Returns a fingerprint of x and y, by which a resumed fit knows its data."""
    return hashlib.sha256(data.x.tobytes() + data.y.tobytes()).hexdigest()[:16]


def save_run(run: Run, path) -> None:
    """Writes the run to one `.npz` file, whole or not at all. Same run, same bytes. Raises ValueError for a
    run of a family, an objective or an optimizer that `load_run` does not know."""
    header = {
        "format": FORMAT,
        "settings": _settings_as_json(run.settings),
        "outcome": run.outcome,
        "explained": float(run.explained),
        "digest": run.digest,
        "end_scheduled": run.end_scheduled,
    }
    arrays = {name: getattr(run, name) for name in _ARRAYS} | dict(zip(_STATE, run.state, strict=True))
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, header=np.array(json.dumps(header)), **arrays)


def load_run(path) -> Run:
    """Returns the run in a file that `save_run` wrote. Raises ValueError for any other file, and for a run
    of another version of the format."""
    path = Path(path)
    try:
        # np.load would take any array for a run.
        with path.open("rb") as opened, np.lib.npyio.NpzFile(opened, allow_pickle=False) as file:
            header = json.loads(str(file["header"]))
            version = header["format"]
            # Another version keeps other arrays.
            arrays = {name: file[name] for name in _ARRAYS + _STATE} if version == FORMAT else {}
    except UNREADABLE as error:
        raise ValueError(f"{path} is not a saved run, or a damaged one ({error}); make it again.") from None
    if version != FORMAT:
        raise ValueError(
            f"{path} holds a run of format {version}, and this version reads format {FORMAT}: "
            "make the run again with this version, or read it with the version that wrote it."
        )
    return Run(
        settings=_settings_from_json(header["settings"]),
        state=AdamState(*(arrays[name] for name in _STATE)),
        **{name: arrays[name] for name in _ARRAYS},
        **{name: header[name] for name in ("outcome", "explained", "digest", "end_scheduled")},
    )


_ARRAYS = ("recorded_steps", "recorded_parameters", "log_likelihoods", "kls", "final_elbos")
_STATE = tuple(f"state_{name}" for name in AdamState._fields)
# All that NumPy, zipfile and json were seen to raise when bytes of a saved run were changed.
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, TypeError, ValueError, NotImplementedError)


# What a file may name.
_KINDS = {
    "posterior": (MeanField, LowRank, FullCovariance),
    "objective": (Elbo, ImportanceWeightedElbo, LocalReparameterisation, Flipout),
    "optimizer": (Adam,),
    "learning_rate": (WarmupCosine, StepDecay),
}


def optimizer_as_json(optimizer: Adam) -> dict:
    """Returns an optimizer and its schedule as JSON. Raises ValueError for one of an unknown kind."""
    fields = to_json("optimizer", optimizer, _KINDS["optimizer"])
    return fields | {
        "learning_rate": to_json("learning_rate", optimizer.learning_rate, _KINDS["learning_rate"])
    }


def optimizer_from_json(fields: dict) -> Adam:
    """Returns the optimizer that `optimizer_as_json` wrote."""
    rate = from_json("learning_rate", fields["learning_rate"], _KINDS["learning_rate"])
    return from_json("optimizer", fields | {"learning_rate": rate}, _KINDS["optimizer"])


def _settings_as_json(settings):
    fields = settings._asdict() | {
        "model": asdict(settings.model),
        "posterior": to_json("posterior", settings.posterior, _KINDS["posterior"]),
        "objective": to_json("objective", settings.objective, _KINDS["objective"]),
        "optimizer": optimizer_as_json(settings.optimizer),
    }
    if isinstance(settings.model.noise_std, LearnedNoise):
        fields["model"]["noise_std"] = settings.model.noise_std._asdict()
    fields["model"]["scaling"] = settings.model.scaling._asdict()
    return fields


def _settings_from_json(fields):
    model = dict(fields["model"])
    if isinstance(model["noise_std"], dict):
        model["noise_std"] = LearnedNoise(**model["noise_std"])
    if isinstance(model["prior_std"], list):
        model["prior_std"] = tuple(map(tuple, model["prior_std"]))
    scaling = model["scaling"]
    model["scaling"] = Scaling(
        tuple(scaling["x_shift"]), tuple(scaling["x_scale"]), scaling["y_shift"], scaling["y_scale"]
    )
    return Settings(
        **fields
        | {
            "model": Model(**model),
            "posterior": from_json("posterior", fields["posterior"], _KINDS["posterior"]),
            "objective": from_json("objective", fields["objective"], _KINDS["objective"]),
            "optimizer": optimizer_from_json(fields["optimizer"]),
        }
    )
