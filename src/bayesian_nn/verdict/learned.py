"""Did it learn: is it better than a constant, and no worse than a straight line?"""

from collections.abc import Iterator

import numpy as np

from bayesian_nn.model.observations import parts_of
from bayesian_nn.scores.classification import error_rate
from bayesian_nn.verdict.evidence import Evidence
from bayesian_nn.verdict.finding import Finding, listed, number, percent
from bayesian_nn.verdict.straight_line import line_log_density, n_coefficients

__all__ = ["better_than_a_constant", "no_worse_than_a_line"]

# Below this share explained the mean itself has not learned.
FLAT = 0.25
# A difference from the line, in nats a row, that matters.
MATTERS = 0.02


def better_than_a_constant(evidence: Evidence) -> Iterator[Finding]:
    """Yields the gain in log predictive density over the best constant, in nats a row."""
    y = parts_of(evidence.data)[1]
    gain = float(
        np.mean(evidence.log_density) - evidence.model.likelihood.constant_log_likelihood(y) / len(y)
    )
    explained = [_explained(target) for target in evidence.targets]
    holds = gain > 0
    size = f"{number(abs(gain))} nats {'better' if holds else 'worse'} than the best constant"
    sentence = f"It predicts a row {size}, and {listed([text for text, _ in explained])}."
    remedy = ""
    if not holds and min(share for _, share in explained) >= FLAT:
        remedy = "The mean has learned and its doubt is wrong: see what is said of the noise and the bands."
    elif not holds:
        remedy = (
            "Train for longer, from other starts (n_restarts=8), or with another method. If x really says "
            "so little of y, this is right."
        )
    yield Finding("learned", sentence, remedy, gain, 0.0)


def no_worse_than_a_line(evidence: Evidence) -> Iterator[Finding]:
    """Yields the gain over the straight line with the same likelihood that fits the training rows best, where
    these are known."""
    training = evidence.data if evidence.training is None and evidence.seen else evidence.training
    if training is None or n_coefficients(evidence.model) > len(parts_of(training)[1]) / 3:
        return
    gains = evidence.log_density - line_log_density(evidence.model, training, evidence.data)
    gain, error = float(np.mean(gains)), float(np.std(gains) / np.sqrt(len(gains)))
    limit = -max(MATTERS, 3 * error)
    holds = gain >= limit
    if holds and gain < -limit:
        sentence = "It predicts as well as the best straight line, to within chance."
    else:
        size = f"{number(abs(gain))} nats {'better' if gain > 0 else 'worse'}"
        sentence = f"It predicts a row {size} than the best straight line with the same likelihood."
    remedy = (
        "" if holds else "Take the line, or train for longer, with a learned prior scale or other starts."
    )
    yield Finding("line", sentence, remedy, gain, limit)


def _explained(target):
    """Returns what the mean explains of one target, in words, and the share."""
    share = float(target.likelihood.explained(target.record, target.y))
    if not target.is_class:
        return f"explains {percent(max(share, 0))} of {target.name or 'y'}", share
    labels = target.y.astype(int)
    error = error_rate(target.record.mean, labels)
    of_constant = 1 - np.bincount(labels).max() / len(labels)
    errs = f"errs in {target.name}" if target.name else "errs"
    return f"{errs} on {percent(error)} of rows, the commonest class on {percent(of_constant)}", share
