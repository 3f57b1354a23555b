"""Measures the classifier on MNIST: scores, seconds and memory, beside a plain Keras network in the same run.

    .venv/bin/python benchmarks/mnist.py [--validate] [--epochs N] [--seeds 0 1 2]

MNIST and Fashion-MNIST are looked for in BAYESIAN_NN_DATA, then in shared/data beside the checkout. The
networks are trained on all 60,000 training images and scored on the test images; something else is
Fashion-MNIST.

With --validate the candidates for the cold posterior of examples/plot_mnist.py are compared: trained on the
first 50,000 training images and scored on the last 10,000. The test images and Fashion-MNIST are left alone;
something else is then patches of two photographs, and three kinds of images made of those 10,000 that are no
digits. Chosen is, of the candidates whose mean error lies within two standard errors of the least, the one
with the largest AUROC, averaged over the four kinds.
"""

import argparse
import os
import resource
import time
from pathlib import Path

import numpy as np
from sklearn.datasets import load_sample_images
from sklearn.feature_extraction.image import extract_patches_2d

import bayesian_nn as bnn
from bayesian_nn.data import split
from bayesian_nn.prediction import predict_draws
from bayesian_nn.runtime.tensorflow import tf

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SIZES, INPUT_NORM, BATCH_SIZE, KL_WARMUP, N_DRAWS = (784, 400, 400, 10), 28 / 3, 512, 0.8, 50
PRIORS = {
    "relevance": bnn.priors.RelevancePrior(),
    "wide": (bnn.GaussianPrior(1.0), bnn.GaussianPrior(0.1), bnn.GaussianPrior(0.1)),
    "narrow": bnn.GaussianPrior(0.1),
    "mixture": bnn.priors.ScaleMixturePrior(),
}
# Prior and weight of the KL: those of examples/plot_mnist.py, and what they are compared with.
CANDIDATES = {
    "relevance": (1.0, 0.1),
    "wide": (0.03, 0.06, 0.1),
    "narrow": (0.1, 0.05),
    "mixture": (1.0,),
}
MEASURED = {"relevance": (1.0, 0.1), "wide": (0.03,)}


def main():
    options = parsed_options()
    if SHARED.is_dir():
        os.environ.setdefault("BAYESIAN_NN_DATA", str(SHARED))
    training, test, others = data_for(options.validate)
    print(f"{training.n_images} images to learn, {test.n_images} to score, {options.epochs} epochs")
    runs, scores = {}, {}
    for name, kl_weights in (CANDIDATES if options.validate else MEASURED).items():
        for kl_weight in kl_weights:
            each = name, kl_weight
            runs[each], scores[each] = print_scores(name, kl_weight, training, test, others, options)
    if options.validate:
        print_choice(scores, test.n_images)
    else:
        print_pruning(runs["relevance", 1.0], test)
        print_cost(training)
    print(f"largest memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB")


def parsed_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--validate", action="store_true")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    return parser.parse_args()


def data_for(validate):
    """The images to learn, the images to score, and the kinds of images that are something else, by name."""
    training = bnn.data.load_mnist("train")
    if not validate:
        return (
            training,
            bnn.data.load_mnist("test"),
            {"Fashion-MNIST": bnn.data.load_fashion_mnist("test").images},
        )
    training, validation = split(training, 10_000)
    return training, validation, something_else(validation.images[:3000])


def something_else(digits):
    """Images `[n_images, 28, 28]` that are no digits, by name, three of the four kinds made of digits."""
    photographs = [photograph.mean(axis=-1) / 255 for photograph in load_sample_images().images]
    patches = [extract_patches_2d(each, (28, 28), max_patches=1000, random_state=0) for each in photographs]
    return {
        "photographs": np.concatenate(patches),
        "quarters exchanged": digits.reshape(-1, 2, 14, 2, 14)[:, ::-1, :, ::-1].reshape(digits.shape),
        "two laid over one another": np.maximum(
            digits, digits[np.random.default_rng(0).permutation(len(digits))]
        ),
        "negatives": 1 - digits,
    }


def print_scores(name, kl_weight, training, test, others, options):
    """Prints the scores of every seed and those of their average. Returns the last seed's run, and the scores
    of all seeds."""
    images = {"digits": test.images} | others
    answers, scores = [], []
    for seed in options.seeds:
        run, seconds = fit(training, PRIORS[name], kl_weight, seed, options.epochs)
        answers.append(
            {kind: bnn.predict(run, of, n_draws=N_DRAWS, seed=1).mean for kind, of in images.items()}
        )
        scores.append(scores_of(answers[-1], test.labels))
        print(
            f"{name}, KL weight {kl_weight:g}, seed {seed}: {shown(scores[-1])}, {seconds:.0f} s", flush=True
        )
    if len(answers) > 1:
        average = {kind: np.mean([each[kind] for each in answers], axis=0) for kind in images}
        print(
            f"{name}, KL weight {kl_weight:g}, average: {shown(scores_of(average, test.labels))}", flush=True
        )
    return run, scores


def print_choice(scores, n_images):
    """Prints which of the candidates the rule takes, of their seeds' scores on `n_images` images."""
    errors = {each: np.mean([of_seed["error"] for of_seed in scores[each]]) / 100 for each in scores}
    least = min(errors.values())
    limit = least + 2 * (least * (1 - least) / n_images) ** 0.5
    doubts = {
        each: np.mean([list(of_seed["auroc"].values()) for of_seed in scores[each]])
        for each in scores
        if errors[each] <= limit
    }
    for (name, kl_weight), doubt in sorted(doubts.items(), key=lambda item: -item[1]):
        error = 100 * errors[name, kl_weight]
        print(f"{name}, KL weight {kl_weight:g}: error {error:.2f} %, mean AUROC {doubt:.4f}")
    name, kl_weight = max(doubts, key=doubts.get)
    print(f"of those with an error of at most {100 * limit:.2f} %, chosen: {name}, KL weight {kl_weight:g}")


def fit(training, prior, kl_weight, seed, n_epochs):
    start = time.perf_counter()
    run = bnn.fit(
        bnn.Model(
            SIZES,
            bnn.Categorical(SIZES[-1]),
            prior=prior,
            activation="relu",
            scaling=bnn.data.PixelNorm(INPUT_NORM),
        ),
        training,
        seed=seed,
        n_epochs=n_epochs,
        batch_size=BATCH_SIZE,
        kl_warmup=KL_WARMUP,
        objective=bnn.LocalReparameterisation(kl_weight=kl_weight),
    )
    return run, time.perf_counter() - start


def scores_of(answers, labels):
    """The scores of mean probabilities `[n_images, n_classes]` of the digits, and of each kind of others."""
    entropies = {kind: bnn.predictions.ClassPrediction(each[None]).entropy for kind, each in answers.items()}
    probabilities, known = answers["digits"], entropies.pop("digits")
    return {
        "error": 100 * bnn.scores.error_rate(probabilities, labels),
        "log_loss": bnn.scores.log_loss(probabilities, labels),
        "ece": bnn.scores.expected_calibration_error(probabilities, labels),
        "auroc": {kind: bnn.scores.auroc(of_known=known, of_other=each) for kind, each in entropies.items()},
    }


def shown(scores):
    aurocs = ", ".join(f"{kind} {value:.4f}" for kind, value in scores["auroc"].items())
    return (
        f"error {scores['error']:.2f} %, log loss {scores['log_loss']:.4f}, ECE {scores['ece']:.4f}, "
        f"entropy AUROC: {aurocs}"
    )


def print_pruning(run, test):
    print(f"{run.model.prior}, KL weight {run.settings.objective.kl_weight:g}, seed {run.settings.seed}:")
    mean, std = run.moments()
    for fraction in (0, 0.75, 0.95, 0.98, 0.99):
        left = bnn.scores.pruned(mean, std, fraction)
        random = np.random.default_rng(0)
        draws = np.stack([left[0] + left[1] * random.standard_normal(len(mean)) for _ in range(N_DRAWS)])
        probabilities = predict_draws(run.model, draws, test.images).mean
        error = 100 * bnn.scores.error_rate(probabilities, test.labels)
        print(f"without {fraction:.0%} of the weights: error {error:.2f} %", flush=True)


def print_cost(training, n_rounds=5):
    """Prints the seconds of an epoch, in turn with those of the same layers in Keras, all compiled before."""
    network = tf.keras.Sequential(
        [tf.keras.Input((SIZES[0],))]
        + [tf.keras.layers.Dense(n_units, "relu") for n_units in SIZES[1:-1]]
        + [tf.keras.layers.Dense(SIZES[-1], "softmax")]
    )
    network.compile("adam", "sparse_categorical_crossentropy")
    images = training.images.reshape(training.n_images, -1)
    model = bnn.Model(
        SIZES,
        bnn.Categorical(SIZES[-1]),
        prior=bnn.priors.RelevancePrior(),
        activation="relu",
        scaling=bnn.data.PixelNorm(INPUT_NORM),
    )
    settings = {
        "seed": 0,
        "batch_size": BATCH_SIZE,
        "kl_warmup": 0.0,
        "optimizer": bnn.Adam(0.01),
        "record_at": [],
    }
    runs = []

    def ours():
        # One epoch more, and what a fit does at its end.
        resume = runs[-1] if runs else None
        runs.append(bnn.fit(model, training, n_epochs=len(runs) + 1, resume=resume, **settings))

    def of_keras():
        network.fit(images, training.labels, batch_size=BATCH_SIZE, epochs=1, verbose=0)

    ours(), of_keras()
    ratios = []
    for _ in range(n_rounds):
        seconds = []
        for epoch in (ours, of_keras):
            begin = time.perf_counter()
            epoch()
            seconds.append(time.perf_counter() - begin)
        ratios.append(seconds[0] / seconds[1])
        print(f"an epoch: {seconds[0]:.2f} s, Keras {seconds[1]:.2f} s, ratio {ratios[-1]:.2f}", flush=True)
    print(f"median ratio {np.median(ratios):.2f}")


if __name__ == "__main__":
    main()
