"""Monte Carlo dropout, against the closed form of its objective with one hidden layer."""

from types import SimpleNamespace

import numpy as np
import pytest

import bayesian_nn as bnn
from bayesian_nn.modes import dropout
from bayesian_nn.modes.dropout import DropoutFit, fit_dropout
from bayesian_nn.modes.lbfgs import minimise
from bayesian_nn.modes.map_estimate import find_map

DATA = bnn.data.cosine_with_gap(seed=42)
RATE = 0.2
SHALLOW = bnn.Model(
    (1, 20, 1),
    bnn.Gaussian(0.1),
    prior=(
        (bnn.GaussianPrior(2.0), bnn.GaussianPrior(1.0)),
        (bnn.GaussianPrior(0.5), bnn.GaussianPrior(1.0)),
    ),
    scaling=DATA.scaling,
)
DEEP = bnn.Model((2, 3, 4, 1), bnn.Gaussian(bnn.LearnedNoise(0.3)))


def objective(latents, rate):
    """The mean over all masks of log p(y, w), but for a constant, and its gradient `[n_latents]`: with one
    hidden layer the output's mean is the network's, its variance rate / (1 - rate) · Σ (w h)²."""
    inputs, targets = SHALLOW.inputs(DATA.x), SHALLOW.targets(DATA.y)[:, 0]
    w1, b1, w2, b2 = latents[:20], latents[20:40], latents[40:60], latents[60]
    hidden = np.tanh(inputs * w1 + b1)
    residuals = targets - hidden @ w2 - b2
    odds = rate / (1 - rate)
    decay = np.concatenate([np.full(20, 1 / 4), np.ones(20), np.full(20, 4 / (1 - rate)), [1.0]])
    value = -0.5 * np.sum(residuals**2 + odds * hidden**2 @ w2**2) / 0.01 - 0.5 * np.sum(decay * latents**2)
    by_hidden = (residuals[:, None] * w2 - odds * hidden * w2**2) * (1 - hidden**2)
    gradient = [
        (inputs * by_hidden).sum(axis=0),
        by_hidden.sum(axis=0),
        residuals @ hidden - odds * w2 * np.sum(hidden**2, axis=0),
        [residuals.sum()],
    ]
    return value, np.concatenate(gradient) / 0.01 - decay * latents


def to_gain(latents, rate):
    """What the nearest top of the objective has above these latents, in nats."""

    def depth(position):
        value, gradient = objective(position, rate)
        return -value, -gradient

    return -minimise(depth, latents.astype(float)).value - objective(latents, rate)[0]


def test_the_fit_climbs_to_the_top_of_the_mean_over_masks():
    fit = fit_dropout(SHALLOW, DATA, seed=0, rate=RATE)
    latents = np.random.default_rng(0).normal(size=61)
    shifts = 1e-5 * np.eye(61)
    slopes = [(objective(latents + s, RATE)[0] - objective(latents - s, RATE)[0]) / 2e-5 for s in shifts]
    np.testing.assert_allclose(objective(latents, RATE)[1], slopes, rtol=1e-4, atol=1e-3)
    assert to_gain(fit.latents, RATE) < 1.5
    # Which is not the mode of the posterior, nor that of another rate.
    assert to_gain(find_map(SHALLOW, DATA, seed=0).mode, RATE) > 10
    assert to_gain(fit.latents, 0.3) > 10


def test_every_step_has_masks_of_its_own(monkeypatch):
    blocks = []

    def climb(model, start, *_, factors, **__):
        blocks.extend(factors(block) for block in range(2))
        return SimpleNamespace(latents=start, outcome="finished")

    monkeypatch.setattr(dropout, "climb", climb)
    fit = fit_dropout(bnn.Model((1, 40, 1), bnn.Gaussian(0.1)), DATA, seed=3, rate=0.5, n_masks=2)
    masks = np.concatenate([*np.concatenate(blocks), fit.draw(250, seed=3) / fit.latents])
    # Of two to the power of forty, no two of 1,250 agree.
    assert len(masks) == 1250
    assert len(np.unique(masks > 0, axis=0)) == 1250


def test_without_dropout_it_is_a_mode_of_the_posterior():
    fit = fit_dropout(SHALLOW, DATA, seed=0, rate=0.0)
    assert to_gain(fit.latents, 0.0) < 1.5
    np.testing.assert_array_equal(fit.draw(3, seed=0), [fit.latents] * 3)


def test_curves_have_the_closed_form_s_mean_and_spread():
    random = np.random.default_rng(3)
    fit, n = DropoutFit(SHALLOW, random.normal(size=61).astype(np.float32), RATE), 20_000
    x = np.array([0.0, 4.0, 9.0])
    draws = bnn.prediction.predict_draws(SHALLOW, fit.draw(n, seed=1), x).draws
    hidden = np.tanh(SHALLOW.inputs(x[:, None]) * fit.latents[:20] + fit.latents[20:40])
    std = np.sqrt(RATE / (1 - RATE) * hidden**2 @ fit.latents[40:60] ** 2)
    mean = bnn.prediction.predict_draws(SHALLOW, fit.latents[None], x).draws[0]
    assert np.all(np.abs(draws.mean(axis=0) - mean) < 5 * std / np.sqrt(n))
    # The sum of twenty switches has thinner tails than a normal distribution has.
    assert np.all(np.abs(draws.std(axis=0) / std - 1) < 5 / np.sqrt(2 * n))


def test_its_spread_is_not_the_posterior_s_and_does_not_shrink_with_more_data():
    x, spreads = [1.0, 7.0], {}
    for times in (1, 8):
        data = bnn.Dataset(np.tile(DATA.x, (times, 1)), np.tile(DATA.y, times), DATA.scaling)
        dropped = fit_dropout(SHALLOW, data, seed=0, rate=RATE).draw(2000, seed=1)
        laplace = bnn.fit_laplace(SHALLOW, data, find_map(SHALLOW, data, seed=0))
        spreads[times] = np.stack(
            [
                bnn.prediction.predict_draws(SHALLOW, dropped, x).epistemic_std,
                bnn.predict_linearised(laplace, x, n_draws=2000, seed=1).epistemic_std,
            ]
        )
    # On the data Laplace's Gaussian is near the posterior, whose sd falls with the root of their number.
    dropout_ratio, posterior_ratio = spreads[8] / spreads[1]
    assert np.all(posterior_ratio < 1.2 * 8**-0.5)
    assert np.all(dropout_ratio > 0.8)
    assert np.all(spreads[1][0] > 3 * spreads[1][1])


def test_a_draw_drops_all_that_leads_out_of_a_unit_and_nothing_else():
    latents = np.arange(1.0, DEEP.n_latents + 1)
    ratios = DropoutFit(DEEP, latents, RATE).draw(4000, seed=0) / latents
    # Weights 2 x 3, biases 3; weights 3 x 4, biases 4; weights 4 x 1, bias 1; log noise_std.
    first, second, biases, third, last = np.split(ratios, [9, 21, 25, 29], axis=1)
    assert np.all(first == 1)
    assert np.all(biases == 1)
    assert np.all(last == 1)
    second = second.reshape(-1, 3, 4)
    assert np.all(second == second[..., :1])
    units = np.concatenate([second[..., 0], third], axis=1)
    np.testing.assert_allclose(np.unique(units), [0, 1 / (1 - RATE)], rtol=1e-6)
    error = np.sqrt(RATE * (1 - RATE) / 4000)
    assert np.all(np.abs((units == 0).mean(axis=0) - RATE) < 5 * error)
    # Units drop independently of one another.
    assert np.abs(np.corrcoef(units.T) - np.eye(7)).max() < 5 / np.sqrt(4000)


def test_a_seed_is_a_fit_and_a_set_of_draws():
    arguments = {"n_steps": 300, "n_masks": 2}
    first, again, other = (fit_dropout(SHALLOW, DATA, seed=seed, **arguments) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.latents, again.latents)
    start = bnn.MeanField().initial(SHALLOW, seed=1)[:, :61]
    # Not only another start: from the same one, other masks.
    same_start = fit_dropout(SHALLOW, DATA, seed=2, start=start, **arguments)
    assert np.all(first.latents != other.latents)
    assert np.all(first.latents != same_start.latents)
    np.testing.assert_array_equal(first.draw(5, seed=3), first.draw(5, seed=3))
    assert np.any(first.draw(5, seed=3) != first.draw(5, seed=4))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rate": 1.0}, "rate must be a number from 0 to 1, and not 1; got 1.0"),
        ({"n_masks": 0}, "n_masks must be a whole number, 1 or more; got 0"),
        ({"n_steps": -1}, "n_steps must be a whole number, 1 or more; got -1"),
        ({"model": bnn.Model((1, 1), bnn.Gaussian(0.1))}, r"layer_sizes=\(1, 1\) has no hidden layer"),
        ({"start": np.zeros(61)}, r"start must be \[1, n_latents\] = \[1, 61\]"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        fit_dropout(arguments.pop("model", SHALLOW), DATA, **{"seed": 0} | arguments)


def test_draws_of_no_number_are_refused():
    with pytest.raises(ValueError, match="n_draws must be a whole number, 1 or more; got 0"):
        DropoutFit(DEEP, np.ones(DEEP.n_latents), 0.1).draw(0, seed=0)
