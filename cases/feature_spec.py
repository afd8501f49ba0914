"""What a feature is: a name, a unit, a family, a sentence, and how it is measured from the record's facts.

Takes: nothing. Gives: `FeatureSpec` and `Family`. Does not: hold any feature (the `features_*` modules do).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from cases.record import RecordFacts

Measure = Callable[[RecordFacts], float | None]
"""Measures one feature; None is unknown (or does not apply) and becomes NaN. A bool counts as 0 or 1."""


class Family(StrEnum):
    """Which part of the record a feature measures."""

    FULFILMENT = "fulfilment"
    SELLER = "seller"
    COMMUNICATION = "communication"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class FeatureSpec:
    """One feature. `unit` is one of h, min, s, count, share, ratio, characters, 0/1, or the order's currency."""

    name: str
    unit: str
    family: Family
    description: str
    measure: Measure = field(repr=False, compare=False)
