// <training-player src="record.bin">: a run that the build recorded, drawn at any of its steps. Its children stand in for
// it until the record has come, in print, and where there is no JavaScript. beside: a second run on the same scrubber;
// titles: of both, "one|other"; truth: HMC's { x, mean, std } as JSON; step: where to begin.

import { Chart, formatted, symlog } from "./chart.js";
import { normals } from "./portable.js";
import { summary } from "./predictive.js";

const SECONDS = 8; // Of all frames, at speed 1, as in the film.
const nats = (value) => formatted(Math.round(value));
const compact = (value) => (Math.abs(value) < 1e4 ? formatted(value) : `${formatted(value / 1000)}k`);
const edge = (mean, width, side) => mean.map((value, k) => value + side * width[k]);
export const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

// What bayesian_nn.player_record wrote: its header, with arrays by name, and the parameters [2 n] of every recorded step.
export async function readRecord(answer) {
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  const file = await answer.blob();
  if ((await file.slice(0, 4).text()) !== "BNNP") throw new Error("it is not the record of a run");
  const buffer = await new Response(file.slice(4).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
  let at = 4 + new DataView(buffer).getUint32(0, true);
  const record = JSON.parse(new TextDecoder().decode(buffer.slice(4, at)));
  for (const [name, kind, length] of record.arrays) {
    record[name] = new (kind === "<f4" ? Float32Array : Uint8Array)(buffer, at, length);
    at += record[name].byteLength;
  }
  const { codes, steps } = record;
  const half = codes.length / 2;
  const n = half / steps.length;
  record.parameters = Array.from(steps, () => new Float64Array(n));
  for (let k = 0, i = 0; i < n; i++) {
    for (let value = 0, t = 0; t < steps.length; t++, k++) {
      const folded = codes[k] | (codes[half + k] << 8);
      value = ((value + ((folded >> 1) ^ -(folded & 1))) << 16) >> 16;
      record.parameters[t][i] = value * record.code_steps[2 * i < n ? 0 : 1];
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

  // The last record no later than a step.
  upTo(step) {
    return Math.max(0, this.record.steps.findLastIndex((each) => each <= step));
  }
}

class TrainingPlayer extends HTMLElement {
  connectedCallback() {
    this.away = new AbortController();
    document.addEventListener("click", (event) => this.follow(event), { capture: true, signal: this.away.signal });
    this.near = new IntersectionObserver(([entry]) => entry.isIntersecting && this.load(), { rootMargin: "300px" });
    this.near.observe(this);
    this.charts?.forEach((chart) => chart.connect());
  }

  disconnectedCallback() {
    this.away.abort();
    [this.near, this.seen].forEach((observer) => observer?.disconnect());
    this.setPlaying(false);
    clearTimeout(this.saving);
    this.charts?.forEach((chart) => chart.disconnect());
  }

  load() {
    return (this.loading ??= this.start().catch(({ message }) => {
      const sentence = document.createElement("p");
      sentence.textContent = `The player could not be loaded (${message}); this picture stands in for it.`;
      this.append(sentence);
    }));
  }

  async start() {
    const sources = ["src", "beside"].map((name) => this.getAttribute(name)).filter(Boolean);
    const records = await Promise.all(sources.map((source) => fetch(source).then(readRecord)));
    this.runs = records.map((record) => new Frames(record));
    this.build(records[0]);
    if (calm()) (await this.more()).addStills(this);
    const given = new URLSearchParams(location.search);
    if (given.get("player") === this.id) this.restore(given);
    else if (this.hasAttribute("step")) this.restore(new Map([["step", this.getAttribute("step")]]));
    else if (!calm() && !navigator.connection?.saveData) this.playWhenSeen();
    this.show(this.t);
    this.querySelector(".player")?.remove(); // Of a player that was copied.
    this.append(this.board);
    if (this.isConnected) this.charts.forEach((chart) => chart.connect());
  }

  build({ n_draws, n_curves, steps }) {
    const titles = (this.getAttribute("titles") ?? "|").split("|");
    this.board = document.createElement("div");
    Object.assign(this.board, { className: `player player--${this.runs.length}`, tabIndex: 0, role: "group", ariaLabel: "Player of a training run" });
    this.board.innerHTML = BOARD(this.runs.map((_, k) => titles[k]));
    const all = (name) => [...this.board.querySelectorAll(`.player__${name}`)];
    for (const name of ["head", "play", "back", "on", "scrub", "speed", "curves", "overlay", "numbers", "spoken"]) [this[name]] = all(name);
    [this.readouts, this.elbos] = [all("readout"), all("elbos")];
    Object.assign(this.curves, { max: n_draws, value: n_curves });
    this.overlay.parentElement.hidden = !this.hasAttribute("truth");
    this.last = this.t = this.scrub.max = steps.length - 1;
    this.scrub.value = this.t;
    const panels = { predictive: all("predictive"), elbo: all("elbo"), weights: all("weights") };
    this.charts = Object.entries(panels).flatMap(([name, canvases]) => canvases.map((canvas, k) => this[`${name}Chart`](this.runs[k], canvas)));
    this.limit();
    this.listen();
  }

  listen() {
    const on = (target, kind, act) => target.addEventListener(kind, act);
    on(this.scrub, "input", () => this.seek(Number(this.scrub.value)));
    on(this.play, "click", () => this.toggle());
    on(this.back, "click", () => this.seek(this.t - 1));
    on(this.on, "click", () => this.seek(this.t + 1));
    on(this.curves, "input", () => this.refresh() ?? this.keep());
    on(this.overlay, "change", () => this.overlayTruth().then(() => this.keep()));
    on(this.numbers, "toggle", () => this.refresh());
    on(this.board, "keydown", (event) => this.key(event));
  }

  // What is needed only once a reader reads values, asks for more, or prefers less motion.
  more() {
    return (this.reading ??= import("./player-reading.js").then((module) => (this.values = module)));
  }

  // --- the panels

  predictiveChart(run, canvas) {
    const { record, x } = run;
    const chart = new Chart(canvas, {
      x: { low: x[0], high: x.at(-1), label: record.names[0] },
      y: { label: record.names[1] },
      margins: { left: 3.8, top: 1.6 },
      paint: () => this.paint(chart, run, this.t, this.place),
    });
    const read = async (event) => {
      const place = Math.round((chart.at(event).x - x[0]) / (x[1] - x[0]));
      await this.more();
      this.place = Math.min(x.length - 1, Math.max(0, place));
      this.refresh();
    };
    canvas.addEventListener("pointermove", read);
    canvas.addEventListener("pointerdown", read);
    chart.run = run;
    return chart;
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
    for (const [name, value] of Object.entries(reference)) canvas.previousElementSibling.innerHTML += key("reference", `${name} <b>${nats(value)}</b>`);
    const chart = new Chart(canvas, {
      x: { low: 0, high: n_steps, label: "training step", scale: symlog(1, 0.3), ticks: decades, format: compact },
      y: { low, high, label: "nats (up is better)", scale: symlog(Math.max(...thresholds)), format: compact },
      margins: { left: 3.8, top: 1.6 },
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
    const toStep = (event) => {
      const at = chart.px(chart.at(event).x);
      const away = Array.from(this.runs[0].record.steps, (step) => Math.abs(chart.px(step) - at));
      this.seek(away.indexOf(Math.min(...away)));
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      toStep(event);
    });
    canvas.addEventListener("pointermove", (event) => canvas.hasPointerCapture(event.pointerId) && toStep(event));
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
      margins: { left: 3.8, top: 1.6 },
      paint: () => {
        for (const { sides, sd } of blocks) chart.band(sides, [-2 * sd, -2 * sd], [2 * sd, 2 * sd], "reference", 0.22);
        const t = this.frameOf(run);
        const width = chart.px(0.7) - chart.px(0);
        const thin = 0.8 / (chart.py(0) - chart.py(1));
        const ends = (side, around = 0) => places.map((_, i) => weightEnd(parameters[t], i, side) + around);
        chart.bars(places, ends(-2), ends(2), "posterior", width, 0.5);
        chart.bars(places, ends(0, -thin), ends(0, thin), "posterior", width + 0.6);
      },
    });
    return chart;
  }

  // --- time

  frameOf(run, t = this.t) {
    return run === this.runs[0] ? t : run.upTo(this.runs[0].record.steps[t]);
  }

  // What a reader asks for: it stops the play, is spoken, and stays in the address.
  seek(t) {
    this.setPlaying(false);
    this.show(Math.min(this.last, Math.max(0, t)));
    this.spoken.textContent = this.scrub.ariaValueText;
    this.keep();
  }

  show(t) {
    this.t = this.scrub.value = t;
    const records = this.runs.map((run) => [run.record, this.frameOf(run)]);
    const words = [`step ${formatted(records[0][0].steps[t])}`, `ELBO ${records.map(([{ elbo }, at]) => nats(elbo[at])).join(" and ")} nats`];
    this.scrub.ariaValueText = words.join(", ");
    words.forEach((word, k) => (this.head.children[k].textContent = word));
    records.forEach(([{ elbo, log_likelihood, kl }, at], k) => {
      [elbo[at], log_likelihood[at], -kl[at]].forEach((value, part) => (this.elbos[k].children[part].lastChild.textContent = nats(value)));
    });
    this.refresh();
  }

  refresh() {
    this.charts.forEach((chart) => chart.refresh());
    if (this.values) this.values.showValues(this);
    else if (this.numbers.open) this.more().then(() => this.refresh());
  }

  toggle() {
    if (this.playing) return this.seek(this.t);
    if (this.t === this.last) this.show(0);
    this.setPlaying(true);
    let due = performance.now();
    const tick = (now) => {
      const each = (1000 * SECONDS) / (this.last + 1) / this.speed.value;
      if (now - due >= each) {
        due = Math.max(due + each, now - each);
        this.show(this.t + 1);
      } else {
        this.runs.forEach((run) => run.at(this.frameOf(run, this.t + 1))); // In the time to spare.
      }
      if (this.t < this.last) this.playing = requestAnimationFrame(tick);
      else this.setPlaying(false);
    };
    this.playing = requestAnimationFrame(tick);
  }

  setPlaying(on) {
    cancelAnimationFrame(this.playing);
    this.playing = on;
    if (!this.board) return;
    this.play.ariaLabel = on ? "Pause" : "Play";
    this.play.classList.toggle("player__play--on", on);
  }

  // Once, and for nobody who has begun by himself.
  playWhenSeen() {
    this.t = 0;
    this.seen = new IntersectionObserver(([entry]) => {
      if (!entry.isIntersecting) return;
      this.seen.disconnect();
      if (!this.playing && this.t === 0) this.toggle();
    }, { threshold: 0.6 });
    this.seen.observe(this.charts[0].canvas);
  }

  key(event) {
    const { target, key } = event;
    const moves = { ArrowLeft: this.t - 1, ArrowRight: this.t + 1, Home: 0, End: this.last };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === " " && (target === this.board || target === this.scrub)) this.toggle();
    else if (target === this.board && key in moves) this.seek(moves[key]);
    else return;
    event.preventDefault();
  }

  async overlayTruth() {
    this.truth ??= await fetch(this.getAttribute("truth")).then((answer) => answer.json());
    await this.more();
    this.board.classList.toggle("player--hmc", this.overlay.checked);
    this.limit();
    this.refresh();
  }

  // --- the address

  // A sentence's link that names this player drives it.
  async follow(event) {
    const link = event.target.closest?.('a[href*="player="]');
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const { pathname, searchParams } = new URL(link.href);
    if (!this.id || pathname !== location.pathname || searchParams.get("player") !== this.id) return;
    event.preventDefault();
    event.stopPropagation();
    await this.load();
    if (!this.board) return;
    this.restore(searchParams);
    this.seek(this.t);
    this.scrollIntoView({ block: "nearest", behavior: calm() ? "auto" : "smooth" });
  }

  restore(given) {
    if (given.has("step")) this.t = this.runs[0].upTo(Number(given.get("step")));
    if (given.has("curves")) this.curves.value = given.get("curves");
    if (given.has("hmc") && this.hasAttribute("truth")) {
      this.overlay.checked = true;
      this.overlayTruth();
    }
  }

  // Not at every move: browsers limit how often an address may change.
  keep() {
    clearTimeout(this.saving);
    if (!this.id) return;
    this.saving = setTimeout(() => {
      const { n_curves, steps } = this.runs[0].record;
      const curves = Number(this.curves.value);
      const state = { player: this.id, step: steps[this.t], curves: curves === n_curves ? null : curves, hmc: this.overlay.checked ? 1 : null };
      const url = new URL(location.href);
      for (const [name, value] of Object.entries(state)) value === null ? url.searchParams.delete(name) : url.searchParams.set(name, value);
      history.replaceState(history.state, "", url);
    }, 300);
  }
}

const weightEnd = (parameters, i, side) => parameters[i] + side * Math.log1p(Math.exp(parameters[parameters.length / 2 + i]));
const furthest = (parameters) => Math.max(...parameters.subarray(parameters.length / 2).map((_, i) => Math.abs(parameters[i]) + weightEnd(parameters, i, 2) - parameters[i]));
const padded = (values) => {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return [low - 0.08 * (high - low), high + 0.08 * (high - low)];
};

const key = (name, text) => `<span class="player__${name}">${text}</span>`;
const keys = (names) => Object.entries(names).map(([name, text]) => key(name, text)).join("");
const panel = (name, title, about, shown) => `
  <div class="player__of-${name}">
    ${name === "predictive" && title ? `<p class="player__title">${title}</p>` : ""}
    <p class="player__key${name === "elbo" ? " player__elbos" : ""}">${keys(shown)}</p>
    <canvas class="player__${name}" role="img" aria-label="${title} ${about}"></canvas>
    ${name === "predictive" ? `<p class="player__readout">Point at the picture, or touch it, to read values.</p>` : ""}
  </div>`;
const predictive = { mean: "mean", "of-f": "± 2 sd of f", noise: "with noise", draws: "draws of f", truth: "truth", data: "data", hmc: "HMC, ± 2 sd of f" };
const parts = { mean: "ELBO <b></b>", likelihood: "log-likelihood <b></b>", kl: "\u2212KL <b></b>" };
const weights = { "of-f": "each weight, mean ± 2 sd", prior: "prior, ± 2 sd" };
const button = (name, label, ...icons) =>
  `<button type="button" class="player__${name}" aria-label="${label}">${icons.map((icon) => `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${icon}"/></svg>`).join("")}</button>`;
const speeds = [0.25, 0.5, 1, 2, 4].map((speed) => `<option value="${speed}"${speed === 1 ? " selected" : ""}>${speed}\u00d7</option>`);
const BOARD = (titles) => `
  <p class="player__head"><span></span><span></span></p>
  ${titles.map((title) => panel("predictive", title, "Predictive band along x", predictive)).join("")}
  <div class="player__bar">
    ${button("play", "Play", "M8 5v14l11-7z", "M6 5h4v14H6zM14 5h4v14h-4z")}
    ${button("back", "One record back", "M7 5h2v14H7zM19 5v14l-9-7z")}${button("on", "One record on", "M15 5h2v14h-2zM5 5v14l9-7z")}
    <input type="range" class="player__scrub" min="0" step="1" aria-label="Training step">
    <select class="player__speed" aria-label="Speed">${speeds.join("")}</select>
  </div>
  ${titles.map((title) => panel("elbo", title, "ELBO over training, in nats", parts)).join("")}
  ${titles.map((title) => panel("weights", title, "Posterior of each weight, over its prior", weights)).join("")}
  <div class="player__more">
    <label>Curves <input type="range" class="player__curves" min="0" step="1"></label>
    <label><input type="checkbox" class="player__overlay"> Lay HMC over it</label>
  </div>
  <details class="player__numbers"><summary>Numbers behind the picture</summary><div></div></details>
  <p class="player__spoken" aria-live="polite"></p>`;

customElements.get("training-player") ?? customElements.define("training-player", TrainingPlayer);
