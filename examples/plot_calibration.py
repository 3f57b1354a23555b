"""
# Can the bands be believed?

A band of 90 percent ought to hold nine of ten new observations, and the true function
nine times out of ten. You will see how often that comes true for mean-field
variational inference and for Hamiltonian Monte Carlo (HMC): first on new observations
of the cosine, then on functions that the model itself made up.
"""

# %%
# ## New observations
#
# The post's network and its forty points, with two accounts of what they say about
# the weights: the exact posterior by HMC, and a mean-field approximation to it.

import warnings

import matplotlib.pyplot as plt
import numpy as np

import bayesian_nn as bnn
from bayesian_nn import sample_hmc
from bayesian_nn.figures import COLOURS, style, write_figure
from bayesian_nn.prediction import rank_simulations
from bayesian_nn.runtime import output_folder, write_numbers
from bayesian_nn.sampling.hmc import sample_chains
from bayesian_nn.scores import coverage, ecdf_band, reliability

SEED = 0
folder = output_folder("plot_calibration")
data = bnn.data.cosine_with_gap(seed=42)
model = bnn.Model(
    layer_sizes=(1, 10, 10, 1),
    likelihood=bnn.Gaussian(data.noise_std),
    scaling=data.scaling,
)
chains = sample_hmc(model, data, seed=SEED, n_chains=32, n_warmup=200, n_draws=100)
run = bnn.fit(model, data, seed=SEED)
latents = {
    "HMC": chains.draw(1000, seed=SEED),
    "mean-field": run.draw(1000, seed=SEED),
}
colours = {
    "HMC": COLOURS["posterior"],
    "mean-field": COLOURS["log_likelihood"],
    "ensemble": COLOURS["curves"],
}

# %%
# A thousand new observations of the same cosine, at x between those of the data. For
# each level, how many of them lie in the central interval of that level, and how many
# below the quantile of that level?

unseen = bnn.data.cosine_with_gap(seed=1, n_points=1000)
levels = np.arange(1, 20) / 20
on_data = {
    name: bnn.prediction.predict_draws(model, draws, unseen.x)
    for name, draws in latents.items()
}
with style():
    figure, panels = plt.subplots(
        1, 2, num="new-observations", figsize=(7.2, 4.2), sharex=True, sharey=True
    )
    for panel, shares, title in zip(
        panels,
        (coverage, reliability),
        ("inside the central interval", "below the quantile"),
        strict=True,
    ):
        panel.plot([0, 1], [0, 1], color=COLOURS["reference"], ls="--", lw=1.3)
        for name, prediction in on_data.items():
            panel.plot(
                levels,
                shares(prediction, unseen.y, levels),
                "o-",
                color=colours[name],
                label=name,
            )
        panel.set(title=title, xlabel="level", aspect="equal")
panels[0].set_ylabel("share of new observations")
panels[0].legend(frameon=False, loc="upper left")
covered = {
    name: coverage(prediction, unseen.y, 0.9)[0] for name, prediction in on_data.items()
}
figure.alt = (
    "Shares of new observations against the level, in two panels. In central intervals "
    "HMC's are near the diagonal and mean-field's above it; at 0.9 they are "
    f"{covered['HMC']:.2f} and {covered['mean-field']:.2f}. Below the middle "
    "quantiles both have fewer than the level."
)
write_figure(panels[0], folder / "new-observations.png")
for name, prediction in on_data.items():
    print(
        f"{name:10} 90 % intervals hold {covered[name]:.1%}; log density "
        f"{prediction.log_density(unseen.y).mean():.3f} nats, "
        f"CRPS {prediction.crps(unseen.y).mean():.4f}"
    )

# %%
# HMC's intervals hold what they promise, and mean-field's hold more: on the data
# mean-field is too unsure. Below the middle quantiles lie fewer observations than
# promised, so both predict too low. That is no fault of theirs:

offset = np.mean(data.y - data.truth(data.x))
print(f"mean of the forty points' own noise {offset:+.3f}")
for name, prediction in on_data.items():
    error = np.mean(prediction.mean - data.truth(unseen.x))
    print(f"mean error of {name:10}            {error:+.3f}")

# %%
# The noise of the forty points happens to lie below zero on average, and whoever
# learns from them learns that too. One data set is one throw of the dice. And where
# there are no data it is worse: one function is one throw however many observations
# are made of it, the band holds it there or does not, and a cosine need not be a
# function that the prior believes in. To judge bands there, we need many functions.
#
# ## Functions that the model made up
#
# So let the model make them: weights from the prior, a function, twenty observations
# of it with noise. Then infer, and ask where the true f lies among the draws of the
# posterior. Its rank, counted from below, is equally likely to be any, if the draws
# are from the posterior. No approximation enters that argument, and so any unevenness
# is the fault of the inference (*simulation-based calibration*, Talts et al. 2018).
#
# The network has one hidden layer here, for it is trained many times: by HMC, by
# mean-field inference, and as an ensemble of anchored networks. HMC takes all data
# sets at once, four chains for each; of every chain each eighth draw is kept, so that
# neighbours are less alike.

N_SIMULATIONS, N_CHAINS, N_DRAWS = 200, 4, 99
x = bnn.data.cosine_with_gap(seed=0, n_points=20).x
small = bnn.Model(
    layer_sizes=(1, 8, 1), likelihood=bnn.Gaussian(0.2), scaling=data.scaling
)


def by_hmc(y, seed):
    n_chains = N_CHAINS * len(y)
    start = bnn.MeanField().initial(small, seed=seed, n_restarts=n_chains)
    chains = sample_chains(
        small,
        small.inputs(x),
        small.targets(np.repeat(y, N_CHAINS, axis=0)).T,
        seed=seed,
        start=start[:, : small.n_latents],
        lengths=(200, 200),
    )
    kept = chains.latents[:, ::8].reshape(len(y), -1, small.n_latents)
    return kept[:, -N_DRAWS:]


def by_mean_field(y, seed):
    draws = []
    with warnings.catch_warnings():
        # Some of the functions are nearly level, and so are fits to them.
        warnings.simplefilter("ignore", bnn.FlatFitWarning)
        for i, targets in enumerate(y):
            made_up = bnn.Dataset(x=x, y=targets, scaling=data.scaling)
            run = bnn.fit(small, made_up, seed=seed + i, record_at=[])
            draws.append(run.draw(N_DRAWS, seed=seed + i))
    return np.stack(draws)


def by_ensemble(y, seed):
    made_up = [bnn.Dataset(x=x, y=targets, scaling=data.scaling) for targets in y]
    ensembles = [
        bnn.fit_ensemble(small, each, seed=seed + i, n_members=N_DRAWS)
        for i, each in enumerate(made_up)
    ]
    return np.stack([ensemble.members for ensemble in ensembles])


methods = {"HMC": by_hmc, "mean-field": by_mean_field, "ensemble": by_ensemble}
along = np.linspace(-4, 12, 33)
ranks = {
    name: rank_simulations(
        small, x, infer, seed=SEED, n_simulations=N_SIMULATIONS, at=along
    )
    for name, infer in methods.items()
}

# %%
# First the plain question. A band of 90 percent runs from the fifth to the
# ninety-fifth percentile of the draws of f. In how many of the simulations was the
# true f inside, at each x?


def share_in_band(ranks):
    """Share of simulations with f in the central 90 % of the 100 ranks, at each x."""
    inside = (ranks.ranks >= 5) & (ranks.ranks < 95)
    return inside[:, : len(along)].mean(axis=0)


shares = {name: share_in_band(each) for name, each in ranks.items()}
chance = 2 * np.sqrt(0.9 * 0.1 / N_SIMULATIONS)
with style():
    figure, axes = plt.subplots(num="bands")
for low, high in ((0, 2), (6, 8)):
    axes.axvspan(low, high, color=COLOURS["truth"], alpha=0.12, lw=0)
    axes.text((low + high) / 2, 0.03, "data", color=COLOURS["truth"], ha="center")
axes.axhspan(
    0.9 - chance,
    0.9 + chance,
    color="0.5",
    alpha=0.3,
    lw=0,
    label="0.9 ± 2 standard errors",
)
for name, share in shares.items():
    axes.plot(along, share, "o-", color=colours[name], label=name)
axes.set(
    xlabel="x",
    ylabel="share of simulations with f in its 90 % band",
    xlim=(along[0], along[-1]),
    ylim=(0, 1.03),
)
axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
in_gap = (along > 2) & (along < 6)
outside = (along < 0) | (along > 8)
on_points = ~in_gap & ~outside
regions = {"on the data": on_points, "in the gap": in_gap, "outside": outside}
for name, share in shares.items():
    text = ", ".join(f"{share[part].mean():.0%} {at}" for at, part in regions.items())
    print(f"{name:10} {text}")
mean_field = shares["mean-field"]
figure.alt = (
    "Share of simulations whose true function lies in its band of 90 percent, along "
    f"x. HMC stays between {shares['HMC'].min():.2f} and {shares['HMC'].max():.2f}. "
    f"Mean-field's share rises to {mean_field[on_points].max():.2f} on the data, falls "
    f"to {mean_field[in_gap].min():.2f} in the gap between them, and to "
    f"{mean_field[outside].min():.2f} outside."
)
write_figure(axes, folder / "bands.png")

# %%
# HMC keeps its word, as closely as chance allows. Mean-field does not: its band holds
# nearly every function where there are data, too few in the gap, and ever fewer the
# further one goes beyond the last point.
#
# The anchored ensemble, which on one data set is [some way from
# HMC](plot_methods.md), keeps its word on average over many: a band may be wrong in
# its shape and yet hold as often as it says.
#
# ## All levels at once
#
# Ninety percent was one level of many. Here is, at three places and for every level,
# the share of simulations with f among the lowest part of its draws, less the share
# that it ought to be; and the same for the log-likelihood of the data, which would
# notice a posterior that has forgotten them. Uniform ranks would stay inside the grey
# band with all of a curve, 95 times out of 100 (Säilynoja et al. 2022).

places = {1: "on data", 4: "in the gap", 10: "outside"}
rows = [int(np.argmin(np.abs(along - place))) for place in places] + [len(along)]
labels = [f"f at {place}, {where}" for place, where in places.items()]
labels.append("log-likelihood")
at_levels, lowest, highest = ecdf_band(N_SIMULATIONS, N_DRAWS)
with style():
    figure, panels = plt.subplots(1, 3, num="ranks", figsize=(7.2, 4.6), sharey=True)
    for panel, (name, each) in zip(panels, ranks.items(), strict=True):
        panel.fill_between(
            at_levels,
            lowest - at_levels,
            highest - at_levels,
            color="0.5",
            alpha=0.3,
            lw=0,
        )
        below = each.shares_below(at_levels)[:, rows] - at_levels[:, None]
        for curve, label, colour in zip(
            below.T, labels, list(COLOURS.values())[:4], strict=True
        ):
            panel.plot(at_levels, curve, color=colour, lw=1.8, label=label)
        panel.set(title=name, xlabel="level", xticks=[0.2, 0.5, 0.8])
panels[0].set_ylabel("share below the level, less the level")
handles, names = panels[0].get_legend_handles_labels()
figure.legend(handles, names, loc="outside lower center", ncols=4, frameon=False)
p_values = {name: each.p_values()[rows] for name, each in ranks.items()}
n_out = {name: int(np.sum(values < 0.05)) for name, values in p_values.items()}
figure.alt = (
    "Curves of the share of simulations below each level, less the level, with a grey "
    f"band around zero. {n_out['HMC']} of HMC's {len(rows)} curves leave the band, "
    f"{n_out['mean-field']} of mean-field's, by far, and {n_out['ensemble']} of the "
    "ensemble's."
)
write_figure(panels[0], folder / "ranks.png")
for name, values in p_values.items():
    text = ", ".join(f"{value:.2g}" for value in values)
    print(f"{name:10} p-values {text}")

# %%
# A curve that first rises and then falls has too many ranks at both ends: the
# posterior is too narrow. One that first falls and then rises is too wide. Mean-field
# is too wide on the data and too narrow in the gap and outside, and the truth fits
# the data better than most of its draws do. The ensemble's functions are where they
# should be, and it is only its log-likelihood that strays: its draws fit the data a
# little better than the truth does. HMC's curves wander as chance lets them. That
# tests the code as well as the method: with a wrong gradient, prior or noise in the
# sampler the draws would be another posterior's.

numbers = {"n_simulations": N_SIMULATIONS, "noise_offset": offset}
keys = {"HMC": "hmc", "mean-field": "mean_field", "ensemble": "ensemble"}
for name, prediction in on_data.items():
    numbers |= {
        f"covered_new_{keys[name]}": covered[name],
        f"log_density_{keys[name]}": prediction.log_density(unseen.y).mean(),
        f"crps_{keys[name]}": prediction.crps(unseen.y).mean(),
    }
for name, share in shares.items():
    key = keys[name]
    numbers |= {
        f"band_on_data_{key}": share[on_points].mean(),
        f"band_in_gap_{key}": share[in_gap].mean(),
        f"band_outside_{key}": share[outside].mean(),
        f"band_at_10_{key}": share[rows[2]],
        f"smallest_p_value_{key}": p_values[name].min(),
    }
write_numbers(numbers, folder / "numbers.json")
