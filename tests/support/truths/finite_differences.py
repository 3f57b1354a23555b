"""The check that several objectives share: a gradient against finite differences."""

import numpy as np
import tensorflow as tf


def assert_gradient_is_that_of_finite_differences(function, point):
    """`function` takes points `[..., n]`, in float64, and returns `[...]`; `point` is one `[n]`."""
    with tf.GradientTape() as tape:
        tape.watch(point)
        value = function(point)
    steps = 1e-6 * np.eye(point.shape[0])
    differences = (function(point + steps) - function(point - steps)).numpy() / 2e-6
    np.testing.assert_allclose(tape.gradient(value, point), differences, rtol=1e-4, atol=1e-4)
