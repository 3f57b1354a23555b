"""Mean and covariance of chains, each with the standard error of a correlated series."""

import numpy as np

from bayesian_nn.runtime.tensorflow import tfp


def moments(latents, mean):
    """The mean of latents `[n_chains, n_draws, n_latents]` and their covariance around `mean`, each with its
    standard error."""
    deviations = latents - mean
    for products in (deviations, deviations[..., :, None] * deviations[..., None, :]):
        # Chains may share their minibatches: what is averaged over them is one series.
        series = products.mean(axis=0)
        n_effective = tfp.mcmc.effective_sample_size(series).numpy()
        yield series.mean(axis=0), series.std(axis=0) / np.sqrt(n_effective)
