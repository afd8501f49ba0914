"""What a reasoning states must be true of the record, one hand-built record each.

Takes: records as a few facts. Gives: failures that show the sentence. Does not: run the simulator.
"""

import pytest

from cases.case import FulfillmentKind, Sender
from cases.factor import Factor
from marketplace.acts import Act
from marketplace.policy import judge
from marketplace.reasoning import reasoning_of
from tests.fixtures.policy_cases import Record, evidence, judged, says

CALL = ((-2.0, True, 45.0),)


def reasonings(record: Record) -> str:
    """Many wordings of one label's reasoning, in lower case."""
    found = evidence(record)
    judgement = judge(found)
    draws = range(0, 20_000, 97)
    return "\n".join(reasoning_of(found, judgement.rule, judgement.factors, d) for d in draws).lower()


def test_an_answer_is_no_attempt_to_keep_the_order() -> None:
    """The seller only told the status: no reasoning says that it tried to keep the order or named a time."""
    said = (says(-5, Act.B_ASK_WHEN_SHIP), says(-4, Act.S_ANSWER_STATUS))
    text = reasonings(Record(promised=-10.0, said=said))
    assert "answered" in text
    assert "keep the order" not in text
    assert "named a time" not in text


def test_trying_to_keep_the_order_names_no_time_by_itself() -> None:
    """The seller wants to keep the order without a date."""
    text = reasonings(Record(said=(says(-5, Act.S_TRIED_KEEP),)))
    assert "keep the order" in text
    assert "named a time" not in text


@pytest.mark.parametrize("denied", [False, True])
def test_a_stock_out_told_by_phone_is_no_reported_request(denied: bool) -> None:
    """The buyer was told that it is out of stock; nobody is said to have asked for the cancellation."""
    denial = (says(-1, Act.S_DENY_SAID),) if denied else ()
    text = reasonings(Record(calls=CALL, said=(says(-1.5, Act.B_REPORT_PHONE_OOS), *denial)))
    assert "phone" in text or "call" in text
    assert "asked for" not in text
    assert "reported request" not in text


def test_an_early_handover_is_not_a_cancellation_in_time() -> None:
    """Handed over early and cancelled long after the promise: nothing was left of the promised time."""
    text = reasonings(Record(promised=-30.0, shipped=-40.0))
    assert "10 h" in text
    assert "h left" not in text
    assert "cancelled within" not in text


def test_a_chat_with_written_lines_does_not_hold_only_pictures() -> None:
    """The buyer wrote, the seller sent a voice note."""
    record = Record(pictures=((-4.0, Sender.SELLER),), said=(says(-5, Act.B_PRODUCT_QUESTION),))
    text = reasonings(record)
    assert "cannot be read" in text
    assert "only pictures" not in text
    assert "nothing readable" not in text


def test_an_unanswered_change_was_not_refused() -> None:
    """The seller said nothing about a new order, so the reasoning does not either."""
    assert "new order" not in reasonings(Record(said=(says(-5, Act.B_ASK_CHANGE),)))


def test_a_recorded_stock_out_brings_the_weighty_factors_beside_it() -> None:
    """What the buyer was told by phone, and a day of silence, stand beside the stock-out."""
    out = ((-20.0, FulfillmentKind.STOCK_OUT),)
    told = Record(events=out, calls=CALL, said=(says(-1.5, Act.B_REPORT_PHONE_OOS),))
    silent = Record(events=out, said=(says(-30, Act.B_ASK_STOCK),))
    assert judged(told).factors[1] is Factor.CALL_REQUEST_BY_PHONE_REPORTED
    assert judged(silent).factors[1] is Factor.CHAT_IGNORED_BUYER
