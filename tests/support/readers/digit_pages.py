"""A folder of pages with a digit canvas each, their posteriors, and the images that these know."""

import numpy as np
from readers.theme_pages import FAR, STILL, dress, page_of
from repository import ROOT

from bayesian_nn.browser.quantised_posterior import write_quantised_posterior
from bayesian_nn.data.images import LabelledImages
from bayesian_nn.data.mnist import DataUnavailableError, load_digits, load_mnist

SIZES = {"small": (64, 32, 10), "large": (784, 128, 10)}
PAGE = page_of(
    f"""
{{before}}
<figure class="digits-frame"><p><digit-canvas src="{{source}}">{STILL}</digit-canvas></p></figure>
<p id="after">What follows.</p>
""",
    module="digits/digit-canvas.js",
)


def images_of(kind):
    """Images of 8 x 8 pixels, or of 28 x 28: MNIST's, or where these are not at hand enlarged ones."""
    if kind == "small":
        return load_digits()
    try:
        return load_mnist("test", folder=ROOT.parent / "shared" / "data")
    except DataUnavailableError:
        digits = load_digits()
        # Into the 20 x 20 pixels that MNIST's have.
        larger = digits.images.repeat(5, axis=1).repeat(5, axis=2).reshape(-1, 20, 2, 20, 2).mean((2, 4))
        enlarged = np.pad(larger, [(0, 0), (4, 4), (4, 4)])
        return LabelledImages(enlarged, digits.labels, digits.class_names, "Enlarged digits")


def write_posterior(path, kind, *, activation="relu"):
    """Writes a posterior that knows most of `images_of(kind)`: chance features, and a fit upon these."""
    data, sizes = images_of(kind), SIZES[kind]
    generator = np.random.default_rng(1)
    inputs = data.images[:1500].reshape(-1, sizes[0]).astype(np.float64)
    weights = generator.normal(0, np.sqrt(2 / sizes[0]), sizes[:2])
    hidden = {"relu": lambda sums: np.maximum(sums, 0), "tanh": np.tanh}[activation](inputs @ weights)
    targets = np.eye(10)[data.labels[:1500]] * 10
    last = np.linalg.solve(hidden.T @ hidden + 0.1 * np.eye(sizes[1]), hidden.T @ targets)
    mean = np.concatenate([weights.ravel(), np.zeros(sizes[1]), last.ravel(), np.zeros(10)])
    std = np.exp(generator.uniform(np.log(0.005), np.log(0.1), len(mean)))
    chosen = slice(1500, 1506)
    examples = LabelledImages(data.images[chosen], data.labels[chosen], data.class_names, data.name)
    write_quantised_posterior(
        path, mean, std, layer_sizes=sizes, activation=activation, examples=examples, input_norm=3.0
    )


def make_pages(folder):
    """Returns `folder`, filled with pages, the site's assets and the theme's own styles."""
    links = dress(folder, "page/style.css", "digits/digit-canvas.css")
    pages = {
        **{kind: (f"{kind}.bin", "default", "") for kind in SIZES},
        "dark": ("large.bin", "slate", ""),
        "far": ("large.bin", "default", FAR),
        "missing": ("nowhere.bin", "default", ""),
    }
    for name, (source, scheme, before) in pages.items():
        html = PAGE.format(styles=links, source=source, scheme=scheme, before=before)
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    for kind in SIZES:
        write_posterior(folder / f"{kind}.bin", kind)
    return folder
