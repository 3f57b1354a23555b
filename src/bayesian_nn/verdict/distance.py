"""How far do the rows lie from those of the fit?"""

from collections.abc import Iterator

import numpy as np
from scipy.spatial import cKDTree
from scipy.stats import betabinom

from bayesian_nn.data.tables import Dataset
from bayesian_nn.verdict.evidence import Evidence
from bayesian_nn.verdict.finding import Finding, number, percent
from bayesian_nn.verdict.straight_line import some_rows
from bayesian_nn.verdict.surprise import CHANCE

__all__ = ["rows_are_near"]

# Rows of the fit among which neighbours are sought.
MAX_ROWS = 5000
# Share of rows far from the fit's that matters.
MATTERS = 0.05
# Of the fit's rows these have their nearest neighbour near.
NEAR = 0.99
REMEDY = (
    "There the data say nothing, and the band is what the prior makes of it: take such rows into the fit, or "
    "rely on no number there."
)


def rows_are_near(evidence: Evidence) -> Iterator[Finding]:
    """Yields of tables whose training rows are known the share of rows outside their range, in the input in
    which most are, and how far the nearest row of the fit is, beside the fit's own rows' neighbours."""
    training, data = evidence.training, evidence.data
    if not isinstance(training, Dataset) or evidence.seen:
        return
    low, high = training.x.min(axis=0), training.x.max(axis=0)
    outside = (data.x < low) | (data.x > high)
    share = float(np.mean(outside.any(axis=1)))
    worst = int(np.argmax(outside.mean(axis=0)))
    limit = _by_chance(2 * np.count_nonzero(high > low), len(training.x), len(data.x))
    sentence = f"{percent(share)} of the rows lie outside the range of the fit's rows in some input"
    sentence += f", most of them in {data.x_names[worst]}." if share > 0 else "."
    yield Finding("extrapolation", sentence, "" if share <= limit else REMEDY, share, limit)
    training = some_rows(training, MAX_ROWS)
    n_known = len(training.x)
    ratio, far = _distances(training, data)
    limit = _by_chance(int(np.ceil(n_known * (1 - NEAR))), n_known, len(data.x))
    sentence = (
        f"{percent(far)} of the rows are farther from the fit's rows than {percent(NEAR)} of these "
        f"from each other; the typical row is {number(ratio)} times as far."
    )
    yield Finding("distance", sentence, "" if far <= limit else REMEDY, far, limit)


def _distances(training, data):
    """Returns the median distance of a row from its nearest training row over that of training rows from
    theirs, and the share of rows beyond 99 % of these, in scaled units."""
    scales = np.where(np.ptp(training.x, axis=0) > 0, training.x.std(axis=0), 1.0)
    tree = cKDTree(training.x / scales)
    own = tree.query(training.x / scales, k=2)[0][:, 1]
    of_rows = tree.query(data.x / scales)[0]
    typical = np.median(own)
    ratio = float(np.median(of_rows) / typical) if typical > 0 else float(np.median(of_rows) > 0)
    return ratio, float(np.mean(of_rows > np.quantile(own, NEAR)))


def _by_chance(n_beyond, n_known, n_rows):
    """Returns the share of rows beyond a border of known rows that chance explains, where `n_beyond` known
    rows, or borders, lie there: a border between n exchangeable rows leaves a beta-distributed share."""
    if not n_beyond:
        return MATTERS
    share = betabinom(n_rows, n_beyond, max(1, n_known + 1 - n_beyond)).ppf(1 - CHANCE) / n_rows
    return max(MATTERS, float(share))
