"""The labelling policy, version 1, as a faultless annotator applies it: one rule, one function, in order of precedence.

Takes: a `Case` and the acts uttered in its readable chat. Gives: a `Judgement` and the `Label` made from it.
Does not: know the hidden cause, read wordings, or look past the cancellation.

The order below is the policy's tie-breaks: words of the seller first, then a recorded stock-out, stalling, a report of
a call, the buyer's own words, the parcel, 24 hours, conflicting accounts, an unexplained call, another app, pictures;
what remains is decided by the promised time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zlib import crc32

from cases.case import BuyerReason, Case, Label
from cases.factor import Factor
from cases.record import LONG_DELAY_HOURS, LONG_SILENCE_HOURS
from cases.verdict import Verdict
from marketplace.acts import KEEPING, Act
from marketplace.evidence import Evidence, evidence_of
from marketplace.policy_factors import factors_of
from marketplace.reasoning import reasoning_of
from marketplace.rules import Rule
from marketplace.talk import UtteredAct

POLICY_VERSION = "1"
LABELLED_BY = "simulator-policy"
_LAST_LABEL = datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)
_BLAMING_CLICKS = frozenset({BuyerReason.SELLER_ASKED, BuyerReason.OUT_OF_STOCK})


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, the policy rule that gave it, and one to three factors, the most weighty first."""

    verdict: Verdict
    rule: Rule
    factors: tuple[Factor, ...]


def policy_label(case: Case, acts: tuple[UtteredAct, ...]) -> Label:
    """The label of `case`; labelled one to five days after the cancellation, never after 2025."""
    evidence = evidence_of(case, acts)
    judgement = judge(evidence)
    draw = crc32(case.case_id.encode())
    delay = timedelta(hours=24 + draw % 97, minutes=draw // 97 % 60, seconds=draw // 5820 % 60)
    return Label(
        verdict=judgement.verdict,
        decision_factors=judgement.factors,
        reasoning=reasoning_of(evidence, judgement.rule, judgement.factors, draw),
        labelled_by=LABELLED_BY,
        labelled_at=max(case.order.cancelled_at, min(case.order.cancelled_at + delay, _LAST_LABEL)),
        policy_version=POLICY_VERSION,
    )


def judge(evidence: Evidence) -> Judgement:
    """The first rule that applies decides."""
    for ask in _IN_ORDER:
        rule = ask(evidence)
        if rule is not None:
            return Judgement(rule.verdict, rule, factors_of(evidence, rule))
    return Judgement(Verdict.INCONCLUSIVE, Rule.NOTHING_DECIDES, factors_of(evidence, Rule.NOTHING_DECIDES))


def _seller_spoke(e: Evidence) -> Rule | None:
    """Induced rules 1, 2 and 3, in chat."""
    if e.requests:
        return Rule.REQUEST
    if e.refusals:
        return Rule.REFUSAL
    return Rule.OFFER if e.offers else None


def _stock_out(e: Evidence) -> Rule | None:
    """Tie-break: a stock-out recorded while the order was left open is rule 2 without a word in chat."""
    return Rule.STOCK_OUT if e.facts.stock_out_recorded and not e.ready_in_time else None


def _stalled(e: Evidence) -> Rule | None:
    """Induced rule 5, unless the buyer names a cause of its own."""
    if e.presses:
        return Rule.PRESSURE
    excused = e.said(Act.S_EXCUSE_DELAY) or any(event.note for event in e.facts.case.fulfillment or ())
    stalled = e.facts.has_repeated_extensions and excused
    return Rule.STALLING if stalled and not e.own_reasons and not e.ready_in_time else None


def _told_by_phone(e: Evidence) -> Rule | None:
    """Induced rules 1 and 2 by phone: the buyer's uncontradicted account."""
    return Rule.PHONE if e.phone_reports and not e.report_denied else None


def _own_words(e: Evidence) -> Rule | None:
    """Not_induced rules 1 and 4: a cause that the buyer itself names in the chat, however late the order is."""
    if not e.own_reasons:
        return None
    return Rule.ASKED_FOR_CHANGE if e.own_reasons == (Act.B_ASK_CHANGE,) else Rule.OWN_REASON


def _parcel_ready(e: Evidence) -> Rule | None:
    """Not_induced rule 2."""
    if not e.ready_in_time:
        return None
    return Rule.COURIER if e.courier_late else Rule.READY


def _lapsed(e: Evidence) -> Rule | None:
    """Induced rule 4."""
    if e.long_late:
        return Rule.LAPSE
    return Rule.SILENCE if e.silence.hours >= LONG_SILENCE_HOURS else None


def _conflict(e: Evidence) -> Rule | None:
    """Inconclusive rule 2."""
    return Rule.CONFLICT if e.phone_reports and e.report_denied else None


def _call(e: Evidence) -> Rule | None:
    """Inconclusive rule 1."""
    return Rule.CALL if e.unexplained_call else None


def _other_app(e: Evidence) -> Rule | None:
    """Inconclusive rule 4."""
    return Rule.MOVED if e.moved_away else None


def _pictures(e: Evidence) -> Rule | None:
    """Inconclusive rule 3; the delay is mild or unknown here, since a long one has decided above."""
    return Rule.UNREADABLE if e.unreadable else None


def _in_time(e: Evidence) -> Rule | None:
    """Not_induced rules 3 and 5. A click that blames the seller, with nothing to read beside it, leaves it open."""
    if e.hours_late is None or e.hours_late > 0:
        return None
    nothing_said = not e.acts
    if nothing_said and e.facts.case.order.buyer_reason in _BLAMING_CLICKS:
        return Rule.BLAMED_UNHEARD
    return Rule.KEPT if any(act in KEEPING for act in e.kinds) else Rule.IN_TIME


def _little_late(e: Evidence) -> Rule | None:
    """Less than 24 h late: own reason clicked, answered (rule 6), an attempt to keep it (5), or left open."""
    if e.hours_late is None or e.hours_late >= LONG_DELAY_HOURS:
        return None
    if e.own_click is not None:
        return Rule.CLICKED_REASON
    if e.answered:
        return Rule.ANSWERED
    if e.asked_about_order:
        return Rule.MILDLY_LATE_UNANSWERED
    return Rule.KEPT if any(act in KEEPING for act in e.kinds) else Rule.NOTHING_DECIDES


def _promise_unknown(e: Evidence) -> Rule | None:
    """Without a promise only the buyer's own click is left."""
    return Rule.CLICKED_REASON if e.own_click is not None else None


_IN_ORDER: tuple[Callable[[Evidence], Rule | None], ...] = (
    _seller_spoke,
    _stock_out,
    _stalled,
    _told_by_phone,
    _own_words,
    _parcel_ready,
    _lapsed,
    _conflict,
    _call,
    _other_app,
    _pictures,
    _in_time,
    _little_late,
    _promise_unknown,
)
