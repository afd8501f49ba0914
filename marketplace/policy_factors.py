"""Which decision factors a faultless annotator writes beside a verdict, the most weighty first.

Takes: `Evidence` and the `Rule` that decided. Gives: one to three true factors of the verdict's section.
Does not: decide the verdict.

What a party said or did stands before what merely supports it; supporting facts fill up to two factors.
"""

from cases.case import BuyerReason
from cases.factor import Factor
from cases.record import LONG_DELAY_HOURS, LONG_SILENCE_HOURS
from cases.verdict import Verdict
from marketplace.acts import KEEPING, Act
from marketplace.evidence import Evidence
from marketplace.rules import Rule

MOST_FACTORS = 3
ENOUGH_FACTORS = 2
OVERDUE_NEIGHBOURS = 3
A_LATE_HOUR = 1.0
SAME_ITEM_CANCELLED = 2
HIGH_CANCELLED_SHARE = 0.15

_REFUSAL_FACTORS = {
    Act.S_CLAIM_OOS: Factor.CHAT_CLAIMED_OUT_OF_STOCK,
    Act.S_CANNOT_FULFIL: Factor.CHAT_REFUSED_TO_SHIP,
    Act.S_PRICE_ERROR: Factor.CHAT_PRICE_OR_LISTING_ERROR,
    Act.S_REFUSE_SHIP: Factor.CHAT_REFUSED_TO_SHIP,
}
_OFFER_FACTORS = {
    Act.S_OFFER_REORDER: Factor.CHAT_CANCEL_AND_REORDER,
    Act.S_OFFER_VARIANT_NEW_ORDER: Factor.CHAT_CANCEL_AND_REORDER,
    Act.S_OFFPLATFORM_OFFER: Factor.CHAT_OFF_PLATFORM_OFFER,
}
REASON_FACTORS = {
    Act.B_CHANGE_MIND: Factor.BUYER_CHANGED_MIND,
    Act.B_FOUND_CHEAPER: Factor.BUYER_BETTER_PRICE,
    Act.B_WRONG_ITEM: Factor.BUYER_WRONG_ITEM_OR_ADDRESS,
    Act.B_WRONG_ADDRESS: Factor.BUYER_WRONG_ITEM_OR_ADDRESS,
    Act.B_DUPLICATE: Factor.BUYER_DUPLICATE_ORDER,
    Act.B_PAYMENT_PROBLEM: Factor.BUYER_PAYMENT_PROBLEM,
    Act.B_ASK_CHANGE: Factor.BUYER_ASKED_FOR_A_CHANGE,
}
CLICK_FACTORS = {
    BuyerReason.CHANGE_OF_MIND: Factor.BUYER_CHANGED_MIND,
    BuyerReason.FOUND_CHEAPER: Factor.BUYER_BETTER_PRICE,
    BuyerReason.WRONG_ITEM_OR_ADDRESS: Factor.BUYER_WRONG_ITEM_OR_ADDRESS,
    BuyerReason.PAYMENT_PROBLEM: Factor.BUYER_PAYMENT_PROBLEM,
}


def factors_of(evidence: Evidence, rule: Rule) -> tuple[Factor, ...]:
    """One to three factors that hold in `evidence` and support the rule's verdict."""
    if rule.verdict is Verdict.INDUCED:
        weighty, supporting = _induced(evidence, rule), _supporting(evidence)
    elif rule.verdict is Verdict.NOT_INDUCED:
        weighty, supporting = _not_induced(evidence, rule), _kept_or_in_time(evidence)
    else:
        weighty, supporting = _inconclusive(evidence, rule), []
    chosen = list(dict.fromkeys(weighty))[:MOST_FACTORS]
    for factor in supporting:
        if len(chosen) < ENOUGH_FACTORS and factor not in chosen:
            chosen.append(factor)
    return tuple(chosen)


def _induced(e: Evidence, rule: Rule) -> list[Factor]:
    said = _said_by_seller(e)
    if rule is Rule.STOCK_OUT:
        told = [Factor.CALL_REQUEST_BY_PHONE_REPORTED] if e.phone_reports and not e.report_denied else []
        return [Factor.FULFILLMENT_STOCK_OUT_RECORDED, *told]
    if rule is Rule.PHONE:
        shown = [Factor.CALL_FROM_SELLER] if e.facts.answered_seller_calls else []
        return [Factor.CALL_REQUEST_BY_PHONE_REPORTED, *shown]
    if rule is Rule.PRESSURE:
        return [Factor.CHAT_PRESSURE_OR_THREAT]
    if rule is Rule.STALLING:
        late = [Factor.FULFILLMENT_MISSED_SHIP_DEADLINE] if (e.hours_late or 0.0) >= LONG_DELAY_HOURS else []
        excuses = [Factor.CHAT_EXCUSES_FOR_DELAY] if e.said(Act.S_EXCUSE_DELAY) else []
        return [Factor.FULFILLMENT_REPEATED_EXTENSIONS, *excuses, *late]
    if rule in {Rule.LAPSE, Rule.SILENCE}:
        return _lapse(e)
    return [*said, *([Factor.FULFILLMENT_STOCK_OUT_RECORDED] if e.facts.stock_out_recorded else [])]


def _said_by_seller(e: Evidence) -> list[Factor]:
    asked = [Factor.CHAT_ASKED_TO_CANCEL] if e.requests else []
    threats = [Factor.CHAT_PRESSURE_OR_THREAT] if e.presses else []
    refused = [_REFUSAL_FACTORS[a.act] for a in e.refusals]
    offered = [_OFFER_FACTORS[a.act] for a in e.offers]
    return [*asked, *refused, *offered, *threats]


def _lapse(e: Evidence) -> list[Factor]:
    late = [Factor.FULFILLMENT_MISSED_SHIP_DEADLINE] if (e.hours_late or 0.0) >= A_LATE_HOUR else []
    ignored = [Factor.CHAT_IGNORED_BUYER] if e.silence.hours >= LONG_SILENCE_HOURS else []
    excuses = [Factor.CHAT_EXCUSES_FOR_DELAY] if e.said(Act.S_EXCUSE_DELAY) else []
    repeated = [Factor.FULFILLMENT_REPEATED_EXTENSIONS] if e.facts.has_repeated_extensions else []
    first = [*ignored, *late] if e.silence.hours >= (e.hours_late or 0.0) else [*late, *ignored]
    return [*first, *excuses, *repeated]


def _supporting(e: Evidence) -> list[Factor]:
    """Facts that support an inducement, strongest first."""
    facts = e.facts
    late = (e.hours_late or 0.0) >= A_LATE_HOUR
    found = []
    if (facts.same_item_cancelled or 0) >= SAME_ITEM_CANCELLED and not e.long_late:
        found.append(Factor.ORDERS_SAME_ITEM_CANCELLED)
    if late:
        found.append(Factor.FULFILLMENT_MISSED_SHIP_DEADLINE)
    if e.silence.hours >= LONG_SILENCE_HOURS:
        found.append(Factor.CHAT_IGNORED_BUYER)
    if overloaded(e) and late:
        found.append(Factor.ORDERS_OVERLOADED_SELLER)
    if no_update(e) and late:
        found.append(Factor.FULFILLMENT_NO_SHIPPING_UPDATE)
    if (facts.cancelled_share_30d or 0.0) >= HIGH_CANCELLED_SHARE:
        found.append(Factor.SELLER_HIGH_CANCELLATION_RATIO)
    return found


def overloaded(e: Evidence) -> bool:
    """Several other orders are overdue too: it explains a delay and does not excuse it."""
    end = e.facts.cancelled_at
    overdue = [o for o in e.facts.open_orders if o.promised_ship_at is not None and o.promised_ship_at < end]
    return len(overdue) >= OVERDUE_NEIGHBOURS


def no_update(e: Evidence) -> bool:
    """Is the fulfilment record known and shows no movement of the parcel?"""
    return e.facts.packed is False and e.facts.shipped is False and not e.facts.extensions


def _not_induced(e: Evidence, rule: Rule) -> list[Factor]:
    own = [REASON_FACTORS[act] for act in e.own_reasons][:ENOUGH_FACTORS]
    ready = [Factor.FULFILLMENT_SHIPPED_OR_READY] if e.ready_in_time else []
    clicked = [CLICK_FACTORS[e.own_click]] if e.own_click is not None else []
    if rule in {Rule.OWN_REASON, Rule.ASKED_FOR_CHANGE}:
        return [*own, *ready]
    if rule is Rule.COURIER:
        return [Factor.LOGISTICS_COURIER_DELAY, *ready]
    if rule is Rule.READY:
        return [*ready, *clicked]
    if rule is Rule.IN_TIME:
        return [*clicked, Factor.FULFILLMENT_WITHIN_PROMISED_TIME]
    if rule is Rule.CLICKED_REASON:
        return clicked
    return [Factor.CHAT_TRIED_TO_KEEP_THE_ORDER]


def _kept_or_in_time(e: Evidence) -> list[Factor]:
    in_time = (
        [Factor.FULFILLMENT_WITHIN_PROMISED_TIME] if e.hours_late is not None and e.hours_late <= 0 else []
    )
    kept = [Factor.CHAT_TRIED_TO_KEEP_THE_ORDER] if any(act in KEEPING for act in e.kinds) else []
    return [*in_time, *kept]


def _inconclusive(e: Evidence, rule: Rule) -> list[Factor]:
    call = [Factor.CALL_FROM_SELLER] if e.facts.answered_seller_calls else []
    if rule is Rule.CALL:
        return [Factor.CALL_FROM_SELLER, Factor.EVIDENCE_INSUFFICIENT]
    if rule is Rule.CONFLICT:
        return [Factor.EVIDENCE_CONFLICTING_ACCOUNTS, *call]
    if rule is Rule.MOVED:
        return [Factor.EVIDENCE_MOVED_OFF_PLATFORM, Factor.EVIDENCE_INSUFFICIENT]
    if rule is Rule.UNREADABLE:
        unclear = e.hours_late is None or e.hours_late > 0
        return [Factor.EVIDENCE_UNREADABLE, *([Factor.EVIDENCE_INSUFFICIENT] if unclear else [])]
    return [Factor.EVIDENCE_INSUFFICIENT]
