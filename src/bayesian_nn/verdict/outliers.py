"""Are there more outliers than the likelihood allows?"""

from collections.abc import Iterator

import numpy as np

from bayesian_nn.likelihoods.student_t import StudentT
from bayesian_nn.verdict.evidence import Evidence
from bayesian_nn.verdict.finding import Finding, listed, number
from bayesian_nn.verdict.noise_level import MEDIAN
from bayesian_nn.verdict.surprise import CHANCE

__all__ = ["outliers_are_few"]

# Predictive sds beyond which a row is an outlier.
FAR = 4.0


def outliers_are_few(evidence: Evidence) -> Iterator[Finding]:
    """Yields for each real target how many rows lie beyond four sds. Where residuals are larger than
    predicted throughout, which is another finding, the sd is their own."""
    for target in evidence.targets:
        if not target.is_real:
            continue
        far, of_replicates = (_are_far(target.standardised(y)) for y in (target.y, target.replicates))
        n_far, counts = int(far.sum()), of_replicates.sum(axis=1)
        limit = float(np.quantile(counts, 1 - CHANCE, method="higher"))
        # One row alone proves nothing.
        holds = n_far <= max(limit, 1)
        sentence = (
            f"{n_far} of {len(far):,} rows lie beyond four predictive sds, where the likelihood "
            f"allows {number(limit)}."
        )
        remedy = "" if holds else _remedy(target, np.flatnonzero(far))
        yield Finding("outliers", target.says(sentence), remedy, float(n_far), max(limit, 1.0))


def _are_far(z):
    size = np.abs(z)
    wide = np.median(size, axis=-1, keepdims=True) / MEDIAN
    return size > FAR * np.maximum(wide, 1)


def _remedy(target, rows):
    shown = listed([str(row) for row in rows[:5]]) + (", and more" if len(rows) > 5 else "")
    where = f"Look at rows {shown} of these data"
    if isinstance(target.likelihood, StudentT):
        return f"{where}, or let the degrees of freedom be learned, LearnedDof()."
    noise = number(float(np.median(target.spread)))
    return f"{where}; if they are right, use StudentT(LearnedNoise({noise}), LearnedDof())."
