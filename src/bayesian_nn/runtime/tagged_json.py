"""Settings of several kinds as JSON: each with the name of its class, by which it is found again."""

from dataclasses import asdict

__all__ = ["from_json", "to_json"]


def to_json(role: str, value, kinds: tuple[type, ...]) -> dict:
    """Returns the fields of a dataclass and its name. Raises ValueError for one that is not of `kinds`."""
    kind = type(value)
    if kind not in kinds:
        raise ValueError(f"This run cannot be saved: {_unknown(role, kind.__name__, kinds)}")
    return {"kind": kind.__name__} | asdict(value)


def from_json(role: str, fields: dict, kinds: tuple[type, ...]):
    """Returns what `to_json` wrote. A class of another module is not looked up, for a file could then run any
    code. Raises ValueError for a name that is not one of the `kinds`."""
    name = fields["kind"]
    for kind in kinds:
        if kind.__name__ == name:
            return kind(**{field: value for field, value in fields.items() if field != "kind"})
    raise ValueError(f"This run cannot be loaded: {_unknown(role, name, kinds)}")


def _unknown(role, name, kinds):
    known = " or ".join(kind.__name__ for kind in kinds)
    return f"its {role} is of the kind {name}, and this version knows {known}."
