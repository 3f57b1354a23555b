"""Is a rare class found at all?"""

from collections.abc import Iterator

import numpy as np

from bayesian_nn.verdict.evidence import Evidence
from bayesian_nn.verdict.finding import Finding, percent
from bayesian_nn.verdict.surprise import surprise

__all__ = ["rare_classes_are_found"]

# A class is rare with less than this part of an even share.
RARE = 0.3


def rare_classes_are_found(evidence: Evidence) -> Iterator[Finding]:
    """Yields for each target of classes how many rows its rarest class has, beside how many the prediction
    expects, and what share of them is called so."""
    for target in evidence.targets:
        if not target.is_class:
            continue
        labels, called = target.y.astype(int), target.record.labels
        counts = np.bincount(labels, minlength=target.record.probabilities.shape[2])
        rarest = int(np.argmin(np.where(counts > 0, counts, len(labels) + 1)))
        of_replicates = np.mean(target.replicates == rarest, axis=1, keepdims=True)
        share = counts[rarest] / len(labels)
        (z,), limit = surprise([share], of_replicates)
        due, edge = float(of_replicates.mean()), float(of_replicates.mean() + limit * of_replicates.std())
        name = rarest if target.record.classes is None else target.record.classes[rarest]
        sentence, remedy = f"the rarest class, {name}, is {percent(share)} of the rows", ""
        if z > limit:
            sentence += f", where the prediction expects {percent(due)}"
            remedy = "It has not been learned: train for longer, or collect more rows of it."
        elif share < RARE / len(counts):
            found = np.mean(called[labels == rarest] == rarest)
            sentence += f", of which {percent(found)} are called so: judge by probabilities, not by errors"
        yield Finding("rare class", target.says(f"{sentence}."), remedy, share, edge)
