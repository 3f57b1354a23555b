"""A page's folder: figures with their texts, and numbers of which each has one name."""

import json

import numpy as np
import pytest

import bayesian_nn as bnn


@pytest.fixture
def page(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return bnn.browser.Page("plot_line", seed=7)


def test_a_figure_is_written_with_its_text(page, tmp_path):
    axes = page.axes("line", figsize=(3, 2))
    axes.plot([0, 1])
    page.figure(axes, alt="A line that rises.")
    assert axes.figure.alt == "A line that rises."
    assert (tmp_path / "outputs" / "plot_line" / "line.png").stat().st_size > 1000
    first, second = page.axes("pair", 1, 2)
    assert first.figure is second.figure
    assert first.figure.get_label() == "pair"


def test_numbers_are_kept_beside_those_of_earlier_calls(page):
    page.quote(slope=np.float32(0.5))
    page.quote(n_points=3)
    numbers = json.loads((page.folder / "numbers.json").read_text())
    assert numbers == {"seed": 7, "slope": 0.5, "n_points": 3}
    with pytest.raises(ValueError, match="slope is quoted already"):
        page.quote(slope=1.0)
    with pytest.raises(ValueError, match=r"error is nan: .* has the fit diverged"):
        page.quote(error=np.nan)
    assert json.loads((page.folder / "numbers.json").read_text()) == numbers


# Two steps learn nothing.
@pytest.mark.filterwarnings("ignore::bayesian_nn.FlatFitWarning")
def test_a_run_is_quoted_by_its_own_numbers(page):
    data = bnn.data.cosine_with_gap(seed=0)
    run = bnn.fit(bnn.Model((1, 2, 1), bnn.Gaussian(0.1), scaling=data.scaling), data, seed=0, n_steps=2)
    page.quote(run, n_points=40)
    numbers = json.loads((page.folder / "numbers.json").read_text())
    assert (numbers["n_weights"], numbers["n_parameters"], numbers["n_steps"]) == (7, 14, 2)
    assert numbers["elbo_final"] == pytest.approx(float(run.final_elbo))
    assert numbers["elbo_start"] == pytest.approx(float(run.elbo[0]))
    assert numbers["kl_final"] == pytest.approx(float(run.kl[-1]))
    assert numbers["n_points"] == 40
