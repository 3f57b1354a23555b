"""What a fit refuses, and what it takes for granted."""

import numpy as np
import pytest
from truths.linear_regression import problem

import bayesian_nn as bnn

TINY = bnn.data.cosine_with_gap(seed=1, n_points=8)
MODEL = bnn.Model((1, 3, 1), bnn.Gaussian(0.1), scaling=TINY.scaling)
IMAGES = bnn.LabelledImages(np.random.default_rng(0).uniform(size=(20, 2, 2)), np.arange(20) % 3, "abc")
CLASSES = bnn.Model((4, 5, 3), bnn.Categorical(3))

pytestmark = pytest.mark.filterwarnings("ignore::bayesian_nn.FlatFitWarning")


def fit(data=TINY, model=MODEL, **arguments):
    return bnn.fit(model, data, **{"seed": 0, "n_steps": 2} | arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_steps": 0}, "n_steps must be a whole number, 1 or more; got 0"),
        ({"n_steps": 2.5}, "n_steps must be .* got 2.5"),
        ({"n_epochs": 2}, "Give n_steps or n_epochs, not both; got 2 and 2"),
        ({"n_steps": None, "n_epochs": 0.5}, "n_epochs must be a whole number, 1 or more; got 0.5"),
        ({"n_restarts": 0}, "n_restarts must be .* 1 or more; got 0"),
        ({"seed": -1}, "seed must be a whole number, 0 or more; got -1"),
        ({"seed": None}, "seed must be .* got None"),
        ({"seed": 2**63}, r"seed must be below 2\*\*63, .* got 9223372036854775808"),
        ({"batch_size": 0}, "batch_size must be .* 1 or more; got 0"),
        ({"batch_size": 9}, "batch_size must be at most 8, the observations; got 9"),
        ({"kl_warmup": 1}, "kl_warmup must be a number from 0 to 1, and not 1; got 1"),
        (
            {"kl_warmup": 0.5, "objective": bnn.objectives.ImportanceWeightedElbo()},
            r"kl_warmup: ImportanceWeightedElbo has no kl_weight that could rise\. Use kl_warmup=0",
        ),
        ({"start": np.zeros(20)}, r"start must be \[n_restarts, n_parameters\] = \[1, 20\]; got \[20\]"),
        ({"start": np.zeros((1, 20)), "n_restarts": 2}, r"= \[2, 20\]; got \[1, 20\]"),
        ({"start": np.full((1, 20), np.nan)}, r"start has 20 .* not finite, the first at index \(0, 0\)"),
        ({"record_at": [0, 2.7]}, "record_at must be a whole number, 0 or more; got 2.7"),
        ({"record_at": 5}, r"record_at must be a list of steps, as in \[0, 10, 100\]; got 5"),
        ({"data": (TINY.x, TINY.y)}, r"data must be a Dataset or LabelledImages; got \(array.*dataset\(x"),
        ({"optimizer": bnn.StepDecay(0.1)}, r"optimizer must be an Adam; got StepDecay\(initial=0.1"),
        ({"stop": True}, r"stop must be Plateau\(\) or HeldOut\(data\); got True"),
        ({"resume": "run.npz"}, r"resume must be a Run; got 'run.npz'\. .* load\(path\)"),
        ({"posterior": bnn.MeanField}, r"posterior must be MeanField\(\) .* got <class"),
        ({"posterior": 0.02}, r"posterior must be .* got 0.02\. It has no noise_shape, initial, "),
        ({"objective": 5}, r"objective must be Elbo\(\) .* got 5\. It has no n_draws"),
        ({"data": problem()[1]}, "The data have 2 inputs and the model 1: layer_sizes must begin with 2"),
        ({"model": (1, 10, 1)}, r"model must be a Model; got \(1, 10, 1\)\. Make one as in Model"),
        ({"strategy": "two"}, "strategy must be a Strategy; got 'two'"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        fit(**arguments)


def test_a_class_without_images_is_refused():
    kept = IMAGES.labels != 1
    data = bnn.LabelledImages(IMAGES.images[kept], IMAGES.labels[kept], "abc", "letters")
    with pytest.raises(ValueError, match=r"letters has no image of class 1 \('b'\)\. Add images of it"):
        fit(data, CLASSES)


def test_what_is_not_given_depends_on_the_kind_of_data():
    table, images = fit(n_steps=None, n_epochs=3).settings, fit(IMAGES, CLASSES, n_steps=None).settings
    assert table[2:] == (bnn.Elbo(), bnn.Adam(), 0, 3, None, 0.0, 1)
    adam = bnn.Adam(bnn.WarmupCosine(0.01, 0.05), beta2=0.999)
    assert images[2:] == (bnn.LocalReparameterisation(), adam, 0, 20, 20, 0.5, 1)
    full = fit(IMAGES, CLASSES, posterior=bnn.FullCovariance()).settings
    assert full.objective == bnn.Elbo(1)


def test_a_fit_that_begins_at_infinity_is_told_to_mind_its_units():
    data = bnn.Dataset(TINY.x, 1e30 * TINY.y, TINY.scaling)
    with pytest.raises(bnn.DivergedError, match=r"NaN or infinite at step 0, .*scaling=data\.sc") as caught:
        fit(data)
    run = caught.value.result
    assert (run.n_steps_done, run.recorded_steps.tolist(), run.outcome) == (0, [0], "diverged")
    assert np.isfinite(run.parameters).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": 1}, "resume: this run was made with seed=0, and not 1"),
        ({"n_restarts": 2}, "resume: this run was made with n_restarts=1, and not 2"),
        ({"batch_size": 4}, "resume: .* batch_size=None, and not 4"),
        ({"kl_warmup": 0.5}, "resume: .* kl_warmup=0.0, and not 0.5"),
        ({"objective": bnn.Elbo(n_draws=4)}, r"resume: .* objective=Elbo\(n_draws=5"),
        ({"posterior": bnn.MeanField(0.1)}, r"resume: .* posterior=MeanField\(initial_std=0.02\)"),
        ({"data": bnn.data.cosine_with_gap(seed=2, n_points=8)}, "resume: this run was made from other data"),
        ({"n_steps": 2}, "resume: n_steps=2, but the run has 3 behind it"),
        ({"n_steps": 4}, r"resume: with n_steps=4 the learning rates, .* Keep n_steps"),
        ({"start": np.zeros((1, 20))}, "start: a resumed run .* start or resume, not both"),
    ],
)
def test_another_fit_cannot_resume_a_run(arguments, message):
    earlier = fit(n_steps=3)
    with pytest.raises(ValueError, match=message):
        fit(resume=earlier, **{"n_steps": 3} | arguments)
