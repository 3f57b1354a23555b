"""What a classifier predicts: NumPy's softmax of every draw's network, one draw for all images."""

import numpy as np
import pytest
from scipy.special import softmax
from truths.made_by_hand import classifier_run

import bayesian_nn as bnn
from bayesian_nn.prediction.predict_classes import class_probabilities

MODEL = bnn.Classifier((6, 4, 3), activation="tanh")
IMAGES = np.random.default_rng(0).uniform(size=(5, 2, 3))


def by_hand(weights, images):
    first, biases, second, last = np.split(weights, [24, 28, 40])
    hidden = np.tanh(images.reshape(-1, 6) @ first.reshape(6, 4) + biases)
    return softmax(hidden @ second.reshape(4, 3) + last, axis=1)


def test_the_probabilities_are_a_few_lines_of_numpy():
    draws = np.random.default_rng(1).normal(size=(7, MODEL.n_weights))
    expected = np.stack([by_hand(weights, IMAGES) for weights in draws])
    probabilities = class_probabilities(MODEL, iter(draws), IMAGES)
    assert probabilities.shape == (7, 5, 3)
    np.testing.assert_allclose(probabilities, expected, atol=1e-6)
    # However many images go together, and as rows of pixels too.
    np.testing.assert_allclose(
        class_probabilities(MODEL, draws, IMAGES[2:3])[:, 0], expected[:, 2], atol=1e-6
    )
    np.testing.assert_array_equal(class_probabilities(MODEL, draws, IMAGES.reshape(5, 6)), probabilities)


@pytest.mark.parametrize("recorded", [None, 1])
def test_a_run_predicts_with_draws_of_its_weights(recorded):
    run, images = classifier_run(), np.random.default_rng(0).uniform(size=(5, 2, 2))
    prediction = bnn.predict_classes(run, images, n_draws=6, seed=1, recorded=recorded)
    assert isinstance(prediction, bnn.predictions.ClassPrediction)
    draws = run.draw(6, seed=1, recorded=recorded)
    np.testing.assert_array_equal(prediction.probabilities, class_probabilities(run.model, draws, images))
    # One draw of the weights is one network: it sees the same image the same way twice.
    twice = bnn.predict_classes(run, images[[0, 0]], n_draws=6, seed=1, recorded=recorded).probabilities
    np.testing.assert_array_equal(twice[:, 0], twice[:, 1])
    other = bnn.predict_classes(run, images, n_draws=6, seed=2, recorded=recorded).probabilities
    assert np.all(other != prediction.probabilities)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"result": bnn.Classifier((4, 2))}, r"result must be what fit_classifier returns; got Classifier"),
        (
            {"images": bnn.LabelledImages(np.zeros((2, 2, 2)), [0, 1], "ab")},
            "such as the images of a LabelledImages; got LabelledImages",
        ),
        ({"images": np.zeros((5, 8, 8))}, r"height · width = 4, .* got \[5, 8, 8\]"),
        ({"images": np.full((5, 2, 2), 255)}, "up to 255, divide them by 255"),
        ({"n_draws": 0}, "n_draws must be a whole number, 1 or more; got 0"),
        ({"recorded": 3}, "recorded must be one of the 3 recorded steps; got 3"),
    ],
)
def test_what_cannot_be_predicted_is_refused(arguments, message):
    usual = {"result": classifier_run(), "images": np.zeros((5, 2, 2)), "n_draws": 2, "seed": 0}
    with pytest.raises(ValueError, match=message):
        bnn.predict_classes(**usual | arguments)


def test_what_predicts_for_other_models_says_what_predicts_classes():
    run = classifier_run()
    for model in (run, run.model):
        with pytest.raises(
            ValueError, match=r"model must be a Model; .* predict_classes\(run, images, \.\.\.\)"
        ):
            bnn.predict(model, run.draw(2, seed=0), np.zeros((5, 4)))
