"""Hamiltonian Monte Carlo in a browser: against closed forms, its diagnostics against another library's."""

import numpy as np
import pytest
from readers.node import ENGINES, engine
from truths.linear_regression import exact

import bayesian_nn as bnn
from bayesian_nn.runtime.portable_math import normals
from bayesian_nn.runtime.tensorflow import tfp

DATA = bnn.data.cosine_with_gap(seed=42)
X = ((DATA.x[:, 0] - 4) / 4).tolist()
NETWORK = {"sizes": [1, 6, 5, 1], "activation": "tanh", "priorStd": 1, "noiseStd": 0.1}
SCRIPTS = {
    name: "async ({ assets, model, data, ...rest }) => {\n"
    "const H = await import(`${assets}numerics/hmc.js`);\n"
    "const { energy, leapfrog, startingPoint } = await import(`${assets}numerics/leapfrog.js`);\n"
    "const { LogJoint } = await import(`${assets}numerics/likelihood.js`);\n"
    "const { Network } = await import(`${assets}numerics/network.js`);\n"
    "const array = (values) => Float64Array.from(values);\n"
    "data = { x: array(data.x), y: array(data.y) };\n"
    f"{body}\n}}"
    for name, body in {
        "chains": """
            const starts = rest.starts ? array(rest.starts) : undefined;
            const chains = new H.Chains({ model, data, ...rest.settings, starts });
            for (const n of rest.parts) chains.run(n);
            const { acceptance, nDivergences, nGradients, iteration, draws, failed } = chains;
            const grid = array([-1, 0, 0.5]);
            const network = new Network(model, grid);
            const told = draws.map((draw) => chains.functions(draw, network));
            const nX = grid.length;
            const values = array(Array.from({ length: chains.nChains }, (_, chain) =>
                told.map((each) => [...each.subarray(chain * nX, (chain + 1) * nX)])).flat(2));
            const agreed = draws.length < 4 ? {} : H.convergence(values, chains.nChains, 3);
            return { acceptance, nDivergences, nGradients, iteration, failed, weights: [...chains.weights],
                draws: draws.map((draw) => [...draw]), functions: [...values],
                rHat: [...(agreed.rHat ?? [])], ess: [...(agreed.ess ?? [])] };""",
        "work": """
            const chains = new H.Chains({ model, data, ...rest.settings });
            return Array.from({ length: rest.n }, () => {
                const before = chains.nGradients;
                chains.run(1);
                return (chains.nGradients - before) / chains.nChains;
            });""",
        "leapfrog": """
            const density = new LogJoint(model, data);
            const point = startingPoint(density, array(rest.weights));
            const momentum = array(rest.momentum);
            const scales = array(rest.scales);
            const before = energy(point, momentum);
            leapfrog(density, point, momentum, scales, rest.stepSize, rest.nSteps);
            const change = energy(point, momentum) - before;
            const there = [...point.weights];
            momentum.forEach((value, i) => (momentum[i] = -value));
            leapfrog(density, point, momentum, scales, rest.stepSize, rest.nSteps);
            return { change, there, back: [...point.weights], momentum: [...momentum] };""",
        "convergence": """
            const { rHat, ess } = H.convergence(array(rest.values), rest.nChains, rest.nX);
            return { rHat: [...rHat], ess: [...ess] };""",
    }.items()
}


@pytest.fixture(scope="module", params=ENGINES)
def evaluate(request):
    with engine(request.param) as function:

        def evaluated(script, model=NETWORK, data=None, **arguments):
            data = data or {"x": X, "y": DATA.y.tolist()}
            return function(SCRIPTS[script], model=model, data=data, **arguments)

        yield evaluated


# --- the trajectory


def _there_and_back(evaluate, step_size, n_steps):
    n = 53
    place = normals(0, 1, n) * 0.5
    return evaluate(
        "leapfrog",
        weights=place.tolist(),
        momentum=normals(0, 2, n).tolist(),
        scales=np.exp(0.3 * normals(0, 3, n)).tolist(),
        stepSize=step_size,
        nSteps=n_steps,
    ), place


def test_a_trajectory_runs_backwards_too(evaluate):
    got, place = _there_and_back(evaluate, 1e-3, 100)
    assert np.abs(np.array(got["there"]) - place).max() > 0.05
    np.testing.assert_allclose(got["back"], place, atol=1e-9)
    np.testing.assert_allclose(got["momentum"], -normals(0, 2, 53), atol=1e-7)


def test_a_trajectory_loses_energy_as_the_square_of_its_step(evaluate):
    changes = [abs(_there_and_back(evaluate, 4e-4 / k, 50 * k)[0]["change"]) for k in (1, 2, 4)]
    np.testing.assert_allclose(np.divide(changes[:-1], changes[1:]), 4, rtol=0.1)


# --- the posterior


def test_without_a_hidden_layer_the_draws_are_of_the_exact_posterior(evaluate):
    model = bnn.Model((1, 1), bnn.Gaussian(2.0), prior=bnn.GaussianPrior(1.5), scaling=DATA.scaling)
    truth = exact(model, DATA)
    linear = {"sizes": [1, 1], "activation": "tanh", "priorStd": 1.5, "noiseStd": 2.0}
    settings = {"seed": 5, "nChains": 8, "nWarmup": 60, "trajectoryLength": 1.5}
    got = evaluate("chains", linear, settings=settings, parts=[60, 1000])
    draws = np.array(got["draws"]).reshape(1000, 8, 2).swapaxes(0, 1)
    # Not so by chance alone: the two weights are correlated.
    deviations = draws - truth.mean
    moments = {
        "mean": (draws, truth.mean),
        "variance": (deviations**2, np.diag(truth.covariance)),
        "covariance": (deviations.prod(axis=-1), truth.covariance[0, 1]),
    }
    for values, expected in moments.values():
        ess = bnn.sampling.effective_sample_size(values)
        error = values.std(axis=(0, 1)) / np.sqrt(ess)
        assert np.all(ess > 500)
        assert np.all(np.abs(values.mean(axis=(0, 1)) - expected) < 5 * error)
    assert 0.8 < got["acceptance"] <= 1
    assert got["nDivergences"] == 0
    assert max(got["rHat"]) < 1.02


def test_refusing_proposals_is_what_makes_coarse_steps_exact(evaluate):
    model = bnn.Model((1, 1), bnn.Gaussian(2.0), prior=bnn.GaussianPrior(1.5), scaling=DATA.scaling)
    truth = exact(model, DATA)
    linear = {"sizes": [1, 1], "activation": "tanh", "priorStd": 1.5, "noiseStd": 2.0}
    settings = {"seed": 6, "nChains": 8, "nWarmup": 90, "trajectoryLength": 2.5, "targetAcceptance": 0.5}
    n_draws = 2000
    got = evaluate("chains", linear, settings=settings, parts=[90, n_draws])
    assert 0.4 < got["acceptance"] < 0.8
    draws = np.array(got["draws"]).reshape(n_draws, 8, 2).swapaxes(0, 1)
    # A chain stays where it is as often as it refuses.
    stays = (draws[:, 1:] == draws[:, :-1]).all(axis=-1)
    error = np.sqrt(got["acceptance"] * (1 - got["acceptance"]) / stays.size)
    assert abs(stays.mean() - (1 - got["acceptance"])) < 5 * error
    # Were every proposal taken, the variances would be several times as large.
    squares = (draws - truth.mean) ** 2
    variances = np.diag(truth.covariance)
    error = squares.std(axis=(0, 1)) / np.sqrt(bnn.sampling.effective_sample_size(squares))
    assert np.all(error < 0.05 * variances)
    assert np.all(np.abs(squares.mean(axis=(0, 1)) - variances) < 5 * error)


def test_the_step_size_stays_as_the_warm_up_has_left_it(evaluate):
    linear = {"sizes": [1, 1], "activation": "tanh", "priorStd": 1.5, "noiseStd": 2.0}
    # A trajectory so long that a step longer or shorter by 1 % is seen in how many steps it takes.
    settings = {"seed": 7, "nChains": 2, "nWarmup": 30, "trajectoryLength": 100, "targetAcceptance": 0.9}
    n_steps = np.array(evaluate("work", linear, settings=settings, n=130))
    assert len(set(n_steps[20:30])) > 5
    assert 100 < n_steps[30] < 1000
    assert set(n_steps[30:]) == {n_steps[30]}


def test_chains_are_the_same_in_parts_and_among_workers_draw_from_other_streams(evaluate):
    settings = {"seed": 0, "nChains": 2, "nWarmup": 9}
    whole = evaluate("chains", settings=settings, parts=[14])
    assert evaluate("chains", settings=settings, parts=[3, 8, 3]) == whole
    assert whole["iteration"] == 14
    assert len(whole["draws"]) == 5
    others = evaluate("chains", settings={**settings, "first": 2}, parts=[14])
    assert not set(np.ravel(others["draws"])) & set(np.ravel(whole["draws"]))


def test_chains_begin_where_they_are_told(evaluate):
    starts = np.linspace(-1, 1, 2 * 53).tolist()
    got = evaluate("chains", settings={"seed": 0, "nChains": 2}, starts=starts, parts=[])
    assert got["weights"] == starts
    # A small random network, another for each chain.
    default = evaluate("chains", settings={"seed": 0, "nChains": 40}, parts=[])["weights"]
    first_layer, last_layer = np.reshape(default, (40, 53))[:, :12], np.reshape(default, (40, 53))[:, -6:]
    assert first_layer.std() == pytest.approx(1, abs=5 / np.sqrt(2 * 480))
    assert last_layer.std() == pytest.approx(5**-0.5, abs=5 * 5**-0.5 / np.sqrt(2 * 240))


def test_chains_without_a_finite_density_say_so_and_stay(evaluate):
    absurd = {**NETWORK, "noiseStd": 1e-200}
    got = evaluate("chains", absurd, settings={"seed": 0, "nChains": 2}, parts=[5])
    assert got["failed"]
    assert got["iteration"] == 0
    assert not evaluate("chains", settings={"seed": 0, "nChains": 2}, parts=[1])["failed"]


def test_the_functions_are_the_draws_one_chain_after_the_other(evaluate):
    settings = {"seed": 0, "nChains": 2, "nWarmup": 6}
    got = evaluate("chains", settings=settings, parts=[10])
    draws = np.array(got["draws"]).reshape(4, 2, 53).swapaxes(0, 1)
    model = bnn.Model((1, 6, 5, 1), bnn.Gaussian(0.1))
    expected = bnn.prediction.predict_draws(model, draws.reshape(8, 53), [-1, 0, 0.5]).draws
    np.testing.assert_allclose(np.reshape(got["functions"], (8, 3)), expected, rtol=1e-9, atol=1e-12)


# --- the diagnostics


@pytest.mark.parametrize(("n_chains", "n_draws"), [(1, 40), (4, 41), (16, 250)])
@pytest.mark.parametrize("correlation", [0.0, 0.9, -0.5])
def test_the_diagnostics_are_tensorflow_probability_s(evaluate, n_chains, n_draws, correlation):
    noise = normals(1, n_draws, n_chains * n_draws * 3).reshape(n_chains, n_draws, 3)
    values = noise.copy()
    for draw in range(1, n_draws):
        values[:, draw] = correlation * values[:, draw - 1] + noise[:, draw]
    # Chains that have not met.
    values[..., 2] += np.arange(n_chains)[:, None]
    got = evaluate("convergence", values=values.ravel().tolist(), nChains=n_chains, nX=3)
    # It wants the draws first, and of one chain no axis.
    several = n_chains > 1
    ess = tfp.mcmc.effective_sample_size(
        values.swapaxes(0, 1) if several else values[0],
        filter_beyond_positive_pairs=True,
        cross_chain_dims=1 if several else None,
    )
    np.testing.assert_allclose(got["ess"], ess, rtol=1e-8)
    r_hat = tfp.mcmc.potential_scale_reduction(
        values.swapaxes(0, 1), independent_chain_ndims=1, split_chains=True
    )
    np.testing.assert_allclose(got["rHat"], r_hat, rtol=1e-10)
