"""What every posterior family keeps: rows are families, columns are laws."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import multivariate_normal
from truths.finite_differences import assert_gradient_is_that_of_finite_differences
from truths.linear_regression import exact, problem

import bayesian_nn as bnn
from bayesian_nn.model.log_joint import log_joint
from bayesian_nn.model.observations import observe
from bayesian_nn.objectives.elbo import analytic_kl, log_ratios
from bayesian_nn.runtime.tensorflow import tfp

tfd = tfp.distributions
FAMILIES = {family: family() for family in (bnn.MeanField, bnn.FullCovariance)} | {
    bnn.LowRank: bnn.LowRank(2)
}
EVERY = pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: type(family).__name__)
KINDS = pytest.mark.parametrize("kind", FAMILIES, ids=lambda kind: kind.__name__)
LEADING = pytest.mark.parametrize("leading", [(), (2, 3)], ids=str)
NETWORK = bnn.Model((4, 9, 1), bnn.Gaussian(bnn.LearnedNoise(0.3)))
LINEAR, DATA = problem()
TRUTH = exact(LINEAR, DATA)
STD = np.sqrt(np.diag(TRUTH.covariance))


def example(family, *leading, n_latents=5):
    """Parameters in float64, and the means and covariances that they were made for."""
    random = np.random.default_rng(2)
    mean, log_std = random.normal(size=(2, *leading, n_latents))
    std = np.exp(log_std)
    covariance = std[..., None] ** 2 * np.eye(n_latents)
    if isinstance(family, bnn.MeanField):
        parameters = family.parameters(mean, std)
    else:
        factor = random.normal(size=(*leading, n_latents, 2))
        covariance += factor @ np.swapaxes(factor, -1, -2)
        made_of = (std, factor) if isinstance(family, bnn.LowRank) else (covariance,)
        parameters = family.parameters(mean, *made_of)
    return tf.constant(parameters, tf.float64), mean, covariance


def parameters_of(kind, mean, covariance):
    """A family of any rank, and its parameters for a full covariance."""
    if kind is bnn.FullCovariance:
        return kind(), kind().parameters(mean, covariance)
    variances, directions = np.linalg.eigh(covariance)
    factor = directions[:, 1:] * np.sqrt(variances[1:] - variances[0])
    family = kind(rank=len(mean) - 1)
    return family, family.parameters(mean, np.full(len(mean), np.sqrt(variances[0])), factor)


# --- the distribution


@EVERY
@LEADING
def test_draws_are_the_noise_mapped_to_the_mean_and_the_covariance(family, leading):
    parameters, mean, covariance = example(family, *leading)
    n_noise = family.noise_shape(bnn.Model((4, 1), bnn.Gaussian(0.1)))[0]
    unit = np.broadcast_to(np.eye(n_noise), (*leading, n_noise, n_noise))
    centre = family.draw(parameters, 0 * unit[..., :1, :]).numpy()
    np.testing.assert_allclose(centre[..., 0, :], mean, rtol=1e-5, atol=1e-6)
    # What each number of the noise moves: a map A with A Aᵀ the covariance.
    columns = family.draw(parameters, unit).numpy() - centre
    np.testing.assert_allclose(np.swapaxes(columns, -1, -2) @ columns, covariance, rtol=1e-4, atol=1e-5)
    noise = np.random.default_rng(3).normal(size=(*leading, 7, n_noise))
    np.testing.assert_allclose(family.draw(parameters, noise), centre + noise @ columns, rtol=1e-9)
    assert family.is_independent == np.allclose(covariance, covariance * np.eye(5))


@EVERY
@LEADING
def test_moments_entropy_and_density_are_scipy_s(family, leading):
    parameters, mean, covariance = example(family, *leading)
    found = family.marginals(parameters)
    np.testing.assert_allclose(found[0], mean, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(found[1], np.diagonal(covariance, axis1=-2, axis2=-1), rtol=1e-5)
    values = np.random.default_rng(4).normal(size=mean.shape)
    distribution, entropy = family.distribution(parameters), family.entropy(parameters).numpy()
    log_prob = distribution.log_prob(values).numpy()
    np.testing.assert_allclose(distribution.variance(), found[1], rtol=1e-10)
    for place in np.ndindex(leading):
        truth = multivariate_normal(mean[place], covariance[place])
        assert entropy[place] == pytest.approx(truth.entropy(), rel=1e-5)
        assert log_prob[place] == pytest.approx(truth.logpdf(values[place]), rel=1e-4)


@EVERY
@LEADING
@pytest.mark.parametrize("noise_std", [0.3, bnn.LearnedNoise(0.2, 0.7)], ids=["known", "learned"])
def test_the_kl_is_tensorflow_probability_s_and_the_draws_mean(family, noise_std, leading):
    gauss = bnn.GaussianPrior
    model = bnn.Model((1, 3, 1), bnn.Gaussian(noise_std), prior=((gauss(1.3), gauss(0.5)), gauss(2.0)))
    parameters, mean, covariance = example(family, *leading, n_latents=model.n_latents)
    prior_mean, prior_std = np.zeros(model.n_latents), np.repeat([1.3, 0.5, 2.0], [3, 3, model.n_latents - 6])
    if noise_std != 0.3:
        prior_mean[-1], prior_std[-1] = np.log(0.2), 0.7
    prior = tfd.MultivariateNormalDiag(prior_mean, prior_std)
    kl = analytic_kl(model, family, parameters).numpy()
    dense = tfd.MultivariateNormalFullCovariance(mean, covariance)
    np.testing.assert_allclose(kl, tfd.kl_divergence(dense, prior), rtol=1e-5)
    noise = np.random.default_rng(5).normal(size=(*leading, 20_000, *family.noise_shape(model)))
    ratios = log_ratios(model, family, parameters, family.draw(parameters, noise)).numpy()
    errors = ratios.std(axis=-1) / np.sqrt(20_000)
    assert np.all(np.abs(ratios.mean(axis=-1) - kl) < 5 * errors)
    assert np.all(errors < 0.01 * kl)


@EVERY
def test_the_gradient_is_that_of_finite_differences(family):
    parameters, mean, _ = example(family)
    n_noise = family.noise_shape(bnn.Model((4, 1), bnn.Gaussian(0.1)))[0]
    noise = np.random.default_rng(6).normal(size=(3, n_noise))

    def value(vectors):
        draws = family.draw(vectors, np.broadcast_to(noise, (*vectors.shape[:-1], 3, n_noise)))
        means, variances = family.marginals(vectors)
        log_q = tf.reduce_sum(tf.sin(draws), axis=[-2, -1]) + family.distribution(vectors).log_prob(mean)
        return log_q + family.entropy(vectors) + tf.reduce_sum(means**3 + tf.sqrt(variances), axis=-1)

    assert_gradient_is_that_of_finite_differences(value, parameters)


# --- its parameters


@KINDS
@pytest.mark.parametrize("n_latents", [1, 2, 141])
@pytest.mark.parametrize("std", [1e-8, 0.02, 1.0, 1e4])
def test_any_sd_survives_its_parameterisation(kind, std, n_latents):
    family, stds = FAMILIES[kind], np.full(n_latents, std)
    made_of = {bnn.LowRank: (stds, np.zeros((n_latents, 2))), bnn.FullCovariance: (np.diag(stds**2),)}
    parameters = family.parameters(np.zeros(n_latents), *made_of.get(kind, (stds,)))
    n_parameters = {bnn.LowRank: 4 * n_latents, bnn.FullCovariance: n_latents * (n_latents + 3) // 2}
    assert parameters.shape == (n_parameters.get(kind, 2 * n_latents),)
    np.testing.assert_allclose(family.distribution(parameters).stddev(), std, rtol=1e-5)


@KINDS
def test_a_fit_starts_as_a_random_network_with_a_spread_of_no_correlation(kind):
    start = kind(initial_std=0.07).initial(NETWORK, seed=5, n_restarts=400)
    means, variances = kind().marginals(start) if kind is not bnn.LowRank else kind(10).marginals(start)
    np.testing.assert_allclose(np.sqrt(variances), 0.07, rtol=1e-5)
    np.testing.assert_allclose(means[:, -1], np.log(0.3), rtol=1e-6)
    # Independent latents have the most entropy of all with these sds.
    entropy = NETWORK.n_latents * np.log(0.07 * np.sqrt(2 * np.pi * np.e))
    np.testing.assert_allclose(kind(initial_std=0.07).entropy(start), entropy, rtol=1e-5)
    for layer, n_in in ((means[:, :45], 4), (means[:, 45:-1], 9)):
        layer, std = np.asarray(layer), n_in**-0.5
        assert abs(layer.mean()) < 5 * std / np.sqrt(layer.size)
        # The error bar of an sd is sd / sqrt(2n): here below 1 % of it.
        assert abs(layer.std() - std) < 5 * std / np.sqrt(2 * layer.size)
    assert len(np.unique(means[:, :-1])) > 0.99 * 400 * NETWORK.n_weights


@EVERY
def test_a_seed_is_a_start(family):
    first, same, other = (family.marginals(family.initial(NETWORK, seed=seed))[0] for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, same)
    assert np.all((first != other)[..., :-1])


@KINDS
@pytest.mark.parametrize("std", [0, -0.02, np.nan, np.inf, "small", True])
def test_a_wrong_initial_std_is_refused(kind, std):
    with pytest.raises(ValueError, match=f"initial_std must be a finite number above zero; got .?{std}"):
        kind(initial_std=std)


# --- in a fit


CORRELATED = pytest.mark.parametrize(
    "kind", [bnn.LowRank, bnn.FullCovariance], ids=lambda kind: kind.__name__
)


@CORRELATED
def test_at_the_exact_posterior_every_draw_s_density_ratio_is_the_log_evidence(kind):
    family, parameters = parameters_of(kind, TRUTH.mean, TRUTH.covariance)
    noise = np.random.default_rng(1).normal(size=(50, *family.noise_shape(LINEAR))).astype(np.float32)
    draws = family.draw(parameters, noise)
    log_q = family.distribution(parameters).log_prob(draws)
    joint = log_joint(LINEAR, draws, observe(LINEAR, DATA))
    np.testing.assert_allclose(joint - log_q, TRUTH.log_evidence, rtol=1e-5)
    # So its ELBO is the log evidence.
    estimate = bnn.objectives.estimate_elbo(LINEAR, family, parameters, DATA, seed=3, n_draws=4000)
    assert abs(estimate.elbo - TRUTH.log_evidence) < 5 * estimate.standard_error
    assert estimate.standard_error < 0.03


@CORRELATED
def test_a_fit_finds_the_correlations_that_mean_field_misses(kind):
    # One direction is all that two correlated inputs need.
    family = kind(1) if kind is bnn.LowRank else kind()
    run = bnn.fit(LINEAR, DATA, seed=0, n_steps=3000, posterior=family, objective=bnn.Elbo(n_draws=20))
    q = family.distribution(run.parameters)
    assert np.all(np.abs(q.mean() - TRUTH.mean) < 0.1 * STD)
    np.testing.assert_allclose(
        q.covariance() / np.outer(STD, STD), TRUTH.covariance / np.outer(STD, STD), atol=0.1
    )
    assert run.final_elbo == pytest.approx(TRUTH.log_evidence, abs=0.2)
    assert TRUTH.mean_field_elbo < TRUTH.log_evidence - 0.2


@EVERY
@pytest.mark.filterwarnings("ignore::bayesian_nn.FlatFitWarning")
def test_restarts_are_apart_and_a_run_is_what_was_saved(family, tmp_path):
    data = bnn.data.cosine_with_gap(seed=1, n_points=8)
    model = bnn.Model((1, 3, 1), bnn.Gaussian(0.1), scaling=data.scaling)
    run = bnn.fit(model, data, seed=3, n_steps=200, posterior=family, n_restarts=2)
    assert np.all(run.recorded_parameters[-1, 0] != run.recorded_parameters[-1, 1])
    bnn.save(run, tmp_path / "run.npz")
    again = bnn.load(tmp_path / "run.npz")
    assert again.settings == run.settings
    np.testing.assert_array_equal(again.recorded_parameters, run.recorded_parameters)
    np.testing.assert_array_equal(again.draw(5, seed=1), run.draw(5, seed=1))
    film = bnn.prediction.predict_film(run, np.linspace(0, 8, 5), seed=0, n_draws=10, frames=[0, -1])
    assert film.mean.shape == (2, 5)
