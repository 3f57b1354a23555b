"""Which prior each weight and each unknown has: one for all, by layer, or for weights and biases apart."""

from collections.abc import Iterable
from typing import NamedTuple

from bayesian_nn.priors.gaussian import GaussianPrior
from bayesian_nn.priors.learned_scale import HalfNormalScale, LogNormalScale
from bayesian_nn.priors.prior import Prior
from bayesian_nn.priors.relevance import RelevancePrior
from bayesian_nn.priors.scale_mixture import ScaleMixturePrior
from bayesian_nn.priors.unknowns import Unknown
from bayesian_nn.runtime.checks import shown

__all__ = [
    "LEARNED_SCALES",
    "AnyPrior",
    "Placed",
    "checked_prior",
    "placed",
    "scale_unknowns",
    "with_known_scales",
]

LEARNED_SCALES = (LogNormalScale, HalfNormalScale)
AnyPrior = Prior | LogNormalScale | HalfNormalScale
KINDS = (GaussianPrior, ScaleMixturePrior, RelevancePrior, *LEARNED_SCALES)


class Placed(NamedTuple):
    """`size` latents in a row under one prior; scale: of a prior whose sd is unknown, which of the model's
    scales that is."""

    size: int
    prior: AnyPrior
    scale: int | None = None


def checked_prior(prior, n_layers: int):
    """Returns the prior as it was given, lists made tuples. Raises ValueError for anything but one prior, or
    for each of the `n_layers` layers one, or a pair (of its weights, of its biases)."""
    if isinstance(prior, KINDS):
        return prior
    layers = tuple(each if isinstance(each, KINDS) else _listed(each) for each in _listed(prior))
    right = len(layers) == n_layers and all(
        isinstance(each, KINDS) or (len(each) == 2 and all(isinstance(part, KINDS) for part in each))
        for each in layers
    )
    if not right:
        raise ValueError(
            f"prior must be one such as GaussianPrior(1.0), or one for each of the {n_layers} layers, or for "
            f"each a pair (of its weights, of its biases); got {shown(prior)}."
        )
    return layers


def placed(prior, layers: list[tuple[int, int]]) -> list[Placed]:
    """Returns the priors of all weights and biases, in the order of the latents, for a checked prior and the
    layers' `(n_in, n_out)`. A learned scale is shared by the weights and biases of a layer, unless they have
    priors of their own."""
    found, n_scales = [], 0
    for each, (n_in, n_out) in zip(_by_layer(prior, len(layers)), layers, strict=True):
        parts = (each, each) if isinstance(each, KINDS) else each
        for index, (part, size) in enumerate(zip(parts, (n_in * n_out, n_out), strict=True)):
            if not isinstance(part, LEARNED_SCALES):
                found.append(Placed(size, part))
                continue
            if index == 0 or not isinstance(each, KINDS):
                n_scales += 1
            found.append(Placed(size, part, n_scales - 1))
    return found


def scale_unknowns(prior, n_layers: int) -> tuple[Unknown, ...]:
    """Returns the unknown scales of a checked prior, in the order in which `placed` counts them."""
    unknowns = []
    for number, each in enumerate(_by_layer(prior, n_layers), start=1):
        if isinstance(each, LEARNED_SCALES):
            unknowns.append(each.unknown(f"log prior sd of layer {number}"))
        elif not isinstance(each, KINDS):
            unknowns += [
                part.unknown(f"log prior sd of the {name} of layer {number}")
                for name, part in zip(("weights", "biases"), each, strict=True)
                if isinstance(part, LEARNED_SCALES)
            ]
    return tuple(unknowns)


def with_known_scales(prior):
    """Returns a checked prior with every unknown scale held at its median."""
    if isinstance(prior, tuple):
        return tuple(with_known_scales(each) for each in prior)
    return GaussianPrior(prior.typical_std) if isinstance(prior, LEARNED_SCALES) else prior


def _by_layer(prior, n_layers):
    return prior if isinstance(prior, tuple) else (prior,) * n_layers


def _listed(value):
    return tuple(value) if isinstance(value, Iterable) and not isinstance(value, str) else ()
