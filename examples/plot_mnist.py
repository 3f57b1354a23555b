"""
# What does a Bayesian network make of MNIST?

A Bayesian network with two hidden layers on handwritten digits, trained on streamed
minibatches: what it gets wrong and how sure it is of that, what it says of things
that are no digits, which weights it needs, what the weight of the KL does, and all of
it beside an ordinary network, dropout and an ensemble of the same size.
"""

# %%
# ## The digits
#
# MNIST in its original files: from a folder of your own that `BAYESIAN_NN_DATA`
# names, from the cache, or from the network. Where there is none of them, this page
# is made with the small digits that come with scikit-learn. *Something else* is
# clothes (Fashion-MNIST), or beside the small digits patches of two photographs.
#
# The settings were chosen on the last 10,000 training images by networks that had
# been trained on the other 50,000: of those that did well on them, the most doubtful
# of photographs and of digits taken apart (`benchmarks/mnist.py --validate`). Those
# of this page are trained on all 60,000. The post tells what else was seen on the
# way.

import time

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_sample_images
from sklearn.feature_extraction.image import extract_patches_2d

import bayesian_nn as bnn
from bayesian_nn import LabelledImages
from bayesian_nn.browser import write_class_record, write_quantised_posterior
from bayesian_nn.data import rotated, split
from bayesian_nn.figures import (
    COLOURS,
    draw_class_film,
    plot_digits,
    plot_elbo_parts,
    plot_entropies,
    plot_learning,
    plot_pruning,
    plot_rotation,
    plot_signal_to_noise,
    style,
    write_figure,
    write_film,
)
from bayesian_nn.prediction import predict_draws
from bayesian_nn.runtime import output_folder, write_numbers
from bayesian_nn.runtime.tensorflow import tf

SEEDS, N_DRAWS = (0, 1, 2), 40
folder = output_folder("plot_mnist")
try:
    training, test = bnn.data.load_mnist("train"), bnn.data.load_mnist("test")
    other, name_of_other = bnn.data.load_fashion_mnist("test").images, "clothes"
    hidden, n_small, prior_stds, batch_size = 400, 128, (1.0, 0.1), 512
    n_epochs = {"one": 10, "cold": 12, "small": 5, "plain": 5, "dropout": 7}
except bnn.data.DataUnavailableError as error:
    print(f"There is no MNIST here; scikit-learn's digits take its place.\n{error}")
    training, test = split(bnn.data.load_digits(), 360)
    photographs = [each.mean(axis=-1) / 255 for each in load_sample_images().images]
    shape = {"patch_size": (8, 8), "max_patches": 180, "random_state": 0}
    other = np.concatenate([extract_patches_2d(each, **shape) for each in photographs])
    name_of_other = "photographs"
    hidden, n_small, prior_stds, batch_size = 50, 50, (1.0, 0.5), 64
    n_epochs = {"one": 60, "cold": 60, "small": 60, "plain": 40, "dropout": 80}
noise = np.random.default_rng(0).random((2000, *test.image_shape), np.float32)
print(
    f"{training.name}: {training.n_images} images to learn, {test.n_images} for tests"
)

# %%
# ## Two posteriors, and an average
#
# Every step sees a minibatch. Its log-likelihood counts as often as it goes into the
# data, and the KL counts once, times a weight. At weight 1 the ELBO is climbed as it
# stands; below, the posterior is a *cold* one, of which more further down.
#
# Two priors. *Relevance* gives each weight an sd of its own, fitted along: weights
# that the digits do not need go to zero, and cost nothing. *Wide* is Gaussian, with a
# large sd for the weights of the pixels: those that no digit ever lights stay
# undecided.
#
# The network sees every image scaled to the same norm. What is brighter than a digit
# would otherwise drive all its outputs up, and make it sure.

n_pixels = training.images[0].size
sizes = (n_pixels, hidden, hidden, 10)
runs, scores, seconds = {}, {}, {}


def prior_of(name, sizes):
    if name == "relevance":
        return bnn.priors.RelevancePrior()
    first, *others = [prior_stds[0]] + [prior_stds[1]] * (len(sizes) - 2)
    return [bnn.GaussianPrior(std) for std in (first, *others)]


def fit(name, kl_weight, n_epochs, seed=0, sizes=sizes):
    start = time.perf_counter()
    model = bnn.Model(
        sizes,
        bnn.Categorical(sizes[-1]),
        prior=prior_of(name, sizes),
        activation="relu",
        scaling=bnn.data.PixelNorm(n_pixels**0.5 / 3),
    )
    run = bnn.fit(
        model,
        training,
        seed=seed,
        n_epochs=n_epochs,
        batch_size=batch_size,
        kl_warmup=0.8,
        objective=bnn.LocalReparameterisation(kl_weight=kl_weight),
    )
    return run, time.perf_counter() - start


def classify(run, images, n_draws=N_DRAWS, recorded=None):
    return bnn.predict(run, images, n_draws=n_draws, seed=1, recorded=recorded)


def score(probabilities, of_other):
    """Scores of class probabilities on the test images, and on the others."""
    known, other = [
        bnn.predictions.ClassPrediction(p[None]).entropy
        for p in (probabilities, of_other)
    ]
    return {
        "error": 100 * bnn.scores.error_rate(probabilities, test.labels),
        "log_loss": bnn.scores.log_loss(probabilities, test.labels),
        "ece": bnn.scores.expected_calibration_error(probabilities, test.labels),
        "auroc": bnn.scores.auroc(of_known=known, of_other=other),
    }


def shown(row):
    return ", ".join(
        f"{name.replace('_', ' ')} {value:.4g}" for name, value in row.items()
    )


chosen = {"one": ("relevance", 1.0), "cold": ("wide", 0.03)}
for key, (name, kl_weight) in chosen.items():
    runs[key], scores[key] = [], []
    known, unknown = [], []
    for seed in SEEDS:
        run, seconds[key] = fit(name, kl_weight, n_epochs[key], seed)
        known.append(classify(run, test.images).probabilities)
        unknown.append(classify(run, other).probabilities)
        runs[key].append(run)
        scores[key].append(score(known[-1].mean(axis=0), unknown[-1].mean(axis=0)))
        print(f"{name}, KL weight {kl_weight:g}, seed {seed}: {shown(scores[key][-1])}")

# %%
# The three cold ones began from different starts and ended in different places. Their
# average, draws of all three together, is a better approximation of a posterior with
# many peaks than each is alone. It is what the pictures below show.

prediction, of_other = (
    bnn.predictions.ClassPrediction(np.concatenate(each)) for each in (known, unknown)
)
del known, unknown
scores["average"] = [score(prediction.mean, of_other.mean)]
seconds["average"] = len(SEEDS) * seconds["cold"]
print(f"average of the cold ones: {shown(scores['average'][0])}")


def classify_all(images):
    parts = [classify(run, images).probabilities for run in runs["cold"]]
    return bnn.predictions.ClassPrediction(np.concatenate(parts))


# %%
# ## How it learned
#
# The parts of the ELBO are recorded at every step, the posterior at a few: enough to
# look up afterwards what it would have answered at the time.

run = runs["cold"][0]
some = LabelledImages(
    training.images[: test.n_images], training.labels[: test.n_images], test.class_names
)
errors, calibration = {"training": [], "test": []}, []
for k in range(1, len(run.epochs)):
    for part, images in {"training": some, "test": test}.items():
        probabilities = classify(run, images.images, 10, recorded=k).mean
        errors[part].append(100 * bnn.scores.error_rate(probabilities, images.labels))
    calibration.append(
        bnn.scores.expected_calibration_error(probabilities, test.labels)
    )
by_epoch = [
    part.reshape(n_epochs["cold"], -1).mean(axis=1)
    for part in (run.log_likelihood, run.kl)
]
with style():
    figure, panels = plt.subplots(3, 1, num="learning", figsize=(7.2, 8), sharex=True)
plot_elbo_parts(
    np.arange(1, n_epochs["cold"] + 1),
    *by_epoch,
    n_images=training.n_images,
    axes=panels[0],
)
plot_learning(run.epochs[1:], errors, axes=panels[1], name="error (%)")
plot_learning(
    run.epochs[1:], {"test": calibration}, axes=panels[2], name="calibration error"
)
for axes in panels[:2]:
    axes.label_outer()
figure.alt = (
    "Three panels over the epochs: the ELBO with its log-likelihood and KL, the error "
    "on training and test images, and the expected calibration error."
)
write_figure(panels[0], folder / "learning.png")

# %%
# ## The digits it is least sure of
#
# Under each the mean probabilities of the classes, and what single draws of the
# weights say. Most of these would give a person pause.

unsure = np.argsort(-prediction.entropy)[:6]
with style():
    figure, panels = plt.subplots(
        4, 3, num="least-sure", figsize=(7.2, 6.4), height_ratios=[1.25, 1] * 2
    )
plot_digits(
    test.images[unsure],
    bnn.predictions.ClassPrediction(prediction.probabilities[:, unsure]),
    panels=panels,
    labels=test.labels[unsure],
)
figure.alt = (
    "The six test digits of the largest predictive entropy, true classes "
    f"{', '.join(map(str, test.labels[unsure]))}, each over bars of its class "
    "probabilities and dots for single draws of the weights."
)
write_figure(panels[0, 0], folder / "least-sure.png")

# %%
# ## A digit turned around
#
# One test digit, turned step by step. Upright it is known. On its way it becomes
# other digits, some with good reason, and between them the draws disagree: that part
# of the entropy is *epistemic*, what knowing the weights would take away.

degrees = np.arange(0, 181, 5)
one = np.flatnonzero(test.labels == 1)[0]
turned = rotated(test.images[one], degrees)
around = classify_all(turned)
with style():
    figure, panels = plt.subplots(
        3,
        1,
        num="rotation",
        figsize=(7.2, 6.4),
        height_ratios=[0.5, 2, 1.3],
        sharex=True,
    )
plot_rotation(degrees, turned, around, panels=panels)
figure.alt = (
    "A handwritten one turned through half a circle, the probabilities of the classes "
    "along the angle, and the entropy in two parts, largest at "
    f"{degrees[around.entropy.argmax()]} degrees."
)
write_figure(panels[0], folder / "rotation.png")

# %%
# ## Something else
#
# No class here is right. What the network owes us is doubt. The entropy is split in
# two: the mean entropy of single draws (*aleatoric*: each of them is unsure), and the
# rest (*epistemic*: each may be sure, but of different classes).

kinds = {
    "digits": prediction,
    name_of_other: of_other,
    "noise": classify_all(noise),
}
parts = ("entropy", "aleatoric", "epistemic")
with style():
    figure, panels = plt.subplots(
        3, 1, num="something-else", figsize=(7.2, 8), sharex=True
    )
for axes, part in zip(panels, parts, strict=True):
    plot_entropies(
        {kind: getattr(each, part) for kind, each in kinds.items()}, axes=axes
    )
    axes.set_title({"entropy": "total"}.get(part, part))
    axes.label_outer()
panels[2].set_xlabel("nats")
figure.alt = (
    f"Histograms of the entropy of digits, {name_of_other} and noise, in total and in "
    "its aleatoric and epistemic parts. The digits' lies near zero, the others' not."
)
write_figure(panels[0], folder / "something-else.png")
uncertainty = [
    {"name": kind} | {part: getattr(each, part).mean() for part in parts}
    for kind, each in kinds.items()
]
separation = {
    f"auroc_{kind}_{part}": bnn.scores.auroc(
        of_known=getattr(prediction, part), of_other=getattr(each, part)
    )
    for kind, each in (("other", kinds[name_of_other]), ("noise", kinds["noise"]))
    for part in parts
}
print(shown(separation))

# %%
# ## The weights it needs
#
# A weight whose posterior mean is small beside its sd says nothing. Remove the
# weights of the lowest ratio first, and see how many the network can do without.

fractions = np.array([0, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99])


def errors_without(run, n_draws=10):
    mean, std = run.moments()
    noises = np.random.default_rng(0).standard_normal((n_draws, len(mean)), np.float32)
    of_fraction = []
    for fraction in fractions:
        left_mean, left_std = bnn.scores.pruned(mean, std, fraction)
        draws = np.stack([left_mean + left_std * each for each in noises])
        probabilities = predict_draws(run.model, draws, test.images).mean
        of_fraction.append(bnn.scores.error_rate(probabilities, test.labels))
    return of_fraction


pruning = {
    "relevance prior, KL weight 1": np.array(
        [errors_without(each) for each in runs["one"]]
    ),
    "wide prior, cold": np.array([errors_without(each) for each in runs["cold"][:1]]),
}
with style():
    figure, panels = plt.subplots(2, 1, num="weights", figsize=(7.2, 7))
plot_signal_to_noise(
    bnn.scores.signal_to_noise(*runs["one"][0].moments()), axes=panels[0]
)
plot_pruning(fractions, pruning, axes=panels[1])
figure.alt = (
    "Above, a histogram of the weights' signal-to-noise ratio in decibels. Below, the "
    "test error against the weights removed, for two posteriors."
)
write_figure(panels[0], folder / "weights.png")

# %%
# ## What the weight of the KL does
#
# Each point is a fit of its own, with the same settings but for the weight and the
# prior. So many fits are made with a smaller network, of one hidden layer: the one
# that answers on the canvas of [the post](../blog/posts/mnist-finally.md).

small_sizes = (n_pixels, n_small, 10)
weights = (0.03, 0.2, 1.0)
sweep = {}
for name in ("wide", "relevance"):
    for kl_weight in weights:
        run, _ = fit(name, kl_weight, n_epochs["small"], sizes=small_sizes)
        answers = [classify(run, images, 20).mean for images in (test.images, other)]
        sweep[name, kl_weight] = score(*answers)
        if (name, kl_weight) == chosen["cold"]:
            small = run
        print(
            f"small, {name}, KL weight {kl_weight:g}: {shown(sweep[name, kl_weight])}"
        )
names = {
    "error": "test error (%)",
    "log_loss": "log loss (nats)",
    "ece": "calibration error",
    "auroc": f"AUROC, {name_of_other}",
}
with style():
    figure, panels = plt.subplots(2, 2, num="kl-weight", figsize=(7.2, 6), sharex=True)
for axes, (score_name, label) in zip(panels.flat, names.items(), strict=True):
    for name, colour in (("wide", "posterior"), ("relevance", "curves")):
        values = [sweep[name, kl_weight][score_name] for kl_weight in weights]
        axes.plot(weights, values, "o-", color=COLOURS[colour], label=f"{name} prior")
    axes.set(xscale="log", ylabel=label)
    axes.xaxis.set_major_formatter("{x:g}")
for axes in panels[1]:
    axes.set_xlabel("weight of the KL")
panels[0, 0].legend(frameon=False)
figure.alt = (
    "Test error, log loss, calibration error and AUROC of a small network against the "
    "weight of the KL, for the wide and the relevance prior."
)
write_figure(panels[0, 0], folder / "kl-weight.png")

# %%
# ## Beside the usual
#
# The same layers as an ordinary network, five of them as an ensemble, and one with
# dropout, all in Keras. The prediction of the last two is the mean over members, or
# over draws of the units dropped.

flat = [
    images.reshape(len(images), -1) for images in (training.images, test.images, other)
]


def shuffled_batches(seed, size):
    # Given the arrays themselves, Keras would copy them.
    generator = np.random.default_rng(seed)
    while True:
        order = generator.permutation(training.n_images)
        for rows in np.split(order, range(size, len(order), size)):
            yield flat[0][rows], training.labels[rows]


def train_keras(seed, n_epochs, rate=0.0, batch_size=batch_size // 2):
    tf.keras.utils.set_random_seed(seed)
    layers = [tf.keras.Input((n_pixels,))]
    for n_units in sizes[1:-1]:
        layers += [
            tf.keras.layers.Dense(n_units, "relu"),
            tf.keras.layers.Dropout(rate),
        ]
    network = tf.keras.Sequential([*layers, tf.keras.layers.Dense(10, "softmax")])
    steps = -(-training.n_images // batch_size)
    schedule = tf.keras.optimizers.schedules.CosineDecay(2e-3, n_epochs * steps)
    # Not compiled by XLA, which would leave the products to one core.
    network.compile(
        tf.keras.optimizers.Adam(schedule),
        "sparse_categorical_crossentropy",
        jit_compile=False,
    )
    batches = shuffled_batches(seed, batch_size)
    how = {"steps_per_epoch": steps, "shuffle": False, "verbose": 0}
    network.fit(batches, epochs=n_epochs, **how)
    return network


def asked(network, images, n_draws=1):
    return np.mean(
        [network(images, training=n_draws > 1).numpy() for _ in range(n_draws)], axis=0
    )


start = time.perf_counter()
members = []
for seed in range(5):
    members.append(train_keras(seed, n_epochs["plain"]))
    seconds.setdefault("plain", time.perf_counter() - start)
seconds["ensemble"] = time.perf_counter() - start
start = time.perf_counter()
dropout = train_keras(0, n_epochs["dropout"], rate=0.5)
seconds["dropout"] = time.perf_counter() - start
of_members = [[asked(member, images) for member in members] for images in flat[1:]]
scores["plain"] = [score(*(each[0] for each in of_members))]
scores["ensemble"] = [score(*(np.mean(each, axis=0) for each in of_members))]
scores["dropout"] = [score(*(asked(dropout, images, N_DRAWS) for images in flat[1:]))]
titles = {
    "plain": "ordinary network",
    "ensemble": "five of them",
    "dropout": "Monte Carlo dropout",
    "one": "relevance prior, KL weight 1",
    "cold": f"wide prior, KL weight {chosen['cold'][1]:g}",
    "average": f"{len(SEEDS)} of these, averaged",
}
methods = [
    {"name": title, "key": key}
    | {name: np.mean([row[name] for row in scores[key]]) for name in names}
    for key, title in titles.items()
]
for method in methods:
    rest = {name: method[name] for name in names}
    print(f"{method['name']}: {shown(rest)}, {seconds[method['key']]:.0f} s")

# %%
# ## The network under your finger
#
# The canvas of [the post](../blog/posts/mnist-finally.md) answers with a smaller
# network of the same kind. Here it learns, as six digits see it: as a film, and as a
# record that the post plays. What the canvas loads are the means and sds of its
# weights, in two bytes each.

mean, std = small.moments()
of_small = classify(small, test.images)
watched = np.concatenate([np.argsort(-of_small.entropy)[[3, 10, 30]], [0, 1, 2]])
write_quantised_posterior(
    folder / "canvas-posterior.bin",
    mean,
    std,
    layer_sizes=small.model.layer_sizes,
    activation=small.model.activation,
    input_norm=small.model.scaling.norm,
    examples=LabelledImages(
        test.images[watched], test.labels[watched], test.class_names, test.name
    ),
)
seen, errors = [], []
for k in range(len(small.epochs)):
    frame = classify(small, test.images, 10, recorded=k)
    seen.append(frame.probabilities[:, watched])
    errors.append(bnn.scores.error_rate(frame.mean, test.labels))
write_class_record(
    folder / "training.bin",
    steps=small.recorded_steps,
    epochs=small.epochs,
    images=test.images[watched],
    labels=test.labels[watched],
    class_names=test.class_names,
    probabilities=seen,
    errors=errors,
)
film = draw_class_film(
    small.epochs,
    test.images[watched],
    np.array(seen),
    labels=test.labels[watched],
    errors=errors,
    of="test",
)
write_film(
    film,
    folder / "training",
    alt=(
        "Film of the training: six test digits over bars of their class probabilities, "
        "which begin level and gather on one class, and the test error, which falls."
    ),
)

# %%
# What a page may quote.


numbers = {
    "data": training.name,
    "other": name_of_other,
    "is_mnist": int(training.name == "MNIST"),
    "n_training": training.n_images,
    "n_test": test.n_images,
    "n_weights": runs["cold"][0].model.n_weights,
    "n_hidden": hidden,
    "batch_size": batch_size,
    "n_seeds": len(SEEDS),
    "small_n_weights": small.model.n_weights,
    "small_error": 100 * bnn.scores.error_rate(of_small.mean, test.labels),
    "small_wide_one_error": sweep["wide", 1.0]["error"],
    "small_relevance_one_error": sweep["relevance", 1.0]["error"],
    "cold_weight": chosen["cold"][1],
    "methods": methods,
    "uncertainty": uncertainty,
    "pruning": [
        {"removed": 100 * fraction, "one": one, "cold": cold}
        for fraction, one, cold in zip(
            fractions,
            *(100 * errors.mean(axis=0) for errors in pruning.values()),
            strict=True,
        )
    ],
    **separation,
}
for key in scores:
    for name in names:
        values = [row[name] for row in scores[key]]
        for kind, value in (
            ("mean", np.mean(values)),
            ("least", min(values)),
            ("most", max(values)),
        ):
            numbers[f"{key}_{name}_{kind}"] = value
write_numbers(numbers, folder / "numbers.json")
write_numbers(seconds, folder / "timings.json")
