"""Data sets: the post's very points, arrays and splits, and what is refused with which words."""

import numpy as np
import pytest

import bayesian_nn as bnn


def test_the_post_s_points_are_edward_s():
    data = bnn.data.cosine_with_gap(seed=42)
    assert data.x.shape == (40, 1)
    np.testing.assert_array_equal(data.x[:, 0], np.r_[np.linspace(0, 2, 20), np.linspace(6, 8, 20)])
    # NumPy's best known random numbers, those of the legacy seed 42.
    noise = [0.49671415, -0.1382643, 0.64768854, 1.52302986]
    np.testing.assert_allclose(data.y[:4] - np.cos(data.x[:4, 0]), 0.1 * np.array(noise), atol=1e-9)
    np.testing.assert_allclose(data.truth(data.x), np.cos(data.x[:, 0]))
    assert data.noise_std == 0.1
    np.testing.assert_allclose(
        bnn.Model((1, 1), bnn.Gaussian(0.1), scaling=data.scaling).inputs([[0.0], [6.0]]), [[-1], [0.5]]
    )


def test_a_seed_gives_its_own_noise_of_the_size_asked_for():
    first, same, other = (
        bnn.data.cosine_with_gap(seed=seed, n_points=4000, noise_std=0.3) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.y, same.y)
    assert np.all(first.y != other.y)
    residuals = first.y - first.truth(first.x)
    assert abs(residuals.std() - 0.3) < 5 * 0.3 / np.sqrt(2 * 4000)


def test_arrays_are_standardised():
    x = np.array([[0.0, 10.0], [2.0, 30.0], [4.0, 80.0]])
    data = bnn.dataset(x, [1, 2, 6])
    model = bnn.Model((2, 1), bnn.Gaussian(0.1), scaling=data.scaling)
    for seen in (model.inputs(data.x), model.targets(data.y)):
        np.testing.assert_allclose(seen.mean(axis=0), 0, atol=1e-12)
        np.testing.assert_allclose(seen.std(axis=0), 1, rtol=1e-12)
    assert data.x_names == ("x1", "x2")
    assert bnn.dataset([1, 2, 3], [1, 2, 6]).x.shape == (3, 1)


def test_a_constant_column_is_left_at_zero():
    # Ten times 0.1 has an sd of 1e-17, not 0: divided by it, a later 0.2 would be 1e16.
    scaling = bnn.dataset(np.column_stack([np.full(10, 0.1), np.arange(10)]), np.full(10, 0.7)).scaling
    assert (scaling.x_scale[0], scaling.y_scale) == (1.0, 1.0)


def test_a_split_is_a_partition_scaled_by_its_training_part():
    data = bnn.dataset(np.arange(50.0), np.arange(50.0) ** 2)
    train, test = bnn.train_test_split(data, test_fraction=0.2, seed=3)
    assert (train.n_points, test.n_points) == (40, 10)
    np.testing.assert_array_equal(np.sort(np.r_[train.x, test.x], axis=0), data.x)
    np.testing.assert_array_equal(test.y, test.x[:, 0] ** 2)
    assert train.scaling == test.scaling
    assert train.scaling.y_shift == pytest.approx(train.y.mean())
    again, other = (bnn.train_test_split(data, test_fraction=0.2, seed=seed)[1] for seed in (3, 4))
    np.testing.assert_array_equal(again.x, test.x)
    assert not np.array_equal(other.x, test.x)


def test_a_column_of_one_target_is_flat_and_several_are_columns():
    x, y = np.arange(4.0), np.array([[1.0, 10.0], [2.0, 10.0], [3.0, 40.0], [6.0, 40.0]])
    np.testing.assert_array_equal(bnn.dataset(x, y[:, :1]).y, y[:, 0])
    data = bnn.dataset(x, y)
    np.testing.assert_array_equal(data.y, y)
    np.testing.assert_allclose(data.scaling.y_shift, y.mean(axis=0))
    np.testing.assert_allclose(data.scaling.y_scale, y.std(axis=0))


SCALING = bnn.data.Scaling((0.0,), (1.0,))
SHAPES = r"[xy] must be \[n_points.*; got "


@pytest.mark.parametrize(
    "make", [bnn.dataset, lambda x, y: bnn.Dataset(x, y, SCALING)], ids=["arrays", "record"]
)
@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ([[1.0], [2.0]], [1.0, 2.0, 3.0], SHAPES + r"x \[2, 1\] and y \[3\]"),
        ([[1.0], [2.0]], np.ones((2, 1, 1)), SHAPES),
        (np.ones((2, 1, 1)), [1.0, 2.0], SHAPES),
        (np.ones((2, 0)), [1.0, 2.0], SHAPES),
        (
            [[1.0], [np.nan]],
            [1.0, 2.0],
            r"x has 1 values .*, the first at index \(1, 0\): nan|1 of 2 rows have missing cells \('x1' 1\)",
        ),
        ([[1.0], [2.0]], [np.inf, 2.0], r"y has 1 .* \(0,\): inf. Remove or fill"),
        ([[1.0], ["red"]], [1.0, 2.0], "x must be an array of numbers; got the text 'red'"),
        ([[1.0], [2.0, 3.0]], [1.0, 2.0], "x must be an array of numbers"),
        ([[1.0], [2.0]], [1j, 2j], "y must be an array of numbers; got complex numbers"),
    ],
)
def test_wrong_arrays_are_refused(make, x, y, message):
    with pytest.raises(ValueError, match=message):
        make(x, y)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: bnn.dataset([1.0], [1.0]), "At least two observations are needed; got 1"),
        (lambda: bnn.dataset([1, 2], [1, 2], x_names=["a", "b"]), "x_names has 2 names for 1 columns of x"),
        (lambda: bnn.data.cosine_with_gap(seed=-1), "seed must be a whole number, 0 or more; got -1"),
        (lambda: bnn.data.cosine_with_gap(seed=0, n_points=7), "n_points must be even, .* got 7"),
        (
            lambda: bnn.data.cosine_with_gap(seed=0, n_points=4.0),
            "n_points must be a whole number, .* got 4.0",
        ),
        (
            lambda: bnn.data.cosine_with_gap(seed=0, noise_std=-0.1),
            "noise_std must be .* not negative; got -0.1",
        ),
        (lambda: split(test_fraction=0), "test_fraction must lie between 0 and 1; got 0"),
        (lambda: split(test_fraction=np.nan), "test_fraction must lie between 0 and 1; got nan"),
        (lambda: split(test_fraction=0.01), "test_fraction=0.01 of 40 points leaves 0 to test"),
        (lambda: split(test_fraction=0.98), "leaves 39 to test and 1 to train on; at least 1 and 2"),
        (lambda: split(test_fraction=0.5, seed=1.5), "seed must be a whole number, 0 or more; got 1.5"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def split(*, test_fraction, seed=0):
    return bnn.train_test_split(bnn.data.cosine_with_gap(seed=0), test_fraction=test_fraction, seed=seed)


def test_inputs_without_names_are_numbered():
    scaling = bnn.data.Scaling((0.0, 0.0), (1.0, 1.0))
    assert bnn.Dataset(np.zeros((3, 2)), np.zeros(3), scaling).x_names == ("x1", "x2")
    assert bnn.Dataset(np.zeros((3, 1)), np.zeros(3), bnn.data.Scaling((0.0,), (1.0,))).x_names == ("x",)
    with pytest.raises(ValueError, match="x_names has 3 names for 2 columns of x"):
        bnn.Dataset(np.zeros((3, 2)), np.zeros(3), scaling, x_names=("a", "b", "c"))


def test_rows_keep_their_weights():
    x = np.arange(6.0)
    data = bnn.dataset(x, 2 * x, weights=x)
    for chosen in ([4, 1], np.isin(x, (1, 4))):
        part = data.rows(chosen)
        np.testing.assert_array_equal(part.weights, part.x[:, 0])
        np.testing.assert_array_equal(part.y, 2 * part.weights)
        assert part.scaling is data.scaling
    assert bnn.dataset(x, x).rows([0, 1]).weights is None
