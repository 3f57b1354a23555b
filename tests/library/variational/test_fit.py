"""What a fit finds: the closed form's optimum, the post's network, and what it says when it found nothing."""

import re
import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from truths.linear_regression import exact, problem

import bayesian_nn as bnn

POST = bnn.data.cosine_with_gap(seed=42)
POST_MODEL = bnn.Model((1, 10, 10, 1), bnn.Gaussian(0.1), scaling=POST.scaling)
TINY = bnn.data.cosine_with_gap(seed=1, n_points=8)
TINY_MODEL = bnn.Model((1, 3, 1), bnn.Gaussian(0.1), scaling=TINY.scaling)


def fit_tiny(data=TINY, **arguments):
    """A fit too short to be good, so that its flatness says nothing."""
    return bnn.fit(TINY_MODEL, data, **{"seed": 0, "n_steps": 2} | arguments)


# --- Bayesian linear regression


def test_a_fit_finds_the_mean_field_optimum():
    model, data = problem()
    truth = exact(model, data)
    run = bnn.fit(model, data, seed=0, n_steps=3000, objective=bnn.Elbo(n_draws=20))
    q = run.posterior.distribution(run.parameters)
    assert np.all(np.abs(q.mean() - truth.mean) < 0.1 * truth.mean_field_std)
    np.testing.assert_allclose(q.stddev(), truth.mean_field_std, rtol=0.05)
    # The inputs are correlated, so that the exact marginal sds are others.
    assert np.all(np.sqrt(np.diag(truth.covariance))[:2] > 1.2 * truth.mean_field_std[:2])

    estimate = bnn.objectives.estimate_elbo(
        model, run.posterior, run.parameters, data, seed=7, n_draws=20_000
    )
    assert estimate.standard_error < 0.02
    assert abs(estimate.elbo - truth.mean_field_elbo) < 5 * estimate.standard_error
    assert run.final_elbo == pytest.approx(truth.mean_field_elbo, abs=0.2)
    assert truth.mean_field_elbo < truth.log_evidence - 0.2
    assert run.explained == pytest.approx(np.corrcoef(truth.design @ truth.mean, data.y)[0, 1] ** 2, abs=0.02)


def test_learned_noise_is_found():
    random = np.random.default_rng(1)
    x = random.uniform(-5, 15, 200)
    data = bnn.dataset(x, 3 + 2 * x + random.normal(0, 1.7, 200))
    model = bnn.Model(
        (1, 1),
        bnn.Gaussian(bnn.LearnedNoise(median=10.0)),
        prior=bnn.GaussianPrior(10.0),
        scaling=data.scaling,
    )
    run = bnn.fit(model, data, seed=0, objective=bnn.Elbo(n_draws=20))
    q = run.posterior.distribution(run.parameters)
    residuals = data.y - np.polyval(np.polyfit(x, data.y, 1), x)
    # The posterior of log sd has sd 1 / sqrt(2n) = 0.05, around the residuals' own.
    assert abs(q.mean()[-1] - np.log(residuals.std())) < 0.02
    np.testing.assert_allclose(q.stddev()[-1], 0.05, rtol=0.1)


# --- the post's network


def test_the_post_s_network_learns_from_every_seed():
    elsewhere = bnn.data.cosine_with_gap(seed=7, n_points=1000)
    elbos = []
    for seed in range(10):
        run = bnn.fit(POST_MODEL, POST, seed=seed)
        latents = run.draw(500, seed=1)
        assert (
            bnn.scores.rmse(bnn.prediction.predict_draws(run.model, latents, POST.x).mean, POST.truth(POST.x))
            <= 0.07
        )
        assert (
            bnn.prediction.predict_draws(run.model, latents, elsewhere.x).log_density(elsewhere.y).mean()
            >= 0.70
        )
        elbos.append(run.final_elbo)
    assert np.median(elbos) >= -120
    assert min(elbos) >= -150


def test_edward_s_start_ends_as_a_flat_line_and_says_so():
    flat, constant = 0, bnn.scores.constant_log_likelihood(POST.y, 0.1)
    remedy = (
        rf"ELBO is -\d+ nats, and the best constant's log-likelihood is {constant:.0f}\. .*initial_std=0\.02"
    )
    for seed in range(8):
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
    assert flat >= 6


def test_a_weak_signal_that_is_found_is_no_flat_fit():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, 2000)
    data = bnn.dataset(x, 0.55 * x + rng.normal(size=2000))
    # A tenth of the variance, and with 2,000 observations 80 nats better than a constant: no warning.
    run = bnn.fit(bnn.Model((1, 1), bnn.Gaussian(1.0), scaling=data.scaling), data, seed=0)
    assert run.explained < 0.25
    assert run.final_elbo > bnn.scores.constant_log_likelihood(data.y, 1.0)


def test_a_flat_fit_from_a_small_start_is_not_told_to_start_smaller():
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, 30)
    data = bnn.dataset(x, x + rng.normal(size=30))
    # So few and so noisy points cannot pay for 141 weights.
    model = bnn.Model((1, 10, 10, 1), bnn.Gaussian(bnn.LearnedNoise(1.0)), scaling=data.scaling)
    with pytest.warns(bnn.FlatFitWarning, match=r"Try n_restarts=8, more steps, a smaller network"):
        bnn.fit(model, data, seed=0)


def test_of_a_constant_nothing_is_to_be_explained():
    fit_tiny(bnn.Dataset(TINY.x, np.ones(8), TINY.scaling))


# --- early stop


def test_a_plateau_ends_the_fit_at_the_optimum():
    model, data = problem()
    plateau = bnn.Plateau(window=200, tolerance=0.5)
    run = bnn.fit(
        model,
        data,
        seed=0,
        n_steps=20_000,
        objective=bnn.Elbo(n_draws=20),
        optimizer=bnn.Adam(bnn.StepDecay(0.02)),
        plateau=plateau,
    )
    assert run.outcome == "plateau"
    assert 400 <= run.n_steps_done < 5000
    assert run.recorded_steps[-1] == run.n_steps_done
    assert run.final_elbo > exact(model, data).mean_field_elbo - 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: bnn.Plateau(window=0), "window must be a whole number, 1 or more; got 0"),
        (lambda: bnn.Plateau(tolerance=-1), "tolerance must be a finite number, zero or more; got -1"),
        (lambda: bnn.Plateau(tolerance="1"), "tolerance must be .* got '1'"),
    ],
)
def test_a_wrong_plateau_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_what_a_plateau_is():
    plateau = bnn.Plateau(window=10, tolerance=0.5)
    rising = np.linspace(0, 2, 20)[:, None]
    assert not plateau.reached(rising)
    assert plateau.reached(rising / 5)
    assert plateau.reached(np.zeros((20, 1)))
    assert not plateau.reached(np.zeros((19, 1)))
    # The best of several counts, and one that left the finite numbers does not.
    assert plateau.reached(np.hstack([rising - 100, np.zeros((20, 1)), np.full((20, 1), np.nan)]))
    assert not plateau.reached(np.hstack([rising, np.full((20, 1), np.nan)]))


# --- the ELBO leaves the finite numbers


@dataclass(frozen=True)
class Explosion:
    """A rate that is small until it is not."""

    step: int

    def rates(self, n_steps):
        rates = np.full(n_steps, 0.01)
        rates[self.step] = 1e30
        return rates


@pytest.mark.parametrize("record_at", [None, [], [500]], ids=["usual record", "no record", "later record"])
def test_a_diverging_fit_stops_with_step_value_and_remedy_and_keeps_the_run(record_at):
    optimizer = bnn.Adam(Explosion(300))
    with pytest.raises(
        bnn.NonFiniteElboError,
        match=r"The ELBO became (nan|-inf) at step 301\. Use a smaller learning rate \(now Explosion",
    ) as caught:
        fit_tiny(n_steps=600, optimizer=optimizer, record_at=record_at)
    run = caught.value.run
    assert (run.outcome, run.n_steps_done) == ("diverged", 301)
    assert np.isfinite(run.elbo).all()
    assert run.recorded_steps[-1] == 300
    # The loop's blocks have 250 steps here, and its state is that of the last one's beginning.
    assert run.state.step == 250
    assert np.isfinite(run.state.parameters).all()
    assert np.isfinite(run.recorded_parameters).all()
    assert np.isfinite(run.final_elbo)
    bnn.prediction.predict_film(run, [0.0, 4.0], seed=0)
    with pytest.raises(
        ValueError, match=r"resume: this run's ELBO left .* step 301.* a smaller learning rate"
    ):
        fit_tiny(n_steps=600, optimizer=optimizer, resume=run)


def test_a_fit_that_begins_at_infinity_is_told_to_mind_its_units():
    data = bnn.Dataset(TINY.x, 1e30 * TINY.y, TINY.scaling)
    with pytest.raises(
        bnn.NonFiniteElboError, match=r"The ELBO is -inf at step 0, .*scaling=data\.scaling"
    ) as caught:
        fit_tiny(data)
    assert caught.value.run.n_steps_done == 0
    np.testing.assert_array_equal(caught.value.run.recorded_steps, [0])


# --- arguments


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_steps": 0}, "n_steps must be a whole number, 1 or more; got 0"),
        ({"n_steps": 2.5}, "n_steps must be .* got 2.5"),
        ({"n_steps": True}, "n_steps must be .* got True"),
        ({"n_restarts": 0}, "n_restarts must be .* 1 or more; got 0"),
        ({"n_restarts": 1.5}, "n_restarts must be .* got 1.5"),
        ({"seed": -1}, "seed must be a whole number, 0 or more; got -1"),
        ({"seed": 0.5}, "seed must be .* got 0.5"),
        ({"seed": None}, "seed must be .* got None"),
        ({"batch_size": 0}, "batch_size must be .* 1 or more; got 0"),
        ({"batch_size": 2.5}, "batch_size must be .* got 2.5"),
        ({"batch_size": 9}, "batch_size must be at most 8, the observations; got 9"),
        ({"start": np.zeros(20)}, r"start must be \[n_restarts, n_parameters\] = \[1, 20\]; got \[20\]"),
        ({"start": np.zeros((1, 20)), "n_restarts": 2}, r"= \[2, 20\]; got \[1, 20\]"),
        (
            {"start": np.full((1, 20), np.nan)},
            r"start has 20 .* not finite, the first at index \(0, 0\): nan",
        ),
        ({"record_at": [0, 2.7]}, "record_at must be a whole number, 0 or more; got 2.7"),
        ({"record_at": [-1]}, "record_at must be .* got -1"),
        ({"seed": 2**63}, r"seed must be below 2\*\*63, .* got 9223372036854775808"),
        ({"record_at": 5}, r"record_at must be a list of steps, as in \[0, 10, 100\]; got 5"),
        (
            {"data": (TINY.x, TINY.y)},
            r"data must be a Dataset; got \(array.*\. Make one of arrays with dataset\(x",
        ),
        (
            {"optimizer": bnn.StepDecay(0.1)},
            r"optimizer must be an Adam; got StepDecay\(initial=0.1, .* Adam\(learning_rate=\.\.\.\)",
        ),
        ({"plateau": True}, r"plateau must be a Plateau; got True\. Write Plateau\(\) for the usual one"),
        ({"resume": "run.npz"}, r"resume must be a Run; got 'run.npz'\. .* load_run\(path\)"),
        ({"posterior": bnn.MeanField}, r"posterior must be MeanField\(\) .* got <class"),
        ({"posterior": 0.02}, r"posterior must be .* got 0.02\. It has no noise_shape, initial, "),
        ({"objective": 5}, r"objective must be Elbo\(\) .* got 5\. It has no n_draws"),
        ({"data": problem()[1]}, "The data have 2 inputs and the model 1: layer_sizes must begin with 2"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        fit_tiny(**arguments)


def test_a_model_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"model must be a Model; got \(1, 10, 1\)\. Make one as in Model"):
        bnn.fit((1, 10, 1), TINY, seed=0)
