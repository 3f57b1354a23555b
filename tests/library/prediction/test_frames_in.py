"""A model knows the columns that it was trained on: frames in any order, saved results, names of classes."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.datasets import load_iris

import bayesian_nn as bnn
from bayesian_nn.runtime.record_file import read_record, write_record

RANDOM = np.random.default_rng(0)
N = 30
COLUMNS = {
    "a": RANDOM.normal(size=N),
    "b": RANDOM.normal(10, 2, N),
    "kind": ["flat", "house", "boat"] * (N // 3),
    "age": [None if row % 7 == 0 else float(row) for row in range(N)],
}
Y = COLUMNS["a"] + 2 * COLUMNS["b"]
DATA = bnn.dataset(pd.DataFrame(COLUMNS), Y, missing="impute")
N_INPUTS = DATA.x.shape[1]
RUN = bnn.find_map(
    bnn.Model((N_INPUTS, 3, 1), bnn.Gaussian(1.0), scaling=DATA.scaling),
    DATA,
    seed=0,
    n_restarts=1,
    n_steps=20,
)
DRAWS = {"n_draws": 3, "seed": 0}
WORDS = np.array(["red", "blue"])[(COLUMNS["a"] > 0).astype(int)]


def classifier(likelihood, n_outputs):
    data = bnn.dataset(pl.DataFrame(COLUMNS), WORDS, missing="impute")
    return data, bnn.find_map(
        bnn.Model((N_INPUTS, 3, n_outputs), likelihood, scaling=data.scaling),
        data,
        seed=0,
        n_restarts=1,
        n_steps=200,
    )


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
def test_columns_come_in_any_order(make):
    expected = bnn.predict(RUN, DATA.x, **DRAWS).mean
    backwards = make({name: COLUMNS[name] for name in reversed(COLUMNS)} | {"more": Y})
    np.testing.assert_array_equal(bnn.predict(RUN, backwards, **DRAWS).mean, expected)
    summary = bnn.prediction.summarise(RUN, backwards, **DRAWS)
    np.testing.assert_allclose(summary.mean, expected, rtol=1e-6)


def test_a_frame_that_lacks_columns_or_a_model_without_names_is_refused():
    frame = pd.DataFrame(COLUMNS)
    with pytest.raises(ValueError, match="The frame lacks 'b', which the model was trained on"):
        bnn.predict(RUN, frame.drop(columns="b"), **DRAWS)
    with pytest.raises(
        ValueError, match=r"must be \[n_points, 8\] .*, or a data frame with its columns; got \[30, 4\]"
    ):
        bnn.predict(RUN, np.ones((N, 4)), **DRAWS)
    toy = bnn.data.cosine_with_gap(seed=0)
    model = bnn.Model((1, 1), bnn.Gaussian(0.1), scaling=toy.scaling)
    with pytest.raises(
        ValueError, match="x is a data frame, and this model knows no names of columns: train"
    ):
        bnn.predict_prior(model, frame, **DRAWS)
    images = bnn.Model((4, 2), bnn.Categorical(2), scaling=bnn.data.PixelNorm())
    with pytest.raises(ValueError, match="this model knows no names"):
        bnn.predict_prior(images, frame, **DRAWS)


def test_an_array_with_names_makes_a_model_that_knows_them():
    x = np.column_stack([COLUMNS["a"], COLUMNS["b"]])
    data = bnn.dataset(x, Y, x_names=["a", "b"])
    model = bnn.Model((2, 3, 1), bnn.Gaussian(1.0), scaling=data.scaling)
    expected = bnn.predict_prior(model, x, **DRAWS).mean
    found = bnn.predict_prior(model, pd.DataFrame(COLUMNS)[["kind", "b", "a"]], **DRAWS).mean
    np.testing.assert_array_equal(found, expected)
    one = bnn.dataset(COLUMNS["a"], Y, x_names=["a"])
    model = bnn.Model((1, 3, 1), bnn.Gaussian(1.0), scaling=one.scaling)
    for x in (pl.Series(COLUMNS["a"]), pd.Series(COLUMNS["a"], name="other")):
        expected = bnn.predict_prior(model, COLUMNS["a"], **DRAWS).mean
        np.testing.assert_array_equal(bnn.predict_prior(model, x, **DRAWS).mean, expected)


def test_data_with_their_columns_in_another_order_are_refused():
    names = ["b", "a", "kind", "age"]
    other = bnn.dataset(pd.DataFrame(COLUMNS)[names], Y, missing="impute")
    with pytest.raises(
        ValueError, match=r"The data's inputs are 'b', 'a', .* the model's 'a', 'b', .* like="
    ):
        bnn.find_map(RUN.model, other, seed=0, n_restarts=1, n_steps=1)
    again = bnn.dataset(pd.DataFrame(COLUMNS)[names], Y, like=DATA)
    np.testing.assert_array_equal(again.x, DATA.x)


def test_an_unseen_level_is_predicted_from_the_prior_of_its_weights():
    frame = pd.DataFrame(COLUMNS).head(1)
    encoded = DATA.scaling.columns.encode(frame.assign(kind="castle"))
    assert encoded[0, DATA.x_names.index("kind=unseen")] == 1
    model = bnn.Model((N_INPUTS, 1), bnn.Gaussian(1.0), scaling=DATA.scaling)
    chains = bnn.sample_hmc(model, DATA, seed=0, n_chains=100, n_draws=20, n_warmup=60)
    weight = chains.draw(2000, seed=1)[:, DATA.x_names.index("kind=unseen")]
    # Of 100 chains each has an independent end at least.
    assert abs(weight.std() - 1) < 5 / np.sqrt(2 * 100)
    assert abs(weight.mean()) < 5 / np.sqrt(100)


@pytest.mark.parametrize(
    ("likelihood", "n_outputs"), [(bnn.Categorical(2), 2), (bnn.likelihoods.Bernoulli(), 1)]
)
def test_the_names_of_classes_reach_the_prediction(likelihood, n_outputs):
    data, estimate = classifier(likelihood, n_outputs)
    found = bnn.predict(estimate, pd.DataFrame(COLUMNS), **DRAWS)
    assert found.classes == ("blue", "red")
    assert np.mean(found.named_labels == WORDS) > 0.8
    np.testing.assert_array_equal(found.log_density(WORDS), found.log_density(data.y))
    with pytest.raises(ValueError, match=r"'y' is 'green', which is none of the classes"):
        found.log_density(np.where(WORDS == "red", "green", WORDS))


@pytest.mark.parametrize("likelihood", [bnn.Gaussian(1.0), bnn.Categorical(3)])
def test_a_likelihood_for_something_else_than_the_classes_is_refused(likelihood):
    data = bnn.dataset(COLUMNS["a"], WORDS)
    said = r"one of the 2 classes 'blue', 'red', and .* Categorical\(2\), .* end in 2, or Bernoulli"
    with pytest.raises(ValueError, match=said):
        bnn.Model((1, likelihood.n_outputs), likelihood, scaling=data.scaling)


def test_a_compiled_program_does_not_depend_on_the_columns():
    without = replace(RUN.model, scaling=DATA.scaling._replace(columns=None))
    assert without != RUN.model
    assert without.program == RUN.model.program
    assert hash(without.program) == hash(RUN.model.program)


SCRIPT = """
import sys
import numpy as np, pandas as pd
import bayesian_nn as bnn
result = bnn.load(sys.argv[1])
frame = pd.read_pickle(sys.argv[2])
np.save(sys.argv[3], bnn.predict(result, frame, n_draws=3, seed=0).probabilities)
print(result.model.scaling.columns.classes)
"""


def test_a_saved_result_predicts_the_same_to_the_bit_in_another_process(tmp_path):
    _, estimate = classifier(bnn.Categorical(2), 2)
    bnn.save(estimate, tmp_path / "result.npz")
    frame = pd.DataFrame(COLUMNS)[["kind", "age", "b", "a"]]
    frame.to_pickle(tmp_path / "frame")
    paths = [str(tmp_path / name) for name in ("result.npz", "frame", "found.npy")]
    done = subprocess.run([sys.executable, "-c", SCRIPT, *paths], capture_output=True, text=True)
    assert not done.returncode, done.stderr
    assert done.stdout.strip() == "('blue', 'red')"
    expected = bnn.predict(estimate, frame, **DRAWS).probabilities
    np.testing.assert_array_equal(np.load(tmp_path / "found.npy"), expected)
    assert bnn.load(paths[0]).model == estimate.model


def test_a_result_saved_before_there_were_columns_knows_none(tmp_path):
    bnn.save(RUN, tmp_path / "new.npz")
    record = read_record(tmp_path / "new.npz")
    del record.fields["model"]["scaling"]["columns"]
    write_record(tmp_path / "old.npz", record.kind, record.fields, record.arrays)
    old = bnn.load(tmp_path / "old.npz")
    assert old.model.scaling.columns is None
    np.testing.assert_array_equal(
        bnn.predict(old, DATA.x, **DRAWS).mean, bnn.predict(RUN, DATA.x, **DRAWS).mean
    )


@pytest.mark.filterwarnings("ignore::bayesian_nn.FlatFitWarning")
def test_a_fit_with_names_resumes_as_if_it_had_never_stopped():
    train, _ = bnn.train_test_split(DATA, test_fraction=0.2, seed=0)
    model = bnn.Model((N_INPUTS, 2, 1), bnn.Gaussian(1.0), scaling=train.scaling)
    settings = {"seed": 0, "optimizer": bnn.Adam(0.01)}
    whole = bnn.fit(model, train, n_steps=20, **settings)
    part = bnn.fit(model, train, n_steps=10, **settings)
    np.testing.assert_array_equal(
        bnn.fit(model, train, n_steps=20, resume=part, **settings).parameters, whole.parameters
    )


def test_a_table_of_classes_goes_in_as_it_comes():
    frame = load_iris(as_frame=True).frame
    frame["species"] = np.array(["setosa", "versicolor", "virginica"])[frame.pop("target")]
    train, test = frame[::2], frame[1::2]
    data = bnn.dataset(train, "species")
    model = bnn.Model((4, 10, 3), bnn.Categorical(3), scaling=data.scaling)
    estimate = bnn.find_map(model, data, seed=0, n_restarts=1, n_steps=300)
    found = bnn.predict(estimate, test, **DRAWS)
    assert np.mean(found.named_labels == test["species"]) > 0.9
    held_out = bnn.dataset(test, "species", like=data)
    np.testing.assert_array_equal(found.log_density(test["species"]), found.log_density(held_out.y))
