"""Simulated annotators: who labels, how well each reads, and how tired the day makes them.

Takes: a seeded generator, a market. Gives: `Annotator`s. Does not: label (`marketplace.annotate` does).

Rates are of one person, per occasion, at an error level of 1; the level scales all of them together, so that the share
of first labels that differ from the truth can be set.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from types import MappingProxyType
from typing import Final

LABELS_PER_SHIFT: Final = 180
_TIRED_AT_END: Final = 1.8  # times the errors of the shift's first hour
SENIOR_LEVEL: Final = 0.2
"""A senior's error rates against an annotator's of the same temper."""


class Fault(StrEnum):
    """Ways in which a person who knows the policy still labels otherwise than it says."""

    OVERLOOKS = "overlooks"  # an act in a plain line
    MISSES_HINTS = "misses_hints"  # an act that is only hinted at, or looks like another one
    MISSES_PHONE = "misses_phone"  # calls, and what was said in them
    TRUSTS_CLICK = "trusts_click"  # takes the clicked reason for the cause
    WRONG_CLOCK = "wrong_clock"  # counts from the newest deadline instead of the first promise
    HATES_DOUBT = "hates_doubt"  # decides where the record decides nothing
    ROUNDS = "rounds"  # takes a time close to a limit for the other side of it
    LANGUAGE_GAP = "language_gap"  # does not understand a line: slang, another language


TYPICAL_RATES: Final[Mapping[Fault, float]] = MappingProxyType(
    {
        Fault.OVERLOOKS: 0.03,
        Fault.MISSES_HINTS: 0.16,
        Fault.MISSES_PHONE: 0.30,
        Fault.TRUSTS_CLICK: 0.12,
        Fault.WRONG_CLOCK: 0.15,
        Fault.HATES_DOUBT: 0.22,
        Fault.ROUNDS: 0.30,
        Fault.LANGUAGE_GAP: 0.05,
    }
)
"""The chance of each fault where it can happen, at an error level of 1: assumed, for no public figures exist."""


@dataclass(frozen=True, slots=True)
class Annotator:
    """One person, with a chance of each fault where it can happen."""

    annotator_id: str
    rates: Mapping[Fault, float]
    senior: bool = False

    def error_level(self, place_in_shift: int) -> float:
        """How much more the person errs at that label of the day (from 0), against the day's first."""
        tired = (place_in_shift % LABELS_PER_SHIFT) / LABELS_PER_SHIFT
        level = 1.0 + (_TIRED_AT_END - 1.0) * tired
        return level * (SENIOR_LEVEL if self.senior else 1.0)


def draw_annotators(rng: Random, market: str, count: int) -> tuple[Annotator, ...]:
    """`count` annotators of a market, some careful and some not."""
    return tuple(_drawn(rng, f"annotator-{market.lower()}-{number:02d}") for number in range(1, count + 1))


def draw_senior(rng: Random, market: str) -> Annotator:
    """The senior who labels again."""
    return _drawn(rng, f"senior-{market.lower()}", senior=True)


def _drawn(rng: Random, annotator_id: str, *, senior: bool = False) -> Annotator:
    rates = {fault: min(0.95, rate * rng.lognormvariate(0.0, 0.45)) for fault, rate in TYPICAL_RATES.items()}
    return Annotator(annotator_id, MappingProxyType(rates), senior)
