"""Local reparameterisation and Flipout: what drawing all the weights gives, with less noise."""

import numpy as np
import pytest
import tensorflow as tf
from truths.finite_differences import assert_gradient_is_that_of_finite_differences
from truths.linear_regression import exact, problem
from truths.made_by_hand import parameters_of

import bayesian_nn as bnn
from bayesian_nn.model.log_joint import log_likelihood
from bayesian_nn.model.network import outputs
from bayesian_nn.model.observations import in_units, observe
from bayesian_nn.objectives.elbo import analytic_kl, objective_noise_shape
from bayesian_nn.objectives.per_example_noise import (
    Flipout,
    LocalReparameterisation,
    flipout_outputs,
    locally_reparameterised_outputs,
)

FAMILY = bnn.MeanField()
OBJECTIVES = {
    LocalReparameterisation: locally_reparameterised_outputs,
    Flipout: flipout_outputs,
}
BOTH = pytest.mark.parametrize("kind", OBJECTIVES, ids=lambda kind: kind.__name__)


def small_network(*leading, noise_std=0.3, std=0.4, n_points=6, sizes=(2, 4, 3, 1)):
    random = np.random.default_rng(0)
    x = random.normal(size=(n_points, sizes[0]))
    data = bnn.dataset(x, x.sum(axis=1) + random.normal(size=n_points))
    model = bnn.Model(sizes, bnn.Gaussian(noise_std), prior=bnn.GaussianPrior(1.3), scaling=data.scaling)
    mean = random.normal(size=(*leading, model.n_latents))
    return model, data, mean, std * random.uniform(0.5, 1.5, mean.shape)


def noise_for(kind, model, n_draws, n_points, *leading, seed=1):
    shape = objective_noise_shape(kind(n_draws), model, FAMILY, n_points)
    return np.random.default_rng(seed).normal(size=(*leading, *shape))


# --- the outputs


@BOTH
@pytest.mark.parametrize("sizes", [(2, 1), (1, 3, 1), (2, 4, 3, 1)], ids=str)
def test_every_output_is_distributed_as_with_weights_drawn(kind, sizes):
    model, data, mean, std = small_network(sizes=sizes)
    inputs, n_draws = model.inputs(data.x), 20_000
    found = OBJECTIVES[kind](model, mean, std, noise_for(kind, model, n_draws, 6), inputs).numpy()[:, 0]
    weights = mean + std * np.random.default_rng(5).normal(size=(n_draws, model.n_latents))
    drawn = outputs(model, weights, inputs).numpy()[:, 0]
    assert found.shape == drawn.shape == (n_draws, 6)
    # Mean, second and fourth moment of every point, in the drawn ones' sd.
    standardised = [(each - drawn.mean(axis=0)) / drawn.std(axis=0) for each in (found, drawn)]
    for power in (1, 2, 4):
        ours, theirs = (each**power for each in standardised)
        error = np.sqrt((ours.var(axis=0) + theirs.var(axis=0)) / n_draws)
        assert np.all(np.abs(ours.mean(axis=0) - theirs.mean(axis=0)) < 5 * error)
        assert np.all(error < (0.05 if power < 4 else 1))


@BOTH
def test_points_have_noise_of_their_own_where_drawn_weights_share_it(kind):
    model, *_ = small_network(sizes=(2, 1))
    mean, std, inputs = np.zeros(3), np.ones(3), np.ones((2, 2))
    noise = noise_for(kind, model, 20_000, 2)
    found = OBJECTIVES[kind](model, mean, std, noise, inputs).numpy()[:, 0]
    # Of one input twice, drawn weights make the same output: a correlation of 1.
    assert abs(np.corrcoef(found.T)[0, 1]) < 5 / np.sqrt(20_000)
    # With a sign of the layer's output alone, the deviations would have the same size.
    sizes = (found - found.mean(axis=0)) ** 2
    assert np.corrcoef(sizes.T)[0, 1] < 0.9


@BOTH
def test_without_spread_it_is_the_network(kind):
    model, data, mean, std = small_network(3)
    inputs = model.inputs(data.x)
    found = OBJECTIVES[kind](model, mean, 0 * std + 1e-12, noise_for(kind, model, 5, 6, 3), inputs)
    expected = np.broadcast_to(outputs(model, mean, inputs)[:, None], (3, 5, 1, 6))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


# --- the objectives


@BOTH
@pytest.mark.parametrize("noise_std", [0.3, bnn.LearnedNoise(0.2, 0.7)], ids=["known", "learned"])
def test_without_spread_it_is_the_model_s_likelihood_and_many_posteriors_stay_apart(kind, noise_std):
    model, data, mean, std = small_network(2, 3, noise_std=noise_std)
    observations = observe(model, data, tf.float64)
    parameters, noise = parameters_of(mean, 0 * std + 1e-9), noise_for(kind, model, 4, 6, 2, 3)
    parts = kind(4)(model, FAMILY, parameters, noise, observations, n_points=60)
    np.testing.assert_allclose(
        parts.log_likelihood, 10 * log_likelihood(model, mean, observations), rtol=1e-6
    )
    np.testing.assert_array_equal(parts.kl, analytic_kl(model, FAMILY, parameters))
    parameters = parameters_of(mean, std)
    together = kind(4)(model, FAMILY, parameters, noise, observations).elbo
    for place in np.ndindex(2, 3):
        alone = kind(4)(model, FAMILY, parameters[place], noise[place], observations).elbo
        np.testing.assert_allclose(together[place], alone, rtol=1e-10)


@BOTH
def test_the_expected_log_likelihood_is_the_gaussian_integral(kind):
    model, data = problem()
    truth = exact(model, data)
    mean, std = truth.mean + 0.1, np.array([0.2, 0.3, 0.1])
    noise_std = model.likelihood.noise_std / model.scaling.y_scale
    squares = np.sum((model.targets(data.y)[:, 0] - truth.design @ mean) ** 2)
    spread = np.sum(truth.design**2 @ std**2)
    constant = -0.5 * data.n_points * np.log(2 * np.pi * model.likelihood.noise_std**2)
    closed_form = constant - 0.5 * (squares + spread) / noise_std**2
    noise = noise_for(kind, model, 1, data.n_points, 4000)
    parameters = np.broadcast_to(parameters_of(mean, std), (4000, 6))
    arguments = (noise, observe(model, data, tf.float64))
    each = kind()(model, FAMILY, tf.constant(parameters), *arguments).log_likelihood.numpy()
    error = each.std() / np.sqrt(4000)
    assert abs(each.mean() - closed_form) < 5 * error
    assert 20 * error < 0.5 * spread / noise_std**2


@BOTH
@pytest.mark.parametrize("noise_std", [0.3, bnn.LearnedNoise(0.2, 0.7)], ids=["known", "learned"])
def test_the_gradient_is_that_of_finite_differences(kind, noise_std):
    model, data, mean, std = small_network(noise_std=noise_std)
    observations = observe(model, data, tf.float64)
    point, noise = parameters_of(mean, std), noise_for(kind, model, 3, 6)

    def elbo(parameters):
        shape = (*parameters.shape[:-1], *noise.shape)
        each = np.broadcast_to(noise, shape)
        return kind(3)(model, FAMILY, parameters, each, observations, n_points=50).objective

    assert_gradient_is_that_of_finite_differences(elbo, point)


@BOTH
def test_a_tempered_one_reports_the_elbo_s_parts(kind):
    model, data, mean, std = small_network()
    arguments = (noise_for(kind, model, 2, 6), observe(model, data, tf.float64))
    plain, cold = (
        kind(2, kl_weight)(model, FAMILY, parameters_of(mean, std), *arguments) for kl_weight in (1, 0.1)
    )
    np.testing.assert_array_equal(cold.elbo, plain.elbo)
    np.testing.assert_allclose(cold.objective, plain.log_likelihood - 0.1 * plain.kl, rtol=1e-12)


# --- classes, and other priors


def classes(prior=None):
    """A network with three classes, observations, and means and sds of its latents."""
    random = np.random.default_rng(0)
    prior = prior or bnn.GaussianPrior(0.3)
    model = bnn.Model((6, 5, 4, 3), bnn.Categorical(3), prior=prior)
    observations = in_units(model, random.uniform(size=(7, 6)), model.targets(np.arange(7) % 3), tf.float64)
    mean = random.normal(size=model.n_latents)
    return model, observations, mean, 0.4 * random.uniform(0.5, 1.5, mean.shape)


@BOTH
def test_the_expected_log_likelihood_of_classes_is_that_of_weights_drawn(kind):
    model, observations, mean, std = classes()
    drawn = mean + std * np.random.default_rng(5).normal(size=(20_000, model.n_latents))
    theirs = log_likelihood(model, drawn, observations).numpy()
    noise = noise_for(kind, model, 1, 7, 20_000)
    parameters = tf.repeat(parameters_of(mean, std)[None], 20_000, axis=0)
    ours = kind()(model, FAMILY, parameters, noise, observations).log_likelihood.numpy()
    error = np.sqrt((ours.var() + theirs.var()) / 20_000)
    assert abs(ours.mean() - theirs.mean()) < 5 * error
    # The weights' spread matters more than that.
    assert 20 * error < abs(theirs.mean() - log_likelihood(model, mean, observations).numpy())


@BOTH
@pytest.mark.parametrize(
    "prior",
    [bnn.priors.ScaleMixturePrior(), bnn.priors.RelevancePrior(), bnn.priors.HalfNormalScale()],
    ids=lambda prior: type(prior).__name__,
)
def test_the_gradient_of_classes_is_that_of_finite_differences_under_every_prior(kind, prior):
    model, observations, mean, std = classes(prior)
    point, noise = parameters_of(mean, std), noise_for(kind, model, 2, 7)

    def elbo(parameters):
        each = np.broadcast_to(noise, (*parameters.shape[:-1], *noise.shape))
        return kind(2, 0.7)(model, FAMILY, parameters, each, observations, n_points=50).objective

    assert_gradient_is_that_of_finite_differences(elbo, point)


# --- in a fit


@BOTH
def test_a_fit_with_minibatches_finds_the_mean_field_optimum(kind):
    model, data = problem()
    truth = exact(model, data)
    run = bnn.fit(model, data, seed=0, n_steps=3000, batch_size=10, objective=kind(2))
    mean, std = np.split(run.parameters, 2)
    assert np.all(np.abs(mean - truth.mean) < 0.3 * truth.mean_field_std)
    np.testing.assert_allclose(np.logaddexp(0, std), truth.mean_field_std, rtol=0.1)


@BOTH
@pytest.mark.filterwarnings("ignore::bayesian_nn.FlatFitWarning")
def test_a_resumed_run_is_the_unbroken_one(kind, tmp_path):
    data = bnn.data.cosine_with_gap(seed=1, n_points=8)
    model = bnn.Model((1, 3, 1), bnn.Gaussian(bnn.LearnedNoise(0.2)), scaling=data.scaling)
    settings = {"seed": 0, "batch_size": 3, "n_restarts": 2, "objective": kind(2, 0.5)}
    settings |= {"optimizer": bnn.Adam(0.05), "record_at": [0]}
    whole = bnn.fit(model, data, n_steps=300, **settings)
    part = bnn.fit(model, data, n_steps=130, **settings)
    bnn.save(part, tmp_path / "part.npz")
    part = bnn.load(tmp_path / "part.npz")
    assert part.settings == whole.settings._replace(n_steps=130)
    resumed = bnn.fit(model, data, n_steps=300, resume=part, **settings)
    for name in ("log_likelihoods", "kls", "recorded_parameters"):
        np.testing.assert_array_equal(getattr(resumed, name), getattr(whole, name))


# --- failures


class OtherFamily:
    noise_shape = initial = parameters = distribution = draw = None


@BOTH
def test_other_families_are_refused(kind):
    model, data = problem()
    arguments = (noise_for(kind, model, 1, 30), observe(model, data))
    message = f"posterior must be a MeanField; got .* {kind.__name__} needs independent Gaussians"
    with pytest.raises(ValueError, match=message):
        kind()(model, OtherFamily(), np.zeros(6), *arguments)


@BOTH
@pytest.mark.parametrize(("name", "value"), [("n_draws", 0), ("n_draws", 1.5), ("kl_weight", -1)])
def test_a_wrong_option_is_refused(kind, name, value):
    with pytest.raises(ValueError, match=f"{name} must be"):
        kind(**{name: value})
