// <training-player src="record.bin">: a run that the build recorded, drawn at any of its steps. Its children stand in for
// it until the record has come, in print, and where there is no JavaScript. beside: a second run on the same scrubber;
// titles: of both, "one|other"; truth: HMC's { x, mean, std } as JSON; step: where to begin.

import { Chart, symlog } from "./chart.js";
import { compact, formatted, whole } from "./numbers.js";
import { normals } from "./portable.js";
import { summary } from "./predictive.js";
import { bar, fetchRecord, FOOT, Scrubber, upTo } from "./scrubber.js";

const MARGINS = { left: 3.8, top: 1.6 };
const edge = (mean, width, side) => mean.map((value, k) => value + side * width[k]);

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

async function fetchBand(source) {
  const answer = await fetch(source);
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.json();
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

class TrainingPlayer extends Scrubber {
  async open() {
    const sources = ["src", "beside"].map((name) => this.getAttribute(name)).filter(Boolean);
    this.runs = (await Promise.all(sources.map(fetchRun))).map((record) => new Frames(record));
    return this.runs[0].record.steps;
  }

  html() {
    const titles = (this.getAttribute("titles") ?? "|").split("|").slice(0, this.runs.length);
    const each = (...panel) => titles.map((title) => PANEL(title, ...panel)).join("");
    return `
      <p class="player__head"><span></span><span></span></p>
      ${each("predictive", "Predictive band along x", ALONG_X)}
      ${bar("Training step")}
      ${each("elbo", "ELBO over training, in nats", PARTS)}
      ${each("weights", "Posterior of each weight, over its prior", WEIGHTS)}
      <div class="player__more">
        <label>Curves <input type="range" class="player__curves" min="0" step="1"></label>
        <label><input type="checkbox" class="player__overlay"> Lay HMC over it</label>
      </div>
      ${FOOT}`;
  }

  build() {
    const [{ record }] = this.runs;
    this.board.classList.add(`player--${this.runs.length}`);
    this.readouts = this.all("readout");
    this.elbos = this.all("elbos");
    [[this.curves], [this.overlay]] = [this.all("curves"), this.all("overlay")];
    Object.assign(this.curves, { max: record.n_draws, value: record.n_curves });
    this.overlay.parentElement.hidden = !this.hasAttribute("truth");
    const kinds = { predictive: "predictiveChart", elbo: "elboChart", weights: "weightsChart" };
    this.charts = Object.entries(kinds).flatMap(([name, chart]) => this.all(name).map((canvas, k) => this[chart](this.runs[k], canvas)));
    this.limit();
    return this.charts;
  }

  listen() {
    super.listen();
    this.curves.addEventListener("input", () => {
      this.refresh();
      this.keep();
    });
    this.overlay.addEventListener("change", () => {
      this.overlayTruth();
      this.keep();
    });
    this.numbers.addEventListener("toggle", () => this.read());
  }

  async overlayTruth() {
    try {
      this.truth ??= await fetchBand(this.getAttribute("truth"));
    } catch ({ message }) {
      this.overlay.checked = false;
      this.readouts[0].textContent = `HMC\u2019s band could not be loaded (${message}).`;
    }
    this.board.classList.toggle("player--hmc", this.overlay.checked);
    this.limit();
    this.refresh();
  }

  // Values at a place along x, and the table; their module comes when they are first asked for.
  async read(place = this.place) {
    this.values ??= await import("./player-reading.js");
    this.place = place && Math.min(this.runs[0].x.length - 1, Math.max(0, place));
    this.refresh();
  }

  // --- the panels

  predictiveChart(run, canvas) {
    const { record, x } = run;
    const chart = new Chart(canvas, {
      x: { low: x[0], high: x.at(-1), label: record.names[0] },
      y: { label: record.names[1] },
      margins: MARGINS,
      paint: () => this.paint(chart, run, this.t, this.place),
    });
    const read = (event) => this.read(Math.round((chart.at(event).x - x[0]) / (x[1] - x[0])));
    canvas.addEventListener("pointermove", read);
    canvas.addEventListener("pointerdown", read);
    return Object.assign(chart, { run });
  }

  paint(chart, run, t, place) {
    const { record, x } = run;
    const { mean, std, total, curves } = run.at(this.frameOf(run, t));
    chart.band(x, edge(mean, total, -2), edge(mean, total, 2), "posterior", 0.18);
    chart.band(x, edge(mean, std, -2), edge(mean, std, 2), "posterior", 0.26);
    const hmc = this.overlay.checked && this.truth;
    if (hmc) {
      chart.band(hmc.x, edge(hmc.mean, hmc.std, -2), edge(hmc.mean, hmc.std, 2), "reference", 0.3);
      for (const side of [-2, 0, 2]) chart.line(hmc.x, edge(hmc.mean, hmc.std, side), "reference", side ? 1 : 1.8);
    }
    const n = Number(this.curves.value);
    for (const curve of curves.slice(0, n)) chart.line(x, curve, "curves", 1, { alpha: n > 20 ? 0.5 : 1 });
    if (record.truth.length) chart.line(x, record.truth, "truth", 1.6, { dash: [7, 3] });
    chart.line(x, mean, "posterior", 2.4);
    chart.dots(record.x, record.y, "ink", chart.em / 5);
    if (place === undefined) return;
    chart.line([x[place], x[place]], [chart.y.low, chart.y.high], "reference");
    chart.dots([x[place]], [mean[place]], "posterior", 4.5);
  }

  // The range of data, truth and the last frame's band, as in the film; one for all runs.
  limit() {
    const band = (mean, std) => [...edge(mean, std, -2), ...edge(mean, std, 2)];
    const ends = this.runs.flatMap((run) => {
      const { y_limits, steps, y, truth } = run.record;
      const { mean, total } = run.at(steps.length - 1);
      return y_limits ?? padded([...band(mean, total), ...y, ...truth]);
    });
    if (this.overlay.checked && this.truth) ends.push(...padded(band(this.truth.mean, this.truth.std)));
    for (const { run, y } of this.charts) if (run) [y.low, y.high] = [Math.min(...ends), Math.max(...ends)];
  }

  elboChart(run, canvas) {
    const { n_steps, reference, medians, median_steps, noisy_steps, noisy_elbo, steps, elbo } = run.record;
    const [lows, highs, thresholds] = [0, 1, 2].map((k) => this.runs.map(({ record }) => record.nats[k]));
    const [low, high] = [Math.min(...lows), Math.max(...highs)];
    const part = (k) => medians.subarray((k * medians.length) / 3, ((k + 1) * medians.length) / 3);
    const decades = [0, 1, 10, 100, 1e3, 1e4, 1e5, 1e6].filter((step) => step <= n_steps);
    for (const [name, value] of Object.entries(reference)) canvas.previousElementSibling.innerHTML += key("reference", `${name} <b>${whole(value)}</b>`);
    const chart = new Chart(canvas, {
      x: { low: 0, high: n_steps, label: "training step", scale: symlog(1, 0.3), ticks: decades, format: compact },
      y: { low, high, label: "nats (up is better)", scale: symlog(Math.max(...thresholds)), format: compact },
      margins: MARGINS,
      paint: () => {
        for (const value of Object.values(reference)) chart.line([0, n_steps], [value, value], "reference", 1, { dash: [4, 3] });
        chart.line(noisy_steps, noisy_elbo, "posterior", 0.6, { alpha: 0.35 });
        chart.line(median_steps, part(2).map((value) => -value), "kl", 1.6);
        chart.line(median_steps, part(1), "log-likelihood", 1.6);
        chart.line(median_steps, part(0), "posterior", 2.6);
        const t = this.frameOf(run);
        chart.line([steps[t], steps[t]], [low, high], "reference", 1.5);
        chart.dots([steps[t]], [elbo[t]], "posterior", 5.5);
      },
    });
    this.scrubOn(chart, this.steps);
    return chart;
  }

  // Each weight's mean and sd over the prior's, layer by layer.
  weightsChart(run, canvas) {
    const { sizes, prior_stds, parameters } = run.record;
    const n = parameters[0].length / 2;
    const gap = Math.max(1, n / 30);
    const places = [];
    const blocks = prior_stds.map((sd, k) => {
      const layer = k >> 1;
      const from = places.length + gap * (k + 0.5);
      const to = from + (k % 2 ? 1 : sizes[layer]) * sizes[layer + 1];
      for (let place = from + 0.5; place < to; place++) places.push(place);
      return { sides: [from - gap / 3, to + gap / 3], tick: [(from + to) / 2, "Wb"[k % 2] + String.fromCharCode(0x2081 + layer)], sd };
    });
    const most = 1.05 * Math.max(...this.runs.flatMap(({ record }) => [...record.prior_stds.map((sd) => 2.3 * sd), ...record.parameters.map(furthest)]));
    const chart = new Chart(canvas, {
      x: { low: 0, high: n + gap * blocks.length, ticks: blocks.map(({ tick }) => tick), label: "weights and biases, layer by layer" },
      y: { low: -most, high: most },
      margins: MARGINS,
      paint: () => {
        for (const { sides, sd } of blocks) chart.band(sides, [-2 * sd, -2 * sd], [2 * sd, 2 * sd], "reference", 0.22);
        const now = parameters[this.frameOf(run)];
        const ends = (side, around = 0) => places.map((_, i) => weightEnd(now, i, side) + around);
        const width = chart.px(0.7) - chart.px(0);
        const thin = 0.8 / (chart.py(0) - chart.py(1));
        chart.bars(places, ends(-2), ends(2), "posterior", width, 0.5);
        chart.bars(places, ends(0, -thin), ends(0, thin), "posterior", width + 0.6);
      },
    });
    return chart;
  }

  async stills() {
    const { addStills, BARE } = await import("./player-stills.js");
    for (const run of this.runs) {
      const draw = (canvas, t) => {
        const x = { low: run.x[0], high: run.x.at(-1), ticks: [] };
        return Object.assign(new Chart(canvas, { x, y: { ticks: [] }, margins: BARE, paint: (chart) => this.paint(chart, run, t) }), { run });
      };
      addStills(this, draw, (t) => `step ${formatted(this.steps[t])}`);
    }
    this.limit();
  }

  // --- time

  // A second run may have been recorded at other steps.
  frameOf(run, t = this.t) {
    return run === this.runs[0] ? t : upTo(run.record.steps, this.steps[t]);
  }

  words() {
    const elbos = this.runs.map((run) => whole(run.record.elbo[this.frameOf(run)]));
    return [`step ${formatted(this.steps[this.t])}`, `ELBO ${elbos.join(" and ")} nats`];
  }

  refresh() {
    super.refresh();
    this.runs.forEach((run, k) => {
      const { elbo, log_likelihood, kl } = run.record;
      const t = this.frameOf(run);
      [elbo[t], log_likelihood[t], -kl[t]].forEach((value, part) => (this.elbos[k].children[part].lastChild.textContent = whole(value)));
    });
    this.values?.showValues(this);
  }

  prepare(t) {
    this.runs.forEach((run) => run.at(this.frameOf(run, t)));
  }

  restore(given) {
    super.restore(given);
    if (given.has("curves")) this.curves.value = given.get("curves");
    if (given.has("hmc") && this.hasAttribute("truth")) {
      this.overlay.checked = true;
      this.overlayTruth();
    }
  }

  state() {
    const curves = Number(this.curves.value);
    return { ...super.state(), curves: curves === this.runs[0].record.n_curves ? null : curves, hmc: this.overlay.checked ? 1 : null };
  }
}

const weightEnd = (parameters, i, side) => parameters[i] + side * Math.log1p(Math.exp(parameters[parameters.length / 2 + i]));
const furthest = (parameters) => Math.max(...Array.from({ length: parameters.length / 2 }, (_, i) => Math.max(weightEnd(parameters, i, 2), -weightEnd(parameters, i, -2))));

const padded = (values) => {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return [low - 0.08 * (high - low), high + 0.08 * (high - low)];
};

const ALONG_X = { mean: "mean", "of-f": "± 2 sd of f", noise: "with noise", draws: "draws of f", truth: "truth", data: "data", hmc: "HMC, ± 2 sd of f" };
const PARTS = { mean: "ELBO <b></b>", likelihood: "log-likelihood <b></b>", kl: "\u2212KL <b></b>" };
const WEIGHTS = { "of-f": "each weight, mean ± 2 sd", prior: "prior, ± 2 sd" };
const key = (name, text) => `<span class="player__${name}">${text}</span>`;
const PANEL = (title, name, about, keys) => {
  const along = name === "predictive";
  return `
  <div class="player__of-${name}">
    ${along && title ? `<p class="player__title">${title}</p>` : ""}
    <p class="player__key${name === "elbo" ? " player__elbos" : ""}">${Object.entries(keys).map((each) => key(...each)).join("")}</p>
    <canvas class="player__${name}" role="img" aria-label="${title} ${about}"></canvas>
    ${along ? `<p class="player__readout">Point at the picture, or touch it, to read values.</p>` : ""}
  </div>`;
};

customElements.get("training-player") ?? customElements.define("training-player", TrainingPlayer);
