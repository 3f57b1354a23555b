// What a player does once a reader asks for more: values at a place, a table of them, stills for who prefers no motion.

import { Chart, formatted } from "./chart.js";

const N_STILLS = 5;
const TABLE_EVERY = 10; // Places along x.
const short = (value) => formatted(Number(value.toPrecision(3)));

export function showValues(player) {
  const { runs, readouts, numbers, place } = player;
  if (place !== undefined) runs.forEach((run, k) => (readouts[k].textContent = valuesAt(player, run)));
  if (numbers.open) numbers.lastElementChild.replaceChildren(...runs.map((run) => table(player, run)));
}

function valuesAt(player, run) {
  const { place, truth, overlay } = player;
  const { mean, std, total } = run.at(player.frameOf(run));
  const [x, sd] = [run.x[place], std[place]];
  const values = [`${run.record.names[0]} ${short(x)}`, `mean ${short(mean[place])}`, `sd of f ${short(sd)}`, `with noise ${short(total[place])}`];
  if (run.record.truth.length) values.push(`truth ${short(run.record.truth[place])}`);
  if (overlay.checked && truth) {
    const away = truth.x.map((each) => Math.abs(each - x));
    const right = truth.std[away.indexOf(Math.min(...away))];
    const ratio = short(Math.max(right / sd, sd / right));
    values.push(`HMC\u2019s sd ${short(right)}: ${ratio} times too ${right < sd ? "unsure" : "sure"}`);
  }
  return values.join(" \u00b7 ");
}

function table(player, run) {
  const { mean, std, total } = run.at(player.frameOf(run));
  const { names, truth } = run.record;
  const columns = [[names[0], run.x], ["mean", mean], ["sd of f", std], ["sd with noise", total], ["truth", truth]].filter(([, values]) => values.length);
  const made = document.createElement("table");
  made.className = "player__table";
  const head = made.createTHead().insertRow();
  for (const [name] of columns) head.append(Object.assign(document.createElement("th"), { scope: "col", textContent: name }));
  const body = made.createTBody();
  for (let k = 0; k < run.x.length; k += TABLE_EVERY) {
    const row = body.insertRow();
    for (const [, values] of columns) row.insertCell().textContent = short(values[k]);
  }
  return made;
}

// Five frames, from the first to the last; each takes the player to its step.
export function addStills(player) {
  const strip = document.createElement("div");
  strip.className = "player__stills";
  for (const run of player.runs) {
    for (let k = 0; k < N_STILLS; k++) {
      const t = Math.round((k * player.last) / (N_STILLS - 1));
      const button = document.createElement("button");
      const canvas = document.createElement("canvas");
      button.type = "button";
      button.append(canvas, `step ${formatted(player.runs[0].record.steps[t])}`);
      button.addEventListener("click", () => player.seek(t));
      strip.append(button);
      const x = { low: run.x[0], high: run.x.at(-1), ticks: [] };
      const margins = { left: 0.2, right: 0.2, top: 0.2, bottom: 0.2 };
      const chart = new Chart(canvas, { x, y: { ticks: [] }, margins, paint: () => player.paint(chart, run, t) });
      player.charts.push(Object.assign(chart, { run }));
    }
  }
  player.limit();
  player.board.querySelector(".player__bar").after(strip);
}
