"""Training in a browser, against TensorFlow Probability in float64 and against its copy in NumPy."""

import numpy as np
import pytest
import tensorflow as tf
from readers.node import ENGINES, engine

import bayesian_nn as bnn
from bayesian_nn.browser import training_twin as portable_training
from bayesian_nn.model import model as densities
from bayesian_nn.model.network import ACTIVATIONS
from bayesian_nn.objectives.elbo import Elbo
from bayesian_nn.posteriors.mean_field import MeanField
from bayesian_nn.runtime.portable_math import normals

DATA = bnn.data.cosine_with_gap(seed=42)
X = (DATA.x[:, 0] - 4) / 4
DEFAULT = portable_training.Network()
CASES = {
    "default": (DEFAULT, 5, 1.0),
    "linear": (portable_training.Network((1, 1), noise_std=0.5), 3, 1.0),
    "one layer, one draw": (portable_training.Network((1, 7, 1), prior_std=2.0), 1, 1.0),
    "deep, cold": (portable_training.Network((1, 3, 4, 5, 1), noise_std=0.03), 2, 0.1),
    "wide prior, hot": (portable_training.Network((1, 6, 3, 1), prior_std=30.0), 4, 3.0),
    "narrow prior": (portable_training.Network((1, 4, 4, 1), prior_std=0.05), 2, 1.0),
    **{
        name: (portable_training.Network((1, 8, 6, 1), name), 3, 1.0)
        for name in ("relu", "sigmoid", "softplus", "elu", "silu")
    },
}
SCRIPTS = {
    name: f"async ({{ assets, model, data, ...rest }}) => {{\n"
    "const V = await import(`${assets}variational.js`);\n"
    "const P = await import(`${assets}predictive.js`);\n"
    "const { LogJoint } = await import(`${assets}likelihood.js`);\n"
    "const { Network } = await import(`${assets}network.js`);\n"
    "const { learningRate } = await import(`${assets}schedule.js`);\n"
    "const array = (values) => Float64Array.from(values);\n"
    "data = { x: array(data.x), y: array(data.y) };\n"
    f"{body}\n}}"
    for name, body in {
        "objective": """
            const gradient = new Float64Array(rest.parameters.length);
            const objective = new V.Objective(model, data, rest);
            const parts = objective.evaluate(array(rest.parameters), array(rest.noise), gradient);
            return { ...parts, gradient: [...gradient] };""",
        "logJoint": """
            const gradient = new Float64Array(rest.weights.length);
            const value = new LogJoint(model, data).evaluate(array(rest.weights), 0, gradient);
            const f = new Network(model, data.x).forward(array(rest.weights));
            return { value, gradient: [...gradient], f: [...f] };""",
        "train": """
            const training = new V.Training({ model, data, ...rest.settings });
            for (const n of rest.parts) training.advance(n);
            const { step, failed, parameters, logLikelihood, kl } = training;
            const lists = { parameters: [...parameters], logLikelihood: [...logLikelihood], kl: [...kl] };
            return { step, failed, digest: rest.digest ? await V.digest(parameters) : null, ...lists };""",
        "summary": """
            const { parameters, noise, nCurves } = rest;
            const { mean, std, curves } = P.summary(model, array(parameters), array(noise), data.x, nCurves);
            return { mean: [...mean], std: [...std], curves: curves.map((curve) => [...curve]) };""",
        "rates": "return rest.steps.map((step) => learningRate(step, rest.nSteps, rest.peak));",
    }.items()
}


@pytest.fixture(scope="module", params=ENGINES)
def evaluate(request):
    with engine(request.param) as function:

        def evaluated(script, network=DEFAULT, data=None, **arguments):
            model = {
                "sizes": network.sizes,
                "activation": network.activation,
                "priorStd": network.prior_std,
                "noiseStd": network.likelihood.noise_std,
            }
            data = data or {"x": X.tolist(), "y": DATA.y.tolist()}
            return function(SCRIPTS[script], model=model, data=data, **arguments)

        yield evaluated


def model_of(network):
    return bnn.Model(
        network.sizes,
        bnn.Gaussian(network.likelihood.noise_std),
        prior=bnn.GaussianPrior(network.prior_std),
        activation=network.activation,
        scaling=DATA.scaling,
    )


def _parameters(network):
    """Means of any size, and sds from a tenth of one to several."""
    random = np.random.default_rng(len(network.sizes))
    n = network.n_weights
    return np.concatenate([random.normal(0, 0.7, n), random.uniform(-3, 2, n)])


def _elbo(network, parameters, noise, kl_weight):
    """The ELBO's parts and the gradient of what is climbed, by TensorFlow Probability."""
    model, parameters = model_of(network), tf.constant(parameters, tf.float64)
    objective = Elbo(n_draws=len(noise), kl_weight=kl_weight)
    with tf.GradientTape() as tape:
        tape.watch(parameters)
        parts = objective(
            model, MeanField(), parameters, tf.constant(noise), model.inputs(DATA.x), model.targets(DATA.y)
        )
        climbed = parts.objective
    return parts, tape.gradient(climbed, parameters).numpy()


# --- against the library


@pytest.mark.parametrize("case", CASES)
def test_the_elbo_and_all_its_gradients_are_those_of_tensorflow_probability(evaluate, case):
    network, n_draws, kl_weight = CASES[case]
    parameters = _parameters(network)
    noise = normals(1, 2, n_draws * network.n_weights).reshape(n_draws, -1)
    parts, gradient = _elbo(network, parameters, noise, kl_weight)
    got = evaluate(
        "objective",
        network,
        parameters=parameters.tolist(),
        noise=noise.ravel().tolist(),
        nDraws=n_draws,
        klWeight=kl_weight,
    )
    assert got["logLikelihood"] == pytest.approx(float(parts.log_likelihood), rel=1e-9)
    assert got["kl"] == pytest.approx(float(parts.kl), rel=1e-9)
    np.testing.assert_allclose(got["gradient"], gradient, rtol=1e-9, atol=1e-9 * np.abs(gradient).max())


@pytest.mark.parametrize("case", CASES)
def test_the_log_joint_density_and_the_outputs_are_the_library_s(evaluate, case):
    network, *_ = CASES[case]
    model, weights = model_of(network), _parameters(network)[: network.n_weights]
    variable = tf.constant(weights)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        value = densities.log_joint(model, variable, model.inputs(DATA.x), model.targets(DATA.y))
    gradient = tape.gradient(value, variable).numpy()
    got = evaluate("logJoint", network, weights=weights.tolist())
    assert got["value"] == pytest.approx(float(value), rel=1e-9)
    np.testing.assert_allclose(got["gradient"], gradient, rtol=1e-9, atol=1e-9 * np.abs(gradient).max())
    outputs = densities.network(model, variable, model.inputs(DATA.x)).numpy()
    np.testing.assert_allclose(got["f"], outputs, rtol=1e-9, atol=1e-12)


def test_a_run_is_the_library_s_adam_on_the_library_s_elbo(evaluate):
    n_steps, n_draws = 40, 2
    adam = bnn.Adam()
    rates = adam.learning_rate.rates(n_steps)
    state = adam.start(portable_training.start(DEFAULT, 0.02, seed=3))
    for step in range(n_steps):
        noise = normals(3, step, n_draws * DEFAULT.n_weights).reshape(n_draws, -1)
        _, gradient = _elbo(DEFAULT, state.parameters, noise, 1.0)
        state = adam.step(state, tf.constant(-gradient), rates[step])
    settings = {"seed": 3, "nSteps": n_steps, "nDraws": n_draws}
    got = evaluate("train", settings=settings, parts=[n_steps])
    np.testing.assert_allclose(got["parameters"], state.parameters.numpy(), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("n_steps", [1, 3, 10, 1000])
def test_the_schedule_is_the_library_s(evaluate, n_steps):
    steps = list(range(n_steps))
    got = evaluate("rates", steps=steps, nSteps=n_steps, peak=0.3)
    np.testing.assert_allclose(got, bnn.WarmupCosine(peak=0.3).rates(n_steps), rtol=1e-9)


def test_the_start_is_the_library_s():
    network = portable_training.Network((1, 400, 400, 1))
    parameters = portable_training.start(network, 0.3, seed=0)
    n = network.n_weights
    np.testing.assert_allclose(np.log1p(np.exp(parameters[n:])), 0.3, rtol=1e-12)
    expected = MeanField(0.3).initial(model_of(network), seed=0)[0]
    np.testing.assert_allclose(parameters[n:], expected[n:], rtol=1e-6)
    for part in (slice(0, 800), slice(800, 800 + 401 * 400)):
        size = part.stop - part.start
        ratio = parameters[part].std() / expected[:n][part].std()
        assert ratio == pytest.approx(1, abs=5 / np.sqrt(size))


def test_the_summary_is_the_library_s_prediction(evaluate):
    parameters, n_draws = _parameters(DEFAULT), 30
    noise = normals(5, -2, n_draws * DEFAULT.n_weights).reshape(n_draws, -1)
    latents = MeanField().draw(tf.constant(parameters), tf.constant(noise)).numpy()
    prediction = bnn.prediction.predict_draws(model_of(DEFAULT), latents, DATA.x)
    got = evaluate("summary", parameters=parameters.tolist(), noise=noise.ravel().tolist(), nCurves=4)
    np.testing.assert_allclose(got["mean"], prediction.mean, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(got["std"], prediction.epistemic_std, rtol=1e-9)
    np.testing.assert_allclose(got["curves"], prediction.draws[:4], rtol=1e-9, atol=1e-12)


# --- bit for bit


@pytest.mark.parametrize("case", CASES)
def test_a_seed_gives_the_same_run_bit_for_bit_in_the_engine_and_in_numpy(evaluate, case):
    network, n_draws, kl_weight = CASES[case]
    expected = portable_training.train(
        network, X, DATA.y, seed=11, n_steps=200, n_draws=n_draws, kl_weight=kl_weight
    )
    settings = {"seed": 11, "nSteps": 200, "nDraws": n_draws, "klWeight": kl_weight}
    got = evaluate("train", network, settings=settings, parts=[1, 50, 149], digest=True)
    assert got["failed"] is None
    assert got["step"] == 200
    assert got["digest"] == portable_training.digest(expected.parameters)
    np.testing.assert_array_equal(got["logLikelihood"], expected.log_likelihood)
    np.testing.assert_array_equal(got["kl"], expected.kl)


def test_in_parts_and_whole_a_run_is_the_same_and_ends(evaluate):
    settings = {"seed": 0, "nSteps": 30}
    whole, parts = (evaluate("train", settings=settings, parts=parts) for parts in ([30], [1, 2, 7, 100, 5]))
    assert whole == parts
    other = evaluate("train", settings={**settings, "seed": 1}, parts=[30])
    assert other["parameters"] != whole["parameters"]


# --- bad states


@pytest.mark.parametrize(
    ("settings", "noise_std", "latest"),
    [({"learningRate": 1e6}, 0.1, 50), ({}, 1e-200, 0), ({"initialStd": 1e200}, 0.1, 0)],
    ids=["rate", "noise", "start"],
)
def test_what_diverges_stops_at_finite_numbers(evaluate, settings, noise_std, latest):
    network = DEFAULT._replace(noise_std=noise_std)
    got = evaluate("train", network, settings={"seed": 0, "nSteps": 50, **settings}, parts=[20, 30])
    assert got["failed"] == got["step"] <= latest
    for name in ("parameters", "logLikelihood", "kl"):
        assert np.all(np.isfinite(np.array(got[name], float)))


def test_without_points_the_posterior_becomes_the_prior(evaluate):
    settings = {"seed": 0, "nSteps": 1000}
    got = evaluate("train", data={"x": [], "y": []}, settings=settings, parts=[1000])
    assert got["logLikelihood"] == [0] * 1000
    assert got["kl"][-1] < 1e-6 < got["kl"][0]


def test_activations_have_the_library_s_names():
    assert set(portable_training.ACTIVATIONS) <= set(ACTIVATIONS)
