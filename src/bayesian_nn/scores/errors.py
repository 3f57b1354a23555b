"""What a prediction is worth: errors, explained variance, and the score of a constant to hold it against."""

import numpy as np

from bayesian_nn.runtime.checks import positive

__all__ = ["constant_log_likelihood", "explained_variance", "rmse"]


def rmse(predicted, y) -> float:
    """Returns the root mean square error between two arrays `[n_points]`, in y's units."""
    predicted, y = _paired(predicted, y)
    return float(np.sqrt(np.mean((predicted - y) ** 2)))


def explained_variance(predicted, y) -> float:
    """Returns the fraction of y's variance that `predicted` `[n_points]` explains: 1 for a perfect
    prediction, 0 for the mean of y, below 0 for anything worse than that."""
    predicted, y = _paired(predicted, y)
    variance = np.var(y)
    return float(1 - np.mean((predicted - y) ** 2) / variance) if variance > 0 else 0.0


def constant_log_likelihood(y, noise_std: float) -> float:
    """Returns log p(y) in nats, summed over y `[n_points]`, under the best constant predictor (the mean of y)
    with Gaussian noise of sd `noise_std`. No ELBO of a flat line is higher."""
    residuals = (np.asarray(y) - np.mean(y)) / positive("noise_std", noise_std)
    return float(np.sum(-0.5 * residuals**2 - np.log(noise_std * np.sqrt(2 * np.pi))))


def _paired(predicted, y):
    predicted, y = np.asarray(predicted), np.asarray(y)
    if predicted.shape != y.shape:
        # NumPy would broadcast [n, 1] against [n] to [n, n] and return a number all the same.
        raise ValueError(f"predicted {list(predicted.shape)} and y {list(y.shape)} must have one shape.")
    return predicted, y
