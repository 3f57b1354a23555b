"""
# Why did my Bayesian neural network learn a flat line?

The original start of 2016, tried again: the objective rises, looks converged, and the
fit is hardly better than a level line. You will see the two lines of arithmetic that
unmask such a plateau, what causes it, and what to change.
"""

# %%
# ## The original start
#
# Edward's example began with every weight's mean drawn from N(0, 1), and its sd from
# softplus(N(0, 1)): 0.8 on average, nearly as wide as the prior. Adam's rate was $0.1
# \cdot 0.9^{\lfloor t/100 \rfloor}$, with one draw of the weights at each of 1,000
# steps. Data and network are those of [the first example](plot_bnn.md).

import textwrap
import warnings

import matplotlib.pyplot as plt
import numpy as np

import bayesian_nn as bnn
from bayesian_nn.browser import write_player_record
from bayesian_nn.figures import (
    COLOURS,
    format_nats,
    plot_elbo,
    plot_predictive,
    style,
    write_figure,
)
from bayesian_nn.runtime import output_folder, write_numbers

SEED = 0
folder = output_folder("plot_flat_line")
data = bnn.data.cosine_with_gap(seed=42)
model = bnn.Model(
    layer_sizes=(1, 10, 10, 1),
    likelihood=bnn.Gaussian(data.noise_std),
    scaling=data.scaling,
)
family = bnn.MeanField()


def original_start(n_restarts, *, seed):
    rng = np.random.default_rng(seed)
    means = rng.normal(size=(n_restarts, model.n_latents))
    stds = np.logaddexp(0, rng.normal(size=(n_restarts, model.n_latents)))  # softplus
    return family.parameters(means, stds)


original_settings = {
    "optimizer": bnn.Adam(
        bnn.StepDecay(initial=0.1, factor=0.9, every=100), beta2=0.999
    ),
    "objective": bnn.Elbo(n_draws=1),
}
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    original = bnn.fit(
        model, data, seed=SEED, start=original_start(1, seed=SEED), **original_settings
    )
for warning in caught:
    print(textwrap.fill(f"{warning.category.__name__}: {warning.message}", 80))

# %%
# The fit says so itself. Beside it, the same model from a small start, with this
# library's defaults.

ours = bnn.fit(model, data, seed=SEED)
constant = bnn.scores.constant_log_likelihood(data.y, data.noise_std)
with style():
    figure, panels = plt.subplots(
        1, 2, num="elbo-original-and-ours", figsize=(9.6, 4.4)
    )
    titles = ("the original start", "a small start")
    for panel, run, title in zip(panels, (original, ours), titles, strict=True):
        plot_elbo(
            run, axes=panel, reference={"best constant": constant}, with_parts=False
        )
        panel.set_title(f"{title}: ELBO {format_nats(run.final_elbo)}")
figure.alt = (
    "Two line charts of the ELBO over 1,000 steps. From the original start it rises "
    "steeply, then ever more slowly, and ends at "
    f"{original.final_elbo:,.0f} nats, below the dashed line of the best constant at "
    f"{constant:,.0f}; from a small start it crosses that line and ends at "
    f"{ours.final_elbo:,.0f}."
)
write_figure(panels[0], folder / "elbo-original-and-ours.png")

# %%
# Look at the left curve alone and you would call it nearly converged: a falling rate
# makes any curve level off. What it has found explains next to nothing.

x = np.linspace(-4, 12, 401)
with style():
    figure, panels = plt.subplots(1, 2, num="fits", figsize=(9.6, 4.6), sharey=True)
    for panel, run in zip(panels, (original, ours), strict=True):
        prediction = bnn.predict(run, x, n_draws=1000, seed=SEED)
        plot_predictive(prediction, data, axes=panel)
        legend = panel.get_legend()
        panel.set(title=f"explains {max(0, run.explained):.0%} of y's variance")
        panel.set_ylim(-1.7, 1.9)
        handles, names = (
            legend.legend_handles,
            [t.get_text() for t in legend.get_texts()],
        )
        legend.remove()
figure.legend(handles, names, loc="outside lower center", ncols=6, frameon=False)
figure.alt = (
    "Two predictions side by side. From the original start the mean is nearly level "
    "and passes both clusters of points by. From a small start it follows the cosine "
    "through both."
)
write_figure(panels[0], folder / "fits.png")
for name, run in {"original": original, "small": ours}.items():
    write_player_record(
        run,
        folder / f"{name}.bin",
        data=data,
        x_range=(-4, 12),
        noise_seed=SEED,
        reference={"best constant": constant},
    )

# %%
# ## Two lines of arithmetic
#
# What would a constant score? Predict the mean of y everywhere, pay nothing for the
# weights, and the log-likelihood is $\sum_i \log \mathrm{N}(y_i \mid \bar y,
# \sigma^2)$. It needs no network and no training, and no flat line can score more.

residuals = data.y - data.y.mean()
score = np.sum(-0.5 * (residuals / 0.1) ** 2 - np.log(0.1 * np.sqrt(2 * np.pi)))
print(f"a constant         {score:.0f} nats")
print(f"the original start {original.final_elbo:.0f}")
print(f"a small start      {ours.final_elbo:.0f}")

# %%
# An ELBO above that number proves that something was learned. One below it proves
# nothing yet, for a network pays for its weights and a constant does not; then ask
# how much of y's variance the mean explains. `fit` does both, and warns when an ELBO
# below the constant's score goes with less than a quarter of the variance.
#
# ## Would patience help?
#
# Sixteen original starts, for a thousand steps and for ten thousand, and both ways of
# stepping: the original's, and this library's (five draws a step, a rate that warms
# up and then falls).

ways = {"the original's stepping": original_settings, "this library's": {}}
shares_below = {}
for way, settings in ways.items():
    for n_steps in (1000, 10_000):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", bnn.FlatFitWarning)  # It is the point here.
            elbos = bnn.fit(
                model,
                data,
                seed=SEED,
                n_restarts=16,
                start=original_start(16, seed=SEED),
                n_steps=n_steps,
                record_at=[],
                **settings,
            ).final_elbos
        shares_below[way, n_steps] = np.mean(elbos < constant)
        print(
            f"{way:24} {n_steps:6,} steps: median {np.median(elbos):5.0f}, "
            f"{np.sum(elbos < constant):2} of 16 below the constant"
        )

# %%
# Patience mends few of them, and better stepping some. A better start mends nearly
# all:
#
# ## It is the start
#
# Starting sds from 0.005 to 1.5, eight random starts each, the means drawn as for an
# ordinary network. All starts of one way run side by side in one compiled loop.

N_SEEDS = 8
starting_stds = np.geomspace(0.005, 1.5, 11)
starts = np.concatenate(
    [
        bnn.MeanField(std).initial(model, seed=7, n_restarts=N_SEEDS)
        for std in starting_stds
    ]
)
with warnings.catch_warnings():
    warnings.simplefilter(
        "ignore", bnn.FlatFitWarning
    )  # Most of these starts are meant to fail.
    finals = {
        way: bnn.fit(
            model,
            data,
            seed=SEED,
            n_restarts=len(starts),
            start=starts,
            record_at=[],
            **settings,
        ).final_elbos.reshape(len(starting_stds), N_SEEDS)
        for way, settings in ways.items()
    }

# %%
with style():
    figure, axes = plt.subplots(num="sweep")
colours = (COLOURS["log_likelihood"], COLOURS["posterior"])
for (way, elbos), colour, shift in zip(
    finals.items(), colours, (0.95, 1.05), strict=True
):
    axes.plot(starting_stds * shift, elbos, "o", color=colour, mew=0, alpha=0.6, ms=6)
    axes.plot(
        starting_stds * shift,
        np.median(elbos, axis=1),
        color=colour,
        lw=2.2,
        label=f"{way}: median",
    )
axes.axhline(constant, color=COLOURS["reference"], ls="--", lw=1.3)
axes.text(
    starting_stds[0],
    constant + 6,
    "best constant",
    color=COLOURS["reference"],
    fontsize="small",
)
axes.axvspan(*np.logaddexp(0, [-1.28, 1.28]), color="0.5", alpha=0.15, lw=0)
axes.text(
    0.6, -60, "80 % of the\noriginal's sds", ha="center", va="top", fontsize="small"
)
axes.set(
    xscale="log",
    xlabel="starting sd of every weight",
    ylabel="ELBO after 1,000 steps, in nats",
    ylim=(None, -40),
)
axes.legend(frameon=False, loc="lower left")
figure.alt = (
    "Dots of the final ELBO against the starting sd, from 0.005 to 1.5. Below "
    "about 0.1 nearly all end far above the best constant; above 0.5, where most "
    "of the original's were, nearly all end below it."
)
write_figure(axes, folder / "sweep.png")

# %%
# Below 0.1 nearly every run ends above the constant, whichever way it steps; towards
# the right end of the grey band, none does. Look at what became of the original's
# weights: those into the output, and all the others.

into_output = slice(model.n_weights - 11, model.n_weights - 1)
others = slice(0, model.n_weights - 11)


def rms(values):
    return np.sqrt(np.mean(values**2))


of_weights = {}
for when, recorded in {"start": 0, "end": -1}.items():
    means, rho = np.split(original.parameters[recorded], 2)
    stds = np.logaddexp(0, rho)
    for name, part in {"output": into_output, "others": others}.items():
        of_weights[f"{name}_rms_{when}"] = rms(means[part])
        of_weights[f"{name}_std_{when}"] = rms(stds[part])
for name, value in of_weights.items():
    print(f"{name.replace('_', ' '):16} {value:.2f}")

# %%
# With every weight as uncertain as the prior allows, the network's output is noise,
# and the quickest way up is to silence it: the ten weights into the output go to
# zero, and the output falls to the mean of y. Nothing then passes that could tell the
# other weights anything, and they stay as vague as they were. From a small start the
# network first learns as an ordinary one would, and then widens what it can afford
# to.
#
# ## More than one peak
#
# Even the good fits differ. Thirty-two starts at once, and the best kept: one
# argument.

many = bnn.fit(
    model,
    data,
    seed=SEED,
    n_restarts=32,
    n_steps=1500,
    objective=bnn.Elbo(n_draws=8),
    record_at=[],
)
worst, median, best = np.quantile(many.final_elbos, [0, 0.5, 1])
print(f"best {best:.1f}, median {median:.1f}, worst {worst:.1f} nats")

# %%
# How sure is each of them in the gap, between 2 and 6, where there are no data?

gap = np.linspace(2, 6, 81)
noise = np.random.default_rng(SEED).normal(size=(300, model.n_latents))


def sd_in_gap(parameters):
    mean, rho = np.split(parameters, 2)
    draws = mean + np.logaddexp(0, rho) * noise
    return bnn.prediction.predict_draws(model, draws, gap).epistemic_std.mean()


sds_in_gap = np.array([sd_in_gap(each) for each in many.recorded_parameters[-1]])
with style():
    figure, axes = plt.subplots(num="restarts")
axes.plot(
    many.final_elbos,
    sds_in_gap,
    "o",
    color=COLOURS["posterior"],
    alpha=0.6,
    mew=0,
    ms=7,
)
axes.set(
    xlabel="final ELBO of each of 32 restarts, in nats",
    ylabel="sd of f in the gap, noise excluded",
    ylim=(0, None),
)
top = many.final_elbos > best - 2
usual = np.abs(many.final_elbos - median) < 5
figure.alt = (
    "Dots of 32 restarts: final ELBO across, sd of f in the gap upwards. They lie in "
    f"a few groups. The usual one, near {median:.0f} nats, has an sd of about "
    f"{sds_in_gap[usual].mean():.2f}; the best, near {best:.0f}, of about "
    f"{sds_in_gap[top].mean():.2f}."
)
write_figure(axes, folder / "restarts.png")

# %%
# The objective has several peaks, and restarts find the highest. But the highest is
# the surest where there is nothing to be sure of. A better bound is a better account
# of all the weights at once, not of the band that you look at: the ELBO alone must
# not choose.

small, wide = starting_stds < 0.1, starting_stds > 0.3
write_numbers(
    {
        "best_constant": constant,
        "original_elbo": original.final_elbo,
        "original_explained": max(0.0, original.explained),
        "ours_elbo": ours.final_elbo,
        "ours_explained": ours.explained,
        "n_seeds": N_SEEDS,
        "median_small_original_steps": np.median(
            finals["the original's stepping"][small]
        ),
        "median_small_our_steps": np.median(finals["this library's"][small]),
        "below_share_wide": np.mean([finals[way][wide] < constant for way in ways]),
        "below_share_small": np.mean([finals[way][small] < constant for way in ways]),
        "below_share_original": shares_below["the original's stepping", 1000],
        "below_share_original_long": shares_below["the original's stepping", 10_000],
        "below_share_original_start": shares_below["this library's", 1000],
        "restarts": len(many.final_elbos),
        "restarts_best": many.final_elbo,
        "restarts_median": median,
        "sd_in_gap_best": sds_in_gap[top].mean(),
        "sd_in_gap_usual": sds_in_gap[usual].mean(),
        **of_weights,
    },
    folder / "numbers.json",
)
