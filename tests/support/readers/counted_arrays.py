"""Arrays that are computed once, and how often they were: for tests of the cache on disk and its keys."""

import numpy as np
import pytest

from bayesian_nn.runtime.disk_cache import cached_arrays

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
