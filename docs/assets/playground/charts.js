// The playground's two charts: what the network believes, and the objective that it climbs.

import { Chart, symlog } from "../drawing/chart.js";
import { compact } from "../drawing/format.js";
import { mediansUpTo } from "./trainer.js";
import { bestConstant, windowOf } from "./state.js";

function band(chart, x, mean, width, colour, alpha) {
  chart.band(x, mean.map((value, k) => value - 2 * width[k]), mean.map((value, k) => value + 2 * width[k]), colour, alpha);
}

// play: the element, with its state, trainer, points, truth, and what it is compared with.
export function fitChart(canvas, play) {
  const chart = new Chart(canvas, {
    x: { low: 0, high: 1, label: "x" },
    y: { low: 0, high: 1, label: "y" },
    margins: { left: 4.2, top: 1.6, right: 1 },
    paint: () => {
      const { trainer, compare, truth, reading: { place } } = play;
      const { exact, guess } = compare;
      const [seen, exactSeen] = [compare.sees("training") && trainer.finite, compare.sees("exact") && exact.mean];
      const { x, mean, std, curves } = trainer;
      if (seen) {
        band(chart, x, mean, std.map((value) => Math.hypot(value, play.state.noiseStd)), "posterior", 0.18);
        band(chart, x, mean, std, "posterior", 0.26);
      }
      if (exactSeen) {
        band(chart, exact.x, exact.mean, exact.std, "reference", 0.3);
        for (const side of [-2, 0, 2]) chart.line(exact.x, exact.mean.map((value, k) => value + side * exact.std[k]), "reference", side ? 1.2 : 2);
      }
      if (truth && compare.stage !== "guess") chart.line(x, x.map(truth), "truth", 1.6, { dash: [7, 3] });
      if (seen) {
        for (const curve of curves) chart.line(x, curve, "curves", 1);
        chart.line(x, mean, "posterior", 2.4);
      }
      guess.paint(chart);
      if (place !== undefined) {
        chart.line([x[place], x[place]], [chart.y.low, chart.y.high], "axis", 1);
        if (seen) chart.dots([x[place]], [mean[place]], "posterior", 4.5);
      }
      play.points.place();
      guess.place();
    },
  });
  return chart;
}

export function elboChart(canvas, play) {
  const chart = new Chart(canvas, {
    x: { low: 0, high: 1, label: "training step", scale: symlog(1, 0.3), format: compact },
    y: { low: -1, high: 0, label: "nats (up is better)", format: compact },
    margins: { left: 4.2, top: 1.6, right: 1 },
    paint: () => {
      const { trainer, compare, state } = play;
      const { step, logLikelihood, kl, nSteps } = trainer;
      const constant = bestConstant(state);
      if (Number.isFinite(constant)) chart.line([0, nSteps], [constant, constant], "reference", 1, { dash: [4, 3] });
      if (!step || !compare.sees("training")) return;
      const { steps, medians } = play.medians;
      const thinned = thin(step);
      chart.line(thinned, thinned.map((at) => logLikelihood[at] - kl[at]), "posterior", 0.6, { alpha: 0.35 });
      chart.line(steps, medians.kl.map((value) => -value), "kl", 1.6);
      chart.line(steps, medians.likelihood, "log-likelihood", 1.6);
      chart.line(steps, medians.elbo, "posterior", 2.6);
      chart.line([step - 1, step - 1], [chart.y.low, chart.y.high], "reference", 1.5);
      chart.dots([step - 1], [medians.elbo.at(-1)], "posterior", 5);
    },
  });
  return chart;
}

export function setFit(chart, { units }) {
  const { x, y } = windowOf(units);
  Object.assign(chart.x, { low: x[0], high: x[1] });
  Object.assign(chart.y, { low: y[0], high: y[1] });
}

// From the history so far: the axes, and the medians that are drawn and said.
export function setElbo(chart, { trainer, state }) {
  const { step, nSteps, logLikelihood, kl } = trainer;
  const { steps, of } = mediansUpTo(step);
  const elbo = Float64Array.from({ length: step }, (_, k) => logLikelihood[k] - kl[k]);
  const medians = step ? { elbo: of(elbo), likelihood: of(logLikelihood), kl: of(kl) } : undefined;
  const constant = bestConstant(state);
  const values = [Number.isFinite(constant) ? constant : 0, ...(step ? [...medians.elbo, ...medians.likelihood, ...medians.kl.map((value) => -value)] : [])];
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const last = step ? Math.abs(medians.elbo.at(-1)) : 0;
  const threshold = 10 ** Math.max(1, Math.floor(Math.log10(Math.max(10, Math.min(Math.abs(constant) || 10, last || Infinity)))));
  Object.assign(chart.y, { low: low - 0.15 * Math.abs(low || 10), high: high > 0 ? 1.25 * high : 0.1 * threshold, scale: symlog(threshold) });
  Object.assign(chart.x, { high: nSteps, ticks: [0, ...Array.from({ length: 6 }, (_, k) => 10 ** k)].filter((tick) => tick <= nSteps) });
  return { steps, medians };
}

// Of many steps some, ever further apart.
function thin(step) {
  const found = [];
  for (let at = 0; at < step; at = Math.max(at + 1, Math.round(at * 1.012))) found.push(at);
  return found;
}
