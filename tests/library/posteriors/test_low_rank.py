"""The low-rank family, against SciPy and against Bayesian linear regression in closed form."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp
from scipy.stats import multivariate_normal
from truths.linear_regression import exact, problem

import bayesian_nn as bnn
from bayesian_nn.model.model import log_joint, prior, prior_stds
from bayesian_nn.objectives.elbo import analytic_kl, log_ratios
from bayesian_nn.posteriors.low_rank import LowRank

FAMILY = LowRank(rank=2)
TINY = bnn.data.cosine_with_gap(seed=1, n_points=8)
TINY_MODEL = bnn.Model((1, 3, 1), bnn.Gaussian(0.1), scaling=TINY.scaling)
LANDING = bnn.Elbo(n_draws=20, analytic_kl=False, stick_the_landing=True)


def parts(*leading, n_latents=5, rank=2):
    random = np.random.default_rng(2)
    mean, log_std = random.normal(size=(2, *leading, n_latents))
    return mean, np.exp(log_std), random.normal(size=(*leading, n_latents, rank))


def covariance_of(std, factor):
    return std[..., None] ** 2 * np.eye(std.shape[-1]) + factor @ np.swapaxes(factor, -1, -2)


def parts_of(covariance):
    """A diagonal and a factor of one column less than there are latents that make this covariance."""
    variances, directions = np.linalg.eigh(covariance)
    factor = directions[:, 1:] * np.sqrt(variances[1:] - variances[0])
    return np.full(len(variances), np.sqrt(variances[0])), factor


def entangled():
    """Six inputs that all share one part, and pairs of which share another."""
    random = np.random.default_rng(3)
    common, pairs = random.normal(size=(60, 1)), np.repeat(random.normal(size=(60, 3)), 2, axis=1)
    x = 0.6 * common + 0.8 * pairs + 0.3 * random.normal(size=(60, 6))
    y = x @ random.normal(size=6) + 0.5 * random.normal(size=60)
    data = bnn.dataset(x, y)
    return bnn.Model((6, 1), bnn.Gaussian(0.5), prior=bnn.GaussianPrior(1.5), scaling=data.scaling), data


# --- the family


@pytest.mark.parametrize("leading", [(), (3,), (2, 3)], ids=str)
def test_a_draw_is_its_own_noise_and_that_of_the_directions(leading):
    mean, std, factor = parts(*leading)
    noise = np.random.default_rng(3).normal(size=(*leading, 7, 7)).astype(np.float32)
    draws = FAMILY.draw(FAMILY.parameters(mean, std, factor), noise).numpy()
    shared = noise[..., 5:] @ np.swapaxes(factor, -1, -2)
    expected = mean[..., None, :] + std[..., None, :] * noise[..., :5] + shared
    np.testing.assert_allclose(draws, expected, rtol=1e-4, atol=1e-5)


def test_the_distribution_is_scipy_s():
    mean, std, factor = parts(3)
    distribution = FAMILY.distribution(FAMILY.parameters(mean, std, factor))
    covariance = covariance_of(std, factor)
    values = np.random.default_rng(4).normal(size=mean.shape)
    expected = [
        multivariate_normal(*each).logpdf(value)
        for *each, value in zip(mean, covariance, values, strict=True)
    ]
    np.testing.assert_allclose(distribution.log_prob(values), expected, rtol=1e-4)
    np.testing.assert_allclose(distribution.covariance(), covariance, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("noise_std", [0.3, bnn.LearnedNoise(0.2, 0.7)], ids=["known", "learned"])
@pytest.mark.parametrize("leading", [(), (2, 3)], ids=str)
def test_the_kl_is_tensorflow_probability_s_and_the_draws_mean(noise_std, leading):
    model = bnn.Model((1, 3, 1), bnn.Gaussian(noise_std), prior=gaussian_priors([(1.3, 0.5), (2.0, 0.9)]))
    mean, std, factor = parts(*leading, n_latents=model.n_latents)
    parameters = tf.constant(FAMILY.parameters(mean, std, factor), tf.float64)
    kl = FAMILY.kl(model, parameters).numpy()
    independent = tfp.distributions.MultivariateNormalDiag(
        prior(model, tf.float64).mean(), tf.constant(prior_stds(model))
    )
    distribution = FAMILY.distribution(parameters)
    dense = tfp.distributions.MultivariateNormalFullCovariance(distribution.mean(), distribution.covariance())
    np.testing.assert_allclose(kl, tfp.distributions.kl_divergence(dense, independent), rtol=1e-10)
    np.testing.assert_array_equal(analytic_kl(model, FAMILY, parameters), kl)
    noise = np.random.default_rng(5).normal(size=(*leading, 20_000, *FAMILY.noise_shape(model)))
    ratios = log_ratios(model, FAMILY, parameters, FAMILY.draw(parameters, noise)).numpy()
    errors = ratios.std(axis=-1) / np.sqrt(20_000)
    assert np.all(np.abs(ratios.mean(axis=-1) - kl) < 5 * errors)
    assert np.all(errors < 0.01 * kl)


def test_a_fit_starts_where_mean_field_does():
    model = bnn.Model((4, 9, 1), bnn.Gaussian(bnn.LearnedNoise(0.3)))
    start = LowRank(3, initial_std=0.07).initial(model, seed=5, n_restarts=3)
    expected = bnn.MeanField(initial_std=0.07).initial(model, seed=5, n_restarts=3)
    assert start.shape == (3, 5 * model.n_latents)
    np.testing.assert_array_equal(start[:, : 2 * model.n_latents], expected)
    np.testing.assert_array_equal(start[:, 2 * model.n_latents :], 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rank": 0}, "rank must be a whole number, 1 or more; got 0"),
        ({"rank": 2.5}, r"rank must be .* got 2\.5"),
        ({"initial_std": -0.02}, r"initial_std must be a finite number above zero; got -0\.02"),
        ({"initial_std": np.nan}, "initial_std must be .* got nan"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        LowRank(**arguments)


def test_a_factor_of_another_rank_is_refused():
    with pytest.raises(ValueError, match=r"factor must be \[3, 2\], a row of rank 2 .* got \[3, 5\]"):
        FAMILY.parameters(np.zeros(3), np.ones(3), np.zeros((3, 5)))


# --- Bayesian linear regression


@pytest.mark.parametrize("make", [problem, entangled])
def test_at_the_exact_posterior_every_draw_s_density_ratio_is_the_log_evidence(make):
    model, data = make()
    truth = exact(model, data)
    family = LowRank(rank=model.n_latents - 1)
    parameters = family.parameters(truth.mean, *parts_of(truth.covariance))
    noise = np.random.default_rng(1).normal(size=(50, *family.noise_shape(model))).astype(np.float32)
    draws = family.draw(parameters, noise)
    joint = log_joint(model, draws, model.inputs(data.x), model.targets(data.y)).numpy()
    log_q = family.distribution(parameters).log_prob(draws)
    np.testing.assert_allclose(joint - log_q, truth.log_evidence, rtol=1e-5)


def test_a_fit_of_rank_enough_finds_the_exact_posterior_and_one_of_less_does_not():
    model, data = entangled()
    truth = exact(model, data)
    std = np.sqrt(np.diag(truth.covariance))
    elbos, differences = {}, {}
    for rank in (1, 6):
        family = LowRank(rank)
        run = bnn.fit(model, data, seed=0, n_steps=3000, posterior=family, objective=LANDING)
        q = family.distribution(run.parameters)
        assert np.all(np.abs(q.mean() - truth.mean) < 0.1 * std)
        differences[rank] = np.abs(q.covariance() - truth.covariance).max() / std.max() ** 2
        estimate = bnn.objectives.estimate_elbo(
            model, family, run.parameters, data, seed=7, n_draws=2000, analytic_kl=False
        )
        elbos[rank] = estimate.elbo
        assert estimate.elbo < truth.log_evidence + 5 * estimate.standard_error
    assert differences[6] < 0.03
    assert elbos[6] == pytest.approx(truth.log_evidence, abs=0.02)
    # One direction leaves the pairs apart; mean-field, with none, is further off still.
    assert differences[1] > 0.1
    assert truth.mean_field_elbo + 0.2 < elbos[1] < truth.log_evidence - 0.2


def test_one_direction_is_all_that_two_correlated_inputs_need():
    model, data = problem()
    truth = exact(model, data)
    run = bnn.fit(model, data, seed=0, n_steps=3000, posterior=LowRank(1), objective=bnn.Elbo(n_draws=20))
    q = run.posterior.distribution(run.parameters)
    std = np.sqrt(np.diag(truth.covariance))
    assert np.all(np.abs(q.mean() - truth.mean) < 0.1 * std)
    np.testing.assert_allclose(
        q.covariance() / np.outer(std, std), truth.covariance / np.outer(std, std), atol=0.1
    )
    assert run.final_elbo == pytest.approx(truth.log_evidence, abs=0.2)
    assert truth.mean_field_elbo < truth.log_evidence - 0.2


# --- a fit


def test_restarts_are_apart_and_a_run_is_what_was_saved(tmp_path):
    run = bnn.fit(TINY_MODEL, TINY, seed=3, n_steps=200, posterior=LowRank(4, 0.03), n_restarts=2)
    assert np.all(run.recorded_parameters[-1, 0] != run.recorded_parameters[-1, 1])
    bnn.training.save_run(run, tmp_path / "run.npz")
    again = bnn.training.load_run(tmp_path / "run.npz")
    assert again.settings == run.settings
    np.testing.assert_array_equal(again.recorded_parameters, run.recorded_parameters)
    np.testing.assert_array_equal(again.draw(5, seed=1), run.draw(5, seed=1))
    film = bnn.prediction.predict_film(run, np.linspace(0, 8, 5), seed=0, n_draws=10, frames=[0, -1])
    assert film.mean.shape == (2, 5)
