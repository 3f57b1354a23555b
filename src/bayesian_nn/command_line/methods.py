"""The methods of `bayesian-nn fit`: functions of the library, and what they are called with."""

from collections.abc import Callable
from typing import Any, NamedTuple

from bayesian_nn.estimators.by_size import choose, infer_by_size
from bayesian_nn.sampling.hmc import sample_hmc
from bayesian_nn.sampling.sampled_ensemble import climbed_ensemble, fit_sampled_ensemble
from bayesian_nn.training.optimizer import Adam
from bayesian_nn.training.stopping import Plateau
from bayesian_nn.variational.fit import fit

__all__ = ["METHODS", "Method", "why"]


class Method(NamedTuple):
    """name: of the method; infer: of the library; settings: what it is called with, besides model, data and
    seed."""

    name: str
    infer: Callable
    settings: dict[str, Any]


METHODS = {
    "auto": Method("", infer_by_size, {}),
    "sampled-ensemble": Method("sampled ensemble", fit_sampled_ensemble, {}),
    "hmc": Method("Hamiltonian Monte Carlo", sample_hmc, {"n_chains": 16, "n_warmup": 100, "n_draws": 100}),
    "ensemble": Method("ensemble", climbed_ensemble, {"n_members": 16, "n_steps": 5000}),
    "vi": Method(
        "variational inference",
        fit,
        {"n_steps": 20_000, "n_restarts": 4, "optimizer": Adam(0.01), "stop": Plateau()},
    ),
}


def why(option: str, model, n_rows: int) -> tuple[str, str]:
    """Returns the name of the method that an option stands for, and why it is that one."""
    if option == "auto":
        choice = choose(model, n_rows)
        return choice.method, choice.why
    return METHODS[option].name, f"--method {option} was asked for."
