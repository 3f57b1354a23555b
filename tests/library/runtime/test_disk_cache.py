"""Arrays that were computed before: the same to the bit, and never those of another computation."""

import os
import subprocess
import sys
import time

import numpy as np
import pytest
from readers import counted_arrays
from readers.counted_arrays import ARRAYS, assert_same_bits

from bayesian_nn.runtime import disk_cache
from bayesian_nn.runtime.disk_cache import cached_arrays, remove_unused

counted = counted_arrays.counted


def test_the_second_time_nothing_is_computed_and_every_bit_is_the_same(counted):
    first, second = counted(1), counted(1)
    assert counted.n_computed == 1
    assert_same_bits(first)
    assert_same_bits(second)
    assert all(first[name].flags == second[name].flags for name in ARRAYS)
    second["draws"][:] = 0  # Whoever changes what was returned changes nothing for others.
    assert_same_bits(counted(1))


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
