"""Do classes come true as often as their probabilities say?"""

from collections.abc import Iterator

import numpy as np

from bayesian_nn.scores.classification import expected_calibration_error
from bayesian_nn.verdict.evidence import Evidence
from bayesian_nn.verdict.finding import Finding, number, percent
from bayesian_nn.verdict.surprise import surprise

__all__ = ["probabilities_come_true"]

N_BINS = 10
# A calibration error beyond chance that matters.
MATTERS = 0.02


def probabilities_come_true(evidence: Evidence) -> Iterator[Finding]:
    """Yields for each target of classes the calibration error, beside that of a right prediction of these
    rows, and by how much confidence exceeds accuracy."""
    for target in evidence.targets:
        if not target.is_class:
            continue
        probabilities = target.record.mean

        def looks(labels, probabilities=probabilities):
            labels = labels.astype(int)
            error = expected_calibration_error(probabilities, labels, n_bins=N_BINS)
            accuracy = np.mean(probabilities.argmax(axis=1) == labels)
            return error, probabilities.max(axis=1).mean() - accuracy

        found = np.array(looks(target.y))
        of_replicates = np.array([looks(labels) for labels in target.replicates])
        z, limit = surprise(found, of_replicates)
        due, edge = of_replicates.mean(axis=0)[0], limit * of_replicates.std(axis=0)[0]
        wrong = (z[0] > limit and found[0] - due > MATTERS) or (abs(z[1]) > limit and abs(found[1]) > MATTERS)
        sentence = (
            f"confidence is {percent(found[1] + 1 - _error(target))} where accuracy is "
            f"{percent(1 - _error(target))}: the calibration error is {number(found[0])}, and of right "
            f"probabilities it would be {number(due)}, up to {number(due + edge)}."
        )
        remedy = ""
        if wrong and found[1] > 0:
            remedy = "It is overconfident: average over more modes (fit_ensemble, sample_hmc), or train less."
        elif wrong:
            remedy = "It is underconfident: train for longer, or let the prior's scale be learned."
        yield Finding("calibration", target.says(sentence), remedy, float(found[0]), float(due + edge))


def _error(target):
    return np.mean(target.record.labels != target.y)
