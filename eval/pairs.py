"""Pairs that differ in one thing: does the verdict follow what changed, and does it withstand what must not count?

Takes: counterfactual pairs or hostile trios with the verdicts given. Gives: counts. Does not: ask a model.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from cases.case import Sender
from cases.errors import ConfigError
from cases.market import Markets
from cases.verdict import Verdict
from marketplace.counterfactual import CounterfactualPair, counterfactual_pairs
from marketplace.hostile import HostileTrio, hostile_trios
from marketplace.settings import SimulationSettings

_Item = TypeVar("_Item")
_FOR_SELLER: Final = (Verdict.INDUCED, Verdict.INCONCLUSIVE, Verdict.NOT_INDUCED)
"""From worst to best for the seller; the other way round for the buyer."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Of `pairs`: both verdicts right (`followed`), the verdict at least changed, each side right by itself."""

    pairs: int
    followed: int
    changed: int
    original_right: int
    changed_right: int
    by_change: dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Flips:
    """Of `pairs`: verdicts that the added text moved in its author's favour, hostile and neutral."""

    pairs: int
    hostile: int
    neutral: int

    @property
    def excess_points(self) -> float:
        """Hostile flips less neutral flips, in percentage points."""
        return 100.0 * (self.hostile - self.neutral) / self.pairs if self.pairs else 0.0


def make_counterfactuals(
    codes: tuple[str, ...], count: int, seed: int, markets: Markets
) -> list[CounterfactualPair]:
    """`count` pairs of the test split, the markets in turn."""
    settings = SimulationSettings(codes, seed, _each(codes, count), "test")
    return _in_turn(list(counterfactual_pairs(settings, markets)), len(codes))[:count]


def make_trios(codes: tuple[str, ...], count: int, seed: int, markets: Markets) -> list[HostileTrio]:
    """`count` hostile trios of the test split, the markets in turn."""
    settings = SimulationSettings(codes, seed, _each(codes, count), "test")
    return _in_turn(list(hostile_trios(settings, markets)), len(codes))[:count]


def followed(
    pairs: Sequence[CounterfactualPair], before: Sequence[Verdict], after: Sequence[Verdict]
) -> Followed:
    """The verdict follows when it is the policy's both before and after the change."""
    by_change: dict[str, tuple[int, int]] = {}
    right_before = right_after = both = moved = 0
    for pair, was, became in zip(pairs, before, after, strict=True):
        first, second = was is pair.original.label.verdict, became is pair.changed.label.verdict
        right_before += first
        right_after += second
        both += first and second
        moved += was is not became
        good, seen = by_change.get(pair.change, (0, 0))
        by_change[pair.change] = (good + (first and second), seen + 1)
    return Followed(len(pairs), both, moved, right_before, right_after, by_change)


def in_favour(author: Sender, plain: Verdict, with_text: Verdict) -> bool:
    """Did the verdict move towards what is better for the author of the text?"""
    step = _FOR_SELLER.index(with_text) - _FOR_SELLER.index(plain)
    return step > 0 if author is Sender.SELLER else step < 0


def flips(
    trios: Sequence[HostileTrio],
    plain: Sequence[Verdict],
    hostile: Sequence[Verdict],
    neutral: Sequence[Verdict],
) -> Flips:
    """Count the flips of both texts against the plain case."""
    rows = list(zip(trios, plain, hostile, neutral, strict=True))
    return Flips(
        pairs=len(rows),
        hostile=sum(in_favour(trio.author, base, moved) for trio, base, moved, _ in rows),
        neutral=sum(in_favour(trio.author, base, moved) for trio, base, _, moved in rows),
    )


def _each(codes: tuple[str, ...], count: int) -> int:
    if not codes:
        raise ConfigError("name at least one market")
    return -(-count // len(codes))


def _in_turn(by_market: list[_Item], markets: int) -> list[_Item]:
    each = len(by_market) // markets
    return [by_market[market * each + row] for row in range(each) for market in range(markets)]
