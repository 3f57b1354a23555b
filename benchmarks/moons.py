"""Measures the road to a classifier's exact posterior: this library's HMC against NumPyro's NUTS, in one run.

    make .venv-peers/installed && .venv/bin/python benchmarks/moons.py

Both sample the same posterior, two moons of 200 points and a network 2-10-10-2 with a categorical likelihood,
and are judged by both logits at 143 places in the plane, with one estimator: the smallest bulk effective
sample size (ESS) and the largest rank-normalised split R-hat. NumPyro as in truth.py.
"""

import time

from first_post import report
from truth import faster_numpyro

import bayesian_nn as bnn
from bayesian_nn.figures import plane_grid

PLACES = plane_grid(((-4, 5), (-3.5, 4)), n_across=13)


def main():
    data = bnn.data.two_moons(seed=0)
    model = bnn.Model((2, 10, 10, 2), bnn.Categorical(2), scaling=data.scaling)
    start, processor = time.perf_counter(), time.process_time()
    chains = bnn.sample_hmc(model, data, seed=0)
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    ours = bnn.sampling.function_space_convergence(chains, PLACES)
    show("bnn.sample_hmc", seconds, processor, ours, ("<= 30", ">= 4,000", "<= 1.01"))
    report("    divergences", chains.n_divergences, "", "")

    method, sampled = faster_numpyro(model, data, PLACES, noise_std=None)
    theirs = bnn.sampling.convergence_of(sampled.functions)
    show(f"NumPyro's NUTS, {method}", sampled.seconds, sampled.processor, theirs, ("", "", ""))

    worth = theirs.ess_bulk.min() / ours.ess_bulk.min()
    report("ours / NumPyro's seconds, at equal ESS", seconds / sampled.seconds * worth, "", "<= 0.15")
    report("    seconds of all cores", processor / sampled.processor * worth, "", "")


def show(name, seconds, processor, convergence, targets):
    for_seconds, for_ess, for_r_hat = targets
    report(f"{name}, with compiling", seconds, "s", for_seconds)
    report("    of all cores", processor, "s", "")
    report("    smallest bulk ESS of the logits", convergence.ess_bulk.min(), "", for_ess)
    report("    smallest tail ESS", convergence.ess_tail.min(), "", "")
    report("    largest split R-hat", convergence.r_hat.max(), "", for_r_hat)


if __name__ == "__main__":
    main()
