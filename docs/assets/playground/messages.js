// The playground's sentences: what is odd about a state, what a run came to, and what to change.

import { mean, variance } from "../numerics/moments.js";
import { short, whole } from "../drawing/format.js";
import { bestConstant } from "./state.js";

export const GREETING = "Drag a point, or click an empty place to add one. Then train.";
const FLAT = 0.25; // Of y's variance, as in bayesian_nn.

// Of a state in which training would teach little; undefined if it is well.
export function oddity({ points, noiseStd }) {
  if (!points.length) return "There are no points, so training leads back to the prior. Click into the picture, or press Add.";
  if (points.length === 1) return "One point says what f is there, and nothing else. Add more.";
  const spread = Math.sqrt(variance(points.map(([, y]) => y)));
  if (spread > 0 && noiseStd > spread)
    return `A noise sd of ${short(noiseStd)} is more than the points' own spread of ${short(spread)}: a flat line explains them. Choose less noise.`;
  return undefined;
}

// What to do about a run whose ELBO is no number any more.
export function failure({ failed }, { learningRate }) {
  const [when, remedy] = failed
    ? [`at step ${whole(failed)}`, `The learning rate of ${short(learningRate)} throws the weights too far: choose a smaller one, such as 0.1, and rewind.`]
    : ["before the first step", "Choose a smaller starting sd, or a larger noise sd, and rewind."];
  return `The ELBO left the finite numbers ${when}, and training stopped. ${remedy}`;
}

// What is wrong with a run that is over; undefined if nothing is. elbo: at its end, in nats.
export function defect(trainer, state, elbo) {
  const { points, learningRate, noiseStd } = state;
  const constant = bestConstant(state);
  const odd = oddity(state);
  if (odd) return odd;
  if (elbo < constant && learningRate > 0.3)
    return `The ELBO ended at ${whole(elbo)} nats, and no more than a constant would have ${whole(constant)}: a learning rate of ${short(learningRate)} is too large. Try 0.1.`;
  const fitted = points.map(([x]) => at(trainer, x));
  const residuals = points.map(([, y], k) => y - fitted[k]);
  const spread = variance(points.map(([, y]) => y));
  const explained = 1 - mean(residuals.map((value) => value ** 2)) / spread;
  if (spread && elbo < constant && explained < FLAT) return `This is a flat line: it explains ${Math.max(0, Math.round(100 * explained))}% of y's variance. ${remedy(state)}`;
  const far = Math.sqrt(mean(residuals.map((value) => value ** 2))) / noiseStd;
  if (far > 3) return `The points lie ${short(far)} noise sds from the mean, so the noise is set too small, or the network is too simple or not done. Try a noise sd of ${Number((far * noiseStd).toPrecision(1))}.`;
  return undefined;
}

function remedy({ initialStd, priorStd, klWeight, depth }) {
  if (!depth) return "Without a hidden layer it can only be straight: choose a depth of 1 or more.";
  if (initialStd > 0.1) return `The posterior started too wide (${short(initialStd)}): try a starting sd of 0.02.`;
  if (klWeight > 1) return "The KL weighs so much that the weights stay at the prior: try a KL weight of 1.";
  if (priorStd < 0.5) return "The prior holds the weights so near to zero that they cannot bend the line: try a prior sd of 1.";
  return "Try more steps, another seed or less noise.";
}

// Of a change that came when the run had just ended.
export const begunAgain = ({ carried }) =>
  carried ? "The run had just ended: it goes on from this posterior, with as many steps again." : "The run had just left the finite numbers: it begins again from its start.";

export const goodEnd = (elbo, state) => `Trained: the ELBO ends at ${whole(elbo)} nats; the best constant has ${whole(bestConstant(state))}.`;

export function honesty({ rHat, ess, nChains, wanted, divergences }) {
  const lost = divergences.reduce((sum, n) => sum + n, 0);
  const sizes = `${nChains} chains of ${wanted} draws: R-hat ${rHat.toFixed(2)} at most, at least ${whole(ess)} effective draws of f`;
  const verdict = !(rHat < 1.1) ? ". They do not agree yet: take its band as a rough guess." : rHat < 1.05 && ess > 100 ? "." : ". Good enough to look at, not to quote.";
  return sizes + (lost ? `, ${lost} divergences` : "") + verdict;
}

export const NO_START =
  "HMC cannot begin: where its chains start, the points are so unlikely that their density is no finite number. Choose a larger noise sd, or other points, and lay it over again.";
export const STUCK =
  "HMC's chains do not move, or have left the finite numbers, so they say nothing. Choose a larger noise sd or a smaller prior sd, and lay it over again.";
const cause = (message) => message || "its worker could not be started";
export const brokenChains = (message) => `HMC has stopped (${cause(message)}). Lay it over again; if that does not help, load the page again.`;
export const brokenTraining = (message) => `Training has stopped (${cause(message)}). Rewind begins anew; if that does not help, load the page again.`;

// Of the two bands in the widest place between points: HMC's mean sd over that of the training.
export function tooSure({ x, std }, exact, points) {
  const sorted = points.map(([each]) => each).sort((a, b) => a - b);
  const widths = sorted.slice(1).map((place, k) => place - sorted[k]);
  const k = widths.indexOf(Math.max(...widths));
  const inside = [...x.keys()].filter((p) => x[p] > sorted[k] && x[p] < sorted[k + 1]);
  // Hardly a gap.
  if (!(widths[k] > (sorted.at(-1) - sorted[0]) / 8) || inside.length < 3) return "";
  return ` In the widest gap the network is ${ratio(mean(inside.map((p) => exact.std[p])), mean(inside.map((p) => std[p])))}.`;
}

export function ratio(exact, own) {
  const times = Math.max(exact / own, own / exact);
  return times < 1.05 ? "as sure as HMC" : `${times.toFixed(1)} times too ${own < exact ? "sure" : "cautious"}`;
}

export const scored = ({ factor, wider }, whose) =>
  factor < 1.15
    ? `Your band has the width of ${whose}, give or take ${Math.round(100 * (factor - 1))}%.`
    : `Against ${whose}, the width of your band is off by a factor of ${factor.toFixed(1)} on average, mostly too ${wider ? "wide" : "narrow"}.`;

function at({ x, mean: values }, place) {
  const k = Math.min(x.length - 2, Math.max(0, Math.floor(((place - x[0]) / (x.at(-1) - x[0])) * (x.length - 1))));
  return values[k] + ((place - x[k]) / (x[k + 1] - x[k])) * (values[k + 1] - values[k]);
}
