"""
# Two moons, by eight methods

Two moons in the plane, and one small network that tells them apart. You will see where
the exact posterior is unsure, by long Hamiltonian Monte Carlo, and seven methods
compared with it. They agree on the moons; far from the data only some of them doubt.
"""

# %%
# Two hundred points, two classes, and a model: two hidden layers of ten tanh units, a
# standard normal prior for every weight and bias, and the softmax of two outputs.

import time

import matplotlib.pyplot as plt
import numpy as np

import bayesian_nn as bnn
from bayesian_nn.browser import write_plane_record
from bayesian_nn.figures import (
    COLOURS,
    DOUBT,
    PROBABILITY,
    bar_look,
    draw_plane_film,
    plane_grid,
    plot_doubt_map,
    plot_probability_map,
    style,
    write_figure,
    write_film,
)
from bayesian_nn.runtime import output_folder, write_numbers

SEED, N_DRAWS = 0, 1000
LIMITS = ((-4, 5), (-3.5, 4))
folder = output_folder("plot_moons")
data = bnn.data.two_moons(seed=SEED)
model = bnn.Model((2, 10, 10, 2), bnn.Categorical(2), scaling=data.scaling)
grid = plane_grid(LIMITS, n_across=51)
unseen = bnn.data.two_moons(seed=1, n_points=1000)
print(f"{model.n_weights} weights and biases, {len(grid):,} places in the plane")

# %%
# ## An ordinary network
#
# First, training as usual: one network, weight decay, the best of eight starts. In the
# posterior's terms it is the mode (MAP).

seconds = {}


def timed(name, infer):
    start = time.perf_counter()
    result = infer()
    seconds[name] = time.perf_counter() - start
    return result


mode = timed("ordinary network", lambda: bnn.find_map(model, data, seed=SEED))
ordinary = bnn.predict(mode, grid, n_draws=1, seed=SEED)
certain = np.mean(ordinary.mean.max(axis=1) > 0.99)
with style():
    figure, axes = plt.subplots(num="ordinary", figsize=(7.2, 5.2))
plot_probability_map(grid, ordinary, data, axes=axes)
figure.alt = (
    "Map of the plane around two moons. One narrow white line winds between them and "
    f"runs on to the edges. On either side, in {certain:.0%} of the plane, the "
    "ordinary network gives one class more than 0.99."
)
write_figure(axes, folder / "ordinary.png")
print(f"one class has more than 0.99 in {certain:.0%} of the plane")

# %%
# It separates the moons well. But its border leaves them as a straight line, just as
# sharp where no point has ever been. The data say little about where that line should
# run, and a single set of weights cannot express that.
#
# ## The posterior
#
# So keep all the weights that the data and the prior allow, in proportion to their
# posterior density. For a network this small, Hamiltonian Monte Carlo (HMC) draws
# from the posterior itself. Convergence is judged by the logits, over the whole plane:
# R-hat should be at most 1.01.

chains = bnn.sampling.reference_chains(model, data, seed=SEED, n_draws=160)
checked = bnn.sampling.function_space_convergence(
    chains, plane_grid(LIMITS, n_across=13)
)
n_hmc = chains.latents.shape[0] * chains.latents.shape[1]
ess = min(checked.ess_bulk.min(), checked.ess_tail.min())
print(f"{n_hmc:,} draws, {chains.n_divergences} divergences")
print(f"worst R-hat {checked.r_hat.max():.3f}, smallest ESS {ess:,.0f}")
places = np.concatenate([grid, unseen.x])
truth = bnn.predict(chains, places, n_draws=4000, seed=SEED)


def on_grid(prediction):
    probabilities = prediction.probabilities[:, : len(grid)]
    return bnn.predictions.ClassPrediction(probabilities)


def add_legend(figure, panels, kind, **look):
    """Adds what the markers mean above the panels, and a colour bar below them."""
    handles, labels = panels[0].get_legend_handles_labels()
    if not figure.legends:
        place = {"loc": "outside upper left", "ncols": 2, "frameon": False}
        figure.legend(
            handles, labels, markerscale=6 / handles[0].get_markersize(), **place
        )
    bar = {"location": "bottom", "aspect": 30} | look
    figure.colorbar(panels[0].images[0], ax=panels, **bar, **bar_look(kind))


def two_maps(name, places, prediction):
    """Draws both maps side by side, and returns their figure and its first axes."""
    with style():
        figure, (left, right) = plt.subplots(
            1, 2, num=name, figsize=(7.2, 4.3), sharey=True
        )
    plot_probability_map(places, prediction, data, axes=left, legend=False)
    plot_doubt_map(places, prediction, data, axes=right, legend=False)
    right.set(ylabel=None)
    add_legend(figure, [left], PROBABILITY)
    add_legend(figure, [right], DOUBT)
    return figure, left


figure, axes = two_maps("posterior", grid, on_grid(truth))
figure.alt = (
    "Two maps by HMC. Left, the probability of class 1: a winding border between the "
    "moons, which fans out into two wedges of pale colours away from them. Right, the "
    "epistemic part: near zero on the moons, dark in those two wedges."
)
write_figure(axes, folder / "posterior.png")

# %%
# On the moons the draws agree. Beyond their ends every draw continues the border in
# another direction, and the posterior is unsure in two wedges that open outwards. The
# right map shows that disagreement, in nats: the epistemic part of the entropy, what
# knowing the weights would tell about the class. Above one moon and below the other
# nearly all draws agree, even far away: that is this model's belief, not a fact. And
# single draws are confident inside the wedges too, each of its own class.

of_truth = on_grid(truth)
p_truth = of_truth.probabilities[..., 1]
in_wedges = p_truth[:, of_truth.epistemic > 0.3]
confident = np.mean(np.maximum(in_wedges, 1 - in_wedges) > 0.9)
print(f"in the wedges {confident:.0%} of the draws give one class more than 0.9")

# %%
# ## Seven methods, and their distance
#
# Each method gives draws of the probability of class 1. At one place, its distance
# from HMC is the Wasserstein-2 distance between its draws and HMC's: 0 for equal
# distributions, and at most 1. We average it over three regions: *near* the data,
# within 0.3 of a point; *between* the moons, where the distances to the two classes
# differ by at most 0.15 and are at most 0.75; and *far*, at least 1.5 from every point.


def distance_to(points):
    return np.min(np.linalg.norm(grid[:, None] - points, axis=2), axis=1)


to_0, to_1 = (distance_to(data.x[data.y == label]) for label in (0, 1))
to_data = np.minimum(to_0, to_1)
regions = {
    "near": to_data <= 0.3,
    "between": (abs(to_0 - to_1) <= 0.15) & (np.maximum(to_0, to_1) <= 0.75),
    "far": to_data >= 1.5,
}
methods, pictures = [], {"HMC": of_truth}


def by_region(name, values):
    return {f"{name}_{region}": values[at].mean() for region, at in regions.items()}


def score(name, prediction, code):
    own = on_grid(prediction)
    p = own.probabilities[..., 1]
    distance = by_region("distance", bnn.scores.wasserstein2(p, p_truth))
    std, of_hmc = by_region("sd", p.std(axis=0)), by_region("sd", p_truth.std(axis=0))
    width = {f"width_{at}": std[f"sd_{at}"] / of_hmc[f"sd_{at}"] for at in regions}
    log_loss = -prediction.log_density(np.append(0 * to_data, unseen.y))[len(grid) :]
    row = {"name": name, "code": code, "log_loss": log_loss.mean()}
    row |= distance | width | by_region("doubt", own.epistemic)
    methods.append(row)
    pictures[name] = own
    apart = ", ".join(f"{at} {row[f'distance_{at}']:.3f}" for at in regions)
    print(f"{name:20} distance from HMC: {apart}; width far {row['width_far']:.2f}")


def trial(name, infer, code):
    result = timed(name, infer)
    score(name, bnn.predict(result, places, n_draws=N_DRAWS, seed=SEED), code)
    return result


# %%
# ## Points, and ensembles of points
#
# The ordinary network again. A deep ensemble: 64 networks from 64 starts. An anchored
# ensemble: the same, but each member's prior is centred on its own draw from the
# prior. And Monte Carlo dropout: one network whose hidden units are dropped at random.

code = "points-and-ensembles-of-points"
score("ordinary network", bnn.predict(mode, places, n_draws=1, seed=SEED), code)
trial(
    "deep ensemble",
    lambda: bnn.fit_ensemble(model, data, seed=SEED, anchored=False),
    code,
)
trial("anchored ensemble", lambda: bnn.fit_ensemble(model, data, seed=SEED), code)
trial("dropout", lambda: bnn.fit_dropout(model, data, seed=SEED), code)

# %%
# ## Gaussians
#
# Laplace's approximation at the mode, with the network linearised there. Then
# variational inference: an independent Gaussian for each weight (mean-field), the best
# of eight starts, and one Gaussian with all correlations.

code = "gaussians"
laplace = timed("Laplace, linearised", lambda: bnn.fit_laplace(model, data, mode))
seconds["Laplace, linearised"] += seconds["ordinary network"]
tangent = bnn.predict_linearised(laplace, places, n_draws=N_DRAWS, seed=SEED)
score("Laplace, linearised", tangent, code)
film_steps = np.unique(np.geomspace(1, 1000, 70).round().astype(int))
mean_field = trial(
    "mean-field VI",
    lambda: bnn.fit(
        model,
        data,
        seed=SEED,
        n_steps=1000,
        n_restarts=8,
        record_at=[0, *film_steps],
    ),
    code,
)
trial(
    "full-covariance VI",
    lambda: bnn.fit(
        model,
        data,
        seed=SEED,
        n_steps=2000,
        posterior=bnn.FullCovariance(),
        record_at=[],
    ),
    code,
)
methods.sort(key=lambda row: row["distance_far"])

# %%
# ## What each predicts
#
# The probability of class 1, HMC first, then the nearest to it far from the data.


def small_multiples(name, plot, kind):
    with style():
        figure, panels = plt.subplots(
            2, 4, num=name, figsize=(7.2, 4.9), sharex=True, sharey=True
        )
    for axes, title in zip(panels.flat, order, strict=True):
        plot(grid, pictures[title], data, axes=axes, legend=False)
        axes.set_title(title, fontsize=10)
        axes.set(xticks=[-4, 0, 4], yticks=[-3, 0, 3])
        axes.label_outer()
        for points in axes.lines:
            points.set(markersize=2, markeredgewidth=0.25)
    add_legend(figure, panels.ravel(), kind, shrink=0.6)
    return figure, panels[0, 0]


order = ["HMC", *(row["name"] for row in methods)]
figure, axes = small_multiples("probabilities", plot_probability_map, PROBABILITY)
figure.alt = (
    "Eight maps of the probability of class 1, in this order: "
    + ", ".join(order)
    + ". "
    "On the moons all look alike. Beyond their ends some fan out as HMC does, "
    "and others keep a sharp border up to the edges."
)
write_figure(axes, folder / "probabilities.png")

# %%
# On the moons they hardly differ. Beyond them they do: some borders fan out, others
# stay sharp up to the edge.
#
# ## Where each doubts
#
# The same eight, but the epistemic part only.

figure, axes = small_multiples("doubts", plot_doubt_map, DOUBT)
figure.alt = (
    "Eight maps of the epistemic part, in this order: " + ", ".join(order) + ". HMC's "
    "has two dark wedges that open outwards. Those of other methods are narrower or "
    "missing, and the ordinary network's map is empty."
)
write_figure(axes, folder / "doubts.png")

# %%
# The anchored ensemble has nearly HMC's two wedges. Those of linearised Laplace and of
# variational inference are narrower. The deep ensemble and dropout show almost
# nothing: all members, and all draws, continue the border in nearly the same
# direction. The ordinary network cannot doubt at all.
#
# ## How doubt grows with distance
#
# The epistemic part, averaged over all places at the same distance from the nearest
# point.

edges = np.linspace(0, 3, 13)
bins = np.digitize(to_data, edges) - 1
middles = (edges[1:] + edges[:-1]) / 2
colours = ("posterior", "curves", "truth", "log_likelihood", "kl")
with style():
    figure, axes = plt.subplots(num="doubt-by-distance", figsize=(7.2, 4.4))
for rank, name in enumerate(order):
    doubt = pictures[name].epistemic
    means = [doubt[bins == number].mean() for number in range(len(middles))]
    colour = COLOURS[colours[(rank - 1) % len(colours)]]
    # The colours begin anew after five lines.
    look = {"color": colour, "ls": "-" if rank <= len(colours) else "--", "lw": 1.8}
    if name == "HMC":
        look = {"color": COLOURS["reference"], "lw": 6, "alpha": 0.6}
    axes.plot(middles, means, label=name, clip_on=False, **look)
axes.set(
    xlabel="distance from the nearest point, in x's units", ylabel=DOUBT, xlim=(0, 3)
)
axes.set_ylim(0, None)
axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize=10)
figure.alt = (
    "Line chart of the mean epistemic part against the distance from the data. HMC's "
    "grows with the distance, and so does the anchored ensemble's. Variational "
    "inference begins above HMC and, like Laplace, ends well below it. The deep "
    "ensemble, dropout and the ordinary network stay near zero."
)
write_figure(axes, folder / "doubt-by-distance.png")


def times(name):
    row = next(row for row in methods if row["name"] == name)
    return 1 / row["width_far"]


for name in order[1:]:
    if name != "ordinary network":  # One set of weights has no spread.
        print(f"{name:20} overconfident {times(name):.1f} times, far from the data")

# %%
# Farther out HMC is less sure, and only the anchored ensemble keeps up with it.
# Variational inference is underconfident near the data, and overconfident far away.
# *Overconfident* is HMC's mean standard deviation of p(class 1) over the method's.
#
# ## How far from HMC
#
# The distances by region. Dotted, for comparison: the distance between two sets of
# HMC's draws, below which no method can be told from HMC.

floor = by_region(
    "floor", bnn.scores.wasserstein2(p_truth[:N_DRAWS], p_truth[N_DRAWS:])
)
marks = {
    "near": ("near the data", "o", "truth"),
    "between": ("between the moons", "D", "posterior"),
    "far": ("far from the data", "s", "curves"),
}
with style():
    figure, axes = plt.subplots(num="distances", figsize=(7.2, 4.4))
for region, (label, mark, colour) in marks.items():
    distances = [row[f"distance_{region}"] for row in methods]
    look = {"color": COLOURS[colour], "ms": 7, "label": label}
    axes.plot(distances, range(len(methods)), mark, **look)
    axes.axvline(floor[f"floor_{region}"], color=COLOURS[colour], ls=":", lw=1)
axes.set_yticks(range(len(methods)), [row["name"] for row in methods])
axes.set(
    xscale="log",
    xlabel="distance from HMC, in probability\n(dotted: two sets of HMC's draws)",
)
ticks = [0.01, 0.02, 0.05, 0.1, 0.2]
axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
axes.minorticks_off()
axes.invert_yaxis()
axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1), ncols=3, frameon=False)
figure.alt = (
    "Dot chart of each method's distance from HMC near the data, between the moons and "
    "far away, on a logarithmic axis, sorted by the distance far away: "
    + ", ".join(order[1:])
    + "."
)
write_figure(axes, folder / "distances.png")
print(f"nearest to HMC far from the data: {methods[0]['name']}")

# %%
# Near the data every method is closer to HMC than far away, and the order is another:
# linearised Laplace is the nearest there. A test on held-out points of the same two
# moons would not reveal which method to trust in the rest of the plane.
#
# ## A map that learns
#
# Last, both maps while mean-field inference learns: as a film, and as a record that
# [the post](../blog/posts/where-should-a-classifier-be-unsure.md) plays. All frames
# share the same noise, so that only the posterior moves.

coarse = plane_grid(LIMITS, n_across=37)
frames = [
    bnn.predict(mean_field, coarse, n_draws=200, seed=SEED, recorded=frame)
    for frame in range(len(mean_field.recorded_steps))
]
figure, axes = two_maps("learned", coarse, frames[-1])
figure.alt = (
    "Two maps of what mean-field inference has learned: the probability of class 1, "
    "and the epistemic part, dark along the border and beyond the moons' ends."
)
write_figure(axes, folder / "learned.png")
write_plane_record(
    folder / "learning.bin",
    run=mean_field,
    grid=coarse,
    predictions=frames,
    data=data,
)
write_film(
    draw_plane_film(coarse, frames, mean_field, data),
    folder / "learning",
    alt=(
        "Two maps over the plane while mean-field inference learns: the probability "
        "of class 1 and the epistemic part. From an arbitrary map without doubt a "
        "straight border emerges. It bends around the moons, and doubt opens along it. "
        "Underneath, a cursor follows the ELBO."
    ),
)

doubts = np.array([frame.epistemic.max() for frame in frames])
steps = mean_field.recorded_steps
last_without_doubt = steps[np.flatnonzero(doubts < 0.05)[-1]]
first_in_doubt = steps[np.flatnonzero(doubts > 0.5)[0]]
print(
    f"epistemic part below 0.05 nats everywhere until step {last_without_doubt}, above "
    f"0.5 nats somewhere from step {first_in_doubt} on"
)

numbers = {
    "seed": SEED,
    "n_points": data.n_points,
    "n_weights": model.n_weights,
    "n_methods": len(methods),
    "n_draws_hmc": n_hmc,
    "r_hat": checked.r_hat.max(),
    "ess": ess,
    "n_divergences": chains.n_divergences,
    "certain_ordinary": certain,
    "confident_in_wedges": confident,
    "certain_hmc": np.mean(of_truth.mean.max(axis=1) > 0.99),
    "log_loss_hmc": -truth.log_density(np.append(0 * to_data, unseen.y))[
        len(grid) :
    ].mean(),
    "elbo_mean_field": mean_field.final_elbo,
    "last_step_without_doubt": int(last_without_doubt),
    "first_step_in_doubt": int(first_in_doubt),
    "nearest": methods[0]["name"],
    "methods": methods,
    "times_anchored": times("anchored ensemble"),
    "times_full_covariance": times("full-covariance VI"),
    "times_laplace": times("Laplace, linearised"),
    "times_mean_field": times("mean-field VI"),
    "times_deep": times("deep ensemble"),
    "times_dropout": times("dropout"),
    **by_region("doubt_hmc", of_truth.epistemic),
    **floor,
}
write_numbers(numbers, folder / "numbers.json")
write_numbers(seconds, folder / "timings.json")

# %%
# The table of these numbers is on [How to
# choose](../how-to-choose.md#the-methods-on-two-moons).
