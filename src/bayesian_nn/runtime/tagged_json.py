"""Settings of several kinds as JSON: each with the name of its class, by which it is found again."""

from collections.abc import Iterable
from dataclasses import fields, is_dataclass

import numpy as np

__all__ = ["from_tagged", "to_tagged"]


def to_tagged(role: str, value, kinds: Iterable[type]):
    """Returns plain values as they are, tuples as lists, and dataclasses and NamedTuples as their fields with
    the name of their class, whatever they hold. Raises ValueError for a class that is not one of `kinds`, and
    for a function. role: what the value is, for the message."""
    kind = type(value)
    if value is None or kind in (bool, int, float, str):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if kind in (list, tuple):
        return [to_tagged(f"{role}[{index}]", each, kinds) for index, each in enumerate(value)]
    if kind in kinds:
        of_value = {name: getattr(value, name) for name in _names(kind)}
        return {"kind": kind.__name__} | {
            name: to_tagged(name, each, kinds) for name, each in of_value.items()
        }
    if callable(value) and not isinstance(value, type) and not is_dataclass(value):
        name = getattr(value, "__name__", kind.__name__)
        raise ValueError(
            f"This cannot be saved: its {role} is the function {name}, and a file can name a function but "
            f"not hold it. Use the name of one that the library knows, such as {role}='tanh'."
        )
    raise ValueError(f"This cannot be saved: {_unknown(role, kind.__name__, kinds)}")


def from_tagged(role: str, value, kinds: Iterable[type]):
    """Returns what `to_tagged` wrote, lists as tuples. A class of another module is not looked up, for a file
    could then run any code. Raises ValueError for a name that is not one of the `kinds`."""
    if isinstance(value, list):
        return tuple(from_tagged(f"{role}[{index}]", each, kinds) for index, each in enumerate(value))
    if not isinstance(value, dict):
        return value
    for kind in kinds:
        if kind.__name__ == value.get("kind"):
            return kind(
                **{name: from_tagged(name, each, kinds) for name, each in value.items() if name != "kind"}
            )
    raise ValueError(f"This cannot be loaded: {_unknown(role, value.get('kind'), kinds)}")


def _names(kind):
    return [field.name for field in fields(kind) if field.init] if is_dataclass(kind) else kind._fields


def _unknown(role, name, kinds):
    known = " or ".join(kind.__name__ for kind in kinds)
    return f"its {role} is of the kind {name}, and this version knows {known}."
