"""
# A Bayesian neural network, watched while it learns

A small network learns cos x from forty noisy points with a gap between them. It keeps
not one value for each weight but a distribution over values, and so it can say where
it does not know. You will see the objective that it climbs, what it predicts in the
end, and a film of everything between.
"""

# %%
# Forty points, in two clusters. Between them, from 2 to 6, there is nothing: what
# will the network say there?

import matplotlib.pyplot as plt
import numpy as np

import bayesian_nn as bnn
from bayesian_nn.browser import write_player_record
from bayesian_nn.figures import (
    draw_film,
    plot_elbo,
    plot_predictive,
    running_median,
    style,
    write_figure,
    write_film,
)
from bayesian_nn.runtime import output_folder, write_numbers

SEED = 0
folder = output_folder("plot_bnn")
data = bnn.data.cosine_with_gap(seed=42)  # Edward's own points, of 2016
print(f"{data.n_points} observations of y = cos x + noise of sd {data.noise_std}")

# %%
# The model: two hidden layers of ten tanh units, and before any data a standard
# normal distribution for every weight and bias. The noise is known. The network sees
# $(x - 4)/4$, so that its input stays near one.

model = bnn.Model(
    layer_sizes=(1, 10, 10, 1),
    likelihood=bnn.Gaussian(data.noise_std),
    scaling=data.scaling,
)
print(f"{model.n_weights} weights and biases, each with a N(0, 1) prior")

# %%
# Variational inference: give every weight a Gaussian of its own, and move the means
# and widths to raise the evidence lower bound (ELBO), the expected log-likelihood of
# the data less the divergence from the prior. A thousand steps of Adam, in one
# compiled loop. Every width begins at 0.02. That small start decides everything, as
# [the flat line](plot_flat_line.md) shows.

run = bnn.fit(model, data, seed=SEED, n_steps=1000)
constant = bnn.scores.constant_log_likelihood(data.y, data.noise_std)
print(f"ELBO before the first step {run.elbo[0]:9,.1f} nats")
print(f"ELBO after {run.n_steps_done:,} steps     {run.final_elbo:9,.1f} nats")
print(f"no flat line can pass      {constant:9,.1f} nats")

# %%
# Here is the climb, each step's noisy estimate thin, its running median bold. Up is
# better.

with style():
    figure, axes = plt.subplots(num="elbo")
plot_elbo(run, axes=axes, reference={"best constant": constant})
figure.alt = (
    f"Line chart of the ELBO and its two parts over {run.n_steps_done} training steps. "
    f"The ELBO climbs from {run.elbo[0]:,.0f} nats, passes the score of the best "
    f"constant, and ends near {run.final_elbo:,.0f}."
)
write_figure(axes, folder / "elbo.png")

# %%
# The log-likelihood soon passes a constant's score, and then gains little for a
# while, as the divergence falls. Then the network finds the second bend, and the
# log-likelihood leaps. What remains of the divergence in the end is the price of
# knowledge, the nats by which forty points have moved the weights from the prior.
#
# And this is what it believes in the end. The inner band is where the function may
# lie; the outer one adds the noise of an observation.

x = np.linspace(-4, 12, 401)
prediction = bnn.predict(run, x, n_draws=1000, seed=SEED)
with style():
    figure, axes = plt.subplots(num="fit")
plot_predictive(prediction, data, axes=axes)
figure.alt = (
    "The network's mean follows the cosine through both clusters of points. Its band "
    "widens in the gap between them and narrows outside, where the sampled curves run "
    "level and leave the cosine."
)
write_figure(axes, folder / "fit.png")

# %%
# On the points the mean is close to the truth. In the gap the band widens, though not
# enough: near 3 the truth leaves it. Beyond the last points it narrows, while the
# truth swings away. A mean-field posterior is too sure of itself away from the data.

at_data = bnn.predict(run, data.x, n_draws=1000, seed=SEED)
unseen = bnn.data.cosine_with_gap(seed=1, n_points=1000)
at_unseen = bnn.predict(run, unseen.x, n_draws=1000, seed=SEED)


def mean_sd_between(low, high):
    inside = (x >= low) & (x <= high)
    return prediction.epistemic_std[inside].mean()


def first_step_above(values):
    every_step = np.arange(run.n_steps_done)
    return np.argmax(running_median(values, every_step) > constant)


numbers = {
    "seed": SEED,
    "n_points": data.n_points,
    "n_weights": model.n_weights,
    "n_parameters": len(run.parameters),
    "n_steps": run.n_steps_done,
    "elbo_start": run.elbo[0],
    "elbo_final": run.final_elbo,
    "kl_final": run.kl[-1],
    "best_constant": constant,
    "step_likelihood_beats_constant": first_step_above(run.log_likelihood),
    "step_elbo_beats_constant": first_step_above(run.elbo),
    "rmse_to_truth": bnn.scores.rmse(at_data.mean, data.truth(data.x)),
    "rmse_of_constant": bnn.scores.rmse(
        np.full(data.n_points, data.y.mean()), data.truth(data.x)
    ),
    "test_log_density": at_unseen.log_density(unseen.y).mean(),
    "sd_on_data": at_data.epistemic_std.mean(),
    "sd_in_gap": mean_sd_between(2, 6),
    "sd_outside": mean_sd_between(8, 12),
}
print(f"RMSE to cos x on the data  {numbers['rmse_to_truth']:.3f}")
print(f"    a constant's           {numbers['rmse_of_constant']:.3f}")
print(f"log density of unseen data {numbers['test_log_density']:.3f} nats a point")
print(
    f"sd of f on the data {numbers['sd_on_data']:.3f}, in the gap "
    f"{numbers['sd_in_gap']:.3f},"
)
print(f"        and from 8 to 12 {numbers['sd_outside']:.3f}")

# %%
# Last, the film. The run kept the posterior after steps 0, 1, 2, …, ever further
# apart, and the same noise draws the curves of every frame, so they glide. Watch the
# first frames: the small start makes all curves one.

film = draw_film(
    bnn.prediction.predict_film(run, np.linspace(-4, 12, 201), seed=SEED),
    run,
    data,
    reference={"best constant": constant},
)
write_film(
    film,
    folder / "predictive",
    alt=(
        "Film of the training. The predictive band begins as one narrow line, "
        "swings towards the two clusters of points within the first hundred and "
        "fifty steps and settles on the cosine, wider in the gap between them. "
        "Underneath, a cursor climbs along the ELBO."
    ),
)

# %%
# Everything on this page, and the run itself, is now in `outputs/plot_bnn/`: whole, to
# go on with, and small, for the player of the post, which draws every frame anew from
# the same posteriors and the same noise.

bnn.save(run, folder / "run.npz")
write_player_record(
    run,
    folder / "run-player.bin",
    data=data,
    x_range=(-4, 12),
    noise_seed=SEED,
    reference={"best constant": constant},
)
write_numbers(numbers, folder / "numbers.json")
print(
    "wrote",
    ", ".join(
        sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    ),
)
