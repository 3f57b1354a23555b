// The learning rate over a run.

// bayesian_nn.WarmupCosine: up in a line over a fifth of the steps, then down along half a cosine.
export function learningRate(step, nSteps, peak) {
  const done = (step / nSteps - 0.2) / 0.8;
  const rising = (step + 1) / Math.max(1, 0.2 * nSteps);
  const c = cosine(done > 0 ? 0.5 * Math.PI * done : 0);
  return peak * Math.min(rising, 1) * c * c;
}

// By its series, for x from 0 to pi / 2.
function cosine(x) {
  let [term, sum] = [1, 1];
  for (let k = 2; k < 28; k += 2) {
    term *= (-x * x) / (k * (k - 1));
    sum += term;
  }
  return sum;
}
