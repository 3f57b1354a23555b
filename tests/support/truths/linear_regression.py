"""Bayesian linear regression in closed form, in float64: what the network is when it has no hidden layer."""

from typing import NamedTuple

import numpy as np

import bayesian_nn as bnn


class Exact(NamedTuple):
    """The exact posterior N(mean, covariance) of (slopes, intercept) in the network's units, and log p(y)."""

    mean: np.ndarray
    covariance: np.ndarray
    log_evidence: float
    design: np.ndarray
    precision: np.ndarray

    @property
    def mean_field_std(self):
        """The sds of the mean-field Gaussian nearest in KL(q ‖ posterior), whose means are the exact ones."""
        return 1 / np.sqrt(np.diag(self.precision))

    @property
    def mean_field_elbo(self):
        """log p(y) - KL(q ‖ posterior) of that Gaussian."""
        _, log_determinant = np.linalg.slogdet(self.precision)
        return self.log_evidence - 0.5 * (np.sum(np.log(np.diag(self.precision))) - log_determinant)


def exact(model, data):
    noise_std = model.likelihood.noise_std / model.scaling.y_scale
    targets = (data.y - model.scaling.y_shift) / model.scaling.y_scale
    inputs = (data.x - np.array(model.scaling.x_shift)) / np.array(model.scaling.x_scale)
    design = np.column_stack([inputs, np.ones(len(targets))])
    precision = design.T @ design / noise_std**2 + np.eye(design.shape[1]) / model.prior.std**2
    covariance = np.linalg.inv(precision)
    marginal = noise_std**2 * np.eye(len(targets)) + model.prior.std**2 * design @ design.T
    _, log_determinant = np.linalg.slogdet(2 * np.pi * marginal)
    log_evidence = -0.5 * (targets @ np.linalg.solve(marginal, targets) + log_determinant)
    # From the network's units to y's: dy = y_scale · dt at every point.
    log_evidence -= len(targets) * np.log(model.scaling.y_scale)
    return Exact(covariance @ design.T @ targets / noise_std**2, covariance, log_evidence, design, precision)


def problem(n_points=30):
    """Two correlated inputs in units of their own, a target in its own, and the linear model of them."""
    random = np.random.default_rng(0)
    first = random.normal(20, 5, n_points)
    second = 3 * first + random.normal(0, 12, n_points)
    y = 100 + 2 * first - 0.5 * second + random.normal(0, 4, n_points)
    data = bnn.dataset(np.column_stack([first, second]), y, x_names=["first", "second"])
    return bnn.Model((2, 1), bnn.Gaussian(4.0), prior=bnn.GaussianPrior(1.5), scaling=data.scaling), data
