"""The noises that a likelihood learns, and the same likelihood with known ones."""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass, replace

from bayesian_nn.likelihoods.gaussian import LearnedNoise
from bayesian_nn.likelihoods.likelihood import Likelihood

__all__ = ["learned_noises", "with_known_noises"]


def learned_noises(likelihood: Likelihood) -> list[int]:
    """Returns which of the likelihood's unknowns are the logarithms of a `LearnedNoise`: Gaussian noise's,
    the scale of Student-t noise, and those of the parts of `Several`."""
    found, first = [], 0
    for part in _parts(likelihood):
        names = [f"log {name}" for name in _names(part)]
        found += [first + place for place, unknown in enumerate(part.unknowns) if unknown.name in names]
        first += len(part.unknowns)
    return found


def with_known_noises(likelihood: Likelihood, noises: Iterable[float]) -> Likelihood:
    """Returns the likelihood with a number in the place of each `LearnedNoise`, in y's units."""
    noises = iter(noises)
    parts = tuple(
        replace(part, **{name: float(next(noises)) for name in names}) if (names := _names(part)) else part
        for part in _parts(likelihood)
    )
    return replace(likelihood, parts=parts) if hasattr(likelihood, "parts") else parts[0]


def _parts(likelihood):
    return getattr(likelihood, "parts", (likelihood,))


def _names(part):
    """Returns the names of the fields that are a `LearnedNoise`."""
    # A likelihood need not be a dataclass to be one.
    names = [field.name for field in fields(part)] if is_dataclass(part) else []
    return [name for name in names if isinstance(getattr(part, name), LearnedNoise)]
