"""The test of in-between: the middle third of an input left out, and predicted from its outer thirds."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from bayesian_nn.data.tables import Dataset, standardising
from bayesian_nn.prediction.parts import draws_of
from bayesian_nn.prediction.predict import predict_draws
from bayesian_nn.predictions.classes import ClassPrediction
from bayesian_nn.runtime.checks import instance
from bayesian_nn.scores.calibration import coverage
from bayesian_nn.verdict.evidence import MIN_ROWS
from bayesian_nn.verdict.finding import Finding, Verdict, number, percent
from bayesian_nn.verdict.straight_line import line_log_density

__all__ = ["check_between", "without_the_middle"]

# Nats a row below the straight line.
LIMIT = 2.0


def check_between(
    refit: Callable[[Dataset], object],
    data: Dataset,
    *,
    seed: int,
    inputs: Sequence[str] | None = None,
    n_draws: int = 400,
) -> Verdict:
    """Returns a `Verdict` with a finding for each input: how many nats a row the log density of its middle
    third falls below that of a straight line with the same likelihood, when both were fitted to the outer
    thirds (Foong et al. 2019, "'In-between' uncertainty in Bayesian neural networks").

    refit: from training data, with a scaling of their own, to what an inference method returns. inputs: the
    names of those to leave a gap in; None is all that have room for one. Each costs a fit.
    """
    instance("data", data, Dataset, "The test leaves out thirds of a table's inputs.")
    names = list(data.x_names if inputs is None else inputs)
    unknown = [name for name in names if name not in data.x_names]
    if unknown:
        raise ValueError(f"inputs must be among {', '.join(data.x_names)}; got {unknown[0]!r}.")
    findings = []
    for name in names:
        parts = without_the_middle(data, name)
        if parts is not None:
            findings.append(_finding(refit, name, *parts, seed=seed, n_draws=n_draws))
        elif inputs is not None:
            raise ValueError(f"inputs: {name!r} has too few values, or rows, for a middle third.")
    return Verdict(tuple(findings), data.n_points)


def without_the_middle(data: Dataset, name: str) -> tuple[Dataset, Dataset] | None:
    """Returns the rows of the outer thirds of an input, and those of its middle third, both with the scaling
    of the outer ones; None where either would be too few."""
    column = data.x[:, data.x_names.index(name)]
    low, high = np.quantile(column, [1 / 3, 2 / 3])
    middle = (low < column) & (column < high)
    if min(middle.sum(), (column <= low).sum(), (column >= high).sum()) < MIN_ROWS:
        return None
    scaling = standardising(data.x[~middle], data.y[~middle], data.scaling.columns)
    data = replace(data, scaling=scaling)
    return data.rows(~middle), data.rows(middle)


def _finding(refit, name, outer, middle, *, seed, n_draws):
    model, latents = draws_of(refit(outer), n_draws, seed)
    prediction = predict_draws(model, latents, middle.x)
    line = line_log_density(model, outer, middle)
    fall = float(np.mean(line - prediction.log_density(middle.y)))
    side = "below" if fall > 0 else "above"
    sentence = f"Between the outer thirds of {name} a row is {number(abs(fall))} nats {side} a straight line"
    sentence += f"{_band(prediction, middle)}."
    remedy = (
        ""
        if fall <= LIMIT
        else "Rely on no band between clusters of this input: use sample_hmc or fit_ensemble, whose "
        "functions spread there, or collect rows there."
    )
    return Finding("between", sentence, remedy, fall, LIMIT)


def _band(prediction, middle):
    if isinstance(prediction, ClassPrediction) or not hasattr(prediction, "cdf"):
        return ""
    return f", and the 90 % band holds {percent(coverage(prediction, middle.y, 0.9)[0])}"
