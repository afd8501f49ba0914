"""How an annotator labels a case: the policy, applied to what this person has noticed.

Takes: a simulated case, an `Annotator`, an error level. Gives: the label that the person writes, right or wrong.
Does not: flip labels at random: every wrong label comes from something overlooked, misread or taken on trust, so wrong
labels gather where cases are hard, and their factors and reasoning say what the person believed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Final, Protocol
from zlib import crc32

from cases.case import BuyerReason, Case, Label, Sender
from cases.record import LONG_DELAY_HOURS
from cases.verdict import Verdict
from marketplace.acts import PHONE_REPORTS, Act
from marketplace.annotators import Annotator, Fault
from marketplace.evidence import Evidence, evidence_of
from marketplace.policy import POLICY_VERSION, judge
from marketplace.policy_factors import factors_of
from marketplace.reasoning import reasoning_of
from marketplace.rules import Rule
from marketplace.simulate import SimulatedCase
from marketplace.talk import UtteredAct

HINTS: Final = frozenset(
    {
        Act.S_ASK_CANCEL_INDIRECT,
        Act.S_CANCEL_IF_CANT_WAIT,
        Act.S_OFFER_REORDER,
        Act.S_OFFPLATFORM_OFFER,
        Act.S_COACH_REASON,
        Act.S_ALLUDE_CALL,
        Act.S_PRESSURE_THREAT,
        Act.S_CHANGE_NEEDS_NEW_ORDER,
        Act.S_ALREADY_PACKED,
        Act.B_MENTIONS_SELLER_ASKED,
        Act.B_AGREE_WAIT,
        Act.B_ASK_CHANGE,
    }
)
"""Acts that a hurried reader passes over more easily than the others."""
LOOKALIKES: Final = {
    Act.S_ASK_STILL_WANT: Act.S_ASK_CANCEL_INDIRECT,
    Act.S_EXPLAIN_HOW_TO_CANCEL: Act.S_ASK_CANCEL,
    Act.S_CHANGE_NEEDS_NEW_ORDER: Act.S_OFFER_VARIANT_NEW_ORDER,
    Act.S_OFFER_VARIANT_SAME_ORDER: Act.S_OFFER_VARIANT_NEW_ORDER,
    Act.S_DECOY: Act.S_CLAIM_OOS,
    Act.S_AUTO_REPLY: Act.S_ANSWER_STATUS,
    Act.B_DECOY: Act.B_CHANGE_MIND,
    Act.B_ANNOUNCE_CANCEL: Act.B_CHANGE_MIND,
}
"""What an act is taken for when it is misread."""
_MISREAD_SHARE: Final = 0.4  # of the faults in reading an act that has a lookalike; the others are oversights
_BLAMED_ACT: Final = {BuyerReason.SELLER_ASKED: Act.S_ASK_CANCEL, BuyerReason.OUT_OF_STOCK: Act.S_CLAIM_OOS}
_BORDER_HOURS: Final = 4.0


class Faults(Protocol):
    """Decides where a fault happens."""

    def happens(self, fault: Fault) -> bool:
        """Does it happen on this occasion?"""
        ...

    def misreads(self) -> bool:
        """Is an act that looks like another taken for it, rather than overlooked?"""
        ...


@dataclass(frozen=True, slots=True)
class _Dice:
    """One person's faults in one case, by chance."""

    rng: Random
    who: Annotator
    level: float

    def happens(self, fault: Fault) -> bool:
        return self.rng.random() < min(0.95, self.who.rates[fault] * self.level)

    def misreads(self) -> bool:
        return self.rng.random() < _MISREAD_SHARE


@dataclass(frozen=True, slots=True)
class _Always:
    """One kind of fault, at every occasion, and no other."""

    only: Fault
    lookalike: bool

    def happens(self, fault: Fault) -> bool:
        return fault is self.only

    def misreads(self) -> bool:
        return self.lookalike


def annotate(
    simulated: SimulatedCase, who: Annotator, *, level: float, labelled_after: timedelta, rng: Random
) -> Label:
    """The label that `who` writes; `level` scales every chance of a fault (0: the policy's own label).

    The same generator state gives the same label.
    """
    faults = _Dice(rng, who, level)
    case, acts = _noticed(simulated, faults)
    evidence = evidence_of(case, acts)
    rule = _settled(evidence, faults)
    factors = factors_of(evidence, rule)
    cancelled_at = simulated.case.order.cancelled_at
    return Label(
        verdict=rule.verdict,
        decision_factors=factors,
        reasoning=reasoning_of(evidence, rule, factors, crc32(f"{case.case_id}/{who.annotator_id}".encode())),
        labelled_by=who.annotator_id,
        labelled_at=cancelled_at + labelled_after,
        policy_version=POLICY_VERSION,
    )


def hard_for(simulated: SimulatedCase) -> tuple[Fault, ...]:
    """The faults that, each by itself, would change the case's verdict; a case with any is a hard one.

    Overlooking plain lines is not counted: a reader who overlooks all of them has not read the case.
    """
    found = []
    for fault in (f for f in Fault if f is not Fault.OVERLOOKS):
        tries = (_Always(fault, lookalike) for lookalike in (False, True))
        if any(_verdict(simulated, faults) is not simulated.label.verdict for faults in tries):
            found.append(fault)
    return tuple(found)


def _verdict(simulated: SimulatedCase, faults: Faults) -> Verdict:
    return _settled(evidence_of(*_noticed(simulated, faults)), faults).verdict


def _noticed(simulated: SimulatedCase, faults: Faults) -> tuple[Case, tuple[UtteredAct, ...]]:
    """The case and the acts as the person has taken them in."""
    case, acts = simulated.case, simulated.acts
    acts = tuple(_read(acts, faults))
    if faults.happens(Fault.MISSES_PHONE):
        acts = tuple(a for a in acts if a.act not in PHONE_REPORTS | {Act.S_ALLUDE_CALL})
        case = case.model_copy(update={"calls": () if case.calls is not None else None})
    newest = [e.new_deadline for e in case.fulfillment or () if e.new_deadline is not None]
    if newest and case.order.promised_ship_at is not None and faults.happens(Fault.WRONG_CLOCK):
        later = max(case.order.promised_ship_at, *newest)
        case = case.model_copy(update={"order": case.order.model_copy(update={"promised_ship_at": later})})
    click = case.order.buyer_reason
    if click in _BLAMED_ACT and not acts and faults.happens(Fault.TRUSTS_CLICK):
        sent = UtteredAct(case.order.cancelled_at, Sender.SELLER, _BLAMED_ACT[click], 0)
        acts = (sent,)
    return case, acts


def _read(acts: Iterable[UtteredAct], faults: Faults) -> Iterator[UtteredAct]:
    lost: set[int] = set()  # lines that the person does not understand at all
    seen: set[int] = set()
    for uttered in acts:
        if uttered.line_index not in seen:
            seen.add(uttered.line_index)
            if faults.happens(Fault.LANGUAGE_GAP):
                lost.add(uttered.line_index)
        if uttered.line_index in lost and uttered.act in HINTS | set(LOOKALIKES):
            continue
        hard = uttered.act in HINTS or uttered.act in LOOKALIKES
        if not faults.happens(Fault.MISSES_HINTS if hard else Fault.OVERLOOKS):
            yield uttered
        elif uttered.act in LOOKALIKES and faults.misreads():
            yield UtteredAct(uttered.at, uttered.sender, LOOKALIKES[uttered.act], uttered.line_index)


def _settled(evidence: Evidence, faults: Faults) -> Rule:
    """The rule by which the person decides: the policy's, but for trust in a click, borders and dislike of doubt."""
    rule = judge(evidence).rule
    if (
        evidence.own_click is not None
        and rule.verdict is not Verdict.NOT_INDUCED
        and faults.happens(Fault.TRUSTS_CLICK)
    ):
        return Rule.CLICKED_REASON
    for fault, rate in ((_other_side, Fault.ROUNDS), (_decided, Fault.HATES_DOUBT)):
        other = fault(evidence, rule)
        if other is not None and faults.happens(rate):
            return other
    return rule


def _other_side(evidence: Evidence, rule: Rule) -> Rule | None:
    """The rule on the other side of the 24 hours, for a time that lies close to them."""
    late = evidence.hours_late
    if late is None or abs(late - LONG_DELAY_HOURS) > _BORDER_HOURS:
        return None
    if rule is Rule.LAPSE:
        return Rule.ANSWERED if evidence.answered else Rule.NOTHING_DECIDES
    mild = {Rule.ANSWERED, Rule.NOTHING_DECIDES, Rule.MILDLY_LATE_UNANSWERED, Rule.KEPT, Rule.CLICKED_REASON}
    return Rule.LAPSE if rule in mild else None


def _decided(evidence: Evidence, rule: Rule) -> Rule | None:
    """What a person who dislikes doubt makes of an open case: the seller's fault when it was late, else nobody's."""
    if rule.verdict is not Verdict.INCONCLUSIVE:
        return None
    late = evidence.hours_late
    if late is None:
        return None
    return Rule.LAPSE if late >= 1.0 else Rule.IN_TIME if late <= 0 else None
