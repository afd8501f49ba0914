"""The rules of rules v1, in the order in which they are tried; the first that fires decides.

Takes: `Signals` of one case. Gives: `RULES`, each a function to a `Finding` or to None when it does not fire.
Does not: gather the signals, or know how often a rule is right.
"""

from collections.abc import Callable
from dataclasses import dataclass

from baselines.rules_config import RulesConfig
from cases.case import BuyerReason
from cases.factor import Factor
from cases.record import RecordFacts
from cases.verdict import Verdict

_CLICKED_OWN = {
    BuyerReason.CHANGE_OF_MIND: Factor.BUYER_CHANGED_MIND,
    BuyerReason.FOUND_CHEAPER: Factor.BUYER_BETTER_PRICE,
    BuyerReason.WRONG_ITEM_OR_ADDRESS: Factor.BUYER_WRONG_ITEM_OR_ADDRESS,
    BuyerReason.PAYMENT_PROBLEM: Factor.BUYER_PAYMENT_PROBLEM,
}
_CLICKED_SELLER = frozenset({BuyerReason.SELLER_ASKED, BuyerReason.OUT_OF_STOCK})
_CLICKED_AGAINST_SELLER = _CLICKED_SELLER | {BuyerReason.TOO_SLOW}


@dataclass(frozen=True, slots=True)
class Signals:
    """What the rules look at. Scores are those of the keyword classes; hours late have the busy grace taken off."""

    config: RulesConfig
    facts: RecordFacts
    clicked: BuyerReason | None
    request: float
    stock: float
    reorder: float
    off_platform: float
    said_own_reason: Factor | None
    hours_late: float | None

    def late_by(self, hours: float) -> bool:
        """Is the order known to be late by `hours` or more?"""
        return self.hours_late is not None and self.hours_late >= hours

    @property
    def plain_score(self) -> float:
        """The keyword score that counts where something else points the same way."""
        return self.config.keyword_thresholds.plain


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule that fired says."""

    verdict: Verdict
    factors: tuple[Factor, ...]
    reasoning: str


Rule = Callable[[Signals], Finding | None]


def _induced(reasoning: str, *factors: Factor) -> Finding:
    return Finding(Verdict.INDUCED, factors[:3], reasoning)


def _not_induced(reasoning: str, *factors: Factor) -> Finding:
    return Finding(Verdict.NOT_INDUCED, factors[:3], reasoning)


def _inconclusive(reasoning: str, *factors: Factor) -> Finding:
    return Finding(Verdict.INCONCLUSIVE, factors[:3], reasoning)


def _explicit_request(s: Signals) -> Finding | None:
    if s.request < s.config.keyword_thresholds.strong:
        return None
    return _induced(
        "Keywords in the seller's chat plainly ask the buyer to cancel.", Factor.CHAT_ASKED_TO_CANCEL
    )


def _stock_out_event(s: Signals) -> Finding | None:
    if not s.facts.stock_out_recorded:
        return None
    said = (Factor.CHAT_CLAIMED_OUT_OF_STOCK,) if s.stock >= s.plain_score else ()
    return _induced(
        "A stock-out was recorded before the buyer cancelled.", Factor.FULFILLMENT_STOCK_OUT_RECORDED, *said
    )


def _with_the_courier(s: Signals) -> Finding | None:
    if s.facts.handed_over_at is None:
        return None
    return _not_induced(
        "The parcel was with the courier before the buyer cancelled.", Factor.FULFILLMENT_SHIPPED_OR_READY
    )


def _clicked_own_reason(s: Signals) -> Finding | None:
    factor = _CLICKED_OWN.get(s.clicked) if s.clicked else None
    if s.clicked is None or factor is None:
        return None
    return _not_induced(
        f"The buyer clicked a reason of its own: {s.clicked.value.replace('_', ' ')}.", factor
    )


def _request_and_second_signal(s: Signals) -> Finding | None:
    late = s.late_by(0.0)
    if s.request < s.plain_score or not (late or s.clicked in _CLICKED_AGAINST_SELLER):
        return None
    factors = (Factor.CHAT_ASKED_TO_CANCEL, *((Factor.FULFILLMENT_MISSED_SHIP_DEADLINE,) if late else ()))
    second = (
        "the promised ship time has passed" if late else "the buyer's clicked reason points to the seller"
    )
    return _induced(f"Keywords in the seller's chat speak of cancelling, and {second}.", *factors)


def _stock_and_click(s: Signals) -> Finding | None:
    if s.stock < s.plain_score or s.clicked not in _CLICKED_SELLER:
        return None
    return _induced(
        "Keywords in the seller's chat say out of stock, and the buyer's clicked reason agrees.",
        Factor.CHAT_CLAIMED_OUT_OF_STOCK,
    )


def _reorder(s: Signals) -> Finding | None:
    if s.reorder < s.plain_score or s.request <= 0.0:
        return None
    return _induced(
        "Keywords in the seller's chat speak of cancelling and ordering again.",
        Factor.CHAT_CANCEL_AND_REORDER,
    )


def _off_platform(s: Signals) -> Finding | None:
    if s.off_platform < s.plain_score:
        return None
    return _induced(
        "Keywords in the seller's chat offer a payment outside the platform.", Factor.CHAT_OFF_PLATFORM_OFFER
    )


def _buyer_said_own_reason(s: Signals) -> Finding | None:
    if s.said_own_reason is None:
        return None
    return _not_induced("Keywords in the buyer's chat name a reason of its own.", s.said_own_reason)


def _overdue(s: Signals) -> Finding | None:
    if not s.late_by(s.config.thresholds.overdue_hours):
        return None
    return _induced(
        f"The order was not handed over and {_late(s)} when the buyer cancelled.",
        Factor.FULFILLMENT_MISSED_SHIP_DEADLINE,
        Factor.FULFILLMENT_NO_SHIPPING_UPDATE,
    )


def _many_extensions(s: Signals) -> Finding | None:
    count = s.facts.extensions or 0
    if count < s.config.thresholds.extensions:
        return None
    return _induced(
        f"The seller extended the deadline {count} times.", Factor.FULFILLMENT_REPEATED_EXTENSIONS
    )


def _unanswered(s: Signals) -> Finding | None:
    hours = s.facts.open_question_hours
    if hours is None or hours < s.config.thresholds.unanswered_hours:
        return None
    return _induced(
        f"The buyer's last messages were unanswered for {int(hours)} h.", Factor.CHAT_IGNORED_BUYER
    )


def _clicked_seller_and_late(s: Signals) -> Finding | None:
    if s.clicked not in _CLICKED_SELLER or not s.late_by(s.config.thresholds.poor_record_overdue_hours):
        return None
    return _induced(
        f"The buyer clicked that the seller was the reason, and the order was {_late(s)}.",
        Factor.FULFILLMENT_MISSED_SHIP_DEADLINE,
    )


def _late_at_a_poor_seller(s: Signals) -> Finding | None:
    limits, seller, share = s.config.thresholds, s.facts.case.seller, s.facts.cancelled_share_30d
    if seller is None or share is None or share < limits.cancelled_share_30d:
        return None
    if (seller.orders_30d or 0) < limits.orders_30d or not s.late_by(limits.poor_record_overdue_hours):
        return None
    return _induced(
        f"The order was {_late(s)}, and {share:.0%} of the seller's orders of 30 days were cancelled.",
        Factor.FULFILLMENT_MISSED_SHIP_DEADLINE,
        Factor.SELLER_HIGH_CANCELLATION_RATIO,
    )


def _clicked_seller_only(s: Signals) -> Finding | None:
    if s.clicked not in _CLICKED_SELLER:
        return None
    return _inconclusive(
        "The buyer clicked that the seller was the reason; nothing else on record says so.",
        Factor.EVIDENCE_INSUFFICIENT,
    )


def _within_promise(s: Signals) -> Finding | None:
    if s.hours_late is None or s.hours_late >= 0.0:
        return None
    grace_was_needed = (s.facts.hours_late or 0.0) >= 0.0
    grace = s.config.thresholds.busy_grace_hours
    allowed = f", with the {grace:.0f} h granted to a busy seller" if grace_was_needed else ""
    return _not_induced(
        f"The order was cancelled within the promised time{allowed}.", Factor.FULFILLMENT_WITHIN_PROMISED_TIME
    )


def _nothing_readable(s: Signals) -> Finding | None:
    if not s.facts.only_unreadable_chat:
        return None
    return _inconclusive("The chat holds only pictures, stickers or voice notes.", Factor.EVIDENCE_UNREADABLE)


def _no_rule_fired(_: Signals) -> Finding:
    return _inconclusive("No rule applies to what is on record.", Factor.EVIDENCE_INSUFFICIENT)


def _late(s: Signals) -> str:
    """Lateness as recorded, the grace not taken off."""
    return f"{int(s.facts.hours_late or 0.0)} h late"


RULES: dict[str, Rule] = {
    "explicit_request": _explicit_request,
    "stock_out_event": _stock_out_event,
    "with_the_courier": _with_the_courier,
    "clicked_own_reason": _clicked_own_reason,
    "request_and_second_signal": _request_and_second_signal,
    "stock_and_click": _stock_and_click,
    "reorder": _reorder,
    "off_platform": _off_platform,
    "buyer_said_own_reason": _buyer_said_own_reason,
    "overdue": _overdue,
    "many_extensions": _many_extensions,
    "unanswered": _unanswered,
    "clicked_seller_and_late": _clicked_seller_and_late,
    "late_at_a_poor_seller": _late_at_a_poor_seller,
    "clicked_seller_only": _clicked_seller_only,
    "within_promise": _within_promise,
    "nothing_readable": _nothing_readable,
    "no_rule_fired": _no_rule_fired,
}
"""The rules by name, in the order in which they are tried; the last one always fires."""
