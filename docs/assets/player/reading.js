// What a player of a run says to a reader who asks: the values at a place along x, and tables of what is drawn.

import { short, whole } from "../drawing/format.js";
import { table } from "../drawing/table.js";
import { blocksOf, summaryOf } from "./weights.js";

const TABLE_EVERY = 10; // Places along x.
const HMC_STD = "HMC\u2019s sd";

export function showValues(player) {
  const { runs, titles, readouts, numbers, along, place } = player;
  if (place !== undefined) {
    const values = runs.map((run) => valuesAt(player, run));
    values.forEach((text, k) => (readouts[k].textContent = text));
    along.value = place;
    along.ariaValueText = values.map((text, k) => (titles[k] ? `${titles[k]}: ${text}` : text)).join("; ");
  }
  if (numbers.open) numbers.lastElementChild.replaceChildren(...runs.flatMap((run, k) => tables(player, run, titles[k])));
}

// HMC's sd of f where it is nearest to x, if it is laid over.
function exactStd({ overlay, truth }, x) {
  if (!overlay.checked || !truth) return undefined;
  const away = truth.x.map((each) => Math.abs(each - x));
  return truth.std[away.indexOf(Math.min(...away))];
}

function valuesAt(player, run) {
  const { place } = player;
  const { mean, std, total } = run.at(player.frameOf(run));
  const [x, sd] = [run.x[place], std[place]];
  const values = [`${run.record.names[0]} ${short(x)}`, `mean ${short(mean[place])}`, `sd of f ${short(sd)}`, `with noise ${short(total[place])}`];
  if (run.record.truth.length) values.push(`truth ${short(run.record.truth[place])}`);
  const right = exactStd(player, x);
  if (right !== undefined) values.push(`${HMC_STD} ${short(right)}: ${short(Math.max(right / sd, sd / right))} times too ${right < sd ? "unsure" : "sure"}`);
  return values.join(" \u00b7 ");
}

function tables(player, run, title) {
  const t = player.frameOf(run);
  const { record, x } = run;
  const at = [title, `step ${whole(record.steps[t])}`].filter(Boolean).join(", ");
  const { mean, std, total } = run.at(t);
  const exact = [...x].map((place) => exactStd(player, place));
  const isOver = exact[0] !== undefined;
  const columns = { mean, "sd of f": std, "sd with noise": total };
  if (record.truth.length) columns.truth = record.truth;
  if (isOver) Object.assign(columns, { [HMC_STD]: exact, "times too sure": exact.map((right, k) => right / std[k]) });
  const places = [...x.keys()].filter((k) => k % TABLE_EVERY === 0);
  const values = Object.values(columns);
  const parts = { ELBO: record.elbo[t], "log-likelihood": record.log_likelihood[t], "\u2212KL": -record.kl[t], ...record.reference };
  const weights = blocksOf(record).map((block) => [block.name, ...Object.values(summaryOf(block, record.parameters[t])).map(short)]);
  return [
    table(`Along ${record.names[0]}, ${at}`, [record.names[0], ...Object.keys(columns)], places.map((k) => [x, ...values].map((each) => short(each[k])))),
    table(`The ELBO, ${at}`, ["part", "nats"], Object.entries(parts).map(([name, value]) => [name, whole(value)])),
    table(`Weights, ${at}`, ["of", "number", "mean |mean|", "median sd", "sd within 10% of the prior\u2019s"], weights),
  ];
}
