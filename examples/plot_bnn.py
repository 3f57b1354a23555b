"""
# A Bayesian neural network, watched while it learns

A small network learns cos x from forty noisy points with a gap between them. It keeps
a distribution over the values of each weight, and so it can say where it does not know.
You will see its objective, what it predicts in the end, and a film of all between.
"""

# %%
# Forty points, in two clusters. Between them, from 2 to 6, there is nothing.

import numpy as np

import bayesian_nn as bnn
from bayesian_nn.figures import draw_film, first_step_above, plot_elbo, plot_predictive

SEED = 0
page = bnn.browser.Page("plot_bnn", seed=SEED)
data = bnn.data.cosine_with_gap(seed=42)  # Edward's own points, of 2016

# %%
# The model: two hidden layers of ten tanh units, Gaussian noise of known sd, a standard
# normal prior. The network sees $(x - 4)/4$, so that its input stays near one.

model = bnn.Model((1, 10, 10, 1), bnn.Gaussian(data.noise_std), scaling=data.scaling)
print(f"{model.n_weights} weights and biases, each with a N(0, 1) prior")

# %%
# Variational inference: give every weight a Gaussian of its own, and move the means and
# widths to raise the evidence lower bound (ELBO), the expected log-likelihood of the
# data less the divergence from the prior. Every width begins small, at 0.02: [the flat
# line](plot_flat_line.md) shows why.

run = bnn.fit(model, data, seed=SEED, n_steps=1000)
constant = model.likelihood.constant_log_likelihood(data.y)
reference = {"best constant": constant}
print(f"ELBO {run.final_elbo:,.1f} nats; no flat line scores above {constant:,.1f}")

# %%
# The ELBO as it rises, each step's noisy estimate thin, its running median bold.

axes = page.axes("elbo")
plot_elbo(run, axes=axes, reference=reference)
page.figure(
    axes,
    alt=f"The ELBO and its two parts over {run.n_steps_done} steps of training. It "
    f"rises from {run.elbo[0]:,.0f} nats, passes the score of the best constant, and "
    f"ends near {run.final_elbo:,.0f}.",
)

# %%
# The log-likelihood soon passes a constant's score, and leaps when the network finds
# the second bend. The divergence that remains is the price of knowledge. And this is
# what the network believes in the end. The inner band is where the function may lie;
# the outer one adds the noise of an observation.

x = np.linspace(-4, 12, 401)
prediction = bnn.predict(run, x, n_draws=1000, seed=SEED)
axes = page.axes("fit")
plot_predictive(prediction, data, axes=axes)
page.figure(
    axes,
    alt="The mean follows the cosine through both clusters of points. Its band widens "
    "in the gap, and narrows outside, where the sampled curves leave the cosine.",
)

# %%
# In the gap the band widens, though not enough: near 3 the truth leaves it. Beyond the
# last points it narrows: a mean-field posterior is overconfident away from the data.

unseen = bnn.data.cosine_with_gap(seed=1, n_points=1000)
at_data = bnn.predict(run, data.x, n_draws=1000, seed=SEED)
at_unseen = bnn.predict(run, unseen.x, n_draws=1000, seed=SEED)
regions = {"gap": [(2, 6)], "outside": [(8, 12)]}
sds = bnn.scores.mean_by_region(prediction.epistemic_std, x, regions)
truth = data.truth(data.x)
rmse = bnn.scores.rmse(at_data.mean, truth)
print(f"RMSE to cos x on the data {rmse:.3f}; sd of f in the gap {sds['gap']:.3f}")

# %%
# Last, the film, from the posteriors that the run kept on the way. The same noise draws
# the curves of every frame, so they glide.

frames = bnn.prediction.predict_film(run, x[::2], seed=SEED)
page.film(
    draw_film(frames, run, data, reference=reference),
    "predictive",
    alt="Film of the training. The band begins as one narrow line, swings towards both "
    "clusters of points within the first hundred and fifty steps and settles on the "
    "cosine, wider in the gap. Underneath, a cursor climbs along the ELBO.",
)

# %%
# The run is kept too: whole, to go on with, and small, for the player of the post.

bnn.save(run, page.folder / "run.npz")
page.player(run, "run-player", data=data, x_range=(-4, 12), reference=reference)
page.quote(
    run,
    n_points=data.n_points,
    best_constant=constant,
    step_likelihood_beats_constant=first_step_above(constant, run.log_likelihood),
    step_elbo_beats_constant=first_step_above(constant, run.elbo),
    rmse_to_truth=rmse,
    rmse_of_constant=bnn.scores.rmse(data.y.mean() + 0 * truth, truth),
    test_log_density=at_unseen.log_density(unseen.y).mean(),
    sd_on_data=at_data.epistemic_std.mean(),
    sd_in_gap=sds["gap"],
    sd_outside=sds["outside"],
)
