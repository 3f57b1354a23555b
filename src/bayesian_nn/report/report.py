"""A report on a result: one page to open, to keep and to send."""

import platform
from collections.abc import Mapping
from importlib.metadata import version

import numpy as np

from bayesian_nn.data.tables import Dataset
from bayesian_nn.prediction.parts import draws_of
from bayesian_nn.report.page import Content, page_of
from bayesian_nn.report.plots import pictures_of, still_of
from bayesian_nn.report.rows import Rows, predict_rows, scores_of
from bayesian_nn.report.views import views_of
from bayesian_nn.runtime.checks import instance
from bayesian_nn.runtime.files import replacing
from bayesian_nn.verdict.check import check
from bayesian_nn.verdict.finding import Verdict

__all__ = ["versions", "write_report"]

N_DRAWS = 400
MOST_DOUBTFUL = 10
PACKAGES = ("bayesian-nn", "tensorflow", "tensorflow-probability", "numpy", "scipy", "pandas")


def write_report(
    path,
    result,
    data: Dataset,
    *,
    seed: int,
    training: Dataset | None = None,
    verdict: Verdict | None = None,
    title: str | None = None,
    settings: Mapping[str, str] | None = None,
    script: str = "",
    row_names=None,
) -> None:
    """Writes a report on what an inference method returned to one HTML file, whole or not at all: the verdict
    in sentences, what the prediction is worth, a viewer of it along its inputs, the figures that hold it to
    the rows of `data`, the settings and the versions. The page asks for nothing else and runs no script but
    its own; the same result gives the same bytes.

    data: rows that the fit has not seen, 20 or more. training: the rows of the fit. verdict: what `bnn.check`
    returned, None to ask for it here. settings: what else is to be told, by name; script: the program that
    makes the result again. row_names: of the rows of `data`, None counts them from 0. Raises ValueError for a
    result of several targets.
    """
    instance("data", data, Dataset, "A report is on a table.")
    if verdict is None:
        verdict = check(result, data, training=training, seed=seed)
    rows = predict_rows(result, data.x, data.y, seed=seed)
    model, latents = draws_of(result, N_DRAWS, seed)
    views = views_of(result, data, training, seed=seed)
    name = str(data.y_name)
    content = Content(
        title=title or f"{name} in {data.name}",
        kicker="Report of a Bayesian neural network",
        lead=f"{name}, from {_inputs(data)}: {_rows(data, training)}",
        verdict=verdict,
        scores=scores_of(rows, data),
        quantity=name,
        views=views,
        still=still_of(views, _axis(name, views)),
        pictures=pictures_of(result, latents, data, seed=seed),
        table=_most_doubtful(rows, data, row_names) if rows.of_classes else None,
        facts={
            **(settings or {}),
            "network": ", ".join(map(str, model.layer_sizes)) + f" units, {model.activation}",
            "likelihood": str(model.likelihood),
            "prior": str(model.prior),
            "result": type(result).__name__,
            "seed": str(seed),
            **versions(),
        },
        script=script,
    )
    page = page_of(content)
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")


def versions() -> dict[str, str]:
    """Returns the versions of Python and of the packages that a result rests on, by name."""
    return {"Python": platform.python_version()} | {name: version(name) for name in PACKAGES}


def _inputs(data):
    columns = data.scaling.columns
    n = len(columns.names) if columns else data.x.shape[1]
    return f"{n:,} inputs" if n > 1 else f"one input, {data.x_names[0]}"


def _rows(data, training):
    if training is None:
        return f"held to {data.n_points:,} rows."
    others = "these same rows." if training is data else f"{data.n_points:,} others."
    return f"fitted to {training.n_points:,} rows and held to {others}"


def _axis(name, views):
    if views[0].curves[0].of:
        return f"probability of {name}"
    return f"average {name}" if views[0].dependences else name


def _most_doubtful(rows: Rows, data: Dataset, row_names):
    names = data.classes or tuple(map(str, range(rows.mean.shape[1])))
    row_names = np.arange(data.n_points) if row_names is None else row_names
    order = np.argsort(-rows.doubt, kind="stable")[:MOST_DOUBTFUL]
    labels, truth = rows.mean.argmax(axis=1), data.y.astype(int)
    cells = [
        [
            str(row_names[row]),
            names[truth[row]],
            names[labels[row]],
            f"{rows.mean[row, labels[row]]:.2f}",
            f"{rows.doubt[row]:.3f}",
        ]
        for row in order
    ]
    heads = ["row", str(data.y_name), "named", "probability", "doubt (nats)"]
    return "Rows that it doubts most", heads, cells
