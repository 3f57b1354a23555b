"""A mixture of restarts, against SciPy's Gaussians and the evidence in closed form."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm
from truths import made_by_hand
from truths.linear_regression import exact, problem

import bayesian_nn as bnn
from bayesian_nn.posteriors.full_covariance import FullCovariance
from bayesian_nn.variational.mixture import elbo_weights, estimate_mixture_elbo, mixture_of

MODEL = bnn.Model((1, 2, 1), bnn.Gaussian(0.1))
WEIGHTS = [0.5, 0.25, 0.25]


def a_run(model=MODEL, n_restarts=3, apart=10.0, std=0.5, **changes):
    """Restarts whose means lie `apart` from each other in every latent."""
    mean = np.broadcast_to(apart * np.arange(n_restarts)[:, None], (1, n_restarts, model.n_latents))
    run = made_by_hand.run(model, mean=mean, std=np.full(mean.shape, std))
    return replace(run, **changes)


# --- draws


def test_each_component_has_its_share_of_the_draws_in_random_order():
    draws = mixture_of(a_run(), weights=[2, 1, 1]).draw(1002, seed=1)
    assert draws.shape == (1002, 7)
    nearest = np.rint(draws[:, 0] / 10)
    counts = np.array([np.sum(nearest == component) for component in range(3)])
    # 1,002 times the weight, rounded up or down.
    assert np.all(np.abs(counts - 1002 * np.array(WEIGHTS)) < 1)
    # In random order: the halves have the same shares, within some standard errors.
    assert abs(np.mean(nearest[:501] == 0) - 0.5) < 5 * 0.5 / np.sqrt(501)
    assert np.sum(nearest[1:] != nearest[:-1]) > 300


def test_the_draws_of_a_component_are_its_own_gaussian_s():
    draws = mixture_of(a_run(), weights=[0, 1, 0]).draw(4000, seed=2)
    np.testing.assert_allclose(draws.mean(axis=0), 10, atol=5 * 0.5 / np.sqrt(4000))
    np.testing.assert_allclose(draws.std(axis=0), 0.5, rtol=5 / np.sqrt(8000))


def test_fewer_draws_than_components_take_each_as_often_as_its_weight_says():
    mixture = mixture_of(a_run(), weights=WEIGHTS)
    first = [np.rint(mixture.draw(1, seed=seed)[0, 0] / 10) for seed in range(400)]
    shares = np.array([np.mean(np.equal(first, component)) for component in range(3)])
    assert np.all(np.abs(shares - WEIGHTS) < 5 * 0.5 / np.sqrt(400))


def test_a_seed_is_a_set_of_draws():
    mixture = mixture_of(a_run())
    np.testing.assert_array_equal(mixture.draw(5, seed=1), mixture.draw(5, seed=1))
    assert np.all(mixture.draw(5, seed=1) != mixture.draw(5, seed=2))


# --- density


def test_the_density_is_scipy_s():
    mixture = mixture_of(a_run(apart=0.7), weights=WEIGHTS)
    latents = mixture.draw(20, seed=0)
    of_each = [norm.logpdf(latents, 0.7 * component, 0.5).sum(axis=1) for component in range(3)]
    expected = logsumexp(of_each, axis=0, b=np.array(WEIGHTS)[:, None])
    np.testing.assert_allclose(mixture.log_prob(latents), expected, rtol=1e-5)


def test_a_mixture_of_one_has_that_one_s_elbo_and_of_copies_too():
    model, data = problem()
    one = a_run(model, apart=0.0, std=0.1)
    alone = bnn.objectives.estimate_elbo(model, one.posterior, one.final_parameters[0], data, seed=3)
    for weights in (None, [1, 0, 0], WEIGHTS):
        estimate = estimate_mixture_elbo(mixture_of(one, weights=weights), data, seed=4)
        error = np.hypot(alone.standard_error, estimate.standard_error)
        assert abs(estimate.elbo - alone.elbo) < 5 * error
        assert abs(estimate.elbo - alone.elbo) < 0.01 * abs(alone.elbo)


def test_components_far_apart_gain_the_entropy_of_their_weights():
    model, data = problem()
    run = a_run(model, apart=10.0, std=0.01)
    estimates = bnn.objectives.estimate_elbo(model, run.posterior, run.final_parameters, data, seed=3)
    run = replace(run, final_elbos=estimates.elbo)
    # Far apart as they are, equal weights and those of the bounds have the mixture's ELBO in closed form.
    equal = estimate_mixture_elbo(mixture_of(run), data, seed=4, n_draws=3000)
    # The stratified draws give each component its share exactly.
    assert equal.elbo == pytest.approx(estimates.elbo.mean() + np.log(3), rel=1e-3)
    close = replace(run, final_elbos=np.log([0.2, 0.3, 0.5]) - 100)
    np.testing.assert_allclose(elbo_weights(close), [0.2, 0.3, 0.5])


def test_mixing_restarts_of_one_exact_posterior_is_that_posterior():
    model, data = problem()
    truth = exact(model, data)
    objective = bnn.Elbo(n_draws=20, analytic_kl=False, stick_the_landing=True)
    run = bnn.fit(
        model, data, seed=0, n_steps=1500, posterior=FullCovariance(), objective=objective, n_restarts=3
    )
    estimate = estimate_mixture_elbo(mixture_of(run), data, seed=1)
    assert estimate.elbo == pytest.approx(truth.log_evidence, abs=0.02)
    assert truth.mean_field_elbo < truth.log_evidence - 0.2
    np.testing.assert_allclose(elbo_weights(run), 1 / 3, atol=0.02)


def test_a_mixture_of_two_peaks_has_a_higher_bound_than_either():
    # sin(w x) b is the same function for (w, b) and (-w, -b): two peaks, and all else is equal.
    x = np.linspace(-1, 1, 20)
    data = bnn.Dataset(x[:, None], np.sin(2 * x), bnn.data.Scaling((0.0,), (1.0,)))
    model = bnn.Model((1, 1, 1), bnn.Gaussian(0.1), activation="sin")
    run = bnn.fit(model, data, seed=0, n_steps=500)
    one = run.final_parameters[0]
    mirrored = one.copy()
    mirrored[[0, 1, 2]] *= -1
    both = replace(run, final_parameters=np.stack([one, mirrored]), final_elbos=np.repeat(run.final_elbos, 2))
    estimate = estimate_mixture_elbo(mixture_of(both), data, seed=1, n_draws=4000)
    gain = estimate.elbo - run.final_elbo
    error = np.hypot(estimate.standard_error, 0.1)
    assert abs(gain - np.log(2)) < 5 * error
    assert error < 0.12


# --- restarts that diverged, and wrong arguments


def test_a_restart_that_diverged_has_no_part():
    run = a_run(final_elbos=np.array([-np.inf, -100, -101]))
    np.testing.assert_array_equal(mixture_of(run).weights, [0, 0.5, 0.5])
    assert elbo_weights(run)[0] == 0
    assert np.all(mixture_of(run).draw(100, seed=0) > 5)
    with pytest.raises(ValueError, match=r"restart 0 has an ELBO that is not finite; give it the weight 0"):
        mixture_of(run, weights=[1, 1, 1])


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1, 1], r"weights must be 3 numbers, one for each restart, none below zero; got \[1\. 1\.\]"),
        ([1, 1, -1], "none below zero; got"),
        ([0, 0, 0], "no restart has a weight above zero"),
        ([1, np.nan, 1], "weights has 1 values that are not finite"),
    ],
)
def test_wrong_weights_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        mixture_of(a_run(), weights=weights)


def test_what_is_no_run_is_refused():
    with pytest.raises(ValueError, match=r"run must be a Run; got Mixture\(.* n_restarts=8"):
        mixture_of(mixture_of(a_run()))


def test_a_wrong_number_of_draws_is_refused():
    with pytest.raises(ValueError, match="n_draws must be a whole number, 1 or more; got 0"):
        mixture_of(a_run()).draw(0, seed=0)
