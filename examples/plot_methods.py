"""
# Which inference method comes nearest to the truth?

Every method of this library on the same forty points and the same network, each held
against long Hamiltonian Monte Carlo. You will see what each believes, how far it is
from the truth on the data, in the gap and outside.
"""

# %%
# ## The same question for all
#
# The reference is the one of [the gap's example](plot_in_between.md), and *the truth*
# is here what it says: the posterior of this model, not the cosine. Each method's
# settings suit some seconds on two cores. It ends in draws of the weights or, where
# its Gaussian belongs to the network's tangent, in draws of the tangent.

import time

import matplotlib.pyplot as plt
import numpy as np

import bayesian_nn as bnn
from bayesian_nn.figures import COLOURS, draw_data, style, write_figure
from bayesian_nn.runtime import output_folder, write_numbers

SEED, N_DRAWS = 0, 2000
folder = output_folder("plot_methods")
data = bnn.data.cosine_with_gap(seed=42)
model = bnn.Model(
    layer_sizes=(1, 10, 10, 1),
    likelihood=bnn.Gaussian(data.noise_std),
    scaling=data.scaling,
)
regions = {
    "data": [(0, 2), (6, 8)],
    "gap": [(2.1, 5.9)],
    "outside": [(-4, -0.1), (8.1, 12)],
}
x = np.linspace(-4, 12, 161)
unseen = bnn.data.cosine_with_gap(seed=1, n_points=200)
places = np.concatenate([x, unseen.x[:, 0]])
at_unseen = np.append(np.zeros(len(x)), unseen.y)  # Of the first, nothing is asked.

chains = bnn.sampling.reference_chains(model, data, seed=SEED)
truth = bnn.predict(chains, places, n_draws=8000, seed=SEED)
methods, seconds, pictures = [], {}, {"HMC, the reference": truth.draws[:, : len(x)]}


def from_draws(result):
    draws = result.draw(N_DRAWS, seed=SEED)
    return bnn.prediction.predict_draws(model, draws, places)


def from_tangent(result):
    return bnn.predict_linearised(result, places, n_draws=N_DRAWS, seed=SEED)


def score(name, prediction, needs, code):
    draws = prediction.draws[:, : len(x)]
    distances = bnn.scores.wasserstein2(draws, truth.draws[:, : len(x)])
    distance = bnn.scores.mean_by_region(distances, x, regions)
    std, of_truth = (
        bnn.scores.mean_by_region(values.std(axis=0), x, regions)
        for values in (draws, truth.draws[:, : len(x)])
    )
    densities = prediction.log_density(at_unseen)[len(x) :]
    methods.append(
        {"name": name, "needs": needs, "code": code, "density": densities.mean()}
        | {f"distance_{region}": value for region, value in distance.items()}
        | {f"width_{region}": std[region] / of_truth[region] for region in regions}
    )
    print(
        f"{name:29} distance from HMC: data {distance['data']:.3f}, "
        f"gap {distance['gap']:.3f}, outside {distance['outside']:.3f}"
    )
    pictures[name] = draws


def trial(name, infer, predict=from_draws, *, needs, code, after=None):
    """Scores a method; its seconds are with those of the one whose result it uses."""
    start = time.perf_counter()
    result = infer()
    prediction = predict(result)
    seconds[name] = time.perf_counter() - start + seconds.get(after, 0)
    score(name, prediction, needs, code)
    return result


# %%
# ## One point, and ensembles of points
#
# The mode of the posterior (MAP) is an ordinary trained network with weight decay. An
# ensemble is many of them, from many starts. *Anchored*, each member has a prior of
# its own, centred on a draw from the prior, and targets with a noise of their own, so
# that the spread of the members stands for the posterior's. Dropout keeps one network
# and drops units at random.

code = "one-point-and-ensembles-of-points"
mode = trial(
    "MAP",
    lambda: bnn.find_map(model, data, seed=SEED),
    needs="nothing but gradients",
    code=code,
)
trial(
    "deep ensemble",
    lambda: bnn.fit_ensemble(model, data, seed=SEED, anchored=False, perturbed=False),
    needs="64 networks",
    code=code,
)
trial(
    "anchored ensemble",
    lambda: bnn.fit_ensemble(model, data, seed=SEED),
    needs="64 networks",
    code=code,
)
trial(
    "Monte Carlo dropout",
    lambda: bnn.fit_dropout(model, data, seed=SEED),
    needs="a rate, by hand",
    code=code,
)

# %%
# ## Laplace's approximation
#
# A Gaussian at the mode, as curved as the posterior is there. Its draws can go
# through the network itself, or through the network's tangent, which is what the
# Gaussian was made for.

code = "laplaces-approximation"
trial(
    "Laplace, linearised",
    lambda: bnn.fit_laplace(model, data, mode),
    from_tangent,
    needs="the mode, and a matrix of weights by weights",
    code=code,
    after="MAP",
)
trial(
    "Laplace, sampled",
    lambda: bnn.fit_laplace(model, data, mode),
    needs="the mode, and a matrix of weights by weights",
    code=code,
    after="MAP",
)
trial(
    "Laplace, diagonal",
    lambda: bnn.fit_laplace(model, data, mode, diagonal=True),
    from_tangent,
    needs="the mode",
    code=code,
    after="MAP",
)

# %%
# ## Variational inference
#
# One Gaussian, with more and more of its correlations, and the natural-gradient
# method IVON. Then mixtures of 32 mean-field Gaussians: from the usual small starts,
# and from 32 draws of the prior, climbing at a much lower rate. From there they do not
# get so far, as the median of their ELBOs says, and so they do not all become the
# same.

code = "variational-inference"


def fit(posterior, **settings):
    return bnn.fit(
        model, data, seed=SEED, posterior=posterior, record_at=[], **settings
    )


def mixture(**settings):
    run = fit(bnn.MeanField(), n_restarts=32, **settings)
    print(f"median ELBO of the next mixture's fits {np.median(run.final_elbos):.0f}")
    return bnn.mixture_of(run)


slower, slowest = (bnn.Adam(bnn.WarmupCosine(rate)) for rate in (0.03, 0.01))
trial(
    "mean-field VI",
    lambda: fit(bnn.MeanField()),
    needs="a small start",
    code=code,
)
trial(
    "low-rank VI",
    lambda: fit(bnn.LowRank(rank=10), n_steps=3000),
    needs="a small start, a rank",
    code=code,
)
trial(
    "full-covariance VI",
    lambda: fit(bnn.FullCovariance(), n_steps=3000, optimizer=slower),
    needs="a small start, and a matrix of weights by weights",
    code=code,
)
trial(
    "IVON",
    lambda: bnn.fit_ivon(model, data, seed=SEED),
    needs="a small start",
    code=code,
)
trial(
    "VI mixture, small starts",
    mixture,
    needs="32 fits",
    code=code,
)
from_prior = bnn.MeanField().parameters(
    bnn.prediction.draw_prior(model, 32, seed=SEED),
    np.full((32, model.n_latents), 0.005),
)
trial(
    "VI mixture, starts from prior",
    lambda: mixture(start=from_prior, optimizer=slowest),
    needs="32 fits, and the end of the training by hand",
    code=code,
)

# %%
# ## Sampling
#
# Langevin dynamics follow the gradient with noise and never refuse a step, SGHMC with
# momentum, SGLD without. And Hamiltonian Monte Carlo itself, cut short.

code = "sampling"
trial(
    "SGLD",
    lambda: bnn.sample_sgld(model, data, seed=SEED, step_size=2e-5),
    needs="a step size, by hand",
    code=code,
)
trial(
    "SGHMC",
    lambda: bnn.sample_sghmc(
        model, data, seed=SEED, step_size=0.003, n_steps=6000, n_burn_in=2000
    ),
    needs="a step size and a friction, by hand",
    code=code,
)
trial(
    "HMC, cut short",
    lambda: bnn.sample_hmc(
        model, data, seed=SEED, n_chains=64, n_warmup=60, n_draws=40
    ),
    needs="all data in every step",
    code=code,
)

# %%
# ## What each believes
#
# Each method's mean and band of two standard deviations of f, and behind them, grey,
# HMC's band.

middle, spread = truth.mean[: len(x)], truth.epistemic_std[: len(x)]
with style():
    figure, panels = plt.subplots(
        6, 3, num="bands", figsize=(7.2, 12), sharex=True, sharey=True
    )
for unused in panels.flat[len(methods) :]:
    unused.set_axis_off()
for lowest in panels.flat[len(methods) - 3 : len(methods)]:
    lowest.tick_params(labelbottom=True)
    lowest.set_xlabel("x")
for left in panels[:, 0]:
    left.set_ylabel("f")
for axes, (name, draws) in zip(panels.flat, list(pictures.items())[1:], strict=False):
    grey, blue = {"color": "0.5", "alpha": 0.3}, {"color": COLOURS["posterior"]}
    low, high = middle - 2 * spread, middle + 2 * spread
    axes.fill_between(x, low, high, **grey, lw=0, label="HMC, ± 2 sd of f")
    mean, std = draws.mean(axis=0), draws.std(axis=0)
    low, high = mean - 2 * std, mean + 2 * std
    axes.fill_between(x, low, high, **blue, alpha=0.4, lw=0, label="method, ± 2 sd")
    axes.plot(x, mean, **blue, lw=1.6, label="method, mean")
    curve, points = draw_data(axes, data, x)
    curve.set_label("cos x")
    points.set_markersize(2.5)
    axes.set_title(name, fontsize=10.5)
    axes.set(xlim=(-4, 12), ylim=(-3, 3), xticks=[-4, 0, 4, 8, 12])
panels.flat[len(methods)].legend(
    *panels.flat[0].get_legend_handles_labels(), loc="center left", frameon=False
)
figure.alt = (
    f"{len(methods)} small pictures, each method's band in blue over HMC's in grey. "
    "HMC cut short and SGHMC cover it. Linearised Laplace comes near it. The bands of "
    "single fits by variational inference are too narrow in the gap and outside, a "
    "single mode has none, and sampled Laplace is wide everywhere."
)
write_figure(panels[0, 0], folder / "bands.png")

# %%
# ## How far from the truth
#
# The distance from HMC (Wasserstein-2 of f, averaged along x), nearest in the gap
# first. The dotted lines are the distances of as many draws of HMC from the rest of
# HMC's: nothing can be nearer but by luck.

some, others = np.split(truth.draws[:, : len(x)], [N_DRAWS])
floors = bnn.scores.mean_by_region(bnn.scores.wasserstein2(some, others), x, regions)
methods.sort(key=lambda method: method["distance_gap"])
with style():
    figure, axes = plt.subplots(num="distances", figsize=(7.2, 6.2))
rows = np.arange(len(methods))
marks = {"data": ("o", "truth"), "gap": ("D", "posterior"), "outside": ("s", "curves")}
for region, (mark, colour) in marks.items():
    axes.plot(
        [method[f"distance_{region}"] for method in methods],
        rows,
        mark,
        color=COLOURS[colour],
        label={"data": "on the data", "gap": "in the gap"}.get(region, region),
        ms=6.5,
    )
    axes.axvline(floors[region], color=COLOURS[colour], ls=":", lw=1)
axes.set_yticks(rows, [method["name"] for method in methods])
axes.set(
    xscale="log", xlabel="distance from HMC, in y's units\n(dotted: of HMC from itself)"
)
axes.xaxis.set_major_formatter("{x:g}")
axes.invert_yaxis()
axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1), ncols=3, frameon=False)
figure.alt = (
    "Dot chart of each method's distance from HMC on the data, in the gap and outside, "
    "on a logarithmic axis, sorted by the distance in the gap: "
    + ", ".join(method["name"] for method in methods)
    + "."
)
write_figure(axes, folder / "distances.png")


def named(name):
    return next(method for method in methods if method["name"] == name)


def against_mean_field(name):
    return named(name)["distance_gap"] / named("mean-field VI")["distance_gap"]


numbers = {
    "seed": SEED,
    "n_draws": N_DRAWS,
    "n_methods": len(methods),
    "nearest": methods[0]["name"],
    "density_hmc": truth.log_density(at_unseen)[len(x) :].mean(),
    "methods": methods,
    **{f"floor_{region}": value for region, value in floors.items()},
    "ratio_sghmc": against_mean_field("SGHMC"),
    "ratio_sgld": against_mean_field("SGLD"),
    "ratio_hmc_short": against_mean_field("HMC, cut short"),
    "ratio_laplace": against_mean_field("Laplace, linearised"),
    "ratio_mixture": against_mean_field("VI mixture, small starts"),
    "ratio_mixture_from_prior": against_mean_field("VI mixture, starts from prior"),
    "ratio_anchored": against_mean_field("anchored ensemble"),
    "ratio_full_covariance": against_mean_field("full-covariance VI"),
}
write_numbers(numbers, folder / "numbers.json")
write_numbers(seconds, folder / "timings.json")
print(f"nearest in the gap: {numbers['nearest']}")

# %%
# The table of these numbers, sorted, and which method is right when, is on [How to
# choose](../how-to-choose.md).
