// <digits-player src="record.bin">: how a classifier learns, as a few images see it: bars of their mean class
// probabilities, dots of single draws of the weights, and the error. Its children stand in for it until the record has
// come, in print, and where there is no JavaScript. step: where to begin.

import { Chart, symlog } from "../drawing/chart.js";
import { formatted } from "../drawing/format.js";
import { table } from "../drawing/table.js";
import { bar, escaped, FOOT, Scrubber } from "./base.js";
import { addChanges, fetchRecord } from "./record-file.js";

const FILL = 0.45; // Of a bar, as in the figures.
const N_COLUMNS = 3; // Of a still.
const fixed = (value) => value.toFixed(2);
const named = (epoch) => `epoch ${epoch.toFixed(epoch === 0 || epoch >= 10 ? 0 : epoch < 1 ? 2 : 1)}`;
const percent = (error) => `${error.toFixed(error < 10 ? 2 : 1)} %`;
const logarithmic = { to: Math.log10, from: (at) => 10 ** at };

// A record of bayesian_nn.class_record, with means [n_frames][n_images][n_classes] and draws: at(t, image, draw, k).
export async function fetchClasses(source) {
  const record = await fetchRecord(source);
  if (record.format !== "classes 1") throw new Error("it is not the record of a classifier");
  const { codes, steps, n_draws: nDraws, labels, class_names: names } = record;
  const nFrames = steps.length;
  addChanges(codes, nFrames);
  const at = (t, image, draw, k) => codes[((draw * labels.length + image) * names.length + k) * nFrames + t] / 255;
  const mean = (t, image, k) => Array.from({ length: nDraws }, (_, draw) => at(t, image, draw, k)).reduce((sum, each) => sum + each, 0) / nDraws;
  const means = Array.from(steps, (_, t) => labels.map((_, image) => names.map((_, k) => mean(t, image, k))));
  return { ...record, at, means };
}

class DigitsPlayer extends Scrubber {
  async open() {
    this.record = await fetchClasses(this.getAttribute("src"));
    return this.record.steps;
  }

  html() {
    const { labels, n_draws: nDraws } = this.record;
    const [of, ...names] = [this.record.of, ...this.record.class_names].map((text) => escaped(String(text)));
    const image = (label, k) => `
      <div class="player__image">
        <canvas class="player__pixels" role="img" aria-label="Image ${k + 1}, of class ${names[label]}"></canvas>
        <p class="player__reading"><b>${names[label]}</b><span></span></p>
        <canvas class="player__classes" role="img" aria-label="Probabilities of the classes of image ${k + 1}"></canvas>
      </div>`;
    return `
      <p class="player__head player__head--digits"><span></span><span></span></p>
      <p class="player__key"><span class="player__other">mean</span><span class="player__true">mean, true class</span><span class="player__draw">${nDraws} draws of the weights</span></p>
      <div class="player__images">${labels.map(image).join("")}</div>
      <p class="player__readout">Point at a bar, or touch it, to read values.</p>
      ${bar("Epoch")}
      <canvas class="player__errors" role="img" aria-label="Error on the ${of} images over the epochs"></canvas>
      ${FOOT}`;
  }

  build() {
    const { labels, pixels, image_shape: [height, width] } = this.record;
    this.board.classList.add("player--digits");
    [this.readout] = this.all("readout");
    this.readings = this.all("reading").map((each) => each.lastChild);
    this.all("pixels").forEach((canvas, k) => paint(canvas, pixels.subarray(k * height * width, (k + 1) * height * width), width, height));
    const bars = this.all("classes").map((canvas, image) => this.classesChart(canvas, image));
    return [...bars, this.errorsChart(this.all("errors")[0])];
  }

  classesChart(canvas, image) {
    const { class_names: names } = this.record;
    const chart = new Chart(canvas, {
      x: { low: -0.6, high: names.length - 0.4, ticks: [...names.entries()] },
      y: { low: 0, high: 1.03, ticks: [0, 0.5, 1] },
      margins: { left: 2.2, right: 0.1, top: 0.5, bottom: 1.7 },
      paint: () => {
        if (this.place?.image === image) chart.band([this.place.k - 0.5, this.place.k + 0.5], [0, 0], [2, 2], "reference", 0.22);
        this.paintBars(chart, this.t, image);
        const { n_draws: nDraws, at } = this.record;
        const beside = (draw) => (nDraws > 1 ? 0.6 * (draw / (nDraws - 1) - 0.5) : 0);
        const draws = Array.from({ length: nDraws }, (_, draw) => draw);
        for (const k of names.keys()) chart.dots(draws.map((draw) => k + beside(draw)), draws.map((draw) => at(this.t, image, draw, k)), "curves", chart.em / 7);
      },
    });
    const read = (event) => {
      const k = Math.round(chart.at(event).x);
      this.place = { image, k: Math.min(names.length - 1, Math.max(0, k)) };
      this.refresh();
    };
    canvas.addEventListener("pointermove", read);
    canvas.addEventListener("pointerdown", read);
    return chart;
  }

  paintBars(chart, t, image, [x, y] = [0, 0]) {
    const width = chart.px(0.8) - chart.px(0);
    this.record.means[t][image].forEach((mean, k) => {
      chart.bars([x + k], [y], [y + mean], k === this.record.labels[image] ? "truth" : "posterior", width, FILL);
    });
  }

  // No error at all lies on the lower edge.
  errorsChart(canvas) {
    const { epochs: at, errors, of } = this.record;
    const shown = errors.map((error) => 100 * error);
    const lowest = 0.7 * Math.min(...shown.filter((error) => error > 0), 100);
    const highest = Math.max(1.3 * Math.max(...shown), 10 * lowest);
    const heights = shown.map((error) => Math.max(error, lowest));
    const first = at.find((epoch) => epoch > 0);
    const decades = [-4, -3, -2, -1, 0, 1, 2, 3, 4].map((power) => Number(`1e${power}`)).filter((epoch) => first <= epoch && epoch <= at.at(-1));
    const ticks = [0.1, 0.3, 1, 3, 10, 30, 100].filter((tick) => lowest <= tick && tick <= highest);
    const chart = new Chart(canvas, {
      x: { low: at[0], high: at.at(-1), label: "epoch", scale: symlog(first, 0.5), ticks: [...(at[0] ? [] : [0]), ...decades].map((tick) => [tick, formatted(tick)]) },
      y: { low: lowest, high: highest, label: `${of} error (%)`, scale: logarithmic, ticks },
      margins: { left: 2.8, top: 1.6 },
      paint: () => {
        chart.line(at, heights, "log-likelihood", 2.4);
        chart.line([at[this.t], at[this.t]], [lowest, highest], "reference", 1.5);
        chart.dots([at[this.t]], [heights[this.t]], "log-likelihood", 5.5);
      },
    });
    this.scrubOn(chart, at);
    return chart;
  }

  async stills() {
    const { addStills, BARE } = await import("./stills.js");
    const { labels, class_names: names, epochs: at } = this.record;
    const nRows = Math.ceil(labels.length / N_COLUMNS);
    const x = { low: -0.6, high: N_COLUMNS * (names.length + 1) - 1.4, ticks: [] };
    const paint = (chart, t) => labels.forEach((_, image) => {
      const [row, column] = [Math.floor(image / N_COLUMNS), image % N_COLUMNS];
      this.paintBars(chart, t, image, [column * (names.length + 1), 1.1 * (nRows - 1 - row)]);
    });
    const y = { low: 0, high: 1.1 * nRows, ticks: [] };
    const draw = (canvas, t) => new Chart(canvas, { x, y, margins: BARE, paint: (chart) => paint(chart, t) });
    addStills(this, draw, (t) => named(at[t]));
  }

  words() {
    const { epochs: at, errors, of } = this.record;
    return [named(at[this.t]), `${of} error ${percent(100 * errors[this.t])}`];
  }

  refresh() {
    super.refresh();
    const { class_names: names, labels, means, at, n_draws: nDraws } = this.record;
    means[this.t].forEach((mean, image) => {
      const best = mean.indexOf(Math.max(...mean));
      this.readings[image].textContent = `read as ${names[best]}, ${fixed(mean[best])}`;
    });
    if (this.place) {
      const { image, k } = this.place;
      const draws = Array.from({ length: nDraws }, (_, draw) => at(this.t, image, draw, k));
      const range = `draws from ${fixed(Math.min(...draws))} to ${fixed(Math.max(...draws))}`;
      this.readout.textContent = `Image ${image + 1}, of class ${names[labels[image]]} \u00b7 class ${names[k]}: mean ${fixed(means[this.t][image][k])} \u00b7 ${range}`;
    }
    if (this.numbers.open) this.numbers.lastElementChild.replaceChildren(this.table());
  }

  table() {
    const { class_names: names, labels, means } = this.record;
    const rows = means[this.t].map((mean, image) => [names[labels[image]], ...mean.map(fixed)]);
    return table(`Mean probability of each class, ${this.words().join(", ")}`, ["True class", ...names], rows);
  }
}

// Ink is opaque and paper is not, so that the page's colours show.
function paint(canvas, values, width, height) {
  Object.assign(canvas, { width, height });
  const image = new ImageData(width, height);
  values.forEach((value, k) => (image.data[4 * k + 3] = value));
  canvas.getContext("2d").putImageData(image, 0, 0);
}

customElements.get("digits-player") ?? customElements.define("digits-player", DigitsPlayer);
