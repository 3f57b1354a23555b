"""Measures every method against exact posteriors from elsewhere: long runs of NUTS, in double precision.

    .venv/bin/python benchmarks/reference_posteriors.py [toy1d] [boston_split0]

The files lie in ../shared/data/reference-posteriors. First our HMC: by how many standard errors it differs.
Then every method: W2, the mean Wasserstein-2 distance over the test inputs from the file's 400 draws of f (of
400 draws, HMC's own is not zero); off, the mean distance between the means in sds of the reference; and the
mean log ratio of the sds. For the toy the mean sd in the gap, for Boston housing the test scores, in units of
1,000 dollars.
"""

import json
import sys
from typing import NamedTuple

import numpy as np
from first_post import ROOT, report
from methods import N_DRAWS, SEED, Settings, methods, timed

import bayesian_nn as bnn

FOLDER = ROOT.parent / "shared" / "data" / "reference-posteriors"
GAP = (-0.5, 0.3)


class Reference(NamedTuple):
    """A file, and its posterior in the model's terms: the priors' sds hold what the file's network multiplies
    its weights by; x and y are in the network's units already."""

    file: dict
    meta: dict
    model: bnn.Model
    data: bnn.Dataset
    hmc: dict
    settings: Settings


def main():
    if not FOLDER.is_dir():
        sys.exit(f"There are no reference posteriors in {FOLDER}.")
    for name in sys.argv[1:] or ("toy1d", "boston_split0"):
        print(f"\n{name}")
        measure(toy() if name == "toy1d" else boston())


def toy():
    return load(
        "toy1d",
        noise_std=0.1,
        first_stds=(4.0, 4.0),
        hmc={"n_chains": 64, "n_draws": 200},
        settings=Settings(sghmc_step=0.001),
    )


def boston():
    return load(
        "boston_split0",
        noise_std=0.3,
        first_stds=(13**-0.5, 1.0),
        hmc={"n_chains": 16, "n_draws": 200, "n_warmup": 150},
        settings=Settings(n_chains=16, n_restarts=8, n_full_covariance_steps=1000),
    )


def load(name, *, noise_std, first_stds, hmc, settings):
    with np.load(FOLDER / f"{name}.npz") as opened:
        file = dict(opened)
    model = bnn.Model(
        (file["x_train"].shape[1], 50, 1),
        bnn.Gaussian(noise_std),
        prior=gaussian_priors([first_stds, (50**-0.5, 1.0)]),
    )
    data = bnn.Dataset(file["x_train"], file["y_train"], model.scaling)
    return Reference(file, json.loads(str(file["meta"])), model, data, hmc, settings)


def measure(reference):
    model, x = reference.model, reference.file["x_test"]
    chains, seconds = timed(lambda: bnn.sample_hmc(model, reference.data, seed=SEED, **reference.hmc))
    functions = bnn.prediction.predict_draws(model, chains.latents.reshape(-1, model.n_latents), x).draws
    report("HMC", seconds, "s", "")
    agreement(reference, functions.reshape(*chains.latents.shape[:2], -1))
    print()
    score("HMC", reference, functions[:: len(functions) // N_DRAWS], seconds)
    others = methods(model, reference.data, x, reference.settings)
    # Of HMC, a whole run stands above.
    del others["HMC, cut short"]
    for name, infer in others.items():
        score(name, reference, *timed(infer))


def agreement(reference, functions):
    """Prints how far HMC's draws of f `[n_chains, n_draws, n_points]` are from the reference, in standard
    errors of the difference."""
    ess, known = bnn.sampling.effective_sample_size(functions), reference.meta["ess_min"]
    mean, std = functions.mean(axis=(0, 1)), functions.std(axis=(0, 1))
    squares = ((functions - mean) / std) ** 2
    # Of a sample variance the relative variance is (kurtosis - 1) / n, of the sd's a quarter of that.
    kurtosis = (squares**2).mean(axis=(0, 1))
    error = np.sqrt((kurtosis - 1) / 4 * (1 / bnn.sampling.effective_sample_size(squares) + 1 / known))
    f_mean, f_std = reference.file["f_mean"], reference.file["f_sd"]
    for name, apart in {
        "mean": np.abs(mean - f_mean) / (f_std * np.sqrt(1 / ess + 1 / known)),
        "sd": np.abs(np.log(std / f_std)) / error,
    }.items():
        report(f"    largest difference of the {name} of f", apart.max(), "std errors", "<= 4.5")
    report("    smallest effective sample size of f", ess.min(), "", "")
    report("    the reference's", known, "", "")


def score(name, reference, draws, seconds):
    file, mean, std = reference.file, draws.mean(axis=0), draws.std(axis=0)
    off = np.mean(np.abs(mean - file["f_mean"]) / file["f_sd"])
    distance = bnn.scores.wasserstein2(draws, file["f_draws"]).mean()
    # A point has no sd.
    log_ratio = np.mean(np.log(np.maximum(std, 1e-9) / file["f_sd"]))
    line = f"{name:26} {seconds:5.1f} s  W2 {distance:5.3f}  off {off:5.2f}  log sd {log_ratio:+5.2f}"
    if file["y_test"].size:
        scores = [*in_dollars(reference, draws), reference.meta["rmse"], reference.meta["test_ll"]]
        line += "  RMSE {:.3f}, log density {:.3f} (exact {:.3f}, {:.3f})".format(*scores)
    else:
        x = file["x_test"][:, 0]
        inside = (GAP[0] <= x) & (x <= GAP[1])
        line += f"  sd in the gap {std[inside].mean():.3f} (exact {file['f_sd'][inside].mean():.3f})"
    print(line, flush=True)


def in_dollars(reference, draws):
    """Returns the test RMSE and the mean test log density, in the target's original units."""
    y, scale = reference.file["y_test"], reference.meta["y_std"]
    noise_std = np.full(len(draws), reference.model.likelihood.noise_std)
    prediction = bnn.predictions.Prediction(reference.file["x_test"], draws, noise_std)
    return scale * bnn.scores.rmse(prediction.mean, y), prediction.log_density(y).mean() - np.log(scale)


if __name__ == "__main__":
    main()
