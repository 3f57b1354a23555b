"""Mean-field variational inference in portable arithmetic: bit for bit the run that a browser makes."""

import hashlib
from typing import NamedTuple

import numpy as np

from bayesian_nn.runtime.portable_math import START, exp, log, normals, sigmoid, softplus, tanh

__all__ = ["Network", "PortableRun", "digest", "outputs", "start", "train"]

# The copy of `docs/assets/numerics/variational.js`, with the terms of every sum in the same order.

LOG_SQRT_2PI = 0.9189385332046727
BETA1, BETA2, EPSILON = 0.9, 0.98, 1e-8


def _slope_of_silu(sums, values):
    slope = sigmoid(sums)
    return slope + values * (1 - slope)


# Each with its slope, of a unit's sum and its value.
ACTIVATIONS = {
    "tanh": (tanh, lambda _, value: 1 - value * value),
    "relu": (lambda sums: np.where(sums > 0, sums, 0), lambda sums, _: np.where(sums > 0, 1, 0)),
    "sigmoid": (sigmoid, lambda _, value: value * (1 - value)),
    "softplus": (softplus, lambda sums, _: sigmoid(sums)),
    "elu": (
        lambda sums: np.where(sums > 0, sums, exp(np.where(sums > 0, 0, sums)) - 1),
        lambda sums, value: np.where(sums > 0, 1, value + 1),
    ),
    "silu": (lambda sums: sums * sigmoid(sums), _slope_of_silu),
}


class Network(NamedTuple):
    """A network of one input and one output, in the units that it works in: what a page calls a model."""

    sizes: tuple[int, ...] = (1, 10, 10, 1)
    activation: str = "tanh"
    prior_std: float = 1.0
    noise_std: float = 0.1

    @property
    def n_weights(self) -> int:
        return sum((n_in + 1) * n_out for n_in, n_out in self.layers)

    @property
    def layers(self) -> list[tuple[int, int]]:
        return list(zip(self.sizes[:-1], self.sizes[1:], strict=True))


class PortableRun(NamedTuple):
    """parameters: `[2 n_weights]` after the last step, the means and then rho; log_likelihood, kl: the ELBO's
    parts before each step `[n_steps]`, in nats, the first estimated from the step's own noise."""

    parameters: np.ndarray
    log_likelihood: np.ndarray
    kl: np.ndarray

    @property
    def elbo(self) -> np.ndarray:
        """The bound before each step `[n_steps]`, in nats."""
        return self.log_likelihood - self.kl

    @property
    def n_steps_done(self) -> int:
        return len(self.kl)


def train(
    network: Network,
    x,
    y,
    *,
    seed: int,
    n_steps: int = 1000,
    learning_rate: float = 0.1,
    initial_std: float = 0.02,
    n_draws: int = 5,
    kl_weight: float = 1.0,
) -> PortableRun:
    """Returns the run on x and y `[n_points]`, in the network's units, with Adam and the schedule of
    `bayesian_nn.fit`. Raises ArithmeticError at the first step whose ELBO is not finite."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    parameters = start(network, initial_std, seed=seed)
    first, second = np.zeros_like(parameters), np.zeros_like(parameters)
    power1 = power2 = 1.0
    history = np.empty((2, n_steps))
    for step in range(n_steps):
        noise = normals(seed, step, n_draws * network.n_weights).reshape(n_draws, -1)
        log_likelihood, kl, gradient = _objective(network, x, y, parameters, noise, kl_weight)
        if not np.isfinite(log_likelihood - kl + np.sum(0 * gradient)):
            raise ArithmeticError(f"The ELBO is not finite at step {step}; use a smaller learning rate.")
        history[:, step] = log_likelihood, kl
        # Adam (Kingma and Ba 2015, algorithm 1).
        power1, power2 = power1 * BETA1, power2 * BETA2
        first = BETA1 * first + (1 - BETA1) * gradient
        second = BETA2 * second + (1 - BETA2) * (gradient * gradient)
        rate = _learning_rate(step, n_steps, learning_rate)
        parameters = parameters + rate * (first / (1 - power1)) / (np.sqrt(second / (1 - power2)) + EPSILON)
    return PortableRun(parameters, *history)


def start(network: Network, initial_std: float, *, seed: int) -> np.ndarray:
    """Returns the first parameters `[2 n_weights]`: means N(0, 1 / fan-in), every sd `initial_std`."""
    scales = [np.full((n_in + 1) * n_out, np.sqrt(1 / n_in)) for n_in, n_out in network.layers]
    means = normals(seed, START, network.n_weights) * np.concatenate(scales)
    rho = initial_std + log(1 - exp(-initial_std))
    return np.concatenate([means, np.full_like(means, rho)])


def outputs(network: Network, weights, x) -> np.ndarray:
    """Returns f `[n_draws, n_points]` for weights `[n_draws, n_weights]` and x `[n_points]`."""
    return _forward(network, weights, np.asarray(x, np.float64))[-1][1][:, 0]


def digest(parameters) -> str:
    """Returns the SHA-256 of the parameters' bytes, 64-bit floats with the lowest byte first."""
    return hashlib.sha256(np.asarray(parameters, "<f8").tobytes()).hexdigest()


def _objective(network, x, y, parameters, noise, kl_weight):
    """Returns the ELBO's two parts and the gradient of log_likelihood - kl_weight · kl `[2 n_weights]`."""
    n_draws, n = noise.shape
    means, rho = parameters[:n], parameters[n:]
    small = exp(np.where(rho > 0, -rho, rho))
    total = 1 + small
    stds = softplus(rho)
    values, of_weights = _log_likelihood(network, x, y, means + stds * noise)
    precision = 1 / (network.prior_std * network.prior_std)
    terms = log(network.prior_std) - log(stds) + 0.5 * (precision * (means * means + stds * stds) - 1)
    of_means = _sum(of_weights, 0) / n_draws - kl_weight * precision * means
    of_stds = _sum(of_weights * noise, 0) / n_draws - kl_weight * (precision * stds - 1 / stds)
    of_rho = of_stds * (np.where(rho > 0, 1, small) / total)
    return _sum(values, 0) / n_draws, _sum(terms, 0), np.concatenate([of_means, of_rho])


def _log_likelihood(network, x, y, weights):
    """Returns log p(y | x, w) `[n_draws]` and its gradients, for weights `[n_draws, n_weights]`."""
    layers = _forward(network, weights, x)
    residuals = (y - layers[-1][1][:, 0]) / network.noise_std
    constant = -log(network.noise_std) - LOG_SQRT_2PI
    values = _sum(constant - 0.5 * residuals * residuals, 1)
    delta = (residuals / network.noise_std)[:, None]
    slope = ACTIVATIONS[network.activation][1]
    gradients = []
    for index in reversed(range(len(layers))):
        matrix = layers[index][2]
        below = layers[index - 1] if index else None
        sources = below[1] if index else x[None, None]
        of_biases = _sum(delta, 2)
        of_matrix = _sum(sources[:, :, None] * delta[:, None], 3)
        gradients[:0] = [of_matrix.reshape(len(weights), -1), of_biases]
        if index:
            delta = _sum(matrix[..., None] * delta[:, None], 2) * slope(*below[:2])
    return values, np.concatenate(gradients, axis=1)


def _forward(network, weights, x):
    """Returns for each layer the sums and the values of its units `[n_draws, n_units, n_points]`, and its
    weights `[n_draws, n_in, n_out]`."""
    layers, values, at = [], x[None, None], 0
    for index, (n_in, n_out) in enumerate(network.layers):
        matrix = weights[:, at : at + n_in * n_out].reshape(-1, n_in, n_out)
        at += n_in * n_out
        sums = weights[:, at : at + n_out, None]
        at += n_out
        for unit in range(n_in):
            sums = sums + matrix[:, unit, :, None] * values[:, unit, None]
        last = index == len(network.layers) - 1
        values = sums if last else ACTIVATIONS[network.activation][0](sums)
        layers.append((sums, values, matrix))
    return layers


def _sum(terms, axis):
    """The sum from the first term to the last: NumPy's own adds up in an order of its choice."""
    return np.take(np.add.accumulate(terms, axis), -1, axis)


def _learning_rate(step, n_steps, peak):
    """Returns `WarmupCosine(peak).rates(n_steps)[step]`."""
    done = (step / n_steps - 0.2) / 0.8
    rising = (step + 1) / max(1, 0.2 * n_steps)
    c = _cosine(0.5 * np.pi * done if done > 0 else 0.0)
    return peak * min(rising, 1) * c * c


def _cosine(x):
    """By its series, for x from 0 to pi / 2."""
    term = total = 1.0
    for k in range(2, 28, 2):
        term *= (-x * x) / (k * (k - 1))
        total += term
    return total
