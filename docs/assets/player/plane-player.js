// <plane-player src="record.bin">: how a classifier of two inputs learns: over the plane the probability of class 1 and
// the epistemic part of its entropy, and the ELBO. Its children stand in for it until the record has come, in print, and
// where there is no JavaScript. step: where to begin.

import { Chart } from "../drawing/chart.js";
import { formatted, short, whole } from "../drawing/format.js";
import { table } from "../drawing/table.js";
import { bar, escaped, FOOT, Scrubber } from "./base.js";
import { elboAxes } from "./elbo-axes.js";
import { mark, picture } from "./plane-picture.js";
import { addChanges, fetchRecord } from "./record-file.js";

const CLASS_COLOURS = ["posterior", "curves"]; // And a disc and a triangle, as in the figures.
const MARGINS = { left: 2.2, right: 0.3, top: 1.5, bottom: 2.9 };
const N_ROWS = 6; // Of a table.
const N_COLUMNS = 7;
const fixed = (value) => value.toFixed(2);
const nearest = (at, [low, high], n) => Math.min(n - 1, Math.max(0, Math.round(((at - low) / (high - low)) * (n - 1))));
const spread = (n, among) => [...new Set(Array.from({ length: n }, (_, k) => Math.round((k * (among - 1)) / (n - 1))))];

// A record of bayesian_nn.plane_record, with at(map, t, [column, row]), both from the lowest, and where(place) in x.
export async function fetchPlane(source) {
  const record = await fetchRecord(source);
  if (record.format !== "plane 1") throw new Error("it is not the record of a classifier of two inputs");
  const { codes, steps, limits, scales, shape: [nUp, nAcross] } = record;
  addChanges(codes, steps.length);
  const at = (map, t, [column, row]) => (scales[map].most * codes[((map * nUp + row) * nAcross + column) * steps.length + t]) / 255;
  const where = (place) => limits.map(([low, high], k) => low + ((high - low) * place[k]) / ([nAcross, nUp][k] - 1));
  return { ...record, at, where, nPlaces: [nAcross, nUp] };
}

class PlanePlayer extends Scrubber {
  async open() {
    this.record = await fetchPlane(this.getAttribute("src"));
    const { x, labels } = this.record;
    this.points = labels.map((label, k) => [x[2 * k], x[2 * k + 1], label]);
    return this.record.steps;
  }

  html() {
    const [names, labels] = [this.record.names, this.record.scales.map((scale) => scale.label)].map((texts) => texts.map(escaped));
    const map = (label) => `
      <div class="player__plane">
        <p>${label}</p>
        <canvas class="player__scale" role="img" aria-label="Colours of the ${label}"></canvas>
        <canvas class="player__map" role="img" aria-label="Map of the ${label} over ${names.join(" and ")}"></canvas>
      </div>`;
    const place = (name) => `<label class="player__along">Read at ${name} <input type="range" class="player__place" min="0" step="1"></label>`;
    return `
      <p class="player__head"><span></span><span></span></p>
      <p class="player__key"><span class="player__disc">class 0</span><span class="player__triangle">class 1</span></p>
      ${labels.map(map).join("")}
      <p class="player__readout">Point at a map, or touch it, to read values.</p>
      ${names.map(place).join("")}
      ${bar("Training step")}
      <canvas class="player__elbo" role="img" aria-label="ELBO over training, in nats"></canvas>
      ${FOOT}`;
  }

  build() {
    const { limits: [across, up], nPlaces } = this.record;
    this.board.classList.add("player--plane");
    this.style.setProperty("--up", (up[1] - up[0]) / (across[1] - across[0])); // So that both inputs have one scale.
    [[this.readout], this.along] = [this.all("readout"), this.all("place")];
    this.along.forEach((range, k) => Object.assign(range, { max: nPlaces[k] - 1, value: nPlaces[k] >> 1, ariaValueText: "nothing is read yet" }));
    const maps = this.all("map").map((canvas, map) => this.mapChart(canvas, map));
    return [...maps, ...this.all("scale").map((canvas, map) => scaleChart(canvas, this.record.scales[map])), this.elboChart(this.all("elbo")[0])];
  }

  listen() {
    super.listen();
    for (const range of this.along) range.addEventListener("input", () => this.read(this.along.map(({ value }) => Number(value))));
  }

  read(place) {
    this.place = place;
    this.refresh();
  }

  mapChart(canvas, map) {
    const { limits, names, nPlaces, where } = this.record;
    const [x, y] = limits.map(([low, high], k) => ({ low, high, label: names[k] }));
    const chart = new Chart(canvas, {
      x,
      y,
      margins: MARGINS,
      paint: () => {
        this.paintMap(chart, map, this.t);
        if (!this.place) return;
        const [column, row] = where(this.place);
        chart.line([column, column], limits[1], "reference");
        chart.line(limits[0], [row, row], "reference");
      },
    });
    const read = (event) => this.read(Object.values(chart.at(event)).map((at, k) => nearest(at, limits[k], nPlaces[k])));
    canvas.addEventListener("pointermove", read);
    canvas.addEventListener("pointerdown", read);
    return chart;
  }

  paintMap(chart, map, t) {
    const { context, em, box } = chart;
    const [left, top, right, bottom] = [box.left, box.top, box.right, box.bottom].map((edge) => Math.round(edge * devicePixelRatio));
    const key = [t, right - left, bottom - top].join();
    if (chart.key !== key) Object.assign(chart, { key, image: picture(this.record, map, t, right - left, bottom - top) });
    context.putImageData(chart.image, left, top);
    const radius = Math.min(em / 4, (box.right - box.left) / 80);
    Object.assign(context, { strokeStyle: "#fff", lineWidth: radius / 3.5 });
    for (const [x, y, label] of this.points) {
      context.beginPath();
      mark(context, label, chart.px(x), chart.py(y), radius);
      chart.fill(CLASS_COLOURS[label]);
      context.stroke();
    }
  }

  elboChart(canvas) {
    const { steps, elbo, n_steps: nSteps, nats } = this.record;
    const [low, high] = nats;
    const { x, y } = elboAxes(nSteps, nats);
    const chart = new Chart(canvas, {
      x,
      y: { ...y, label: "ELBO in nats (up is better)" },
      margins: { left: 4.2, top: 1.6 },
      paint: () => {
        chart.line(steps, elbo, "posterior", 2.6);
        chart.line([steps[this.t], steps[this.t]], [low, high], "reference", 1.5);
        chart.dots([steps[this.t]], [elbo[this.t]], "posterior", 5.5);
      },
    });
    this.scrubOn(chart, steps);
    return chart;
  }

  async stills() {
    const { addStills, BARE } = await import("./stills.js");
    const [x, y] = this.record.limits.map(([low, high]) => ({ low, high, ticks: [] }));
    const draw = (canvas, t) => new Chart(canvas, { x, y, margins: BARE, paint: (chart) => this.paintMap(chart, 0, t) });
    addStills(this, draw, (t) => `step ${formatted(this.steps[t])}`);
  }

  words() {
    return [`step ${formatted(this.steps[this.t])}`, `ELBO ${whole(this.record.elbo[this.t])} nats`];
  }

  refresh() {
    super.refresh();
    if (this.place) {
      const { names, where, at } = this.record;
      const place = where(this.place).map((value, k) => `${names[k]} ${short(value)}`).join(", ");
      const [probability, epistemic] = [0, 1].map((map) => fixed(at(map, this.t, this.place)));
      const values = `probability of class 1 ${probability} \u00b7 epistemic part ${epistemic} nats`;
      this.readout.textContent = `${place}: ${values}`;
      this.along.forEach((range, k) => Object.assign(range, { value: this.place[k], ariaValueText: this.readout.textContent }));
    }
    if (this.numbers.open) this.numbers.lastElementChild.replaceChildren(...[0, 1].map((map) => this.table(map)));
  }

  table(map) {
    const { names, scales, nPlaces, where, at } = this.record;
    const [columns, rows] = [spread(N_COLUMNS, nPlaces[0]), spread(N_ROWS, nPlaces[1]).reverse()];
    const heads = columns.map((column) => `${names[0]} ${short(where([column, 0])[0])}`);
    const cells = rows.map((row) => [short(where([0, row])[1]), ...columns.map((column) => fixed(at(map, this.t, [column, row])))]);
    return table(`The ${scales[map].label}, ${this.words().join(", ")}`, [names[1], ...heads], cells);
  }
}

function scaleChart(canvas, { edges, colours, ticks }) {
  const chart = new Chart(canvas, {
    x: { low: edges[0], high: edges.at(-1), ticks },
    y: { low: 0, high: 1, ticks: [] },
    margins: { ...MARGINS, top: 0, bottom: 1.6 },
    paint: ({ context, box }) => colours.forEach((colour, k) => {
      context.fillStyle = colour;
      context.fillRect(chart.px(edges[k]), box.top, chart.px(edges[k + 1]) - chart.px(edges[k]), box.bottom - box.top);
    }),
  });
  return chart;
}

customElements.get("plane-player") ?? customElements.define("plane-player", PlanePlayer);
