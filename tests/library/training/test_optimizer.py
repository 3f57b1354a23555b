"""Adam, step by step after its paper, and the schedules."""

import numpy as np
import pytest
import tensorflow as tf

import bayesian_nn as bnn
from bayesian_nn.training.optimizer import schedule_of


def follow(adam, gradients, rates):
    state = adam.start(np.zeros_like(gradients[0]))
    path = []
    for gradient, rate in zip(gradients, rates, strict=True):
        state = adam.step(state, tf.constant(gradient), rate)
        path.append(state.parameters.numpy())
    return path


def test_adam_is_algorithm_1_of_its_paper():
    random = np.random.default_rng(0)
    gradients, rates = random.normal(size=(6, 2, 3)), random.uniform(0.01, 0.1, 6)
    expected, parameters, first, second = [], 0, 0, 0
    for t, (gradient, rate) in enumerate(zip(gradients, rates, strict=True), start=1):
        first = 0.8 * first + 0.2 * gradient
        second = 0.95 * second + 0.05 * gradient**2
        unbiased, square = first / (1 - 0.8**t), second / (1 - 0.95**t)
        parameters = parameters - rate * unbiased / (np.sqrt(square) + 1e-3)
        expected.append(parameters)
    adam = bnn.Adam(beta1=0.8, beta2=0.95, epsilon=1e-3)
    np.testing.assert_allclose(follow(adam, gradients, rates), expected, rtol=1e-12)


def test_of_a_constant_gradient_every_step_is_the_rate_whatever_its_size():
    gradients = np.tile([[1e-3, -1.0, 1e4]], (5, 1, 1))
    path = follow(bnn.Adam(epsilon=1e-30), gradients, np.full(5, 0.1))
    np.testing.assert_allclose(path[-1], [[-0.5, 0.5, -0.5]], rtol=1e-10)


@pytest.mark.parametrize("n_steps", [1, 2, 10, 1000])
@pytest.mark.parametrize("warmup", [0, 0.2, 0.9])
def test_warm_up_then_cosine(n_steps, warmup):
    rates = bnn.WarmupCosine(peak=0.3, warmup=warmup).rates(n_steps)
    assert rates.shape == (n_steps,)
    assert np.all((rates > 0) & (rates <= 0.3))
    if n_steps == 1000:
        top = int(warmup * n_steps)
        assert rates[top] == pytest.approx(0.3, rel=0.02)
        assert np.all(np.diff(rates[:top]) > 0)
        assert np.all(np.diff(rates[top:]) < 0)
        middle = top + (n_steps - top) // 2
        assert rates[middle] == pytest.approx(0.15)
        assert rates[-1] < 0.01


def test_step_decay_is_the_post_s():
    rates = bnn.StepDecay(0.1, factor=0.9, every=100).rates(301)
    np.testing.assert_allclose(rates[[0, 99, 100, 199, 200, 300]], [0.1, 0.1, 0.09, 0.09, 0.081, 0.0729])
    np.testing.assert_array_equal(bnn.StepDecay(0.1).rates(250), np.full(250, 0.1))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: bnn.WarmupCosine(peak=-0.1), "peak must be a finite number above zero; got -0.1"),
        (lambda: bnn.WarmupCosine(peak=np.inf), "peak must be a finite number"),
        (lambda: bnn.WarmupCosine(warmup=1), "warmup must be a number from 0 to 1, and not 1; got 1"),
        (lambda: bnn.StepDecay(0), "initial must be a finite number above zero; got 0"),
        (lambda: bnn.StepDecay(np.nan), "initial must be a finite number above zero"),
        (lambda: bnn.StepDecay(0.1, factor=1.1), "factor must be a number from 0 to 1, and not 0; got 1.1"),
        (lambda: bnn.StepDecay(0.1, every=0), "every must be a whole number, 1 or more; got 0"),
        (lambda: bnn.Adam(beta1=1), "beta1 must be a number from 0 to 1, and not 1; got 1"),
        (lambda: bnn.Adam(beta2=-0.1), "beta2 must be .* got -0.1"),
        (lambda: bnn.WarmupCosine(peak=True), "peak must be .* got True"),
        (lambda: bnn.StepDecay("fast"), "initial must be .* got 'fast'"),
        (lambda: bnn.Adam(learning_rate=-0.1), "learning_rate must be a finite number above zero; got -0.1"),
        (
            lambda: bnn.Adam(learning_rate="fast"),
            r"learning_rate must be a number, or a schedule such as .* got 'fast'",
        ),
        (lambda: bnn.Adam(learning_rate=bnn.StepDecay), r"learning_rate must be a number, .* got <class"),
        (lambda: bnn.Adam(epsilon=0), "epsilon must be a finite number above zero; got 0"),
    ],
)
def test_wrong_settings_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("rate", [1, 0.25, np.float32(0.25), np.int64(1)], ids=repr)
def test_a_number_is_a_constant_rate(rate):
    adam = bnn.Adam(learning_rate=rate)
    assert adam == bnn.Adam(bnn.StepDecay(float(rate)))
    np.testing.assert_array_equal(adam.learning_rate.rates(300), np.full(300, rate))


def test_a_schedule_is_asked_for_under_the_caller_s_name():
    schedule = bnn.StepDecay(1.0, 0.5, every=1)
    assert schedule_of("step_size", schedule) is schedule
    with pytest.raises(ValueError, match=r"step_size must be a number, or a schedule .* got Adam\("):
        schedule_of("step_size", bnn.Adam())
