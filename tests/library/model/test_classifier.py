"""The classifier: its likelihood against scikit-learn, its noise against drawn weights, its gradient."""

import numpy as np
import pytest
import tensorflow as tf
from sklearn.metrics import log_loss
from truths.finite_differences import assert_gradient_is_that_of_finite_differences
from truths.made_by_hand import parameters_of

import bayesian_nn as bnn
from bayesian_nn.model.model import log_likelihood
from bayesian_nn.model.network import outputs
from bayesian_nn.objectives.elbo import analytic_kl, objective_noise_shape
from bayesian_nn.runtime.tensorflow import tfp

FAMILY = bnn.MeanField()
BOTH = pytest.mark.parametrize(
    "kind", [bnn.LocalReparameterisation, bnn.objectives.Flipout], ids=lambda kind: kind.__name__
)
PRIORS = pytest.mark.parametrize(
    "prior",
    [bnn.GaussianPrior(0.3), bnn.priors.ScaleMixturePrior(), bnn.priors.RelevancePrior()],
    ids=lambda p: type(p).__name__,
)


def problem(sizes=(6, 5, 4, 3), prior=None, n_images=7, activation="tanh"):
    """A model, its inputs and targets, and means and sds of its weights."""
    random = np.random.default_rng(0)
    model = bnn.Model(
        sizes, bnn.Categorical(sizes[-1]), prior=prior or bnn.GaussianPrior(0.3), activation=activation
    )
    images = random.uniform(size=(n_images, 2, sizes[0] // 2))
    labels = np.arange(n_images) % sizes[-1]
    mean = random.normal(size=model.n_latents)
    inputs = model.inputs(images).astype(np.float64)
    return model, inputs, model.targets(labels), mean, 0.4 * random.uniform(0.5, 1.5, mean.shape)


def noise_for(kind, model, n_draws, n_images, *leading, seed=1):
    shape = objective_noise_shape(kind(n_draws), model, FAMILY, n_images)
    return np.random.default_rng(seed).normal(size=(*leading, *shape))


# --- the likelihood


@pytest.mark.parametrize("leading", [(), (4,), (2, 3)], ids=str)
def test_the_likelihood_is_the_log_loss_of_a_few_lines_of_numpy(leading):
    model, inputs, labels, *_ = problem()
    latents = np.random.default_rng(2).normal(size=(*leading, model.n_latents))

    def by_hand(weights):
        hidden = inputs
        for place, (n_in, n_out) in enumerate(model.layers):
            kernel, biases, weights = np.split(weights, [n_in * n_out, (n_in + 1) * n_out])
            hidden = (np.tanh if place else lambda units: units)(hidden) @ kernel.reshape(
                n_in, n_out
            ) + biases
        probabilities = np.exp(hidden) / np.exp(hidden).sum(axis=1, keepdims=True)
        return -len(labels) * log_loss(labels, probabilities)

    expected = [by_hand(weights) for weights in latents.reshape(-1, model.n_latents)]
    values = log_likelihood(model, latents, inputs, labels)
    np.testing.assert_allclose(values, np.reshape(expected, leading), rtol=1e-10)


def test_every_image_s_density_is_the_categorical_s():
    model, inputs, labels, mean, _ = problem()
    logits = outputs(model, mean, inputs)
    categorical = tfp.distributions.Categorical(logits=tf.transpose(logits))
    np.testing.assert_allclose(
        model.log_densities(logits, mean, labels), categorical.log_prob(labels), rtol=1e-10
    )


def test_logits_of_any_size_have_a_finite_likelihood_and_gradient():
    model, logits = (
        bnn.Model((6, 3), bnn.Categorical(3), prior=bnn.GaussianPrior(0.1), activation="relu"),
        tf.constant([[1e4, -1e4], [0, 0], [-1e4, 1e4]], tf.float32),
    )
    with tf.GradientTape() as tape:
        tape.watch(logits)
        densities = model.log_densities(logits, None, np.array([0, 0]))
    np.testing.assert_array_equal(densities, [0, -2e4])
    assert np.all(np.isfinite(tape.gradient(densities, logits)))


def test_an_image_s_pixels_go_in_row_by_row():
    model, images = (
        bnn.Model((6, 2), bnn.Categorical(2), prior=bnn.GaussianPrior(0.1), activation="relu"),
        np.random.default_rng(0).uniform(size=(4, 2, 3)),
    )
    inputs = model.inputs(images)
    np.testing.assert_array_equal(inputs, images.reshape(4, 6).astype(np.float32))
    np.testing.assert_array_equal(model.inputs(inputs), inputs)


def test_images_of_one_norm_differ_in_brightness_no_more():
    model, images = (
        bnn.Model(
            (6, 2),
            bnn.Categorical(2),
            prior=bnn.GaussianPrior(0.1),
            activation="relu",
            scaling=bnn.data.PixelNorm(3),
        ),
        np.random.default_rng(0).uniform(size=(4, 2, 3)),
    )
    inputs = model.inputs(images)
    np.testing.assert_allclose(inputs, model.inputs(images * 0.01), rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(inputs, axis=1), 3, rtol=1e-6)
    np.testing.assert_allclose(inputs / inputs[:, :1], (images / images[:, :1, :1]).reshape(4, 6), rtol=1e-5)
    # One without anything on it stays so.
    np.testing.assert_array_equal(model.inputs(0 * images), 0)
    with pytest.raises(ValueError, match="input_norm must be a finite number above zero; got 0"):
        bnn.Model(
            (6, 2),
            bnn.Categorical(2),
            prior=bnn.GaussianPrior(0.1),
            activation="relu",
            scaling=bnn.data.PixelNorm(0),
        )


# --- its ELBO


@BOTH
def test_the_expected_log_likelihood_is_that_of_weights_drawn(kind):
    model, inputs, labels, mean, std = problem()
    drawn = mean + std * np.random.default_rng(5).normal(size=(20_000, model.n_latents))
    theirs = log_likelihood(model, drawn, inputs, labels).numpy()
    noise = noise_for(kind, model, 1, len(labels), 20_000)
    parameters = tf.repeat(parameters_of(mean, std)[None], 20_000, axis=0)
    ours = kind()(model, FAMILY, parameters, noise, inputs, labels).log_likelihood.numpy()
    error = np.sqrt((ours.var() + theirs.var()) / 20_000)
    assert abs(ours.mean() - theirs.mean()) < 5 * error
    # The weights' spread matters more than that.
    assert 20 * error < abs(theirs.mean() - log_likelihood(model, mean, inputs, labels).numpy())


@BOTH
@PRIORS
def test_the_gradient_is_that_of_finite_differences(kind, prior):
    model, inputs, labels, mean, std = problem(prior=prior)
    point, noise = parameters_of(mean, std), noise_for(kind, model, 2, len(labels))

    def elbo(parameters):
        each = np.broadcast_to(noise, (*parameters.shape[:-1], *noise.shape))
        return kind(2, 0.7)(model, FAMILY, parameters, each, inputs, labels, n_points=50).objective

    assert_gradient_is_that_of_finite_differences(elbo, point)


@BOTH
def test_a_batch_counts_for_all_images_and_the_kl_once(kind):
    model, inputs, labels, mean, std = problem()
    arguments = (noise_for(kind, model, 1, len(labels)), inputs, labels)
    part, whole = (
        kind()(model, FAMILY, parameters_of(mean, std), *arguments, n_points=n_points)
        for n_points in (70, None)
    )
    np.testing.assert_allclose(part.log_likelihood, 10 * whole.log_likelihood, rtol=1e-12)
    np.testing.assert_array_equal(part.kl, whole.kl)


def test_the_kl_is_tfp_s_in_the_softplus_parameters():
    model, *_, mean, std = problem()
    distribution = tfp.distributions.MultivariateNormalDiag
    prior = distribution(0 * mean, 0 * mean + 0.3)
    kl = tfp.distributions.kl_divergence(distribution(mean, std), prior)
    np.testing.assert_allclose(analytic_kl(model, FAMILY, parameters_of(mean, std)), kl, rtol=1e-9)


def test_a_prior_for_each_layer_is_that_layer_s_alone():
    priors = (bnn.GaussianPrior(0.3), bnn.priors.ScaleMixturePrior(), bnn.priors.RelevancePrior())
    model, *_, mean, std = problem(prior=list(priors))
    ends = np.cumsum([(n_in + 1) * n_out for n_in, n_out in model.layers])[:-1]
    layers = zip(priors, np.split(mean, ends), np.split(std, ends), strict=True)
    expected = sum(np.sum(prior.kl(*moments)) for prior, *moments in layers)
    np.testing.assert_allclose(model.kl(mean, std), expected, rtol=1e-12)
    many = model.kl(np.stack([mean, 2 * mean]), np.stack([std, std]))
    np.testing.assert_allclose(many, [expected, model.kl(2 * mean, std)], rtol=1e-12)
    same = bnn.Model(
        model.layer_sizes, bnn.Categorical(model.layer_sizes[-1]), prior=(priors[0],) * 3, activation="relu"
    )
    one = bnn.Model(
        model.layer_sizes, bnn.Categorical(model.layer_sizes[-1]), prior=priors[0], activation="relu"
    )
    np.testing.assert_allclose(same.kl(mean, std), one.kl(mean, std), rtol=1e-12)


# --- failures


def test_numpy_s_numbers_and_a_list_are_the_same_model():
    assert bnn.Model(
        [np.int64(784), 10],
        bnn.Categorical([np.int64(784), 10][-1]),
        prior=bnn.GaussianPrior(0.1),
        activation="relu",
    ) == bnn.Model(
        (784, 10), bnn.Categorical(10), prior=bnn.GaussianPrior(np.float64(0.1)), activation="relu"
    )
    model = bnn.Model(
        (784, 400, 400, 10), bnn.Categorical(10), prior=bnn.GaussianPrior(0.1), activation="relu"
    )
    assert (model.n_classes, model.n_weights) == (10, 784 * 400 + 400 * 400 + 400 * 10 + 810)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((784,),), r"layer_sizes must name at least the inputs and the output, as in \(784, 400, 400, 10\)"),
        (((784, 0, 10),), r"layer_sizes\[1\] must be a whole number, 1 or more; got 0"),
        (((784, 1),), r"layer_sizes must end in the number of classes, 2 or more; got \(784, 1\)"),
        (((784, 10), 0.1), r"prior must be one such as GaussianPrior\(0.1\).*; got 0.1"),
        (((784, 9, 10), [bnn.GaussianPrior(0.1)] * 3), "or one for each of the 2 layers; got"),
        (((784, 9, 10), [bnn.GaussianPrior(0.1), 0.1]), "or one for each of the 2 layers; got"),
        (((784, 10), bnn.GaussianPrior), "prior must be one such as"),
        (((784, 10), bnn.GaussianPrior(0.1), "step"), "activation must be one of tanh, .*; got 'step'"),
    ],
)
def test_a_wrong_classifier_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        bnn.Model(
            *arguments, bnn.Categorical(*arguments[-1]), prior=bnn.GaussianPrior(0.1), activation="relu"
        )


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((5, 8, 8)), r"height · width = 6, .* layer_sizes=\(6, 2\) begins; got \[5, 8, 8\]"),
        (np.zeros((5, 2, 3, 1)), r"got \[5, 2, 3, 1\]"),
        (np.zeros(6), r"got \[6\]"),
        (np.zeros((0, 2, 3)), r"got \[0, 2, 3\]"),
        (np.full((5, 2, 3), 255), "from 0 to 1; these go from 255 to 255. .* up to 255, divide them by 255"),
        (np.full((5, 2, 3), -0.1), "from 0 to 1; these go from -0.1"),
        (np.full((5, 2, 3), np.nan), "from 0 to 1; these go from nan"),
    ],
    ids=["size", "colour", "one", "none", "255", "negative", "NaN"],
)
def test_wrong_images_are_refused(images, message):
    with pytest.raises(ValueError, match=f"images must (be|have) .*{message}"):
        bnn.Model((6, 2), bnn.Categorical(2), prior=bnn.GaussianPrior(0.1), activation="relu").inputs(images)


@pytest.mark.parametrize("labels", [[0, 2], [-1, 0], [0.0, 1.0], [[0, 1]], ["0", "1"]], ids=str)
def test_wrong_labels_are_refused(labels):
    with pytest.raises(ValueError, match=r"labels must be whole numbers from 0 to 1, .* ends in 2 classes"):
        bnn.Model((6, 2), bnn.Categorical(2), prior=bnn.GaussianPrior(0.1), activation="relu").targets(labels)


OTHER_METHODS = {
    bnn.fit: {"seed": 0},
    bnn.sample_hmc: {"seed": 0},
    bnn.find_map: {"seed": 0},
    bnn.fit_dropout: {"seed": 0},
    bnn.fit_ensemble: {"seed": 0},
    bnn.sample_sgld: {"seed": 0, "step_size": 1e-3},
    bnn.sample_sghmc: {"seed": 0, "step_size": 1e-3},
    bnn.fit_ivon: {"seed": 0},
}


@pytest.mark.parametrize("method", OTHER_METHODS, ids=lambda method: method.__name__)
def test_other_methods_say_that_they_are_not_for_classifiers(method):
    data = bnn.LabelledImages(np.zeros((2, 2, 3)), [0, 1], ("a", "b"))
    message = r"model must be a Model; got Classifier\(.*for a Classifier there is fit_classifier"
    with pytest.raises(ValueError, match=message):
        method(
            bnn.Model((6, 2), bnn.Categorical(2), prior=bnn.GaussianPrior(0.1), activation="relu"),
            data,
            **OTHER_METHODS[method],
        )


def test_what_reads_other_models_says_that_it_is_not_for_classifiers():
    model = bnn.Model((6, 2), bnn.Categorical(2), prior=bnn.GaussianPrior(0.1), activation="relu")
    data = bnn.LabelledImages(np.zeros((2, 2, 3)), [0, 1], ("a", "b"))
    with pytest.raises(ValueError, match="there is fit_classifier"):
        bnn.objectives.estimate_elbo(model, FAMILY, np.zeros(28), data, seed=0)
    with pytest.raises(ValueError, match=r"model must be a Model; got Classifier"):
        bnn.draw_prior(model, 2, seed=0)
    with pytest.raises(ValueError, match=r"predict_classes\(run, images, \.\.\.\) predicts"):
        bnn.prediction.predict_draws(model, np.zeros((3, 14)), data.images.reshape(2, 6))
