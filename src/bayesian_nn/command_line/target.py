"""What the target of a table is taken for, and the likelihood that follows."""

from typing import NamedTuple

from bayesian_nn.data.columns import no_such_column
from bayesian_nn.data.tables import Dataset
from bayesian_nn.data.targets import kind_of_target
from bayesian_nn.estimators.usual import (
    even_noise,
    first_noise,
    likelihood_of_classes,
    noise_of_x,
    usual_likelihood,
)
from bayesian_nn.likelihoods.gaussian import LearnedNoise
from bayesian_nn.likelihoods.negative_binomial import LearnedDispersion, NegativeBinomial
from bayesian_nn.likelihoods.poisson import Poisson
from bayesian_nn.likelihoods.student_t import LearnedDof, StudentT

__all__ = ["Taken", "likelihood_for", "take"]

# Student-t noise begins its search where Gaussian noise does.
OF_NUMBERS = {
    "gaussian": even_noise,
    "noise-of-x": noise_of_x,
    "student-t": lambda y: StudentT(LearnedNoise(first_noise(y)), LearnedDof()),
    "poisson": lambda y: Poisson(),
    "negative-binomial": lambda y: NegativeBinomial(LearnedDispersion()),
}


class Taken(NamedTuple):
    """is_classes: whether the target is classes; likelihood: the option, "auto" only for numbers; why: a
    sentence."""

    is_classes: bool
    likelihood: str
    why: str


def take(frame, target: str, likelihood: str) -> Taken:
    """Returns what a frame's column is taken for, if this likelihood was asked for. Raises ValueError if
    there is no such column, or if it cannot be that."""
    if target not in frame.columns:
        raise ValueError(no_such_column(target, frame.columns))
    column = frame[target]
    kind, n_values = kind_of_target(column), column.nunique()
    of_words = column.dtype.kind not in "iuf"
    if likelihood == "classes":
        return Taken(True, "classes", f"{target} is {n_values:,} classes, as was asked for.")
    if likelihood != "auto":
        if of_words:
            raise ValueError(
                f"{target!r} holds words, which are classes: leave --likelihood {likelihood} out."
            )
        return Taken(False, likelihood, f"{target} is numbers, with the likelihood that was asked for.")
    if kind in ("binary", "classes"):
        numbers = (
            ""
            if of_words
            else f", for it holds {n_values} whole numbers; --likelihood gaussian takes them as such"
        )
        return Taken(True, "classes", f"{target} is {n_values:,} classes{numbers}.")
    if kind == "count":
        why = (
            f"{target} is counts, for it holds whole numbers from near 0 on: their distribution is negative "
            "binomial; --likelihood noise-of-x takes them as any numbers."
        )
        return Taken(False, "negative-binomial", why)
    return Taken(False, "auto", f"{target} is numbers.")


def likelihood_for(taken: Taken, data: Dataset):
    """Returns the likelihood for a data set of the fit."""
    if taken.is_classes:
        return likelihood_of_classes(len(data.classes))
    if taken.likelihood == "auto":
        return usual_likelihood(data)
    return OF_NUMBERS[taken.likelihood](data.y)
