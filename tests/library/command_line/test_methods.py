"""The methods of the command line are called with what they take."""

import inspect

import numpy as np
import pytest

import bayesian_nn as bnn
from bayesian_nn.command_line.methods import METHODS
from bayesian_nn.estimators import by_size, usual

# So little that it is quick.
SHORT = {"n_steps": 60, "n_climbing": 20, "n_members": 2, "n_chains": 2, "n_warmup": 3, "n_draws": 3}


@pytest.mark.parametrize("option", METHODS)
def test_a_method_takes_its_settings(option, monkeypatch):
    monkeypatch.setattr(by_size, "FEWEST_STEPS", 60)
    monkeypatch.setattr(by_size, "MOST_STEPS", 60)
    monkeypatch.setattr(by_size, "CLIMBING", 20)
    x = np.linspace(-1, 1, 30)
    data = bnn.dataset(x, x + 0.1 * np.sin(30 * x))
    model = usual.usual_model(data, usual.usual_likelihood(data), hidden=(3,))
    method = METHODS[option]
    taken = inspect.signature(method.infer).parameters
    settings = method.settings | {name: value for name, value in SHORT.items() if name in taken}
    result = method.infer(model, data, seed=0, **settings)
    assert np.isfinite(bnn.predict(result, x, n_draws=2, seed=0).mean).all()
