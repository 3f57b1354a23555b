"""The Python script that does the same as the playground: it runs, and says what the state says."""

import runpy
from inspect import signature

import numpy as np
import pytest
from readers.playground_state import ODD, PRESETS, ask, open_link

import bayesian_nn as bnn


def _exported(state, tmp_path, monkeypatch):
    script = tmp_path / "exported.py"
    script.write_text(ask("toPython(given)", state), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return script


@pytest.mark.parametrize(
    ("changes", "data"),
    [({"nSteps": 3}, "original"), (ODD | {"nSteps": 3}, "two-gaps"), ({"nSteps": 3, "depth": 0}, "own")],
)
@pytest.mark.filterwarnings("ignore::bayesian_nn.FlatFitWarning")
def test_the_exported_script_runs_and_describes_the_same(changes, data, tmp_path, monkeypatch):
    state = ask("startState(named, given)", "step" if data == "own" else data) | changes | {"data": data}
    if data == "own":
        state |= {
            "points": [[1970, 1.2e6], [2020, -3.1e6], [1999.5, 0]],
            "units": {"x0": 1995, "xScale": 25, "y0": -1e6, "yScale": 2.2e6},
            "noiseStd": 2e5,
        }
    names = runpy.run_path(str(_exported(state, tmp_path, monkeypatch)))
    assert (tmp_path / "playground.png").stat().st_size > 5000
    run, given = names["run"], names["data"]
    np.testing.assert_array_equal(np.column_stack([given.x[:, 0], given.y]), state["points"])
    settings, model = run.settings, run.model
    units = state["units"]
    assert model.scaling[:4] == ((units["x0"],), (units["xScale"],), units["y0"], units["yScale"])
    assert list(model.layer_sizes) == ask("sizesOf(given)", state)
    assert (model.activation, model.prior.std, model.likelihood.noise_std) == (
        state["activation"],
        state["priorStd"],
        state["noiseStd"],
    )
    assert settings.posterior == bnn.MeanField(initial_std=state["initialStd"])
    assert settings.objective == bnn.Elbo(n_draws=state["nDraws"], kl_weight=state["klWeight"])
    assert settings.optimizer == bnn.Adam(bnn.WarmupCosine(peak=state["learningRate"]))
    assert (settings.seed, settings.n_steps) == (state["seed"], state["nSteps"])


@pytest.mark.parametrize("name", PRESETS)
def test_every_script_is_python(name):
    for changes in ({}, ODD, {"learningRate": 1e100, "priorStd": 1e-7, "seed": 2**32 - 1}):
        script = ask("toPython({ ...startState(named, given[0]), ...given[1] })", [name, changes])
        compile(script, "playground.py", "exec")


def test_without_points_the_script_says_that_there_are_none(tmp_path, monkeypatch):
    state = open_link("?v=1&points=")["state"]
    with pytest.raises(SystemExit, match="There are no points: add some to the playground"):
        runpy.run_path(str(_exported(state, tmp_path, monkeypatch)))


@pytest.mark.parametrize("points", [[[1, 1]], [[0, 2], [4, 2], [8, 2]], [[3, 1], [3, -1]]])
@pytest.mark.filterwarnings("ignore::bayesian_nn.FlatFitWarning")
def test_the_script_of_few_points_runs_too(points, tmp_path, monkeypatch):
    own = {"data": "own", "points": points, "nSteps": 2}
    state = ask("({ ...startState(named), ...given, units: unitsFor(given.points) })", own)
    names = runpy.run_path(str(_exported(state, tmp_path, monkeypatch)))
    np.testing.assert_array_equal(names["data"].y, [y for _, y in points])


def test_the_remarks_of_the_script_call_what_there_is():
    script = ask("toPython(startState(named))")
    assert "# chains = bnn.sample_hmc(model, data, seed=0)" in script
    assert {"seed"} <= set(signature(bnn.sample_hmc).parameters)
    assert max(map(len, script.splitlines())) <= 100
