"""The diagnostics of chains: they see what the functions do, and not which weights do it."""

import numpy as np
import pytest

import bayesian_nn as bnn
from bayesian_nn.sampling.hmc import Chains

X = np.linspace(-1, 1, 5)


def chains_of(model, latents):
    n_chains, n_draws, n_latents = latents.shape
    return Chains(
        model,
        latents.astype(np.float32),
        np.zeros((n_chains, n_draws)),
        np.ones(n_chains),
        0,
        0.1,
        1.0,
        np.ones(n_latents),
    )


def autoregressive(rng, n_chains, n_draws, n_latents, correlation):
    noise = rng.normal(size=(n_draws, n_chains, n_latents))
    values = [noise[0]]
    for each in noise[1:]:
        values.append(correlation * values[-1] + np.sqrt(1 - correlation**2) * each)
    return np.stack(values, axis=1)


def test_independent_draws_are_worth_their_number():
    model = bnn.Model((1, 1), bnn.Gaussian(1.0))
    chains = chains_of(model, np.random.default_rng(0).normal(size=(4, 1000, 2)))
    found = bnn.sampling.function_space_convergence(chains, X)
    assert {part.shape for part in found} == {(5,)}
    np.testing.assert_allclose(found.r_hat, 1, atol=0.01)
    np.testing.assert_allclose(found.ess_bulk, 4000, rtol=0.15)
    np.testing.assert_allclose(found.ess_tail, 4000, rtol=0.15)


def test_correlated_draws_are_worth_less():
    model = bnn.Model((1, 1), bnn.Gaussian(1.0))
    chains = chains_of(model, autoregressive(np.random.default_rng(1), 8, 4000, 2, 0.8))
    # Of an AR(1) process: n (1 - a) / (1 + a).
    np.testing.assert_allclose(
        bnn.sampling.function_space_convergence(chains, X).ess_bulk, 8 * 4000 * 0.2 / 1.8, rtol=0.2
    )


def test_draws_that_alternate_are_worth_more():
    model = bnn.Model((1, 1), bnn.Gaussian(1.0))
    chains = chains_of(model, autoregressive(np.random.default_rng(6), 8, 4000, 2, -0.5))
    np.testing.assert_allclose(
        bnn.sampling.function_space_convergence(chains, X).ess_bulk, 8 * 4000 * 1.5 / 0.5, rtol=0.2
    )


def test_chains_that_disagree_are_seen():
    latents = np.random.default_rng(2).normal(size=(4, 500, 2))
    latents[0] += 2
    chains = chains_of(bnn.Model((1, 1), bnn.Gaussian(1.0)), latents)
    assert bnn.sampling.function_space_convergence(chains, X).r_hat.max() > 1.1


def test_chains_that_differ_in_their_spread_alone_are_seen():
    # Their means agree: only ranks of the distance from the median tell them apart.
    values = np.random.default_rng(7).normal(size=(4, 1000, 2))
    values[0, :, 1] *= 4
    r_hat = bnn.sampling.convergence_of(values).r_hat
    assert r_hat[0] < 1.01
    assert r_hat[1] > 1.05


@pytest.mark.parametrize(("n_chains", "n_draws"), [(4, 100), (4, 10), (1, 50), (64, 4)])
def test_chains_that_do_not_move_have_not_converged(n_chains, n_draws):
    values = np.random.default_rng(8).normal(size=(n_chains, n_draws, 3))
    # All stuck at one place, and each at a place of its own.
    values[..., 1] = 0.1
    values[..., 2] = np.arange(n_chains)[:, None]
    found = bnn.sampling.convergence_of(values)
    np.testing.assert_array_equal([part[1:] for part in found], [[np.inf] * 2, [0] * 2, [0] * 2])
    np.testing.assert_array_equal(bnn.sampling.effective_sample_size(values)[1:], 0)
    assert np.isfinite([part[0] for part in found]).all()


def test_one_chain_that_does_not_move_among_others_is_seen():
    values = np.random.default_rng(9).normal(size=(8, 100))
    values[3] = 2.0
    found = bnn.sampling.convergence_of(values)
    assert found.r_hat > 1.1
    assert 0 < found.ess_bulk < 700


def test_every_output_of_several_is_judged():
    model = bnn.Model((1, 3), bnn.Categorical(3))
    latents = np.random.default_rng(9).normal(size=(4, 500, model.n_latents))
    # The second class's bias of the first chain.
    latents[0, :, 4] += 3
    r_hat = bnn.sampling.function_space_convergence(chains_of(model, latents), X).r_hat
    assert r_hat.shape == (3, 5)
    assert r_hat[1].min() > 1.1 > 1.02 > r_hat[[0, 2]].max()


def test_units_may_change_places():
    model = bnn.Model((1, 2, 1), bnn.Gaussian(1.0))
    latents = np.random.default_rng(3).normal(size=(4, 500, model.n_latents))
    latents[..., :2] += [3, -3]
    swapped = latents.copy()
    # The second half of the chains has its two hidden units exchanged.
    swapped[2:] = latents[2:][..., [1, 0, 3, 2, 5, 4, 6]]
    found, same = (
        bnn.sampling.function_space_convergence(chains_of(model, each), X) for each in (swapped, latents)
    )
    for one, other in zip(found, same, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-2)


def test_one_chain_is_judged_too():
    model = bnn.Model((1, 1), bnn.Gaussian(1.0))
    independent = chains_of(model, np.random.default_rng(4).normal(size=(1, 20_000, 2)))
    correlated = chains_of(model, autoregressive(np.random.default_rng(5), 1, 20_000, 2, 0.8))
    found = bnn.sampling.function_space_convergence(independent, X)
    np.testing.assert_allclose(found.r_hat, 1, atol=0.01)
    np.testing.assert_allclose(found.ess_bulk, 20_000, rtol=0.2)
    np.testing.assert_allclose(
        bnn.sampling.function_space_convergence(correlated, X).ess_bulk, 20_000 * 0.2 / 1.8, rtol=0.2
    )
    # Its halves are compared, so that it can disagree with itself.
    drifting = independent.latents + np.linspace(0, 3, 20_000)[:, None]
    assert bnn.sampling.function_space_convergence(chains_of(model, drifting), X).r_hat.max() > 1.1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda chains: bnn.sampling.function_space_convergence(chains, np.zeros((3, 2))),
            r"x must be .* got \[3, 2\]",
        ),
        (
            lambda chains: bnn.sampling.function_space_convergence(chains, [0, np.nan]),
            "x has 1 values that are not",
        ),
        (
            lambda chains: bnn.sampling.effective_sample_size([1.0, 2.0]),
            r"values must be .* 4 draws .* got \[2\]",
        ),
        (
            lambda chains: bnn.sampling.effective_sample_size(np.zeros((5, 3))),
            r"values must be .* got \[5, 3\]",
        ),
    ],
)
def test_wrong_arguments_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(chains_of(bnn.Model((1, 1), bnn.Gaussian(1.0)), np.zeros((4, 5, 2))))


def test_too_short_chains_are_refused():
    with pytest.raises(ValueError, match=r"At least 4 draws of every chain are needed; got 3\. Raise"):
        bnn.sampling.function_space_convergence(
            chains_of(bnn.Model((1, 1), bnn.Gaussian(1.0)), np.zeros((4, 3, 2))), X
        )
