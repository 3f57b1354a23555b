// What a player of a run says to a reader who asks: the values at a place along x, and a table of them.

import { short } from "./numbers.js";

const TABLE_EVERY = 10; // Places along x.

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
