"""Digits and clothes: which place their files come from, and what is said of those that are refused."""

import gzip
import hashlib
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from readers.file_server import serving
from repository import ROOT

from bayesian_nn.data import mnist
from bayesian_nn.data.download import KnownFile
from bayesian_nn.data.mnist import DataUnavailableError, load_digits, load_fashion_mnist, load_mnist

SHARED = ROOT.parent / "shared" / "data"
PIXELS = np.arange(256, dtype=np.uint8).repeat(2).reshape(8, 8, 8)
LABELS = bytes([3, 1, 4, 1, 5, 9, 2, 6])
FILES = {
    "images.gz": gzip.compress(struct.pack(">4i", 2051, *PIXELS.shape) + PIXELS.tobytes(), mtime=0),
    "labels.gz": gzip.compress(struct.pack(">2i", 2049, len(LABELS)) + LABELS, mtime=0),
}
# A port that nobody listens on.
DEAD = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def small_mnist(monkeypatch, tmp_path):
    """Puts two small files in place of MNIST's, and returns a function that sets their mirrors."""

    def set_mirrors(*mirrors):
        known = [
            KnownFile("mnist", name, len(content), hashlib.sha256(content).hexdigest(), mirrors)
            for name, content in FILES.items()
        ]
        monkeypatch.setattr(mnist, "MNIST", mnist.MNIST._replace(parts={"train": tuple(known)}))

    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.setenv("BAYESIAN_NN_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("BAYESIAN_NN_DATA", raising=False)
    set_mirrors(DEAD)
    return set_mirrors


def _write(folder, **replaced):
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in FILES.items():
        (folder / name).write_bytes(replaced.get(name.removesuffix(".gz"), content))
    return folder


def _is_right(data):
    np.testing.assert_array_equal(data.images, (PIXELS / 255).astype(np.float32))
    np.testing.assert_array_equal(data.labels, list(LABELS))
    return data.name == "MNIST" and data.class_names[3] == "3"


# --- one's own folder


@pytest.mark.parametrize("below", ["", "mnist"])
def test_ones_own_folder_needs_no_network_and_no_cache(tmp_path, monkeypatch, below):
    _write(tmp_path / "own" / below)
    assert _is_right(load_mnist("train", folder=tmp_path / "own"))
    monkeypatch.setenv("BAYESIAN_NN_DATA", str(tmp_path / "own"))
    assert _is_right(load_mnist())
    assert not (tmp_path / "cache").exists()


def test_a_folder_that_was_passed_comes_before_the_variables(tmp_path, monkeypatch):
    monkeypatch.setenv("BAYESIAN_NN_DATA", str(_write(tmp_path / "other", images=b"")))
    assert _is_right(load_mnist(folder=_write(tmp_path / "own")))


def test_a_folder_that_was_passed_and_lacks_the_file_is_an_error(tmp_path, small_mnist):
    with serving(FILES) as server:
        small_mnist(server.url)
        message = rf"{tmp_path / 'own'} has neither mnist/images.gz nor images.gz. .* leave `folder` out"
        with pytest.raises(DataUnavailableError, match=message):
            load_mnist(folder=tmp_path / "own")
        assert not server.asked


def test_a_folder_of_the_variable_that_lacks_the_file_is_named(tmp_path, monkeypatch):
    _write(tmp_path / "cache" / "mnist")
    monkeypatch.setenv("BAYESIAN_NN_DATA", str(tmp_path / "own"))
    with pytest.warns(UserWarning, match="has neither .*, though BAYESIAN_NN_DATA names") as warned:
        assert _is_right(load_mnist())
    assert {Path(each.filename).name for each in warned} == {Path(__file__).name}
    assert len(warned) == len(FILES)


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        (FILES["images.gz"][:-20], "has .* bytes, where the original of mnist has"),
        (FILES["images.gz"][:-1] + b"?", "is not the original of mnist: its SHA-256 differs"),
    ],
    ids=["truncated", "altered"],
)
def test_ones_own_damaged_file_is_refused_and_left_alone(tmp_path, small_mnist, damaged, reason):
    own = _write(tmp_path / "own", images=damaged)
    with serving(FILES) as server:
        small_mnist(server.url)
        with pytest.warns(UserWarning, match=rf"own/images.gz is refused: it {reason}"):
            assert _is_right(load_mnist(folder=own))
    assert (own / "images.gz").read_bytes() == damaged
    small_mnist(DEAD)
    (tmp_path / "cache" / "mnist" / "images.gz").unlink()
    with (
        pytest.warns(UserWarning, match="refused"),
        pytest.raises(DataUnavailableError, match=rf"own/images.gz is refused: it {reason}"),
    ):
        load_mnist(folder=own)


# --- cache and mirrors


def test_files_are_fetched_once(tmp_path, small_mnist):
    with serving(FILES) as server:
        small_mnist(server.url)
        assert _is_right(load_mnist())
        assert _is_right(load_mnist())
        assert server.asked == [("images.gz", 0), ("labels.gz", 0)]
    assert sorted(path.name for path in (tmp_path / "cache" / "mnist").iterdir()) == sorted(FILES)


def test_the_next_mirror_is_asked(small_mnist):
    lying = {name: content[:-1] + b"?" for name, content in FILES.items()}
    with serving({}) as empty, serving(lying) as liar, serving(FILES) as server:
        small_mnist(DEAD, empty.url, liar.url, server.url)
        assert _is_right(load_mnist())
        assert empty.asked == liar.asked == server.asked


def test_the_next_mirror_goes_on_where_one_broke_off(small_mnist):
    with serving(FILES, breaks_at=20) as broken, serving(FILES) as server:
        small_mnist(broken.url, server.url)
        assert _is_right(load_mnist())
        assert server.asked == [("images.gz", 20), ("labels.gz", 20)]


@pytest.mark.parametrize("damage", [lambda file: file[:30], lambda file: file[:-1] + b"?"])
def test_a_damaged_file_in_the_cache_is_refused_by_name_and_fetched_again(tmp_path, small_mnist, damage):
    cache = _write(tmp_path / "cache" / "mnist", images=damage(FILES["images.gz"]))
    with (
        pytest.warns(UserWarning, match=r"cache/mnist/images.gz is refused"),
        pytest.raises(DataUnavailableError, match=r"cache/mnist/images.gz is refused"),
    ):
        load_mnist()
    with serving(FILES) as server:
        small_mnist(server.url)
        with pytest.warns(UserWarning, match=r"cache/mnist/images.gz is refused") as warned:
            assert _is_right(load_mnist())
        assert server.asked == [("images.gz", 0)]
    assert len(warned) == 1
    assert Path(warned[0].filename).name == Path(__file__).name
    assert (cache / "images.gz").read_bytes() == FILES["images.gz"]


def test_without_files_and_network_the_error_says_what_was_tried_and_what_to_do(small_mnist):
    with serving({}) as empty:
        small_mnist(DEAD, empty.url)
        with pytest.raises(DataUnavailableError) as raised:
            load_mnist()
    message = str(raised.value)
    assert re.search(rf"{DEAD}/images.gz: .*[Rr]efused", message)
    assert re.search(rf"{empty.url}/images.gz: .*404", message)
    assert "BAYESIAN_NN_DATA" in message
    assert isinstance(raised.value, OSError)


def test_a_cache_that_cannot_be_written_to_is_named(tmp_path, small_mnist):
    (tmp_path / "cache").write_text("a file in the way")
    with serving(FILES) as server:
        small_mnist(server.url)
        with pytest.raises(DataUnavailableError, match=r"cache/mnist cannot be written to.*_CACHE"):
            load_mnist()


@pytest.mark.parametrize(("load", "part"), [(load_mnist, "test "), (load_fashion_mnist, "train")])
def test_a_part_that_does_not_exist_is_refused(load, part):
    with pytest.raises(ValueError, match=rf"part of .*MNIST must be .*; got '{part}'"):
        load(part)


# --- what the files hold


def test_digits_are_scikit_learns():
    digits = load_digits()
    assert (digits.n_images, digits.image_shape, digits.n_classes) == (1797, (8, 8), 10)
    assert (digits.images.min(), digits.images.max()) == (0, 1)
    np.testing.assert_array_equal(digits.images * 16, np.round(digits.images * 16))


@pytest.mark.skipif(not SHARED.is_dir(), reason=f"{SHARED} with the original files is not there")
def test_the_original_files_hold_what_their_readme_says():
    script = """
import numpy as np
from bayesian_nn.data.mnist import load_fashion_mnist, load_mnist
for data in (load_mnist("train"), load_mnist("test"), load_fashion_mnist()):
    assert data.image_shape == (28, 28) and data.images.dtype == np.float32
    assert (data.images.min(), data.images.max()) == (0, 1)
    print(*np.bincount(data.labels))
with open("/proc/self/status") as status:
    print(next(line.split()[1] for line in status if line.startswith("VmHWM")))
"""
    # No file that is missing there is asked for elsewhere.
    offline = {"http_proxy": DEAD, "https_proxy": DEAD, "no_proxy": ""}
    environment = os.environ | offline | {"BAYESIAN_NN_DATA": str(SHARED)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    *counts, peak = done.stdout.splitlines()
    readme = (SHARED / "README.md").read_text(encoding="utf-8")
    train, test, fashion = counts
    assert f"per class 0-9: {train}." in readme
    assert f"Test: {test}." in readme
    assert fashion.split() == ["1000"] * 10
    # In kilobytes. Not getrusage's maximum: a process begins with that of the one that started it.
    assert int(peak) < 500_000
