"""Runs and parameters that no fit made, so that what reads them can be tested in no time."""

from dataclasses import replace

import numpy as np
import tensorflow as tf

import bayesian_nn as bnn
from bayesian_nn.training.optimizer import AdamState
from bayesian_nn.training.run import Run, Settings


def parameters_of(mean, std):
    """The parameters of `MeanField`, in float64, which its own `parameters` rounds."""
    return tf.constant(np.concatenate([mean, np.log(np.expm1(std))], axis=-1))


def run(model, *, mean, std, best=0, **settings):
    """A run whose posterior has these means and sds `[n_recorded, n_restarts, n_latents]`."""
    parameters = bnn.MeanField().parameters(np.asarray(mean), np.asarray(std))
    n_recorded, n_restarts, _ = parameters.shape
    random = np.random.default_rng(0)
    histories = random.normal(size=(2, n_recorded, n_restarts)).astype(np.float32)
    moments = random.normal(size=(2, *parameters.shape[1:])).astype(np.float32)
    final_elbos = np.full(n_restarts, -200.0)
    final_elbos[best] = -100.0
    asked = {
        "posterior": bnn.MeanField(),
        "objective": bnn.Elbo(),
        "optimizer": bnn.Adam(),
        "seed": 3,
        "n_steps": n_recorded,
        "batch_size": None,
        "kl_warmup": 0.0,
    }
    return Run(
        settings=Settings(model=model, n_restarts=n_restarts, **asked | settings),
        recorded_steps=np.arange(n_recorded),
        recorded_parameters=parameters,
        final_parameters=parameters[-1],
        log_likelihoods=histories[0],
        kls=histories[1],
        state=AdamState(np.int32(n_recorded), parameters[-1], *moments),
        outcome="finished",
        final_elbos=final_elbos,
        explained=0.9,
        n_points=13,
        digest="0123456789abcdef",
        held_out_steps=np.zeros(0, int),
        held_out=np.zeros((0, n_restarts)),
    )


def image_run(*, outcome="finished", **settings):
    """A run of a classifier of images, of ten steps, recorded at the start, after three of them and at the
    end, in half precision."""
    asked = {
        "model": bnn.Model((4, 3, 2), bnn.Categorical(2), prior=bnn.GaussianPrior(0.1), activation="relu"),
        "objective": bnn.LocalReparameterisation(),
        "n_steps": 10,
        "batch_size": 6,
        "kl_warmup": 0.5,
    }
    asked |= settings
    model = asked.pop("model")
    mean = np.random.default_rng(0).normal(size=(10, 1, model.n_weights))
    whole = run(model, mean=mean, std=np.exp(mean - 3), **asked)
    return replace(
        whole,
        recorded_steps=np.array([0, 3, 10]),
        recorded_parameters=whole.recorded_parameters[[0, 3, 9]].astype(np.float16),
        outcome=outcome,
    )
