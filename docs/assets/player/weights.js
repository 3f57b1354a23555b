// The posterior of each weight over its prior, layer by layer.

import { Chart } from "../drawing/chart.js";

const end = (parameters, i, side) => parameters[i] + side * Math.log1p(Math.exp(parameters[parameters.length / 2 + i]));
const furthest = (parameters) => Math.max(...Array.from({ length: parameters.length / 2 }, (_, i) => Math.max(end(parameters, i, 2), -end(parameters, i, -2))));

// The weights and the biases of each layer: { name, from, to, prior }, of `from` and before `to`.
export function blocksOf({ sizes, prior_stds }) {
  let to = 0;
  return prior_stds.map((prior, k) => {
    const layer = k >> 1;
    const from = to;
    to += (k % 2 ? 1 : sizes[layer]) * sizes[layer + 1];
    return { name: "Wb"[k % 2] + String.fromCharCode(0x2081 + layer), from, to, prior };
  });
}

// What parameters [2 n] come to in a block: of its weights the number, the mean |mean|, the median sd, and how many
// have about the prior's sd, for the data can spare them.
export function summaryOf({ from, to, prior }, parameters) {
  const each = Array.from({ length: to - from }, (_, k) => from + k);
  const stds = each.map((i) => end(parameters, i, 1) - parameters[i]).sort((a, b) => a - b);
  return {
    number: each.length,
    size: each.reduce((sum, i) => sum + Math.abs(parameters[i]), 0) / each.length,
    std: (stds[(stds.length - 1) >> 1] + stds[stds.length >> 1]) / 2,
    spare: stds.filter((std) => Math.abs(std / prior - 1) <= 0.1).length,
  };
}

// records: of all runs, which share one scale; now() returns the parameters to be drawn.
export function weightsChart(canvas, record, records, margins, now) {
  const blocks = blocksOf(record);
  const n = blocks.at(-1).to;
  const gap = Math.max(1, n / 30);
  const places = blocks.flatMap(({ from, to }, k) => Array.from({ length: to - from }, (_, i) => from + i + 0.5 + gap * (k + 0.5)));
  const sides = blocks.map(({ from, to }, k) => [from + gap * (k + 1 / 6), to + gap * (k + 5 / 6)]);
  const most = 1.05 * Math.max(...records.flatMap(({ prior_stds, parameters }) => [...prior_stds.map((prior) => 2.3 * prior), ...parameters.map(furthest)]));
  const ticks = blocks.map(({ name }, k) => [(sides[k][0] + sides[k][1]) / 2, name]);
  return new Chart(canvas, {
    x: { low: 0, high: n + gap * blocks.length, ticks, label: "weights and biases, layer by layer" },
    y: { low: -most, high: most },
    margins,
    paint: (chart) => {
      blocks.forEach(({ prior }, k) => chart.band(sides[k], [-2 * prior, -2 * prior], [2 * prior, 2 * prior], "reference", 0.22));
      const parameters = now();
      const ends = (side, around = 0) => places.map((_, i) => end(parameters, i, side) + around);
      const width = chart.px(0.7) - chart.px(0);
      const thin = 0.8 / (chart.py(0) - chart.py(1));
      chart.bars(places, ends(-2), ends(2), "posterior", width, 0.5);
      chart.bars(places, ends(0, -thin), ends(0, thin), "posterior", width + 0.6);
    },
  });
}
