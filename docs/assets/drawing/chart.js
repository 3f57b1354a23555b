// Charts on a canvas, drawn as the figures are. A chart follows its canvas's size, the screen's sharpness, the theme and
// print; its colours are the page's custom properties named --chart-….

import { formatted } from "./format.js";

export const linear = { to: (value) => value, from: (at) => at, ticks: evenTicks };

// Matplotlib's: straight within the threshold, logarithmic beyond.
export function symlog(threshold = 1, width = 1) {
  const inner = width / 0.9;
  const bent = (size) => (size <= 1 ? size * inner : inner + Math.log10(size));
  const unbent = (at) => (at <= inner ? at / inner : 10 ** (at - inner));
  const to = (value) => Math.sign(value) * bent(Math.abs(value) / threshold);
  const from = (at) => Math.sign(at) * unbent(Math.abs(at)) * threshold;
  // Zero, powers of ten, the threshold's parts, then whatever is round: those, in this order, that do not touch.
  function ticks(low, high, apart) {
    const decades = Array.from({ length: 16 }, (_, k) => threshold * 10 ** k);
    const found = [];
    const add = (sizes) => {
      for (const tick of sizes.flatMap((size) => [size, -size])) {
        const clear = found.every((other) => Math.abs(to(other) - to(tick)) >= apart);
        if (tick >= low && tick <= high && clear) found.push(tick);
      }
    };
    add([0, ...decades, 5 * threshold, 2 * threshold, threshold / 2]);
    if (found.length < 3) add(decades.flatMap((decade) => [2 * decade, 5 * decade]));
    if (found.length < 3) add(evenTicks(low, high, (high - low) / 3));
    return found;
  }
  return { to, from, ticks };
}

function evenTicks(low, high, apart) {
  const power = 10 ** Math.floor(Math.log10(apart));
  const step = [1, 2, 5, 10].map((size) => size * power).find((size) => size >= apart * 0.999);
  const first = Math.ceil(low / step - 1e-9);
  const n = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: Math.max(0, n) }, (_, k) => Number(((first + k) * step).toPrecision(12)));
}

// x and y: { low, high, label, scale = linear, ticks, format = formatted }; ticks may be [value, text] pairs, else they
// are found. margins: in heights of a letter. paint(chart) draws between the axes by the methods below; values there
// are in the axes' units, colours the ends of the custom properties' names.
export class Chart {
  constructor(canvas, { x, y, margins, paint }) {
    Object.assign(this, { canvas, x, y, paint, margins: { left: 3.6, right: 0.8, top: 1.8, bottom: 3, ...margins } });
    this.context = canvas.getContext("2d");
  }

  connect() {
    this.disconnect();
    const draw = () => this.draw(); // Of a new size before the frame is painted, so that nothing is seen stretched.
    this.watching = new AbortController();
    const observers = [new ResizeObserver(draw), new MutationObserver(() => this.refresh())];
    observers[0].observe(this.canvas);
    observers[1].observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
    matchMedia("print").addEventListener("change", draw, this.watching);
    this.watching.signal.addEventListener("abort", () => observers.forEach((observer) => observer.disconnect()));
    return this;
  }

  disconnect() {
    this.watching?.abort();
    cancelAnimationFrame(this.frame);
    this.frame = undefined;
  }

  // At most once a frame.
  refresh() {
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = undefined;
    const { canvas, context, margins } = this;
    const { clientWidth, clientHeight } = canvas;
    if (!clientWidth || !clientHeight) return;
    const ratio = devicePixelRatio;
    // Setting a size also clears.
    Object.assign(canvas, { width: Math.round(clientWidth * ratio), height: Math.round(clientHeight * ratio) });
    context.scale(ratio, ratio);
    this.style = getComputedStyle(canvas);
    const em = (this.em = parseFloat(this.style.fontSize));
    context.font = `${em}px ${this.style.fontFamily}`;
    const [left, top] = [Math.round(margins.left * em), Math.round(margins.top * em)];
    this.box = { left, top, right: clientWidth - margins.right * em, bottom: Math.round(clientHeight - margins.bottom * em) };
    this.axes();
    context.beginPath();
    context.rect(left, top, this.box.right - left, this.box.bottom - top);
    context.clip();
    this.paint(this);
  }

  colour(name) {
    return this.style.getPropertyValue(`--chart-${name}`);
  }

  // From values to the page's pixels within the canvas, and back from an event.
  px(value) {
    return along(this.x, value, this.box.left, this.box.right);
  }

  py(value) {
    return along(this.y, value, this.box.bottom, this.box.top);
  }

  at({ clientX, clientY }) {
    const place = this.canvas.getBoundingClientRect();
    const { left, right, top, bottom } = this.box;
    return { x: back(this.x, clientX - place.left, left, right), y: back(this.y, clientY - place.top, bottom, top) };
  }

  line(x, y, colour, width = 1, { alpha = 1, dash = [] } = {}) {
    const { context } = this;
    context.beginPath();
    x.forEach((value, k) => context.lineTo(this.px(value), this.py(y[k])));
    Object.assign(context, { strokeStyle: this.colour(colour), lineWidth: width, globalAlpha: alpha, lineJoin: "round" });
    context.setLineDash(dash);
    context.stroke();
    context.globalAlpha = 1;
  }

  band(x, low, high, colour, alpha = 1) {
    const { context } = this;
    context.beginPath();
    x.forEach((value, k) => context.lineTo(this.px(value), this.py(high[k])));
    for (let k = x.length - 1; k >= 0; k--) context.lineTo(this.px(x[k]), this.py(low[k]));
    this.fill(colour, alpha);
  }

  dots(x, y, colour, radius = 3) {
    this.context.beginPath();
    x.forEach((value, k) => {
      this.context.moveTo(this.px(value), this.py(y[k]));
      this.context.arc(this.px(value), this.py(y[k]), radius, 0, 7);
    });
    this.fill(colour);
  }

  // Upright, from low to high, `width` pixels wide.
  bars(x, low, high, colour, width, alpha = 1) {
    this.context.beginPath();
    x.forEach((value, k) => {
      const top = this.py(high[k]);
      this.context.rect(this.px(value) - width / 2, top, width, Math.max(this.py(low[k]) - top, 1));
    });
    this.fill(colour, alpha);
  }

  fill(colour, alpha = 1) {
    Object.assign(this.context, { fillStyle: this.colour(colour), globalAlpha: alpha });
    this.context.fill();
    this.context.globalAlpha = 1;
  }

  axes() {
    const { context, em, x, y } = this;
    const { left, right, top, bottom } = this.box;
    Object.assign(context, { strokeStyle: this.colour("axis"), fillStyle: this.colour("text"), textAlign: "right", textBaseline: "middle" });
    context.beginPath();
    context.moveTo(left - 0.5, top);
    context.lineTo(left - 0.5, bottom + 0.5);
    context.lineTo(right, bottom + 0.5);
    for (const [value, text] of ticksOf(y, (bottom - top) / (1.8 * em))) {
      const at = Math.round(this.py(value)) + 0.5;
      context.moveTo(left - 4.5, at);
      context.lineTo(left, at);
      context.fillText(text, left - 7, at);
    }
    Object.assign(context, { textAlign: "center", textBaseline: "top" });
    for (const [value, text] of ticksOf(x, (right - left) / (4 * em))) {
      const at = Math.round(this.px(value)) + 0.5;
      context.moveTo(at, bottom);
      context.lineTo(at, bottom + 4.5);
      const most = this.canvas.clientWidth - context.measureText(text).width / 2;
      context.fillText(text, Math.min(at, most), bottom + 7);
    }
    context.stroke();
    context.fillText(x.label ?? "", (left + right) / 2, bottom + 7 + 1.3 * em);
    context.textAlign = "left";
    context.fillText(y.label ?? "", 1, 1);
  }
}

function ticksOf({ low, high, ticks, scale = linear, format = formatted }, room) {
  const found = ticks ?? scale.ticks(low, high, (scale.to(high) - scale.to(low)) / Math.max(room, 1));
  return found.map((tick) => (Array.isArray(tick) ? tick : [tick, format(tick)]));
}

function along({ low, high, scale = linear }, value, from, to) {
  return from + ((scale.to(value) - scale.to(low)) / (scale.to(high) - scale.to(low))) * (to - from);
}

function back({ low, high, scale = linear }, at, from, to) {
  return scale.from(scale.to(low) + ((at - from) / (to - from)) * (scale.to(high) - scale.to(low)));
}
