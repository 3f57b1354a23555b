"""Hamiltonian Monte Carlo's compiled part: a block of iterations of many chains in one program."""

import functools
from typing import NamedTuple

from bayesian_nn.model.chains_last import log_joint_and_gradient
from bayesian_nn.model.model import Model
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["Block", "compiled_block"]


class Block(NamedTuple):
    """What some iterations give: the last latents `[n_latents, n_chains]`, all of them `[n_iterations,
    n_latents, n_chains]`, their log joint densities, and each proposal's gain in log density, momentum
    included (zero for an exact trajectory), both `[n_iterations, n_chains]` in nats."""

    last: tf.Tensor
    latents: tf.Tensor
    log_joints: tf.Tensor
    energy_gains: tf.Tensor


@functools.lru_cache(maxsize=16)
def compiled_block(model: Model):
    """Returns the compiled function `(latents, steps, counts, noise, observations) -> Block`.

    steps: the leapfrog step of every latent in every iteration `[n_iterations, n_latents, 1]`; counts: how
    many of these iterations to do, the others being left zero, and the leapfrog steps of each; noise: the
    momenta, standard normal `[n_iterations, n_latents, n_chains]`, and the logs of uniform numbers for
    accepting or not `[n_iterations, n_chains]`. (Neal 2011, section 5.3.2)
    """

    # Not TFP's kernel, which needs the chains in the first axis: see chains_last.
    @tf.function(jit_compile=True, autograph=False)
    def _compiled_block(latents, steps, counts, noise, observations):
        def gradient_at(latents):
            return log_joint_and_gradient(model, latents, observations)

        n_iterations, n_leapfrog = counts
        momenta, log_uniforms = noise

        def iteration(index, latents, log_joint, gradient, kept):
            step, momentum = steps[index], momenta[index]
            proposal = _trajectory(gradient_at, latents, momentum, log_joint, gradient, step, n_leapfrog)
            energy = proposal.log_joint - 0.5 * tf.reduce_sum(proposal.momentum**2, axis=0)
            gain = energy - (log_joint - 0.5 * tf.reduce_sum(momentum**2, axis=0))
            # A trajectory that left the finite numbers is never accepted.
            gain = tf.where(tf.math.is_finite(gain), gain, -tf.float32.max)
            accepted = log_uniforms[index] < gain
            latents = tf.where(accepted, proposal.latents, latents)
            gradient = tf.where(accepted, proposal.gradient, gradient)
            log_joint = tf.where(accepted, proposal.log_joint, log_joint)
            values = (latents, log_joint, gain)
            kept = [array.write(index, value) for array, value in zip(kept, values, strict=True)]
            return index + 1, latents, log_joint, gradient, kept

        shapes = (latents.shape, latents.shape[1:], latents.shape[1:])
        kept = [tf.TensorArray(tf.float32, momenta.shape[0], element_shape=shape) for shape in shapes]
        _, last, _, _, kept = tf.while_loop(
            lambda index, *_: index < n_iterations, iteration, (0, latents, *gradient_at(latents), kept)
        )
        return Block(last, *(array.stack() for array in kept))

    return _compiled_block


class _Point(NamedTuple):
    latents: tf.Tensor
    momentum: tf.Tensor
    log_joint: tf.Tensor
    gradient: tf.Tensor


def _trajectory(gradient_at, latents, momentum, log_joint, gradient, step, n_leapfrog):
    def leapfrog(index, point):
        momentum = point.momentum + 0.5 * step * point.gradient
        latents = point.latents + step * momentum
        log_joint, gradient = gradient_at(latents)
        return index + 1, _Point(latents, momentum + 0.5 * step * gradient, log_joint, gradient)

    start = _Point(latents, momentum, log_joint, gradient)
    _, end = tf.while_loop(lambda index, _: index < n_leapfrog, leapfrog, (0, start))
    return end
