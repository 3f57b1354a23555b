"""A recorded run in one compact file, from which a page's player draws every frame of its training."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bayesian_nn.browser.packed_record import DAMAGE, pack_record, unpack_record
from bayesian_nn.figures.nats_axis import nats_ends
from bayesian_nn.figures.training import elbo_at_the_end, running_median, shown_elbo
from bayesian_nn.runtime.checks import finite_numbers, shown, whole_number
from bayesian_nn.runtime.files import replacing
from bayesian_nn.runtime.portable_math import PREDICTION

if TYPE_CHECKING:
    from bayesian_nn.data.tables import Dataset
    from bayesian_nn.training.run import Run

__all__ = ["PlayerRecord", "read_player_record", "write_player_record"]

FORMAT = 1
# What docs/assets/numerics/network.js can do.
ACTIVATIONS = ("tanh", "relu", "sigmoid", "softplus", "elu", "silu")
N_PLACES = 161
# Of a weight's mean, and of the rho of its sd = softplus(rho).
STEPS = 2.0**-11, 2.0**-9
# A longer history is kept by the extremes of this many spans, equally wide on a logarithmic axis.
N_SPANS = 400


@dataclass(frozen=True, eq=False)
class PlayerRecord:
    """What a file of `write_player_record` holds, as the page computes with it.

    header: model, units, seed of the noise, axis of the ELBO; steps: [n_recorded]; parameters: [n_recorded,
    2 n_weights], the means, then rho (sd = softplus(rho)); elbo, log_likelihood, kl: running medians there,
    in nats, the ELBO's last an estimate of its own; median_steps and medians [3, n]: the same, densely;
    noisy_steps, noisy_elbo: single steps' estimates; x, y: the data; truth: along `places`, or empty.
    """

    header: dict
    steps: np.ndarray
    parameters: np.ndarray
    elbo: np.ndarray
    log_likelihood: np.ndarray
    kl: np.ndarray
    median_steps: np.ndarray
    medians: np.ndarray
    noisy_steps: np.ndarray
    noisy_elbo: np.ndarray
    x: np.ndarray
    y: np.ndarray
    truth: np.ndarray

    @property
    def places(self) -> np.ndarray:
        """x of everything that is drawn along x, [n_places], in original units."""
        return np.linspace(*self.header["x_range"], self.header["n_places"])


def write_player_record(
    run: Run,
    path: str | os.PathLike,
    *,
    data: Dataset,
    x_range: tuple[float, float],
    noise_seed: int,
    n_draws: int = 100,
    n_curves: int = 10,
    y_limits: tuple[float, float] | None = None,
    reference: Mapping[str, float] | None = None,
) -> None:
    """Writes the run's best restart to one file, to be drawn along x from x_range[0] to x_range[1] in
    original units: `predict_film(run, x, seed=noise_seed)` shows the same. Same run, same bytes.

    The bands are those of `n_draws` draws, of which a reader sees `n_curves` at first. A weight's mean is off
    by at most 2^-12 and the logarithm of its sd by 2^-10, while no mean exceeds 16 and no rho 64; both grow
    in proportion beyond. `y_limits` are by default those of the film; `reference` maps labels of horizontal
    lines to nats. Raises ValueError for a run that a page cannot draw: of several inputs, with another
    likelihood or prior, or of another family than MeanField.
    """
    model = _checked(run, x_range, n_draws, n_curves)
    x_range = [float(end) for end in x_range]
    places = np.linspace(*x_range, N_PLACES)
    truth = [] if data.truth is None else np.ravel(data.truth(places[:, None]))
    parameters = np.asarray(run.path, np.float64)
    codes, steps = _codes(parameters)
    ends = _ends(run, reference)
    header = {
        "format": FORMAT,
        "sizes": list(model.layer_sizes),
        "activation": model.activation,
        # Of each layer's weights and biases in turn.
        "prior_stds": [prior.std for _, prior, _ in model.placed_priors],
        "noise_std": model.likelihood.noise_std,
        "scaling": [float(np.squeeze(value)) for value in model.scaling[:4]],
        "names": [data.x_names[0], data.y_name],
        "x_range": x_range,
        "y_limits": None if y_limits is None else [float(end) for end in y_limits],
        "n_places": N_PLACES,
        "noise_seed": whole_number("noise_seed", noise_seed, at_least=0),
        "noise_stream": PREDICTION,
        "n_draws": n_draws,
        "n_curves": n_curves,
        "n_steps": run.n_steps_done,
        "code_steps": steps,
        "nats": ends,
        "reference": {label: float(value) for label, value in (reference or {}).items()},
    }
    floats = {"x": np.ravel(data.x), "y": data.y, "truth": truth, **_histories(run)}
    arrays = {name: np.asarray(values, "<f4").ravel() for name, values in floats.items()}
    with replacing(path) as temporary:
        temporary.write_bytes(pack_record(header, arrays | {"codes": codes}))


def read_player_record(path: str | os.PathLike) -> PlayerRecord:
    """Returns what the file holds. Raises ValueError for any other file, or a damaged one."""
    content = Path(path).read_bytes()
    try:
        header, arrays = unpack_record(content, format=FORMAT)
        arrays["parameters"] = _decoded(arrays.pop("codes"), len(arrays["steps"]), header["code_steps"])
        arrays["medians"] = arrays["medians"].reshape(3, -1)
        for name in ("steps", "median_steps", "noisy_steps"):
            arrays[name] = arrays[name].astype(int)
        return PlayerRecord(header, **arrays)
    except DAMAGE as error:
        raise ValueError(f"{path} is not a player's record, or a damaged one ({error}).") from None


def _checked(run, x_range, n_draws, n_curves):
    model = run.model
    family = type(run.posterior).__name__
    if family != "MeanField":
        raise ValueError(f"A player draws runs of MeanField; this one is of {family}: make a film of it.")
    if model.layer_sizes[0] != 1:
        raise ValueError(f"A player needs a model of one input; this one has {model.layer_sizes[0]}.")
    kind = type(model.likelihood).__name__
    if kind != "Gaussian" or not isinstance(model.likelihood.noise_std, float):
        raise ValueError(
            f"A player draws Gaussian noise that is known; this model has {model.likelihood}: "
            "make a film of it."
        )
    others = [prior for _, prior, _ in model.placed_priors if type(prior).__name__ != "GaussianPrior"]
    if others:
        raise ValueError(f"A player draws Gaussian priors; this model has {others[0]}: make a film of it.")
    if model.activation not in ACTIVATIONS:
        raise ValueError(
            f"A player knows the activations {', '.join(ACTIVATIONS)}; this model has {model.activation!r}."
        )
    ends = finite_numbers("x_range", x_range)
    if ends.shape != (2,) or ends[0] >= ends[1]:
        raise ValueError(f"x_range must be (first, last), first below last; got {shown(x_range)}.")
    whole_number("n_draws", n_draws)
    if whole_number("n_curves", n_curves, at_least=0) > n_draws:
        raise ValueError(f"n_curves must be at most n_draws={n_draws}; got {n_curves}.")
    return model


def _codes(parameters):
    """The bytes of all parameters [n_recorded, 2 n] as whole numbers of 16 bits, and their two steps.

    Of each parameter the change from record to record; first the lower bytes of all, then the upper, which
    are mostly alike. Wrapping around is harmless: so does the reading.
    """
    halves, steps = [], []
    for values, step in zip(np.split(parameters, 2, axis=1), STEPS, strict=True):
        while np.abs(values).max() > step * (2**15 - 1):
            step *= 2
        halves.append(np.rint(values / step).astype(np.int16))
        steps.append(step)
    numbers = np.concatenate(halves, axis=1)
    changes = np.diff(numbers, axis=0, prepend=np.zeros_like(numbers[:1])).T.ravel()
    # Small numbers of either sign become small numbers: 0, -1, 1, -2, … are 0, 1, 2, 3, …
    folded = ((changes << 1) ^ (changes >> 15)).view(np.uint16)
    return np.concatenate([folded & 255, folded >> 8]).astype(np.uint8), steps


def _decoded(codes, n_recorded, steps):
    lower, upper = codes.astype(np.uint16).reshape(2, -1)
    folded = lower | upper << 8
    changes = (folded >> 1).astype(np.int16) ^ -(folded & 1).astype(np.int16)
    numbers = np.cumsum(changes.reshape(-1, n_recorded), axis=1, dtype=np.int16).T
    return np.concatenate(
        [half * step for half, step in zip(np.split(numbers, 2, axis=1), steps, strict=True)], axis=1
    )


def _histories(run):
    """What is drawn of the ELBO and its parts, and the values under the cursor at each recorded step."""
    parts = (run.elbo, run.log_likelihood, run.kl)
    at_records = [running_median(part, run.recorded_steps) for part in parts]
    at_records[0] = shown_elbo(run, run.recorded_steps)
    at = np.unique(np.concatenate([[0], np.geomspace(1, run.n_steps_done, N_SPANS).round()])).astype(int)
    medians = [running_median(part, at) for part in parts]
    medians[0][-1] = elbo_at_the_end(run)
    noisy = _extremes(run.elbo)
    return {
        "steps": run.recorded_steps,
        **dict(zip(("elbo", "log_likelihood", "kl"), at_records, strict=True)),
        "median_steps": at,
        "medians": np.stack(medians),
        "noisy_steps": noisy,
        "noisy_elbo": np.asarray(run.elbo)[noisy],
    }


def _extremes(values):
    """The steps at which a line through `values` [n_steps] must pass to look as if it passed through all."""
    n = len(values)
    if n <= 2 * N_SPANS:
        return np.arange(n)
    starts = np.unique(np.concatenate([[0], np.geomspace(1, n, N_SPANS + 1).astype(int)]))
    spans = [(begin, values[begin:end]) for begin, end in pairwise(starts)]
    return np.unique([begin + pick(span) for begin, span in spans for pick in (np.argmin, np.argmax)])


def _ends(run, reference):
    """The axis of the ELBO: its ends, and the threshold beyond which it is logarithmic; as in `plot_elbo`."""
    parts = (run.elbo, run.log_likelihood, -np.asarray(run.kl))
    at = np.unique(np.concatenate([run.recorded_steps, [run.n_steps_done]]))
    medians = np.concatenate([running_median(part, at) for part in parts])
    return nats_ends(run, np.concatenate([medians, [elbo_at_the_end(run)], [*(reference or {}).values()]]))
