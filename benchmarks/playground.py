"""Measures the playground in Chromium: training steps and frames a second, and how soon HMC has converged.

    .venv/bin/python benchmarks/playground.py

The frames are those of the built page, in site/, while it trains; the steps beside them are the page's own
count. HMC runs in four workers of four chains each, which share what cores there are. Its sds of f are to
come out as the library's own, which the last lines print.
"""

import sys

import numpy as np
from first_post import ROOT, report

import bayesian_nn as bnn

sys.path.insert(0, str(ROOT / "tests"))

from browser import chromium, require_chromium
from node import engine

from site_build.pages_server import serve

TRAIN = """async ({ assets, data, activation, nSteps }) => {
    const { Training } = await import(`${assets}variational.js`);
    data = { x: Float64Array.from(data.x), y: Float64Array.from(data.y) };
    const model = { sizes: [1, 10, 10, 1], activation, priorStd: 1, noiseStd: 0.1 };
    const training = new Training({ model, data, seed: 0, nSteps });
    const begin = performance.now();
    training.advance(nSteps);
    return (1000 * nSteps) / (performance.now() - begin);
}"""
SAMPLE = """async ({ assets, data, grid, nWorkers, nChains, seconds }) => {
    const code = `import { Chains } from "${assets}hmc.js";
        import { Network } from "${assets}network.js";
        onmessage = ({ data: { settings, grid, seconds } }) => {
            const chains = new Chains(settings);
            const network = new Network(settings.model, grid);
            const { nChains } = settings;
            const chain = (values, c) => values.subarray(c * grid.length, (c + 1) * grid.length);
            const begin = performance.now();
            for (const second of seconds) {
                while (performance.now() - begin < 1000 * second) chains.run(1);
                const { nGradients, nDivergences } = chains;
                const draws = chains.draws.map((draw) => chains.functions(draw, network));
                const rows = Array.from({ length: nChains }, (_, c) =>
                    draws.map((draw) => [...chain(draw, c)]));
                postMessage({ values: Float64Array.from(rows.flat(2)), nGradients, nDivergences });
            }
        };`;
    const { convergence } = await import(`${assets}hmc.js`);
    data = { x: Float64Array.from(data.x), y: Float64Array.from(data.y) };
    const model = { sizes: [1, 10, 10, 1], activation: "tanh", priorStd: 1, noiseStd: 0.1 };
    const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    const workers = Array.from({ length: nWorkers }, (_, k) => new Promise((resolve, reject) => {
        const worker = new Worker(url, { type: "module" });
        const all = [];
        worker.onerror = reject;
        worker.onmessage = ({ data }) => all.push(data) === seconds.length && resolve(all);
        const settings = { model, data, seed: 0, nChains, first: k * nChains };
        worker.postMessage({ settings, grid: Float64Array.from(grid), seconds });
    }));
    const told = await Promise.all(workers);
    return seconds.map((_, at) => {
        const parts = told.map((all) => all[at]);
        const fewest = Math.min(...parts.map(({ values }) => values.length)) / nChains;
        const rows = parts.flatMap(({ values }) => Array.from({ length: nChains }, (_, c) => {
            const length = values.length / nChains;
            return [...values.subarray(c * length, c * length + fewest)];
        }));
        const nDraws = fewest / grid.length;
        const sum = (name) => parts.reduce((total, part) => total + part[name], 0);
        const { rHat, ess } = nDraws < 4 ? { rHat: [], ess: [] } :
            convergence(Float64Array.from(rows.flat()), rows.length, grid.length);
        return { rHat: [...rHat], ess: [...ess], values: rows.flat(), nDraws, nGradients: sum("nGradients"),
            nDivergences: sum("nDivergences") };
    });
}"""
# While a run of the default model trains: frames of the page, and its worker's steps.
FRAMES = """async (seconds) => {
    const play = document.querySelector("bayes-playground");
    let frames = 0;
    const begin = performance.now();
    const from = play.trainer.step;
    while (performance.now() - begin < 1000 * seconds) {
        await new Promise(requestAnimationFrame);
        frames++;
    }
    const took = (performance.now() - begin) / 1000;
    return { frames: frames / took, steps: (play.trainer.step - from) / took,
        said: Number(play.dataset.stepsPerSecond), run: play.dataset.run };
}"""
REGIONS = {"data": [(0, 2), (6, 8)], "gap": [(2.1, 5.9)], "outside": [(-4, -0.1), (8.1, 12)]}
X = np.linspace(-4, 12, 161)


def main():
    page()
    points = bnn.data.cosine_with_gap(seed=42)
    data = {"x": ((points.x[:, 0] - 4) / 4).tolist(), "y": points.y.tolist()}
    with engine("chromium") as evaluate:
        training(evaluate, data)
    with engine("chromium") as evaluate:
        sampling(evaluate, data)
    library(points)


def page():
    site = ROOT / "site"
    if not (site / "playground" / "index.html").is_file():
        sys.exit(f"{site} holds no playground: run `make site` first")
    with chromium(require_chromium()) as browser, serve(site, "/base/") as address:
        opened = browser.new_page(viewport={"width": 1280, "height": 900})
        opened.goto(f"{address}playground/?v=1&steps=20000")
        opened.wait_for_selector("bayes-playground[data-run]")
        opened.get_by_role("button", name="Train", exact=True).click()
        # Of a warm engine: what a reader sees who watches.
        opened.wait_for_function("() => document.querySelector('bayes-playground').trainer.step > 1000")
        found = opened.evaluate(FRAMES, 1.5)
    report("the page while it trains: frames a second", found["frames"], "", ">= 50")
    report("    steps a second, as it says", found["said"], "", ">= 3,000")
    report("    steps a second, by the clock, pictures included", found["steps"], "", "")
    if found["run"] != "running":
        print("    The run ended meanwhile: the frames are in part those of a page at rest.")


def training(evaluate, data):
    def pace(activation, n_runs):
        runs = [evaluate(TRAIN, data=data, activation=activation, nSteps=1000) for _ in range(n_runs)]
        return np.median(runs)

    first = evaluate(TRAIN, data=data, activation="tanh", nSteps=1000)
    report("steps a second, tanh, the page's first run", first, "", "")
    report("    median of 9 runs of 1,000 steps", pace("tanh", 9), "", ">= 3,000")
    for activation in ("relu", "sigmoid", "softplus", "elu", "silu"):
        report(f"    {activation}", pace(activation, 5), "", "")
    report("    tanh, after all the others", pace("tanh", 9), "", ">= 3,000")


def sampling(evaluate, data):
    seconds, grid = [5, 10, 20, 40], ((X - 4) / 4).tolist()
    found = evaluate(SAMPLE, data=data, grid=grid, nWorkers=4, nChains=4, seconds=seconds)
    for second, state in zip(seconds, found, strict=True):
        report(f"HMC after {second} s: gradients a second", state["nGradients"] / second, "", "")
        if state["rHat"]:
            report("    draws of each of 16 chains", state["nDraws"], "", "")
            report("    largest R-hat of f", max(state["rHat"]), "", "")
            report("    fewest effective draws of f", min(state["ess"]), "", "")
            report_stds(np.std(np.reshape(state["values"], (-1, len(X))), axis=0))
            report("    divergences, of all trajectories", state["nDivergences"], "", "")


def library(points):
    model = bnn.Model((1, 10, 10, 1), bnn.Gaussian(0.1), scaling=points.scaling)
    chains = bnn.sampling.reference_chains(model, points, seed=0)
    report(
        "the library's HMC: largest R-hat of f",
        bnn.sampling.function_space_convergence(chains, X).r_hat.max(),
        "",
        "",
    )
    report_stds(bnn.predict(chains, X, n_draws=8000, seed=0).epistemic_std)


def report_stds(stds):
    for name, value in bnn.scores.mean_by_region(stds, X, REGIONS).items():
        report(f"    sd of f, {name}", value, "", "")


if __name__ == "__main__":
    main()
