"""Sums over the counts of several markets' splits.

Takes: `SplitCounts`. Gives: shares with intervals, numbers, text. Does not: count cases.
"""

from collections.abc import Sequence

from eval.scores import share
from marketplace.benchmark import BenchmarkSplit
from marketplace.benchmark_counts import SplitCounts
from metrics.intervals import Interval


def split_of(counts: Sequence[SplitCounts], split: BenchmarkSplit) -> list[SplitCounts]:
    """All markets' counts of one split."""
    return [one for one in counts if one.split == split]


def cases_in(counts: Sequence[SplitCounts]) -> int:
    """How many cases they count."""
    return sum(one.cases for one in counts)


def first_wrong(counts: Sequence[SplitCounts]) -> Interval:
    """The share whose first label is wrong."""
    return share(sum(c.first_wrong for c in counts), cases_in(counts))


def current_wrong(counts: Sequence[SplitCounts]) -> Interval:
    """The share whose current label is wrong."""
    return share(sum(c.current_wrong for c in counts), cases_in(counts))


def hard_wrong(counts: Sequence[SplitCounts]) -> Interval:
    """Of the hard cases, the share whose first label is wrong."""
    return share(sum(c.first_wrong_hard for c in counts), sum(c.hard for c in counts))


def others_wrong(counts: Sequence[SplitCounts]) -> Interval:
    """Of the cases that are not hard, the share whose first label is wrong."""
    wrong = sum(c.first_wrong - c.first_wrong_hard for c in counts)
    return share(wrong, cases_in(counts) - sum(c.hard for c in counts))


def per_cent(part: int, whole: int) -> str:
    """As `12.3`, without the sign; a dash where there is nothing to divide by."""
    return f"{100.0 * part / whole:.1f}" if whole else "-"
