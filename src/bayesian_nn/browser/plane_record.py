"""The training of a classifier of two inputs, in one compact file that a page's player shows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bayesian_nn.browser.packed_record import DAMAGE, changes_of, pack_record, unpack_record, values_of
from bayesian_nn.figures.nats_axis import nats_ends
from bayesian_nn.figures.plane import DOUBT, PROBABILITY, bar_look, check_points, colour_steps, plane_maps
from bayesian_nn.figures.training import shown_elbo
from bayesian_nn.predictions.classes import ClassPrediction
from bayesian_nn.runtime.checks import finite_numbers, shown
from bayesian_nn.runtime.files import replacing

if TYPE_CHECKING:
    from bayesian_nn.data.tables import Dataset
    from bayesian_nn.training.run import Run

__all__ = ["PlaneRecord", "read_plane_record", "write_plane_record"]

FORMAT = "plane 1"
# Of each map the largest number: a mutual information of two classes is at most log 2.
MOST = {PROBABILITY: 1.0, DOUBT: float(np.log(2))}


@dataclass(frozen=True, eq=False)
class PlaneRecord:
    """What a file of `write_plane_record` holds, as the page shows it.

    steps: the recorded steps `[n_frames]`; elbo: the ELBO that is shown there `[n_frames]`, in nats; limits:
    the (lowest, highest) of each input; names: those of the inputs; x, labels: the points `[n_points, 2]` and
    their classes `[n_points]`; probability: of class 1 `[n_frames, n_up, n_across]`, both inputs from their
    lowest to their highest; epistemic: the epistemic part of the entropy, in nats, of the same shape.
    """

    steps: np.ndarray
    elbo: np.ndarray
    limits: tuple[tuple[float, float], tuple[float, float]]
    names: tuple[str, str]
    x: np.ndarray
    labels: np.ndarray
    probability: np.ndarray
    epistemic: np.ndarray


def write_plane_record(
    path: str | os.PathLike,
    *,
    run: Run,
    grid,
    predictions: Sequence[ClassPrediction],
    data: Dataset,
) -> None:
    """Writes to one file what `draw_plane_film` shows of the same arguments. Same arguments, same bytes.

    grid: as `plane_grid` makes it; predictions: the one there, of two classes, at each of
    `run.recorded_steps`, to which sentences of the page may link. A probability is off by at most 1/510, and
    an epistemic part by log(2)/510 nats. Raises ValueError for what does not fit together.
    """
    maps = plane_maps(grid, predictions, run)
    check_points(data)
    if len(predictions) < 2:
        raise ValueError(
            f"run must have recorded two steps or more, got {shown(run.recorded_steps.tolist())}: fit with "
            "record_at=[0, …]."
        )
    elbo = finite_numbers("run.elbo", shown_elbo(run, run.recorded_steps))
    places = np.asarray(grid, np.float64)
    header = {
        "format": FORMAT,
        "shape": maps[PROBABILITY].shape[1:],
        "limits": np.stack([places[0], places[-1]], axis=1).tolist(),
        "names": [str(name) for name in data.x_names],
        "labels": np.asarray(data.y).astype(int).tolist(),
        "scales": [_scale(kind) for kind in maps],
        "n_steps": run.n_steps_done,
        "nats": nats_ends(run, elbo),
    }
    floats = {"steps": run.recorded_steps, "elbo": elbo, "x": np.ravel(data.x)}
    arrays = {name: np.asarray(values, "<f4") for name, values in floats.items()}
    codes = np.concatenate([changes_of(values / MOST[kind]) for kind, values in maps.items()])
    with replacing(path) as temporary:
        temporary.write_bytes(pack_record(header, arrays | {"codes": codes}))


def read_plane_record(path: str | os.PathLike) -> PlaneRecord:
    """Returns what the file holds. Raises ValueError for any other file, or a damaged one."""
    try:
        header, arrays = unpack_record(Path(path).read_bytes(), format=FORMAT)
        shape = len(arrays["steps"]), *header["shape"]
        probability, epistemic = (
            most * values_of(changes, shape)
            for most, changes in zip(MOST.values(), np.split(arrays["codes"], 2), strict=True)
        )
        return PlaneRecord(
            steps=arrays["steps"].astype(int),
            elbo=arrays["elbo"],
            limits=tuple(map(tuple, header["limits"])),
            names=tuple(header["names"]),
            x=arrays["x"].reshape(-1, 2),
            labels=np.array(header["labels"]),
            probability=probability,
            epistemic=epistemic,
        )
    except DAMAGE as error:
        message = f"{path} is not the record of a classifier of two inputs, or a damaged one ({error})."
        raise ValueError(message) from None


def _scale(kind):
    """What the page needs to draw a map as `draw_map` does."""
    edges, colours = colour_steps(kind)
    look = bar_look(kind)
    return {
        "label": look["label"],
        "most": MOST[kind],
        "edges": edges.round(6).tolist(),
        "colours": colours,
        "ticks": look["ticks"],
    }
