"""Reading exercises: what a careful reader can say of a case without judging it.

Takes: a case and its uttered acts. Gives: short questions with their answers, and a gloss for every chat line.
Does not: give a verdict, a decision factor or a rule: a base model that is taught by these learns to read chats and
records, and learns the policy only from labels.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from cases.case import BuyerReason, Case
from cases.record import LONG_DELAY_HOURS, LONG_SILENCE_HOURS
from marketplace.acts import KEEPING, NAMES_A_DATE, Act
from marketplace.evidence import Evidence, evidence_of
from marketplace.glosses import GLOSSES, gloss
from marketplace.talk import UtteredAct

_OWN_CLICKS = frozenset(
    {
        BuyerReason.CHANGE_OF_MIND,
        BuyerReason.FOUND_CHEAPER,
        BuyerReason.WRONG_ITEM_OR_ADDRESS,
        BuyerReason.PAYMENT_PROBLEM,
    }
)
_BLAMING_CLICKS = frozenset({BuyerReason.SELLER_ASKED, BuyerReason.OUT_OF_STOCK})
_LISTED_ACTS = 8


@dataclass(frozen=True, slots=True)
class Reading:
    """A question about a case, in two to five words, and its answer."""

    question: str
    answer: str


def line_glosses(case: Case, acts: Iterable[UtteredAct]) -> tuple[str, ...]:
    """What each message of `case.chat` does, in the order of the chat."""
    by_line: dict[int, list[Act]] = {}
    for uttered in acts:
        by_line.setdefault(uttered.line_index, []).append(uttered.act)
    return tuple(gloss(by_line.get(index, ())) for index in range(len(case.chat or ())))


def read_case(case: Case, acts: tuple[UtteredAct, ...]) -> tuple[Reading, ...]:
    """Every question with its answer, always in the same order."""
    evidence = evidence_of(case, acts)
    return (*_of_the_talk(evidence), *_of_the_order(evidence))


def _of_the_talk(e: Evidence) -> tuple[Reading, ...]:
    return (
        Reading("seller said", _acts_of(e, "s_")),
        Reading("buyer said", _acts_of(e, "b_")),
        Reading("who began", _who_began(e)),
        Reading("seller asked to cancel", _first(e.requests)),
        Reading("seller could not fulfil", _first(e.refusals)),
        Reading("seller offered instead", _first(e.offers)),
        Reading("seller pressed", _yes(e.presses)),
        Reading("seller's excuse", _yes(e.said(Act.S_EXCUSE_DELAY))),
        Reading("seller named a date", _named_date(e)),
        Reading("seller tried to keep it", _yes(any(act in KEEPING for act in e.kinds))),
        Reading("seller says ready", _yes(e.said(Act.S_ALREADY_PACKED, Act.S_ALREADY_SHIPPED))),
        Reading("buyer's own reason", ", ".join(GLOSSES[act] for act in e.own_reasons) or "none"),
        Reading("buyer agreed to wait", _yes(e.agreed_to_wait)),
        Reading("said by phone", _phone(e)),
        Reading("moved to another app", _yes(e.moved_away)),
        Reading("chat can be read", "no" if e.unreadable else "yes"),
    )


def _of_the_order(e: Evidence) -> tuple[Reading, ...]:
    facts = e.facts
    extensions = facts.extensions
    return (
        Reading("late", _late(e)),
        Reading("silence", _silent(e)),
        Reading("questions answered", "none asked" if not e.asked_about_order else _yes(e.answered)),
        Reading("ready in time", _yes(e.ready_in_time)),
        Reading("courier late", _yes(e.courier_late)),
        Reading(
            "stock-out recorded",
            "unknown" if facts.stock_out_recorded is None else _yes(facts.stock_out_recorded),
        ),
        Reading(
            "extensions",
            "unknown"
            if extensions is None
            else ("none", "one")[extensions]
            if extensions < 2
            else "repeated",
        ),
        Reading("unexplained call", _yes(e.unexplained_call)),
        Reading("clicked", _clicked(e)),
    )


def _acts_of(e: Evidence, prefix: str) -> str:
    said = dict.fromkeys(GLOSSES[a.act] for a in e.acts if a.act.value.startswith(prefix))
    return "; ".join(list(said)[-_LISTED_ACTS:]) or "nothing"


def _who_began(e: Evidence) -> str:
    if e.requests or e.refusals or e.offers or e.presses:
        return "seller"
    return "buyer" if e.decision < len(e.acts) or e.own_reasons else "nobody in chat"


def _first(acts: tuple[UtteredAct, ...]) -> str:
    return f"yes, {GLOSSES[acts[0].act]}" if acts else "no"


def _named_date(e: Evidence) -> str:
    dates = [a.until for a in e.acts if a.act in NAMES_A_DATE and a.until is not None]
    if not dates:
        return _yes(any(act in NAMES_A_DATE for act in e.kinds))
    if e.facts.promised_at is None:
        return "yes"
    return "yes, in time" if dates[-1] <= e.facts.promised_at else "yes, too late"


def _phone(e: Evidence) -> str:
    if not e.phone_reports:
        return "nothing"
    return GLOSSES[e.phone_reports[0].act] + (", denied" if e.report_denied else "")


def _late(e: Evidence) -> str:
    if e.hours_late is None:
        return "unknown"
    if e.hours_late <= 0:
        return "no"
    return "24 h or more" if e.hours_late >= LONG_DELAY_HOURS else "under 24 h"


def _silent(e: Evidence) -> str:
    if e.silence.hours <= 0:
        return "none"
    return "24 h or more" if e.silence.hours >= LONG_SILENCE_HOURS else "under 24 h"


def _clicked(e: Evidence) -> str:
    reason = e.facts.case.order.buyer_reason
    if reason in _OWN_CLICKS:
        return "an own reason"
    if reason in _BLAMING_CLICKS:
        return "blames the seller"
    return "unknown" if reason is None else "too slow" if reason is BuyerReason.TOO_SLOW else "other"


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"
