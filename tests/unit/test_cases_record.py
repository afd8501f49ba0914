"""What the record says by the labelling policy's limits.

Takes: small cases. Gives: failures that name the fact. Does not start anything.
"""

from typing import Any

import pytest

from cases.case import parse_case
from cases.market import Markets
from cases.record import RecordFacts, record_facts
from tests.fixtures.case_records import Json, at, full_case, small_case, with_order


def facts(obj: Json, markets: Markets) -> RecordFacts:
    """The facts of a case as decoded JSON."""
    return record_facts(parse_case(obj, markets=markets))


def test_nothing_known_is_none_and_judges_nothing(markets: Markets) -> None:
    """With the required fields alone every fact is None and no limit is reached."""
    bare = facts(small_case(), markets)
    unknown: tuple[Any, ...] = (
        bare.promised_at,
        bare.hours_late,
        bare.hours_late_latest,
        bare.extensions,
        bare.stock_out_recorded,
        bare.packed,
        bare.shipped,
        bare.packed_before_promise,
        bare.handed_over_on_time,
        bare.open_question_hours,
        bare.longest_unanswered_hours,
        bare.concurrent_open,
        bare.same_item_cancelled,
        bare.cancelled_share_30d,
    )
    assert unknown == (None,) * len(unknown)
    limits = (bare.is_long_late, bare.is_long_silent, bare.has_telling_call, bare.has_repeated_extensions)
    assert limits == (False,) * 4


@pytest.mark.parametrize(
    ("promised", "hours_late", "long"), [(-24, 24.0, True), (-23.99, 23.99, False), (5, -5.0, False)]
)
def test_lateness_counts_from_the_first_promise(
    promised: float, hours_late: float, long: bool, markets: Markets
) -> None:
    """24 h past the promise is long late, a minute less is not; before it the number is the time left, negative."""
    found = facts(with_order(promised_ship_at=at(promised)), markets)
    assert found.hours_late == pytest.approx(hours_late)
    assert found.is_long_late == long


def test_an_extension_does_not_move_the_first_promise(markets: Markets) -> None:
    """Lateness is counted from the order's promise; the latest deadline is a number of its own."""
    found = facts(full_case(), markets)
    assert (found.hours_late, found.hours_late_latest) == (30.0, -20.0)
    assert found.extensions == 2
    assert found.has_repeated_extensions


def test_without_the_orders_promise_the_first_deadline_set_is_the_promise(markets: Markets) -> None:
    """A deadline that the fulfilment record sets first is the first promise when the order names none."""
    events = [
        {"at": at(-40), "event": "deadline_set", "new_deadline": at(-26)},
        {"at": at(-30), "event": "deadline_set", "new_deadline": at(3)},
    ]
    assert facts(small_case(fulfillment=events), markets).hours_late == 26.0


def test_lateness_stops_at_the_handover(markets: Markets) -> None:
    """Once the courier has the parcel the order gets no later, and the earliest sign of it counts."""
    case = with_order(promised_ship_at=at(-30), shipped_at=at(-4))
    case["fulfillment"] = [{"at": at(-6), "event": "handed_over"}, {"at": at(-5), "event": "in_transit"}]
    found = facts(case, markets)
    assert found.hours_late == 24.0
    assert (found.shipped, found.handed_over_on_time, found.ready_in_time) == (True, False, False)


def test_packed_in_time_and_not_collected_is_ready_in_time(markets: Markets) -> None:
    """Packing at the promised minute is within the promised time, also when the courier never came."""
    case = with_order(promised_ship_at=at(-30))
    case["fulfillment"] = [{"at": at(-30), "event": "packed"}]
    found = facts(case, markets)
    assert (found.packed_before_promise, found.shipped, found.ready_in_time) == (True, False, True)


def test_a_stock_out_counts_only_if_recorded_before_the_cancellation(markets: Markets) -> None:
    """A known record without one says no; no record says nothing."""
    before, after, never = (
        facts(small_case(fulfillment=events), markets).stock_out_recorded
        for events in ([{"at": at(-1), "event": "stock_out"}], [{"at": at(1), "event": "stock_out"}], [])
    )
    assert (before, after, never) == (True, False, False)


def _chat(*turns: tuple[float, str]) -> Json:
    return small_case(chat=[{"at": at(hours), "sender": sender, "text": "x"} for hours, sender in turns])


def test_a_question_is_open_from_the_first_message_of_the_last_run(markets: Markets) -> None:
    """Chasing does not restart the clock; the seller's answer closes the run."""
    found = facts(_chat((-60, "buyer"), (-30, "seller"), (-26, "buyer"), (-3, "buyer")), markets)
    assert found.open_question_hours == 26.0
    assert found.longest_unanswered_hours == 30.0
    assert found.is_long_silent
    assert [run.answered for run in found.unanswered_runs] == [True, False]


@pytest.mark.parametrize(("asked", "silent"), [(-24, True), (-23.9, False)])
def test_silence_is_long_from_24_hours_on(asked: float, silent: bool, markets: Markets) -> None:
    """24 h without an answer is long silence, a little less is not."""
    assert facts(_chat((asked, "buyer")), markets).is_long_silent == silent


def test_an_answered_chat_has_no_open_question(markets: Markets) -> None:
    """The platform's messages neither ask nor answer; a seller message at the same second answers."""
    answered = facts(_chat((-30, "buyer"), (-30, "seller"), (-29, "system")), markets)
    assert answered.open_question_hours is None
    assert answered.longest_unanswered_hours == 0.0
    system_only = facts(_chat((-30, "buyer"), (-29, "system")), markets)
    assert system_only.open_question_hours == 30.0


def test_a_known_auto_reply_is_no_answer(markets: Markets) -> None:
    """Who knows that a message is an auto-reply names it, and the question stays open."""
    case = parse_case(_chat((-30, "buyer"), (-29.99, "seller")), markets=markets)
    assert case.chat is not None
    assert record_facts(case).open_question_hours is None
    assert record_facts(case, not_answers=frozenset({case.chat[1]})).open_question_hours == 30.0


@pytest.mark.parametrize(
    ("call", "telling"),
    [
        ({"at": at(-6), "direction": "seller_to_buyer", "answered": True, "seconds": 20}, True),
        ({"at": at(-6.01), "direction": "seller_to_buyer", "answered": True, "seconds": 20}, False),
        ({"at": at(-1), "direction": "seller_to_buyer", "answered": True, "seconds": 19}, False),
        ({"at": at(-1), "direction": "seller_to_buyer", "answered": True}, False),
        ({"at": at(-1), "direction": "seller_to_buyer", "answered": False, "seconds": 60}, False),
        ({"at": at(-1), "direction": "seller_to_buyer", "seconds": 60}, False),
        ({"at": at(-1), "direction": "buyer_to_seller", "answered": True, "seconds": 60}, False),
        ({"at": at(-1), "answered": True, "seconds": 60}, False),
        ({"at": at(1), "direction": "seller_to_buyer", "answered": True, "seconds": 60}, False),
    ],
)
def test_which_call_is_telling(call: Json, telling: bool, markets: Markets) -> None:
    """Only a call from the seller, answered, of 20 s or more, up to 6 h before; what is unknown does not count."""
    assert facts(small_case(calls=[call]), markets).has_telling_call == telling


def test_other_orders_are_counted_as_they_stood(markets: Markets) -> None:
    """Open is neither shipped nor cancelled; same-item cancellations are counted up to this one."""
    found = facts(full_case(), markets)
    assert (found.concurrent_open, found.same_item_cancelled) == (1, 1)
    assert found.cancelled_share_30d == 0.1


def test_a_seller_without_orders_has_no_cancelled_share(markets: Markets) -> None:
    """Nothing is divided by zero: the share is unknown."""
    seller = {"orders_30d": 0, "cancelled_30d": 0}
    assert facts(small_case(seller=seller), markets).cancelled_share_30d is None


@pytest.mark.parametrize(
    ("message", "readable", "unreadable"),
    [
        ({"text": "hi"}, 1, 0),
        ({"kind": "image"}, 0, 1),
        ({"kind": "image", "text": "see"}, 1, 0),
        ({"kind": "voice", "text": "\u200b"}, 0, 1),
        ({"kind": "voucher"}, 0, 0),
        ({"kind": "text", "text": " \u200b\n"}, 0, 0),
    ],
)
def test_what_can_be_read(message: Json, readable: int, unreadable: int, markets: Markets) -> None:
    """Visible text is readable wherever it stands; a picture, sticker or voice note without it is not."""
    found = facts(small_case(chat=[{"at": at(-1), "sender": "seller", **message}]), markets)
    assert (found.chat_readable_messages, found.chat_unreadable_messages) == (readable, unreadable)
    assert found.only_unreadable_chat == bool(unreadable)
