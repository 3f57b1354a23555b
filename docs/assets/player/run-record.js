// A run that the build recorded, and what it predicts at any of its steps; and HMC's band, which may lie over it.

import { normals } from "../numerics/portable.js";
import { summary } from "../numerics/predictive.js";
import { fetchRecord } from "./record-file.js";

// A record of bayesian_nn.player_record, with the parameters [2 n] of every recorded step.
export async function fetchRun(source) {
  const record = await fetchRecord(source);
  const { codes, steps, code_steps } = record;
  const half = codes.length / 2;
  const n = half / steps.length;
  record.parameters = Array.from(steps, () => new Float64Array(n));
  for (let k = 0, i = 0; i < n; i++) {
    for (let value = 0, t = 0; t < steps.length; t++, k++) {
      const folded = codes[k] | (codes[half + k] << 8);
      value = ((value + ((folded >> 1) ^ -(folded & 1))) << 16) >> 16;
      record.parameters[t][i] = value * code_steps[2 * i < n ? 0 : 1];
    }
  }
  return record;
}

// One run: what it predicts along x after each recorded step, in y's units, computed when it is first asked for.
export class Frames {
  constructor(record) {
    const { x_range: [first, last], n_places, scaling: [shift, scale], parameters } = record;
    this.record = record;
    this.x = Float64Array.from({ length: n_places }, (_, k) => first + ((last - first) * k) / (n_places - 1));
    this.inputs = this.x.map((x) => (x - shift) / scale);
    this.noise = normals(record.noise_seed, record.noise_stream, (record.n_draws * parameters[0].length) / 2);
    this.known = [];
  }

  at(t) {
    return (this.known[t] ??= this.compute(t));
  }

  compute(t) {
    const { scaling: [, , shift, scale], n_draws, noise_std, parameters } = this.record;
    const { mean, std, curves } = summary(this.record, parameters[t], this.noise, this.inputs, n_draws);
    const inUnits = (value) => shift + scale * value;
    const stds = std.map((value) => scale * value);
    const total = stds.map((value) => Math.hypot(value, noise_std));
    return { mean: mean.map(inUnits), std: stds, total, curves: curves.map((curve) => Float32Array.from(curve, inUnits)) };
  }
}

export async function fetchBand(source) {
  const answer = await fetch(source);
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.json();
}
