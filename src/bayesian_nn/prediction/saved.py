"""Results of inference on disk: any of them to one file, and back."""

from dataclasses import fields

import numpy as np

from bayesian_nn.modes.dropout import DropoutFit
from bayesian_nn.modes.ensemble import Ensemble
from bayesian_nn.modes.laplace import Laplace
from bayesian_nn.modes.map_estimate import MapEstimate
from bayesian_nn.runtime.checks import shown
from bayesian_nn.runtime.record_file import read_record, write_record
from bayesian_nn.runtime.tagged_json import from_tagged, to_tagged
from bayesian_nn.sampling.hmc import Chains
from bayesian_nn.sampling.langevin import LangevinChains
from bayesian_nn.sampling.microcanonical import MicrocanonicalChains
from bayesian_nn.training.run import Run
from bayesian_nn.training.run_file import KINDS, load_run, save_run
from bayesian_nn.variational.ivon import IvonFit
from bayesian_nn.variational.mixture import Mixture

__all__ = ["load", "save"]

RESULTS = (
    Chains,
    LangevinChains,
    MicrocanonicalChains,
    MapEstimate,
    Laplace,
    Ensemble,
    DropoutFit,
    IvonFit,
    Mixture,
)


def save(result, path) -> None:
    """Writes what an inference method returned to one `.npz` file, whole or not at all, with its model and
    its units; never a pickle. The same result, the same bytes. Raises ValueError for anything else, and for a
    model whose activation is a function; OSError, with the path and the remedy, if it cannot be written."""
    if isinstance(result, Run):
        save_run(result, path)
        return
    if type(result) not in RESULTS:
        names = ", ".join(kind.__name__ for kind in (Run, *RESULTS))
        raise ValueError(f"result must be what an inference method returned ({names}); got {shown(result)}.")
    values = {each.name: getattr(result, each.name) for each in fields(result)}
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    plain = {name: to_tagged(name, value, KINDS) for name, value in values.items() if name not in arrays}
    write_record(path, type(result).__name__, plain, arrays)


def load(path):
    """Returns the result in a file that `save` wrote. Raises ValueError for any other file, for one that was
    damaged or edited, and for a result of another version of the format."""
    record = read_record(path)
    if record.kind == "run":
        return load_run(path)
    kinds = {kind.__name__: kind for kind in RESULTS}
    if record.kind not in kinds:
        raise ValueError(f"{path} holds a {record.kind}, which this version does not know.")
    plain = {name: from_tagged(name, value, KINDS) for name, value in record.fields.items()}
    return kinds[record.kind](**plain, **record.arrays)
