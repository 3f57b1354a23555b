// The axes of an ELBO over training, as the figures have them: both logarithmic, and the nats crossing zero.

import { symlog } from "../drawing/chart.js";
import { compact } from "../drawing/format.js";

// nats: the lowest and the highest, and the threshold beyond which their axis is logarithmic.
export function elboAxes(nSteps, [low, high, threshold]) {
  const ticks = [0, 1, 10, 100, 1e3, 1e4, 1e5, 1e6].filter((step) => step <= nSteps);
  return {
    x: { low: 0, high: nSteps, label: "training step", scale: symlog(1, 0.3), ticks, format: compact },
    y: { low, high, label: "nats (up is better)", scale: symlog(threshold), format: compact },
  };
}
