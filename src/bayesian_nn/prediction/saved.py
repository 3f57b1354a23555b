"""Results of inference on disk: any of them to one file, and back."""

from dataclasses import fields

import numpy as np

from bayesian_nn.modes.dropout import DropoutFit
from bayesian_nn.modes.ensemble import Ensemble
from bayesian_nn.modes.laplace import Laplace
from bayesian_nn.modes.map_estimate import MapEstimate
from bayesian_nn.runtime.checks import shown
from bayesian_nn.runtime.record_file import VERSION, read_record, reading, write_record
from bayesian_nn.runtime.tagged_json import from_tagged, to_tagged
from bayesian_nn.runtime.tensorflow import tf
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
    kinds = {kind.__name__: kind for kind in RESULTS}
    if record.kind not in ("run", *kinds):
        raise ValueError(f"{path} holds a {record.kind}, which version {VERSION} does not know.")
    run = load_run(path) if record.kind == "run" else None
    with reading(path, record):
        result = _result_of(kinds[record.kind], record) if run is None else run
        _check_sizes(result)
    return result


def _result_of(kind, record):
    plain = {name: from_tagged(name, value, KINDS) for name, value in record.fields.items()}
    return kind(**plain, **record.arrays)


def _check_sizes(result):
    """Raises ValueError for a result of which no draw has the size of its model's latents."""
    try:
        shape = result.draw(1, seed=0).shape
    except tf.errors.InvalidArgumentError as error:
        raise ValueError(f"its arrays are not those of {result.model.layer_sizes}") from error
    if shape != (1, result.model.n_latents):
        raise ValueError(f"a draw is {list(shape)}, and its model has {result.model.n_latents} latents")
