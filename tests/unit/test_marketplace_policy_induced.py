"""The labelling policy's induced rules and their tie-breaks, one hand-built record each.

Takes: records as a few facts. Gives: failures that name the rule. Does not: word a chat or run the simulator.
"""

import pytest

from cases.case import BuyerReason, ConcurrentOrder, FulfillmentKind, Seller
from cases.factor import Factor
from cases.verdict import Verdict
from marketplace.acts import Act
from marketplace.rules import Rule
from tests.fixtures.policy_cases import Record, judged, says, when

CHANGED = BuyerReason.CHANGE_OF_MIND


@pytest.mark.parametrize("ask", [Act.S_ASK_CANCEL, Act.S_ASK_CANCEL_INDIRECT, Act.S_COACH_REASON])
def test_a_request_in_chat_outweighs_the_click(ask: Act) -> None:
    """Rule 1: the seller asked, so a clicked change of mind does not count, and being in time does not either."""
    found = judged(Record(reason=CHANGED, said=(says(-5, ask),)))
    assert found.rule is Rule.REQUEST
    assert found.factors[0] is Factor.CHAT_ASKED_TO_CANCEL


@pytest.mark.parametrize(
    ("claim", "factor"),
    [
        (Act.S_CLAIM_OOS, Factor.CHAT_CLAIMED_OUT_OF_STOCK),
        (Act.S_CANNOT_FULFIL, Factor.CHAT_REFUSED_TO_SHIP),
        (Act.S_PRICE_ERROR, Factor.CHAT_PRICE_OR_LISTING_ERROR),
        (Act.S_REFUSE_SHIP, Factor.CHAT_REFUSED_TO_SHIP),
    ],
)
def test_a_refusal_leaves_the_cancelling_to_the_buyer(claim: Act, factor: Factor) -> None:
    """Rule 2: each way of saying that the order cannot be fulfilled, with its factor."""
    found = judged(Record(said=(says(-5, claim),)))
    assert (found.rule, found.factors[0]) == (Rule.REFUSAL, factor)


def test_another_variant_in_the_same_order_does_not_undo_out_of_stock() -> None:
    """Tie-break: the offer within the same order leaves the claim standing."""
    said = (says(-5, Act.S_CLAIM_OOS, Act.S_OFFER_VARIANT_SAME_ORDER), says(-1, Act.B_ACCEPT_VARIANT))
    assert judged(Record(said=said)).rule is Rule.REFUSAL


@pytest.mark.parametrize(
    ("offer", "factor"),
    [
        (Act.S_OFFER_REORDER, Factor.CHAT_CANCEL_AND_REORDER),
        (Act.S_OFFER_VARIANT_NEW_ORDER, Factor.CHAT_CANCEL_AND_REORDER),
        (Act.S_OFFPLATFORM_OFFER, Factor.CHAT_OFF_PLATFORM_OFFER),
    ],
)
def test_an_offer_that_needs_a_cancellation(offer: Act, factor: Factor) -> None:
    """Rule 3: reorder, another variant under a new order, payment outside."""
    found = judged(Record(said=(says(-5, offer),)))
    assert (found.rule, found.factors[0]) == (Rule.OFFER, factor)


def test_a_day_late_is_a_lapse_whatever_was_clicked() -> None:
    """Rule 4: 24 h late; the buyer's own reason counts only when it says it in chat."""
    found = judged(Record(promised=-24.0, reason=CHANGED))
    assert (found.rule, found.factors[0]) == (Rule.LAPSE, Factor.FULFILLMENT_MISSED_SHIP_DEADLINE)


def test_handed_over_a_day_late_is_a_lapse_too() -> None:
    """Rule 4 counts the handover, not the cancellation, once the parcel has left."""
    assert judged(Record(promised=-60.0, shipped=-30.0)).rule is Rule.LAPSE
    assert judged(Record(promised=-60.0, shipped=-40.0)).rule is not Rule.LAPSE


def test_a_day_of_silence_counts_within_the_promised_time() -> None:
    """Tie-break: rule 4 outranks "within the promised time"."""
    found = judged(Record(said=(says(-25, Act.B_ASK_WHEN_SHIP),)))
    assert (found.rule, found.factors[0]) == (Rule.SILENCE, Factor.CHAT_IGNORED_BUYER)


def test_an_auto_reply_is_not_an_answer() -> None:
    """Tie-break: the silence goes on behind the machine; a person's line ends it."""
    asked = says(-30, Act.B_ASK_WHEN_SHIP)
    assert judged(Record(said=(asked, says(-29.9, Act.S_AUTO_REPLY)))).rule is Rule.SILENCE
    assert judged(Record(said=(asked, says(-29.9, Act.S_ANSWER_STATUS)))).rule is not Rule.SILENCE


def test_silence_to_small_talk_is_no_lapse() -> None:
    """Only a question about the order counts."""
    assert judged(Record(said=(says(-40, Act.B_SMALL_TALK),))).verdict is Verdict.NOT_INDUCED


def test_two_extensions_with_excuses_are_stalling() -> None:
    """Rule 5, and the tie-break that two are "repeated", even where the buyer agreed each time."""
    said = (says(-50, Act.S_EXCUSE_DELAY, until=-20.0), says(-49, Act.B_AGREE_WAIT))
    record = Record(promised=-48.0, extended_to=((-50, -20.0), (-21, 30.0)), said=said)
    found = judged(record)
    assert found.rule is Rule.STALLING
    assert found.factors[:2] == (Factor.FULFILLMENT_REPEATED_EXTENSIONS, Factor.CHAT_EXCUSES_FOR_DELAY)


def test_one_extension_is_not_stalling() -> None:
    """One extension to which the buyer agreed moves the promise; within it nothing is late."""
    said = (says(-50, Act.S_EXCUSE_DELAY, Act.S_PROMISE_DATE, until=20.0), says(-49, Act.B_AGREE_WAIT))
    found = judged(Record(promised=-48.0, extended_to=((-50, 20.0),), said=said))
    assert found.verdict is Verdict.NOT_INDUCED


def test_without_agreement_lateness_counts_from_the_first_promise() -> None:
    """Tie-break: an extension that the buyer did not agree to moves nothing."""
    assert judged(Record(promised=-48.0, extended_to=((-50, 20.0),))).rule is Rule.LAPSE


def test_threats_are_pressure() -> None:
    """Rule 5: a threat, or "you will wait weeks"."""
    found = judged(Record(said=(says(-5, Act.S_PRESSURE_THREAT),)))
    assert (found.rule, found.factors[0]) == (Rule.PRESSURE, Factor.CHAT_PRESSURE_OR_THREAT)


def test_a_recorded_stock_out_needs_no_word() -> None:
    """Tie-break: recorded before the cancellation with the order left open is rule 2."""
    found = judged(Record(events=((-10, FulfillmentKind.STOCK_OUT),), reason=CHANGED))
    assert (found.rule, found.factors[0]) == (Rule.STOCK_OUT, Factor.FULFILLMENT_STOCK_OUT_RECORDED)


@pytest.mark.parametrize("calls", [None, ((-3.0, True, 30.0),)])
def test_a_reported_call_counts_when_the_list_allows_it(
    calls: tuple[tuple[float, bool, float], ...] | None,
) -> None:
    """Tie-break: without a call list, or with an answered call in it, the buyer's account stands."""
    found = judged(Record(calls=calls, said=(says(-2, Act.B_REPORT_PHONE_REQUEST),)))
    assert (found.rule, found.factors[0]) == (Rule.PHONE, Factor.CALL_REQUEST_BY_PHONE_REPORTED)


@pytest.mark.parametrize("calls", [(), ((-3.0, False, 0.0),), ((-1.0, True, 30.0),)])
def test_a_call_list_without_the_call_refutes_the_report(
    calls: tuple[tuple[float, bool, float], ...],
) -> None:
    """Tie-break: no call, an unanswered one, or one only after the report."""
    assert judged(Record(calls=calls, said=(says(-2, Act.B_REPORT_PHONE_OOS),))).rule is not Rule.PHONE


def test_may_cancel_is_a_request_without_a_date() -> None:
    """An invitation to cancel if one cannot wait, with no date named."""
    assert judged(Record(said=(says(-5, Act.S_CANCEL_IF_CANT_WAIT),))).rule is Rule.REQUEST


def test_may_cancel_is_a_request_after_the_promise_or_with_a_later_date() -> None:
    """The promised time has passed, or the date named lies beyond it."""
    late = Record(promised=-6.0, said=(says(-5, Act.S_PROMISE_TODAY, Act.S_CANCEL_IF_CANT_WAIT, until=2.0),))
    beyond = Record(said=(says(-5, Act.S_PROMISE_DATE, Act.S_CANCEL_IF_CANT_WAIT, until=90.0),))
    assert judged(late).rule is Rule.REQUEST
    assert judged(beyond).rule is Rule.REQUEST


def test_explaining_unasked_how_to_cancel_is_a_request() -> None:
    """Nobody had spoken of cancelling."""
    said = (says(-6, Act.B_ASK_WHEN_SHIP), says(-5, Act.S_EXPLAIN_HOW_TO_CANCEL))
    assert judged(Record(said=said)).rule is Rule.REQUEST


def test_factors_that_support_fill_up_to_two() -> None:
    """Same item cancelled, a missed deadline, an overloaded seller and a high ratio support what was said."""
    cancelled = ConcurrentOrder(placed_at=when(-90), cancelled_at=when(-2), same_item=True)
    overdue = ConcurrentOrder(placed_at=when(-90), promised_ship_at=when(-20), same_item=False)
    refused = (says(-5, Act.S_CLAIM_OOS),)
    by_item = judged(Record(neighbours=(cancelled, cancelled), said=refused))
    by_load = judged(Record(promised=-30.0, neighbours=(overdue,) * 3))
    by_ratio = judged(Record(seller=Seller(orders_30d=100, cancelled_30d=20), said=refused))
    by_record = judged(Record(promised=-30.0, events=((-90, FulfillmentKind.DEADLINE_SET),)))
    assert by_item.factors == (Factor.CHAT_CLAIMED_OUT_OF_STOCK, Factor.ORDERS_SAME_ITEM_CANCELLED)
    assert by_load.factors == (Factor.FULFILLMENT_MISSED_SHIP_DEADLINE, Factor.ORDERS_OVERLOADED_SELLER)
    assert by_ratio.factors == (Factor.CHAT_CLAIMED_OUT_OF_STOCK, Factor.SELLER_HIGH_CANCELLATION_RATIO)
    assert by_record.factors == (
        Factor.FULFILLMENT_MISSED_SHIP_DEADLINE,
        Factor.FULFILLMENT_NO_SHIPPING_UPDATE,
    )
