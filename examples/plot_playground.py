"""
# Does your browser get this number?

The playground trains the network of the first example in your browser. Here is its
run as the build made it, in NumPy, with arithmetic that both do alike: the same seed
must give the same run, to the last of its 64 bits. You will see that run, the
fingerprint that your browser must find, and what one changed bit does to it.
"""

# %%
# ## The run
#
# The points, the network and the settings are those of
# [the first example](plot_bnn.md): five draws a step, Adam, every sd beginning at
# 0.02. Only the random numbers are others, those that a browser can draw too.

import json

import matplotlib.pyplot as plt
import numpy as np

import bayesian_nn as bnn
from bayesian_nn.browser import Network, digest, outputs, train
from bayesian_nn.figures import plot_elbo, plot_predictive, style, write_figure
from bayesian_nn.runtime import output_folder, replacing, write_numbers
from bayesian_nn.runtime import portable_math as portable
from bayesian_nn.runtime.portable_math import PREDICTION

SEED = 0
folder = output_folder("plot_playground")
data = bnn.data.cosine_with_gap(seed=42)
network = Network(sizes=(1, 10, 10, 1), noise_std=data.noise_std)


def inputs(x):
    return (x - data.scaling.x_shift[0]) / data.scaling.x_scale[0]


run = train(network, inputs(data.x[:, 0]), data.y, seed=SEED, n_steps=1000)
constant = bnn.scores.constant_log_likelihood(data.y, data.noise_std)
print(f"at the last step: log-likelihood {run.log_likelihood[-1]}")
print(f"                  KL              {run.kl[-1]}")
print(f"fingerprint       {digest(run.parameters)}")

# %%
# All these digits are one machine's only if others find them too. The fingerprint is
# the SHA-256 of the final means and rhos, of all their bits.

with style():
    figure, axes = plt.subplots(num="elbo")
plot_elbo(run, axes=axes, reference={"best constant": constant})
figure.alt = (
    f"Line chart of the ELBO and its two parts over {run.n_steps_done} training steps. "
    f"It climbs from {run.elbo[0]:,.0f} nats past the score of the best constant."
)
write_figure(axes, folder / "elbo.png")

# %%
# It is the climb of the first example, with other noise. And this is where it ends:

x = np.linspace(-4, 12, 401)
means, rhos = np.split(run.parameters, 2)
noise = portable.normals(SEED, PREDICTION, 1000 * network.n_weights)
weights = means + portable.softplus(rhos) * noise.reshape(1000, -1)
prediction = bnn.predictions.Prediction(
    x=x[:, None],
    draws=outputs(network, weights, inputs(x)),
    noise_std=np.full(len(weights), data.noise_std),
)
with style():
    figure, axes = plt.subplots(num="fit")
plot_predictive(prediction, data, axes=axes)
figure.alt = (
    "The network's mean follows the cosine through both clusters of points. Its band "
    "is wider in the gap between them."
)
write_figure(axes, folder / "fit.png")

# %%
# The mean keeps to the points, and the band is wider between them.
#
# ## Why other libraries' digits differ
#
# IEEE 754 says what the last bit of a sum, a product, a quotient or a square root is.
# It does not say so of tanh: every library and every browser has its own. The
# playground's tanh is made of those four alone.

points = np.linspace(-3, 3, 100_001)
differing = np.mean(np.tanh(points) != portable.tanh(points))
error = np.max(np.abs(np.tanh(points) - portable.tanh(points)))
print(f"values of tanh in which NumPy's own differs {100 * differing:.0f} %")
print(f"by at most                                  {error:.0e}")

# %%
# Does so little matter? Change one observation by its last bit, and train again.

moved = data.y.copy()
moved[0] = np.nextafter(moved[0], np.inf)
other = train(network, inputs(data.x[:, 0]), moved, seed=SEED, n_steps=1000)
differences = np.abs(other.elbo - run.elbo)
print(f"fingerprint      {digest(other.parameters)}")
print(f"largest difference between the ELBOs {differences.max():.0e} nats")

with style():
    figure, axes = plt.subplots(num="one-bit")
# Zero has no place on a logarithmic axis.
axes.semilogy(np.where(differences > 0, differences, np.nan), lw=0.9)
axes.set(xlabel="training step", ylabel="difference of the ELBOs, in nats")
figure.alt = (
    "Line chart of the difference between the ELBOs of two runs, on a logarithmic "
    f"axis. It never exceeds {differences.max():.0e} nats."
)
write_figure(axes, folder / "one-bit.png")

# %%
# Not to the eye: the two runs stay together. But the fingerprint is another. So it
# finds any difference in arithmetic, in any of the numbers that made the run.

write_numbers(
    {
        "seed": SEED,
        "n_steps": run.n_steps_done,
        "n_points": data.n_points,
        "log_likelihood_last": run.log_likelihood[-1],
        "kl_last": run.kl[-1],
        "elbo_last": run.elbo[-1],
        "elbo_end": np.median(run.elbo[-100:]),
        "digest": digest(run.parameters),
        "percent_of_tanh_differing": 100 * differing,
        "elbo_moved_by_a_bit": differences.max(),
    },
    folder / "numbers.json",
)
start = {
    "points": [[*x, y] for x, y in zip(data.x.tolist(), data.y.tolist(), strict=True)],
    "scaling": {
        name: part for name, part in data.scaling._asdict().items() if name != "columns"
    },
    "model": {
        "sizes": network.sizes,
        "activation": network.activation,
        "priorStd": network.prior_std,
        "noiseStd": network.noise_std,
    },
    "seed": SEED,
    "nSteps": run.n_steps_done,
    "digest": digest(run.parameters),
}
with replacing(folder / "start.json") as temporary:
    temporary.write_text(json.dumps(start) + "\n", encoding="utf-8")
print("wrote", ", ".join(sorted(path.name for path in folder.iterdir())))
