"""Labels as a team gives them: which cases are drawn for labelling, who labels them, who looks again.

Takes: one market's cancelled orders in their natural mix, and a `LabellingPlan`. Gives: `TeamLabelled` cases with
first, second and senior labels, the arm they were drawn by and the probability of being drawn.
Does not: hide the policy's own label: it stays beside them as the truth that only a simulator has.

Sampling. A random arm draws every order with the same probability; an enriched arm draws orders whose record looks
like trouble ten times as often as the others. An order is labelled once, whichever arm found it; 1 / `drawn` weighs it
for the natural mix (Horvitz and Thompson, 1952).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import islice
from random import Random
from typing import Final

from cases.case import BuyerReason, Case, Label
from cases.errors import ConfigError
from cases.record import record_facts
from marketplace.annotate import annotate
from marketplace.annotators import LABELS_PER_SHIFT, Annotator, draw_annotators, draw_senior
from marketplace.simulate import SimulatedCase

_TROUBLE_CLICKS: Final = frozenset({BuyerReason.SELLER_ASKED, BuyerReason.OUT_OF_STOCK, BuyerReason.TOO_SLOW})
_PLAIN_SHARE: Final = 0.1
"""How often the enriched arm draws an order that shows no trouble, against one that does."""
_LABELLED_SHARE: Final = 0.3
"""Of all orders, so that the two arms seldom want the same one."""
_LEVEL_STEPS: Final = 14


class Arm(StrEnum):
    """How a case came to be labelled."""

    RANDOM = "random"
    ENRICHED = "enriched"


@dataclass(frozen=True, slots=True)
class LabellingPlan:
    """How a market's team works.

    `first_label_error`: the share of first labels of the natural mix that differ from the policy's; 0 for a faultless
    team. `double_share`: cases that two people label. `random_share`: of the labelled cases, drawn at random.
    """

    first_label_error: float = 0.12
    double_share: float = 0.15
    random_share: float = 0.6
    annotators: int = 8

    def checked(self) -> "LabellingPlan":
        """Itself. Raises ConfigError naming what no team can do."""
        if not 0.0 <= self.first_label_error <= 0.25:
            raise ConfigError(f"first-label error {self.first_label_error}: from 0 to 0.25")
        if not 0.0 <= self.double_share <= 1.0 or not 0.0 < self.random_share <= 1.0:
            raise ConfigError("the double-labelled share lies in [0, 1], the random share in (0, 1]")
        if self.annotators < 2:
            raise ConfigError("two annotators at least: some cases are labelled twice")
        return self


@dataclass(frozen=True, slots=True)
class TeamLabelled:
    """One labelled case. `second` and `senior` are None where nobody looked again; `drawn` is in (0, 1]."""

    simulated: SimulatedCase
    first: Label
    second: Label | None
    senior: Label | None
    arm: Arm
    drawn: float

    @property
    def current(self) -> Label:
        """The label that a training would read: the senior's where there is one."""
        return self.first if self.senior is None else self.senior


@dataclass(frozen=True, slots=True)
class _Chances:
    random: float
    trouble: float
    plain: float

    def enriched(self, case: Case) -> float:
        return self.trouble if looks_like_trouble(case) else self.plain


class LabelTeam:
    """The annotators of one market; `pilot` cases set how much they err and how many orders look like trouble."""

    def __init__(self, rng: Random, market: str, plan: LabellingPlan, pilot: Iterable[SimulatedCase]) -> None:
        self._plan = plan.checked()
        self._rng = rng
        self._people = draw_annotators(rng, market, plan.annotators)
        self._senior = draw_senior(rng, market)
        self._done: dict[str, int] = {}
        seen = list(pilot)
        if not seen:
            raise ConfigError("a label team needs pilot cases to be set up")
        self._chances = _chances(plan.random_share, seen)
        self._level = self._fitting_level(seen)

    def labels(self, orders: Iterable[SimulatedCase], count: int) -> Iterator[TeamLabelled]:
        """`count` labelled cases, drawn from `orders` by both arms; the senior settles every conflict of two people."""
        return islice((self._labelled(*drawn) for drawn in self._drawn(orders)), count)

    def random_labels(self, orders: Iterable[SimulatedCase], count: int) -> Iterator[TeamLabelled]:
        """`count` cases of the random arm only, labelled as all others are: for a test in the natural mix."""
        return islice((self._labelled(order, Arm.RANDOM, 1.0) for order in orders), count)

    def senior_labels(self, orders: Iterable[SimulatedCase], count: int) -> Iterator[TeamLabelled]:
        """`count` cases of the random arm only, each labelled by the senior: for calibration."""
        for simulated in islice(orders, count):
            label = self._by(self._senior, simulated)
            yield TeamLabelled(simulated, label, None, label, Arm.RANDOM, 1.0)

    def relabelled(self, labelled: TeamLabelled) -> TeamLabelled:
        """The same case after the senior's second look, which costs a label more and errs less."""
        if labelled.senior is not None:
            return labelled
        senior = self._by(self._senior, labelled.simulated)
        return TeamLabelled(
            labelled.simulated, labelled.first, labelled.second, senior, labelled.arm, labelled.drawn
        )

    def _drawn(self, orders: Iterable[SimulatedCase]) -> Iterator[tuple[SimulatedCase, Arm, float]]:
        for simulated in orders:
            at_random, enriched = self._chances.random, self._chances.enriched(simulated.case)
            either = 1.0 - (1.0 - at_random) * (1.0 - enriched)
            if self._rng.random() < at_random:
                yield simulated, Arm.RANDOM, either
            elif self._rng.random() < enriched:
                yield simulated, Arm.ENRICHED, either

    def _labelled(self, simulated: SimulatedCase, arm: Arm, drawn: float) -> TeamLabelled:
        first_by, second_by = self._rng.sample(self._people, 2)
        first = self._by(first_by, simulated)
        second = self._by(second_by, simulated) if self._rng.random() < self._plan.double_share else None
        conflict = second is not None and second.verdict is not first.verdict
        senior = self._by(self._senior, simulated) if conflict else None
        return TeamLabelled(simulated, first, second, senior, arm, drawn)

    def _by(self, who: Annotator, simulated: SimulatedCase) -> Label:
        place = self._done.get(who.annotator_id, 0)
        self._done[who.annotator_id] = place + 1
        level = self._level * who.error_level(place)
        after = timedelta(hours=self._rng.uniform(20.0, 120.0))
        return annotate(simulated, who, level=level, labelled_after=after, rng=self._rng)

    def _fitting_level(self, pilot: list[SimulatedCase]) -> float:
        """The error level at which first labels of the pilot are wrong as often as planned, by bisection."""
        wanted = self._plan.first_label_error
        if wanted == 0.0:
            return 0.0
        low, high = 0.0, 8.0
        for _ in range(_LEVEL_STEPS):
            middle = (low + high) / 2.0
            low, high = (middle, high) if self._error_share(pilot, middle) < wanted else (low, middle)
        return (low + high) / 2.0

    def _error_share(self, pilot: list[SimulatedCase], level: float) -> float:
        rng = Random(len(pilot))  # the same dice at every level, so that the share rises with it
        wrong = 0
        for place, simulated in enumerate(pilot):
            who = self._people[place % len(self._people)]
            tired = level * who.error_level(place * 7 % LABELS_PER_SHIFT)
            label = annotate(simulated, who, level=tired, labelled_after=timedelta(hours=24), rng=rng)
            wrong += label.verdict is not simulated.label.verdict
        return wrong / len(pilot)


def looks_like_trouble(case: Case) -> bool:
    """What a team without a model would search for: a blaming click, lateness, a stock-out, a call from the seller."""
    facts = record_facts(case)
    return bool(
        case.order.buyer_reason in _TROUBLE_CLICKS
        or (facts.hours_late or 0.0) > 0.0
        or facts.stock_out_recorded
        or facts.answered_seller_calls
    )


def _chances(random_share: float, pilot: list[SimulatedCase]) -> _Chances:
    """The arms' probabilities, in the planned proportion."""
    trouble = sum(looks_like_trouble(s.case) for s in pilot) / len(pilot)
    at_random = random_share * _LABELLED_SHARE
    wanted = (1.0 - random_share) * _LABELLED_SHARE / (1.0 - at_random)  # of what the random arm has left
    enriched = min(1.0, wanted / max(trouble + _PLAIN_SHARE * (1.0 - trouble), 1e-9))
    return _Chances(at_random, enriched, enriched * _PLAIN_SHARE)
