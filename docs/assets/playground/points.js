// Points that can be dragged, added and removed by mouse, touch and keyboard: a layer over a chart.

import { formatted } from "../drawing/format.js";
import { MAX_POINTS, roundedPoint, windowOf } from "./state.js";

const SVG = "http://www.w3.org/2000/svg";
const REACH = 13; // Pixels about a point that take hold of it.

// told: { changed(points, what), speak(text) }; what: "moved", "added" or "removed".
export class Points {
  constructor(layer, chart, told) {
    Object.assign(this, { layer, chart, told, points: [], marks: [], chosen: 0, enabled: true });
    this.group = layer.appendChild(document.createElementNS(SVG, "g"));
    layer.addEventListener("pointerdown", (event) => this.down(event));
    layer.addEventListener("pointermove", (event) => this.move(event));
    layer.addEventListener("pointerup", () => this.up());
    layer.addEventListener("pointercancel", () => this.up());
    layer.addEventListener("click", (event) => this.click(event));
    layer.addEventListener("dblclick", (event) => this.doubleClick(event));
    this.group.addEventListener("keydown", (event) => this.key(event));
    // Not of the SVG: Chromium lets whatever listens to it take the focus.
    layer.parentElement.addEventListener("focusin", ({ target }) => {
      if (this.marks.includes(target)) this.choose(this.marks.indexOf(target));
    });
  }

  // points [[x, y], ...], in units of the state.
  show(points, units) {
    // What was held may be gone.
    if (points.length !== this.points.length) this.letGo();
    Object.assign(this, { points, units });
    while (this.marks.length > points.length) this.marks.pop().remove();
    while (this.marks.length < points.length) this.marks.push(this.mark());
    this.choose(Math.min(this.chosen, Math.max(0, points.length - 1)));
    this.place();
  }

  mark() {
    const mark = document.createElementNS(SVG, "g");
    mark.setAttribute("class", "play__point");
    mark.setAttribute("role", "button");
    mark.setAttribute("aria-roledescription", "movable point");
    for (const [name, radius] of [["play__reach", REACH], ["play__ring", 8], ["play__dot", 3.6]]) {
      const circle = mark.appendChild(document.createElementNS(SVG, "circle"));
      circle.setAttribute("class", name);
      circle.setAttribute("r", radius);
    }
    return this.group.appendChild(mark);
  }

  // Named at once, and put where the chart has them as soon as it has been drawn.
  place() {
    this.points.forEach(([x, y], k) => {
      const mark = this.marks[k];
      const label = `${k + 1} of ${this.points.length}: ${spoken(x, y)}`;
      if (mark.label !== label) mark.setAttribute("aria-label", (mark.label = label));
      if (!this.chart.box) return;
      const at = `translate(${pixels(this.chart.px(x))} ${pixels(this.chart.py(y))})`;
      if (mark.at !== at) mark.setAttribute("transform", (mark.at = at));
    });
  }

  choose(index) {
    this.chosen = index;
    this.marks.forEach((mark, k) => {
      mark.setAttribute("tabindex", k === index && this.enabled ? 0 : -1);
      mark.classList.toggle("play__point--chosen", k === index);
    });
  }

  enable(enabled) {
    this.enabled = enabled;
    this.group.setAttribute("aria-hidden", !enabled);
    this.choose(this.chosen);
  }

  // --- changes

  // Within the axes.
  within([x, y]) {
    const { x: across, y: up } = windowOf(this.units);
    const between = (value, [low, high]) => Math.min(high, Math.max(low, value));
    return roundedPoint([between(x, across), between(y, up)], this.units);
  }

  put(index, point, speak) {
    const points = this.points.map((each, k) => (k === index ? this.within(point) : each));
    this.told.changed(points, "moved", this.dragging);
    if (speak) this.told.speak(spoken(...points[index]));
  }

  add(point) {
    if (this.points.length >= MAX_POINTS) {
      this.told.changed(this.points, "full");
      return;
    }
    this.chosen = this.points.length;
    const points = [...this.points, this.within(point)];
    this.told.changed(points, "added");
    this.told.speak(`Added point ${points.length}: ${spoken(...points.at(-1))}`);
  }

  // In the middle of the widest place without points.
  addInWidest() {
    const { x, y } = windowOf(this.units);
    const sorted = this.points.map(([each]) => each).sort((a, b) => a - b);
    const places = sorted.length > 1 ? sorted : [x[0], ...sorted, x[1]];
    const widths = places.slice(1).map((place, k) => place - places[k]);
    const k = widths.indexOf(Math.max(...widths));
    this.add([(places[k] + places[k + 1]) / 2, (y[0] + y[1]) / 2]);
    this.focus();
  }

  remove(index = this.chosen) {
    if (!this.points.length) return;
    const held = this.group.contains(document.activeElement);
    const next = this.neighbour(index, 1) ?? this.neighbour(index, -1);
    const gone = this.points[index];
    this.chosen = next === undefined ? 0 : next > index ? next - 1 : next;
    this.told.changed(this.points.filter((_, k) => k !== index), "removed");
    this.told.speak(`Removed ${spoken(...gone)}; ${this.points.length} left`);
    if (held && this.points.length) this.focus();
    else if (held) this.layer.closest(".play").querySelector(".play__add").focus();
  }

  focus() {
    this.marks[this.chosen]?.focus();
  }

  // The next point along x, or the one before.
  neighbour(index, side) {
    const order = [...this.points.keys()].sort((a, b) => this.points[a][0] - this.points[b][0] || a - b);
    return order[order.indexOf(index) + side];
  }

  // --- pointer

  nearest(event) {
    const place = this.layer.getBoundingClientRect();
    const [at, up] = [event.clientX - place.left, event.clientY - place.top];
    const distances = this.points.map(([x, y]) => Math.hypot(this.chart.px(x) - at, this.chart.py(y) - up));
    const index = distances.indexOf(Math.min(...distances));
    return distances[index] <= (event.pointerType === "touch" ? REACH + 5 : REACH) ? index : -1;
  }

  down(event) {
    if (!this.enabled || !event.isPrimary || event.button) return;
    this.held = this.nearest(event);
    this.moved = false;
    if (this.held < 0) return;
    event.preventDefault(); // Neither scroll nor select.
    this.layer.setPointerCapture(event.pointerId);
    this.choose(this.held);
    this.focus();
    this.from = [event.clientX, event.clientY];
    const { x, y } = this.chart.at(event);
    this.grip = [this.points[this.held][0] - x, this.points[this.held][1] - y];
  }

  move(event) {
    if (!(this.held >= 0) || !this.layer.hasPointerCapture(event.pointerId)) return;
    if (!this.moved && Math.hypot(event.clientX - this.from[0], event.clientY - this.from[1]) < 3) return;
    const { x, y } = this.chart.at(event);
    this.put(this.held, [x + this.grip[0], y + this.grip[1]]);
    this.moved = this.dragging = true;
  }

  up() {
    if (this.dragging) this.told.speak(spoken(...this.points[this.held]));
    this.letGo();
  }

  letGo() {
    this.dragging = false;
    this.held = -1;
  }

  // On nothing it adds a point; a touch that scrolled is no click.
  click(event) {
    if (event.detail === 1) this.added = false;
    if (!this.enabled || event.button || this.moved || this.nearest(event) >= 0) return;
    const { x, y } = this.chart.at(event);
    const { x: across, y: up } = windowOf(this.units);
    if (x < across[0] || x > across[1] || y < up[0] || y > up[1]) return;
    this.added = true;
    this.add([x, y]);
  }

  // The second click on a point that the first has made is none.
  doubleClick(event) {
    const index = this.enabled ? this.nearest(event) : -1;
    if (index >= 0 && !this.added) this.remove(index);
  }

  // --- keyboard

  key(event) {
    const { key, shiftKey } = event;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const [x, y] = this.points[this.chosen] ?? [];
    const far = shiftKey ? 5 : 1;
    const [across, up] = [(far * this.units.xScale) / 40, (far * this.units.yScale) / 20];
    const moves = { ArrowLeft: [x - across, y], ArrowRight: [x + across, y], ArrowUp: [x, y + up], ArrowDown: [x, y - up] };
    const others = { PageDown: 1, n: 1, PageUp: -1, p: -1 };
    if (moves[key]) this.put(this.chosen, moves[key], true);
    else if (key in others) {
      this.chosen = this.neighbour(this.chosen, others[key]) ?? this.chosen;
      this.focus();
    } else if (key === "Delete" || key === "Backspace") this.remove();
    else if (key === "Insert" || key === "a") {
      this.add([x + 2 * across, y]);
      this.focus();
    } else return;
    event.preventDefault();
  }
}

// Of a point far beyond the axes SVG would not take the place.
const pixels = (value) => Math.min(1e5, Math.max(-1e5, value)).toFixed(2);
const spoken = (x, y) => `x ${formatted(x, 4)}, y ${formatted(y, 4)}`;
