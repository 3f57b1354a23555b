// The density of a network's weights and of data with Gaussian noise, in nats with all constants, and its gradient.
//
// model: { sizes: [1, 10, 10, 1], activation: "tanh", priorStd: 1, noiseStd: 0.1 }; data: { x, y }, Float64Arrays, x in the
// network's units.

import { Network, addProduct } from "./network.js";
import { log, sigmoid } from "./portable.js";

const LOG_SQRT_2PI = 0.9189385332046727;

// The activations' slopes, of a unit's sum and its value.
const SLOPES = {
  tanh: (_, value) => 1 - value * value,
  relu: (sum) => (sum > 0 ? 1 : 0),
  sigmoid: (_, value) => value * (1 - value),
  softplus: sigmoid,
  elu: (sum, value) => (sum > 0 ? 1 : value + 1),
  silu: (sum, value) => {
    const slope = sigmoid(sum);
    return slope + value * (1 - slope);
  },
};

// log p(y | x, w) with its gradient.
export class LogLikelihood {
  constructor(model, data) {
    this.network = new Network(model, data.x);
    this.slope = SLOPES[model.activation];
    this.y = data.y;
    this.noiseStd = model.noiseStd;
    this.constant = -log(model.noiseStd) - LOG_SQRT_2PI;
    this.deltas = this.network.layers.map(({ sums }) => new Float64Array(sums.length));
  }

  // For the weights that begin at `at`; the gradient [n] is filled.
  evaluate(weights, at, gradient) {
    const { y, network, noiseStd, constant } = this;
    const f = network.forward(weights, at);
    const delta = this.deltas.at(-1);
    let value = 0;
    for (let p = 0; p < y.length; p++) {
      const residual = (y[p] - f[p]) / noiseStd;
      value += constant - 0.5 * residual * residual;
      delta[p] = residual / noiseStd;
    }
    this.#backward(weights, at, gradient);
    return value;
  }

  #backward(weights, at, gradient) {
    const { n, layers, x } = this.network;
    for (let l = layers.length - 1; l >= 0; l--) {
      const { nIn, nOut, weights: first, biases } = layers[l];
      const delta = this.deltas[l];
      const from = l ? layers[l - 1].values : x;
      for (let i = 0; i < nIn; i++) {
        for (let j = 0; j < nOut; j++) gradient[first + i * nOut + j] = dot(from, i * n, delta, j * n, n);
      }
      for (let j = 0; j < nOut; j++) {
        let sum = 0;
        for (let p = j * n; p < (j + 1) * n; p++) sum += delta[p];
        gradient[biases + j] = sum;
      }
      if (!l) return;
      const below = this.deltas[l - 1].fill(0);
      addProduct(below, delta, n, nIn, nOut, weights, at + first, nOut, 1);
      const { sums } = layers[l - 1];
      for (let k = 0; k < sums.length; k++) below[k] *= this.slope(sums[k], from[k]);
    }
  }
}

function dot(a, i, b, j, n) {
  let sum = 0;
  for (let p = 0; p < n; p++) sum += a[i + p] * b[j + p];
  return sum;
}

// log p(y, w | x), its gradient [n] filled.
export class LogJoint {
  constructor(model, data) {
    this.likelihood = new LogLikelihood(model, data);
    this.precision = 1 / (model.priorStd * model.priorStd);
    this.constant = -log(model.priorStd) - LOG_SQRT_2PI;
  }

  evaluate(weights, at, gradient) {
    let value = this.likelihood.evaluate(weights, at, gradient);
    for (let i = 0; i < gradient.length; i++) {
      const weight = weights[at + i];
      value += this.constant - 0.5 * this.precision * weight * weight;
      gradient[i] -= this.precision * weight;
    }
    return value;
  }
}
