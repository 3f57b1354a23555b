"""Arrays that were computed before: the same to the bit, and never those of another computation."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass, replace

import numpy as np
import pytest

import bayesian_nn as bnn
from bayesian_nn.runtime import computation_key, disk_cache
from bayesian_nn.runtime.disk_cache import cached_arrays, remove_unused

ARRAYS = {
    "draws": np.asfortranarray(np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)),
    "file": np.array(-0.0),
    "names": np.array(["wide ≤", "b"]),
    "none": np.zeros((0, 2)),
    "special": np.array([np.nan, np.inf, 5e-324], ">f8"),
}


class Counted:
    """Arrays, and how often they were computed."""

    def __init__(self, folder):
        self.folder, self.n_computed = folder, 0

    def __call__(self, *depends_on, name="truth", modules=()):
        def compute():
            self.n_computed += 1
            return dict(ARRAYS)

        return cached_arrays(name, compute, depends_on=depends_on, modules=modules, folder=self.folder)


@pytest.fixture
def counted(tmp_path):
    return Counted(tmp_path / "cache")


def assert_same_bits(found):
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        assert found[name].shape == array.shape
        assert found[name].tobytes() == array.tobytes()


def test_the_second_time_nothing_is_computed_and_every_bit_is_the_same(counted):
    first, second = counted(1), counted(1)
    assert counted.n_computed == 1
    assert_same_bits(first)
    assert_same_bits(second)
    assert all(first[name].flags == second[name].flags for name in ARRAYS)
    second["draws"][:] = 0  # Whoever changes what was returned changes nothing for others.
    assert_same_bits(counted(1))


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
    (MODEL, replace(MODEL, noise_std=0.2)),
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


def damaged(content: bytes) -> dict[str, bytes]:
    half = len(content) // 2
    return {
        "empty": b"",
        "cut": content[:half],
        "another file": b"{}",
        "one bit": content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :],
    }


@pytest.mark.parametrize("kind", damaged(b"12"))
def test_a_file_that_cannot_be_trusted_is_computed_anew(counted, kind):
    counted(1)
    (file,) = counted.folder.glob("*.npz")
    file.write_bytes(damaged(file.read_bytes())[kind])
    assert_same_bits(counted(1))
    assert counted.n_computed == 2
    assert_same_bits(counted(1))
    assert counted.n_computed == 2


def test_a_file_under_anothers_name_is_not_taken_for_it(counted):
    counted(1)
    (one,) = counted.folder.glob("*.npz")
    counted(2)
    (other,) = set(counted.folder.glob("*.npz")) - {one}
    other.write_bytes(one.read_bytes())
    counted(2)
    assert counted.n_computed == 3


def test_a_computation_that_fails_leaves_nothing(tmp_path):
    def fails():
        raise RuntimeError("diverged")

    with pytest.raises(RuntimeError, match="diverged"):
        cached_arrays("truth", fails, depends_on=(), modules=(), folder=tmp_path)
    assert not list(tmp_path.glob("*.npz"))
    assert not list(tmp_path.glob(".*"))


BESIDE = """
import sys, time
from pathlib import Path
import numpy as np
from bayesian_nn.runtime.disk_cache import cached_arrays

folder, name = Path(sys.argv[1]), sys.argv[2]

def compute():
    with (folder / "log").open("a") as log:
        log.write("computed\\n")
    (folder / "computing").touch()
    while not (folder / "second").exists():
        time.sleep(0.01)
    time.sleep(0.5)
    return {"x": np.random.default_rng().normal(size=3)}

(folder / name).touch()
modules = ["runtime.random_streams"]
print(cached_arrays("truth", compute, depends_on=[1], modules=modules, folder=folder / "cache"))
"""


def test_of_two_processes_one_computes_and_the_other_waits(tmp_path):
    def start(name):
        command = [sys.executable, "-c", BESIDE, str(tmp_path), name]
        return subprocess.Popen(command, text=True, stdout=subprocess.PIPE)

    first = start("first")
    while not (tmp_path / "computing").exists():
        assert first.poll() is None
        time.sleep(0.02)
    second = start("second")
    outputs = [process.communicate(timeout=60)[0] for process in (first, second)]
    assert outputs[0] == outputs[1]
    assert "array" in outputs[0]
    assert (tmp_path / "log").read_text() == "computed\n"


def test_what_nothing_has_used_for_long_is_removed_and_nobody_elses_file(counted):
    for value in (1, 2):
        counted(value)
    own = counted.folder / "my-draws.npz"
    own.write_bytes(b"")
    for file in counted.folder.iterdir():
        os.utime(file, (0, 0))
    counted(1)  # To read is to use.
    assert len(remove_unused(counted.folder, days=1)) == 1
    assert own.exists()
    counted(1)
    assert counted.n_computed == 2
    counted(2)
    assert counted.n_computed == 3


def test_a_checkout_has_a_folder_for_it_and_an_installed_library_none(tmp_path, monkeypatch, root):
    assert disk_cache._default_folder() == root / ".cache" / "reference"
    package = tmp_path / "site-packages" / "bayesian_nn"
    package.mkdir(parents=True)
    monkeypatch.setattr(disk_cache, "PACKAGE", package)
    monkeypatch.chdir(tmp_path)
    assert_same_bits(cached_arrays("truth", lambda: dict(ARRAYS), depends_on=(), modules=()))
    assert [path.name for path in tmp_path.iterdir()] == ["site-packages"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"depends_on": [object()]}, "depends_on has <object .* give what it is made of"),
        ({"depends_on": "seed"}, "must be lists or tuples"),
        ({"modules": "sampling.hmc"}, "must be lists or tuples"),
        ({"compute": np.zeros(3)}, "compute must be a function"),
        ({"compute": lambda: np.zeros(3)}, "compute of truth must return a dict of arrays by name"),
        ({"compute": lambda: {"x": object()}}, "'x', which is no array of numbers or texts"),
    ],
)
def test_what_cannot_be_cached_is_refused(tmp_path, arguments, message):
    arguments = {"compute": lambda: {}, "depends_on": (), "modules": (), **arguments}
    with pytest.raises(TypeError, match=message):
        cached_arrays("truth", folder=tmp_path, **arguments)


def test_a_name_is_one_of_a_file(tmp_path):
    with pytest.raises(ValueError, match=r"name must be of letters, digits, - and _.*'a/b'"):
        cached_arrays("a/b", dict, depends_on=(), modules=(), folder=tmp_path)
