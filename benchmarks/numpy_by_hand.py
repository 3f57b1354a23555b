"""The post's fit in NumPy by hand: a yardstick for the compiled loop, an independent copy of its gradient."""

import itertools

import numpy as np

SIZES = (1, 10, 10, 1)
NOISE_STD = 0.1


def thousand_steps(data, *, seed, n_draws=5):
    """Returns the ELBO's estimates `[1000]` of mean-field VI with Adam at a constant rate of 0.02."""
    rng = np.random.default_rng(seed)
    x, y = (data.x.T - 4) / 4, data.y
    mean = np.concatenate([rng.normal(0, n_in**-0.5, (n_in + 1) * n_out) for n_in, n_out in layers()])
    rho = np.full_like(mean, -4.0)
    moments = np.zeros((2, 2, mean.size))
    elbos = np.empty(1000)
    for step in range(1000):
        noise = rng.standard_normal((n_draws, mean.size))
        elbos[step], gradient = elbo_and_gradient(mean, rho, noise, x, y)
        moments[0] = 0.9 * moments[0] + 0.1 * gradient
        moments[1] = 0.98 * moments[1] + 0.02 * gradient**2
        first, second = moments[0] / (1 - 0.9 ** (step + 1)), moments[1] / (1 - 0.98 ** (step + 1))
        mean, rho = np.stack([mean, rho]) + 0.02 * first / (np.sqrt(second) + 1e-8)
    return elbos


def elbo_and_gradient(mean, rho, noise, x, y):
    """Returns the ELBO in nats, and its gradient `[2, n_weights]` with respect to mean and rho, for inputs x
    `[1, n_points]` and noise `[n_draws, n_weights]`."""
    std = np.logaddexp(0, rho)
    weights = mean + std * noise
    hidden, matrices, start = [np.broadcast_to(x, (len(noise), *x.shape))], [], 0
    for n_in, n_out in layers():
        matrix = weights[:, start : start + n_in * n_out].reshape(-1, n_in, n_out)
        bias = weights[:, start + n_in * n_out : start + (n_in + 1) * n_out, None]
        matrices.append(matrix)
        output = matrix.transpose(0, 2, 1) @ hidden[-1] + bias
        hidden.append(np.tanh(output) if n_out > 1 else output)
        start += (n_in + 1) * n_out
    residuals = (y - hidden[-1][:, 0]) / NOISE_STD
    constants = y.size * np.log(NOISE_STD * np.sqrt(2 * np.pi))
    log_likelihood = -0.5 * np.sum(residuals**2) / len(noise) - constants
    kl = np.sum(0.5 * (std**2 + mean**2 - 1) - np.log(std))
    upstream = residuals[:, None] / NOISE_STD / len(noise)
    parts = []
    for index in range(len(matrices) - 1, -1, -1):
        parts += [upstream.sum(-1), (hidden[index] @ upstream.transpose(0, 2, 1)).reshape(len(noise), -1)]
        upstream = (matrices[index] @ upstream) * (1 - hidden[index] ** 2)
    by_weight = np.concatenate(parts[::-1], axis=1)
    sigmoid = 1 / (1 + np.exp(-rho))
    by_std = (by_weight * noise).sum(0) - std + 1 / std
    return log_likelihood - kl, np.stack([by_weight.sum(0) - mean, by_std * sigmoid])


def layers():
    return list(itertools.pairwise(SIZES))
