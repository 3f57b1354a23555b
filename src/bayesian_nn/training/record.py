"""Which steps a run records, and in which precision."""

from collections.abc import Iterable

import numpy as np

from bayesian_nn.runtime.checks import shown, whole_number

__all__ = ["half_precision", "log_spaced_steps", "needs_half_precision", "steps_to_record"]

# A record is kept below this size.
MAX_BYTES = 19e6


def log_spaced_steps(n_steps: int, n_records: int = 100) -> np.ndarray:
    """Returns at most `n_records` steps from 0 to `n_steps` `[n_recorded]`, dense at first, log-spaced."""
    return np.unique(np.round(np.geomspace(1, n_steps + 1, n_records)).astype(int)) - 1


def steps_to_record(record_at, n_steps: int, n_numbers: int = 0) -> frozenset[int]:
    """Returns the steps as given, or if that is None at most 100, log-spaced: of `n_numbers` numbers a step
    so few, in half precision, that they stay below 19 MB. Raises ValueError for anything else."""
    if record_at is None:
        n_records = np.clip(MAX_BYTES / (2 * max(1, n_numbers)) - 2, 2, 100)
        return frozenset(log_spaced_steps(n_steps, int(n_records)).tolist())
    if not isinstance(record_at, Iterable) or isinstance(record_at, str):
        raise ValueError(f"record_at must be a list of steps, as in [0, 10, 100]; got {shown(record_at)}.")
    return frozenset(whole_number("record_at", step, at_least=0) for step in record_at)


def needs_half_precision(n_records: int, n_numbers: int) -> bool:
    """Whether so many records of so many numbers would pass 19 MB in single precision."""
    return 4 * n_records * n_numbers > MAX_BYTES


def half_precision(parameters) -> np.ndarray:
    """Returns parameters rounded to three digits, and to no more than 65,504."""
    # Infinity is what half precision would make of more.
    largest = np.finfo(np.float16).max
    return np.clip(np.asarray(parameters), -largest, largest).astype(np.float16)
