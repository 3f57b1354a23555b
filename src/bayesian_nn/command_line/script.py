"""The Python program that does what a command did."""

import dataclasses
import json
import sys

from bayesian_nn.command_line.methods import Method
from bayesian_nn.model.model import Model

__all__ = ["script_of", "source_of"]


def script_of(
    command: str, reading: dict, *, held_out: float, seed: int, model: Model, method: Method
) -> str:
    """Returns the program. command: as it was typed; reading: the arguments of `read_csv`, the file first."""
    path, *settings = reading.items()
    table = ", ".join([source_of(path[1]), *(f"{name}={source_of(value)}" for name, value in settings)])
    split = (
        f"training, held_out = bnn.train_test_split(data, test_fraction={held_out}, seed=SEED)"
        if held_out
        else "training = held_out = data"
    )
    told = "".join(f", {name}={source_of(value)}" for name, value in method.settings.items())
    return f'''"""Does what this command did, if it is started in the same folder:

{command}
"""

import bayesian_nn as bnn

SEED = {seed}

data = bnn.read_csv({table})
{split}

model = bnn.Model(
    layer_sizes={model.layer_sizes!r},
    likelihood={source_of(model.likelihood)},
    prior={source_of(model.prior)},
    activation={source_of(model.activation)},
    scaling=training.scaling,
)
result = {_public(method.infer)}(model, training, seed=SEED{told})

verdict = bnn.check(result, held_out, training=training, seed=SEED)
print(verdict)
rows = bnn.report.predict_rows(result, held_out.x, held_out.y, seed=SEED)
bnn.save(result, "result.npz")
bnn.report.write_report(
    "report.html", result, held_out, training=training, verdict=verdict, seed=SEED
)
'''


def source_of(value) -> str:
    """Returns the expression that makes a number, a text, a list, or one of the library's records."""
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value) if field.init]
    elif hasattr(value, "_fields"):
        names = value._fields
    elif isinstance(value, list):
        return "[" + ", ".join(map(source_of, value)) + "]"
    else:
        # With the quotes of the house.
        return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
    told = ", ".join(f"{name}={source_of(getattr(value, name))}" for name in names)
    return f"{_public(type(value))}({told})"


def _public(named) -> str:
    """Returns the public name of a class or a function of the library."""
    package, room, *_ = named.__module__.split(".")
    at_the_top = named.__name__ in sys.modules[package].__all__
    return f"bnn.{named.__name__}" if at_the_top else f"bnn.{room}.{named.__name__}"
