"""The two estimators on arrays and data frames: what they return is the library's own prediction."""

import functools
import math

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import bayesian_nn as bnn
from bayesian_nn.data.tables import dataset
from bayesian_nn.estimators.usual import usual_likelihood

QUICK = {
    "infer": functools.partial(bnn.fit_ensemble, n_members=4, n_steps=500, anchored=False, perturbed=False),
    "prior": bnn.GaussianPrior(1.0),
    "hidden": (8,),
}
N_ROWS = 120


@pytest.fixture(scope="module")
def frame():
    random = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "size": random.normal(size=N_ROWS),
            "colour": random.choice(["red", "green", "blue"], N_ROWS),
            "day": pd.date_range("2020-01-01", periods=N_ROWS),
            "new": random.random(N_ROWS) > 0.5,
        }
    )


@pytest.fixture(scope="module")
def price(frame):
    noise = np.random.default_rng(1).normal(size=N_ROWS)
    return frame["size"] + 2 * (frame["colour"] == "red") + 0.3 * noise


@pytest.fixture(scope="module")
def regressor(frame, price):
    return bnn.BayesianRegressor(**QUICK).fit(frame, price)


@pytest.fixture(scope="module")
def classifier(frame):
    return bnn.BayesianClassifier(**QUICK).fit(frame[["size", "new"]], frame["size"] > 0)


def test_a_prediction_is_the_library_s_own(regressor, frame, price):
    mean, std = regressor.predict(frame, return_std=True)
    own = bnn.predict(regressor.result_, frame, n_draws=500, seed=0)
    np.testing.assert_allclose(mean, own.mean)
    np.testing.assert_allclose(std, own.std)
    np.testing.assert_array_equal(regressor.predict(frame), mean)
    np.testing.assert_allclose(regressor.score(frame, price), own.log_density(price).mean())
    np.testing.assert_allclose(
        regressor.predict_interval(frame, level=0.8), own.quantiles([0.1, 0.9], with_noise=True).T
    )
    # It learned what made the price.
    assert np.corrcoef(mean, price)[0, 1] > 0.9


def test_parts_are_the_whole(regressor, frame, monkeypatch):
    whole = regressor.predict_quantiles(frame, [0.2, 0.5])
    monkeypatch.setattr("bayesian_nn.prediction.parts.PART", 500 * 2 * 7)
    np.testing.assert_array_equal(regressor.predict_quantiles(frame, [0.2, 0.5]), whole)


def test_draws_of_y_have_the_predictive_distribution(regressor, frame):
    rows = frame[:3]
    drawn = regressor.sample_y(rows, 4000, random_state=3)
    assert drawn.shape == (3, 4000)
    mean, std = regressor.predict(rows, return_std=True)
    assert np.all(np.abs(drawn.mean(axis=1) - mean) < 5 * std / math.sqrt(4000))
    np.testing.assert_allclose(drawn.std(axis=1), std, rtol=0.1)
    np.testing.assert_array_equal(drawn, regressor.sample_y(rows, 4000, random_state=3))


def test_names_are_kept_and_others_refused(regressor, frame):
    assert list(regressor.feature_names_in_) == list(frame.columns)
    with pytest.raises(ValueError, match="same order"):
        regressor.predict(frame[["colour", "size", "day", "new"]])
    with pytest.raises(ValueError, match=r"yet now missing:\n- new"):
        regressor.predict(frame[["size", "colour", "day"]])


def test_a_saved_estimator_predicts_the_same_to_the_bit(regressor, classifier, frame, tmp_path):
    regressor.save(tmp_path / "regressor.npz")
    again = bnn.BayesianRegressor.load(tmp_path / "regressor.npz")
    np.testing.assert_array_equal(again.predict(frame), regressor.predict(frame))
    # In any order, for it knows what each is called.
    np.testing.assert_array_equal(
        again.predict(frame[["new", "day", "size", "colour"]]), regressor.predict(frame)
    )
    classifier.save(tmp_path / "classifier.npz")
    again = bnn.BayesianClassifier.load(tmp_path / "classifier.npz")
    rows = frame[["size", "new"]]
    np.testing.assert_array_equal(again.predict_proba(rows), classifier.predict_proba(rows))
    assert again.predict(rows).dtype == bool
    with pytest.raises(ValueError, match="not one of a classifier"):
        bnn.BayesianClassifier.load(tmp_path / "regressor.npz")


@pytest.mark.parametrize("classes", [["no", "yes"], [3, 7], [False, True], [0.0, 1.0], ["1", "2"]])
def test_classes_come_back_as_they_were(classes, frame, tmp_path):
    y = np.array(classes)[(frame["size"] > 0).astype(int)]
    estimator = bnn.BayesianClassifier(**QUICK).fit(frame[["size"]], y)
    assert np.mean(estimator.predict(frame[["size"]]) == y) > 0.9
    estimator.save(tmp_path / "classes.npz")
    again = bnn.BayesianClassifier.load(tmp_path / "classes.npz").classes_
    assert again.dtype.kind == np.array(classes).dtype.kind
    np.testing.assert_array_equal(again, classes)


def test_probabilities_and_doubt(classifier, frame):
    rows = frame[["size", "new"]]
    own = bnn.predict(classifier.result_, rows, n_draws=500, seed=0)
    np.testing.assert_allclose(classifier.predict_proba(rows), own.mean)
    np.testing.assert_allclose(classifier.predict_doubt(rows), own.epistemic)
    y = frame["size"] > 0
    np.testing.assert_allclose(classifier.score(rows, y), own.log_density(y).mean())
    with pytest.raises(ValueError, match="class 'maybe'"):
        classifier.score(rows, np.where(y, "maybe", "no"))


def test_three_classes_and_several_targets(frame, price):
    rows = frame[["size", "new"]]
    three = bnn.BayesianClassifier(**QUICK).fit(rows, frame["colour"])
    assert three.predict_proba(rows).shape == (N_ROWS, 3)
    assert list(three.classes_) == ["blue", "green", "red"]
    both = np.column_stack([price, -100 * price])
    estimator = bnn.BayesianRegressor(**QUICK).fit(frame, both)
    mean, std = estimator.predict(frame, return_std=True)
    assert mean.shape == std.shape == both.shape
    assert estimator.predict_interval(frame).shape == (N_ROWS, 2, 2)
    assert estimator.sample_y(frame, 5).shape == (N_ROWS, 2, 5)
    assert np.corrcoef(mean[:, 1], both[:, 1])[0, 1] > 0.9


def test_gaps_are_refused_or_filled(frame, price):
    gappy = frame.assign(size=frame["size"].where(frame.index % 10 > 0))
    with pytest.raises(ValueError, match="'size'"):
        bnn.BayesianRegressor(**QUICK).fit(gappy, price)
    filled = bnn.BayesianRegressor(**QUICK, missing="impute").fit(gappy, price)
    assert np.isfinite(filled.predict(gappy)).all()


def test_it_is_an_estimator_among_others(frame, price):
    x = frame[["size"]].to_numpy()
    pipeline = make_pipeline(StandardScaler(), bnn.BayesianRegressor(**QUICK))
    scores = cross_val_score(pipeline, x, price, cv=2)
    assert np.isfinite(scores).all()
    search = GridSearchCV(bnn.BayesianRegressor(**QUICK), {"hidden": [(2,), (8,)]}, cv=2).fit(x, price)
    assert search.best_params_["hidden"] in [(2,), (8,)]


def test_the_likelihood_is_a_parameter(frame):
    counts = np.random.default_rng(0).poisson(np.exp(frame["size"]))
    estimator = bnn.BayesianRegressor(**QUICK, likelihood=bnn.likelihoods.Poisson())
    estimator.fit(frame[["size"]], counts)
    assert estimator.predict_interval(frame[["size"]]).min() >= 0
    made = bnn.BayesianRegressor(
        **QUICK, likelihood=lambda data: bnn.likelihoods.StudentT(0.1 * data.scaling.y_scale)
    )
    made.fit(frame[["size"]], counts)
    assert made.result_.model.likelihood.scale == pytest.approx(0.1 * counts.std())


def test_few_rows_have_one_noise():
    x = np.linspace(0, 1, 200)
    many, few = dataset(x, 3 * x), dataset(x[:99], 3 * x[:99])
    assert isinstance(usual_likelihood(many), bnn.likelihoods.HeteroscedasticGaussian)
    assert usual_likelihood(many).noise_std == pytest.approx(0.3 * many.scaling.y_scale)
    assert usual_likelihood(few) == bnn.Gaussian(bnn.LearnedNoise(0.3 * few.scaling.y_scale))


@pytest.mark.parametrize("step", [1.0, 0.25])
def test_the_noise_of_a_rounded_y_is_at_least_that_of_rounding(step):
    """Marks that many rows share are met exactly by a network, which would shrink its noise to nothing."""
    x = np.random.default_rng(0).standard_normal(400)
    likelihood = usual_likelihood(dataset(x, step * np.round(x)))
    assert likelihood.resolution == pytest.approx(step)
    g = np.linspace(-1000, 10, 100)
    scaling = bnn.data.Scaling((0.0,), (1.0,))
    least = likelihood.prediction(x[:100, None], np.stack([0 * g, g])[None], np.zeros((1, 0)), scaling)
    rounding = step * (np.arange(10_001) / 10_000 - 0.5)
    assert least.noise_std.min() == pytest.approx(rounding.std(), rel=1e-3)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden": (0,)}, "hidden must be a whole number, 1 or more; got 0"),
        ({"infer": "hmc"}, "infer must be a function .* got 'hmc'"),
        ({"random_state": -1}, "random_state must be a whole number, 0 or more; got -1"),
        ({"missing": "guess"}, "missing must be"),
        ({"likelihood": "poisson"}, "likelihood must be one such as"),
    ],
)
def test_wrong_settings_are_refused(settings, message, frame, price):
    with pytest.raises(ValueError, match=message):
        bnn.BayesianRegressor(**QUICK | settings).fit(frame, price)
