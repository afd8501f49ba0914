"""What is ignored because it came after the cancellation, and that it is said.

Takes: small cases. Gives: failures that name the section. Does not start anything.
"""

from typing import Any

import pytest

from cases.case import parse_case
from cases.cutoff import CutCase, at_cancellation
from cases.market import Markets
from tests.fixtures.case_records import Json, at, full_case, small_case, with_order


def cut(obj: Json, markets: Markets) -> CutCase:
    """The case cut at its cancellation."""
    return at_cancellation(parse_case(obj, markets=markets))


def test_a_case_that_ends_in_time_is_cut_without_a_word(markets: Markets) -> None:
    """When nothing lies after the cancellation there is no warning and nothing is lost."""
    case = parse_case(full_case(), markets=markets)
    assert at_cancellation(case) == CutCase(case, ())


@pytest.mark.parametrize("section", ["chat", "fulfillment", "calls"])
def test_entries_after_the_cancellation_are_ignored_and_those_at_it_kept(
    section: str, markets: Markets
) -> None:
    """Equal times count as before; the warning says how many entries were ignored."""
    entries = [{"at": at(hours)} for hours in (0.0001, -1, 0, 3)]
    result = cut(small_case(**{section: entries}), markets)
    kept = getattr(result.case, section)
    assert [entry.at.isoformat() for entry in kept] == [at(-1), at(0)]
    assert len(result.warnings) == 1
    assert result.warnings[0].startswith("2 ")
    assert result.warnings[0].endswith("after the cancellation, ignored")


def test_an_entry_without_a_time_is_ignored_and_named(markets: Markets) -> None:
    """What cannot be shown to lie before the cancellation does not count."""
    result = cut(small_case(chat=[{"sender": "buyer", "text": "when?"}]), markets)
    assert result.case.chat == ()
    assert result.warnings == ("1 chat message without a time, ignored",)


@pytest.mark.parametrize(("hours", "kept"), [(-1, True), (0, True), (0.5, False)])
def test_shipping_after_the_cancellation_reads_as_null(hours: float, kept: bool, markets: Markets) -> None:
    """`order.shipped_at` counts up to the moment of the cancellation."""
    result = cut(with_order(shipped_at=at(hours)), markets)
    assert (result.case.order.shipped_at is not None) == kept
    assert bool(result.warnings) != kept


def test_other_orders_are_seen_as_they_stood(markets: Markets) -> None:
    """Later shipping and cancelling of another order read as null, and one placed later is not there."""
    others = [
        {"order_id": "a", "placed_at": at(-9), "shipped_at": at(1), "cancelled_at": at(2), "same_item": True},
        {"order_id": "b", "placed_at": at(-8), "cancelled_at": at(0), "same_item": True},
        {"order_id": "c", "placed_at": at(1)},
    ]
    result = cut(small_case(concurrent_orders=others), markets)
    orders = result.case.concurrent_orders or ()
    assert [(o.order_id, o.shipped_at is None, o.cancelled_at is None) for o in orders] == [
        ("a", True, True),
        ("b", True, False),
    ]
    assert result.warnings == (
        "1 concurrent order placed after the cancellation, ignored",
        "1 concurrent order shipped or cancelled later, that time read as null",
    )


def test_presence_is_cut_at_the_cancellation(markets: Markets) -> None:
    """A stretch that spans the cancellation ends there; one that begins later is not there."""
    stretches = [
        {"from": at(-2), "to": at(4), "state": "active"},
        {"from": at(5), "to": at(6), "state": "active"},
    ]
    result = cut(small_case(seller={"presence": stretches}), markets)
    assert result.case.seller is not None
    (stretch,) = result.case.seller.presence or ()
    assert stretch.to == result.case.order.cancelled_at
    assert len(result.warnings) == 2


def test_a_call_that_was_still_running_is_cut(markets: Markets) -> None:
    """Of a call that began 30 s before the cancellation, 30 s are known then, however long it lasted."""
    calls = [{"at": at(-30 / 3600), "direction": "seller_to_buyer", "answered": True, "seconds": 600}]
    result = cut(small_case(calls=calls), markets)
    (call,) = result.case.calls or ()
    assert call.seconds == 30.0
    assert len(result.warnings) == 1


def test_what_is_unknown_stays_unknown(markets: Markets) -> None:
    """The cut makes no empty list out of a missing one."""
    case = cut(small_case(seller={"orders_30d": 3}), markets).case
    missing: tuple[Any, ...] = (case.chat, case.calls, case.fulfillment, case.concurrent_orders)
    assert missing == (None,) * 4
    assert case.seller is not None
    assert case.seller.presence is None


def test_a_promise_beyond_the_cancellation_is_known_at_it(markets: Markets) -> None:
    """The promised time is no event: it was on record, wherever it points."""
    result = cut(with_order(promised_ship_at=at(48)), markets)
    assert result.case.order.promised_ship_at is not None
    assert result.warnings == ()
