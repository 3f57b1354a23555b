// Predict, then reveal: a band that a reader draws by its two edges, at nine places along x, and how near it came.

import { mean } from "../numerics/moments.js";
import { short } from "../drawing/format.js";
import { windowOf } from "./state.js";

const SVG = "http://www.w3.org/2000/svg";
const N_PLACES = 9;
const EDGES = ["lower", "upper"];

// told: { guessed(), speak(text) }
export class Guess {
  constructor(layer, chart, told) {
    Object.assign(this, { layer, chart, told, open: false });
    this.group = layer.appendChild(document.createElementNS(SVG, "g"));
    this.handles = EDGES.map((edge, which) => Array.from({ length: N_PLACES }, (_, k) => this.handle(edge, which, k)));
    // In the order of x for who goes by key.
    for (let k = 0; k < N_PLACES; k++) this.group.append(this.handles[1][k], this.handles[0][k]);
    layer.addEventListener("pointerdown", (event) => this.down(event));
    layer.addEventListener("pointermove", (event) => this.drag(event));
    layer.addEventListener("lostpointercapture", () => (this.held = undefined));
    this.close();
  }

  handle(edge, which, k) {
    const handle = document.createElementNS(SVG, "g");
    handle.setAttribute("class", "play__handle");
    handle.setAttribute("role", "slider");
    handle.setAttribute("aria-orientation", "vertical");
    handle.setAttribute("tabindex", 0);
    for (const [name, radius] of [["play__reach", 13], ["play__ring", 10], ["play__grip", 6]]) {
      const circle = handle.appendChild(document.createElementNS(SVG, "circle"));
      circle.setAttribute("class", name);
      circle.setAttribute("r", radius);
    }
    handle.addEventListener("keydown", (event) => this.key(event, which, k));
    return handle;
  }

  // Begins with a band that says nothing yet.
  begin(units) {
    const { x, y } = windowOf(units);
    Object.assign(this, { units, open: true, shown: true, limits: y });
    this.x = Array.from({ length: N_PLACES }, (_, k) => x[0] + ((k + 0.5) / N_PLACES) * (x[1] - x[0]));
    this.edges = [-0.5, 0.5].map((side) => this.x.map(() => units.y0 + side * units.yScale));
    this.group.removeAttribute("display");
    this.layer.classList.add("play__layer--guess");
    this.place();
    this.handles[1][0].focus({ preventScroll: true });
  }

  // No more to be moved; the band stays to be seen.
  settle() {
    this.open = false;
    this.group.setAttribute("display", "none");
    this.layer.classList.remove("play__layer--guess");
  }

  close() {
    this.settle();
    this.shown = false;
  }

  place() {
    if (!this.open || !this.chart.box) return;
    const [least, most] = this.limits;
    this.handles.forEach((handles, which) => handles.forEach((handle, k) => {
      const value = this.edges[which][k];
      handle.setAttribute("transform", `translate(${this.chart.px(this.x[k]).toFixed(2)} ${this.chart.py(value).toFixed(2)})`);
      handle.setAttribute("aria-label", `${EDGES[which]} edge at x ${short(this.x[k])}`);
      handle.setAttribute("aria-valuemin", least);
      handle.setAttribute("aria-valuemax", most);
      handle.setAttribute("aria-valuenow", Number(value.toPrecision(4)));
      handle.setAttribute("aria-valuetext", `y ${short(value)}`);
    }));
  }

  // An edge stays on its side of the other.
  put(which, k, value) {
    const [least, most] = this.limits;
    const apart = (most - least) / 200;
    const other = this.edges[1 - which][k];
    const [low, high] = which ? [other + apart, most] : [least, other - apart];
    this.edges[which][k] = Math.min(high, Math.max(low, value));
    this.place();
    this.told.guessed();
  }

  // The nearest edge at the nearest place; along x it goes on with that edge.
  down(event) {
    if (!this.open || !event.isPrimary || event.button) return;
    event.preventDefault();
    this.layer.setPointerCapture(event.pointerId);
    const k = this.column(event);
    const { y } = this.chart.at(event);
    const [lower, upper] = this.edges.map((edge) => edge[k]);
    this.held = Math.abs(y - upper) < Math.abs(y - lower) ? 1 : 0;
    this.handles[this.held][k].focus({ preventScroll: true });
    this.put(this.held, k, y);
  }

  drag(event) {
    if (this.open && this.held !== undefined) this.put(this.held, this.column(event), this.chart.at(event).y);
  }

  column(event) {
    const { x } = this.chart.at(event);
    const distances = this.x.map((place) => Math.abs(place - x));
    return distances.indexOf(Math.min(...distances));
  }

  key(event, which, k) {
    const [least, most] = this.limits;
    const step = (most - least) / 80;
    const value = this.edges[which][k];
    const moves = { ArrowUp: value + step, ArrowDown: value - step, PageUp: value + 5 * step, PageDown: value - 5 * step, Home: least, End: most };
    const beside = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.key in moves) this.put(which, k, moves[event.key]);
    else if (beside) this.handles[which][k + beside]?.focus();
    else return;
    event.preventDefault();
  }

  paint(chart) {
    if (!this.shown) return;
    const [low, high] = this.edges;
    if (this.open) chart.band(this.x, low, high, "guess", 0.18);
    for (const edge of [low, high]) chart.line(this.x, edge, "guess", 2, { dash: this.open ? [] : [6, 4] });
  }

  // How many times too wide or too narrow the band was, on average: e to the mean |log ratio of widths|.
  score({ x, std }) {
    const ratios = this.x.map((place, k) => {
      const at = ((place - x[0]) / (x.at(-1) - x[0])) * (x.length - 1);
      const left = Math.min(x.length - 2, Math.floor(at));
      const width = 4 * (std[left] + (at - left) * (std[left + 1] - std[left]));
      return Math.log((this.edges[1][k] - this.edges[0][k]) / width);
    });
    return { factor: Math.exp(mean(ratios.map(Math.abs))), wider: mean(ratios) > 0 };
  }
}
