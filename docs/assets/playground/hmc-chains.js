// The page's side of Hamiltonian Monte Carlo: chains in several workers, and what they say together.

import { convergence } from "../numerics/hmc.js";
import { inNetworkUnits } from "./state.js";
import { placesOf } from "./trainer.js";
import { NO_START, STUCK, brokenChains } from "./messages.js";

export const N_WARMUP = 60;
export const N_DRAWS = 200; // Of each chain, and as many again for whoever asks for more.
const MIN_CHAINS = 8;
const EVERY = 4; // Places along x of which one is judged.
const LOOK = 400; // Milliseconds between looks at the band.

// told: { exact, failed }: called at times while it goes on and once it is done; with a sentence if it came to nothing.
export class Exact {
  constructor(told) {
    Object.assign(this, { told, workers: [] });
  }

  start(state) {
    this.stop();
    const { units, seed } = state;
    this.x = placesOf(units);
    this.units = units;
    const nWorkers = Math.max(1, Math.min(4, (navigator.hardwareConcurrency ?? 2) - 1));
    const nEach = Math.max(2, Math.ceil(MIN_CHAINS / nWorkers));
    Object.assign(this, { nEach, wanted: N_DRAWS, running: true });
    this.draws = Array.from({ length: nWorkers }, () => []);
    this.iterations = Array(nWorkers).fill(0);
    this.divergences = Array(nWorkers).fill(0);
    const common = { ...inNetworkUnits(state), seed, nChains: nEach, nWarmup: N_WARMUP, x: this.x.map((x) => (x - units.x0) / units.xScale) };
    this.workers = this.draws.map((_, k) => {
      const worker = new Worker(new URL("../numerics/hmc-worker.js", import.meta.url), { type: "module" });
      // One that was ended may still be heard.
      const own = (act) => (event) => this.workers[k] === worker && act(event);
      worker.addEventListener("message", own(({ data }) => this.hear(k, data)));
      worker.addEventListener("error", own(({ message }) => this.fail(brokenChains(message))));
      worker.postMessage({ job: { ...common, first: k * nEach }, more: N_WARMUP + N_DRAWS });
      return worker;
    });
  }

  // As many draws again.
  more() {
    this.wanted += N_DRAWS;
    this.running = true;
    for (const worker of this.workers) worker.postMessage({ more: N_DRAWS });
    this.told.exact();
  }

  stop() {
    this.workers.forEach((worker) => worker.terminate());
    Object.assign(this, { workers: [], running: false, mean: undefined, std: undefined, rHat: undefined, ess: undefined, looked: 0 });
  }

  fail(sentence) {
    this.stop();
    this.told.failed(sentence);
  }

  get done() {
    return !this.running && this.mean !== undefined;
  }

  get nChains() {
    return this.nEach * this.draws.length;
  }

  get progress() {
    const total = N_WARMUP + this.wanted;
    return Math.min(...this.iterations) / total;
  }

  hear(k, { failed, iteration, nDivergences = 0, values }) {
    if (failed) return this.fail(NO_START);
    this.iterations[k] = iteration;
    this.divergences[k] = nDivergences;
    if (values) this.draws[k].push(values);
    const fewest = Math.min(...this.draws.map(({ length }) => length));
    const done = fewest === this.wanted;
    if (!done && performance.now() - this.looked < LOOK) return;
    this.looked = performance.now();
    if (fewest >= 20) this.summarise();
    if (done) {
      this.running = false;
      this.judge();
    }
    if (!this.isSound) return this.fail(STUCK);
    this.told.exact();
  }

  // Whether all that there is of it is finite.
  get isSound() {
    const { mean, std, rHat = 0, ess = 0 } = this;
    return [...(mean ?? []), ...(std ?? []), rHat, ess].every(Number.isFinite);
  }

  // Mean and sd of f over all draws of all chains, in y's units.
  summarise() {
    const { y0, yScale } = this.units;
    const nX = this.x.length;
    const [sums, squares] = [new Float64Array(nX), new Float64Array(nX)];
    let n = 0;
    for (const values of this.draws.flat()) {
      for (let at = 0; at < values.length; at++) {
        sums[at % nX] += values[at];
        squares[at % nX] += values[at] * values[at];
      }
      n += values.length / nX;
    }
    const mean = sums.map((sum) => sum / n);
    this.std = squares.map((square, p) => yScale * Math.sqrt(Math.max(0, square / n - mean[p] * mean[p])));
    this.mean = mean.map((value) => y0 + yScale * value);
  }

  // R-hat and effective draws of f, the worst of some places.
  judge() {
    const nX = this.x.length;
    const places = Array.from({ length: Math.ceil(nX / EVERY) }, (_, k) => k * EVERY);
    const { nEach, wanted } = this;
    const values = new Float64Array(this.nChains * wanted * places.length);
    let at = 0;
    for (const draws of this.draws) {
      for (let chain = 0; chain < nEach; chain++) {
        for (const draw of draws) for (const place of places) values[at++] = draw[chain * nX + place];
      }
    }
    const { rHat, ess } = convergence(values, this.nChains, places.length);
    this.rHat = Math.max(...rHat);
    this.ess = Math.min(...ess);
  }
}
