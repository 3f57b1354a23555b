"""An ensemble that stops in time, and the chains round its members."""

import numpy as np
import pytest

import bayesian_nn as bnn
from bayesian_nn.model.log_joint import log_likelihood
from bayesian_nn.model.observations import observe
from bayesian_nn.modes import Ensemble, fit_held_out_ensemble
from bayesian_nn.training import driver


def wave(n_points, *, seed=0):
    random = np.random.default_rng(seed)
    x = random.uniform(-2, 2, n_points)
    return bnn.dataset(x, np.sin(2 * x) + (0.05 + 0.2 * (x > 0)) * random.standard_normal(n_points))


def noise_of_x(data, **more):
    likelihood = bnn.likelihoods.HeteroscedasticGaussian(0.3 * data.scaling.y_scale, 1.0, **more)
    return bnn.Model((1, 8, 8, 2), likelihood, bnn.priors.LogNormalScale(), scaling=data.scaling)


def test_members_stop_where_they_predict_best_what_they_have_not_seen():
    """Sixty rows of five inputs, mostly noise: whoever climbs to the end is sure of what it has seen."""

    def rows(n_points, seed):
        random = np.random.default_rng(seed)
        x = random.standard_normal((n_points, 5))
        return bnn.dataset(x, x[:, 0] + 0.8 * random.standard_normal(n_points))

    data, new = rows(60, 0), rows(400, 1)
    likelihood = bnn.likelihoods.HeteroscedasticGaussian(0.3 * data.scaling.y_scale, 1.0)
    model = bnn.Model((5, 16, 16, 2), likelihood, scaling=data.scaling)
    stopped = fit_held_out_ensemble(model, data, seed=0, n_members=4)
    to_the_end = bnn.fit_ensemble(model, data, seed=0, n_members=4, anchored=False, perturbed=False)
    stopped, to_the_end = (
        log_likelihood(model, each.members, observe(model, new)).numpy() / 400
        for each in (stopped, to_the_end)
    )
    assert stopped.min() > -3
    assert to_the_end.max() < -100


def test_a_chain_samples_round_each_member_and_learns_the_scales():
    data = wave(150)
    model = noise_of_x(data)
    chains = bnn.fit_sampled_ensemble(
        model, data, seed=0, n_members=4, n_climbing=1000, n_steps=3000, thin=10
    )
    assert chains.latents.shape == (4, 200, model.n_latents)
    # Three layers' scales, none where it began.
    assert np.all(np.std(chains.latents[:, :, -3:], axis=(0, 1)) > 0.05)
    predicted = bnn.predict(chains, [-1.0, 1.0], n_draws=400, seed=0)
    np.testing.assert_allclose(predicted.mean, np.sin([-2, 2]), atol=0.15)
    # The noise that it found is small at the left, and large at the right.
    assert predicted.aleatoric_std[0] < 0.12 < predicted.aleatoric_std[1] < 0.5


@pytest.mark.parametrize("n_points", [2, 9])
def test_few_rows_are_enough(n_points):
    data = wave(n_points)
    chains = bnn.fit_sampled_ensemble(noise_of_x(data), data, seed=0, n_members=2, n_climbing=50, n_steps=60)
    assert np.isfinite(chains.latents).all()


def test_a_seed_is_a_result():
    data = wave(30)
    settings = {"n_members": 2, "n_climbing": 50, "n_steps": 60, "thin": 5}
    first, again, other = (
        bnn.fit_sampled_ensemble(noise_of_x(data), data, seed=seed, **settings).latents for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert np.all(first != other)


def test_ctrl_c_on_the_climb_returns_the_ensemble(monkeypatch, capsys):
    data, model = wave(30), noise_of_x(wave(30))

    def press(step):
        raise KeyboardInterrupt

    monkeypatch.setattr(driver, "reached", press)
    result = bnn.fit_sampled_ensemble(model, data, seed=0, n_members=2, n_climbing=1000, n_steps=100)
    assert isinstance(result, Ensemble)
    assert result.outcome == "interrupted"
    assert bnn.predict(result, [0.0], n_draws=2, seed=0).mean.shape == (1,)
    assert "Interrupted" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("data", "arguments", "message"),
    [
        (wave(20), {"n_members": 1}, "n_members must be a whole number, 2 or more; got 1"),
        (wave(20), {"n_climbing": 0}, "n_steps must be a whole number, 1 or more; got 0"),
    ],
)
def test_wrong_arguments_are_refused(data, arguments, message):
    with pytest.raises(ValueError, match=message):
        bnn.fit_sampled_ensemble(noise_of_x(data), data, seed=0, **arguments)
