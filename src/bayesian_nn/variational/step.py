"""One step of variational inference, as the driver runs it."""

from dataclasses import dataclass, replace

from bayesian_nn.model.model import Model
from bayesian_nn.model.observations import Observations
from bayesian_nn.objectives.elbo import Elbo, objective_noise_shape
from bayesian_nn.posteriors.family import Family
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.optimizer import Adam, StepDecay

__all__ = ["VariationalStep", "variational_step"]


@dataclass(frozen=True)
class VariationalStep:
    """A step up the objective; see `Method`. The schedules are the learning rate and the weight of the KL;
    warmed: whether that weight changes, or is the objective's own business."""

    model: Model
    posterior: Family
    objective: Elbo
    optimizer: Adam
    warmed: bool

    vector_axis = 0
    lost_allowed = True
    fused = False

    def gradient(self, state, schedule, noise, batch: Observations, n_points: int):
        """Returns the gradient `[n_restarts, n_parameters]`, downhill, and the ELBO's two parts."""
        parameters = state.parameters
        # One alone goes without its axis: matrix products of more than two axes are slower.
        alone = parameters.shape[0] == 1
        parameters, noise = (parameters[0], noise[0]) if alone else (parameters, noise)
        with tf.GradientTape() as tape:
            tape.watch(parameters)
            value = self.objective(self.model, self.posterior, parameters, noise, batch, n_points=n_points)
            climbed = value.log_likelihood - schedule[1] * value.kl if self.warmed else value.objective
            # Restarts do not share parameters: the sum's gradient is each one's own.
            loss = -tf.reduce_sum(climbed)
        # The ELBO's own parts, whatever is climbed.
        gradient, parts = tape.gradient(loss, parameters), tf.stack([value.log_likelihood, value.kl])
        return (gradient[None], parts[:, None]) if alone else (gradient, parts)

    def update(self, state, gradient, schedule):
        """Returns the optimizer's next state."""
        return self.optimizer.step(state, gradient, schedule[0])

    def recorded(self, state):
        """Returns the parameters `[n_restarts, n_parameters]`."""
        return state.parameters

    def parts_shape(self, state) -> tuple[int, int]:
        """Returns `(2, n_restarts)`: log-likelihood and KL."""
        return 2, state.parameters.shape[0]

    def noise_shape(self, n_restarts: int, n_batch: int) -> tuple[int, ...]:
        """Returns the shape of a step's noise."""
        return n_restarts, *objective_noise_shape(self.objective, self.model, self.posterior, n_batch)

    def noise_of_share(self, noise, share: slice, n_batch: int):
        """Returns the noise of the share's own points, and what all points have in common. Raises ValueError
        for an objective that does not say which is which."""
        if not hasattr(self.objective, "noise_sizes"):
            if hasattr(self.objective, "noise_shape"):
                raise ValueError(
                    f"strategy: {type(self.objective).__name__} does not say which noise is a point's own "
                    "(noise_sizes), and so its batches cannot be shared among replicas."
                )
            # The weights' noise, which all points share.
            return noise
        n_own, _ = self.objective.noise_sizes(self.model)
        own = noise[..., share.start * n_own : share.stop * n_own]
        return tf.concat([own, noise[..., n_batch * n_own :]], axis=-1)


def variational_step(
    model: Model, posterior: Family, objective: Elbo, optimizer: Adam, *, warmed: bool
) -> VariationalStep:
    """Returns the step, for a model in neutral units and an optimizer without its schedule, which is an
    argument of the compiled program: more fits can share it."""
    return VariationalStep(
        model.program, posterior, objective, replace(optimizer, learning_rate=StepDecay(1.0)), warmed
    )
