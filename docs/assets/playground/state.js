// The playground's state, without a page: its settings, the units of its data, and the link that holds them all.

// `name` in a link; `values` are the slider's, and a link may hold any other from `least` to `most`.
export const SETTINGS = {
  priorStd: { name: "prior", label: "Prior sd", start: 1, least: 0.01, most: 100, values: [0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10], unit: "of every weight and bias" },
  noiseStd: { name: "noise", label: "Noise sd", start: 0.1, least: 0.001, most: 10, values: [0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 2], unit: "in units of y", ofY: true },
  width: { name: "width", label: "Width", start: 10, least: 1, most: 40, whole: true, values: [1, 2, 3, 5, 7, 10, 15, 20, 30, 40], unit: "units in a hidden layer" },
  depth: { name: "depth", label: "Depth", start: 2, least: 0, most: 4, whole: true, values: [0, 1, 2, 3, 4], unit: "hidden layers" },
  activation: { name: "activation", label: "Activation", start: "tanh", choices: ["tanh", "relu", "sigmoid", "softplus", "elu", "silu"] },
  initialStd: { name: "start", label: "Starting sd", start: 0.02, least: 0.0001, most: 10, values: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.5], unit: "of the posterior of every weight" },
  learningRate: { name: "rate", label: "Learning rate", start: 0.1, least: 1e-5, most: 1e100, values: [0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.5, 1, 3, 10], unit: "at its peak" },
  nDraws: { name: "draws", label: "Samples per step", start: 5, least: 1, most: 50, whole: true, values: [1, 2, 3, 5, 10, 20, 50], unit: "draws of all weights" },
  klWeight: { name: "kl", label: "KL weight", start: 1, least: 0.0001, most: 1000, values: [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30], unit: "times the KL" },
  nSteps: { name: "steps", label: "Steps", start: 1000, least: 1, most: 20000, whole: true, values: [200, 500, 1000, 2000, 5000, 10000, 20000], unit: "of Adam" },
  seed: { name: "seed", label: "Seed", start: 0, least: 0, most: 2 ** 32 - 1, whole: true, values: [], unit: "" },
};

export const MAX_POINTS = 300;
const VERSION = 1;

// What the network sees is (x - x0) / xScale, and y is y0 + yScale times its output: the original's.
export const UNITS = { x0: 4, xScale: 4, y0: 0, yScale: 1 };

// What the axes show: the data's range, and as much again beside it, and more above and below.
export const windowOf = ({ x0, xScale, y0, yScale }) => ({ x: [x0 - 2 * xScale, x0 + 2 * xScale], y: [y0 - 2.4 * yScale, y0 + 2.4 * yScale] });

// state: the settings, `data` (the name of a set of points, or "own"), `points` [[x, y], ...] and their `units`.
// originals: a function from a name to { points, units }.
export function startState(named, data = "original") {
  const settings = Object.fromEntries(Object.entries(SETTINGS).map(([key, { start }]) => [key, start]));
  return { ...settings, ...withPoints(named, data) };
}

// What becomes of a state's points and noise when another set is chosen.
export function withPoints(named, data) {
  const { points, units } = named(data);
  return { data, points: points.map((point) => [...point]), units: { ...units } };
}

export const sizesOf = ({ width, depth }) => [1, ...Array(depth).fill(width), 1];

// The model and the data in the network's own units, for the arithmetic.
export function inNetworkUnits({ priorStd, noiseStd, activation, points, units, ...state }) {
  const { x0, xScale, y0, yScale } = units;
  return {
    model: { sizes: sizesOf(state), activation, priorStd, noiseStd: noiseStd / yScale },
    data: {
      x: Float64Array.from(points, ([x]) => (x - x0) / xScale),
      y: Float64Array.from(points, ([, y]) => (y - y0) / yScale),
    },
  };
}

// Nats by which log densities of y itself are above those of the network's own units.
export const unitsOffset = ({ points, units }) => -points.length * Math.log(units.yScale);

// log p(y) in nats of the best constant, as bayesian_nn.scores.constant_log_likelihood: no flat line's ELBO is higher.
export function bestConstant({ points, noiseStd }) {
  if (!points.length) return 0;
  const mean = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const constant = Math.log(noiseStd * Math.sqrt(2 * Math.PI));
  return points.reduce((sum, [, y]) => sum - 0.5 * ((y - mean) / noiseStd) ** 2 - constant, 0);
}

// A coordinate in thousandths of its scale: what a link keeps, and so all that a moved point may have.
export function rounded(value, scale) {
  const unit = 10 ** (Math.floor(Math.log10(scale)) - 3);
  return Number((Math.round(value / unit) * unit).toPrecision(12));
}

export const roundedPoint = ([x, y], { xScale, yScale }) => [rounded(x, xScale), rounded(y, yScale)];

// --- the link

// The part of an address from "?" on: only what is not as at the start.
export function toLink(state) {
  const parts = [];
  if (state.data === "own") {
    const { x0, xScale, y0, yScale } = state.units;
    const same = Object.entries(UNITS).every(([key, value]) => state.units[key] === value);
    parts.push(`points=${state.points.map((point) => point.join(",")).join("_")}`);
    if (!same) parts.push(`units=${[x0, xScale, y0, yScale].join(",")}`);
  } else if (state.data !== "original") {
    parts.push(`data=${state.data}`);
  }
  for (const [key, { name, start }] of Object.entries(SETTINGS)) {
    if (state[key] !== start) parts.push(`${name}=${encodeURIComponent(state[key])}`);
  }
  return parts.length ? `?v=${VERSION}&${parts.join("&")}` : "";
}

// { state, troubles }: what a link says, and sentences about what it says that cannot be. What is damaged is as at the
// start.
export function fromLink(search, named, names) {
  const given = new URLSearchParams(search);
  const troubles = [];
  const version = given.get("v");
  const state = startState(named);
  if (version !== null && version !== String(VERSION)) {
    troubles.push(`This link is of version ${shown(version)}, and this page reads version ${VERSION}: here is the original instead.`);
    return { state, troubles };
  }
  const attempt = (read) => {
    try {
      read();
    } catch ({ message }) {
      troubles.push(message);
    }
  };
  attempt(() => Object.assign(state, linkedPoints(given, named, names)));
  for (const [key, setting] of Object.entries(SETTINGS)) {
    const text = given.get(setting.name);
    if (text !== null) attempt(() => (state[key] = checkedSetting(key, text, state.units.yScale)));
  }
  return { state, troubles };
}

function linkedPoints(given, named, names) {
  if (given.has("points")) {
    const units = given.has("units") ? linkedUnits(given.get("units")) : UNITS;
    return { data: "own", points: pointsIn(given.get("points")), units: { ...units } };
  }
  const data = given.get("data");
  if (data === null) return {};
  if (!names.includes(data)) throw new Error(`The link asks for the points ${shown(data)}, and there are ${names.join(", ")}: here are the original's.`);
  return withPoints(named, data);
}

function pointsIn(text) {
  const pairs = text === "" ? [] : text.split("_");
  if (pairs.length > MAX_POINTS) throw new Error(`${tooMany(pairs.length)} Here are the original's points.`);
  return pairs.map((pair, index) => {
    const numbers = pair.split(",").map((part) => (part.trim() === "" ? NaN : Number(part)));
    if (numbers.length === 2 && numbers.every(isUsable)) return numbers;
    throw new Error(`Point ${index + 1} of the link is ${shown(pair)}, and not two numbers: here are the original's points. Perhaps the link was cut off.`);
  });
}

function linkedUnits(text) {
  const [x0, xScale, y0, yScale] = text.split(",").map(Number);
  if ([x0, xScale, y0, yScale].every(isUsable) && isScale(xScale) && isScale(yScale)) return { x0, xScale, y0, yScale };
  throw new Error(`The link's units are ${shown(text)}, and not four numbers, of which the scales are above zero: here are the original's points.`);
}

// A setting's value of a text. Throws an Error that says what it must be.
export function checkedSetting(key, text, yScale = 1) {
  const { label, choices, least, most, whole, start, ofY } = SETTINGS[key];
  if (choices) {
    if (choices.includes(text)) return text;
    throw new Error(`${label} is ${shown(text)} in the link, and must be one of ${choices.join(", ")}: it is ${start} here.`);
  }
  const value = String(text).trim() === "" ? NaN : Number(text);
  const scale = ofY ? yScale : 1;
  if (value >= least * scale && value <= most * scale && (!whole || Number.isInteger(value))) return value;
  const kind = whole ? "a whole number" : "a number";
  throw new Error(`${label} is ${shown(text)} in the link, and must be ${kind} from ${plain(least * scale)} to ${plain(most * scale)}: it is ${start} here.`);
}

// Numbers with which nothing overflows.
export const isUsable = (value) => Number.isFinite(value) && Math.abs(value) <= 1e9;
const isScale = (value) => value >= 1e-200;

export const tooMany = (n) =>
  `These are ${n.toLocaleString("en")} points, and the playground takes ${MAX_POINTS}, for every step goes through all of them and would be too slow to watch. Take fewer; the Python script takes any number.`;

const plain = (value) => Number(value.toPrecision(6));
const shown = (text) => `“${String(text).length > 20 ? `${String(text).slice(0, 20)}…` : text}”`;
