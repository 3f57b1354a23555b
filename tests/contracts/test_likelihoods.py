"""What every likelihood keeps: rows are members, columns are laws."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import optimize, special, stats

from bayesian_nn.likelihoods.bernoulli import Bernoulli
from bayesian_nn.likelihoods.categorical import Categorical
from bayesian_nn.likelihoods.gaussian import Gaussian, LearnedNoise
from bayesian_nn.likelihoods.heteroscedastic import HeteroscedasticGaussian
from bayesian_nn.likelihoods.negative_binomial import LearnedDispersion, NegativeBinomial
from bayesian_nn.likelihoods.poisson import Poisson
from bayesian_nn.likelihoods.several import Several
from bayesian_nn.likelihoods.student_t import LearnedDof, StudentT
from bayesian_nn.runtime.tagged_json import from_tagged, to_tagged
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.run_file import KINDS

MEMBERS = {
    "known noise": Gaussian(0.3),
    "learned noise": Gaussian(LearnedNoise(0.3)),
    "heteroscedastic": HeteroscedasticGaussian(0.3, 0.9),
    "heteroscedastic, rounded": HeteroscedasticGaussian(0.3, 0.9, resolution=0.8),
    "Student-t": StudentT(0.3, 4.5),
    "Student-t, learned scale": StudentT(LearnedNoise(0.3), 1.5),
    "Student-t, all learned": StudentT(LearnedNoise(0.3), LearnedDof()),
    "Bernoulli": Bernoulli(),
    "categorical": Categorical(4),
    "Poisson": Poisson(),
    "negative binomial": NegativeBinomial(0.4),
    "negative binomial, learned": NegativeBinomial(LearnedDispersion()),
    "several": Several((Gaussian(LearnedNoise(0.3)), HeteroscedasticGaussian(0.2), Gaussian(0.1))),
    "several, mixed": Several(
        (StudentT(LearnedNoise(0.3)), NegativeBinomial(LearnedDispersion()), Bernoulli())
    ),
}
REAL = (Gaussian, HeteroscedasticGaussian, StudentT)
COUNTS = (Poisson, NegativeBinomial)
every = pytest.mark.parametrize("member", MEMBERS.values(), ids=MEMBERS)
OF_ONE = {name: member for name, member in MEMBERS.items() if member.n_targets == 1}
every_of_one_target = pytest.mark.parametrize("member", OF_ONE.values(), ids=OF_ONE)


def units(member, shift=1.5, scale=1.7):
    if member.n_targets == 1:
        return SimpleNamespace(y_shift=shift, y_scale=scale, columns=None)
    each = range(member.n_targets)
    return SimpleNamespace(
        y_shift=tuple(shift + i for i in each), y_scale=tuple(scale / (1 + i) for i in each)
    )


def example(member, shape, seed=0):
    """Returns outputs, unknowns (the same along the last axis) and y drawn for them, of this shape."""
    random = np.random.default_rng(seed)
    outputs = [random.normal(0.3, 0.7, shape) for _ in range(member.n_outputs)]
    unknowns = [unknown.start + random.normal(0, 0.3, (*shape[:-1], 1)) for unknown in member.unknowns]
    return outputs, unknowns, member.sample(outputs, unknowns, units(member), random)


def targets_of(member, y, scaling):
    """Returns the list of targets, each of the shape that y has for one target."""
    columns = np.reshape(y, (-1, member.n_targets))
    columns = member.targets(columns if member.n_targets > 1 else columns[:, 0], scaling)
    return [column.reshape(np.shape(y)[: np.ndim(y) - (member.n_targets > 1)]) for column in columns.T]


def tensors(arrays, dtype=tf.float64):
    return [tf.cast(array, dtype) for array in arrays]


def log_density(member, outputs, unknowns, y, scaling=None):
    scaling = units(member) if scaling is None else scaling
    targets, y_scale = tensors(targets_of(member, y, scaling)), list(np.atleast_1d(scaling.y_scale))
    return member.log_density(tensors(outputs), tensors(unknowns), targets, y_scale).numpy()


def grid_of(member):
    """Returns y, and the weights by which a density there is integrated or a probability summed."""
    if isinstance(member, REAL):
        u = np.linspace(-18, 18, 20_001)
        return 1.5 + 0.1 * np.sinh(u), 0.1 * np.cosh(u) * (u[1] - u[0])
    n = 3_000 if isinstance(member, COUNTS) else getattr(member, "n_classes", 2)
    return np.arange(float(n)), np.ones(n)


def by_scipy(member, outputs, unknowns, y, scaling):
    """The log density once more, of one target, by SciPy's distributions."""
    log_values = iter(unknowns)

    def value(parameter):
        return np.exp(next(log_values)) if isinstance(parameter, tuple) else parameter

    first = scaling.y_shift + scaling.y_scale * outputs[0]
    match member:
        case Gaussian():
            return stats.norm.logpdf(y, first, value(member.noise_std))
        case HeteroscedasticGaussian():
            std = member.noise_std * np.exp(5 * np.tanh(member.log_std * outputs[1] / 5))
            return stats.norm.logpdf(y, first, np.sqrt(std**2 + member.resolution**2 / 12))
        case StudentT():
            scale = value(member.scale)
            dof = 2 * isinstance(member.dof, tuple) + value(member.dof)
            return stats.t.logpdf(y, dof, first, scale)
        case Bernoulli():
            return stats.bernoulli.logpmf(y, special.expit(outputs[0]))
        case Categorical():
            log_p = special.log_softmax(outputs, axis=0)
            return np.take_along_axis(log_p, np.asarray(y, int)[None], axis=0)[0]
        case Poisson():
            return stats.poisson.logpmf(y, np.exp(outputs[0]))
        case NegativeBinomial():
            dispersion, rate = value(member.dispersion), np.exp(outputs[0])
            return stats.nbinom.logpmf(y, 1 / dispersion, 1 / (1 + dispersion * rate))


def part_by_part(several, outputs, unknowns):
    outputs, unknowns = iter(outputs), iter(unknowns)
    for i, part in enumerate(several.parts):
        own = [next(outputs) for _ in range(part.n_outputs)], [next(unknowns) for _ in part.unknowns]
        scaling = units(several)
        yield (
            i,
            part,
            *own,
            SimpleNamespace(y_shift=scaling.y_shift[i], y_scale=scaling.y_scale[i], columns=None),
        )


@every
def test_the_density_is_scipy_s(member):
    outputs, unknowns, y = example(member, (5, 40))
    if member.n_targets == 1:
        expected = by_scipy(member, outputs, unknowns, y, units(member))
    else:
        each = part_by_part(member, outputs, unknowns)
        expected = sum(by_scipy(part, f, t, y[..., i], scaling) for i, part, f, t, scaling in each)
    np.testing.assert_allclose(log_density(member, outputs, unknowns, y), expected, rtol=1e-8, atol=1e-8)


@every_of_one_target
def test_the_density_integrates_to_one_and_samples_follow_it(member):
    (outputs, unknowns, _), (y, weights) = example(member, (1, 1)), grid_of(member)
    probabilities = weights * np.exp(log_density(member, outputs, unknowns, y[None])[0])
    assert probabilities.sum() == pytest.approx(1, abs=1e-6)
    n = 100_000
    sample = member.sample(
        [np.repeat(f, n, axis=1) for f in outputs], unknowns, units(member), np.random.default_rng(0)
    )
    below = np.cumsum(probabilities)
    # Half of a grid point's own weight, where the distribution has a density.
    half = 0.5 * probabilities * isinstance(member, REAL)
    for place in np.searchsorted(below, [0.05, 0.3, 0.6, 0.9]):
        expected = below[place] - half[place]
        error = np.sqrt(expected * (1 - expected) / n) + 1e-4 * isinstance(member, REAL)
        assert abs(np.mean(sample <= y[place]) - expected) < 5 * error + 1e-9


@every
def test_no_value_depends_on_the_layout_on_compilation_or_much_on_the_precision(member):
    outputs, unknowns, y = example(member, (3, 7))
    expected = log_density(member, outputs, unknowns, y)
    targets, y_scale = targets_of(member, y, units(member)), list(np.atleast_1d(units(member).y_scale))
    compiled = tf.function(member.log_density, jit_compile=True)
    transposed = [tensors([a.T for a in arrays]) for arrays in (outputs, unknowns, targets)]
    np.testing.assert_allclose(compiled(*transposed, tensors(y_scale)).numpy().T, expected, rtol=1e-9)
    single = [tensors(arrays, tf.float32) for arrays in (outputs, unknowns)]
    values = compiled(*single, targets, y_scale)
    assert values.dtype == tf.float32
    np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-4)


@every
def test_what_is_far_out_has_finite_densities_and_gradients(member):
    _, unknowns, y = example(member, (1, 2))
    outputs = [np.array([[200.0, -200.0]]) * (-1) ** i for i in range(member.n_outputs)]
    variables = tensors([*outputs, *unknowns], tf.float32)
    n, targets, y_scale = (
        len(outputs),
        targets_of(member, y, units(member)),
        np.atleast_1d(units(member).y_scale),
    )
    with tf.GradientTape() as tape:
        tape.watch(variables)
        values = member.log_density(variables[:n], variables[n:], targets, list(y_scale))
    assert np.all(np.isfinite(values))
    assert np.all([np.all(np.isfinite(gradient)) for gradient in tape.gradient(values, variables)])


@every
def test_gradients_are_finite_differences(member):
    outputs, unknowns, y = example(member, (2, 3))
    n, places = len(outputs), [np.broadcast_to(a, (2, 3)) for a in (*outputs, *unknowns)]
    variables = tensors(places)
    targets, y_scale = (
        tensors(targets_of(member, y, units(member))),
        list(np.atleast_1d(units(member).y_scale)),
    )
    with tf.GradientTape() as tape:
        tape.watch(variables)
        total = tf.reduce_sum(member.log_density(variables[:n], variables[n:], targets, y_scale))
    for i, gradient in enumerate(tape.gradient(total, variables)):
        values = []
        for step in (1e-5, -1e-5):
            moved = [place + step * (i == j) for j, place in enumerate(places)]
            values.append(log_density(member, moved[:n], moved[n:], y))
        np.testing.assert_allclose(gradient, (values[0] - values[1]) / 2e-5, rtol=1e-4, atol=1e-4)


@every
def test_curvature_is_the_mean_of_minus_the_hessian(member):
    n_samples, n = 40_000, member.n_outputs
    outputs, unknowns, _ = example(member, (1, 2), seed=1)
    outputs, unknowns = [[np.broadcast_to(a, (n_samples, 2)) for a in each] for each in (outputs, unknowns)]
    y = member.sample(outputs, unknowns, units(member), np.random.default_rng(2))
    variables, y_scale = tensors([*outputs, *unknowns]), list(np.atleast_1d(units(member).y_scale))
    targets = tensors(targets_of(member, y, units(member)))
    with tf.GradientTape(persistent=True) as outer:
        outer.watch(variables)
        with tf.GradientTape() as inner:
            inner.watch(variables)
            total = tf.reduce_sum(member.log_density(variables[:n], variables[n:], targets, y_scale))
        gradients = inner.gradient(total, variables)
    curvature = member.curvature([f[:1] for f in outputs], [t[:1] for t in unknowns], y_scale)
    scale = np.sqrt([np.max(curvature[i][i]) for i in range(len(variables))])
    for i, gradient in enumerate(gradients):
        for j, row in enumerate(outer.gradient(gradient, variables)):
            hessian = np.zeros(y.shape[:2]) if row is None else -row.numpy()
            error = hessian.std(axis=0) / np.sqrt(n_samples)
            close = np.abs(hessian.mean(axis=0) - curvature[i][j]) < 5 * error + 1e-9 * scale[i] * scale[j]
            assert np.all(close), (i, j)
            # So small that a factor of a half would be noticed.
            assert np.all(error < 0.05 * scale[i] * scale[j])
            assert np.array_equal(curvature[i][j], curvature[j][i])


def record_of(member, shape=(6, 5), seed=3):
    """Returns the record of some draws, what it was made of, and y `[n_points]`."""
    outputs, unknowns, y = example(member, shape, seed)
    t = np.reshape([t[:, 0] for t in unknowns], (-1, shape[0])).T
    x = np.zeros((shape[1], 1))
    return member.prediction(x, np.stack(outputs, axis=1), t, units(member)), outputs, unknowns, y[0]


@every
def test_the_record_s_density_is_the_mean_over_draws(member):
    record, outputs, unknowns, y = record_of(member)
    of_draws = log_density(member, outputs, unknowns, np.broadcast_to(y, (6, *y.shape)))
    expected = special.logsumexp(of_draws, axis=0) - np.log(6)
    np.testing.assert_allclose(record.log_density(y), expected, rtol=1e-8)
    assert record.mean.shape[0] == 5


@every
def test_no_constant_is_better_than_the_constant_log_likelihood_and_one_reaches_it(member):
    outputs, unknowns, _ = example(member, (1, 1), seed=5)
    y = member.sample(
        [f + np.linspace(-1, 1, 50)[None] for f in outputs], unknowns, units(member), np.random.default_rng(5)
    )
    n, start = member.n_outputs, np.ravel([*outputs, *unknowns])
    targets, scaling = (
        tensors(targets_of(member, y, units(member))),
        list(np.atleast_1d(units(member).y_scale)),
    )

    @tf.function
    def total(values):
        values = tf.reshape(values, [-1, 1, 1])
        columns = tf.unstack(values)
        density = member.log_density(columns[:n], columns[n:], targets, scaling)
        return -tf.reduce_sum(density), values

    def loss(values):
        values = tf.constant(values)
        with tf.GradientTape() as tape:
            tape.watch(values)
            value = total(values)[0]
        return float(value), tape.gradient(value, values).numpy()

    limit = member.constant_log_likelihood(y[0])
    scan = start + np.random.default_rng(6).normal(0, 1, (100, len(start)))
    assert max(-float(total(tf.constant(values))[0]) for values in scan) <= limit
    found = optimize.minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-6})
    assert -found.fun == pytest.approx(limit, abs=1e-3)


@every_of_one_target
def test_the_density_is_that_of_y_in_its_own_units(member):
    outputs, unknowns, y = example(member, (2, 6))
    plain = SimpleNamespace(y_shift=0.0, y_scale=1.0, columns=None)
    in_units = [1.5 + 1.7 * outputs[0], *outputs[1:]] if isinstance(member, REAL) else outputs
    values = [log_density(member, outputs, unknowns, y), log_density(member, in_units, unknowns, y, plain)]
    np.testing.assert_allclose(*values, rtol=1e-9)


@every
def test_equal_members_are_one_key_and_come_back_from_json(member):
    stored = json.loads(json.dumps(to_tagged("likelihood", member, KINDS)))
    again = from_tagged("likelihood", stored, KINDS)
    assert again == member
    assert hash(again) == hash(member)
    assert len({*MEMBERS.values(), again}) == len(MEMBERS)
