"""Measures every method against long HMC, on five draws of the post's data: seconds, distance, width.

    .venv/bin/python benchmarks/methods.py [seed ...]

Seconds are those of each method's first use, compiling and 2,000 draws of f included. W2 is the mean over x
of the Wasserstein-2 distance between draws of f. A method wins a data set if it takes at most 10 s, its W2 in
the gap is at most a quarter of mean-field inference's, and its mean sd there is within a fifth of HMC's.
"""

import functools
import sys
import time
import warnings
from typing import NamedTuple

import numpy as np

import bayesian_nn as bnn

SEED, N_DRAWS = 0, 2000
X = np.linspace(-4, 12, 161)
REGIONS = {"data": [(0, 2), (6, 8)], "gap": [(2.1, 5.9)], "outside": [(-4, -0.1), (8.1, 12)]}


class Settings(NamedTuple):
    """What must suit the network and the data: the step sizes of dynamics that refuse no step, how many
    chains, members and restarts there are, and how long they go on."""

    sgld_step: float = 2e-5
    sghmc_step: float = 0.003
    n_sghmc_steps: int = 6000
    n_chains: int = 64
    n_restarts: int = 32
    n_full_covariance_steps: int = 3000


def main():
    wins = {}
    for seed in map(int, sys.argv[1:] or (42, 1, 2, 3, 4)):
        data = bnn.data.cosine_with_gap(seed=seed)
        model = bnn.Model((1, 10, 10, 1), bnn.Gaussian(0.1), scaling=data.scaling)
        chains = bnn.sampling.reference_chains(model, data, seed=SEED)
        truth = bnn.predict(chains, X, n_draws=8000, seed=SEED).draws
        print(f"\ndata of seed {seed}, W2 and sd over HMC's in {', '.join(REGIONS)}")
        of_mean_field = None
        for name, infer in methods(model, data, X, Settings()).items():
            draws, seconds = timed(infer)
            distance = bnn.scores.mean_by_region(bnn.scores.wasserstein2(draws, truth), X, REGIONS)
            std = [bnn.scores.mean_by_region(each.std(axis=0), X, REGIONS) for each in (draws, truth)]
            widths = {region: std[0][region] / std[1][region] for region in REGIONS}
            of_mean_field = of_mean_field or distance["gap"]
            ratio = distance["gap"] / of_mean_field
            won = seconds <= 10 and ratio <= 0.25 and abs(widths["gap"] - 1) <= 0.2
            wins.setdefault(name, []).append(won)
            print(
                f"{name:26} {seconds:5.1f} s  W2 {row(distance)}  sd {row(widths)}  gap/mean-field's "
                f"{ratio:5.2f}  {'wins' if won else ''}",
                flush=True,
            )
    print()
    for name, won in wins.items():
        print(f"{name:26} wins {sum(won)} of {len(won)}")


def methods(model, data, x, settings):
    """Returns {name: function of no arguments that returns draws of f `[n_draws, n_points]` at x}, the plain
    mean-field fit first."""

    def drawn(infer):
        return bnn.predict(infer(), x, n_draws=N_DRAWS, seed=SEED).draws

    def tangent(**arguments):
        found = bnn.fit_laplace(model, data, bnn.find_map(model, data, seed=SEED), **arguments)
        return bnn.predict_linearised(found, x, n_draws=N_DRAWS, seed=SEED).draws

    def fit(**arguments):
        return bnn.fit(model, data, seed=SEED, record_at=[], **arguments)

    n_members, n_restarts = settings.n_chains, settings.n_restarts
    slower, slowest = (bnn.Adam(bnn.WarmupCosine(rate)) for rate in (0.03, 0.01))
    from_prior = bnn.MeanField().parameters(
        bnn.prediction.draw_prior(model, n_restarts, seed=SEED), np.full((n_restarts, model.n_latents), 0.005)
    )
    by_draws = {
        "mean-field VI": fit,
        "low-rank VI": lambda: fit(posterior=bnn.LowRank(rank=10), n_steps=3000),
        "full-covariance VI": lambda: fit(
            posterior=bnn.FullCovariance(), n_steps=settings.n_full_covariance_steps, optimizer=slower
        ),
        "VI mixture": lambda: bnn.mixture_of(fit(n_restarts=n_restarts)),
        "VI mixture from prior": lambda: bnn.mixture_of(
            fit(n_restarts=n_restarts, start=from_prior, optimizer=slowest)
        ),
        "IVON": lambda: bnn.fit_ivon(model, data, seed=SEED),
        "Laplace, sampled": lambda: bnn.fit_laplace(model, data, bnn.find_map(model, data, seed=SEED)),
        "deep ensemble": lambda: bnn.fit_ensemble(
            model, data, seed=SEED, n_members=n_members, anchored=False, perturbed=False
        ),
        "anchored ensemble": lambda: bnn.fit_ensemble(model, data, seed=SEED, n_members=n_members),
        "dropout": lambda: bnn.fit_dropout(model, data, seed=SEED),
        "SGLD": lambda: bnn.sample_sgld(
            model, data, seed=SEED, step_size=settings.sgld_step, n_chains=settings.n_chains
        ),
        "SGHMC": lambda: bnn.sample_sghmc(
            model,
            data,
            seed=SEED,
            step_size=settings.sghmc_step,
            n_steps=settings.n_sghmc_steps,
            n_burn_in=settings.n_sghmc_steps // 3,
            n_chains=settings.n_chains,
        ),
        "HMC, cut short": lambda: bnn.sample_hmc(
            model, data, seed=SEED, n_warmup=60, n_draws=40, n_chains=settings.n_chains
        ),
    }
    return {name: functools.partial(drawn, infer) for name, infer in by_draws.items()} | {
        "Laplace, linearised": tangent,
        "Laplace, diagonal": functools.partial(tangent, diagonal=True),
    }


def forget_programs():
    """Makes the library compile anew: each method's seconds are then those of its first use."""
    for name, module in list(sys.modules.items()):
        if name.startswith("bayesian_nn."):
            for program in ("_compiled_block", "compiled_block"):
                if hasattr(module, program):
                    getattr(module, program).cache_clear()


def timed(function):
    forget_programs()
    start = time.perf_counter()
    with warnings.catch_warnings():
        # That a fit is flat is seen in its row.
        warnings.simplefilter("ignore", bnn.FlatFitWarning)
        result = function()
    return result, time.perf_counter() - start


def row(values):
    return " ".join(f"{value:5.3f}" for value in values.values())


if __name__ == "__main__":
    main()
