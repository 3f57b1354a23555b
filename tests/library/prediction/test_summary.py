"""A summary made in parts is the prediction's own, and its memory stays bounded."""

import numpy as np
import pytest
from truths import linear_regression

import bayesian_nn as bnn
from bayesian_nn.prediction import parts

MODEL, DATA = linear_regression.problem()
CHAINS = bnn.sample_hmc(MODEL, DATA, seed=0, n_chains=8, n_draws=20, n_warmup=20)


def test_the_parts_make_the_whole(monkeypatch):
    whole = bnn.predict(CHAINS, DATA.x, n_draws=100, seed=3)
    monkeypatch.setattr(parts, "PART", 700)
    sizes = []
    predict_draws = parts.predict_draws

    def counted(model, latents, x):
        sizes.append(len(x))
        return predict_draws(model, latents, x)

    monkeypatch.setattr(parts, "predict_draws", counted)
    found = bnn.prediction.summarise(CHAINS, DATA.x, n_draws=100, seed=3, levels=[0.1, 0.5])
    assert sizes == [7, 7, 7, 7, 2]
    np.testing.assert_allclose(found.mean, whole.mean, rtol=1e-6)
    np.testing.assert_allclose(found.std, whole.std, rtol=1e-6)
    np.testing.assert_allclose(found.epistemic_std, whole.epistemic_std, rtol=1e-6)
    np.testing.assert_allclose(found.quantiles, whole.quantiles([0.1, 0.5], with_noise=True), rtol=1e-6)


def test_what_has_no_quantiles_is_refused():
    data = bnn.Dataset([[0.0], [1.0]], [0.0, 1.0], bnn.data.Scaling((0.0,), (1.0,)))
    model = bnn.Model((1, 1), bnn.likelihoods.Bernoulli())
    chains = bnn.sample_hmc(model, data, seed=0, n_chains=2, n_draws=2, n_warmup=2)
    with pytest.raises(ValueError, match=r"Bernoulli\(\) has ClassPrediction: use predict\("):
        bnn.prediction.summarise(chains, data.x, n_draws=2, seed=0)
    with pytest.raises(ValueError, match=r"result must be what fit, .* got Model"):
        bnn.prediction.summarise(MODEL, DATA.x, n_draws=2, seed=0)
