"""Measures what large fits and large tables cost: peak memory, and one compilation for ten folds.

    .venv/bin/python benchmarks/scale.py

Each measurement runs in a process of its own, whose peak is the largest resident set that the system saw.
"""

import multiprocessing
import resource
import time

import numpy as np
from first_post import report


def peak():
    """The process's largest resident set so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def table(n_rows, n_inputs, seed=0):
    random = np.random.default_rng(seed)
    x = random.normal(size=(n_rows, n_inputs))
    return x, np.sin(x[:, 0]) + 0.5 * x[:, 1] + random.normal(0, 0.2, n_rows)


def million_weights():
    import bayesian_nn as bnn

    data = bnn.dataset(*table(10_000, 20))
    model = bnn.Model((20, 980, 980, 1), bnn.Gaussian(0.2), activation="relu", scaling=data.scaling)
    start = time.perf_counter()
    run = bnn.fit(
        model,
        data,
        seed=0,
        n_steps=500,
        batch_size=100,
        objective=bnn.LocalReparameterisation(),
        optimizer=bnn.Adam(0.001),
    )
    seconds = time.perf_counter() - start
    return {
        "weights": model.n_weights,
        "records": len(run.recorded_steps),
        "seconds": seconds,
        "peak": peak(),
    }


def ten_folds():
    import bayesian_nn as bnn

    x, y = table(1_000, 5)
    times, peaks = [], []
    for fold in range(10):
        rows = np.arange(1_000) % 10 != fold
        data = bnn.dataset(x[rows], y[rows])
        model = bnn.Model((5, 20, 20, 1), bnn.Gaussian(bnn.LearnedNoise(0.3)), scaling=data.scaling)
        start = time.perf_counter()
        bnn.fit(model, data, seed=0, n_steps=500)
        times.append(time.perf_counter() - start)
        peaks.append(peak())
    run = np.median(times[1:])
    return {
        "first": times[0],
        "run": run,
        "ratio": sum(times) / (times[0] - run + 10 * run),
        "grown": peaks[-1] - peaks[1],
    }


def many_rows():
    import bayesian_nn as bnn

    x, y = table(2_000, 5)
    data = bnn.dataset(x, y)
    model = bnn.Model((5, 20, 20, 1), bnn.Gaussian(0.2), scaling=data.scaling)
    run = bnn.fit(model, data, seed=0, n_steps=500)
    before, start = peak(), time.perf_counter()
    summary = bnn.prediction.summarise(run, table(200_000, 5, seed=1)[0], n_draws=1_000, seed=0)
    assert summary.quantiles.shape == (2, 200_000)
    return {"seconds": time.perf_counter() - start, "peak": peak(), "before": before}


def alone(measure):
    """What a measurement returns, made in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measure)


def main():
    large = alone(million_weights)
    report(
        f"{large['weights']:,} weights, 500 steps, {large['records']} records: peak",
        large["peak"],
        "GB",
        "<= 1.5",
    )
    report("the same: seconds", large["seconds"], "s", "")
    folds = alone(ten_folds)
    report("ten folds over one compilation and ten runs", folds["ratio"], "", "<= 1.5")
    report("one fold after the first", folds["run"], "s", "")
    report("memory grown from the second fold to the tenth", folds["grown"], "GB", "flat")
    rows = alone(many_rows)
    report("200,000 rows x 1,000 draws, mean, sd, 90 % interval: peak", rows["peak"], "GB", "<= 1")
    report("the same: before it began", rows["before"], "GB", "")
    report("the same: seconds", rows["seconds"], "s", "")


if __name__ == "__main__":
    main()
