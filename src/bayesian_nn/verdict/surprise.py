"""How far a statistic may lie from what the prediction itself gives, over all the looks that were taken."""

import numpy as np

__all__ = ["surprise"]

# Of a right prediction one finding in a hundred is beyond the limit.
CHANCE = 0.01


def surprise(observed, replicated, *, chance: float = CHANCE) -> tuple[np.ndarray, float]:
    """Returns how many sds each of the observed statistics `[n_looks]` lies from the mean of the replicated
    ones `[n_replicates, n_looks]`, and the limit: the furthest look of a replicate goes beyond it with the
    probability `chance`.

    Replicates are data drawn from the prediction, one draw of the weights each, so that a statistic of a
    right prediction is one of them (Gelman, Meng and Stern 1996, "Posterior predictive assessment of model
    fitness"). What rows have in common, the doubt about the weights, is then in the limit, and so is the
    number of looks.
    """
    replicated = np.asarray(replicated, np.float64)
    centre, spread = replicated.mean(axis=0), replicated.std(axis=0)
    spread = np.maximum(spread, 1e-9 * np.maximum(np.abs(centre), 1))
    furthest = np.max(np.abs(replicated - centre) / spread, axis=1)
    return (np.asarray(observed) - centre) / spread, float(np.quantile(furthest, 1 - chance, method="higher"))
