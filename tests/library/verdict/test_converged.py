"""What results know of their own end, read from results made by hand."""

from dataclasses import replace

import numpy as np
import pytest
from truths.hand_made_results import regression
from truths.made_by_hand import run as made_run

import bayesian_nn as bnn
from bayesian_nn.modes.map_estimate import MapEstimate
from bayesian_nn.sampling.hmc import Chains
from bayesian_nn.sampling.langevin import LangevinChains
from bayesian_nn.training.run import data_digest


@pytest.fixture(scope="module")
def right():
    return regression(0)


def about(topic, result, data, **settings):
    """The finding of a topic; None if there is none."""
    found = [finding for finding in bnn.check(result, data, **settings).findings if finding.topic == topic]
    assert len(found) <= 1
    return found[0] if found else None


def run(right, elbo, **changes):
    """A run with the right posterior, whose ELBO took these values `[n_steps]`."""
    result, training, _ = right
    mean, std = result.latents.mean(axis=0), result.latents.std(axis=0)
    made = made_run(result.model, mean=mean[None, None], std=std[None, None])
    elbo = np.asarray(elbo)[:, None]
    made = replace(made, log_likelihoods=elbo, kls=np.zeros_like(elbo), digest=data_digest(training))
    return replace(made, n_points=training.n_points, **changes)


def test_an_elbo_that_still_rises_is_found(right):
    noise = np.random.default_rng(0).normal(0, 3, 2000)
    rising = about("converged", run(right, np.linspace(-900, -100, 2000) + noise), right[2])
    assert rising.value == pytest.approx(80, abs=2)
    assert "still rose by" in rising.sentence
    assert "resume" in rising.remedy
    level = about("converged", run(right, -100 - 800 * np.exp(-np.arange(2000) / 100) + noise), right[2])
    assert level.holds


HELD_OUT = [
    ([-3, -2, -1.5, -1.2, -1], "finished", False, 500),
    ([-3, -1, -0.9, -1, -2], "finished", True, 300),
    ([-3, -2, -1.5, -1.2, -1], "held-out", True, 500),
]


@pytest.mark.parametrize(("values", "outcome", "holds", "step"), HELD_OUT)
def test_a_held_out_curve_that_still_rises_is_found(right, values, outcome, holds, step):
    looks = {"held_out": np.array(values, float)[:, None], "held_out_steps": 100 * np.arange(1, 6)}
    found = about("converged", run(right, np.zeros(500), outcome=outcome, **looks), right[2])
    assert found.holds == holds
    assert f"after {step} of 500 steps" in found.sentence


def test_a_run_knows_its_own_rows(right):
    assert about("rows", run(right, np.zeros(100)), right[1]).remedy.startswith("Give held-out rows")
    assert about("rows", run(right, np.zeros(100)), right[2]).sentence == "The fit has not seen these rows."


def test_what_was_interrupted_is_found(right):
    cut = run(right, np.zeros(100), outcome="interrupted")
    assert about("ended", cut, right[2]).sentence == "It was interrupted."
    assert about("ended", run(right, np.zeros(100)), right[2]) is None


def chains(right, shift=0.0, n_divergences=0, n_draws=100):
    """Four chains of independent draws, the first of which lies `shift` posterior sds off."""
    result, _, _ = right
    mean, covariance = result.latents.mean(axis=0), np.cov(result.latents.T)
    latents = np.random.default_rng(0).multivariate_normal(mean, covariance, (4, n_draws))
    latents[0] += shift * np.sqrt(np.diag(covariance))
    ones = np.ones(latents.shape[:2])
    return Chains(result.model, latents, ones, ones[:, 0], n_divergences, 0.1, 1.0, ones[0])


def test_chains_that_disagree_are_found(right):
    found = about("chains", chains(right, shift=3.0), right[2])
    assert found.value > 1.3
    assert "n_warmup" in found.remedy
    assert f"{found.value:.2f}"[:3] in found.sentence
    assert about("chains", chains(right), right[2]).holds
    assert about("draws", chains(right), right[2]).value > 200
    few = about("draws", chains(right, n_draws=20), right[2])
    assert few.value < 100
    assert not few.holds


def test_langevin_chains_are_judged_as_others(right):
    of_four = chains(right, shift=3.0)
    langevin = LangevinChains(of_four.model, of_four.latents, np.ones(100))
    assert about("chains", langevin, right[2]).value == about("chains", of_four, right[2]).value
    assert "n_burn_in" in about("chains", langevin, right[2]).remedy


def test_few_draws_and_divergences_are_found(right):
    assert "3 draws" in about("chains", chains(right, n_draws=3), right[2]).sentence
    found = about("divergences", chains(right, n_divergences=20), right[2])
    assert found.value == 20 / 400
    assert "target_acceptance" in found.remedy


def test_the_slope_at_a_mode_is_found(right):
    result, _, data = right
    at = result.latents[:1]
    for slope, holds in ((1e-5, True), (3.0, False)):
        found = about("mode", MapEstimate(result.model, at, np.zeros(1), slope), data)
        assert found.holds == holds
        assert found.value == slope


def test_few_draws_are_judged_by_as_many_replicates_as_many(right):
    # The limit of 40 replicates would be the furthest of them, and fail one right prediction in forty.
    few, many = (about("even noise", chains(right, n_draws=n), right[2]) for n in (10, 100))
    assert few.limit == pytest.approx(many.limit, rel=0.2)
