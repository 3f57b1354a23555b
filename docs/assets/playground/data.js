// The playground's sets of points, and points from a CSV text and back.

import { normals } from "../numerics/portable.js";
import { MAX_POINTS, UNITS, isUsable, rounded, tooMany, windowOf } from "./state.js";

// Beside the original, whose points the build brings. f and sd: of y at x; where: [from, to, how many].
const SETS = {
  "one-gap": { label: "One gap", f: (x) => 0.9 * Math.sin(0.9 * x), where: [[-1, 3, 20], [6, 9, 20]] },
  "two-gaps": { label: "Two gaps", f: Math.cos, where: [[-0.5, 1, 14], [3.2, 4.8, 14], [7, 8.5, 14]] },
  step: { label: "A step", f: (x) => (x < 4 ? -0.8 : 0.8), where: [[0, 8, 40]] },
  "growing-noise": { label: "Noise that grows", f: (x) => 0.8 * Math.cos(0.8 * x), where: [[0, 8, 60]], sd: (x) => 0.02 + 0.06 * x },
};

export const NAMES = ["original", ...Object.keys(SETS)];
export const labelOf = (name) => SETS[name]?.label ?? { original: "The original", own: "Your own" }[name];

// The function behind a set of points.
export const truthOf = (name) => (name === "original" ? Math.cos : SETS[name].f);

// A function from a name to { points, units }.
export const namedPoints = (original) => (name) => ({ points: name === "original" ? original : made(name), units: UNITS });

function made(name) {
  const { f, where, sd = () => 0.1 } = SETS[name];
  const xs = where.flatMap(([from, to, n]) => Array.from({ length: n }, (_, k) => from + ((to - from) * k) / (n - 1)));
  const noise = normals(NAMES.indexOf(name), 1, xs.length);
  return xs.map((x, k) => [rounded(x, 4), rounded(f(x) + sd(x) * noise[k], 1)]);
}

// --- CSV

export const toCsv = (points) => ["x,y", ...points.map((point) => point.join(","))].join("\n") + "\n";

// Points [[x, y], ...] of two columns, with a header or without, split by commas, semicolons or tabs. Throws an Error that
// names the line.
export function fromCsv(text) {
  const lines = text.split(/\r\n|\r|\n/).map((line, index) => ({ line: line.replace(/^\ufeff/, "").trim(), number: index + 1 }));
  const filled = lines.filter(({ line }) => line && !line.startsWith("#"));
  if (!filled.length) throw new Error("There is nothing to read: paste lines of two numbers, x and y, such as 0.5,1.2.");
  const separator = [";", "\t", ","].find((each) => filled[0].line.includes(each)) ?? /\s+/;
  const rows = filled.map(({ line, number }) => ({ cells: line.split(separator).map((cell) => cell.trim().replace(/^"(.*)"$/, "$1")), number }));
  // Where commas do not part the columns, they may be decimal.
  const value = (cell) => (cell === "" ? NaN : Number(separator === "," ? cell : cell.replace(/^([-+]?\d*),(\d+)/, "$1.$2")));
  const isHeader = rows[0].cells.length === 2 && rows[0].cells.every((cell) => /^[^\d.+-]/.test(cell) && !/^(nan|inf)/i.test(cell));
  const body = isHeader ? rows.slice(1) : rows;
  if (!body.length) throw new Error("Below the header there is no line with two numbers.");
  if (body.length > MAX_POINTS) throw new Error(tooMany(body.length));
  return body.map(({ cells, number }) => {
    if (cells.length !== 2) throw new Error(`Line ${number} has ${cells.length} ${cells.length === 1 ? "column" : "columns"}, and must have two, x and y.`);
    const point = cells.map(value);
    const wrong = point.findIndex((each) => !isUsable(each));
    if (wrong >= 0) throw new Error(`Line ${number}: “${cells[wrong].slice(0, 20)}” is no finite number below a billion. Correct it or remove the line.`);
    return point;
  });
}

// The units for points: the original's where the points suit its axes, else the middle and half the range of each column.
export function unitsFor(points) {
  const columns = [0, 1].map((k) => points.map((point) => point[k]));
  const [x, y] = columns.map((values) => [Math.min(...values), Math.max(...values)]);
  const shown = windowOf(UNITS);
  const inside = ([low, high], [least, most]) => low >= least && high <= most;
  const enough = points.length < 3 || (x[1] - x[0] >= 2 && y[1] - y[0] >= 0.4);
  if (!points.length || (inside(x, shown.x) && inside(y, shown.y) && enough)) return { ...UNITS };
  const [xScale, yScale] = [x, y].map(([low, high]) => Number(((high - low) / 2 || Math.abs(low) / 2 || 1).toPrecision(2)));
  return { x0: rounded((x[0] + x[1]) / 2, xScale), xScale, y0: rounded((y[0] + y[1]) / 2, yScale), yScale };
}
