// Trajectories of Hamiltonian Monte Carlo: where a chain is, and how it moves (Neal 2011, section 2.3).

// Where a chain is: weights [n], their log joint density, its gradient [n].
export function startingPoint(density, weights) {
  const gradient = new Float64Array(weights.length);
  return { weights, gradient, logJoint: density.evaluate(weights, 0, gradient) };
}

export const copy = ({ weights, gradient, logJoint }) => ({ weights: weights.slice(), gradient: gradient.slice(), logJoint });

// Moves a point and its momentum [n], in units of 1 / scales, along a trajectory of nSteps steps.
export function leapfrog(density, point, momentum, scales, stepSize, nSteps) {
  const { weights, gradient } = point;
  for (let step = 0; step < nSteps; step++) {
    for (let i = 0; i < weights.length; i++) {
      momentum[i] += 0.5 * stepSize * scales[i] * gradient[i];
      weights[i] += stepSize * scales[i] * momentum[i];
    }
    point.logJoint = density.evaluate(weights, 0, gradient);
    for (let i = 0; i < weights.length; i++) momentum[i] += 0.5 * stepSize * scales[i] * gradient[i];
  }
}

// The energy's negative, in nats.
export function energy({ logJoint }, momentum) {
  let value = logJoint;
  for (const component of momentum) value -= 0.5 * component * component;
  return value;
}
