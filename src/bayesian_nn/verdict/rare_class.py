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
    """Yields for each target of classes how many rows its rarest class has, and what share of these is called
    so; it fails where that is less than the prediction itself says."""
    for target in evidence.targets:
        if not target.is_class:
            continue
        labels, called = target.y.astype(int), target.record.labels
        counts = np.bincount(labels, minlength=target.record.probabilities.shape[2])
        rarest = int(np.argmin(np.where(counts > 0, counts, len(labels) + 1)))
        share = counts[rarest] / len(labels)
        rare = share < RARE / len(counts)
        found, of_replicates = (_found(y == rarest, called == rarest) for y in (labels, target.replicates))
        (z,), limit = surprise(found, of_replicates)
        edge = float(max(of_replicates.mean() - limit * of_replicates.std(), 0))
        sentence, remedy = f"the rarest class, {rarest}, is {percent(share)} of the rows", ""
        if rare:
            sentence += f", of which {percent(found[0])} are called so: judge by probabilities, not by errors"
        if rare and z < -limit:
            remedy = (
                f"Of right probabilities it would be {percent(edge)} or more: collect more rows of it, or "
                "train for longer."
            )
        yield Finding("rare class", target.says(f"{sentence}."), remedy, float(found[0]), edge)


def _found(of_class, called):
    """Returns the share of the rows of a class `[..., n_points]` that are called so `[..., 1]`."""
    right, all_rows = (rows.sum(axis=-1, keepdims=True) for rows in (of_class & called, of_class))
    return right / np.maximum(all_rows, 1)
