"""Early stops: a plateau of the ELBO, and held-out data."""

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm
from truths.linear_regression import exact, problem

import bayesian_nn as bnn
from bayesian_nn.model.observations import observe
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.stopping import HeldOutWatch, log_predictive_density

pytestmark = pytest.mark.filterwarnings("ignore::bayesian_nn.FlatFitWarning")

MODEL, DATA = problem()


def test_a_plateau_ends_the_fit_at_the_optimum():
    plateau = bnn.Plateau(window=200, tolerance=0.5)
    objective = bnn.Elbo(n_draws=20)
    run = bnn.fit(
        MODEL, DATA, seed=0, n_steps=20_000, objective=objective, optimizer=bnn.Adam(0.02), stop=plateau
    )
    assert run.outcome == "plateau"
    assert 400 <= run.n_steps_done < 5000
    assert run.recorded_steps[-1] == run.n_steps_done
    assert run.final_elbo > exact(MODEL, DATA).mean_field_elbo - 1


def test_what_a_plateau_is():
    plateau = bnn.Plateau(window=10, tolerance=0.5)
    rising = np.linspace(0, 2, 20)[:, None]
    assert not plateau.reached(rising)
    assert plateau.reached(rising / 5)
    assert not plateau.reached(np.zeros((19, 1)))
    # The best of several counts, and one that diverged does not.
    assert plateau.reached(np.hstack([rising - 100, np.zeros((20, 1)), np.full((20, 1), np.nan)]))
    assert not plateau.reached(np.hstack([rising, np.full((20, 1), np.nan)]))


@pytest.mark.parametrize(
    ("rate", "named"), [(None, "WarmupCosine"), (bnn.StepDecay(0.02, 0.5, every=30), "StepDecay")]
)
def test_a_rate_that_falls_looks_like_a_plateau_and_is_refused(rate, named):
    optimizer = None if rate is None else bnn.Adam(rate)
    arguments = {"seed": 0, "n_steps": 60, "optimizer": optimizer, "stop": bnn.Plateau(window=10)}
    with pytest.raises(ValueError, match=rf"needs a learning rate that does not fall, and {named}.*Adam\(0"):
        bnn.fit(MODEL, DATA, **arguments)
    # So short a fit ends before the rate falls.
    if rate is not None:
        bnn.fit(MODEL, DATA, **arguments | {"n_steps": 30})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: bnn.Plateau(window=0), "window must be a whole number, 1 or more; got 0"),
        (lambda: bnn.Plateau(tolerance=-1), "tolerance must be a finite number, zero or more; got -1"),
        (lambda: bnn.HeldOut(DATA.x), "data must be a Dataset; got array.* train_test_split"),
        (lambda: bnn.HeldOut(DATA, patience=0), "patience must be a whole number, 1 or more; got 0"),
    ],
)
def test_a_wrong_stop_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_held_out_density_is_that_of_the_draws_in_y_s_units():
    posterior = bnn.MeanField()
    parameters = posterior.parameters(np.array([0.5, -0.2, 0.1]), np.array([0.3, 0.1, 0.2]))
    noise = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    value = log_predictive_density(MODEL, posterior, parameters, observe(MODEL, DATA), tf.constant(noise))
    latents = np.array([0.5, -0.2, 0.1]) + noise * [0.3, 0.1, 0.2]
    scaling = MODEL.scaling
    mean = scaling.y_shift + scaling.y_scale * (scaling.inputs(DATA.x) @ latents[:, :2].T + latents[:, 2])
    log_densities = norm.logpdf(DATA.y[:, None], mean, MODEL.likelihood.noise_std)
    assert value == pytest.approx((logsumexp(log_densities, axis=1) - np.log(7)).mean(), rel=1e-4)


@pytest.fixture(scope="module")
def overfitted():
    """A fit of a few noisy points with a likelihood that takes them for exact, and what it does not see."""
    random = np.random.default_rng(1)
    x = random.uniform(-1, 1, 60)
    data = bnn.dataset(x, x + random.normal(0, 0.5, 60))
    train, held_out = bnn.train_test_split(data, test_fraction=0.5, seed=0)
    model = bnn.Model((1, 20, 1), bnn.Gaussian(0.1), bnn.GaussianPrior(5.0), scaling=train.scaling)
    stop = bnn.HeldOut(held_out, every=20, patience=3)
    settings = {"seed": 0, "n_steps": 2000, "optimizer": bnn.Adam(0.03), "n_restarts": 2}
    return model, train, stop, settings


def test_held_out_data_end_the_fit_and_the_best_parameters_are_kept(overfitted):
    model, train, stop, settings = overfitted
    run = bnn.fit(model, train, stop=stop, record_at=range(0, 2001, 20), **settings)
    assert run.outcome == "held-out"
    assert run.n_steps_done < 2000
    np.testing.assert_array_equal(run.held_out_steps, np.arange(20, run.n_steps_done + 1, 20))
    best = np.argmax(run.held_out.max(axis=1))
    assert len(run.held_out) - 1 - best == 3
    assert run.best == np.argmax(run.held_out[best])
    # What was recorded at the best look is what the run has in the end.
    np.testing.assert_array_equal(run.parameters, run.path[1 + best])
    assert np.any(run.parameters != run.path[-1])
    # It is better for it, on the data it has not seen.
    usual = bnn.fit(model, train, **settings)
    densities = [
        bnn.predict(each, stop.data.x, n_draws=500, seed=1).log_density(stop.data.y).mean()
        for each in (run, usual)
    ]
    assert densities[0] > densities[1] + 0.5


def test_a_fit_that_looks_at_held_out_data_goes_the_same_way_and_can_be_resumed(overfitted):
    model, train, stop, settings = overfitted
    settings = settings | {"n_restarts": 1}
    whole = bnn.fit(model, train, stop=stop, **settings)
    usual = bnn.fit(model, train, **settings)
    np.testing.assert_array_equal(whole.log_likelihood, usual.log_likelihood[: whole.n_steps_done])
    part = bnn.fit(model, train, stop=stop, **settings | {"n_steps": 50})
    again = bnn.fit(model, train, stop=stop, resume=part, **settings)
    for name in ("held_out", "held_out_steps", "final_parameters", "log_likelihoods"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))


def test_each_restart_keeps_its_own_best():
    watch = HeldOutWatch(bnn.HeldOut(DATA, every=1, patience=2), MODEL, bnn.MeanField(), seed=0)
    values = iter([[1, 5], [2, 4], [0, 3], [-np.inf, 6], [0, 0], [0, 0]])
    current = []
    watch._density = lambda vector: current.pop(0)
    said = []
    for step in range(1, 7):
        current += next(values)
        said.append(watch(step, np.full((2, 3), step), None))
    assert said == [None, None, "held-out", None, None, "held-out"]
    np.testing.assert_array_equal(watch.best[:, 0], [2, 4])
