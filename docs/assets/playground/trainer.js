// The page's side of the training: a worker, and what is known of the run, in y's units and nats.

import { calm } from "../drawing/reduced-motion.js";
import { inNetworkUnits, unitsOffset, windowOf } from "./state.js";

export const N_PLACES = 121;
const REST = 1000; // Milliseconds between pictures for who prefers less motion.

// Where functions are drawn, in x's units: from one end of the axes to the other.
export function placesOf(units) {
  const [low, high] = windowOf(units).x;
  return Float64Array.from({ length: N_PLACES }, (_, k) => low + ((high - low) * k) / (N_PLACES - 1));
}

// told: { picture, verified, broken }: called with whether the worker began again unasked, a digest, a message.
export class Trainer {
  constructor(told) {
    Object.assign(this, { told, id: 0, step: 0, nSteps: 0, running: false, stopped: true, carried: false });
  }

  connect() {
    this.worker = new Worker(new URL("../numerics/training-worker.js", import.meta.url), { type: "module" });
    this.worker.addEventListener("message", ({ data }) => data.id === this.id && this[data.type](data));
    this.worker.addEventListener("error", ({ message }) => {
      this.disconnect();
      this.told.broken(message);
    });
  }

  disconnect() {
    this.worker?.terminate();
    this.worker = undefined;
    Object.assign(this, { running: false, stopped: true });
    this.forget();
  }

  forget() {
    cancelAnimationFrame(this.frame);
    clearTimeout(this.timer);
  }

  // A run from its start, with another worker if the last one broke.
  start(state) {
    if (!this.worker) this.connect();
    this.begin(state);
    this.carried = false;
    this.send("start", { job: this.job });
  }

  // The same posterior, from here on with other points or settings. Of a run that is over, a new one begins there: it is
  // carried on.
  change(state) {
    if (this.over) {
      this.begin(state);
      this.carried = true;
    } else this.take(state);
    this.send("change", { job: this.job, from: this.step, goesOn: this.running });
  }

  begin(state) {
    this.take(state);
    const { nSteps } = state;
    Object.assign(this, { step: 0, nSteps, failed: null, over: false, running: false, speed: null });
    [this.logLikelihood, this.kl] = [new Float64Array(nSteps), new Float64Array(nSteps)];
  }

  take(state) {
    const { units } = state;
    const x = placesOf(units);
    if (JSON.stringify(units) !== JSON.stringify(this.units)) this.mean = undefined;
    const { seed, nSteps, learningRate, initialStd, nDraws, klWeight } = state;
    this.id++; // What the worker says of before is of other points or settings.
    Object.assign(this, { units, x, offset: unitsOffset(state) });
    this.job = {
      ...inNetworkUnits(state), id: this.id, settings: { seed, nSteps, learningRate, initialStd, nDraws, klWeight },
      x: x.map((value) => (value - units.x0) / units.xScale),
    };
  }

  // Whether what it is at can be held against anything.
  get isSound() {
    return this.failed === null && this.finite;
  }

  run() {
    this.running = true;
    this.send("run");
  }

  pause() {
    this.running = false;
    this.send("pause");
  }

  single() {
    this.running = false;
    this.send("step");
  }

  send(type, message) {
    this.worker?.postMessage({ type, ...message });
  }

  // --- what the worker says

  picture({ step, from, failed, mean, std, curves, logLikelihood, kl, over, stopped, carried, speed }) {
    const again = step < this.step;
    const { y0, yScale } = this.units;
    this.logLikelihood.set(logLikelihood.map((value) => value + this.offset), from);
    this.kl.set(kl, from);
    Object.assign(this, { step, failed, over, stopped, carried, speed: speed ?? this.speed });
    if (over) this.running = false;
    this.mean = mean.map((value) => y0 + yScale * value);
    this.std = std.map((value) => yScale * value);
    this.curves = Array.from({ length: curves.length / N_PLACES }, (_, k) =>
      curves.subarray(k * N_PLACES, (k + 1) * N_PLACES).map((value) => y0 + yScale * value));
    this.finite = this.mean.every(Number.isFinite) && this.std.every(Number.isFinite);
    this.told.picture(again);
    // The next one is wanted once this one has been seen.
    this.forget();
    if (calm()) this.timer = setTimeout(() => this.send("drawn"), REST);
    else this.frame = requestAnimationFrame(() => this.send("drawn"));
  }

  digest({ digest }) {
    this.told.verified(digest);
  }
}

// Medians of a history about steps ever further apart, for a line that can be read: { steps, of(values) }.
export function mediansUpTo(step) {
  const steps = [];
  for (let at = 0; at < step; at = Math.max(at + 1, Math.round(at * 1.06))) steps.push(at);
  if (steps.at(-1) !== step - 1) steps.push(step - 1);
  const of = (values) => steps.map((at) => {
    const reach = Math.min(Math.floor(at * 0.1), step - 1 - at);
    const stride = Math.max(1, Math.floor(reach / 20));
    const near = [];
    for (let k = at - Math.floor(reach / stride) * stride; k <= at + reach; k += stride) near.push(values[k]);
    return near.sort((a, b) => a - b)[near.length >> 1];
  });
  return { steps, of };
}
