// <training-player src="record.bin">: a run that the build recorded, drawn at any of its steps. Its children stand in for
// it until the record has come, in print, and where there is no JavaScript. beside: a second run on the same scrubber;
// titles: of both, "one|other"; truth: HMC's { x, mean, std } as JSON; step: where to begin.

import { Chart } from "../drawing/chart.js";
import { formatted, whole } from "../drawing/format.js";
import { fetchBand, fetchRun, Frames } from "./run-record.js";
import { weightsChart } from "./weights.js";
import { bar, escaped, FOOT, Scrubber, upTo } from "./base.js";
import { elboAxes } from "./elbo-axes.js";

const MARGINS = { left: 4.2, top: 1.6 };
const edge = (mean, width, side) => mean.map((value, k) => value + side * width[k]);

class TrainingPlayer extends Scrubber {
  async open() {
    const sources = ["src", "beside"].map((name) => this.getAttribute(name)).filter(Boolean);
    this.runs = (await Promise.all(sources.map(fetchRun))).map((record) => new Frames(record));
    return this.runs[0].record.steps;
  }

  html() {
    this.titles = (this.getAttribute("titles") ?? "|").split("|").slice(0, this.runs.length);
    const each = (...panel) => this.titles.map((title) => PANEL(escaped(title), ...panel)).join("");
    return `
      <p class="player__head"><span></span><span></span></p>
      ${each("predictive", "Predictive band along x", ALONG_X)}
      <label class="player__along">Read at ${escaped(this.runs[0].record.names[0])} <input type="range" class="player__place" min="0" step="1"></label>
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
    [[this.curves], [this.overlay], [this.along]] = [this.all("curves"), this.all("overlay"), this.all("place")];
    Object.assign(this.curves, { max: record.n_draws, value: record.n_curves });
    Object.assign(this.along, { max: record.n_places - 1, value: record.n_places >> 1, ariaValueText: "nothing is read yet" });
    this.overlay.parentElement.hidden = !this.hasAttribute("truth");
    const records = this.runs.map((run) => run.record);
    const kinds = {
      predictive: (canvas, run) => this.predictiveChart(canvas, run),
      elbo: (canvas, run) => this.elboChart(canvas, run),
      weights: (canvas, run) => weightsChart(canvas, run.record, records, MARGINS, () => run.record.parameters[this.frameOf(run)]),
    };
    this.charts = Object.entries(kinds).flatMap(([name, make]) => this.all(name).map((canvas, k) => make(canvas, this.runs[k])));
    this.limit();
    return this.charts;
  }

  listen() {
    super.listen();
    this.curves.addEventListener("input", () => {
      this.refresh();
      this.keep();
    });
    this.along.addEventListener("input", () => this.read(Number(this.along.value)));
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
      this.spoken.textContent = this.readouts[0].textContent = `HMC\u2019s band could not be loaded (${message}).`;
    }
    this.board.classList.toggle("player--hmc", this.overlay.checked);
    this.limit();
    this.refresh();
  }

  // Values at a place along x, and the tables; their module comes when they are first asked for.
  async read(place = this.place) {
    this.values ??= await import("./reading.js");
    this.place = place && Math.min(this.runs[0].x.length - 1, Math.max(0, place));
    this.refresh();
  }

  // --- the panels

  predictiveChart(canvas, run) {
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

  elboChart(canvas, run) {
    const { n_steps, reference, medians, median_steps, noisy_steps, noisy_elbo, steps, elbo } = run.record;
    const [lows, highs, thresholds] = [0, 1, 2].map((k) => this.runs.map(({ record }) => record.nats[k]));
    const [low, high] = [Math.min(...lows), Math.max(...highs)];
    const part = (k) => medians.subarray((k * medians.length) / 3, ((k + 1) * medians.length) / 3);
    for (const [name, value] of Object.entries(reference)) canvas.previousElementSibling.innerHTML += key("reference", `${escaped(name)} <b>${whole(value)}</b>`);
    const chart = new Chart(canvas, {
      ...elboAxes(n_steps, [low, high, Math.max(...thresholds)]),
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

  async stills() {
    const { addStills, BARE } = await import("./stills.js");
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
  const again = along ? "" : " player__title--again"; // Where panels of two runs lie under each other.
  return `
  <div class="player__of-${name}">
    ${title && `<p class="player__title${again}">${title}</p>`}
    <p class="player__key${name === "elbo" ? " player__elbos" : ""}">${Object.entries(keys).map((each) => key(...each)).join("")}</p>
    <canvas class="player__${name}" role="img" aria-label="${title} ${about}"></canvas>
    ${along ? `<p class="player__readout">Point at the picture, or touch it, to read values.</p>` : ""}
  </div>`;
};

customElements.get("training-player") ?? customElements.define("training-player", TrainingPlayer);
