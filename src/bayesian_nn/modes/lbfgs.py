"""L-BFGS: the bottom of a smooth function, to more digits than gradient steps alone reach."""

from collections import deque
from typing import NamedTuple

import numpy as np

__all__ = ["Bottom", "minimise"]


class Bottom(NamedTuple):
    """position: `[n]`; value: the function there; gradient: `[n]`, zero at a bottom; n_evaluations: what it
    took."""

    position: np.ndarray
    value: float
    gradient: np.ndarray
    n_evaluations: int


def minimise(
    function, position, *, tolerance: float = 1e-4, n_steps: int = 10_000, n_pairs: int = 20
) -> Bottom:
    """Returns the `Bottom` that L-BFGS reaches from `position` `[n]`: where no derivative is larger than
    `tolerance`, or after `n_steps` steps, or where rounding lets no step go down.

    function: from `[n]` to its value and gradient. n_pairs: the last steps whose curvature is remembered.
    Nocedal and Wright 2006, algorithms 7.4 and 7.5; the line search is their 3.1, with a parabola's minimum
    for the next try. Here rather than TensorFlow Probability's, which spends several times as long on tracing
    or compiling as this takes for a whole search of a hundred latents.
    """
    value, gradient = function(position)
    pairs, n_evaluations = deque(maxlen=n_pairs), 1
    for _ in range(n_steps):
        if np.abs(gradient).max() <= tolerance:
            break
        direction = -_newton_step(pairs, gradient)
        size, slope = 1.0, gradient @ direction
        while True:
            next_value, next_gradient = function(position + size * direction)
            n_evaluations += 1
            if next_value <= value + 1e-4 * size * slope:
                break
            with np.errstate(all="ignore"):
                parabola = -slope * size / (2 * (next_value - value - slope * size))
            # NaN, where the function left the finite numbers, becomes a tenth too.
            size *= np.fmin(np.fmax(parabola, 0.1), 0.5)
            if size < 1e-12:
                return Bottom(position, value, gradient, n_evaluations)
        step, change = size * direction, next_gradient - gradient
        # Where the function is not convex along the step, it says nothing of the curvature at a bottom.
        if step @ change > 1e-12 * np.linalg.norm(step) * np.linalg.norm(change):
            pairs.append((step, change, 1 / (step @ change)))
        position, value, gradient = position + step, next_value, next_gradient
    return Bottom(position, value, gradient, n_evaluations)


def _newton_step(pairs, gradient):
    """Returns the inverse Hessian that the pairs remember, times the gradient `[n]`."""
    if not pairs:
        return gradient / np.linalg.norm(gradient)
    step, weights = gradient, []
    for past, change, inverse in reversed(pairs):
        weights.append(inverse * (past @ step))
        step = step - weights[-1] * change
    _, change, inverse = pairs[-1]
    step = step / (inverse * (change @ change))
    for (past, change, inverse), weight in zip(pairs, reversed(weights), strict=True):
        step = step + (weight - inverse * (change @ step)) * past
    return step
