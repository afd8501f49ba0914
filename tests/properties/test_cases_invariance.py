"""What narrative and features may depend on, and what they may not.

Takes: Hypothesis. Gives: failures with the smallest case that breaks the rule. Does not start anything.
"""

from copy import deepcopy
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cases.case import Case, parse_case
from cases.cutoff import at_cancellation
from cases.features import FEATURES, compute_features
from cases.market import Markets
from cases.narrative import narrate
from tests.fixtures.case_records import (
    CALLS,
    CASES,
    EVENTS,
    MESSAGES,
    OTHER_ORDERS,
    PRESENCE,
    Json,
    at,
    label,
    small_case,
)

LISTS = ("fulfillment", "chat", "calls", "concurrent_orders")
LATER = st.floats(0.01, 500).map(at)


def assert_reads_the_same(one: Case, other: Case) -> None:
    """Both give the same narrative and the same features, NaN being equal to NaN."""
    assert narrate(one) == narrate(other)
    np.testing.assert_array_equal(compute_features(one), compute_features(other))


@given(case=CASES, data=st.data())
def test_the_order_of_events_does_not_matter(case: Json, data: st.DataObject, markets: Markets) -> None:
    """Narrative and features are the same under any order of every list, equal times included."""
    shuffled = deepcopy(case)
    for name in LISTS:
        if shuffled.get(name):
            shuffled[name] = data.draw(st.permutations(shuffled[name]))
    if (shuffled.get("seller") or {}).get("presence"):
        shuffled["seller"]["presence"] = data.draw(st.permutations(shuffled["seller"]["presence"]))
    assert_reads_the_same(parse_case(case, markets=markets), parse_case(shuffled, markets=markets))


def _with_later_things(case: Json, data: st.DataObject) -> Json:
    """`case` with more of everything, all of it after the cancellation."""
    more = deepcopy(case)
    for name, entries in (("fulfillment", EVENTS), ("chat", MESSAGES), ("calls", CALLS)):
        if more.get(name) is not None:
            more[name] += data.draw(
                st.lists(st.builds(lambda e, t: {**e, "at": t}, entries, LATER), max_size=3)
            )
    if more.get("concurrent_orders") is not None:
        placed_later = st.builds(lambda o, t: {**o, "placed_at": t}, OTHER_ORDERS, LATER)
        more["concurrent_orders"] += data.draw(st.lists(placed_later, max_size=2))
        for order in more["concurrent_orders"]:
            for name in ("shipped_at", "cancelled_at"):
                if order.get(name) is None:
                    order[name] = data.draw(st.none() | LATER)
    if more["order"].get("shipped_at") is None:
        more["order"]["shipped_at"] = data.draw(st.none() | LATER)
    if (more.get("seller") or {}).get("presence") is not None:
        later = st.builds(lambda h, p: {**p, "from": at(h), "to": at(h + 1)}, st.floats(0.01, 9), PRESENCE)
        more["seller"]["presence"] += data.draw(st.lists(later, max_size=2))
    return more


@given(case=CASES, data=st.data())
def test_nothing_after_the_cancellation_leaks(case: Json, data: st.DataObject, markets: Markets) -> None:
    """Adding anything after the cancellation changes neither narrative nor features."""
    later = _with_later_things(case, data)
    assert_reads_the_same(parse_case(case, markets=markets), parse_case(later, markets=markets))


@given(case=CASES, hours=st.floats(0, 100))
def test_how_long_a_presence_lasted_after_the_end_does_not_leak(
    case: Json, hours: float, markets: Markets
) -> None:
    """A presence that spans the cancellation reads the same however long it went on."""
    spans = [{"from": at(-3), "to": at(end), "state": "active"} for end in (0, hours)]
    one, other = ({**case, "seller": {"presence": [span]}} for span in spans)
    assert_reads_the_same(parse_case(one, markets=markets), parse_case(other, markets=markets))


@given(case=CASES)
def test_the_cut_is_complete_and_idempotent(case: Json, markets: Markets) -> None:
    """Cutting a cut case changes nothing and warns of nothing."""
    once = at_cancellation(parse_case(case, markets=markets))
    again = at_cancellation(once.case)
    assert again.case == once.case
    assert again.warnings == ()


@given(case=CASES, verdict=st.sampled_from(["induced", "not_induced", "inconclusive", None]))
def test_a_label_reaches_neither_narrative_nor_features(
    case: Json, verdict: str | None, markets: Markets
) -> None:
    """With any label or none the case reads the same, and the cut case has no label left."""
    factors = {
        "induced": "Chat - asked to cancel",
        "not_induced": "Buyer - changed mind",
        "inconclusive": "Evidence - insufficient",
    }
    held = None if verdict is None else label(verdict, (factors[verdict],))
    labelled = parse_case({**case, "label": held}, markets=markets, allow_label=True)
    assert_reads_the_same(parse_case(case, markets=markets), labelled)
    assert "label" not in at_cancellation(labelled).case.model_dump()


def _known(case: Case) -> set[str]:
    return {
        spec.name for spec, value in zip(FEATURES, compute_features(case), strict=True) if not np.isnan(value)
    }


def test_with_nothing_but_the_required_fields_only_the_time_open_is_known(markets: Markets) -> None:
    """Every feature of a missing signal is NaN."""
    assert _known(parse_case(small_case(), markets=markets)) == {"hours_open"}


@given(case=CASES, gone=st.sampled_from([*LISTS, "seller"]))
def test_a_missing_section_makes_its_features_nan(case: Json, gone: str, markets: Markets) -> None:
    """Without a section (missing or null alike) no feature that only it can tell is known."""
    only_from: dict[str, tuple[str, ...]] = {
        "fulfillment": ("extensions", "stock_out", "packed", "updates", "quiet_share"),
        "chat": ("buyer_messages", "seller_spoke_last", "longest_unanswered_hours", "open_question_hours"),
        "calls": ("seller_calls", "seller_calls_answered", "buyer_calls", "seller_call_longest_seconds"),
        "concurrent_orders": ("concurrent_open", "same_item_cancelled_share"),
        "seller": (
            "seller_orders_30d",
            "seller_active_hours_24h",
            "seller_cancellation_ratio",
            "reply_slowdown",
        ),
    }
    without: dict[str, Any] = {name: value for name, value in case.items() if name != gone}
    missing = parse_case(without, markets=markets)
    assert not _known(missing) & set(only_from[gone])
    assert_reads_the_same(missing, parse_case({**case, gone: None}, markets=markets))
