"""Likelihoods as JSON, each with the name of its class."""

from bayesian_nn.likelihoods.bernoulli import Bernoulli
from bayesian_nn.likelihoods.categorical import Categorical
from bayesian_nn.likelihoods.gaussian import Gaussian
from bayesian_nn.likelihoods.heteroscedastic import HeteroscedasticGaussian
from bayesian_nn.likelihoods.likelihood import Likelihood
from bayesian_nn.likelihoods.negative_binomial import NegativeBinomial
from bayesian_nn.likelihoods.poisson import Poisson
from bayesian_nn.likelihoods.several import Several
from bayesian_nn.likelihoods.student_t import StudentT
from bayesian_nn.runtime.tagged_json import from_json, to_json

__all__ = ["likelihood_from_json", "likelihood_to_json"]

OF_ONE_TARGET = (
    Gaussian,
    HeteroscedasticGaussian,
    StudentT,
    Bernoulli,
    Categorical,
    Poisson,
    NegativeBinomial,
)


def likelihood_to_json(likelihood: Likelihood) -> dict:
    """Returns a likelihood's fields and the name of its class. Raises ValueError for any other likelihood."""
    if isinstance(likelihood, Several):
        return {"kind": "Several", "parts": [likelihood_to_json(part) for part in likelihood.parts]}
    fields = to_json("likelihood", likelihood, OF_ONE_TARGET)
    return {name: value._asdict() if isinstance(value, tuple) else value for name, value in fields.items()}


def likelihood_from_json(fields: dict) -> Likelihood:
    """Returns what `likelihood_to_json` wrote. Raises ValueError for a name that is not one of the library's
    likelihoods."""
    if fields["kind"] == "Several":
        return Several(tuple(likelihood_from_json(part) for part in fields["parts"]))
    return from_json("likelihood", fields, OF_ONE_TARGET)
