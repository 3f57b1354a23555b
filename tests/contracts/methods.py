"""The table of the contract: every likelihood, every method, and what each method must find."""

from typing import NamedTuple

import numpy as np

import bayesian_nn as bnn
from bayesian_nn import likelihoods

N_POINTS = 24


class Case(NamedTuple):
    """A likelihood, and the slopes and intercepts of the straight lines that its outputs truly are."""

    likelihood: object
    lines: tuple


LIKELIHOODS = {
    "Gaussian, known noise": Case(bnn.Gaussian(0.5), ((0.8, 0.3),)),
    "Gaussian, learned noise": Case(bnn.Gaussian(bnn.LearnedNoise(0.5)), ((0.8, 0.3),)),
    "Gaussian, noise that depends on x": Case(
        likelihoods.HeteroscedasticGaussian(0.5), ((0.8, 0.3), (0.6, 0.0))
    ),
    "Student-t": Case(likelihoods.StudentT(0.5), ((0.8, 0.3),)),
    "Student-t, learned scale and degrees of freedom": Case(
        likelihoods.StudentT(bnn.LearnedNoise(0.5), likelihoods.LearnedDof()), ((0.8, 0.3),)
    ),
    "Bernoulli": Case(likelihoods.Bernoulli(), ((1.5, 0.3),)),
    "categorical": Case(bnn.Categorical(3), ((1.5, 0.3), (-0.8, 0.2), (0.0, 0.0))),
    "Poisson": Case(likelihoods.Poisson(), ((0.7, 0.5),)),
    "negative binomial": Case(likelihoods.NegativeBinomial(likelihoods.LearnedDispersion()), ((0.7, 0.5),)),
    "several targets": Case(
        likelihoods.Several((bnn.Gaussian(bnn.LearnedNoise(0.5)), likelihoods.Poisson())),
        ((0.8, 0.3), (0.7, 0.5)),
    ),
}


class Method(NamedTuple):
    """infer: from a model, data and a seed to a result; off: how far its means may lie from the posterior's,
    in posterior sds; widths: between which factors its sds must lie, of the posterior's."""

    infer: object
    off: float
    widths: tuple[float, float]


def laplace(model, data, seed, **arguments):
    return bnn.fit_laplace(model, data, bnn.find_map(model, data, seed=seed, n_restarts=2), **arguments)


def fit(**arguments):
    return lambda model, data, seed: bnn.fit(model, data, seed=seed, n_steps=1500, **arguments)


# A Gaussian at the mode of a skewed posterior lies beside its mean, by half a sd of a learned scale; a
# factorised one is narrower where latents are correlated.
METHODS = {
    "HMC": Method(lambda *args: bnn.sample_hmc(*args[:2], seed=args[2] + 1, n_chains=64), 0.15, (0.9, 1.1)),
    "SGHMC": Method(
        lambda model, data, seed: bnn.sample_sghmc(
            model, data, seed=seed, step_size=0.02, n_steps=3000, n_chains=32
        ),
        0.2,
        (0.85, 1.15),
    ),
    "SGLD": Method(
        lambda model, data, seed: bnn.sample_sgld(
            model, data, seed=seed, step_size=0.001, n_steps=20_000, n_chains=64
        ),
        0.25,
        (0.8, 1.2),
    ),
    "MCLMC": Method(
        lambda model, data, seed: bnn.sample_mclmc(
            model, data, seed=seed, n_chains=32, n_steps=4000, thin=10
        ),
        0.15,
        (0.9, 1.1),
    ),
    "VI, mean-field": Method(fit(), 0.25, (0.5, 1.1)),
    "VI, low rank": Method(fit(posterior=bnn.LowRank(2)), 0.3, (0.5, 1.15)),
    "VI, full covariance": Method(fit(posterior=bnn.FullCovariance()), 0.25, (0.8, 1.12)),
    "VI, local reparameterisation": Method(fit(objective=bnn.LocalReparameterisation(5)), 0.25, (0.5, 1.1)),
    "VI, mixture of restarts": Method(
        lambda *args: bnn.mixture_of(fit(n_restarts=2)(*args)), 0.25, (0.5, 1.1)
    ),
    "IVON": Method(lambda *args: bnn.fit_ivon(*args[:2], seed=args[2], n_steps=1500), 0.25, (0.5, 1.15)),
    "Laplace": Method(laplace, 0.75, (0.65, 1.2)),
    "Laplace, diagonal": Method(lambda *args: laplace(*args, diagonal=True), 0.75, (0.4, 1.2)),
    "MAP": Method(lambda *args: bnn.find_map(*args[:2], seed=args[2], n_restarts=2), 0.75, (0.0, 1e-9)),
    "ensemble, anchored": Method(
        lambda *args: bnn.fit_ensemble(*args[:2], seed=args[2], n_steps=1500), 0.9, (0.05, 1.2)
    ),
}


PRIORS = {
    "Gaussian": bnn.GaussianPrior(1.0),
    "scale mixture": bnn.priors.ScaleMixturePrior((2.0, 0.2), (0.5, 0.5)),
    "relevance": bnn.priors.RelevancePrior(),
    "learned scale, log-normal": bnn.priors.LogNormalScale(),
    "learned scale, half-normal": bnn.priors.HalfNormalScale(),
}

# By role: a relevance prior has no density of its own, an unknown scale leaves no useful mode, and what adds
# the prior's precision to the data's needs a Gaussian.
REFUSED = {
    "scale mixture": ["IVON", "Laplace", "Laplace, diagonal", "ensemble, anchored"],
    "relevance": [
        "HMC",
        "SGHMC",
        "SGLD",
        "MCLMC",
        "IVON",
        "Laplace",
        "Laplace, diagonal",
        "MAP",
        "ensemble, anchored",
    ],
    "learned scale, log-normal": [
        "VI, low rank",
        "VI, full covariance",
        "IVON",
        "Laplace",
        "Laplace, diagonal",
        "MAP",
        "ensemble, anchored",
    ],
    "learned scale, half-normal": [
        "VI, low rank",
        "VI, full covariance",
        "IVON",
        "Laplace",
        "Laplace, diagonal",
        "MAP",
        "ensemble, anchored",
    ],
}


def problem(case):
    """A model without hidden layer, and data that it has made up itself."""
    likelihood, n_outputs, n_targets = case.likelihood, case.likelihood.n_outputs, case.likelihood.n_targets
    x = np.linspace(-2, 2, N_POINTS)[:, None]
    outputs = [slope * x[:, 0] + intercept for slope, intercept in case.lines]
    y_units = (0.0, 1.0) if n_targets == 1 else ((0.0,) * n_targets, (1.0,) * n_targets)
    scaling = bnn.data.Scaling((0.0,), (1.0,), *y_units)
    unknowns = [unknown.start for unknown in likelihood.unknowns]
    y = likelihood.sample(outputs, unknowns, scaling, np.random.default_rng(0))
    return bnn.Model((1, n_outputs), likelihood), bnn.Dataset(x, y, scaling)
