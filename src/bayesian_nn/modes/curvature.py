"""How curved the posterior is: its generalised Gauss-Newton matrix, and the network's derivatives."""

from collections.abc import Iterator

import numpy as np

from bayesian_nn.likelihoods.noises import learned_noises
from bayesian_nn.model.model import Model
from bayesian_nn.model.network import activation_of, layer_views, outputs, product
from bayesian_nn.model.observations import Observations
from bayesian_nn.model.prior_terms import gaussian_prior, has_gaussian_prior, prior_stds
from bayesian_nn.runtime.tensorflow import tf

__all__ = [
    "MOST_TO_GAIN",
    "curvature_root",
    "effective_parameters",
    "free_latents",
    "inverse_root",
    "jacobian",
    "newton_gain",
    "precision",
    "times",
]

# Numbers of derivatives that are held at once: 64 MB in double precision.
PART = 2**23
# Nats that a Newton step may gain at what is still a mode.
MOST_TO_GAIN = 0.01
# Latents, and multiplications for their matrix, up to which it takes seconds.
MOST_LATENTS, WORK = 3000, 2**35


def precision(
    model: Model, latents, inputs, *, weights=None, diagonal: bool = False, last_layer: bool = False
) -> np.ndarray:
    """Returns the generalised Gauss-Newton matrix of -log p(y, latents | x) `[n_free, n_free]`, or its
    diagonal `[n_free]`, for latents `[n_latents]` and `inputs = model.inputs(x)`: Σ JᵀHJ over the points,
    each as often as `weights` `[n_points]` says, with H the expected curvature of the likelihood in its
    outputs and unknowns, plus the prior's precision.

    H is the Fisher information, so for an unknown of the likelihood, such as log noise_std, this is Fisher's
    matrix too (Kunstner et al. 2019, "Limitations of the empirical Fisher approximation", section 3).
    """
    _, stds = gaussian_prior(model, "fit_laplace")
    own_precision = stds[free_latents(model, last_layer)] ** -2.0
    total = own_precision if diagonal else np.diag(own_precision)
    n_unknowns = len(model.likelihood.unknowns)
    done = 0
    for part, derivatives in _derivatives(model, latents, inputs, last_layer):
        curvature = _curvature(model, latents, part)
        if weights is not None:
            curvature = curvature * np.asarray(weights)[done : done + len(part), None, None]
        done += len(part)
        # The unknowns are latents themselves, the last of those that vary.
        extended = np.zeros((len(part), curvature.shape[1], derivatives.shape[2]))
        extended[:, : derivatives.shape[1]] = derivatives
        for index in range(n_unknowns):
            extended[:, index - n_unknowns, index - n_unknowns] = 1
        weighted = np.einsum("nij,njl->nil", curvature, extended)
        if diagonal:
            total = total + np.einsum("nil,nil->l", weighted, extended)
        else:
            total = total + weighted.reshape(-1, total.shape[0]).T @ extended.reshape(-1, total.shape[0])
    return total


def inverse_root(matrix) -> np.ndarray:
    """Returns the upper triangular root R `[n, n]` of a matrix's inverse, R Rᵀ, or of a diagonal one `[n]`
    the root's diagonal `[n]`."""
    if matrix.ndim == 1:
        return 1 / np.sqrt(matrix)
    # What rounding may have taken from the smallest eigenvalues.
    ridge = np.finfo(np.float64).eps * len(matrix) * np.max(np.diag(matrix))
    return np.linalg.inv(np.linalg.cholesky(matrix + ridge * np.eye(len(matrix)))).T


def times(root, vector) -> np.ndarray:
    """Returns the product of a root `[n, n]`, or of a diagonal one `[n]`, and a vector `[n]`."""
    return root * vector if root.ndim == 1 else root @ vector


def newton_gain(root, gradient) -> float:
    """Returns what a Newton step would gain, in nats, half the square of Newton's decrement, for the
    `inverse_root` of the precision and the log joint density's gradient."""
    return 0.5 * float(np.sum(times(root.T, gradient) ** 2))


def curvature_root(model: Model, latents, observations: Observations) -> np.ndarray:
    """Returns the `inverse_root` of the `precision` `[n_latents, n_latents]`; of its diagonal alone
    `[n_latents]` where the matrix is large; and the prior's sds where the prior is not Gaussian."""
    if not has_gaussian_prior(model):
        return prior_stds(model)
    inputs, weights = observations.inputs, observations.weights
    large = _matrix_is_large(model, observations)
    return inverse_root(precision(model, latents, inputs, weights=weights, diagonal=large))


def effective_parameters(model: Model, latents, observations: Observations) -> dict[int, float]:
    """Returns for each `LearnedNoise`, by its place among the latents, how many parameters the data with
    this noise determine: the trace of what they add to the precision of all other latents, over all of that
    precision (MacKay 1992, equation 4.9). None where the prior is not Gaussian, or the matrix large."""
    noises = [model.n_weights + place for place in learned_noises(model.likelihood)]
    if not noises or not has_gaussian_prior(model) or _matrix_is_large(model, observations):
        return {}
    others = np.delete(np.arange(model.n_latents), noises)

    def matrix(latents):
        whole = precision(model, latents, observations.inputs, weights=observations.weights)
        return whole[np.ix_(others, others)]

    covariance = np.linalg.inv(matrix(latents))
    # Data of infinite noise say nothing.
    without = [np.where(np.arange(model.n_latents) == place, np.inf, latents) for place in noises]
    rest = [float(np.sum(covariance * matrix(each))) for each in without]
    return {place: len(others) - each for place, each in zip(noises, rest, strict=True)}


def _matrix_is_large(model, observations):
    return model.n_latents > MOST_LATENTS or observations.n_points * model.n_latents**2 > WORK


def jacobian(model: Model, latents, inputs, *, last_layer: bool = False) -> np.ndarray:
    """Returns the derivatives `[n_points, n_outputs, n_free]` of the network's outputs, in its own units, by
    the latents that vary, in float64, for latents `[n_latents]` and `inputs = model.inputs(x)` `[n_points,
    n_inputs]`."""
    return np.concatenate([part for _, part in _derivatives(model, latents, inputs, last_layer)])


def _derivatives(model, latents, inputs, last_layer) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields the points in parts: their inputs, and their derivatives `[n_part, n_outputs, n_free]`."""
    latents, inputs = np.asarray(latents, np.float64), np.asarray(inputs, np.float64)
    n_free = len(free_latents(model, last_layer))
    length = int(np.clip(PART // (model.likelihood.n_outputs * n_free), 1, 512))
    for begin in range(0, len(inputs), length):
        part = inputs[begin : begin + length]
        yield part, _derivatives_at(model, latents, part, last_layer)


def _derivatives_at(model, latents, inputs, last_layer):
    # The derivative by a weight is the unit that it reads times the derivative by the unit that it feeds.
    read, fed = [], []
    with tf.GradientTape(persistent=True) as tape:
        for weights, biases in layer_views(model, tf.constant(latents)):
            read.append(activation_of(model)(fed[-1]) if fed else tf.transpose(tf.constant(inputs)))
            fed.append(product(weights, read[-1]) + biases)
            tape.watch(fed[-1])
        sums = [tf.reduce_sum(fed[-1][k]) for k in range(model.likelihood.n_outputs)]
    n_points, n_unknowns = len(inputs), model.n_latents - model.n_weights
    skipped = len(fed) - 1 if last_layer else 0
    found = []
    for of_output in sums:
        slopes = tape.gradient(of_output, fed[skipped:])
        blocks = []
        for units, slope in zip(read[skipped:], slopes, strict=True):
            units, slope = units.numpy().T, slope.numpy().T
            blocks += [(units[:, :, None] * slope[:, None, :]).reshape(n_points, -1), slope]
        # The network does not see what is unknown beside its weights.
        found.append(np.concatenate([*blocks, np.zeros((n_points, n_unknowns))], axis=1))
    return np.stack(found, axis=1)


def _curvature(model, latents, inputs):
    """Returns H `[n_points, n_outputs + n_unknowns, n_outputs + n_unknowns]`."""
    latents = np.asarray(latents, np.float64)
    values = list(outputs(model, latents, inputs).numpy())
    n_weights, n_unknowns = model.n_weights, len(model.likelihood.unknowns)
    unknowns = list(latents[n_weights : n_weights + n_unknowns])
    rows = model.likelihood.curvature(values, unknowns, list(np.atleast_1d(model.scaling.y_scale)))
    return np.stack(
        [np.stack([np.broadcast_to(each, len(inputs)) for each in row], axis=-1) for row in rows], axis=-2
    )


def free_latents(model: Model, last_layer: bool) -> np.ndarray:
    """Returns which latents vary `[n_free]`."""
    n_in, n_out = model.layers[-1]
    first = model.n_weights - (n_in + 1) * n_out if last_layer else 0
    return np.arange(first, model.n_latents)
