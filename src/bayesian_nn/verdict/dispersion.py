"""Do counts vary as their likelihood says?"""

from collections.abc import Iterator

import numpy as np

from bayesian_nn.likelihoods.poisson import Poisson
from bayesian_nn.verdict.evidence import Evidence
from bayesian_nn.verdict.finding import Finding, number
from bayesian_nn.verdict.surprise import surprise

__all__ = ["counts_are_not_overdispersed"]

# Times the variance that matter.
MATTERS = 1.2


def counts_are_not_overdispersed(evidence: Evidence) -> Iterator[Finding]:
    """Yields for each count the mean square of its residuals in predictive sds: 1, but for chance."""
    for target in evidence.targets:
        if not target.is_count:
            continue
        found, of_replicates = (
            np.mean(target.standardised(y) ** 2, axis=-1, keepdims=True)
            for y in (target.y, target.replicates)
        )
        (z,), limit = surprise(found, of_replicates)
        ratio = float(found[0] / of_replicates.mean())
        edge = float(1 + limit * of_replicates.std() / of_replicates.mean())
        wrong = z > limit and ratio > MATTERS
        sentence = f"counts vary {number(ratio)} times as much as predicted (by chance {number(edge)})."
        remedy = ""
        if wrong and isinstance(target.likelihood, Poisson):
            remedy = "Use NegativeBinomial(LearnedDispersion()), or give the inputs that are missing."
        elif wrong:
            remedy = (
                "Let the dispersion be learned, LearnedDispersion(), or give the inputs that are missing."
            )
        yield Finding("dispersion", target.says(sentence), remedy, ratio, edge)
