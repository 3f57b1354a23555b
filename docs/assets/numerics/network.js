// A fully connected network of one input and one output, at many inputs at once. Its weights are one vector, as in
// bayesian_nn: layer by layer the weights, input by input, then the biases.

import { exp, sigmoid, softplus, tanh } from "./portable.js";

// Names as those of bayesian_nn.model.network.ACTIVATIONS.
export const ACTIVATIONS = {
  tanh,
  relu: (sum) => (sum > 0 ? sum : 0),
  sigmoid,
  softplus,
  elu: (sum) => (sum > 0 ? sum : exp(sum) - 1),
  silu: (sum) => sum * sigmoid(sum),
};

export const nWeights = (sizes) => sizes.slice(1).reduce((sum, nOut, i) => sum + (sizes[i] + 1) * nOut, 0);

// The network at inputs x [n]. `forward` leaves in every layer the sums and values of its units, [units * n].
export class Network {
  constructor({ sizes, activation }, x) {
    this.activation = ACTIVATIONS[activation];
    this.n = x.length;
    this.x = x;
    let at = 0;
    this.layers = sizes.slice(1).map((nOut, i) => {
      const layer = { nIn: sizes[i], nOut, weights: at, biases: at + sizes[i] * nOut };
      at += (sizes[i] + 1) * nOut;
      layer.sums = new Float64Array(nOut * x.length);
      // The last layer is linear.
      layer.values = i < sizes.length - 2 ? new Float64Array(nOut * x.length) : layer.sums;
      return layer;
    });
  }

  // f at x [n] for the weights that begin at `at`, in an array that the next call fills again.
  forward(weights, at = 0) {
    let from = this.x;
    for (const { nIn, nOut, weights: first, biases, sums, values } of this.layers) {
      for (let j = 0; j < nOut; j++) sums.fill(weights[at + biases + j], j * this.n, (j + 1) * this.n);
      addProduct(sums, from, this.n, nOut, nIn, weights, at + first, 1, nOut);
      if (values !== sums) for (let k = 0; k < sums.length; k++) values[k] = this.activation(sums[k]);
      from = values;
    }
    return from;
  }
}

// sums[row] += weight(row, term) * from[term], rows and terms of n numbers each, term after term.
export function addProduct(sums, from, n, nRows, nTerms, weights, at, rowStep, termStep) {
  for (let row = 0; row < nRows; row++) {
    const begin = row * n;
    let term = 0;
    let k = at + row * rowStep;
    // Two in one pass: a fifth faster, and the sum's order is the same.
    for (; term < nTerms - 1; term += 2, k += 2 * termStep) {
      const first = weights[k];
      const second = weights[k + termStep];
      for (let p = begin, q = term * n; p < begin + n; p++, q++) sums[p] = sums[p] + first * from[q] + second * from[q + n];
    }
    if (term < nTerms) for (let p = begin, q = term * n; p < begin + n; p++, q++) sums[p] += weights[k] * from[q];
  }
}
