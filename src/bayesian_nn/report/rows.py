"""What a result predicts of every row of a table, in a few numbers each, and what that is worth."""

from typing import NamedTuple

import numpy as np

from bayesian_nn.data.tables import Dataset
from bayesian_nn.prediction.parts import predict_in_parts
from bayesian_nn.runtime.checks import fraction
from bayesian_nn.scores.classification import error_rate, expected_calibration_error
from bayesian_nn.scores.errors import explained_variance, rmse

__all__ = ["SCORES", "Rows", "predict_rows", "scores_of"]

SCORES = {
    "mean_log_density": "mean log density, in nats a row",
    "accuracy": "share of rows that it names right",
    "commonest_class": "share of the commonest class",
    "calibration_error": "calibration error",
    "rmse": "root mean square error",
    "sd_of_target": "sd of the target",
    "explained_variance": "share of the variance explained",
    "level": "the band should hold",
    "coverage": "the band holds",
    "mean_width": "mean width of the band",
}


class Rows(NamedTuple):
    """A prediction row by row, in y's units, noise included but for the doubt.

    mean `[n_points]`, of classes their probabilities `[n_points, n_classes]`; doubt `[n_points]`: the
    epistemic part, the sd between draws or for classes their mutual information in nats. Of numbers and
    counts, and None of classes: std, and the ends of the central interval that holds y with probability
    `level`, lower and upper `[n_points]`. log_density: of y `[n_points]` in nats, None where y was not given.
    """

    mean: np.ndarray
    doubt: np.ndarray
    std: np.ndarray | None
    lower: np.ndarray | None
    upper: np.ndarray | None
    log_density: np.ndarray | None
    level: float

    @property
    def of_classes(self) -> bool:
        return self.mean.ndim == 2


def predict_rows(result, x, y=None, *, seed: int, level: float = 0.9, n_draws: int = 400) -> Rows:
    """Returns what an inference method's result predicts at x, a data frame or an array, as `Rows`. Raises
    ValueError for a result of several targets. The draws are those of `bnn.check` with the same seed."""
    level = fraction("level", fraction("level", level, but=0), but=1)
    ends = [(1 - level) / 2, (1 + level) / 2]
    parts, begin = [], 0
    for record in predict_in_parts(result, x, n_draws=n_draws, seed=seed):
        if hasattr(record, "parts"):
            raise ValueError(f"result must be of one target; got one of {len(record.parts)}.")
        end = begin + len(record.mean)
        of_truth = None if y is None else record.log_density(y[begin:end])
        begin = end
        if hasattr(record, "probabilities"):
            parts.append((record.mean, record.epistemic, None, None, None, of_truth))
        else:
            interval = record.quantiles(ends, with_noise=True)
            parts.append((record.mean, record.epistemic_std, record.std, *interval, of_truth))
    joined = (None if part[0] is None else np.concatenate(part) for part in zip(*parts, strict=True))
    return Rows(*joined, level)


def scores_of(rows: Rows, data: Dataset) -> dict[str, float]:
    """Returns what a prediction of the rows of `data` is worth, by the names in `SCORES`."""
    scores = {"mean_log_density": float(rows.log_density.mean())}
    if rows.of_classes:
        labels = data.y.astype(int)
        return scores | {
            "accuracy": 1 - error_rate(rows.mean, labels),
            "commonest_class": float(np.bincount(labels).max() / len(labels)),
            "calibration_error": expected_calibration_error(rows.mean, labels, n_bins=10),
        }
    inside = (rows.lower <= data.y) & (data.y <= rows.upper)
    return scores | {
        "rmse": rmse(rows.mean, data.y),
        "sd_of_target": float(data.y.std()),
        "explained_variance": explained_variance(rows.mean, data.y),
        "level": rows.level,
        "coverage": float(inside.mean()),
        "mean_width": float(np.mean(rows.upper - rows.lower)),
    }
