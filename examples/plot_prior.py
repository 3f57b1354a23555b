"""
# What does the network believe before it has seen anything?

A prior on weights is a belief about functions, but nobody reads it off the weights.
You will see the functions that the post's prior believes in, what width, activation,
depth and the prior's sd do to them, and two pictures that are often taken for the
prior and are not.
"""

# %%
# ## The prior of the first example
#
# Every weight and every bias is standard normal. Draw all of them, and you have drawn
# a function. No data are needed, and no training.

import matplotlib.pyplot as plt
import numpy as np

import bayesian_nn as bnn
from bayesian_nn.figures import COLOURS, style, write_figure
from bayesian_nn.runtime import output_folder, write_numbers

SEED = 0
folder = output_folder("plot_prior")
data = bnn.data.cosine_with_gap(seed=42)
x = np.linspace(-4, 12, 201)


def network(*hidden, prior_std=1.0, activation="tanh"):
    return bnn.Model(
        layer_sizes=(1, *hidden, 1),
        likelihood=bnn.Gaussian(data.noise_std),
        prior=bnn.GaussianPrior(prior_std),
        activation=activation,
        scaling=data.scaling,
    )


def prior_predictive(model, n_draws=1000):
    return bnn.predict_prior(model, x, n_draws=n_draws, seed=SEED)


def draw_functions(axes, prediction, n_curves=12):
    """Curves of f, the band of ± 2 sd around its mean, and the data for their size."""
    mean, sd = prediction.mean, prediction.epistemic_std
    axes.fill_between(
        x,
        mean - 2 * sd,
        mean + 2 * sd,
        color=COLOURS["posterior"],
        alpha=0.2,
        lw=0,
        label="± 2 sd of f",
    )
    axes.plot(x, prediction.draws[:n_curves].T, color=COLOURS["curves"], lw=1)
    axes.lines[-1].set_label("draws of f")
    axes.plot(data.x, data.y, "o", color=COLOURS["truth"], ms=3, mew=0, label="data")


post = network(10, 10)
prior = prior_predictive(post, n_draws=4000)
sd_of_prior, sd_of_data = prior.epistemic_std.mean(), data.y.std()
print(f"sd of f under the prior {sd_of_prior:.2f}, averaged over x")
print(f"sd of y in the data     {sd_of_data:.2f}")

# %%
with style():
    figure, axes = plt.subplots(num="prior")
    draw_functions(axes, prior)
axes.set(xlabel="x", ylabel="f", xlim=(x[0], x[-1]))
axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=3, frameon=False)
figure.alt = (
    f"Twelve functions drawn from the prior, between {prior.draws[:12].min():.0f} and "
    f"{prior.draws[:12].max():.0f}, and a nearly level band of two standard "
    f"deviations. The data, all between {data.y.min():.1f} and {data.y.max():.1f}, "
    "look small in it."
)
write_figure(axes, folder / "prior.png")

# %%
# The curves are smooth, bend twice or so, and most run level towards the ends. And
# they are large: the prior believes in functions several times the size of the data.
#
# ## Two pictures that are not the prior
#
# Training begins somewhere, with an *initial posterior*: a mean and an sd for every
# weight. Draw functions from that, and the picture looks like a prior. The "prior
# draws" of Edward's tutorial, which the original post admired, were such draws
# ([edward#810](https://github.com/blei-lab/edward/issues/810)). Here are the prior,
# the start of 2016 (means from N(0, 1), sds from softplus(N(0, 1))), and the small
# start of this library.

family = bnn.MeanField()
rng = np.random.default_rng(SEED)
means = rng.normal(size=(1, post.n_latents))
stds = np.logaddexp(0, rng.normal(size=(1, post.n_latents)))  # softplus
starts = {
    "the start of 2016": family.parameters(means, stds),
    "a small start": family.initial(post, seed=SEED),
}
noise = rng.normal(size=(4000, post.n_latents))
believed = {"the prior": prior}
for name, start in starts.items():
    mean, rho = np.split(start, 2, axis=1)
    latents = mean + np.logaddexp(0, rho) * noise
    believed[name] = bnn.prediction.predict_draws(post, latents, x)
spreads = {name: each.epistemic_std.mean() for name, each in believed.items()}
shifts = {name: np.ptp(each.mean) for name, each in believed.items()}
for name in believed:
    print(
        f"{name:17}  sd of f {spreads[name]:.2f}, its mean moves by {shifts[name]:.2f}"
    )

# %%
with style():
    figure, panels = plt.subplots(
        1, 3, num="not-the-prior", figsize=(7.2, 4), sharey=True
    )
    for panel, (name, prediction) in zip(panels, believed.items(), strict=True):
        draw_functions(panel, prediction)
        panel.plot(x, prediction.mean, color=COLOURS["posterior"], lw=2.2, label="mean")
        panel.set(title=name, xlabel="x", xlim=(x[0], x[-1]))
panels[0].set_ylabel("f")
handles, names = panels[0].get_legend_handles_labels()
figure.legend(handles, names, loc="outside lower center", ncols=4, frameon=False)
figure.alt = (
    "Three panels of functions. The prior's spread widely around a level mean at "
    "zero. Those of the start of 2016 spread around a mean of its own that is not "
    "level. Those of a small start are one curve."
)
write_figure(panels[0], folder / "not-the-prior.png")

# %%
# The prior has no favourite: its mean is level at zero, but for the chance of the
# draws. Either start has one, and another seed would give it another. The start of
# 2016 hides that under the noise of its sds; of the small start all curves are one.
# Both are places to begin a climb, and not what the model believes.
#
# ## Width makes a standard normal prior shout
#
# Each unit adds its part to the output, so the sd of f grows like the square root of
# the width: times two for four times as many units. Divide each weight's sd by the
# root of the number of its inputs, and the growth is gone. `prior_std` takes a pair
# for each layer, of its weights and of its biases.


def scaled_by_fan_in(*hidden, std=1.0):
    return [(std / np.sqrt(n_in), std) for n_in in (1, *hidden)]


widths = [2, 4, 8, 16, 32, 64, 128]
by_width = {
    "every weight N(0, 1)": [
        prior_predictive(network(width, width)).epistemic_std.mean() for width in widths
    ],
    "weights N(0, 1 / fan-in)": [
        prior_predictive(
            network(width, width, prior_std=scaled_by_fan_in(width, width))
        ).epistemic_std.mean()
        for width in widths
    ],
}
with style():
    figure, axes = plt.subplots(num="width")
for (name, sds), colour in zip(
    by_width.items(), (COLOURS["log_likelihood"], COLOURS["posterior"]), strict=True
):
    axes.plot(widths, sds, "o-", color=colour, lw=2.2, label=name)
axes.axhline(sd_of_data, color=COLOURS["reference"], ls="--", lw=1.3)
axes.text(
    widths[-1],
    sd_of_data * 1.05,
    "sd of y in the data",
    color=COLOURS["reference"],
    fontsize="small",
    ha="right",
)
axes.set(
    xscale="log",
    yscale="log",
    xlabel="units in each of two hidden layers",
    ylabel="sd of f under the prior, averaged over x",
)
axes.set_xticks(widths, map(str, widths))
axes.set_yticks(ticks := [0.5, 1, 2, 5, 10], map(str, ticks))
axes.minorticks_off()
axes.legend(frameon=False, loc="upper left")
growth = {name: sds[-1] / sds[-3] for name, sds in by_width.items()}
first, second = by_width
figure.alt = (
    "Line chart of the prior's sd of f against the width, both logarithmic. With "
    f"standard normal weights it climbs from {by_width[first][0]:.1f} to "
    f"{by_width[first][-1]:.1f}; with sds scaled by the fan-in it stays between "
    f"{min(by_width[second]):.1f} and {max(by_width[second]):.1f}."
)
write_figure(axes, folder / "width.png")
for name, times in growth.items():
    print(f"{name:25} from {widths[-3]} to {widths[-1]} units: times {times:.2f}")

# %%
# A wider network with standard normal weights has another prior, a louder one: who
# compares widths compares priors. Scaled by the fan-in, the sd stays where it was.
#
# ## Activation and depth choose the shape
#
# Three activations, and one, two or four hidden layers of thirty units, all with
# weights scaled by the fan-in. Over each panel stands how far a function ranges, from
# its lowest to its highest value, on average.

activations, depths = ("tanh", "relu", "sin"), (1, 2, 4)
ranges = {}
with style():
    figure, panels = plt.subplots(
        3, 3, num="shapes", figsize=(7.2, 7), sharex=True, sharey=True
    )
    for row, activation in zip(panels, activations, strict=True):
        for panel, depth in zip(row, depths, strict=True):
            hidden = [30] * depth
            model = network(
                *hidden, prior_std=scaled_by_fan_in(*hidden), activation=activation
            )
            prediction = prior_predictive(model)
            draw_functions(panel, prediction, n_curves=8)
            ranges[activation, depth] = np.ptp(prediction.draws, axis=1).mean()
            layers = f"{depth} layer{'s' if depth > 1 else ''}"
            title = f"{activation}, {layers}: range {ranges[activation, depth]:.1f}"
            panel.set_title(title, fontsize=10)
        row[0].set_ylabel("f")
for panel in panels[-1]:
    panel.set_xlabel("x")
panels[0, 0].set(xlim=(x[0], x[-1]), ylim=(-4.5, 4.5))
handles, names = panels[0, 0].get_legend_handles_labels()
figure.legend(handles, names, loc="outside lower center", ncols=3, frameon=False)
figure.alt = (
    "Nine panels of functions drawn from the prior, by activation and by depth. Those "
    "of tanh and sin are smooth, in a level band; those of relu have corners, and "
    "with one hidden layer a band that widens to both sides. From left to right, with "
    "depth, all become flatter."
)
write_figure(panels[0, 0], folder / "shapes.png")

# %%
# Under relu the functions go on as lines, so that the band widens away from the
# middle; under tanh and sin it is level. And depth flattens: with these sds every
# further layer takes away more of what the last one told apart, while the band stays
# nearly as wide. Four layers of tanh come close to believing in constants.

# %%
# ## The prior's sd sets how often a function bends
#
# Leave the layers into the output as they were, and change the sd of the weights and
# biases into the first hidden layer alone.

first_stds = (0.5, 1, 3, 10)


def bends(prediction):
    """How often f changes direction along x, on average over the draws."""
    rising = np.diff(prediction.draws, axis=1) > 0
    return np.mean(np.sum(rising[:, 1:] != rising[:, :-1], axis=1))


n_bends = {}
with style():
    figure, panels = plt.subplots(
        1, len(first_stds), num="bends", figsize=(7.2, 4), sharex=True, sharey=True
    )
    for panel, std in zip(panels, first_stds, strict=True):
        pairs = scaled_by_fan_in(30, 30)
        model = network(30, 30, prior_std=[(std, std), *pairs[1:]])
        prediction = prior_predictive(model)
        draw_functions(panel, prediction, n_curves=6)
        n_bends[std] = bends(prediction)
        panel.set_title(f"sd {std}: {n_bends[std]:.1f} bends", fontsize=10)
        panel.set_xlabel("x")
panels[0].set(ylabel="f", xlim=(x[0], x[-1]), ylim=(-3.2, 3.2))
handles, names = panels[0].get_legend_handles_labels()
figure.legend(handles, names, loc="outside lower center", ncols=3, frameon=False)
figure.alt = (
    "Four panels of functions, with first-layer sds of "
    f"{', '.join(map(str, first_stds))}. The curves turn from nearly straight lines "
    f"into restless ones: {n_bends[first_stds[0]]:.1f} bends on average at first, "
    f"{n_bends[first_stds[-1]]:.1f} at last. The band stays nearly as it is."
)
write_figure(panels[0], folder / "bends.png")
for std, n in n_bends.items():
    print(f"first layer's sd {std:4}: f changes direction {n:.1f} times")

# %%
# The band hardly changes, the number of bends does: this is the knob for how quickly
# a function may vary. How often should it bend? The post's prior says this:

turns_of_cosine = bends(
    bnn.predictions.Prediction(x[:, None], np.cos(x)[None], np.ones(1))
)
print(f"the post's prior: f changes direction {bends(prior):.1f} times")
print(f"the cosine                           {turns_of_cosine:4.1f} times")

# %%
# It believes in larger and calmer functions than the cosine. Where there are data
# they overrule it; where there are none, it is all there is. So draw from the prior
# first: a dozen curves say more than its sd.
write_numbers(
    {
        "sd_of_prior": sd_of_prior,
        "sd_of_data": sd_of_data,
        "sd_of_start_2016": spreads["the start of 2016"],
        "sd_of_small_start": spreads["a small start"],
        "width_smaller": widths[-3],
        "width_larger": widths[-1],
        "growth_standard_normal": growth[first],
        "growth_scaled": growth[second],
        "turns_of_cosine": turns_of_cosine,
        "bends_of_prior": bends(prior),
        "range_tanh_1_layer": ranges["tanh", 1],
        "range_tanh_4_layers": ranges["tanh", 4],
        **{f"bends_sd_{std:g}".replace(".", "_"): n for std, n in n_bends.items()},
    },
    folder / "numbers.json",
)
