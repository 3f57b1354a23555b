// Hamiltonian Monte Carlo (Neal 2011) on a small network's weights, as bayesian_nn.sample_hmc does it: several chains that
// adapt together, the step to the acceptance, the masses to the spread of the weights. In portable arithmetic.

import { copy, energy, leapfrog, startingPoint } from "./leapfrog.js";
import { LogJoint } from "./likelihood.js";
import { mean, variance } from "./moments.js";
import { nWeights } from "./network.js";
import { exp, log, normals } from "./portable.js";
import { start } from "./variational.js";

const JITTER = [0.6, 1];
const MAX_LEAPFROG = 1000;
const DIVERGENCE = 1000;

// Chains `first`, `first` + 1, ... of a seed, so that workers can share them. starts [nChains * n]: the first weights, by
// default those of small random networks. trajectoryLength: its mean, in posterior sds.
// weights [nChains * n]: where they are; draws: such an array for each iteration after the warm-up; acceptance: the mean
// probability since then; nDivergences: trajectories since then that lost more than 1,000 nats; failed: whether the density
// is not finite at a start, and no chain can move.
export class Chains {
  constructor({ model, data, seed, nChains, first = 0, nWarmup = 60, trajectoryLength = 1, targetAcceptance = 0.93, starts }) {
    const n = nWeights(model.sizes);
    Object.assign(this, { model, seed, nChains, first, nWarmup, trajectoryLength, targetAcceptance, n });
    Object.assign(this, { iteration: 0, nGradients: 0, nDivergences: 0, acceptance: 0, draws: [] });
    this.density = new LogJoint(model, data);
    this.scales = new Float64Array(n).fill(model.priorStd);
    this.tuner = new Tuner(targetAcceptance, 0.01);
    this.seen = [];
    this.points = Array.from({ length: nChains }, (_, chain) => {
      const weights = starts
        ? starts.slice(chain * n, (chain + 1) * n)
        : start(model.sizes, 1, seed, stream(first + chain, -1)).slice(0, n);
      return startingPoint(this.density, weights);
    });
    this.failed = !this.points.every((point) => Number.isFinite(point.logJoint));
  }

  get weights() {
    const weights = new Float64Array(this.nChains * this.n);
    this.points.forEach((point, chain) => weights.set(point.weights, chain * this.n));
    return weights;
  }

  run(nIterations) {
    for (let k = 0; k < nIterations && !this.failed; k++) {
      const done = this.iteration / this.nWarmup;
      if (done < 1) this.#warmUp(done);
      else this.#draw();
      this.iteration++;
    }
  }

  // A third of the warm-up falls into the posterior, one measures its spread, and one tunes the step to that.
  #warmUp(done) {
    // The first trajectories are short: they only fall.
    const length = this.trajectoryLength * Math.min(1, 4 * done + 0.04);
    this.tuner.learn(mean(this.#moveAll(this.tuner.stepSize, length)));
    if (done >= 1 / 3 && done <= 2 / 3) this.seen.push(this.weights);
    else if (this.seen.length) {
      this.scales = spread(this.seen, this.n, this.model.priorStd);
      this.tuner = new Tuner(this.targetAcceptance, this.tuner.averaged);
      this.seen = [];
    }
    this.nDivergences = 0;
  }

  #draw() {
    const probability = mean(this.#moveAll(this.tuner.averaged, this.trajectoryLength));
    this.draws.push(this.weights);
    this.acceptance += (probability - this.acceptance) / (this.iteration - this.nWarmup + 1);
  }

  // Each chain's probability of accepting what it proposed.
  #moveAll(stepSize, length) {
    const nSteps = Math.max(1, Math.min(MAX_LEAPFROG, Math.ceil(length / (0.5 * (JITTER[0] + JITTER[1]) * stepSize))));
    return this.points.map((point, chain) => {
      const noise = normals(this.seed, stream(this.first + chain, this.iteration), this.n + 4);
      const momentum = noise.subarray(0, this.n);
      // Two squares are twice an exponential number, and e to its negative is uniform.
      const [a, b, c, d] = noise.subarray(this.n);
      const jitter = JITTER[0] + (JITTER[1] - JITTER[0]) * exp(-0.5 * (a * a + b * b));
      const before = energy(point, momentum);
      const proposal = copy(point);
      leapfrog(this.density, proposal, momentum, this.scales, jitter * stepSize, nSteps);
      this.nGradients += nSteps;
      let gain = energy(proposal, momentum) - before;
      // A trajectory that left the finite numbers is never accepted.
      if (!Number.isFinite(gain)) gain = -Infinity;
      if (gain < -DIVERGENCE) this.nDivergences++;
      if (-0.5 * (c * c + d * d) < gain) this.points[chain] = proposal;
      return exp(Math.min(gain, 0));
    });
  }

  // f of each chain's weights in a draw, at a network's inputs [nChains * nX].
  functions(draw, network) {
    const values = new Float64Array(this.nChains * network.n);
    for (let chain = 0; chain < this.nChains; chain++) values.set(network.forward(draw, chain * this.n), chain * network.n);
    return values;
  }
}

// The stream of a chain's iteration: below those of variational.js.
const stream = (chain, iteration) => -1000000 * (chain + 1) - iteration;

// Dual averaging of the log step size (Hoffman and Gelman 2014, equation 6, with their constants).
class Tuner {
  constructor(target, centre) {
    Object.assign(this, { target, logCentre: log(centre), stepSize: centre, averaged: centre, shortfall: 0, count: 0 });
  }

  learn(acceptance) {
    this.count++;
    this.shortfall += (this.target - acceptance - this.shortfall) / (this.count + 10);
    const logStep = this.logCentre - (Math.sqrt(this.count) / 0.05) * this.shortfall;
    this.stepSize = exp(logStep);
    const weight = exp(-0.75 * log(this.count));
    this.averaged = exp((1 - weight) * log(this.averaged) + weight * logStep);
  }
}

// The sds of the weights over arrays of draws [nDraws * n]: of few draws, towards what they say of all weights together.
function spread(arrays, n, priorStd) {
  const nDraws = (arrays.length * arrays[0].length) / n;
  const [sums, squares] = [new Float64Array(n), new Float64Array(n)];
  for (const array of arrays) array.forEach((weight, k) => (sums[k % n] += weight));
  for (const array of arrays) array.forEach((weight, k) => (squares[k % n] += square(weight - sums[k % n] / nDraws)));
  const variances = squares.map((square) => square / nDraws);
  // Chains that have not moved say nothing.
  if (variances.includes(0)) return variances.fill(priorStd);
  const common = exp(mean(variances.map(log)));
  return variances.map((variance) => Math.sqrt((nDraws * variance + 20 * common) / (nDraws + 20)));
}

const square = (value) => value * value;

// Whether chains agree: { rHat, ess } [nX] for values [nChains * nDraws * nX], chain by chain, those of several workers one
// after the other; nDraws must be 4 or more. As TensorFlow Probability: split R-hat (Gelman and Rubin 1992), and how many
// independent draws they are worth (Geyer 1992).
export function convergence(values, nChains, nX) {
  const nDraws = values.length / nChains / nX;
  const [rHat, ess] = [new Float64Array(nX), new Float64Array(nX)];
  for (let p = 0; p < nX; p++) {
    const chains = Array.from({ length: nChains }, (_, chain) =>
      Float64Array.from({ length: nDraws }, (_, draw) => values[(chain * nDraws + draw) * nX + p]),
    );
    rHat[p] = splitRHat(chains, nDraws >> 1);
    ess[p] = effectiveDraws(chains, nDraws);
  }
  return { rHat, ess };
}

function splitRHat(chains, half) {
  const halves = chains.flatMap((chain) => [chain.subarray(0, half), chain.subarray(half, 2 * half)]);
  const m = halves.length;
  const within = mean(halves.map((part) => variance(part, half - 1)));
  const total = ((half - 1) / half) * within + variance(halves.map(mean), m - 1);
  return (((m + 1) / m) * total) / within - (half - 1) / (m * half);
}

function effectiveDraws(chains, n) {
  const means = chains.map(mean);
  const centred = chains.map((chain, c) => chain.map((value) => value - means[c]));
  const covariance = (lag) => mean(centred.map((chain) => products(chain, lag) / (n - lag)));
  const within = covariance(0);
  const total = chains.length > 1 ? within + variance(means, means.length - 1) : within;
  const correlation = (lag) => 1 - (within - covariance(lag)) / total;
  let sum = -1;
  for (let lag = 0; lag + 1 < n; lag += 2) {
    const [even, odd] = [correlation(lag), correlation(lag + 1)];
    // Of a reversible chain every such pair is positive: what follows is noise.
    if (even + odd < 0) break;
    sum += (2 * ((n - lag) * even + (n - lag - 1) * odd)) / n;
  }
  return (chains.length * n) / sum;
}

function products(values, lag) {
  let sum = 0;
  for (let k = lag; k < values.length; k++) sum += values[k] * values[k - lag];
  return sum;
}
