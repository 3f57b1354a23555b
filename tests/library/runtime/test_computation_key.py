"""What makes a computation another one: its arguments, its function, and every module that it comes from."""

import subprocess
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest
from readers import counted_arrays
from readers.counted_arrays import assert_same_bits

import bayesian_nn as bnn
from bayesian_nn.runtime import computation_key
from bayesian_nn.runtime.disk_cache import cached_arrays

counted = counted_arrays.counted


@dataclass(frozen=True)
class Settings:
    step: float
    parts: tuple


DATA = bnn.data.cosine_with_gap(seed=42)
MODEL = bnn.Model((1, 10, 10, 1), bnn.Gaussian(0.1), scaling=DATA.scaling)
SAME_BUT_FOR_ONE_THING = [
    (1, 2),
    (1, 1.0),
    (1, True),
    (1, "1"),
    (0.1, np.nextafter(0.1, 1)),
    (0.0, -0.0),
    ("a", None),
    ((1, 2), [1, 2]),
    ((1, 2), (1, (2,))),
    ({"a": 1}, {"b": 1}),
    (np.zeros(4), np.zeros((2, 2))),
    (np.zeros(4), np.zeros(4, np.float32)),
    (Settings(1.0, (1,)), Settings(1.0, (2,))),
    (MODEL, replace(MODEL, likelihood=bnn.Gaussian(0.2))),
    (MODEL, replace(MODEL, layer_sizes=(1, 10, 11, 1))),
    (DATA, replace(DATA, y=DATA.y + 1e-12)),
    (lambda x: x + 1, lambda x: x + 2),
    (lambda x, y=1: x + y, lambda x, y=2: x + y),
]


@pytest.mark.parametrize(("one", "other"), SAME_BUT_FOR_ONE_THING)
def test_another_argument_is_another_computation(counted, one, other):
    counted(one)
    counted(other)
    assert counted.n_computed == 2
    counted(one)
    counted(other)
    assert counted.n_computed == 2


def test_the_order_of_a_dicts_names_does_not_matter_and_anothers_name_does(counted):
    counted({"a": 1, "b": 2})
    counted({"b": 2, "a": 1})
    assert counted.n_computed == 1
    counted({"a": 1, "b": 2}, name="other")
    assert counted.n_computed == 2


def test_another_function_or_version_or_flag_is_another_computation(tmp_path, monkeypatch):
    def computed_with(compute):
        return float(cached_arrays("truth", compute, depends_on=(), modules=(), folder=tmp_path)["x"])

    assert computed_with(lambda: {"x": np.array(1.0)}) == 1.0
    assert computed_with(lambda: {"x": np.array(2.0)}) == 2.0
    # Elsewhere in the file it is the same one.
    assert computed_with(lambda: {"x": np.array(2.0)}) == 2.0
    assert len(list(tmp_path.glob("*.npz"))) == 2
    monkeypatch.setenv("XLA_FLAGS", "--another")
    computed_with(lambda: {"x": np.array(2.0)})
    assert len(list(tmp_path.glob("*.npz"))) == 3
    monkeypatch.setattr(computation_key, "version", lambda package: f"another {package}")
    computed_with(lambda: {"x": np.array(2.0)})
    assert len(list(tmp_path.glob("*.npz"))) == 4


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A function that writes a module of a library of our own, by its dotted name."""
    package = tmp_path / "bayesian_nn"
    monkeypatch.setattr(computation_key, "PACKAGE", package)
    monkeypatch.setattr(computation_key, "_loaded", {})

    def write(name, text):
        file = package / f"{name.replace('.', '/')}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    return write


def test_a_change_in_any_imported_module_is_another_computation(counted, library):
    texts = {
        "sampling.hmc": "from bayesian_nn.model.model import A\ndef f():\n  import bayesian_nn.runtime.keys",
        "model.model": "from bayesian_nn.data import tables\n",
        "data.tables": "",
        "runtime.keys": "",
    }
    for name, text in (texts | {"figures.band": "", "data.__init__": ""}).items():
        library(name, text)
    counted(modules=["sampling.hmc"])
    for n_before, (name, text) in enumerate(texts.items(), start=1):
        assert counted.n_computed == n_before
        library(name, f"{text}\n# edited")
        computation_key._loaded.clear()  # As in another process.
        counted(modules=["sampling.hmc"])
    library("figures.band", "# edited")
    counted(modules=["sampling.hmc"])
    assert counted.n_computed == 5
    with pytest.raises(ValueError, match=r"modules names 'hmc', but there is no bayesian_nn/hmc\.py"):
        counted(modules=["sampling.hmc", "hmc"])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("from bayesian_nn.model import Model", r"imports bayesian_nn\.model\.Model, .*not from the room"),
        ("import bayesian_nn", "imports bayesian_nn, which is no module"),
        ("from bayesian_nn import Model", "imports bayesian_nn.Model, which is no module"),
        ("from bayesian_nn.gone import x", "imports bayesian_nn.gone, which is no module"),
        ("from .model import Model", "imports relatively"),
    ],
)
def test_an_import_that_cannot_be_followed_is_refused(counted, library, line, message):
    # Left out of the key, an edit of what it imports would serve yesterday's arrays as today's.
    library("model.__init__", "")
    library("model.model", "")
    library("sampling.hmc", line)
    with pytest.raises(ValueError, match=message):
        counted(modules=["sampling.hmc"])


def test_an_edit_between_import_and_first_use_is_noticed_in_every_room():
    script = (
        "import bayesian_nn.runtime.computation_key as key; "
        "print(len({file.parent for file in key._loaded}), key.PACKAGE.name)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    n_folders, name = done.stdout.split()
    assert int(n_folders) > 10
    assert name == "bayesian_nn"


def test_what_an_edited_librarys_process_computes_is_not_kept(counted, library):
    library("sampling.hmc", "STEP = 1")
    counted(modules=["sampling.hmc"])
    library("sampling.hmc", "STEP = 2")  # This process has STEP = 1.
    assert_same_bits(counted(modules=["sampling.hmc"]))
    assert counted.n_computed == 2
    assert len(list(counted.folder.glob("*.npz"))) == 1


def test_a_module_brings_all_that_it_imports():
    files = {
        file.relative_to(computation_key.PACKAGE).as_posix()
        for file in computation_key.sources(["sampling.hmc"])
    }
    expected = {"sampling/hmc.py", "sampling/hmc_block.py", "model/chains_last.py", "runtime/checks.py"}
    assert expected <= files
    assert not {file for file in files if file.startswith("figures/") or file.endswith("__init__.py")}
