"""Predictive draws, against the closed forms of linear models."""

import numpy as np
import pytest
from scipy.special import softmax
from truths import made_by_hand

import bayesian_nn as bnn
from bayesian_nn.likelihoods import Poisson
from bayesian_nn.runtime.portable_math import PREDICTION, normals

SCALING = bnn.data.Scaling((10.0, -2.0), (4.0, 0.5), y_shift=50.0, y_scale=8.0)
LINEAR = bnn.Model((2, 1), bnn.Gaussian(3.0), prior=bnn.GaussianPrior(1.5), scaling=SCALING)
X = np.array([[10.0, -2.0], [20.0, -2.0], [0.0, 1.0]])


def design(model, x):
    return np.column_stack([model.inputs(x), np.ones(len(x))])


def film_run(n_recorded=3, *, best=1):
    data = bnn.data.cosine_with_gap(seed=0)
    model = bnn.Model((1, 4, 1), bnn.Gaussian(bnn.LearnedNoise(0.3)), scaling=data.scaling)
    mean = np.random.default_rng(1).normal(size=(n_recorded, 2, model.n_latents))
    return made_by_hand.run(model, mean=mean, std=0.3 * np.exp(0.5 * mean), best=best)


def assert_moments(draws, mean, std):
    """The draws' [n_draws, n_points] mean and sd are these, within 5 standard errors of normal draws."""
    n = len(draws)
    assert np.all(np.abs(draws.mean(axis=0) - mean) < 5 * std / np.sqrt(n))
    assert np.all(np.abs(draws.std(axis=0) - std) < 5 * std / np.sqrt(2 * n))


def test_the_prior_predictive_of_a_linear_model_is_the_closed_form():
    latents = bnn.prediction.draw_prior(LINEAR, 20_000, seed=1)
    prediction = bnn.prediction.predict_draws(LINEAR, latents, X)
    std = 8.0 * 1.5 * np.linalg.norm(design(LINEAR, X), axis=1)
    assert_moments(prediction.draws, 50.0, std)
    np.testing.assert_allclose(prediction.aleatoric_std, 3.0)
    np.testing.assert_allclose(prediction.std**2, prediction.draws.var(axis=0) + 9.0)


def test_a_seed_is_a_set_of_draws_from_the_prior():
    first, same, other = (
        bnn.prediction.draw_prior(LINEAR, 5, seed=seed) for seed in (2**40 + 1, 2**40 + 1, 1)
    )
    np.testing.assert_array_equal(first, same)
    assert np.all(first != other)


def test_the_prior_s_noise_is_log_normal():
    model = bnn.Model((2, 1), bnn.Gaussian(bnn.LearnedNoise(0.2, 0.7)))
    noise_std = bnn.predict_prior(model, X, n_draws=20_000, seed=1).noise_std
    assert_moments(np.log(noise_std)[:, None], np.log(0.2), 0.7)


def test_the_posterior_predictive_of_a_linear_model_is_the_closed_form():
    mean, std = np.array([1.0, -0.5, 0.3]), np.array([0.2, 0.1, 0.05])
    # The first restart and the first record are others: the best one's last is asked for.
    run = made_by_hand.run(
        LINEAR, mean=[[mean + 9, mean + 5], [mean + 7, mean]], std=np.broadcast_to(std, (2, 2, 3)), best=1
    )
    prediction = bnn.predict(run, X, n_draws=20_000, seed=2)
    a = design(LINEAR, X)
    assert_moments(prediction.draws, 50 + 8 * a @ mean, 8 * np.sqrt(a**2 @ std**2))
    first = bnn.predict(run, X, n_draws=20_000, seed=2, recorded=0)
    assert_moments(first.draws, 50 + 8 * a @ (mean + 5), 8 * np.sqrt(a**2 @ std**2))


def test_a_seed_gives_the_same_noise_at_every_recorded_step():
    run = film_run()
    noises = []
    for recorded, parameters in enumerate(run.path):
        draws = run.draw(6, seed=4, recorded=recorded)
        distribution = run.posterior.distribution(parameters)
        noises.append((draws - distribution.mean().numpy()) / distribution.stddev().numpy())
    np.testing.assert_allclose(noises[1:], [noises[0]] * 2, atol=1e-4)
    assert np.ptp(noises[0]) > 1
    other = run.draw(6, seed=5)
    assert np.all(other != run.draw(6, seed=4))


def test_every_frame_of_a_film_is_the_prediction_of_its_record():
    run, x = film_run(), np.linspace(-8, 8, 21)
    film = bnn.prediction.predict_film(run, x, seed=4, n_draws=30, n_curves=5)
    np.testing.assert_array_equal(film.steps, run.recorded_steps)
    np.testing.assert_array_equal(film.x, x)
    noise = normals(4, PREDICTION, 30 * run.model.n_latents).reshape(30, -1).astype(np.float32)
    for recorded, parameters in enumerate(run.path):
        latents = run.posterior.draw(parameters, noise).numpy()
        prediction = bnn.prediction.predict_draws(run.model, latents, x)
        np.testing.assert_array_equal(film.mean[recorded], prediction.mean)
        np.testing.assert_array_equal(film.epistemic_std[recorded], prediction.epistemic_std)
        np.testing.assert_array_equal(film.std[recorded], prediction.std)
        np.testing.assert_array_equal(film.curves[recorded], prediction.draws[:5])
    last = bnn.prediction.predict_film(run, x, seed=4, n_draws=30, n_curves=5, frames=[0, 2])
    np.testing.assert_array_equal(last.curves, film.curves[[0, 2]])
    np.testing.assert_array_equal(last.steps, run.recorded_steps[[0, 2]])
    more = bnn.prediction.predict_film(run, x, seed=4, n_draws=40, n_curves=5)
    np.testing.assert_array_equal(more.curves, film.curves)
    assert np.all(bnn.prediction.predict_film(run, x, seed=5, n_draws=30).curves[:, :5] != film.curves)


def test_classes_are_predicted_by_the_softmax_of_every_draw():
    model = bnn.Model((6, 4, 3), bnn.Categorical(3))
    images = np.random.default_rng(0).uniform(size=(5, 2, 3))
    latents = np.random.default_rng(1).normal(size=(7, model.n_latents))
    first, biases, second, last = np.split(latents, [24, 28, 40], axis=1)
    hidden = np.tanh(images.reshape(-1, 6) @ first.reshape(7, 6, 4) + biases[:, None])
    expected = softmax(hidden @ second.reshape(7, 4, 3) + last[:, None], axis=2)
    prediction = bnn.prediction.predict_draws(model, latents, images)
    assert isinstance(prediction, bnn.predictions.ClassPrediction)
    np.testing.assert_allclose(prediction.probabilities, expected, rtol=1e-10)
    # However many images go together, and as rows of pixels too.
    one, rows = (bnn.prediction.predict_draws(model, latents, x) for x in (images[2:3], images.reshape(5, 6)))
    np.testing.assert_allclose(one.probabilities[:, 0], expected[:, 2], rtol=1e-10)
    np.testing.assert_array_equal(rows.probabilities, prediction.probabilities)


def test_images_are_predicted_in_the_network_s_units():
    sizes, classes = (6, 4, 3), bnn.Categorical(3)
    model = bnn.Model(sizes, classes, scaling=bnn.data.PixelNorm(2))
    images = np.random.default_rng(0).uniform(size=(5, 2, 3))
    latents = np.random.default_rng(1).normal(size=(7, model.n_latents))
    found = bnn.prediction.predict_draws(model, latents, images)
    plain = bnn.prediction.predict_draws(bnn.Model(sizes, classes), latents, model.inputs(images))
    np.testing.assert_allclose(found.probabilities, plain.probabilities, rtol=1e-10)
    with pytest.raises(ValueError, match="up to 255, divide them by 255"):
        bnn.prediction.predict_draws(model, latents, 255 * images)


def test_draws_of_any_method_are_predicted_in_their_own_precision():
    latents = np.random.default_rng(0).normal(size=(3, 3))
    prediction = bnn.prediction.predict_draws(LINEAR, latents, X)
    np.testing.assert_allclose(prediction.draws, 50 + 8 * latents @ design(LINEAR, X).T, rtol=1e-13)
    np.testing.assert_array_equal(prediction.x, X)


def test_one_input_may_be_a_plain_list():
    run = film_run()
    latents = run.draw(3, seed=0)
    plain, column = (bnn.prediction.predict_draws(run.model, latents, x) for x in ([1, 2], [[1], [2]]))
    np.testing.assert_array_equal(plain.draws, column.draws)
    np.testing.assert_allclose(plain.noise_std, np.exp(latents[:, -1]), rtol=1e-6)


@pytest.mark.parametrize(
    ("likelihood", "n_outputs"), [(bnn.Gaussian(0.1), 1), (bnn.Categorical(3), 3), (Poisson(), 1)]
)
@pytest.mark.parametrize("far", [3e38, 1e39, 1e300])
def test_where_x_lies_so_far_that_a_network_overflows_it_is_x_that_is_named(likelihood, n_outputs, far):
    model = bnn.Model((2, 8, n_outputs), likelihood, activation="relu")
    latents = bnn.prediction.draw_prior(model, 20, seed=0)
    x = np.array([[0.0, 1.0], [far, 1.0], [2.0, -far]])
    with pytest.raises(
        ValueError, match=r"x has 2 rows at which the network's output overflows, .* index 1: .*e\+"
    ):
        bnn.prediction.predict_draws(model, latents, x)
    bnn.prediction.predict_draws(model, latents, x[:1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: bnn.prediction.predict_draws(LINEAR, np.ones((5, 3)), [1, 2]),
            r"x must be \[n_points, 2\] .* got \[2, 1\]",
        ),
        (
            lambda: bnn.prediction.predict_draws(LINEAR, np.ones((5, 3)), np.ones((4, 3))),
            r"x must be .* got \[4, 3\]",
        ),
        (lambda: bnn.prediction.predict_draws(LINEAR, np.ones((5, 3)), 1.0), r"x must be .* got \[\]"),
        (
            lambda: bnn.prediction.predict_draws(LINEAR, np.ones((5, 3)), [[1, np.nan]]),
            r"x has 1 .* not finite, .* \(0, 1\): nan",
        ),
        (
            lambda: bnn.prediction.predict_draws(LINEAR, np.ones((5, 3)), [["a", "b"]]),
            "x must be an array of numbers",
        ),
        (
            lambda: bnn.prediction.predict_draws(LINEAR, np.ones((5, 4)), X),
            r"latents must be \[n_draws, 3\] .* got \[5, 4\]",
        ),
        (
            lambda: bnn.prediction.predict_draws(LINEAR, np.ones(3), X),
            r"latents must be \[n_draws, 3\] .* got \[3\]",
        ),
        (
            lambda: bnn.prediction.predict_draws(LINEAR, np.ones((0, 3)), X),
            "draws must not be empty; got n_draws = 0",
        ),
        (
            lambda: bnn.prediction.predict_draws(LINEAR, np.full((5, 3), np.nan), X),
            "latents: draw 0 is not finite. Has the fit diverged",
        ),
        (
            lambda: bnn.prediction.draw_prior(LINEAR, 0, seed=0),
            "n_draws must be a whole number, 1 or more; got 0",
        ),
        (lambda: bnn.prediction.draw_prior(LINEAR, 2.5, seed=0), "n_draws must be .* got 2.5"),
        (
            lambda: bnn.prediction.draw_prior(LINEAR, 2, seed=-1),
            "seed must be a whole number, 0 or more; got -1",
        ),
        (lambda: film_run().draw(0, seed=0), "n_draws must be .* 1 or more; got 0"),
        (lambda: film_run().draw(2, seed=0.5), "seed must be .* got 0.5"),
        (
            lambda: bnn.predict(bnn.MeanField(), X, n_draws=2, seed=0),
            r"result must be what fit, .* got MeanField\(",
        ),
        (
            lambda: bnn.predict(bnn.modes.Laplace, X, n_draws=2, seed=0),
            r"result must be what fit, .* got <class",
        ),
        (lambda: bnn.predict(X, X, n_draws=2, seed=0), r"result must be what fit, .* got array\("),
        (lambda: film(seed=0, n_draws=0), "n_curves must be between 1 and n_draws=0; got 10"),
        (lambda: film(seed=0, n_draws=5), "n_curves must be between 1 and n_draws=5; got 10"),
        (lambda: film(seed=0, frames=[2, 1]), "steps must increase"),
        (lambda: film(run=linear_run(), seed=0), "A film needs a model of one input; this one has 2"),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def film(*, run=None, **arguments):
    return bnn.prediction.predict_film(run or film_run(), [0.0, 1.0], **arguments)


def linear_run():
    return made_by_hand.run(LINEAR, mean=np.zeros((1, 1, 3)), std=np.ones((1, 1, 3)))
