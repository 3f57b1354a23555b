"""The priors' KL: TensorFlow Probability's, a bound that holds, and the best of many."""

import numpy as np
import pytest
import tensorflow as tf

import bayesian_nn as bnn
from bayesian_nn.runtime.tensorflow import tfp

tfd = tfp.distributions
MEANS, STDS = (grid.ravel() for grid in np.meshgrid([-0.7, -0.02, 0.0, 0.001, 0.3], [1e-4, 0.003, 0.05, 0.4]))


def kl_to(scale):
    """KL of every Gaussian of the grid to N(0, scale²)."""
    return tfd.kl_divergence(
        tfd.Normal(MEANS, STDS), tfd.Normal(np.float64(0), np.asarray(scale, np.float64))
    ).numpy()


@pytest.mark.parametrize("std", [0.003, 0.1, 2.0])
def test_a_gaussian_prior_s_kl_is_tfp_s(std):
    np.testing.assert_allclose(bnn.GaussianPrior(std).kl(MEANS, STDS), kl_to(std), rtol=1e-9, atol=1e-12)


# --- scale mixture


@pytest.mark.parametrize(
    "prior", [bnn.priors.ScaleMixturePrior(), bnn.priors.ScaleMixturePrior((1, 0.1, 0.01), (0.2, 0.3, 0.5))]
)
def test_a_mixture_s_kl_is_a_bound_from_above_and_the_best_of_its_kind(prior):
    mixture = tfd.MixtureSameFamily(
        tfd.Categorical(probs=np.array(prior.weights)),
        tfd.Normal(np.float64(0), np.array(prior.stds)),
    )
    draws = MEANS + STDS * np.random.default_rng(0).normal(size=(20_000, len(MEANS)))
    ratios = (tfd.Normal(MEANS, STDS).log_prob(draws) - mixture.log_prob(draws)).numpy()
    truth, error = ratios.mean(axis=0), ratios.std(axis=0) / np.sqrt(len(ratios))
    bound = prior.kl(MEANS, STDS).numpy()
    assert np.all(bound > truth - 5 * error)
    # Given responsibilities r, the bound is Σ r (KL + log r / weight): none are better than the best.
    kls = np.stack([kl_to(scale) for scale in prior.stds])
    given = np.random.default_rng(1).dirichlet(np.ones(len(prior.stds)), size=200)[:, :, None]
    others = np.sum(given * (kls + np.log(given / np.array(prior.weights)[:, None])), axis=1)
    assert np.all(bound <= others.min(axis=0) + 1e-9)
    assert 20 * np.median(error) < 0.5


def test_a_mixture_of_one_gaussian_and_of_equal_ones_is_that_gaussian():
    for prior in (
        bnn.priors.ScaleMixturePrior((0.2,), (1,)),
        bnn.priors.ScaleMixturePrior((0.2,) * 3, (0.5, 0.3, 0.2)),
    ):
        np.testing.assert_allclose(prior.kl(MEANS, STDS), kl_to(0.2), rtol=1e-9, atol=1e-9)


def test_where_one_gaussian_is_responsible_the_mixture_s_kl_is_its_own():
    prior = bnn.priors.ScaleMixturePrior((1.0, 1e-4), (0.25, 0.75))
    wide = np.abs(MEANS) + STDS > 0.02
    np.testing.assert_allclose(
        prior.kl(MEANS, STDS).numpy()[wide], kl_to(1.0)[wide] - np.log(0.25), rtol=1e-9
    )
    narrow = prior.kl(np.zeros(1), np.full(1, 1e-4)).numpy()
    np.testing.assert_allclose(narrow, -np.log(0.75), rtol=1e-3)


# --- relevance


def test_the_relevance_prior_s_kl_is_the_least_over_the_prior_s_sd():
    kl = bnn.priors.RelevancePrior().kl(MEANS, STDS).numpy()
    least = kl_to(np.geomspace(1e-5, 10, 4000)[:, None]).min(axis=0)
    assert np.all(kl <= least + 1e-12)
    np.testing.assert_allclose(kl, least, atol=1e-5)
    np.testing.assert_array_equal(kl[MEANS == 0], 0)


# --- all of them


PRIORS = pytest.mark.parametrize(
    "prior",
    [bnn.GaussianPrior(0.3), bnn.priors.ScaleMixturePrior(), bnn.priors.RelevancePrior()],
    ids=lambda p: type(p).__name__,
)


@PRIORS
def test_single_precision_is_enough_and_has_a_gradient_everywhere(prior):
    mean, std = (tf.constant(part, tf.float32) for part in (MEANS, STDS))
    with tf.GradientTape() as tape:
        tape.watch([mean, std])
        kl = prior.kl(mean, std)
    np.testing.assert_allclose(kl, prior.kl(MEANS, STDS), rtol=1e-5, atol=1e-5)
    assert all(np.all(np.isfinite(part)) for part in tape.gradient(kl, [mean, std]))


@PRIORS
def test_the_classifier_s_kl_is_the_sum_over_its_weights(prior):
    model = bnn.Model((4, 2), bnn.Categorical(2), prior=prior, activation="relu")
    mean, std = (part.reshape(-1, model.n_latents) for part in (MEANS, STDS))
    kl, expected = model.kl(mean, std), prior.kl(mean, std).numpy().sum(axis=1)
    assert kl.shape == (2,)
    np.testing.assert_allclose(kl, expected, rtol=1e-9)


# --- failures


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: bnn.GaussianPrior(0), "std must be a finite number above zero; got 0"),
        (lambda: bnn.GaussianPrior("wide"), "std must be a finite number above zero; got 'wide'"),
        (
            lambda: bnn.priors.ScaleMixturePrior(0.3),
            r"stds must be a list of numbers, as in \(0.3, 0.003\); got 0.3",
        ),
        (lambda: bnn.priors.ScaleMixturePrior((), ()), "stds must be a list of numbers"),
        (
            lambda: bnn.priors.ScaleMixturePrior((0.3, -1)),
            r"stds\[1\] must be a finite number above zero; got -1",
        ),
        (
            lambda: bnn.priors.ScaleMixturePrior((0.3, 1), (0, 1)),
            r"weights\[0\] must be a finite number above zero",
        ),
        (lambda: bnn.priors.ScaleMixturePrior((0.3, 1, 2)), "There are 3 stds and 2 weights: one for each"),
        (lambda: bnn.priors.ScaleMixturePrior((0.3, 1), (0.5, 0.6)), r"weights must sum to 1; .* to 1.1"),
    ],
)
def test_a_wrong_prior_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
