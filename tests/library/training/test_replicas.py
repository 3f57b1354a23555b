"""The stream of steps: every image once an epoch, the KL once, noise of the seed and the step alone."""

from dataclasses import dataclass

import numpy as np
import pytest
import tensorflow as tf

import bayesian_nn as bnn
from bayesian_nn.model.model import log_likelihood
from bayesian_nn.objectives.elbo import ElboParts, analytic_kl
from bayesian_nn.training.classifier_run import ClassifierSettings
from bayesian_nn.training.optimizer import AdamState
from bayesian_nn.training.replicas import stream_steps

N_IMAGES = 12
LABELS = np.arange(N_IMAGES) % 3
IMAGES = np.random.default_rng(0).uniform(size=(N_IMAGES, 2, 2)).astype(np.float32)
DATA = bnn.LabelledImages(IMAGES, LABELS, ("a", "b", "c"))
MODEL = bnn.Model((4, 5, 3), bnn.Categorical(3), prior=bnn.GaussianPrior(0.1), activation="relu")
OBJECTIVES = [bnn.LocalReparameterisation(), bnn.LocalReparameterisation(2, 0.3), bnn.objectives.Flipout(3)]


@dataclass(frozen=True)
class Standstill(bnn.Adam):
    """Stays where it is, and shows the gradient as the first moment, the rate as the second."""

    def step(self, state, gradient, rate):
        return AdamState(state.step + 1, state.parameters, gradient, 0 * gradient + rate)


def steps(*, model=MODEL, data=DATA, parameters=None, first_step=0, **arguments):
    settings = ClassifierSettings(
        **{
            "model": model,
            "posterior": bnn.MeanField(),
            "objective": bnn.LocalReparameterisation(),
            "optimizer": Standstill(bnn.StepDecay(0.1, 0.5, 2)),
            "seed": 0,
            "n_epochs": 1,
            "batch_size": 3,
            "kl_warmup": 0.0,
        }
        | arguments
    )
    if parameters is None:
        parameters = settings.posterior.initial(model, seed=0)[0]
    start = AdamState(np.int32(first_step), parameters, 0 * parameters, 0 * parameters)
    for state, parts in stream_steps(settings, data, start):
        yield *(part.numpy() for part in state), parts.numpy()


# --- the objective of an epoch


@pytest.mark.parametrize("batch_size", [3, 6, 12])
@pytest.mark.parametrize("objective", OBJECTIVES, ids=repr)
def test_an_epoch_s_gradients_average_to_that_of_all_data_less_one_kl(objective, batch_size):
    mean = np.random.default_rng(1).normal(size=MODEL.n_latents)
    # Without noise to speak of, so that all batches have the same.
    parameters = bnn.MeanField().parameters(mean, np.full_like(mean, 1e-5))
    taken = list(steps(parameters=parameters, objective=objective, batch_size=batch_size))
    assert len(taken) == N_IMAGES // batch_size
    exact = tf.constant(parameters, tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(exact)
        values = log_likelihood(MODEL, exact[: MODEL.n_latents], MODEL.inputs(IMAGES), LABELS)
        kl = analytic_kl(MODEL, bnn.MeanField(), exact)
        loss = -(values - objective.kl_weight * kl)
    gradient = np.mean([first_moment for _, _, first_moment, *_ in taken], axis=0)
    np.testing.assert_allclose(gradient, tape.gradient(loss, exact), rtol=1e-3, atol=2e-3)
    parts = np.mean([parts for *_, parts in taken], axis=0)
    np.testing.assert_allclose(parts, [values, kl], rtol=1e-4)
    # Twice the KL, or none, would be seen.
    assert objective.kl_weight * np.abs(mean).max() / 0.1**2 > 10


@pytest.mark.parametrize(
    ("kl_warmup", "kl_weight", "expected"),
    [
        (0.0, 1.0, [1] * 8),
        (0.5, 1.0, [0.25, 0.5, 0.75, 1, 1, 1, 1, 1]),
        (0.5, 0.1, [0.025, 0.05, 0.075, 0.1, 0.1, 0.1, 0.1, 0.1]),
        (0.05, 1.0, [1] * 8),
    ],
)
def test_the_kl_s_weight_rises_along_a_line_to_the_objective_s(kl_warmup, kl_weight, expected):
    # Of black images the first layer's weights say nothing: all that moves them is the KL.
    dark = bnn.LabelledImages(0 * IMAGES, LABELS, DATA.class_names)
    mean = np.random.default_rng(1).normal(size=MODEL.n_latents)
    parameters = bnn.MeanField().parameters(mean, np.full_like(mean, 0.1))
    objective = bnn.LocalReparameterisation(kl_weight=kl_weight)
    settings = {"objective": objective, "kl_warmup": kl_warmup, "n_epochs": 2}
    gradients = np.stack([taken[2] for taken in steps(data=dark, parameters=parameters, **settings)])
    weights = gradients[:, :20] / (mean[:20] / MODEL.prior.std**2)
    np.testing.assert_allclose(weights, np.repeat(np.array(expected)[:, None], 20, axis=1), rtol=1e-4)


def test_every_step_has_its_learning_rate_also_after_a_pause():
    rates = [taken[3][0] for taken in steps(n_epochs=2)]
    np.testing.assert_allclose(rates, [0.1, 0.1, 0.05, 0.05, 0.025, 0.025, 0.0125, 0.0125], rtol=1e-6)
    later = list(steps(n_epochs=2, first_step=5))
    assert [int(taken[0]) for taken in later] == [6, 7, 8]
    np.testing.assert_array_equal([taken[3][0] for taken in later], rates[5:])


# --- what a step sees


@dataclass(frozen=True)
class Seen:
    """An objective that tells what it is given: which images, or their noise, as numbers of its own."""

    what: str = "images"
    n_draws: int = 2
    kl_weight: float = 1.0

    def noise_sizes(self, model):
        return 3, 2

    def __call__(self, model, posterior, parameters, noise, inputs, targets, *, n_points):
        assert (noise.shape, n_points) == ((2, 3 * targets.shape[0] + 2), N_IMAGES)
        nothing = 0 * tf.reduce_sum(parameters)
        if self.what == "noise":
            return ElboParts(nothing + tf.reduce_sum(noise), nothing + tf.reduce_sum(noise**2))
        bits = tf.reduce_sum(2.0 ** tf.cast(targets, tf.float32))
        apart = tf.reduce_max(tf.abs(inputs[:, 0] * (N_IMAGES - 1) - tf.cast(targets, tf.float32)))
        return ElboParts(nothing + bits, nothing + apart)


# Every image its own class, which its pixels show.
TOLD_APART = bnn.LabelledImages(
    np.repeat(np.arange(N_IMAGES) / (N_IMAGES - 1), 4).reshape(N_IMAGES, 2, 2),
    np.arange(N_IMAGES),
    "abcdefghijkl",
)


@pytest.mark.parametrize("batch_size", [3, 5, 12])
def test_an_epoch_sees_every_image_at_most_once_with_its_label_and_the_next_in_another_order(batch_size):
    model = bnn.Model(
        (4, N_IMAGES), bnn.Categorical((4, N_IMAGES)[-1]), prior=bnn.GaussianPrior(0.1), activation="relu"
    )
    settings = {"model": model, "data": TOLD_APART, "objective": Seen(), "n_epochs": 40}
    parts = np.stack([taken[-1] for taken in steps(batch_size=batch_size, **settings)])
    np.testing.assert_allclose(parts[:, 1], 0, atol=1e-4)
    rows = parts[:, 0].astype(int)[:, None] >> np.arange(N_IMAGES) & 1
    np.testing.assert_array_equal(rows.sum(axis=1), batch_size)
    per_epoch = N_IMAGES // batch_size
    assert len(rows) == 40 * per_epoch
    assert rows.reshape(40, per_epoch, N_IMAGES).sum(axis=1).max() == 1
    # How often each was seen is binomial: sd of at most 3.2 for 40 epochs.
    assert np.all(np.abs(rows.sum(axis=0) - 40 * per_epoch * batch_size / N_IMAGES) < 5 * 3.2)
    if batch_size < N_IMAGES:
        orders = {tuple(epoch.ravel()) for epoch in rows.reshape(40, per_epoch, N_IMAGES)}
        assert len(orders) > 35
    other = next(steps(batch_size=batch_size, seed=1, **settings))[-1]
    assert batch_size == N_IMAGES or other[0] != parts[0, 0]


def test_the_noise_is_standard_normal_and_new_in_every_step_of_every_seed():
    settings = {"objective": Seen("noise"), "n_epochs": 50, "batch_size": 3}
    sums, squares = np.stack([taken[-1] for taken in steps(**settings)]).T
    n_each, n_steps = 2 * (3 * 3 + 2), len(sums)
    assert len(np.unique(sums)) == n_steps == 200
    assert abs(sums.mean()) < 5 * np.sqrt(n_each / n_steps)
    assert abs(squares.mean() - n_each) < 5 * np.sqrt(2 * n_each / n_steps)
    assert abs(sums.var() - n_each) < 5 * n_each * np.sqrt(2 / n_steps)
    assert abs(np.corrcoef(sums[1:], sums[:-1])[0, 1]) < 5 / np.sqrt(n_steps)
    others = np.stack([taken[-1] for taken in steps(**settings | {"n_epochs": 1, "seed": 1})])
    assert not set(others[:, 0]) & set(sums)
    later = np.stack([taken[-1] for taken in steps(**settings, first_step=150)])
    np.testing.assert_array_equal(later[:, 0], sums[150:])
