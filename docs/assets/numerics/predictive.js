// What draws of the weights predict: the function's mean and sd, and some of the curves.

import { Network, nWeights } from "./network.js";
import { softplus } from "./portable.js";

// Weights [nDraws * n] for parameters [2 n], the means and then rho (sd = softplus(rho)), and standard normal noise.
export function drawWeights(parameters, noise, nDraws = (2 * noise.length) / parameters.length) {
  const n = parameters.length / 2;
  const weights = new Float64Array(nDraws * n);
  for (let i = 0; i < n; i++) {
    const std = softplus(parameters[n + i]);
    for (let k = i; k < weights.length; k += n) weights[k] = parameters[i] + std * noise[k];
  }
  return weights;
}

// { mean, std, curves } of f at x: mean and sd over the noise's draws, noise of observations excluded, and the first
// nCurves draws, an array each. All [x.length].
export function summary(model, parameters, noise, x, nCurves = 0) {
  return summaryOfDraws(model, drawWeights(parameters, noise), x, nCurves);
}

// The same of draws of the weights [nDraws * n] from elsewhere, such as HMC.
export function summaryOfDraws(model, weights, x, nCurves = 0) {
  const network = new Network(model, x);
  const n = nWeights(model.sizes);
  const nDraws = weights.length / n;
  const draws = new Float64Array(nDraws * x.length);
  for (let draw = 0; draw < nDraws; draw++) draws.set(network.forward(weights, draw * n), draw * x.length);
  const mean = new Float64Array(x.length);
  const std = new Float64Array(x.length);
  for (let p = 0; p < x.length; p++) {
    for (let k = p; k < draws.length; k += x.length) mean[p] += draws[k];
    mean[p] /= nDraws;
    for (let k = p; k < draws.length; k += x.length) std[p] += (draws[k] - mean[p]) * (draws[k] - mean[p]);
    std[p] = Math.sqrt(std[p] / nDraws);
  }
  const curves = Array.from({ length: nCurves }, (_, draw) => draws.subarray(draw * x.length, (draw + 1) * x.length));
  return { mean, std, curves };
}
