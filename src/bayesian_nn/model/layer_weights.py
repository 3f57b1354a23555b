"""Weights layer by layer: those of latents, and latents of a network that was trained elsewhere."""

from dataclasses import replace

import numpy as np

from bayesian_nn.data.images import PixelNorm
from bayesian_nn.data.tables import Scaling
from bayesian_nn.likelihoods.bernoulli import Bernoulli
from bayesian_nn.likelihoods.categorical import Categorical
from bayesian_nn.likelihoods.one_target import OfCounts, OfRealNumbers
from bayesian_nn.model.model import Model
from bayesian_nn.model.network import layer_views
from bayesian_nn.runtime.checks import finite_numbers, instance, shown
from bayesian_nn.runtime.tensorflow import tf

__all__ = ["by_layer", "latents_of"]

# The library's and Keras's names of what scikit-learn calls otherwise.
NAMES = {"logistic": "sigmoid", "identity": "linear", "exp": "exponential", "swish": "silu"}
# Keras's layers that do nothing when a network predicts.
IDLE = ("InputLayer", "Flatten", "Dropout", "GaussianDropout", "GaussianNoise", "AlphaDropout")
# What the likelihoods do to the last layer's units themselves.
ENDS = {Bernoulli: "sigmoid", Categorical: "softmax", OfCounts: "exponential"}


def by_layer(model: Model, latents) -> list[tuple[np.ndarray, np.ndarray]]:
    """Returns for each layer, first to last, its weights `[..., n_in, n_out]` and biases `[..., n_out]`, for
    latents `[..., n_latents]`, or anything else that there is one of for each, such as their sds."""
    instance("model", model, Model, "It is what result.model is.")
    latents = np.asarray(latents)
    if latents.shape[-1:] != (model.n_latents,):
        raise ValueError(
            f"latents must be [..., {model.n_latents}] for this model; got {list(latents.shape)}."
        )
    return [
        (weights.numpy(), biases.numpy()[..., 0])
        for weights, biases in layer_views(model, tf.constant(latents))
    ]


def latents_of(model: Model, network, *, scaling: Scaling | None = None) -> np.ndarray:
    """Returns the latents `[n_latents]` at which the model's network is one that was trained elsewhere, and
    what else is unknown is where its prior is centred: a start for chains or ensembles, and with
    `find_map(start=latents[None], n_restarts=1, n_steps=0)` for the nearest mode, where `fit_laplace` begins.

    network: a fitted `MLPRegressor` or `MLPClassifier` of scikit-learn, a Keras network of dense layers one
    after the other, or a list with `(weights [n_in, n_out], biases [n_out])` for each layer. Its layers and
    its activation must be the model's; a last softmax, sigmoid or exponential is the likelihood's own.

    scaling: the units in which it was trained, if not the model's: `Scaling((0.0,) * n, (1.0,) * n)` for n
    inputs that were left as they were, `Scaling(scaler.mean_, scaler.scale_)` for scikit-learn's
    `StandardScaler`, and `y_shift` and `y_scale` likewise. The change of units is folded into the first and
    the last layer, so that the same x gives the same prediction. Raises ValueError for a network that is not
    the model's, and for units that cannot be folded in.
    """
    instance("model", model, Model, "Make one as in Model((1, 10, 10, 1), Gaussian(0.1)).")
    layers, activations = _layers_of(network)
    layers = _checked_layers(model, layers)
    _check_activations(model, activations)
    if scaling is not None:
        layers = _folded(model, layers, scaling)
    unknowns = [unknown.start for unknown in model.unknowns]
    return np.concatenate([*(part.ravel() for layer in layers for part in layer), unknowns])


def _layers_of(network):
    """Returns the layers' pairs, and the names of their activations; None for a list of pairs, which has
    none."""
    if hasattr(network, "hidden_layer_sizes") and not hasattr(network, "coefs_"):
        raise ValueError(f"network: this {type(network).__name__} has not been fitted; call its fit first.")
    if hasattr(network, "coefs_") and hasattr(network, "out_activation_"):
        layers = list(zip(network.coefs_, network.intercepts_, strict=True))
        return layers, [network.activation] * (len(layers) - 1) + [network.out_activation_]
    if hasattr(network, "layers") and hasattr(network, "get_weights"):
        if len(getattr(network, "outputs", None) or [None]) > 1:
            raise ValueError("network has several outputs; give one whose layers follow one another.")
        return _layers_of_keras(network)
    if isinstance(network, list | tuple) and network and all(map(_is_pair, network)):
        return list(network), None
    raise ValueError(
        "network must be a fitted MLPRegressor or MLPClassifier, a Keras network of dense layers, or a list "
        f"with (weights [n_in, n_out], biases [n_out]) for each layer; got {shown(network)}."
    )


def _is_pair(layer):
    return isinstance(layer, list | tuple) and len(layer) == 2


def _layers_of_keras(network):
    layers, activations = [], []
    for layer in network.layers:
        kind = type(layer).__name__
        if hasattr(layer, "layers"):
            inner, of_inner = _layers_of_keras(layer)
            layers, activations = layers + inner, activations + of_inner
        elif kind == "Dense":
            weights = layer.get_weights()
            if not weights:
                raise ValueError("network: its layers have no weights yet; call it on some x first.")
            layers.append((weights[0], weights[1] if len(weights) > 1 else np.zeros(weights[0].shape[1])))
            activations.append(layer.activation.__name__)
        elif kind == "Activation" and activations and activations[-1] == "linear":
            activations[-1] = layer.activation.__name__
        elif kind not in IDLE:
            raise ValueError(
                f"network: its layer {layer.name!r} is of the kind {kind}, and a Model has dense layers only."
            )
    return layers, activations


def _check_activations(model, activations):
    if activations is None:
        return
    *hidden, last = [NAMES.get(name, name) for name in activations]
    for name in hidden:
        if name != model.activation:
            raise ValueError(
                f"network's hidden layers have the activation {name!r}, and the model {model.activation!r}: "
                "give the model the network's, by its name."
            )
    own = next((end for kind, end in ENDS.items() if isinstance(model.likelihood, kind)), "linear")
    if last not in ("linear", own):
        raise ValueError(
            f"network ends with the activation {last!r}, which {shown(model.likelihood)} does not undo: "
            f"that is a likelihood for {' or '.join(dict.fromkeys(('linear', own)))}."
        )


def _checked_layers(model, layers):
    shapes = [np.shape(weights) for weights, _ in layers]
    if shapes != model.layers:
        turned = [shape[::-1] for shape in shapes] == model.layers
        remedy = (
            "transpose each layer's weights: PyTorch keeps them as [n_out, n_in]"
            if turned
            else "layer_sizes and likelihood must be the network's"
        )
        if isinstance(model.likelihood, Categorical) and shapes[-1][-1:] == (1,):
            remedy = "for the one output of two classes use Bernoulli()"
        raise ValueError(
            f"network has weights of the shapes {[list(shape) for shape in shapes]}, and the model "
            f"{[list(shape) for shape in model.layers]}: {remedy}."
        )
    found = []
    for index, (weights, biases) in enumerate(layers):
        weights = finite_numbers(f"network: the weights of layer {index}", weights)
        biases = finite_numbers(f"network: the biases of layer {index}", biases)
        if biases.shape != weights.shape[1:]:
            raise ValueError(
                f"network: the biases of layer {index} must be [{weights.shape[1]}]; got "
                f"{list(biases.shape)}."
            )
        found.append((weights, biases))
    return found


def _folded(model, layers, scaling):
    """Returns the layers of the network that makes the same of the same x in the model's units."""
    if isinstance(model.scaling, PixelNorm):
        raise ValueError("scaling: units of pixels cannot be folded in; train on model.inputs(x) instead.")
    # The model checks it as its own.
    theirs, own = replace(model, scaling=scaling).scaling, model.scaling
    layers = list(layers)
    weights, biases = layers[0]
    ratio = np.divide(own.x_scale, theirs.x_scale)
    shift = np.subtract(own.x_shift, theirs.x_shift) / theirs.x_scale
    layers[0] = weights * ratio[:, None], biases + shift @ weights
    y_shift, y_scale = _changes_of_outputs(model, theirs, own)
    weights, biases = layers[-1]
    layers[-1] = weights * y_scale, biases * y_scale + y_shift
    return layers


def _changes_of_outputs(model, theirs, own):
    """Returns the shift and the scale of every output `[n_outputs]` from their units to the model's."""
    shifts, scales = [], []
    parts = getattr(model.likelihood, "parts", (model.likelihood,))
    units = zip(*(np.atleast_1d(each) for each in (*theirs[2:4], *own[2:4])), strict=True)
    for part, (their_shift, their_scale, own_shift, own_scale) in zip(parts, units, strict=True):
        shift, scale = (their_shift - own_shift) / own_scale, their_scale / own_scale
        if not isinstance(part, OfRealNumbers):
            # Classes and counts have no units.
            shift, scale = 0.0, 1.0
        elif part.n_outputs > 1 and (shift, scale) != (0, 1):
            raise ValueError(
                f"scaling: y's units cannot be folded into the outputs of {shown(part)}, one of which is not "
                "its mean; give scaling the model's y_shift and y_scale, and train on y in these."
            )
        shifts, scales = shifts + [shift] * part.n_outputs, scales + [scale] * part.n_outputs
    return np.array(shifts), np.array(scales)
