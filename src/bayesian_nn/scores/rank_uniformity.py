"""Whether ranks are uniform: the test of simulation-based calibration, and the band to draw it with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bayesian_nn.runtime.checks import finite_numbers, fraction, whole_number

__all__ = ["Ranks", "ecdf_band"]


@dataclass(frozen=True, eq=False)
class Ranks:
    """How many of the draws of each simulation's posterior lie below the truth that its data came from.

    ranks: whole numbers from 0 to n_draws, [n_simulations, n_quantities]; n_draws: draws of each posterior;
    names: of the quantities. If the posteriors are right all n_draws + 1 ranks are equally likely. A
    posterior that is too narrow has too many at both ends, one that is too wide too many in the middle, one
    that is too high too many low ones.
    """

    ranks: np.ndarray
    n_draws: int
    names: Sequence[str]

    def __post_init__(self) -> None:
        ranks = finite_numbers("ranks", self.ranks)
        whole_number("n_draws", self.n_draws)
        if ranks.ndim != 2 or ranks.shape[1] != len(self.names) or not ranks.size:
            raise ValueError(
                f"ranks must be [n_simulations, n_quantities] with one name for each of the quantities; got "
                f"{list(ranks.shape)} and {len(self.names)} names."
            )
        if np.any((ranks < 0) | (ranks > self.n_draws) | (ranks % 1 > 0)):
            raise ValueError(f"ranks must be whole numbers from 0 to n_draws = {self.n_draws}.")
        object.__setattr__(self, "ranks", ranks.astype(int))
        object.__setattr__(self, "names", tuple(self.names))

    def shares_below(self, levels) -> np.ndarray:
        """Returns the share of simulations whose truth is among the lowest share `levels` `[n_levels]` of its
        posterior, `[n_levels, n_quantities]`: uniform ranks' lie on the diagonal."""
        thresholds = np.asarray(levels)[:, None, None] * (self.n_draws + 1)
        # A whole number times 1 / (n_draws + 1) may come out a rounding below itself.
        return np.mean(self.ranks < thresholds - 1e-9, axis=1)

    def p_values(self, n_levels: int = 20) -> np.ndarray:
        """Returns for each quantity `[n_quantities]` the probability that uniform ranks stray as far from
        uniform shares as these do, at one of n_levels evenly spread levels or more (Säilynoja et al. 2022).

        Below 0.05 the shares leave the band of `ecdf_band`. Of many quantities one does so by chance: hold
        n_quantities times the smallest against 0.05 (Bonferroni).
        """
        levels = rank_levels(self.n_draws, n_levels)
        n_simulations = len(self.ranks)
        counts = np.rint(self.shares_below(levels) * n_simulations).astype(int)
        tails = _tails(n_simulations, levels)
        furthest = tails[np.arange(len(levels))[:, None], counts].min(axis=0)
        # Uniform ranks go as far out unless they stay strictly nearer.
        inside = [_probability_inside(tails, levels, tail * (1 + 1e-9)) for tail in furthest]
        return np.maximum(1 - np.array(inside), 0)


def ecdf_band(
    n_simulations: int, n_draws: int, *, probability: float = 0.95, n_levels: int = 20
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns levels `[n_levels]`, and the lowest and the highest of `Ranks.shares_below` at each
    `[n_levels]`, between which those of uniform ranks stay, at all levels, with the given probability or a
    little more (Säilynoja et al. 2022, by their exact recursion)."""
    whole_number("n_simulations", n_simulations)
    fraction("probability", probability, but=1)
    levels = rank_levels(n_draws, n_levels)
    tails = _tails(n_simulations, levels)
    # The more is cut off at each level, the smaller the probability of staying inside everywhere.
    candidates = np.unique(tails)
    low, high = 0, len(candidates) - 1
    while low < high:
        middle = (low + high + 1) // 2
        enough = _probability_inside(tails, levels, candidates[middle]) >= probability
        low, high = (middle, high) if enough else (low, middle - 1)
    inside = tails >= candidates[low]
    lowest, from_the_end = inside.argmax(axis=1), inside[:, ::-1].argmax(axis=1)
    return levels, lowest / n_simulations, 1 - from_the_end / n_simulations


def rank_levels(n_draws: int, n_levels: int) -> np.ndarray:
    """Returns evenly spread multiples of 1 / (n_draws + 1) strictly between 0 and 1: n_levels, or all there
    are."""
    n_cells = whole_number("n_draws", n_draws) + 1
    n_levels = min(whole_number("n_levels", n_levels), n_cells - 1)
    return np.unique(np.rint(np.arange(1, n_levels + 1) * n_cells / (n_levels + 1))) / n_cells


def _tails(n, levels):
    """The smaller tail probability of every count 0 to n of n uniform numbers below each level,
    [n_levels, n + 1]."""
    below = np.cumsum([_binomial(n, level) for level in levels], axis=1)
    above = np.cumsum([_binomial(n, level)[::-1] for level in levels], axis=1)[:, ::-1]
    return np.minimum(below, above)


def _probability_inside(tails, levels, cut):
    """The probability that uniform numbers' counts have tails of at least `cut` at all levels."""
    n = tails.shape[1] - 1
    state, before = np.eye(1, n + 1)[0], 0.0
    for level, tail in zip(levels, tails, strict=True):
        # Each number that is not yet below has the same chance to be below the next level.
        chance = (level - before) / (1 - before)
        following = np.zeros(n + 1)
        for count in np.flatnonzero(state):
            following[count:] += state[count] * _binomial(n - count, chance)
        state, before = np.where(tail >= cut, following, 0.0), level
    return state.sum()


def _binomial(n, chance):
    """The probabilities of 0 to n successes in n trials, [n + 1]."""
    k = np.arange(n + 1)
    log_factorials = np.cumsum(np.log(np.maximum(k, 1)))
    choices = log_factorials[-1] - log_factorials - log_factorials[::-1]
    return np.exp(choices + k * math.log(chance) + (n - k) * math.log1p(-chance))
