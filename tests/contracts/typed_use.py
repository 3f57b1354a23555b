"""A user's program for the type checker alone: roles take their members, and results are what they say."""

import numpy as np

import bayesian_nn as bnn
from bayesian_nn import likelihoods, priors
from bayesian_nn.posteriors import Family


def every_likelihood() -> list[likelihoods.Likelihood]:
    several = likelihoods.Several((bnn.Gaussian(0.1), likelihoods.Poisson()))
    return [
        bnn.Gaussian(0.1),
        bnn.Gaussian(bnn.LearnedNoise(0.1)),
        likelihoods.HeteroscedasticGaussian(0.1),
        likelihoods.StudentT(0.1, likelihoods.LearnedDof()),
        likelihoods.Bernoulli(),
        bnn.Categorical(3),
        likelihoods.Poisson(),
        likelihoods.NegativeBinomial(likelihoods.LearnedDispersion()),
        several,
    ]


def every_prior() -> list[priors.Prior]:
    return [bnn.GaussianPrior(1.0), priors.ScaleMixturePrior(), priors.RelevancePrior()]


def every_family() -> list[Family]:
    return [bnn.MeanField(), bnn.FullCovariance(), bnn.LowRank(2)]


def from_data_to_prediction(data: bnn.Dataset) -> np.ndarray:
    model = bnn.Model(
        (1, 10, 1),
        bnn.Gaussian(0.1),
        prior=[bnn.GaussianPrior(1.0), (bnn.GaussianPrior(0.3), bnn.GaussianPrior(1.0))],
        activation=abs,
        scaling=data.scaling,
    )
    run = bnn.fit(model, data, seed=0, posterior=bnn.FullCovariance(), stop=bnn.HeldOut(data))
    chains = bnn.sample_hmc(model, data, seed=0)
    estimate = bnn.find_map(model, data, seed=0)
    laplace = bnn.fit_laplace(model, data, estimate, last_layer=True)
    draws: np.ndarray = run.draw(10, seed=0)
    bnn.save(chains, "chains.npz")
    bnn.predict(laplace, data.x, n_draws=10, seed=0)
    return draws
