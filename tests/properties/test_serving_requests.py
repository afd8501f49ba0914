"""Whatever a client sends is either a request or refused by name."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.errors import CaseError
from cases.market import Markets, load_markets
from serving.problems import RefusedError, problem_of
from serving.requests import parse_request

GOOD: dict[str, Any] = {
    "case": {
        "case_id": "c-1",
        "market": "SG",
        "order": {
            "order_id": "o-1",
            "placed_at": "2025-03-01T09:00:00+08:00",
            "cancelled_at": "2025-03-03T09:00:00+08:00",
        },
        "chat": [{"at": "2025-03-02T10:00:00+08:00", "sender": "seller", "text": "hi", "kind": "text"}],
        "calls": [{"at": None, "direction": "seller_to_buyer", "answered": True, "seconds": 3}],
        "seller": {"seller_id": "s", "presence": [{"from": "2025-03-01T09:00:00+08:00", "state": "idle"}]},
    },
    "options": {"until": "verdict", "route": "llm", "few_shot": 0, "reflect": False, "deadline_ms": 5},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(scope="module")
def markets(root: Path) -> Markets:
    """The configured markets."""
    return load_markets(root / "config" / "markets")


def _places(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    steps: list[tuple[str | int, object]] = []
    if isinstance(value, dict):
        steps = list(value.items())
    elif isinstance(value, list):
        steps = list(enumerate(value))
    return [path, *(place for step, part in steps for place in _places(part, (*path, step)))]


PLACES = [place for place in _places(GOOD) if place]


@given(st.binary(max_size=200))
def test_any_bytes_are_refused_by_name(markets: Markets, body: bytes) -> None:
    """No bytes break the reader: 400 or 422 for what is no request."""
    with pytest.raises((RefusedError, CaseError)) as caught:
        parse_request(body, markets=markets, deadline_ms=1)
    assert problem_of(caught.value).status in {400, 422}


@given(st.sampled_from(PLACES), JSON)
def test_one_strange_value_is_pointed_at(
    markets: Markets, place: tuple[str | int, ...], strange: object
) -> None:
    """With one value replaced by anything, every complaint points at that value, into it, or at what it holds apart."""
    sent = json.loads(json.dumps(GOOD))
    holder = sent
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = strange
    body = json.dumps(sent).encode()
    try:
        parse_request(body, markets=markets, deadline_ms=1)
    except RefusedError:
        assert any(token in body for token in (b"NaN", b"Infinity", b"\\ud"))
    except CaseError as error:
        pointer = "".join(f"/{step}" for step in place)
        times = ("/case/order/cancelled_at", "/case/order/placed_at", "/case/seller/presence/0/to")
        for problem in error.problems:
            related = problem.pointer.startswith(pointer) or pointer.startswith(problem.pointer)
            assert related or problem.pointer in times, (problem.pointer, pointer)
