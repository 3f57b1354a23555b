"""Has inference come to an end?"""

from collections.abc import Iterator

import numpy as np

from bayesian_nn.model.observations import parts_of
from bayesian_nn.modes.map_estimate import MapEstimate
from bayesian_nn.sampling.convergence import convergence_of, function_space_convergence, functions_of
from bayesian_nn.sampling.hmc import Chains
from bayesian_nn.sampling.langevin import LangevinChains
from bayesian_nn.sampling.microcanonical import MicrocanonicalChains
from bayesian_nn.training.run import Run
from bayesian_nn.variational.ivon import IvonFit
from bayesian_nn.verdict.evidence import Evidence
from bayesian_nn.verdict.finding import Finding, number, percent
from bayesian_nn.verdict.straight_line import some_rows

__all__ = ["inference_has_converged"]

# The largest R-hat, between the 1.01 of Vehtari et al. (2021) and the 1.1 of old, for the largest of many.
R_HAT = 1.05
# Independent draws with which a mean is known to a tenth of a sd.
ESS = 100
# The same within a chain, where its halves are compared.
SETTLED = 1.2
# Functions at which chains are compared.
MAX_ROWS = 100
# Trajectories that may diverge.
DIVERGENT = 0.001
# Of log p(y, w), in nats per sd of the prior: a step up gains less than its square.
SLOPE = 0.1
# A rise of the ELBO or of a held-out density, in nats a row, that matters.
RISE = 0.005


def inference_has_converged(evidence: Evidence) -> Iterator[Finding]:
    """Yields what a result knows of its own end: whether it was interrupted, whether its ELBO or held-out
    density still rose, whether chains agree, how steep the density is at a mode."""
    result = evidence.result
    outcome = getattr(result, "outcome", "finished")
    if outcome in ("interrupted", "diverged"):
        remedy = {
            "interrupted": "Let it go on to its end (fit has resume=).",
            "diverged": "Use a smaller learning rate or step size.",
        }[outcome]
        yield Finding("ended", f"It {'was ' * (outcome == 'interrupted')}{outcome}.", remedy, 1.0, 0.0)
    if isinstance(result, Run) and len(result.held_out):
        yield from _held_out(result)
    elif isinstance(result, Run):
        yield from _elbo(result.elbo, result.n_points)
    elif isinstance(result, IvonFit):
        yield from _elbo(result.elbos[:, result.best], evidence.n_rows)
    elif isinstance(result, Chains | LangevinChains):
        yield from _chains(result, parts_of(some_rows(evidence.data, MAX_ROWS))[0])
    elif isinstance(result, MicrocanonicalChains):
        yield from _sampled_ensemble(result, parts_of(some_rows(evidence.data, MAX_ROWS))[0])
    elif isinstance(result, MapEstimate):
        sentence = f"The mode's slope is {number(result.slope)} nats per prior sd, zero at the top."
        holds = bool(result.slope <= SLOPE)
        remedy = "" if holds else "Climb on: find_map(..., start=estimate.latents, optimizer=Adam(1e-3))."
        yield Finding("mode", sentence, remedy, float(result.slope), SLOPE)


def _held_out(run):
    """A run that watched held-out data has converged when its last tenth made them hardly more likely, or
    when it stopped for that reason."""
    values = run.held_out[:, run.best]
    if len(values) < 2:
        return
    best = int(np.nanargmax(values))
    rise = float(values[best] - np.max(values[: -max(1, len(values) // 10)], initial=-np.inf))
    holds = rise <= RISE or run.outcome == "held-out"
    step = int(run.held_out_steps[best])
    sentence = f"Held-out rows were predicted best after {step:,} of {run.n_steps_done:,} steps"
    sentence += "." if holds else f", and still {number(rise)} nats a row better by its last tenth."
    yield Finding("converged", sentence, "" if holds else _MORE_STEPS, max(rise, 0.0), RISE)


def _elbo(elbos, n_points):
    window = len(elbos) // 10
    if window < 2:
        return
    before, last = elbos[-2 * window : -window], elbos[-window:]
    rise = float(np.mean(last) - np.mean(before))
    error = float(np.sqrt((np.var(last) + np.var(before)) / window))
    limit = max(1.0, RISE * n_points, 3 * error)
    holds = rise <= limit
    sentence = (
        f"The ELBO {'changed by' if holds else 'still rose by'} {number(rise)} nats between the "
        "last two tenths of the steps."
    )
    yield Finding("converged", sentence, "" if holds else _MORE_STEPS, rise, limit)


def _chains(chains, x):
    n_chains, n_draws = chains.latents.shape[:2]
    if isinstance(chains, Chains) and chains.n_divergences:
        share = chains.n_divergences / (n_chains * n_draws)
        holds = share <= DIVERGENT
        remedy = "" if holds else "Raise target_acceptance, as to 0.98, or warm up for longer."
        sentence = f"{chains.n_divergences:,} trajectories diverged, {percent(share)} of all."
        yield Finding("divergences", sentence, remedy, share, DIVERGENT)
    if n_draws < 4:
        sentence = f"Whether chains agree cannot be told from {n_draws} draws of each."
        yield Finding("chains", sentence, "Keep 4 or more.", float(n_draws), 4.0)
        return
    convergence = function_space_convergence(chains, x)
    r_hat, ess = float(np.max(convergence.r_hat)), float(np.min(convergence.ess_bulk))
    warm_up = "n_burn_in" if isinstance(chains, LangevinChains) else "n_warmup"
    remedy = f"Draw for longer, with a longer {warm_up}, or start from members of an ensemble."
    sentence = (
        f"The largest R-hat of f at these rows is {number(r_hat)}; chains that agree are below {R_HAT}."
    )
    holds = r_hat <= R_HAT
    yield Finding("chains", sentence, "" if holds else remedy, r_hat, R_HAT)
    holds = ess >= ESS
    sentence = f"For f at the worst of these rows the chains are worth {number(ess)} independent draws."
    yield Finding("draws", sentence, "" if holds else "Draw for longer.", ess, ESS)


def _sampled_ensemble(chains, x):
    """Chains that began at members of an ensemble each keep to their own surroundings, and are not asked to
    agree: each should have settled there, so that its halves do."""
    n_draws = chains.latents.shape[1]
    if n_draws < 4:
        sentence = f"Whether chains have settled cannot be told from {n_draws} draws of each."
        yield Finding("chains", sentence, "Keep 4 or more.", float(n_draws), 4.0)
        return
    values = functions_of(chains, x)
    together = float(np.median(convergence_of(values).r_hat))
    settled = float(np.median([np.median(convergence_of(each[None]).r_hat) for each in values]))
    holds = settled <= SETTLED
    sentence = (
        f"The median R-hat of f is {number(settled)} within a chain and {number(together)} over all of them, "
        "each of which samples round a network of its own."
    )
    remedy = "" if holds else "Draw for longer: n_steps."
    yield Finding("chains", sentence, remedy, settled, SETTLED)


_MORE_STEPS = "Train for more steps: a fit takes n_steps and resume=."
