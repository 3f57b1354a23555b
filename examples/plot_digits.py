"""
# Which digits is it unsure of?

A small network reads handwritten digits of eight by eight pixels, with a distribution
over every weight. You will see it learn, prove too cautious and be cured of that; the
digits that it cannot make out; and what it says of images that are no digits.
"""

# %%
# ## Digits of other people
#
# The images come with scikit-learn. They stand in the order of their writers, as the
# labels give away: each writer filled in the same form.

import matplotlib.pyplot as plt
import numpy as np
from sklearn.neural_network import MLPClassifier

import bayesian_nn as bnn
from bayesian_nn.data import split
from bayesian_nn.figures import (
    COLOURS,
    draw_class_film,
    draw_image,
    plot_digits,
    plot_elbo_parts,
    plot_entropies,
    plot_learning,
    style,
    write_figure,
    write_film,
)
from bayesian_nn.prediction import predict_draws
from bayesian_nn.runtime import output_folder, write_numbers

SEED, N_DRAWS = 0, 100
folder = output_folder("plot_digits")
digits = bnn.data.load_digits()
for first in (0, 130, 776, 1287):
    print(f"image {first:4} and on: ", *digits.labels[first : first + 32])

# %%
# Shuffled, they would test a network on hands that it has learned from. So we divide
# between writers: the first are to learn from, the next to choose settings on, and
# the last for the test, on which nothing is chosen.

known, test = split(digits, digits.n_images - 1287)
train, validation = split(known, 1287 - 776)
parts = {"train": train, "validation": validation, "test": test}
for name, part in parts.items():
    print(f"{name:10} {part.n_images} images")
with style():
    figure, panels = plt.subplots(3, 8, num="digits", figsize=(7.2, 3.1))
for row, (name, part) in zip(panels, parts.items(), strict=True):
    for axes, image in zip(row, part.images, strict=False):
        draw_image(image, axes)
        axes.set(xlim=(0, 1), ylim=(0, 1), aspect="equal", xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    row[0].set_ylabel(name)
figure.alt = (
    "Three rows of eight digits, 0 to 7, of eight by eight grey pixels: one writer's "
    "of the training part, one's of the validation part, one's of the test part."
)
write_figure(panels[0, 0], folder / "digits.png")

# %%
# ## A distribution over every weight
#
# A hidden layer of fifty units, and before any data a standard normal distribution
# for every weight and bias. Ten outputs become the probabilities of the classes
# (softmax). The images come in batches, in each of which the log-likelihood counts
# for all images and the divergence from the prior (KL) once.


def fit(data, prior, kl_weight=1.0):
    return bnn.fit(
        bnn.Model((64, 50, 10), bnn.Categorical(10), prior=prior, activation="relu"),
        data,
        seed=SEED,
        n_epochs=50,
        batch_size=128,
        kl_warmup=0.5,
        objective=bnn.LocalReparameterisation(kl_weight=kl_weight),
        optimizer=bnn.Adam(bnn.WarmupCosine(0.03, warmup=0.05), beta2=0.999),
    )


prior = bnn.GaussianPrior(1.0)
run = fit(train, prior)
print(f"{run.model.n_weights:,} weights and biases, {run.n_steps_done} steps")

# %%
# The climb of the ELBO, epoch by epoch, and the share of digits that the average of
# twenty draws of the weights misreads.


def errors_along(run, data, recorded):
    return [
        bnn.scores.error_rate(
            bnn.predict(run, data.images, n_draws=20, seed=SEED, recorded=each).mean,
            data.labels,
        )
        for each in recorded
    ]


def spread(run, n):
    """The places of `n` of the recorded steps, first and last among them."""
    return np.linspace(0, len(run.recorded_steps) - 1, n).round().astype(int)


def by_epoch(values):
    return values.reshape(-1, run.steps_per_epoch).mean(axis=1)


recorded = spread(run, 21)
curves = {
    name: 100 * np.array(errors_along(run, parts[name], recorded))
    for name in ("validation", "train")
}
with style():
    figure, (top, bottom) = plt.subplots(2, 1, num="learning", figsize=(7.2, 6.6))
plot_elbo_parts(
    1 + np.arange(run.n_steps_done // run.steps_per_epoch),
    by_epoch(run.log_likelihood),
    by_epoch(run.kl),
    n_images=train.n_images,
    axes=top,
)
plot_learning(run.epochs[recorded], curves, axes=bottom, name="error (%)")
figure.alt = (
    "Above, the ELBO and its parts over the epochs, in nats per training image: the "
    "log-likelihood leaps up within a few epochs and sinks a little again; the "
    "divergence falls, and the ELBO climbs with it. Below, the errors on training and "
    f"validation part, which end at {curves['train'][-1]:.1f} and "
    f"{curves['validation'][-1]:.1f} percent."
)
write_figure(top, folder / "learning.png")

# %%
# The log-likelihood leaps up. Then the KL, whose weight rises along a line over the
# first half of the steps, makes the network shed what it need not know, and the
# log-likelihood sinks a little again. In the end the divergence is most of the price.
#
# ## Too cautious
#
# Is it worth averaging over draws of the weights? Against the average stands the
# network whose weights are the posterior's means, and nothing besides.


def averaged(run, images):
    return bnn.predict(run, images, n_draws=N_DRAWS, seed=SEED)


def by_means(run, images):
    means, _ = run.moments()
    return predict_draws(run.model, means[None], images)


def scores(prediction, data):
    return {
        "error": bnn.scores.error_rate(prediction.mean, data.labels),
        "log_loss": bnn.scores.log_loss(prediction.mean, data.labels),
        "ece": bnn.scores.expected_calibration_error(prediction.mean, data.labels),
        "confidence": prediction.mean.max(axis=1).mean(),
    }


def print_scores(name, scored):
    print(
        f"{name:24} error {scored['error']:6.2%}, log loss {scored['log_loss']:.3f} "
        f"nats, ECE {scored['ece']:.3f}"
    )


at_one = averaged(run, validation.images)
of_average = scores(at_one, validation)
of_means = scores(by_means(run, validation.images), validation)
print_scores("average of the draws", of_average)
print_scores("mean weights alone", of_means)
print(
    f"the average is right {1 - of_average['error']:.1%} of the time, and claims "
    f"{of_average['confidence']:.1%}"
)

# %%
# Averaging has made it worse. ECE, the expected calibration error, is the distance
# between what is claimed and how often it comes true, and here far too little is
# claimed. A few hundred images must pay for what thousands of weights know, and in
# mean-field inference each weight pays for itself. So most stay vague, and their
# draws contradict one another on digits that are plain.
#
# ## What the weight of the KL does
#
# The common way out is to count the KL less than once. At 0.1 each image counts as
# ten: a *cold posterior*, and no longer this model's. Four weights, judged on the
# validation part.

weights = (1.0, 0.3, 0.1, 0.03)
runs = {1.0: run} | {weight: fit(train, prior, weight) for weight in weights[1:]}
predictions = {
    weight: averaged(each, validation.images) for weight, each in runs.items()
}
by_weight = {
    "average of the draws": [scores(predictions[w], validation) for w in weights],
    "mean weights alone": [
        scores(by_means(runs[w], validation.images), validation) for w in weights
    ],
}
colours = (COLOURS["posterior"], COLOURS["log_likelihood"])
names = {"log_loss": "log loss (nats)", "ece": "ECE"}
with style():
    figure, panels = plt.subplots(1, 2, num="kl-weight", figsize=(7.2, 4.2))
    for axes, (score, name) in zip(panels, names.items(), strict=True):
        for (label, scored), colour in zip(by_weight.items(), colours, strict=True):
            values = [each[score] for each in scored]
            axes.plot(weights, values, "o-", color=colour, label=label)
        axes.set(xscale="log", xlabel="weight of the KL", title=name, ylim=(0, None))
        axes.set_xticks(weights, [f"{weight:g}" for weight in weights])
        axes.minorticks_off()
figure.legend(
    *panels[0].get_legend_handles_labels(),
    loc="outside lower center",
    ncols=2,
    frameon=False,
)
ends = [by_weight["average of the draws"][i]["log_loss"] for i in (0, -1)]
figure.alt = (
    "Log loss and calibration error on the validation part against the weight of the "
    f"KL. The average's log loss is {ends[0]:.2f} at weight 1, falls steeply towards "
    f"0.1 and is {ends[1]:.2f} at 0.03; its calibration error falls too. Those of the "
    "mean weights change less, and at the smaller weights the two are close."
)
write_figure(panels[0], folder / "kl-weight.png")

# %%
# As the KL counts for less, the average catches up with the mean weights alone.
# Between the smallest weights the log loss hardly changes, by less than the luck of
# which images came up. So we take, within one standard error of the best, the largest
# weight: the one nearest to the model.

losses = {
    weight: -np.log(prediction.mean[np.arange(validation.n_images), validation.labels])
    for weight, prediction in predictions.items()
}
best = min(weights, key=lambda weight: losses[weight].mean())
standard_error = losses[best].std() / np.sqrt(validation.n_images)
chosen = max(
    w for w in weights if losses[w].mean() <= losses[best].mean() + standard_error
)
print(f"best {best:g}: {losses[best].mean():.3f} ± {standard_error:.3f} nats")
print(f"taken {chosen:g}: {losses[chosen].mean():.3f} nats")

# %%
# Why cold posteriors predict better is disputed (Wenzel et al. 2020). Whoever reports
# such a fit should report its weight.
#
# ## On digits of other writers
#
# Now the fit that counts: to all images but the test's, at that weight. Beside it an
# ordinary network of the same size, whose weight decay was chosen on the same
# validation part.


def flat(images):
    return images.reshape(len(images), -1)


def ordinary(data, decay):
    network = MLPClassifier(
        (50,), alpha=decay, batch_size=64, learning_rate_init=0.01, random_state=SEED
    )
    network.fit(flat(data.images), data.labels)
    return lambda images: bnn.predictions.ClassPrediction(
        network.predict_proba(flat(images))[None]
    )


decays = (0.0001, 0.001, 0.01, 0.1)
decay = min(
    decays,
    key=lambda each: scores(ordinary(train, each)(validation.images), validation)[
        "log_loss"
    ],
)
final = fit(known, prior, chosen)
networks = {
    "ordinary network": ordinary(known, decay),
    "mean weights alone": lambda images: by_means(final, images),
    "average of the draws": lambda images: averaged(final, images),
}
on_test = {name: network(test.images) for name, network in networks.items()}
table = {name: scores(each, test) for name, each in on_test.items()}
for name, scored in table.items():
    print_scores(name, scored)
share = table["ordinary network"]["error"]
chance = np.sqrt(share * (1 - share) / test.n_images)
print(f"each error has a standard error of about {chance:.1%}")

# %%
# In their errors the three are equal but for chance. The mean weights alone claim too
# much now; averaged over draws the same posterior has the lower log loss, and claims
# about what comes true. Against the ordinary network, on digits, there is little to
# gain. But there is more to ask.
#
# ## The digits that it is least sure of
#
# The six digits of the test whose predictions have the highest entropy. Bars are the
# average, dots single draws.

prediction = on_test["average of the draws"]
least_sure = np.argsort(-prediction.entropy)[:6]
of_least_sure = bnn.predictions.ClassPrediction(prediction.probabilities[:, least_sure])
with style():
    figure, panels = plt.subplots(
        4, 3, num="least-sure", figsize=(7.2, 8.4), height_ratios=[1, 0.8] * 2
    )
plot_digits(
    test.images[least_sure],
    of_least_sure,
    panels=panels,
    labels=test.labels[least_sure],
)
wrong = prediction.labels != test.labels
figure.alt = (
    "Six blurred digits, each over bars of its class probabilities, with dots for the "
    f"draws. {wrong[least_sure].sum()} of the six are misread. The probability is "
    "shared among several classes, and the draws lie anywhere between 0 and 1."
)
write_figure(panels[0, 0], folder / "least-sure.png")
doubted = np.argsort(-prediction.entropy)[: test.n_images // 10]
print(
    f"misread: {wrong.mean():.1%} of all, and of the tenth with the highest entropy "
    f"{wrong[doubted].mean():.1%}"
)

# %%
# Some of these would puzzle a person too. Many of the draws are sure, one of this
# class and one of that: the weights disagree, more than that each is in doubt. And
# errors are found where doubt is.
#
# ## Images that are no digits
#
# Entropy has two parts. The *aleatoric* part would remain if the weights were known:
# the mean entropy of the single draws. The *epistemic* part is the rest, what the
# draws disagree about. Here are both for the digits of the test, the same digits
# turned by a right angle, and noise, whose pixels are uniform from 0 to 1.

noise = np.random.default_rng(SEED).random((test.n_images, 8, 8), dtype=np.float32)
others = {"turned": np.rot90(test.images, axes=(1, 2)), "noise": noise}
of_kind = {"digits": prediction} | {
    kind: averaged(final, images) for kind, images in others.items()
}
with style():
    figure, panels = plt.subplots(
        2, 1, num="two-parts", figsize=(7.2, 6.6), sharex=True
    )
    for axes, part in zip(panels, ("aleatoric", "epistemic"), strict=True):
        entropies = {kind: getattr(each, part) for kind, each in of_kind.items()}
        plot_entropies(entropies, axes=axes)
        axes.set(title=f"{part} part", xlabel="")
panels[1].get_legend().remove()
panels[1].set_xlabel("entropy (nats)")
figure.alt = (
    "Histograms of the aleatoric and the epistemic part of the entropy for digits, "
    "turned digits and noise. Most digits have little of either. Noise has an "
    "epistemic part that almost no digit has; turned digits lie between."
)
write_figure(panels[0], folder / "two-parts.png")
aurocs = {
    (name, kind): bnn.scores.auroc(
        of_known=on_test[name].entropy, of_other=network(images).entropy
    )
    for name, network in networks.items()
    for kind, images in others.items()
}
epistemic = {
    kind: bnn.scores.auroc(
        of_known=prediction.epistemic, of_other=of_kind[kind].epistemic
    )
    for kind in others
}
print("probability that a digit has less entropy than")
print(f"{'':24} a turned one     noise")
for name in networks:
    print(f"{name:24} {aurocs[name, 'turned']:12.3f} {aurocs[name, 'noise']:9.3f}")
print(
    f"{'  its epistemic part':24} {epistemic['turned']:12.3f} {epistemic['noise']:9.3f}"
)

# %%
# This is what the average buys. It nearly always knows noise from digits, and the
# single networks less often. Turned digits they read as confidently as upright ones,
# or more so: at or below one half, entropy says nothing or the wrong thing. The
# average's points the right way, its epistemic part more clearly, but nobody could
# rely on either. To a network trained on digits, a turned digit is strokes like any
# others.
#
# ## The prior has a say
#
# Where does the disagreement about noise come from? Three priors, all at weight 1:
# the Gaussian of before; a mixture of it and a very narrow one; and automatic
# relevance determination, in which every weight has a prior width of its own, fitted
# with the rest. Beside the scores stands how wide the posterior leaves the weights of
# the pixels, and of those pixels that are blank in all training images.

blank = flat(train.images).max(axis=0) == 0
priors = {
    "Gaussian": prior,
    "mixture": bnn.priors.ScaleMixturePrior((1.0, 0.02), (0.3, 0.7)),
    "relevance": bnn.priors.RelevancePrior(),
}
by_prior = {}
for name, each in priors.items():
    fitted = run if each is prior else fit(train, each)
    predicted = averaged(fitted, validation.images)
    _, stds = fitted.moments()
    of_pixels = stds[: 64 * 50].reshape(64, 50)
    by_prior[name] = scores(predicted, validation) | {
        "auroc": bnn.scores.auroc(
            of_known=predicted.entropy, of_other=averaged(fitted, noise).entropy
        ),
        "std": of_pixels.mean(),
        "std_blank": of_pixels[blank].mean(),
    }
    print_scores(name, by_prior[name])
    print(
        f"{'':24} noise from digits {by_prior[name]['auroc']:.3f}; sd of weights "
        f"{of_pixels.mean():.2f}, of blank pixels' {of_pixels[blank].mean():.2f}"
    )

# %%
# On digits the other two score a little better. But where the Gaussian leaves alone
# what the digits do not touch, they shrink it to nearly nothing, and with narrower
# weights there is less to disagree about when the pixels are noise. What a network
# makes of the unknown is up to its prior: the data say nothing of it.
#
# ## The film
#
# Last, the fit that counts, from its first step on: the three digits of the test that
# it is least sure of, and those of a 0, a 3 and a 6 that it is surest of. At first
# the draws agree, right or wrong; they part as the weights widen.

surest = [
    np.argmin(np.where(test.labels == label, prediction.entropy, np.inf))
    for label in (0, 3, 6)
]
shown = np.concatenate([least_sure[:3], surest])
recorded = spread(final, 33)
film = draw_class_film(
    final.epochs[recorded],
    test.images[shown],
    np.stack(
        [
            bnn.predict(
                final, test.images[shown], n_draws=20, seed=SEED, recorded=each
            ).probabilities
            for each in recorded
        ]
    ),
    labels=test.labels[shown],
    errors=errors_along(final, test, recorded),
    of="test",
)
write_film(
    film,
    folder / "learning-digits",
    alt=(
        "Film of the training. At first the draws agree, and no class of any digit is "
        "likely. Within the first epochs the bar of the true class rises to one for "
        "three plain digits. For three doubtful ones the bars sway, and the draws "
        "scatter over several classes to the end. Underneath, the test error falls."
    ),
)

# %%
# Everything on this page is now in `outputs/plot_digits/`.

bnn.save(final, folder / "run.npz")
keys = {
    "ordinary network": "ordinary",
    "mean weights alone": "means",
    "average of the draws": "average",
}
numbers = {
    "seed": SEED,
    "n_train": train.n_images,
    "n_validation": validation.n_images,
    "n_test": test.n_images,
    "n_weights": final.model.n_weights,
    "kl_weight": chosen,
    "weight_decay": decay,
    "auroc_noise_epistemic": epistemic["noise"],
    "auroc_turned_epistemic": epistemic["turned"],
    "error_most_doubted": wrong[doubted].mean(),
}
for name, key in keys.items():
    numbers |= {f"{score}_{key}": value for score, value in table[name].items()}
    numbers |= {f"auroc_{kind}_{key}": aurocs[name, kind] for kind in others}
for label, each in by_weight.items():
    for weight, scored in zip(weights, each, strict=True):
        numbers |= {
            f"validation_{score}_{keys[label]}_at_{weight:g}": scored[score]
            for score in ("error", "log_loss", "ece")
        }
for name, scored in by_prior.items():
    numbers |= {f"prior_{name.lower()}_{score}": scored[score] for score in scored}
write_numbers(numbers, folder / "numbers.json")
