"""The low-rank family: how many directions a posterior needs, and what is no rank."""

import numpy as np
import pytest
from truths.linear_regression import exact

import bayesian_nn as bnn

FAMILY = bnn.LowRank(rank=2)


def entangled():
    """Six inputs that all share one part, and pairs of which share another."""
    random = np.random.default_rng(3)
    common, pairs = random.normal(size=(60, 1)), np.repeat(random.normal(size=(60, 3)), 2, axis=1)
    x = 0.6 * common + 0.8 * pairs + 0.3 * random.normal(size=(60, 6))
    data = bnn.dataset(x, x @ random.normal(size=6) + 0.5 * random.normal(size=60))
    return bnn.Model((6, 1), bnn.Gaussian(0.5), prior=bnn.GaussianPrior(1.5), scaling=data.scaling), data


def test_the_last_numbers_of_the_noise_are_the_directions_that_all_latents_share():
    random = np.random.default_rng(2)
    mean, std, factor = random.normal(size=5), random.uniform(0.5, 2, 5), random.normal(size=(5, 2))
    noise = random.normal(size=(7, 7)).astype(np.float32)
    draws = FAMILY.draw(FAMILY.parameters(mean, std, factor), noise)
    expected = mean + std * noise[:, :5] + noise[:, 5:] @ factor.T
    np.testing.assert_allclose(draws, expected, rtol=1e-4, atol=1e-5)


def test_a_fit_of_rank_enough_finds_the_exact_posterior_and_one_of_less_does_not():
    model, data = entangled()
    truth = exact(model, data)
    std = np.sqrt(np.diag(truth.covariance))
    landing = bnn.Elbo(n_draws=20, analytic_kl=False, stick_the_landing=True)
    elbos, differences = {}, {}
    for rank in (1, 6):
        family = bnn.LowRank(rank)
        run = bnn.fit(model, data, seed=0, n_steps=3000, posterior=family, objective=landing)
        q = family.distribution(run.parameters)
        assert np.all(np.abs(q.mean() - truth.mean) < 0.1 * std)
        differences[rank] = np.abs(q.covariance() - truth.covariance).max() / std.max() ** 2
        estimate = bnn.objectives.estimate_elbo(
            model, family, run.parameters, data, seed=7, n_draws=2000, analytic_kl=False
        )
        elbos[rank] = estimate.elbo
        # Landed, its draws hardly vary: what is left is the rounding of single precision.
        assert estimate.elbo < truth.log_evidence + 5 * estimate.standard_error + 1e-4
    assert differences[6] < 0.03
    assert elbos[6] == pytest.approx(truth.log_evidence, abs=0.02)
    # One direction leaves the pairs apart; mean-field, with none, is further off still.
    assert differences[1] > 0.1
    assert truth.mean_field_elbo + 0.2 < elbos[1] < truth.log_evidence - 0.2


@pytest.mark.parametrize("rank", [0, 2.5])
def test_a_wrong_rank_is_refused(rank):
    with pytest.raises(ValueError, match=f"rank must be a whole number, 1 or more; got {rank}"):
        bnn.LowRank(rank=rank)


def test_a_factor_of_another_rank_is_refused():
    with pytest.raises(ValueError, match=r"factor must be \[3, 2\], a row of rank 2 .* got \[3, 5\]"):
        FAMILY.parameters(np.zeros(3), np.ones(3), np.zeros((3, 5)))
