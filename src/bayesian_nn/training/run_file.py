"""A run on disk: a file of its settings and arrays, from which it can also be resumed."""

from pathlib import Path

import numpy as np

from bayesian_nn.data.columns import BooleanColumn, CategoryColumn, Columns, DateColumn, NumberColumn
from bayesian_nn.data.images import PixelNorm
from bayesian_nn.data.tables import Scaling
from bayesian_nn.likelihoods.bernoulli import Bernoulli
from bayesian_nn.likelihoods.categorical import Categorical
from bayesian_nn.likelihoods.gaussian import Gaussian, LearnedNoise
from bayesian_nn.likelihoods.heteroscedastic import HeteroscedasticGaussian
from bayesian_nn.likelihoods.negative_binomial import LearnedDispersion, NegativeBinomial
from bayesian_nn.likelihoods.poisson import Poisson
from bayesian_nn.likelihoods.several import Several
from bayesian_nn.likelihoods.student_t import LearnedDof, StudentT
from bayesian_nn.model.model import Model
from bayesian_nn.objectives.elbo import Elbo
from bayesian_nn.objectives.importance_weighted import ImportanceWeightedElbo
from bayesian_nn.objectives.per_example_noise import Flipout, LocalReparameterisation
from bayesian_nn.posteriors.full_covariance import FullCovariance
from bayesian_nn.posteriors.low_rank import LowRank
from bayesian_nn.posteriors.mean_field import MeanField
from bayesian_nn.priors.gaussian import GaussianPrior
from bayesian_nn.priors.learned_scale import HalfNormalScale, LogNormalScale
from bayesian_nn.priors.relevance import RelevancePrior
from bayesian_nn.priors.scale_mixture import ScaleMixturePrior
from bayesian_nn.runtime.record_file import read_record, reading, write_record
from bayesian_nn.runtime.tagged_json import from_tagged, to_tagged
from bayesian_nn.training.optimizer import Adam, AdamState, StepDecay, WarmupCosine
from bayesian_nn.training.run import Run, Settings

__all__ = ["KINDS", "load_run", "model_from_fields", "model_to_fields", "save_run"]

LIKELIHOODS = (
    Gaussian,
    LearnedNoise,
    HeteroscedasticGaussian,
    StudentT,
    LearnedDof,
    Bernoulli,
    Categorical,
    Poisson,
    NegativeBinomial,
    LearnedDispersion,
    Several,
)
PRIORS = (GaussianPrior, ScaleMixturePrior, RelevancePrior, LogNormalScale, HalfNormalScale)
# What a file may name.
KINDS = (
    *(Model, Scaling, Columns, NumberColumn, BooleanColumn, DateColumn, CategoryColumn),
    *(PixelNorm, *LIKELIHOODS, *PRIORS),
    *(MeanField, LowRank, FullCovariance),
    *(Elbo, ImportanceWeightedElbo, LocalReparameterisation, Flipout),
    *(Adam, WarmupCosine, StepDecay),
)

ARRAYS = (
    "recorded_steps",
    "recorded_parameters",
    "final_parameters",
    "log_likelihoods",
    "kls",
    "final_elbos",
    "held_out_steps",
    "held_out",
)
FIELDS = ("outcome", "n_points", "digest", "end_scheduled")


def save_run(run: Run, path, *, with_state: bool = True) -> None:
    """Writes the run to one `.npz` file, whole or not at all. Same run, same bytes. Without its state, which
    is three times the parameters, a run can be read and drawn from, but not resumed. Raises ValueError for a
    run of a family, an objective or an optimizer that `load_run` does not know, and for an activation that is
    a function; OSError, with the path and the remedy, if it cannot be written."""
    settings = {name: to_tagged(name, value, KINDS) for name, value in run.settings._asdict().items()}
    fields = {name: getattr(run, name) for name in FIELDS}
    arrays = {name: getattr(run, name) for name in ARRAYS}
    if with_state and run.state is not None:
        for name, part in run.state._asdict().items():
            # Nearly always the final parameters: kept once.
            if name != "parameters" or not np.array_equal(part, run.final_parameters):
                arrays[f"state_{name}"] = np.asarray(part)
    write_record(path, "run", fields | {"settings": settings, "explained": float(run.explained)}, arrays)


def load_run(path) -> Run:
    """Returns the run in a file that `save_run` wrote. Raises ValueError for any other file, for one that was
    damaged or edited, and for a run of another version of the format."""
    path = Path(path)
    record = read_record(path, "run")
    with reading(path, record):
        return _run_of(record)


def _run_of(record):
    arrays = dict(record.arrays)
    state = {name: arrays.pop(f"state_{name}", None) for name in AdamState._fields}
    if state["step"] is None:
        state = None
    else:
        if state["parameters"] is None:
            state["parameters"] = arrays["final_parameters"]
        state = AdamState(**state)
    settings = {name: from_tagged(name, value, KINDS) for name, value in record.fields["settings"].items()}
    return Run(
        settings=Settings(**settings),
        state=state,
        explained=record.fields["explained"],
        **arrays,
        **{name: record.fields[name] for name in FIELDS},
    )


def model_to_fields(model: Model) -> dict:
    """Returns a model as JSON, for the files of other results. Raises ValueError as `save_run` does."""
    return to_tagged("model", model, KINDS)


def model_from_fields(fields: dict) -> Model:
    """Returns the model that `model_to_fields` wrote."""
    return from_tagged("model", fields, KINDS)
