"""Measures the road to the exact posterior: this library's HMC against NumPyro's NUTS, in one run.

    make .venv-peers/installed && .venv/bin/python benchmarks/truth.py

Both sample the post's posterior and are judged by f(x) at 81 places, with one estimator: the smallest
effective sample size (ESS) over x, and the largest rank-normalised R-hat. NumPyro has 4 chains of 2,000
draws after a warm-up of 1,000, its own choice of masses and step, and the faster of its two ways of running
chains at once.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from first_post import ROOT, report

import bayesian_nn as bnn

PEERS = ROOT / ".venv-peers" / "bin" / "python"
X = np.linspace(-4, 12, 81)
SHOWN = {"seconds": "seconds", "sampling": "without compiling", "processor": "seconds of all cores"}


class Sampled(NamedTuple):
    """functions: f(x) of every draw `[n_chains, n_draws, n_points]`; seconds: with all compiling; sampling:
    without it, the warm-up included; processor: as seconds, but what all cores spent on it."""

    functions: np.ndarray
    seconds: float
    sampling: float
    processor: float

    @property
    def ess(self):
        return bnn.sampling.effective_sample_size(self.functions)

    @property
    def r_hat(self):
        return bnn.sampling.convergence_of(self.functions).r_hat


def main():
    data = bnn.data.cosine_with_gap(seed=42)
    model = bnn.Model((1, 10, 10, 1), bnn.Gaussian(0.1), scaling=data.scaling)
    method, theirs = faster_numpyro(model, data, X[:, None], noise_std=0.1)
    theirs = theirs._replace(functions=theirs.functions[..., 0])
    ours = hmc(model, data)
    show(f"NumPyro's NUTS, {method}", theirs, targets=("", "", "<= 1.01"))
    show("bnn.sample_hmc", ours, targets=("", ">= 7,000", "<= 1.01"))
    report("    ours / NumPyro's seconds", ours.seconds / theirs.seconds, "", "")
    for name in ("seconds", "sampling", "processor"):
        ratio = getattr(ours, name) / getattr(theirs, name) * theirs.ess.min() / ours.ess.min()
        report(f"    at equal ESS, {SHOWN[name]}", ratio, "", "<= 0.1" if name != "processor" else "")
    agreement(ours, theirs)


def hmc(model, data):
    # The first call compiles, the second finds everything compiled.
    seconds, processor = [], []
    for _ in range(2):
        start = time.perf_counter(), time.process_time()
        chains = bnn.sample_hmc(model, data, seed=0)
        seconds.append(time.perf_counter() - start[0])
        processor.append(time.process_time() - start[1])
    functions = bnn.prediction.predict_draws(model, chains.latents.reshape(-1, model.n_latents), X).draws
    return Sampled(functions.reshape(*chains.latents.shape[:2], -1), *seconds, processor[0])


def faster_numpyro(model, data, places, *, noise_std):
    """Returns the faster of NumPyro's two ways of running chains at once, and what it `Sampled`: the
    network's outputs `[n_chains, n_draws, n_points, n_outputs]` at `places`."""
    if not PEERS.exists():
        sys.exit(
            "NumPyro is not installed beside this project. Make its environment: make .venv-peers/installed"
        )
    sampled = {
        method: numpyro(model, data, places, method, noise_std) for method in ("parallel", "vectorized")
    }
    method = min(sampled, key=lambda name: sampled[name].seconds)
    return method, sampled[method]


def numpyro(model, data, places, method, noise_std):
    points = {
        "layer_sizes": model.layer_sizes,
        "noise_std": noise_std,
        "inputs": model.inputs(data.x).tolist(),
        "y": data.y.tolist() if noise_std else data.y.astype(int).tolist(),
        "inputs_shown": model.inputs(places).tolist(),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "draws.npy")
        command = [PEERS, ROOT / "benchmarks" / "numpyro_nuts.py", method, path]
        done = subprocess.run(command, input=json.dumps(points), capture_output=True, text=True, check=True)
        told = json.loads(done.stdout)
        functions = np.load(path)
    report(f"NumPyro {told['version']}, chains {method}", told["seconds"], "s", "")
    report("    leapfrog steps of a draw", told["n_leapfrog"], "", "")
    report("    divergences", told["n_diverging"], "", "")
    return Sampled(functions, told["seconds"], told["seconds"] - told["compiling"], told["processor"])


def show(name, sampled, targets):
    for_seconds, for_ess, for_r_hat = targets
    report(name, sampled.seconds, "s", for_seconds)
    report("    without compiling", sampled.sampling, "s", "")
    report("    of all cores", sampled.processor, "s", "")
    report("    smallest ESS of f(x)", sampled.ess.min(), "", for_ess)
    report("    largest R-hat of f(x)", sampled.r_hat.max(), "", for_r_hat)


def agreement(*both):
    """Prints how far apart the two are, in standard errors of the difference."""
    for name, values in {
        "mean": [sampled.functions for sampled in both],
        "variance": [(each.functions - each.functions.mean(axis=(0, 1))) ** 2 for each in both],
    }.items():
        means = [each.mean(axis=(0, 1)) for each in values]
        errors = [
            each.std(axis=(0, 1)) / np.sqrt(bnn.sampling.effective_sample_size(each)) for each in values
        ]
        apart = np.abs(means[0] - means[1]) / np.hypot(*errors)
        report(f"largest difference between the {name}s of f(x)", apart.max(), "std errors", "<= 4")


if __name__ == "__main__":
    main()
