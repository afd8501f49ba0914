"""What a benchmark's splits hold, counted as their rows pass.

Takes: `BenchmarkRow`s. Gives: `SplitCounts`. Does not: keep a row.
"""

from collections import Counter
from dataclasses import dataclass

from marketplace.benchmark import BenchmarkRow, BenchmarkSplit


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """What one market's split holds; `first_wrong` counts first labels whose verdict is not the truth's."""

    market: str
    split: BenchmarkSplit
    cases: int
    verdicts: dict[str, int]
    truths: dict[str, int]
    hard: int
    first_wrong: int
    first_wrong_hard: int
    current_wrong: int
    looked_again: int


class Tally:
    """Counts rows as they pass."""

    def __init__(self) -> None:
        self._verdicts: Counter[str] = Counter()
        self._truths: Counter[str] = Counter()
        self._seen: Counter[str] = Counter()

    def add(self, row: BenchmarkRow) -> None:
        """Count a row."""
        truth, hard = row.truth.verdict, bool(row.hard_for)
        wrong = row.team.first.verdict is not truth
        self._verdicts[row.case.label.verdict.value if row.case.label else ""] += 1
        self._truths[truth.value] += 1
        self._seen["hard"] += hard
        self._seen["first_wrong"] += wrong
        self._seen["first_wrong_hard"] += wrong and hard
        self._seen["current_wrong"] += row.team.current.verdict is not truth
        self._seen["looked_again"] += row.team.senior is not None

    def counts(self, market: str, split: BenchmarkSplit) -> SplitCounts:
        """The counts so far."""
        return SplitCounts(
            market=market,
            split=split,
            cases=sum(self._truths.values()),
            verdicts=dict(sorted(self._verdicts.items())),
            truths=dict(sorted(self._truths.items())),
            hard=self._seen["hard"],
            first_wrong=self._seen["first_wrong"],
            first_wrong_hard=self._seen["first_wrong_hard"],
            current_wrong=self._seen["current_wrong"],
            looked_again=self._seen["looked_again"],
        )
