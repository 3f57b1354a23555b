"""What a verdict is made of: findings, each a sentence with its number and, where it fails, the remedy."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["Finding", "Verdict", "listed", "number", "percent"]


class Finding(NamedTuple):
    """One thing that was looked at.

    topic: a word or two, the same in every verdict; sentence: what was found, with the number; remedy: what
    to do about it, empty where it holds; value: the number, and limit: how far it might have gone, as plain
    numbers (a share from 0 to 1, nats a row).
    """

    topic: str
    sentence: str
    remedy: str
    value: float
    limit: float

    @property
    def holds(self) -> bool:
        """Whether it is as it should be, and needs no remedy."""
        return not self.remedy


@dataclass(frozen=True)
class Verdict:
    """All findings on a result, in the order in which they were looked for. Printed, it is a sentence for
    each, problems first."""

    findings: tuple[Finding, ...]
    n_rows: int

    @property
    def problems(self) -> tuple[Finding, ...]:
        """The findings that do not hold."""
        return tuple(finding for finding in self.findings if not finding.holds)

    @property
    def holds(self) -> bool:
        """Whether all of it is as it should be."""
        return not self.problems

    def table(self) -> list[dict]:
        """Returns the findings as rows for programs, plain values that JSON takes: numbers that are not
        finite are None."""
        return [
            {name: _plain(value) for name, value in finding._asdict().items()} | {"holds": finding.holds}
            for finding in self.findings
        ]

    def __str__(self) -> str:
        n_problems, n_findings = len(self.problems), len(self.findings)
        do = "does" if n_problems == 1 else "do"
        head = (
            f"All {n_findings} findings on {self.n_rows:,} rows hold."
            if self.holds
            else f"{n_problems} of {n_findings} findings on {self.n_rows:,} rows {do} not hold."
        )
        bad = [f"Problem: {finding.sentence} {finding.remedy}".rstrip() for finding in self.problems]
        good = [f"Holds: {finding.sentence}" for finding in self.findings if finding.holds]
        return "\n".join([head, *bad, *good])


def number(value: float) -> str:
    """Returns a number in a sentence: three digits, thousands apart, an exponent only beyond a billion."""
    value = float(value)
    if value == 0 or not math.isfinite(value) or not 1e-4 <= abs(value) < 1e9:
        return f"{value:.3g}"
    decimals = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def percent(share: float) -> str:
    """Returns a share in a sentence: whole percents, with one decimal below 1 and above 99."""
    share = round(100 * float(share), 1)
    return f"{share:.1f} %" if 0 < share < 1 or 99 < share < 100 else f"{share:,.0f} %"


def listed(words: Sequence[str]) -> str:
    """Returns words in a row, the last after "and"."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _plain(value):
    if isinstance(value, str):
        return value
    return float(value) if math.isfinite(value) else None
