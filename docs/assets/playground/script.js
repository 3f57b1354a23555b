// The Python script that does with the library what the playground does.

import { sizesOf } from "./state.js";

export function toPython(state) {
  if (!state.points.length) return NO_POINTS;
  const { learningRate, initialStd, nDraws, klWeight, nSteps, seed, priorStd, noiseStd, activation, units } = state;
  const sizes = sizesOf(state).join(", ");
  const window = [units.x0 - 2 * units.xScale, units.x0 + 2 * units.xScale];
  return `"""The playground's run, with the library: prints its ELBO, and draws playground.png."""

import matplotlib.pyplot as plt
import numpy as np

import bayesian_nn as bnn
from bayesian_nn.figures import plot_predictive, style, write_figure

${dataOf(state)}
model = bnn.Model(
    layer_sizes=(${sizes}),
    likelihood=bnn.Gaussian(${noiseStd}),
    prior=bnn.GaussianPrior(${priorStd}),
    activation="${activation}",
    scaling=data.scaling,
)
run = bnn.fit(
    model,
    data,
    seed=${seed},
    n_steps=${nSteps},
    posterior=bnn.MeanField(initial_std=${initialStd}),
    objective=bnn.Elbo(n_draws=${nDraws}, kl_weight=${klWeight}),
    optimizer=bnn.Adam(bnn.WarmupCosine(peak=${learningRate})),
)
print(f"ELBO after {run.n_steps_done:,} steps: {run.final_elbo:,.1f} nats")

# Other noise than the browser's: the same posterior, up to what chance moves.
x = np.linspace(${window.join(", ")}, 401)
prediction = bnn.predict(run, x, n_draws=1000, seed=${seed})
with style():
    figure, axes = plt.subplots()
plot_predictive(prediction, data, axes=axes)
write_figure(axes, "playground.png")

# The exact posterior, by Hamiltonian Monte Carlo (some minutes at most):
# chains = bnn.sample_hmc(model, data, seed=${seed})
# exact = bnn.predict(chains, x, n_draws=1000, seed=${seed})
`;
}

const NO_POINTS = `"""Of the playground without points: there is nothing to learn from."""

raise SystemExit("There are no points: add some to the playground, and take its script again.")
`;

function dataOf({ data, points, units, noiseStd }) {
  if (data === "original") return `data = bnn.data.cosine_with_gap(seed=42)  # Edward's own points, of 2016\n`;
  const { x0, xScale, y0, yScale } = units;
  const column = (k) => wrapped(points.map((point) => String(point[k])));
  return `x = [${column(0)}]
y = [${column(1)}]
data = bnn.Dataset(
    x=np.array(x, float)[:, None],
    y=np.array(y, float),
    # The network sees (x - ${x0}) / ${xScale}.
    scaling=bnn.data.Scaling(x_shift=(${x0},), x_scale=(${xScale},), y_shift=${y0}, y_scale=${yScale}),
    noise_std=${noiseStd},
)
`;
}

// Of the length of a line.
function wrapped(texts) {
  const lines = [];
  for (const text of texts) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + text.length < 80) lines[lines.length - 1] = `${last}, ${text}`;
    else lines.push(text);
  }
  return lines.length > 1 ? `\n    ${lines.join(",\n    ")},\n` : (lines[0] ?? "");
}
