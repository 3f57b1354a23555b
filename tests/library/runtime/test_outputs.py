"""Where an example's files go, and the numbers that a page may quote."""

import json

import numpy as np
import pytest

from bayesian_nn.runtime.outputs import output_folder, write_numbers


@pytest.mark.parametrize("start", [".", "examples"])
def test_outputs_go_to_one_folder_wherever_the_script_was_started(tmp_path, monkeypatch, start):
    (tmp_path / "examples").mkdir()
    monkeypatch.chdir(tmp_path / start)
    assert output_folder("plot_x") == tmp_path / "outputs" / "plot_x"
    assert (tmp_path / "outputs" / "plot_x").is_dir()


def test_a_folder_that_cannot_be_made_is_named_with_the_remedy(tmp_path, monkeypatch):
    (tmp_path / "outputs").write_text("a file in the way")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        OSError, match=r"cannot make .*plot_x .*start the script in a folder that you may write to"
    ):
        output_folder("plot_x")


def test_numbers_are_written_as_plain_json(tmp_path):
    numbers = {"steps": np.int64(3), "elbo": np.float32(-1.5), "name": "a"}
    write_numbers(numbers, tmp_path / "numbers.json")
    assert json.loads((tmp_path / "numbers.json").read_text()) == {"steps": 3, "elbo": -1.5, "name": "a"}


@pytest.mark.parametrize("value", [np.nan, np.float32("inf"), -np.inf])
def test_a_number_that_is_not_finite_is_refused_and_the_old_file_stays(tmp_path, value):
    path = tmp_path / "numbers.json"
    write_numbers({"elbo": -1.0}, path)
    with pytest.raises(ValueError, match=r"elbo is .*has the fit diverged"):
        write_numbers({"elbo": value}, path)
    assert json.loads(path.read_text()) == {"elbo": -1.0}


def test_the_rows_of_a_table_are_numbers_too(tmp_path):
    rows = [{"name": "a", "distance": np.float64(0.5)}, {"name": "b", "distance": 2}]
    write_numbers({"methods": rows}, tmp_path / "numbers.json")
    assert json.loads((tmp_path / "numbers.json").read_text()) == {
        "methods": [{"name": "a", "distance": 0.5}, {"name": "b", "distance": 2}]
    }
    with pytest.raises(ValueError, match=r"methods\[1\].distance is nan: a page cannot quote it"):
        write_numbers({"methods": [rows[0], {"distance": np.nan}]}, tmp_path / "numbers.json")


def test_an_array_is_written_as_its_numbers_and_one_that_is_not_finite_is_named(tmp_path):
    path = tmp_path / "band.json"
    write_numbers({"std": np.array([0.5, 0.25])}, path)
    assert json.loads(path.read_text()) == {"std": [0.5, 0.25]}
    with pytest.raises(ValueError, match=r"std\[1\] is nan"):
        write_numbers({"std": np.array([0.5, np.nan])}, path)
    assert json.loads(path.read_text()) == {"std": [0.5, 0.25]}
