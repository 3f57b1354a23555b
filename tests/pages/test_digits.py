"""The digit canvas's arithmetic in a real browser, against TensorFlow Probability, NumPy and SciPy."""

from base64 import b64decode, b64encode

import numpy as np
import pytest
from readers import elements
from readers.digit_pages import SIZES, images_of, write_posterior
from scipy import stats
from scipy.ndimage import shift

from bayesian_nn.browser.quantised_posterior import read_quantised_posterior
from bayesian_nn.data.images import rotated
from bayesian_nn.predictions.classes import ClassPrediction
from bayesian_nn.runtime.tensorflow import tf, tfp

pytestmark = pytest.mark.browser

folder, address, open_page, element = elements.fixtures("digit-canvas")

N_IMAGES = 10
# Long arrays travel as base64, which is many times as fast as lists.
IN_PAGE = """async ([given, source]) => {
    const digits = await import(new URL("digits/posterior.js", document.baseURI));
    const posterior = digits.readPosterior(await (await fetch(source)).arrayBuffer());
    const picture = ({ width, height, bytes }) =>
        ({ width, height, values: Float32Array.from(atob(bytes), (byte) => byte.charCodeAt() / 255) });
    const found = EXPRESSION;
    if (!ArrayBuffer.isView(found)) return found;
    const reader = new FileReader();
    reader.readAsDataURL(new Blob([Float64Array.from(found)]));
    await new Promise((resolve) => (reader.onload = resolve));
    return reader.result;
}"""


@pytest.fixture(scope="module")
def ask(browser, address):
    """A function that evaluates an expression of `digits` (the module), `given` and `posterior` in a page."""
    page = browser.new_page()
    page.goto(f"{address}missing.html")

    def asked(expression, given=None, source="large.bin"):
        found = page.evaluate(IN_PAGE.replace("EXPRESSION", expression), [given, source])
        return np.frombuffer(b64decode(found.split(",")[1])) if isinstance(found, str) else found

    return asked


def _layers(posterior, weights):
    """(weights, biases) of each layer, of weights `[..., n_weights]`."""
    start = 0
    for n_in, n_out in zip(posterior.layer_sizes[:-1], posterior.layer_sizes[1:], strict=True):
        end = start + n_in * n_out
        yield (
            weights[..., start:end].reshape(*weights.shape[:-1], n_in, n_out),
            weights[..., end : end + n_out],
        )
        start = end + n_out


def _softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def _images(kind):
    """Images that the posterior was not fitted to `[n_images, n_pixels]`."""
    return images_of(kind).images[1600 : 1600 + N_IMAGES].reshape(N_IMAGES, -1)


PREDICT = """Float64Array.from(given.images.flatMap((image) => {
    const noise = digits.normals(given.seed, given.n_draws * digits.noisePerDraw(posterior));
    return [...digits.predict(posterior, Float32Array.from(image), noise)];
}))"""


def _predicted(ask, kind, n_draws, source=None):
    given = {"images": _images(kind).tolist(), "seed": 3, "n_draws": n_draws}
    found = ask(PREDICT, given, source or f"{kind}.bin")
    return np.reshape(found, (N_IMAGES, n_draws, 10)).swapaxes(0, 1)


def _inputs(kind, posterior):
    images = _images(kind)
    return images * posterior.input_norm / np.linalg.norm(images, axis=1, keepdims=True)


@pytest.mark.parametrize(("kind", "activation"), [("small", "relu"), ("large", "relu"), ("small", "tanh")])
def test_the_same_noise_gives_numpys_probabilities(ask, folder, kind, activation):
    source = f"{kind}-{activation}.bin"
    write_posterior(folder / source, kind, activation=activation)
    posterior, n_draws, n_noise = read_quantised_posterior(folder / source), 40, sum(SIZES[kind][1:])
    noise = np.reshape(ask("digits.normals(3, given)", n_draws * n_noise), (n_draws, 1, n_noise))
    units, at = _inputs(kind, posterior), 0
    variances = _layers(posterior, posterior.std.astype(float) ** 2)
    for (weights, biases), (of_weights, of_biases) in zip(
        _layers(posterior, posterior.mean.astype(float)), variances, strict=True
    ):
        if at:
            units = np.maximum(units, 0) if activation == "relu" else np.tanh(units)
        std = np.sqrt(np.square(units) @ of_weights + of_biases)
        units = units @ weights + biases + std * noise[..., at : at + len(biases)]
        at += len(biases)
    np.testing.assert_allclose(_predicted(ask, kind, n_draws, source), _softmax(units), atol=1e-5)


MOMENTS = """Float64Array.from(given.inputs.flatMap((inputs) => {
    const { mean, variance } = digits.moments(posterior.layers[given.layer], Float64Array.from(inputs));
    return [...mean, ...variance];
}))"""


@pytest.mark.parametrize("kind", SIZES)
def test_a_layers_sums_have_the_moments_of_tfps_distribution(ask, folder, kind):
    posterior = read_quantised_posterior(folder / f"{kind}.bin")
    weights = tfp.distributions.Normal(posterior.mean.astype(float), posterior.std.astype(float))
    inputs = _images(kind).astype(float)
    means, variances = (
        _layers(posterior, weights.mean().numpy()),
        _layers(posterior, weights.variance().numpy()),
    )
    layers = zip(means, variances, strict=True)
    for index, ((mean, bias), (variance, of_bias)) in enumerate(layers):
        found = ask(MOMENTS, {"inputs": inputs.tolist(), "layer": index}, f"{kind}.bin")
        found = np.reshape(found, (N_IMAGES, 2, -1))
        expected = np.stack([inputs @ mean + bias, np.square(inputs) @ variance + of_bias], axis=1)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
        inputs = np.maximum(expected[:, 0], 0)


@pytest.mark.parametrize("kind", SIZES)
def test_draws_of_the_sums_predict_what_draws_of_all_weights_through_tfp_predict(ask, folder, kind):
    posterior = read_quantised_posterior(folder / f"{kind}.bin")
    weights = tfp.distributions.Normal(posterior.mean, posterior.std)
    inputs, parts = _inputs(kind, posterior).astype(np.float32), []
    for part in range(4):
        (first, biases), (last, last_biases) = _layers(posterior, weights.sample(100, seed=part).numpy())
        hidden = tf.nn.relu(inputs @ first + biases[:, None]).numpy()
        parts.append(_softmax(hidden @ last + last_biases[:, None]))
    expected, found = ClassPrediction(np.concatenate(parts)), ClassPrediction(_predicted(ask, kind, 1000))
    errors = np.sqrt(sum(one.probabilities.var(0) / len(one.probabilities) for one in (expected, found)))
    # A rare draw says too little of its own frequency.
    enough = expected.mean > 0.01
    assert enough.sum() > 2 * N_IMAGES
    assert errors.max() < 0.03
    assert (np.abs(found.mean - expected.mean) < 5 * errors)[enough].all()


def test_entropies_are_those_of_the_library(ask):
    probabilities = np.random.default_rng(2).dirichlet(np.full(10, 0.2), 100)
    probabilities[0] = np.eye(10)[3]
    found = ask("digits.summary(Float64Array.from(given), 10)", probabilities.ravel().tolist())
    expected = ClassPrediction(probabilities[:, None])
    assert found["total"] == pytest.approx(expected.entropy[0], rel=1e-9)
    assert found["aleatoric"] == pytest.approx(expected.aleatoric[0], rel=1e-9)
    assert found["epistemic"] == pytest.approx(expected.epistemic[0], rel=1e-9)
    assert found["total"] == pytest.approx(found["aleatoric"] + found["epistemic"], rel=1e-9)


# --- noise


def test_noise_is_standard_normal_and_the_same_everywhere(ask):
    noise = np.array(ask("digits.normals(1, 20001)"))
    assert stats.kstest(noise, "norm").pvalue > 1e-4
    for lag in (1, 2, 138):
        assert abs(np.mean(noise[:-lag] * noise[lag:])) < 5 / np.sqrt(len(noise))
    assert abs(np.corrcoef(noise, ask("digits.normals(2, 20001)"))[0, 1]) < 5 / np.sqrt(len(noise))
    np.testing.assert_array_equal(ask("digits.normals(1, 100)"), noise[:100])
    pairs = np.array([[_uniform(1, 2 * pair), _uniform(1, 2 * pair + 1)] for pair in range(50)])
    radius, angle = np.sqrt(-2 * np.log(pairs[:, 0])), 2 * np.pi * pairs[:, 1]
    expected = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    np.testing.assert_allclose(noise[:100], expected.ravel(), rtol=1e-9, atol=1e-12)


def _uniform(seed, counter):
    return (_mixed(_mixed(seed) + counter * 0x9E3779B9) + 0.5) / 2**32


def _mixed(bits):
    bits %= 2**32
    bits = (bits ^ bits >> 16) * 0x21F0AAAD % 2**32
    bits = (bits ^ bits >> 15) * 0x735A2D97 % 2**32
    return bits ^ bits >> 15


# --- what the network sees


def _picture(values):
    content = b64encode(np.rint(255 * values).astype(np.uint8)).decode()
    return {"width": values.shape[1], "height": values.shape[0], "bytes": content}


def _prepared(ask, values, size=28, degrees=0):
    found = ask("digits.prepared(picture(given[0]), given[1], given[2])", [_picture(values), size, degrees])
    return np.reshape(found, (size, size))


def _drawing(size=200, *, left=0.3, top=0.2, scale=0.5):
    """A hook of even ink in a square pad, its place and size as fractions of the pad."""
    y, x = (np.indices((size, size)) + 0.5) / size
    x, y = (x - left) / scale, (y - top) / scale
    stem, foot = (x > 0.2) & (x < 0.4) & (y > 0) & (y < 1), (x > 0) & (x < 0.6) & (y > 0.8) & (y < 1)
    return (stem | foot).astype(float)


def test_an_image_is_turned_as_the_library_turns_it(ask):
    image = np.random.default_rng(3).integers(0, 256, (28, 28)) / 255
    for degrees in (-180, -33, 0, 55, 90):
        found = np.reshape(ask(f"digits.turned(picture(given), {degrees})", _picture(image)), (28, 28))
        np.testing.assert_allclose(found, rotated(image, degrees)[0], atol=1e-5)


def test_a_drawing_is_fitted_and_centred_as_mnists_are(ask):
    drawing = _drawing()
    seen = _prepared(ask, drawing)
    rows, columns = np.flatnonzero(seen.max(1) > 0.5), np.flatnonzero(seen.max(0) > 0.5)
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) in {(20, 12), (20, 13), (21, 12), (21, 13)}
    assert np.average(np.arange(28), weights=seen.sum(1)) == pytest.approx(14, abs=0.05)
    assert np.average(np.arange(28), weights=seen.sum(0)) == pytest.approx(14, abs=0.05)
    assert seen.sum() == pytest.approx(drawing.sum() * (20 / 100) ** 2, rel=0.02)


def test_where_and_how_large_it_is_drawn_does_not_matter(ask):
    for size in (28, 8):
        one, other = (
            _prepared(ask, _drawing(**where), size)
            for where in ({}, {"left": 0.05, "top": 0.1, "scale": 0.8})
        )
        assert np.abs(one - other).max() < 0.15
        assert np.abs(one - other).mean() < 0.02


@pytest.mark.parametrize("index", range(1600, 1604))
def test_an_image_of_the_data_drawn_anywhere_is_seen_as_it_was(ask, index):
    # As fitted by those who made the data, whose box is 20 pixels.
    image = np.zeros((28, 28))
    ink = images_of("large").images[index]
    rows, columns = (np.flatnonzero(ink.max(axis) > 0.2) for axis in (1, 0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    image[4:24, 4:24] = np.pad(ink, [(0, 20 - ink.shape[0]), (0, 20 - ink.shape[1])])
    pad = np.zeros((400, 400))
    pad[20:244, 150:374] = image.repeat(8, axis=0).repeat(8, axis=1)
    mass = [np.average(np.arange(28), weights=image.sum(axis)) for axis in (1, 0)]
    expected = shift(image, 14 - np.array(mass), order=1)
    assert np.abs(_prepared(ask, pad) - expected).max() < 0.1


def test_small_digits_are_stretched_into_their_box(ask):
    seen = _prepared(ask, _drawing(), size=8)
    assert (seen.max(1) > 0.4).all()
    columns = np.flatnonzero(seen.max(0) > 0.2)
    assert columns.min() == 1
    assert columns.max() == 6
    assert seen[:, [0, 7]].max() == 0
    # A bare stroke is no block.
    stroke = np.zeros((200, 200))
    stroke[20:180, 90:110] = 1
    assert (np.flatnonzero(_prepared(ask, stroke, size=8).max(0) > 0.05) == [3, 4]).all()


def test_a_drawing_is_turned_after_it_was_fitted(ask):
    upright, quarter = _prepared(ask, _drawing()), _prepared(ask, _drawing(), degrees=90)
    np.testing.assert_allclose(quarter, np.rot90(upright), atol=0.01)


def test_nothing_drawn_is_seen_as_nothing(ask):
    assert _prepared(ask, np.zeros((50, 50))).max() == 0


def test_another_file_is_not_taken_for_a_posterior(ask):
    with pytest.raises(Exception, match="this is not a quantised posterior"):
        ask("0", source="page/style.css")
