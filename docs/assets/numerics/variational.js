// Mean-field variational inference of a small network's weights, as bayesian_nn does it: the ELBO with its gradient, and
// Adam. In portable arithmetic: a seed gives the same run, bit for bit, in every browser, and in bayesian_nn.browser.training_twin.
//
// model: { sizes: [1, 10, 10, 1], activation: "tanh", priorStd: 1, noiseStd: 0.1 }; data: { x, y }, x in the network's units.
// parameters [2 n]: the weights' means, then rho, sd = softplus(rho). All densities are in nats.

import { LogLikelihood } from "./likelihood.js";
import { nWeights } from "./network.js";
import { exp, log, normals } from "./portable.js";
import { learningRate } from "./schedule.js";

// Streams of a seed: the noise of step t is stream t; all others are below zero.
const START = -1;
export const PREDICTION = -2;

export class Objective {
  constructor(model, data, { nDraws = 5, klWeight = 1 } = {}) {
    this.likelihood = new LogLikelihood(model, data);
    this.priorStd = model.priorStd;
    this.nDraws = nDraws;
    this.klWeight = klWeight;
    this.n = nWeights(model.sizes);
    this.stds = new Float64Array(this.n);
    this.weights = new Float64Array(this.n);
    this.weightGradient = new Float64Array(this.n);
    this.slopes = new Float64Array(this.n);
  }

  // { logLikelihood, kl } for standard normal noise [nDraws * n]: the log-likelihood's mean over the draws, the KL in
  // closed form. The gradient [2 n] of logLikelihood - klWeight * kl is filled.
  evaluate(parameters, noise, gradient) {
    const { n, nDraws, stds, weights, weightGradient } = this;
    const kl = this.#spread(parameters);
    gradient.fill(0);
    let sum = 0;
    for (let draw = 0; draw < nDraws; draw++) {
      const at = draw * n;
      for (let i = 0; i < n; i++) weights[i] = parameters[i] + stds[i] * noise[at + i];
      sum += this.likelihood.evaluate(weights, 0, weightGradient);
      for (let i = 0; i < n; i++) {
        gradient[i] += weightGradient[i];
        gradient[n + i] += weightGradient[i] * noise[at + i];
      }
    }
    this.#finish(parameters, gradient);
    return { logLikelihood: sum / nDraws, kl };
  }

  // KL(q | prior) of the parameters; leaves the sds, and their slopes in rho.
  #spread(parameters) {
    const { n, stds, slopes } = this;
    const precision = 1 / (this.priorStd * this.priorStd);
    const logPrior = log(this.priorStd);
    let kl = 0;
    for (let i = 0; i < n; i++) {
      const mean = parameters[i];
      const rho = parameters[n + i];
      const e = exp(rho > 0 ? -rho : rho);
      const u = 1 + e;
      const std = (rho > 0 ? rho : 0) + (log(u) + (e - (u - 1)) / u);
      stds[i] = std;
      slopes[i] = (rho > 0 ? 1 : e) / u;
      kl += logPrior - log(std) + 0.5 * (precision * (mean * mean + std * std) - 1);
    }
    return kl;
  }

  #finish(parameters, gradient) {
    const { n, nDraws, klWeight, stds, slopes } = this;
    const precision = 1 / (this.priorStd * this.priorStd);
    for (let i = 0; i < n; i++) {
      gradient[i] = gradient[i] / nDraws - klWeight * precision * parameters[i];
      const ofStd = gradient[n + i] / nDraws - klWeight * (precision * stds[i] - 1 / stds[i]);
      gradient[n + i] = ofStd * slopes[i];
    }
  }
}

// bayesian_nn's start: means N(0, 1 / fan-in), every sd initialStd.
export function start(sizes, initialStd, seed, stream = START) {
  const n = nWeights(sizes);
  const parameters = new Float64Array(2 * n);
  normals(seed, stream, n, parameters.subarray(0, n));
  for (let l = 1, i = 0; l < sizes.length; l++) {
    const scale = Math.sqrt(1 / sizes[l - 1]);
    for (const end = i + (sizes[l - 1] + 1) * sizes[l]; i < end; i++) parameters[i] *= scale;
  }
  // log(e^std - 1), without the overflow of exp.
  return parameters.fill(initialStd + log(1 - exp(-initialStd)), n);
}

const [BETA1, BETA2, EPSILON] = [0.9, 0.98, 1e-8];

// A run from its start. It goes on with `advance`; `failed` is the step at which the ELBO or its gradient was not finite:
// the parameters are then those before.
export class Training {
  constructor({ model, data, seed, nSteps, learningRate = 0.1, initialStd = 0.02, nDraws = 5, klWeight = 1 }) {
    Object.assign(this, { seed, nSteps, peak: learningRate, step: 0, failed: null });
    this.objective = new Objective(model, data, { nDraws, klWeight });
    this.parameters = start(model.sizes, initialStd, seed);
    const length = this.parameters.length;
    [this.gradient, this.first, this.second] = [0, 0, 0].map(() => new Float64Array(length));
    this.noise = new Float64Array((nDraws * length) / 2);
    this.logLikelihood = new Float64Array(nSteps);
    this.kl = new Float64Array(nSteps);
    [this.power1, this.power2] = [1, 1];
  }

  // The parameters' first step from here is `step`; histories are filled up to it. Returns the steps done.
  advance(n) {
    const begin = this.step;
    const end = Math.min(begin + n, this.nSteps);
    while (this.step < end && this.failed === null) this.#advanceOne();
    return this.step - begin;
  }

  #advanceOne() {
    const { objective, parameters, gradient, noise, step } = this;
    normals(this.seed, step, noise.length, noise);
    const { logLikelihood, kl } = objective.evaluate(parameters, noise, gradient);
    let check = logLikelihood - kl;
    for (let i = 0; i < gradient.length; i++) check += 0 * gradient[i];
    if (!Number.isFinite(check)) {
      this.failed = step;
      return;
    }
    this.logLikelihood[step] = logLikelihood;
    this.kl[step] = kl;
    this.#climb(learningRate(step, this.nSteps, this.peak));
    this.step++;
  }

  // Adam (Kingma and Ba 2015, algorithm 1).
  #climb(rate) {
    const { parameters, gradient, first, second } = this;
    this.power1 *= BETA1;
    this.power2 *= BETA2;
    const [unbias1, unbias2] = [1 - this.power1, 1 - this.power2];
    for (let i = 0; i < parameters.length; i++) {
      first[i] = BETA1 * first[i] + (1 - BETA1) * gradient[i];
      second[i] = BETA2 * second[i] + (1 - BETA2) * (gradient[i] * gradient[i]);
      parameters[i] += (rate * (first[i] / unbias1)) / (Math.sqrt(second[i] / unbias2) + EPSILON);
    }
  }
}

// A run's fingerprint: the SHA-256 of its parameters' bytes, as bayesian_nn.browser.training_twin.digest.
export async function digest(parameters) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", parameters));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
