"""Fits that are flat: what they explain, and the warning that says so."""

import warnings

import numpy as np

from bayesian_nn.model.log_joint import network_outputs
from bayesian_nn.model.observations import parts_of, scaling_was_forgotten, weights_of
from bayesian_nn.objectives.elbo import estimate_elbo
from bayesian_nn.runtime.random_streams import EXPLAINED, key
from bayesian_nn.runtime.tensorflow import tf
from bayesian_nn.training.run import Run, Settings

__all__ = ["FlatFitWarning", "assess", "warn_if_flat"]

# Below this fraction of explained variance a fit is called flat: the collapsed optima of the post's network
# explain 0 to 17 %, the half-collapsed ones above 50 %.
FLAT = 0.25
# Multiplications of a weight by a unit that an assessment may take: about ten seconds.
WORK = 2e10


class FlatFitWarning(UserWarning):
    """A fit explains hardly more of y than a constant does."""


def assess(settings: Settings, data, parameters, log_likelihoods, kls) -> tuple[np.ndarray, float]:
    """Returns the restarts' ELBOs `[n_restarts]` in nats, -inf for one that diverged, and the fraction of y
    that the best one explains. Of a network or data so large that a thousand draws would take minutes, the
    mean of the ELBOs of the last hundred steps, and what a part of the data says."""
    model, n_points = settings.model, len(parts_of(data)[1])
    work = n_points * model.n_weights
    elbos = (log_likelihoods - kls)[-100:]
    if 1000 * work * len(parameters) <= WORK or not len(elbos):
        n_draws = int(np.clip(WORK // (work * len(parameters)), 2, 1000))
        elbos = estimate_elbo(
            model,
            settings.posterior,
            parameters,
            data,
            seed=settings.seed,
            n_draws=n_draws,
            analytic_kl=settings.objective.analytic_kl,
        ).elbo
    else:
        elbos = elbos.mean(axis=0)
    elbos = np.where(np.isfinite(elbos), elbos, -np.inf)
    best = parameters[np.argmax(elbos)]
    return elbos, _explained(settings, data, best, work)


def warn_if_flat(run: Run, data, *, started_wide: bool, stacklevel: int) -> None:
    """Warns with FlatFitWarning if a fit explains hardly more than a constant, with what to try."""
    _, y = parts_of(data)
    # Of a constant y there is nothing to explain.
    if run.explained >= FLAT or np.ptp(y, axis=0).max() == 0:
        return
    # An ELBO above the constant's score would prove that the fit explains something; one below it proves
    # nothing, for a network pays for its weights.
    constant = run.model.likelihood.constant_log_likelihood(y)
    # Of weighted observations the best constant is another.
    weighted = weights_of(data) is not None
    if weighted or run.final_elbo < constant:
        proof = (
            ""
            if weighted
            else f": its ELBO is {run.final_elbo:.0f} nats, and the best constant's log-likelihood is "
            f"{constant:.0f}"
        )
        message = (
            f"After {run.n_steps_done} steps this fit explains {max(run.explained, 0):.0%} of y, hardly more "
            f"than a constant{proof}. {_remedy(run.model, data, started_wide)} If x really says so little of "
            "y, this is right."
        )
        warnings.warn(message, FlatFitWarning, stacklevel=stacklevel)


def _explained(settings, data, parameters, work):
    """Returns the fraction of y that the mean of 200 draws explains."""
    model, posterior = settings.model, settings.posterior
    x, y = parts_of(data)
    n_draws = int(np.clip(WORK // (4 * work), 20, 200))
    n_shown = int(np.clip(WORK // (4 * n_draws * model.n_weights), 100, len(y)))
    rows = np.unique(np.linspace(0, len(y) - 1, n_shown).astype(int))
    noise = tf.random.stateless_normal(
        [n_draws, *posterior.noise_shape(model)], key(settings.seed, EXPLAINED)
    )
    latents = posterior.draw(tf.constant(parameters), noise).numpy()
    if not np.isfinite(latents).all():
        return 0.0
    x, y = x[rows].reshape(len(rows), -1), y[rows]
    first = model.n_weights
    unknowns = latents[:, first : first + len(model.likelihood.unknowns)]
    outputs = network_outputs(model, latents, x)
    prediction = model.likelihood.prediction(x, outputs, unknowns, model.scaling)
    explained = float(model.likelihood.explained(prediction, y))
    return explained if np.isfinite(explained) else -np.inf


def _remedy(model, data, started_wide):
    if scaling_was_forgotten(model, data):
        return "The network sees the data in units far from its own: give the model scaling=data.scaling."
    if started_wide:
        return "Most often the posterior started too wide: try MeanField(initial_std=0.02)."
    return "Try n_restarts=8, more steps, a smaller network, or a likelihood nearer to the truth."
