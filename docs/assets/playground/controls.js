// What the playground is made of: its HTML, and the sliders of its settings.

import { formatted } from "../drawing/format.js";
import { NAMES, labelOf } from "./data.js";
import { SETTINGS } from "./state.js";

const key = (name, text) => `<span class="play__key--${name}">${text}</span>`;
const ICONS = { play: "M8 5v14l11-7z", pause: "M6 5h4v14H6zM14 5h4v14h-4z", step: "M15 5h2v14h-2zM5 5v14l9-7z", rewind: "M7 5h2v14H7zM19 5v14l-9-7z" };
const icon = (name) => `<svg viewBox="0 0 24 24" aria-hidden="true"><path d="${ICONS[name]}"/></svg>`;
const button = (name, text, attributes = "") => `<button type="button" class="play__${name}"${attributes}>${text}</button>`;

export const HINT = "Point at the picture to read it, or move this slider.";

export const BOARD = `
<div class="play__main">
  <div class="play__tools">
    <label>Points <select class="play__data">${NAMES.map((name) => `<option value="${name}">${labelOf(name)}</option>`).join("")}<option value="own" hidden>Your own</option></select></label>
    ${button("add", "Add")}${button("remove", "Remove")}${button("undo", "Undo", " disabled")}
  </div>
  <p class="play__key">${key("data", "points")}${key("mean", "mean")}${key("of-f", "± 2 sd of f")}${key("noise", "with noise")}${key("curves", "draws of f")}${key("truth", "truth")}${key("exact", "HMC, ± 2 sd of f")}${key("guess", "your band")}</p>
  <div class="play__stage">
    <canvas class="play__fit" role="img" aria-label="What the network believes: a band along x, over the points"></canvas>
    <svg class="play__layer" role="group" aria-label="Points. Arrow keys move one, N and P go to the next and the one before, A adds one beside it, Delete removes it."></svg>
    <p class="play__keys" aria-hidden="true">arrows move · N, P: other points · A: add · Delete: remove</p>
  </div>
  <div class="play__reading"><input type="range" class="play__place" min="-1" max="120" step="1" value="-1" aria-label="Place along x to read"><p class="play__read">${HINT}</p></div>
  <div class="play__bar">
    ${button("train", `${icon("play")}${icon("pause")}<span>Train</span>`)}
    ${button("single", `${icon("step")}<span>Step</span>`)}
    ${button("rewind", `${icon("rewind")}<span>Rewind</span>`)}
    ${button("seed", "New seed")}
    <p class="play__count"><b></b> <span></span></p>
  </div>
  <p class="play__says" role="status"></p>
</div>
<div class="play__more">
  <div class="play__row">
    ${button("exact", "Lay HMC over it", ' aria-pressed="false"')}${button("draws", "More draws", " disabled")}
  </div>
  <progress class="play__progress" max="1" value="0" aria-label="HMC's progress"></progress>
  <p class="play__honest"></p>
  <div class="play__row">
    ${button("guess", "Predict, then reveal")}${button("leave", "Leave", " hidden")}
  </div>
</div>
<div class="play__climb">
  <p class="play__key play__elbos">${key("mean", "ELBO <b></b>")}${key("likelihood", "log-likelihood <b></b>")}${key("kl", "\u2212KL <b></b>")}${key("constant", "best constant <b></b>")}</p>
  <canvas class="play__elbo" role="img" aria-label="The ELBO over training, with its two parts, in nats"></canvas>
</div>
<div class="play__settings" role="group" aria-label="Settings"></div>
<div class="play__takes">
  <div class="play__row">${button("link", "Copy link")}${button("reset", "Start over")}</div>
  <details class="play__csv"><summary>Your points as CSV</summary>
    <textarea rows="8" spellcheck="false" aria-label="Points as CSV: x and y, a line each"></textarea>
    <div class="play__row">${button("use", "Use these points")}${button("copy-csv", "Copy")}</div>
  </details>
  <details class="play__python"><summary>The same in Python</summary>
    <pre tabindex="0"><code></code></pre>
    <div class="play__row">${button("copy-python", "Copy")}${button("save-python", "Save as playground.py")}</div>
  </details>
</div>
<p class="play__spoken" aria-live="polite"></p>`;

// A button that cannot be pressed any more leaves the focus to another.
export function enable(button, enabled, other) {
  const held = !enabled && document.activeElement === button;
  button.disabled = !enabled;
  if (held) other.focus({ preventScroll: true });
}

// Sliders for what has values, and a choice for what has names. changed(key, value): what a reader has set.
export class Settings {
  constructor(box, changed) {
    this.rows = new Map();
    for (const [key, setting] of Object.entries(SETTINGS)) {
      const input = setting.choices ? choice(setting) : setting.values.length ? slider(setting) : undefined;
      if (!input) continue;
      const row = document.createElement("label");
      row.innerHTML = `<span></span><b></b>`;
      row.firstChild.textContent = setting.label;
      row.append(input);
      input.addEventListener("input", () => changed(key, setting.choices ? input.value : this.scaled(setting, setting.values[input.value])));
      this.rows.set(key, { input, shown: row.children[1], setting });
      box.append(row);
    }
  }

  scaled({ ofY }, value) {
    return ofY ? Number((value * this.yScale).toPrecision(6)) : value;
  }

  show(state) {
    this.yScale = state.units.yScale;
    for (const [key, { input, shown, setting }] of this.rows) {
      const value = state[key];
      if (setting.choices) {
        input.value = value;
        continue;
      }
      const distances = setting.values.map((each) => Math.abs(Math.log((this.scaled(setting, each) + 1e-12) / (value + 1e-12))));
      input.value = distances.indexOf(Math.min(...distances));
      shown.textContent = formatted(value);
      input.ariaValueText = `${shown.textContent} ${setting.unit}`;
    }
  }
}

function slider({ values, label, unit }) {
  const input = document.createElement("input");
  Object.assign(input, { type: "range", min: 0, max: values.length - 1, step: 1, title: unit, ariaLabel: `${label}, ${unit}` });
  return input;
}

function choice({ choices, label }) {
  const select = document.createElement("select");
  select.ariaLabel = label;
  select.append(...choices.map((name) => new Option(name, name)));
  return select;
}
