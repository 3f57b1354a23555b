"""What a target is taken for is said; the program that does the same says the same things."""

import numpy as np
import pandas as pd
import pytest

import bayesian_nn as bnn
from bayesian_nn.command_line.main import _as_options
from bayesian_nn.command_line.script import source_of
from bayesian_nn.command_line.target import likelihood_for, take
from bayesian_nn.priors.learned_scale import LogNormalScale
from bayesian_nn.training.stopping import Plateau

RANDOM = np.random.default_rng(0)
N = 200
FRAME = pd.DataFrame(
    {
        "x": RANDOM.normal(size=N),
        "price": RANDOM.normal(100, 20, N),
        "calls": RANDOM.poisson(6, N),
        "stars": RANDOM.integers(1, 5, N),
        "won": RANDOM.integers(0, 2, N),
        "kind": RANDOM.choice(["flat", "house"], N),
    }
)


@pytest.mark.parametrize(
    ("name", "asked", "likelihood", "said"),
    [
        ("price", "auto", "HeteroscedasticGaussian", "price is numbers"),
        ("price", "gaussian", "Gaussian", "asked for"),
        ("price", "student-t", "StudentT", "asked for"),
        ("calls", "auto", "NegativeBinomial", "negative binomial; --likelihood noise-of-x"),
        ("calls", "poisson", "Poisson", "asked for"),
        ("calls", "noise-of-x", "HeteroscedasticGaussian", "asked for"),
        ("stars", "auto", "Categorical", "4 classes, for it holds 4 whole numbers; --likelihood gaussian"),
        ("stars", "gaussian", "Gaussian", "asked for"),
        ("won", "auto", "Bernoulli", "2 classes"),
        ("kind", "auto", "Bernoulli", "kind is 2 classes."),
        ("calls", "classes", "Categorical", "classes, as was asked for"),
    ],
)
def test_a_target_is_what_it_looks_like_or_what_was_asked_for(name, asked, likelihood, said):
    taken = take(FRAME, name, asked)
    data = bnn.dataset(FRAME[["x", name]], name, categories=[name] if taken.is_classes else [])
    assert type(likelihood_for(taken, data)).__name__ == likelihood
    assert said in taken.why


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match=r"There is no column 'prize'.* Is 'price' meant"):
        take(FRAME, "prize", "auto")
    with pytest.raises(ValueError, match=r"'kind' holds words.*leave --likelihood poisson out"):
        take(FRAME, "kind", "poisson")


@pytest.mark.parametrize(
    "value",
    [
        bnn.Gaussian(bnn.LearnedNoise(0.1 + 0.2)),
        bnn.likelihoods.StudentT(1.5, bnn.likelihoods.LearnedDof()),
        bnn.Categorical(3),
        LogNormalScale(),
        Plateau(window=7),
        'a "quoted" \\ name',
        ["a", 2, None, True],
    ],
)
def test_the_source_of_a_value_makes_it(value):
    assert eval(source_of(value), {"bnn": bnn}) == value


def test_messages_of_the_library_name_options():
    message = "missing='drop' leaves these out; categories=['a b'] or decimal=',' or give missing= something"
    expected = (
        "--missing drop leaves these out; --categories 'a b' or --decimal , or give --missing something"
    )
    assert _as_options(message) == expected
