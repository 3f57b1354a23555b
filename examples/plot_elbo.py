"""
# What is the ELBO curve made of?

One curve is climbed, and four things are in it: the best score that the data allow,
less three bills. You will see which of them falls when, how much of each step is
noise and what lowers it, what a wrongly weighted minibatch does, and how far the
bound lies below what it bounds.
"""

# %%
# ## One curve, three bills
#
# The run of [the first example](plot_bnn.md): forty points, 141 weights, a thousand
# steps.

import warnings
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np

import bayesian_nn as bnn
from bayesian_nn import LocalReparameterisation
from bayesian_nn.figures import (
    COLOURS,
    format_nats,
    plot_predictive,
    style,
    write_figure,
)
from bayesian_nn.objectives import (
    Flipout,
    ImportanceWeightedElbo,
    estimate_bound,
    estimate_gradient_noise,
)
from bayesian_nn.objectives.elbo import analytic_kl
from bayesian_nn.runtime import output_folder, write_numbers

SEED = 0
folder = output_folder("plot_elbo")
data = bnn.data.cosine_with_gap(seed=42)
sigma = data.noise_std
model = bnn.Model((1, 10, 10, 1), bnn.Gaussian(sigma), scaling=data.scaling)
run = bnn.fit(model, data, seed=SEED)

# %%
# With Gaussian noise the expected log-likelihood falls apart exactly. Write $m_i$ and
# $v_i$ for the mean and the variance of $f(x_i)$ under the posterior:
#
# $$\mathrm{ELBO} = \underbrace{N \log \tfrac{1}{\sigma\sqrt{2\pi}}}_{\text{ceiling}}
# - \underbrace{\sum_i \frac{(y_i - m_i)^2}{2\sigma^2}}_{\text{misfit}}
# - \underbrace{\sum_i \frac{v_i}{2\sigma^2}}_{\text{spread}}
# - \underbrace{\mathrm{KL}(q \,\Vert\, p)}_{\text{divergence}}$$
#
# The ceiling is what a curve through all points would score if it were free. The
# others are bills, in nats: for missing the points, for not being sure of the curve,
# and for having moved the weights from their prior.

at_data = bnn.prediction.predict_film(run, data.x, seed=SEED, n_draws=1000)
ceiling = -data.n_points * np.log(sigma * np.sqrt(2 * np.pi))
bills = {
    "misfit": np.sum((data.y - at_data.mean) ** 2, axis=1) / (2 * sigma**2),
    "spread": np.sum(at_data.epistemic_std**2, axis=1) / (2 * sigma**2),
    "divergence": analytic_kl(model, run.posterior, run.path).numpy(),
}
remainder = ceiling - sum(values[-1] for values in bills.values())
print(f"ceiling less the three bills {remainder:7.1f} nats")
print(f"the run's final ELBO         {run.final_elbo:7.1f}")

# %%
colours = {"misfit": "log_likelihood", "spread": "posterior", "divergence": "kl"}
with style():
    figure, axes = plt.subplots(num="bills")
for name, values in bills.items():
    label = f"{name}: {values[-1]:.0f}"
    axes.plot(
        run.recorded_steps, values, color=COLOURS[colours[name]], lw=2.4, label=label
    )
axes.set_xscale("symlog", linthresh=1, linscale=0.3)
axes.set(
    yscale="log",
    yticks=[10, 100, 1000],
    yticklabels=["10", "100", "1,000"],
    xlim=(0, run.n_steps_done),
    xticks=[0, 1, 10, 100, 1000],
    xticklabels=["0", "1", "10", "100", "1,000"],
    xlabel="training step",
    ylabel="bill in nats (down is better)",
)
axes.legend(frameon=False, title=f"at the end (ceiling: {ceiling:.0f})", loc="best")
figure.alt = (
    "Line chart of three costs over the training steps, on logarithmic axes. The "
    f"misfit falls from {bills['misfit'][0]:,.0f} to {bills['misfit'][-1]:.0f} nats, "
    f"the divergence from {bills['divergence'][0]:.0f} to "
    f"{bills['divergence'][-1]:.0f}; the spread rises from "
    f"{bills['spread'][0]:.1f}, and ends at {bills['spread'][-1]:.0f}."
)
write_figure(axes, folder / "bills.png")

# %%
# At first the ELBO is nearly all misfit, and for a while little else changes. Then the
# spread climbs while the divergence falls: wider weights are nearer to their prior,
# and make a curve that is less sure. In the end the largest by far is the divergence:
# more than the other two together.

# %%
# ## How much of a step is noise?
#
# A step sees not the gradient but an estimate of it, from a few draws of the weights.
# Hold the parameters still, estimate the gradient a thousand times, and add up the
# variances of its components. Seven ways to estimate it:
#
# - *one draw*, with the KL in closed form, is the yardstick; *five draws* the default;
# - *Monte Carlo KL* takes the KL from the same draw; *sticking the landing* then
#   leaves a part out of the gradient whose mean is zero;
# - *local reparameterisation* draws, for each point anew, what enters every unit in
#   place of the weights; *Flipout* draws weights once and turns signs for each point;
# - *importance weighting* of five draws climbs another, tighter bound (below).

LOCAL, STICK = "local repara-\nmeterisation", "sticking the\nlanding"
estimators = {
    "one draw": bnn.Elbo(1),
    "Monte Carlo KL": bnn.Elbo(1, analytic_kl=False),
    STICK: bnn.Elbo(1, analytic_kl=False, stick_the_landing=True),
    "importance\nweighting, 5": ImportanceWeightedElbo(5),
    "five draws": bnn.Elbo(5),
    "Flipout": Flipout(),
    LOCAL: LocalReparameterisation(),
}
moments = {"start": 0, "step 100": np.argmin(abs(run.recorded_steps - 100)), "end": -1}
held = run.path[list(moments.values())]
BATCH_SIZE = 8
with_batches = ("one draw", "five draws", LOCAL)
variances = {
    batch_size: {
        name: estimate_gradient_noise(
            model,
            run.posterior,
            objective,
            held,
            data,
            seed=SEED,
            n_repeats=1000,
            batch_size=batch_size,
        ).total_variance
        for name, objective in estimators.items()
        if batch_size is None or name in with_batches
    }
    for batch_size in (None, BATCH_SIZE)
}
yardstick = variances[None]["one draw"]

# %%
marks = dict(zip(moments, ("o", "s", "D"), strict=True))
hues = dict(zip(moments, ("curves", "log_likelihood", "posterior"), strict=True))
sizes = [len(found) for found in variances.values()]
with style():
    figure, panels = plt.subplots(
        2, 1, num="gradient-noise", figsize=(7.2, 7.6), sharex=True, height_ratios=sizes
    )
    titles = (f"all {data.n_points} points", f"minibatches of {BATCH_SIZE}")
    for panel, title, found in zip(panels, titles, variances.values(), strict=True):
        for index, moment in enumerate(moments):
            ratios = [values[index] / yardstick[index] for values in found.values()]
            places = np.arange(len(found)) + 0.2 * (index - 1)
            dots = {"marker": marks[moment], "color": COLOURS[hues[moment]], "ms": 7}
            panel.plot(ratios, places, ls="", label=moment, **dots)
        panel.axvline(1, color=COLOURS["reference"], lw=1, ls="--", zorder=1)
        panel.set_yticks(range(len(found)), list(found))
        panel.set(xscale="log", title=title, ylim=(len(found) - 0.5, -0.5))
        panel.grid(axis="y", alpha=0.25)
panels[1].xaxis.set_major_formatter("{x:g}")
panels[1].set_xlabel(f"variance, relative to one draw with all {data.n_points} points")
handles, labels = panels[0].get_legend_handles_labels()
figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)


def multiple(name, moment, batch_size=None):
    index = list(moments).index(moment)
    return variances[batch_size][name][index] / yardstick[index]


figure.alt = (
    "Dots of the gradient's variance for seven estimators, at the start, at step 100 "
    "and at the end of the run. With all points, those of one draw with either KL and "
    "of sticking the landing lie close together, five draws at a fifth, Flipout and "
    f"local reparameterisation lowest, the latter at {multiple(LOCAL, 'start'):.2f} at "
    f"the start and {multiple(LOCAL, 'end'):.2f} at the end. With minibatches all "
    f"three lie near {multiple(LOCAL, 'start', BATCH_SIZE):.0f} at the start, and "
    "apart at the end."
)
write_figure(panels[0], folder / "gradient-noise.png")

# %%
# With all points at hand: where the KL comes from hardly matters, for the noise is the
# likelihood's. Five draws have a fifth of the variance, at five times the work. Noise
# of its own for every point does better with a single draw, because forty errors
# average out. Sticking the landing is of little use here, and at the start does harm:
# its noise vanishes where $q$ is the exact posterior, and ours never is.
#
# With minibatches the first steps are all alike: their noise is in which points came
# up, and no way of drawing weights lowers that. Later the weights count again.

# %%
# ## N / M, exactly once
#
# A minibatch of $M$ out of $N$ points speaks for all of them: its log-likelihood
# counts $N/M$ times, and the KL once. `batch_size=8` is all you write. Here are the
# three usual mistakes, as one objective that weighs the log-likelihood once more.


@dataclass(frozen=True)
class Misweighted(bnn.Elbo):
    factor: float = 1.0

    def __call__(self, *arguments, **keywords):
        parts = super().__call__(*arguments, **keywords)
        return parts._replace(climbed=self.factor * parts.log_likelihood - parts.kl)


weight = data.n_points / BATCH_SIZE
objectives = {
    "N/M once": bnn.Elbo(),
    "N/M forgotten": Misweighted(factor=1 / weight),
    "averaged over points": Misweighted(factor=1 / data.n_points),
    "N/M twice": Misweighted(factor=weight),
}
fits, warned = {}, {}
for name, objective in objectives.items():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", bnn.FlatFitWarning)
        fits[name] = bnn.fit(
            model, data, seed=SEED, batch_size=BATCH_SIZE, objective=objective
        )
    warned[name] = len(caught) > 0

# %%
x = np.linspace(-4, 12, 401)
on_data = ((x >= 0) & (x <= 2)) | ((x >= 6) & (x <= 8))
in_gap = (x > 2) & (x < 6)
sds = {}
with style():
    figure, panels = plt.subplots(
        2, 2, num="weights", figsize=(7.2, 7), sharex=True, sharey=True
    )
    for panel, (name, fitted) in zip(panels.flat, fits.items(), strict=True):
        band = bnn.predict(fitted, x, n_draws=1000, seed=SEED)
        sds[name] = [band.epistemic_std[part].mean() for part in (on_data, in_gap)]
        plot_predictive(band, data, axes=panel, n_curves=0)
        legend = panel.get_legend()
        handles = legend.legend_handles
        labels = [text.get_text() for text in legend.get_texts()]
        legend.remove()
        title = f"{name}\nELBO {format_nats(fitted.final_elbo)}"
        panel.set(
            title=title, ylim=(-1.7, 1.9), yticks=[-1, 0, 1], xticks=[0, 4, 8, 12]
        )
        panel.label_outer()
figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False)
figure.alt = (
    "Four predictions. With N/M once, the mean follows the points. Forgotten, or with "
    "the likelihood averaged, it is a level line through their middle, in the second "
    "case with a band as tall as the data. With N/M twice the mean follows the points "
    "again, in a narrower band."
)
write_figure(panels.flat[0], folder / "weights.png")
print(f"{'':22} sd of f: on the data  in the gap  fit warned")
for name, (on_points, between) in sds.items():
    yes_or_no = "yes" if warned[name] else "no"
    print(f"{name:22} {on_points:20.3f} {between:11.3f} {yes_or_no:>11}")

# %%
# Forgotten, or with the likelihood averaged over points as training loops often do, the
# KL counts many times too much: the fit gives up the points for the prior's sake, and
# `fit` warns. Twice is the mistake that nobody sees. The mean follows the points, and
# its band there is far narrower than with the right weight, without one point more.
#
# Each mistake is the right answer to another question: with a factor $c$ before its
# likelihood, a fit takes every observation for $c$ of them. Asked on purpose that is a
# tempered bound, `Elbo(kl_weight=...)` with weight $1/c$; a weight below 1 makes what
# is called a cold posterior. It is not the ELBO. A run records the ELBO all the same,
# or the four titles could not be compared.

# %%
# ## How far below the evidence?
#
# The ELBO is a lower bound on $\log p(y)$, and lies below it by $\mathrm{KL}(q \,
# \Vert\, \text{posterior})$. Weigh $n$ draws against each other and the bound rises:
#
# $$\mathrm{ELBO} \le \mathbb{E}\Bigl[\log \frac1n \sum_{i=1}^n
# \frac{p(y, w_i)}{q(w_i)}\Bigr] \le \log p(y)$$

numbers_of_draws = 4 ** np.arange(7)
bounds = [
    estimate_bound(
        model,
        run.posterior,
        run.parameters,
        data,
        seed=SEED,
        n_draws=n_draws,
        n_repeats=2**15 // n_draws,
    )
    for n_draws in numbers_of_draws.tolist()
]
heights = np.array([each.bound for each in bounds])
errors = np.array([each.standard_error for each in bounds])
with style():
    figure, axes = plt.subplots(num="importance-weighted")
axes.errorbar(
    numbers_of_draws,
    heights,
    2 * errors,
    fmt="o-",
    color=COLOURS["posterior"],
    lw=2.2,
    ms=7,
    capsize=4,
)
axes.annotate("the ELBO", (1, heights[0]), (14, -3), textcoords="offset points")
axes.set(
    xscale="log",
    xlabel="draws n in one bound",
    ylabel="bound ± 2 standard errors, in nats (up is better)",
)
axes.set_xticks(numbers_of_draws, [f"{n:,}" for n in numbers_of_draws])
axes.minorticks_off()
figure.alt = (
    "Line chart of the importance-weighted bound against the number of draws: "
    f"{heights[0]:.0f} nats for one draw, which is the ELBO, {heights[1]:.0f} for 4, "
    f"{heights[-1]:.0f} for {numbers_of_draws[-1]:,}, and still rising."
)
write_figure(axes, folder / "importance-weighted.png")

# %%
# It has not stopped rising. So the ELBO lies further below the evidence than this
# figure is high: the Gaussian that made it is far from the posterior, and how far
# cannot be read from the curve that was climbed. More draws make a better ruler, at
# the price of the draws; they make no better posterior.

write_numbers(
    {
        "seed": SEED,
        "batch_size": BATCH_SIZE,
        "ceiling": ceiling,
        "misfit": bills["misfit"][-1],
        "spread": bills["spread"][-1],
        "divergence": bills["divergence"][-1],
        "elbo": run.final_elbo,
        "variance_five_draws": multiple("five draws", "end"),
        "variance_flipout_start": multiple("Flipout", "start"),
        "variance_flipout_end": multiple("Flipout", "end"),
        "variance_local_start": multiple(LOCAL, "start"),
        "variance_local_end": multiple(LOCAL, "end"),
        "variance_stick_start": multiple(STICK, "start"),
        "variance_stick_end": multiple(STICK, "end"),
        "variance_batch_start": multiple("one draw", "start", BATCH_SIZE),
        "variance_batch_local_start": multiple(LOCAL, "start", BATCH_SIZE),
        "elbo_once": fits["N/M once"].final_elbo,
        "elbo_forgotten": fits["N/M forgotten"].final_elbo,
        "elbo_averaged": fits["averaged over points"].final_elbo,
        "elbo_twice": fits["N/M twice"].final_elbo,
        "sd_on_data_once": sds["N/M once"][0],
        "sd_on_data_twice": sds["N/M twice"][0],
        "n_draws_most": numbers_of_draws[-1],
        "bound_one": heights[0],
        "bound_most": heights[-1],
    },
    folder / "numbers.json",
)
