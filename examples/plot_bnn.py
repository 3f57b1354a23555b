"""
# A Bayesian neural network, watched while it learns

A small network learns cos x from forty noisy points with a gap between them. It keeps
not one value for each weight but a distribution over values, and so it can say where
it does not know. You will see the objective that it maximises, what it predicts in the
end, and a film of everything between.
"""

# %%
# Forty points, in two clusters. Between them, from 2 to 6, there is nothing: what
# will the network say there?

import numpy as np

import bayesian_nn as bnn
from bayesian_nn.figures import draw_film, plot_elbo, plot_predictive, running_median

SEED = 0
page = bnn.browser.Page("plot_bnn", seed=SEED)
data = bnn.data.cosine_with_gap(seed=42)  # Edward's own points, of 2016

# %%
# The model: two hidden layers of ten tanh units, Gaussian noise whose sd is known, and
# before any data a standard normal distribution for every weight and bias. The network
# sees $(x - 4)/4$, so that its input stays near one.

model = bnn.Model((1, 10, 10, 1), bnn.Gaussian(data.noise_std), scaling=data.scaling)
print(f"{model.n_weights} weights and biases, each with a N(0, 1) prior")

# %%
# Variational inference: give every weight a Gaussian of its own, and move the means
# and widths to raise the evidence lower bound (ELBO), the expected log-likelihood of
# the data less the divergence from the prior. A thousand steps of Adam, in one
# compiled loop. Every width begins at 0.02. That small start decides everything, as
# [the flat line](plot_flat_line.md) shows.

run = bnn.fit(model, data, seed=SEED, n_steps=1000)
constant = model.likelihood.constant_log_likelihood(data.y)
print(f"ELBO before the first step {run.elbo[0]:9,.1f} nats")
print(f"ELBO after {run.n_steps_done:,} steps     {run.final_elbo:9,.1f} nats")
print(f"no flat line scores more   {constant:9,.1f} nats")

# %%
# Here is the ELBO as it rises, each step's noisy estimate thin, its running median
# bold. Up is better.

axes = page.axes("elbo")
plot_elbo(run, axes=axes, reference={"best constant": constant})
page.figure(
    axes,
    alt=f"Line chart of the ELBO and its two parts over {run.n_steps_done} training "
    f"steps. The ELBO rises from {run.elbo[0]:,.0f} nats, passes the score of the best "
    f"constant, and ends near {run.final_elbo:,.0f}.",
)

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
axes = page.axes("fit")
plot_predictive(prediction, data, axes=axes)
page.figure(
    axes,
    alt="The network's mean follows the cosine through both clusters of points. Its "
    "band widens in the gap between them and narrows outside, where the sampled curves "
    "run level and leave the cosine.",
)

# %%
# On the points the mean is close to the truth. In the gap the band widens, though not
# enough: near 3 the truth leaves it. Beyond the last points it narrows, while the
# truth swings away. A mean-field posterior is overconfident away from the data.

unseen = bnn.data.cosine_with_gap(seed=1, n_points=1000)
at_data = bnn.predict(run, data.x, n_draws=1000, seed=SEED)
at_unseen = bnn.predict(run, unseen.x, n_draws=1000, seed=SEED)
sds = bnn.scores.mean_by_region(
    prediction.epistemic_std, x, {"gap": [(2, 6)], "outside": [(8, 12)]}
)
rmse = bnn.scores.rmse(at_data.mean, data.truth(data.x))
print(
    f"RMSE to cos x on the data {rmse:.3f}, sd of f {at_data.epistemic_std.mean():.3f}"
)
print(f"sd of f in the gap {sds['gap']:.3f}, from 8 to 12 {sds['outside']:.3f}")

# %%
# Last, the film. The run kept the posterior after steps 0, 1, 2, …, ever further
# apart, and the same noise draws the curves of every frame, so they glide. Watch the
# first frames: the small start makes all curves one.

frames = bnn.prediction.predict_film(run, np.linspace(-4, 12, 201), seed=SEED)
film = draw_film(frames, run, data, reference={"best constant": constant})
page.film(
    film,
    "predictive",
    alt="Film of the training. The predictive band begins as one narrow line, swings "
    "towards the two clusters of points within the first hundred and fifty steps and "
    "settles on the cosine, wider in the gap between them. Underneath, a cursor climbs "
    "along the ELBO.",
)

# %%
# Everything on this page, and the run itself, is now in `outputs/plot_bnn/`: whole, to
# go on with, and small, for the player of the post, which draws every frame anew from
# the same posteriors and the same noise.

bnn.save(run, page.folder / "run.npz")
page.player(
    run,
    "run-player",
    data=data,
    x_range=(-4, 12),
    reference={"best constant": constant},
)
beats = [
    int(np.argmax(running_median(values, np.arange(run.n_steps_done)) > constant))
    for values in (run.log_likelihood, run.elbo)
]
flat = np.full(data.n_points, data.y.mean())
page.quote(
    n_points=data.n_points,
    n_weights=model.n_weights,
    n_parameters=len(run.parameters),
    n_steps=run.n_steps_done,
    elbo_start=run.elbo[0],
    elbo_final=run.final_elbo,
    kl_final=run.kl[-1],
    best_constant=constant,
    step_likelihood_beats_constant=beats[0],
    step_elbo_beats_constant=beats[1],
    rmse_to_truth=rmse,
    rmse_of_constant=bnn.scores.rmse(flat, data.truth(data.x)),
    test_log_density=at_unseen.log_density(unseen.y).mean(),
    sd_on_data=at_data.epistemic_std.mean(),
    sd_in_gap=sds["gap"],
    sd_outside=sds["outside"],
)
