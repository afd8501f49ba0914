"""What is accepted as a case, and how a bad field is named.

Takes: cases as decoded JSON. Gives: failures that name the field. Does not start anything.
"""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from cases.case import LabelledCase, PresenceInterval, parse_case
from cases.errors import CaseError
from cases.market import Markets
from tests.fixtures.case_records import at, full_case, label, small_case, with_order


def problems(obj: Any, markets: Markets, *, allow_label: bool = False) -> dict[str, str]:
    """The messages by pointer that refuse `obj`."""
    with pytest.raises(CaseError) as caught:
        parse_case(obj, markets=markets, allow_label=allow_label)
    return {problem.pointer: problem.message for problem in caught.value.problems}


def test_five_fields_are_enough(markets: Markets) -> None:
    """Only id, market and the order's id and two times are required; all else is unknown, not empty."""
    case = parse_case(small_case(), markets=markets)
    assert (case.chat, case.calls, case.fulfillment, case.concurrent_orders, case.seller) == (None,) * 5


def test_each_required_field_is_asked_for(markets: Markets) -> None:
    """An empty object is answered with every required field, those of the order included once it is there."""
    assert problems({}, markets) == dict.fromkeys(("/case_id", "/market", "/order"), "required; add it")
    inner = problems(small_case(order={}), markets)
    assert set(inner) == {"/order/order_id", "/order/placed_at", "/order/cancelled_at"}


def test_null_and_nothing_are_the_same_and_empty_is_not(markets: Markets) -> None:
    """A null section is unknown; an empty list is a known absence."""
    missing, null, empty = (
        parse_case(case, markets=markets)
        for case in (small_case(), small_case(chat=None), small_case(chat=[]))
    )
    assert missing == null
    assert empty.chat == ()
    assert empty != missing


def test_every_bad_field_is_reported_at_once(markets: Markets) -> None:
    """Faults in different sections, the unknown market and the order of two times come back together."""
    case = full_case()
    case["market"] = "XX"
    case["colour"] = "red"
    case["order"].update(placed_at=at(5), value=-1, item_count=True)
    case["chat"][1]["sender"] = "robot"
    case["seller"]["presence"][0]["to"] = at(-31)
    case["calls"][0]["seconds"] = float("nan")
    assert set(problems(case, markets)) == {
        "/market",
        "/colour",
        "/order/cancelled_at",
        "/order/value",
        "/order/item_count",
        "/chat/1/sender",
        "/seller/presence/0/to",
        "/calls/0/seconds",
    }


def test_a_pointer_escapes_what_json_pointer_reserves(markets: Markets) -> None:
    """`~` and `/` in a name are written ~0 and ~1 (RFC 6901)."""
    assert set(problems({**small_case(), "a/b~c": 1}, markets)) == {"/a~1b~0c"}


@pytest.mark.parametrize(
    "time",
    [
        1741608000,
        1741608000.5,
        "1741608000",
        "2025-03-10",
        "2025-03-10 12:00:00Z",
        "2025-03-10T12:00:00",
        "2025-03-10T12:00Z",
        "2025-03-10T12:00:00+0800",
        "2025-02-30T12:00:00Z",
        "2025-03-10T24:00:00Z",
        "2025-03-10T12:00:60Z",
        "2025-03-10T12:00:00+25:00",
        "2025-03-10T12:00:00Z\n",
        "２025-03-10T12:00:00Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-01:00",
        "",
        True,
        ["2025-03-10T12:00:00Z"],
    ],
)
def test_a_time_is_an_rfc_3339_string_with_an_offset(time: Any, markets: Markets) -> None:
    """Numbers, dates, local times, impossible times and year-1 stand-ins for null are refused at their field."""
    assert set(problems(with_order(promised_ship_at=time), markets)) == {"/order/promised_ship_at"}


@pytest.mark.parametrize(
    "time", ["2025-03-10T20:00:00+08:00", "2025-03-10t12:00:00z", "2025-03-10T12:00:00.000000000Z"]
)
def test_every_spelling_of_a_moment_is_the_same_moment(time: str, markets: Markets) -> None:
    """Offset, lower case and fractions are read; the moment is held in UTC."""
    case = parse_case(with_order(promised_ship_at=time), markets=markets)
    assert case.order.promised_ship_at == datetime(2025, 3, 10, 12, tzinfo=UTC)


def test_a_cancellation_before_the_order_is_refused(markets: Markets) -> None:
    """`cancelled_at` before `placed_at` is a fault of the record; the same moment is not."""
    assert set(problems(with_order(placed_at=at(0.001)), markets)) == {"/order/cancelled_at"}
    assert parse_case(with_order(placed_at=at(0)), markets=markets)


@pytest.mark.parametrize(
    ("section", "size", "entry"),
    [
        ("chat", 500, {"text": "hi"}),
        ("fulfillment", 200, {"event": "update"}),
        ("calls", 200, {"answered": False}),
        ("concurrent_orders", 200, {"same_item": False}),
    ],
)
def test_lists_have_limits(section: str, size: int, entry: dict[str, Any], markets: Markets) -> None:
    """The contract's limit is accepted, one entry more is refused."""
    assert parse_case({**small_case(), section: [entry] * size}, markets=markets)
    assert set(problems({**small_case(), section: [entry] * (size + 1)}, markets)) == {f"/{section}"}


def test_presence_and_messages_have_limits(markets: Markets) -> None:
    """200 presence intervals and 4,000 characters a message are accepted, one more is refused."""
    stretch = {"from": at(-2), "to": at(-1), "state": "idle"}
    assert parse_case(small_case(seller={"presence": [stretch] * 200}), markets=markets)
    assert set(problems(small_case(seller={"presence": [stretch] * 201}), markets)) == {"/seller/presence"}
    assert parse_case(small_case(chat=[{"text": "é" * 4000}]), markets=markets)
    assert set(problems(small_case(chat=[{"text": "é" * 4001}]), markets)) == {"/chat/0/text"}


@pytest.mark.parametrize("case_id", ["", "a" * 65, "a b", "ä", "a\n", "a/b", 7])
def test_a_case_id_has_a_fixed_alphabet(case_id: Any, markets: Markets) -> None:
    """1 to 64 of `A-Z a-z 0-9 _ . : -`, nothing else."""
    assert set(problems({**small_case(), "case_id": case_id}, markets)) == {"/case_id"}
    assert parse_case({**small_case(), "case_id": "A.b_c:d-9" + "x" * 55}, markets=markets)


@pytest.mark.parametrize("value", [True, "5", -0.01, float("nan"), float("inf"), 10**400])
def test_an_amount_is_a_finite_number_of_zero_or_more(value: Any, markets: Markets) -> None:
    """Booleans, strings, negative and non-finite numbers are no amount."""
    assert set(problems(with_order(value=value), markets)) == {"/order/value"}


@pytest.mark.parametrize("count", [True, 1.5, "1", -1, 10**30])
def test_a_count_is_a_whole_number_of_zero_or_more(count: Any, markets: Markets) -> None:
    """Booleans, fractions, strings and negative numbers are no count."""
    assert set(problems(small_case(seller={"orders_30d": count}), markets)) == {"/seller/orders_30d"}


def test_yes_and_no_are_booleans(markets: Markets) -> None:
    """Neither 1 nor "true" is an answered call."""
    for answered in (1, "true"):
        assert set(problems(small_case(calls=[{"answered": answered}]), markets)) == {"/calls/0/answered"}


def test_an_unknown_market_names_those_that_are_configured(markets: Markets) -> None:
    """The message of an unknown market lists the codes that would do."""
    assert "BR, ID, MX" in problems({**small_case(), "market": "XX"}, markets)["/market"]


def test_a_label_is_accepted_in_files_and_refused_elsewhere(markets: Markets) -> None:
    """`allow_label` decides; without it the message says to remove the label."""
    labelled = {**small_case(), "label": label()}
    assert problems(labelled, markets) == {"/label": "a label is accepted in files only; remove it"}
    case = parse_case(labelled, markets=markets, allow_label=True)
    assert isinstance(case, LabelledCase)
    assert case.label is not None


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"verdict": "guilty"}, "/label/verdict"),
        ({"decision_factors": []}, "/label/decision_factors"),
        ({"decision_factors": ["Chat - asked to cancel"] * 2}, "/label/decision_factors"),
        ({"decision_factors": ["Buyer - changed mind"]}, "/label/decision_factors"),
        ({"decision_factors": ["chat - asked to cancel"]}, "/label/decision_factors/0"),
        ({"reasoning": "too short"}, "/label/reasoning"),
        ({"reasoning": "x" * 601}, "/label/reasoning"),
        ({"reasoning": "The seller wrote </reasoning> itself."}, "/label/reasoning"),
        ({"mood": "sure"}, "/label/mood"),
    ],
)
def test_a_bad_label_is_named(change: dict[str, Any], pointer: str, markets: Markets) -> None:
    """A label keeps to the closed list, its verdict's own section and the length of a reasoning."""
    labelled = {**small_case(), "label": {**label(), **change}}
    assert set(problems(labelled, markets, allow_label=True)) == {pointer}


def test_a_call_from_the_seller_may_support_inconclusive(markets: Markets) -> None:
    """The one factor that two verdicts share is accepted for both."""
    for verdict in ("induced", "inconclusive"):
        held = label(verdict, ("Call - phone call from seller",))
        assert parse_case({**small_case(), "label": held}, markets=markets, allow_label=True)


def test_messages_never_repeat_what_was_sent(markets: Markets) -> None:
    """A refusal may be logged, so it holds no value of the case."""
    secret = "call-me-on-91234567"
    case = {**small_case(), "case_id": f"{secret} ", "market": secret, "language": f"{secret}!"}
    case["chat"] = [{"text": secret, "at": secret, "sender": secret, "kind": secret}]
    with pytest.raises(CaseError) as caught:
        parse_case(case, markets=markets)
    assert secret not in str(caught.value)


def test_a_case_cannot_be_changed_and_writes_the_contracts_names(markets: Markets) -> None:
    """Cases are frozen; JSON output spells the presence field `from`, as the contract does."""
    case = parse_case(full_case(), markets=markets)
    with pytest.raises(ValueError, match="frozen"):
        case.order.value = 1.0  # type: ignore[misc]  # the point of the test
    written = json.loads(case.model_dump_json(exclude_none=True))
    assert set(written["seller"]["presence"][0]) == {"from", "to", "state"}
    assert set(PresenceInterval.model_json_schema()["properties"]) == {"from", "to", "state"}


def test_a_list_that_is_too_long_does_not_hide_its_bad_entries(markets: Markets) -> None:
    """Length and bad entries are named together, whichever of the two there are more of."""
    both = {"/chat", "/chat/0/sender"}
    for size in (500, 600):
        chat = [{"sender": "robot"}, *[{"text": "hi"}] * size]
        assert set(problems(small_case(chat=chat), markets)) == both
    held = {
        **label(),
        "decision_factors": ["no factor", *label()["decision_factors"], "no factor", "no factor"],
    }
    pointers = set(problems({**small_case(), "label": held}, markets, allow_label=True))
    assert pointers == {"/label/decision_factors", *(f"/label/decision_factors/{n}" for n in (0, 2))}


def test_what_lies_beyond_a_lists_limit_is_not_looked_at(markets: Markets) -> None:
    """A body full of bad entries is answered with as many problems as the list may have entries, and its length."""
    case = small_case(chat=[1] * 10_000, seller={"presence": [1] * 10_000})
    assert len(problems(case, markets)) == 500 + 200 + 2
    assert len(case["chat"]) == 10_000
