"""What a fit finds: optima in closed form, the post's network, classes, and what it says of a flat one."""

import re
import warnings

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_expit, roots_hermitenorm
from truths.linear_regression import exact, problem

import bayesian_nn as bnn
from bayesian_nn.data.images import split
from bayesian_nn.scores.errors import constant_log_likelihood

POST = bnn.data.cosine_with_gap(seed=42)
POST_MODEL = bnn.Model((1, 10, 10, 1), bnn.Gaussian(0.1), scaling=POST.scaling)


# --- Bayesian linear regression


@pytest.mark.parametrize("kl_warmup", [0.0, 0.5])
def test_a_fit_finds_the_mean_field_optimum(kl_warmup):
    model, data = problem()
    truth = exact(model, data)
    objective = bnn.Elbo(n_draws=20)
    run = bnn.fit(model, data, seed=0, n_steps=3000, objective=objective, kl_warmup=kl_warmup)
    mean, std = run.moments()
    assert np.all(np.abs(mean - truth.mean) < 0.1 * truth.mean_field_std)
    np.testing.assert_allclose(std, truth.mean_field_std, rtol=0.05)
    # The inputs are correlated, so that the exact marginal sds are others.
    assert np.all(np.sqrt(np.diag(truth.covariance))[:2] > 1.2 * truth.mean_field_std[:2])
    assert run.final_elbo == pytest.approx(truth.mean_field_elbo, abs=0.2)
    assert truth.mean_field_elbo < truth.log_evidence - 0.2
    assert run.explained == pytest.approx(np.corrcoef(truth.design @ truth.mean, data.y)[0, 1] ** 2, abs=0.02)


def test_learned_noise_is_found():
    random = np.random.default_rng(1)
    x = random.uniform(-5, 15, 200)
    data = bnn.dataset(x, 3 + 2 * x + random.normal(0, 1.7, 200))
    likelihood = bnn.Gaussian(bnn.LearnedNoise(median=10.0))
    model = bnn.Model((1, 1), likelihood, bnn.GaussianPrior(10.0), scaling=data.scaling)
    run = bnn.fit(model, data, seed=0, objective=bnn.Elbo(n_draws=20))
    mean, std = run.moments()
    residuals = data.y - np.polyval(np.polyfit(x, data.y, 1), x)
    # The posterior of log sd has sd 1 / sqrt(2n) = 0.05, around the residuals' own.
    assert abs(mean[-1] - np.log(residuals.std())) < 0.02
    np.testing.assert_allclose(std[-1], 0.05, rtol=0.1)


# --- classes


def two_classes():
    """Images of three pixels, the last always black, of two classes."""
    images = np.random.default_rng(3).uniform(size=(30, 1, 3)) * [1, 1, 0]
    logits = 6 * images[:, 0, 0] - 6 * images[:, 0, 1]
    labels = np.random.default_rng(4).uniform(size=30) < 1 / (1 + np.exp(-logits))
    return bnn.LabelledImages(images, labels, ("a", "b"))


def exact_elbo(data, prior_std, mean, std):
    """The ELBO of softmax regression with two classes, in float64: the logits' difference is Gaussian, so
    that its expected log-likelihood is one integral, by quadrature."""
    design = np.concatenate([data.images.reshape(30, 3), np.ones((30, 1))], axis=1)
    mean, std = mean.reshape(4, 2), std.reshape(4, 2)
    centre = design @ (mean[:, 1] - mean[:, 0])
    spread = np.sqrt(design**2 @ (std**2).sum(axis=1))
    nodes, weights = roots_hermitenorm(40)
    signs = 2 * data.labels - 1
    values = log_expit(signs[:, None] * (centre[:, None] + spread[:, None] * nodes))
    kl = np.sum(np.log(prior_std / std) + (mean**2 + std**2) / (2 * prior_std**2) - 0.5)
    return np.sum(values @ weights) / np.sqrt(2 * np.pi) - kl


# Thirty images say little of what they show.
@pytest.mark.filterwarnings("ignore::bayesian_nn.FlatFitWarning")
@pytest.mark.parametrize(
    ("objective", "kl_warmup"),
    [(bnn.LocalReparameterisation(5), 0.5), (bnn.objectives.Flipout(5), 0.0)],
    ids=repr,
)
def test_a_fit_finds_the_mean_field_optimum_of_softmax_regression(objective, kl_warmup):
    data, prior_std = two_classes(), 1.0

    def loss(parameters):
        return -exact_elbo(data, prior_std, parameters[:8], np.exp(parameters[8:]))

    optimum = minimize(loss, np.zeros(16), method="L-BFGS-B")
    run = bnn.fit(
        bnn.Model((3, 2), bnn.Categorical(2), bnn.GaussianPrior(prior_std)),
        data,
        seed=0,
        n_epochs=300,
        batch_size=15,
        objective=objective,
        kl_warmup=kl_warmup,
        optimizer=bnn.Adam(bnn.WarmupCosine(0.1, 0.05)),
    )
    mean, std = run.moments()
    best_mean, best_std = optimum.x[:8], np.exp(optimum.x[8:])
    assert abs(-optimum.fun - exact_elbo(data, prior_std, mean, std)) < 0.05
    assert np.all(np.abs(mean - best_mean) < 0.2 * best_std)
    np.testing.assert_allclose(std, best_std, rtol=0.1)
    # Of a pixel that is always black nothing is learned: its weights keep the prior.
    np.testing.assert_allclose(best_std[4:6], prior_std, rtol=1e-3)
    # What a run says of its ELBO is of the same size: the mean over the last epochs.
    assert run.elbo[-100:].mean() == pytest.approx(-optimum.fun, abs=0.5)


def test_a_network_learns_the_digits_with_what_images_have_by_default():
    training, test = split(bnn.data.load_digits(), 360)
    model = bnn.Model((64, 30, 10), bnn.Categorical(10), bnn.priors.RelevancePrior(), activation="relu")
    run = bnn.fit(model, training, seed=0, n_epochs=20, batch_size=64)
    assert (run.settings.kl_warmup, run.settings.n_steps) == (0.5, 20 * (1437 // 64))
    assert run.settings.objective == bnn.LocalReparameterisation()
    predicted = bnn.predict(run, test.images, n_draws=20, seed=1)
    assert bnn.scores.error_rate(predicted.mean, test.labels) < 0.2
    assert run.explained > 0.7
    # Of the corners' pixels, which are always black, nothing is learned: their weights cost nothing.
    (mean, std), _ = run.moments(layer=0)
    assert np.all(np.abs(mean[0]) < 0.1 * std[0])


# --- the post's network


def test_the_post_s_network_learns_from_every_seed():
    elsewhere = bnn.data.cosine_with_gap(seed=7, n_points=1000)
    elbos = []
    for seed in range(10):
        run = bnn.fit(POST_MODEL, POST, seed=seed)
        at_data = bnn.predict(run, POST.x, n_draws=500, seed=1)
        assert bnn.scores.rmse(at_data.mean, POST.truth(POST.x)) <= 0.07
        far = bnn.predict(run, elsewhere.x, n_draws=500, seed=1)
        assert far.log_density(elsewhere.y).mean() >= 0.70
        elbos.append(run.final_elbo)
    assert np.median(elbos) >= -120
    assert min(elbos) >= -150


def test_edward_s_start_ends_as_a_flat_line_and_says_so():
    flat, constant = 0, constant_log_likelihood(POST.y, 0.1)
    remedy = rf"ELBO is -\d+ nats, .* log-likelihood is {constant:.0f}\. .*initial_std=0\.02"
    for seed in range(4):
        mean, rho = np.random.default_rng(seed).normal(size=(2, 1, 141))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            run = bnn.fit(
                POST_MODEL,
                POST,
                seed=seed,
                start=bnn.MeanField().parameters(mean, np.logaddexp(0, rho)),
                objective=bnn.Elbo(n_draws=1),
                optimizer=bnn.Adam(bnn.StepDecay(0.1, factor=0.9, every=100), beta2=0.999),
            )
        assert bool(caught) == (run.explained < 0.25)
        if caught:
            flat += 1
            assert caught[0].category is bnn.FlatFitWarning
            assert caught[0].filename == __file__
            assert re.search(f"After 1000 steps this fit explains .*%.*{remedy}", str(caught[0].message))
            assert run.final_elbo < constant
    # One such start in thirty does learn.
    assert flat >= 3


# --- flat fits


def test_a_flat_fit_from_a_small_start_is_not_told_to_start_smaller():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, 30)
    data = bnn.dataset(x, x + rng.normal(size=30))
    # So few and so noisy points cannot pay for 141 weights.
    model = bnn.Model((1, 10, 10, 1), bnn.Gaussian(bnn.LearnedNoise(1.0)), scaling=data.scaling)
    with pytest.warns(bnn.FlatFitWarning, match=r"Try n_restarts=8, more steps, a smaller network"):
        bnn.fit(model, data, seed=0)


@pytest.mark.parametrize(
    ("likelihood", "y"),
    [
        (bnn.Gaussian(1.0), lambda random: random.normal(5000, 1, 20)),
        (bnn.likelihoods.Poisson(), lambda random: random.poisson(3, 20)),
        (bnn.likelihoods.Bernoulli(), lambda random: np.arange(20) % 2),
    ],
    ids=["real", "counts", "classes"],
)
def test_a_forgotten_scaling_is_named_of_every_likelihood(likelihood, y):
    random = np.random.default_rng(0)
    data = bnn.dataset(random.normal(2000, 300, 20), y(random))
    # Before it begins, and of what became of it.
    with (
        pytest.warns(bnn.model.UnscaledDataWarning),
        pytest.warns(bnn.FlatFitWarning, match=r"give the model scaling=data\.scaling"),
    ):
        bnn.fit(bnn.Model((1, 5, 1), likelihood), data, seed=0, n_steps=5)


def test_of_a_constant_nothing_is_to_be_explained_and_the_run_is_kept():
    data = bnn.Dataset(POST.x, np.ones(40), POST.scaling)
    for likelihood in (bnn.Gaussian(0.1), bnn.Gaussian(bnn.LearnedNoise(0.1))):
        run = bnn.fit(bnn.Model((1, 3, 1), likelihood, scaling=POST.scaling), data, seed=0, n_steps=2)
        assert (run.n_steps_done, run.explained) == (2, 0)
