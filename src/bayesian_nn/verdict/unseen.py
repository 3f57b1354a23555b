"""Has the fit seen these rows?"""

from collections.abc import Iterator

from bayesian_nn.verdict.evidence import Evidence
from bayesian_nn.verdict.finding import Finding

__all__ = ["rows_are_unseen"]


def rows_are_unseen(evidence: Evidence) -> Iterator[Finding]:
    """Yields whether the rows are others than those of the fit: of its own a fit says little."""
    sentence, remedy = {
        True: (
            "These are rows that the fit has seen: bands and scores look better on them than on new ones.",
            "Give held-out rows, as train_test_split makes them.",
        ),
        False: ("The fit has not seen these rows.", ""),
        None: ("Whether the fit has seen these rows is not known; training= would tell.", ""),
    }[evidence.seen]
    yield Finding("rows", sentence, remedy, float(bool(evidence.seen)), 0.0)
